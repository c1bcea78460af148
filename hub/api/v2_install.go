package api

import (
	"context"
	"net/http"
	"strings"

	"mcphub/hub/market"
	"mcphub/hub/secret"
)

type installRequest struct {
	Body struct {
		Source  string            `json:"source,omitempty" doc:"Without it, the first source that has such an item"`
		ID      string            `json:"id" minLength:"1"`
		Install int               `json:"install,omitempty" minimum:"0" doc:"Which of the item's ways to install it, from 0"`
		Name    string            `json:"name,omitempty" doc:"Of the server in the configuration; without it, one that follows from the id"`
		Values  map[string]string `json:"values,omitempty" doc:"By the key of the parameter; ${env:NAME} takes a variable of the hub's environment"`
		File    string            `json:"file,omitempty" doc:"Path of one of the hub's configuration files; without it, the first"`
		Plain   bool              `json:"plainSecrets,omitempty" doc:"Write secret values into the file as they are. Otherwise they go into the secret store, and placeholders into the file"`
	}
}

type installPlan struct {
	Body struct {
		ID            string         `json:"id"`
		Source        string         `json:"source"`
		Install       marketInstall  `json:"install"`
		Name          string         `json:"name" doc:"Of the server in the configuration"`
		Taken         bool           `json:"taken" doc:"There is a server of that name already"`
		File          string         `json:"file" doc:"The configuration file that is written"`
		Entry         raw            `json:"entry" doc:"Exactly what is written, but for secrets in plain text, which are masked, and values that are missing, which are ${key}"`
		Secrets       []keptSecret   `json:"secrets" nullable:"false" doc:"The secrets among the values that go into the store; placeholders in the entry name them"`
		KeptIn        string         `json:"keptIn,omitempty" doc:"What holds these, for people"`
		Problem       string         `json:"problem,omitempty" doc:"Why they cannot be kept, and what can be done: an installation would be refused"`
		Missing       []string       `json:"missing" nullable:"false" doc:"Keys of required parameters without a value"`
		Invalid       []string       `json:"invalid" nullable:"false" doc:"Keys of parameters whose value is not of their format, or none of their choices"`
		Unknown       []string       `json:"unknown" nullable:"false" doc:"Keys of values that the install has no parameter for"`
		Prerequisites []prerequisite `json:"prerequisites" nullable:"false" doc:"The programs that the server needs on this machine"`
		Unpinned      bool           `json:"unpinned" doc:"The package has no version: what runs may change at any start"`
	}
}

type prerequisite struct {
	Program string `json:"program"`
	Path    string `json:"path,omitempty" doc:"Where it is"`
	Found   bool   `json:"found"`
	Hint    string `json:"hint" doc:"How to get it"`
}

func (a *v2) planInstall(ctx context.Context, in *installRequest) (*installPlan, error) {
	p, err := a.plan(ctx, in)
	if err != nil {
		return nil, err
	}
	out := &installPlan{}
	b := &out.Body
	b.ID, b.Source, b.Install, b.Name, b.File, b.Entry = p.item.ID, p.item.Source, showInstall(&p.item.Installs[in.Body.Install]), p.Name, p.file, p.Preview
	b.Taken, b.Unpinned, b.Prerequisites = a.taken(p.Name), p.Unpinned, []prerequisite{}
	b.Missing, b.Invalid, b.Unknown = keysOf(p.Missing), keysOf(p.Invalid), append([]string{}, p.Unknown...)
	for _, q := range p.Prerequisites {
		b.Prerequisites = append(b.Prerequisites, prerequisite{q.Program, q.Path, q.Path != "", q.Hint})
	}
	b.Secrets = append([]keptSecret{}, p.secrets.kept...)
	switch store, ok := a.Secrets.(keeping); {
	case p.secrets.err != nil:
		b.Problem = p.secrets.refusal().Error()
	case len(b.Secrets) > 0 && ok:
		b.KeptIn = store.Status(ctx).Where
	}
	return out, nil
}

func (a *v2) install(ctx context.Context, in *installRequest) (*createdServer, error) {
	p, err := a.plan(ctx, in)
	if err != nil {
		return nil, err
	}
	var wrong []string
	data := object{}
	for _, w := range []struct {
		what string
		keys []string
	}{{"missing", keysOf(p.Missing)}, {"invalid", keysOf(p.Invalid)}, {"unknown", append([]string{}, p.Unknown...)}} {
		if data[w.what] = w.keys; len(w.keys) > 0 {
			wrong = append(wrong, w.what+": "+strings.Join(w.keys, ", "))
		}
	}
	if wrong != nil {
		return nil, &failure{
			status: http.StatusUnprocessableEntity, code: "INVALID_VALUES", data: data,
			text: "The values do not fit what is to be installed; " + strings.Join(wrong, "; "),
		}
	}
	return a.create(ctx, p.Name, p.Entry, p.file, p.secrets)
}

// plan is what a request to install something comes to. Its Entry holds secrets in the clear if that was asked for.
type plan struct {
	market.Plan
	item    market.Item // with a bundle unpacked
	file    string
	secrets *safekeeping
}

func (a *v2) plan(ctx context.Context, in *installRequest) (*plan, error) {
	index, err := a.openMarket(ctx)
	if err != nil {
		return nil, err
	}
	p, b := &plan{}, &in.Body
	if p.file, err = a.target(b.File); err != nil {
		return nil, err
	}
	if p.item, err = index.Item(ctx, b.Source, b.ID); err != nil {
		return nil, marketFailure(err)
	}
	if b.Install < len(p.item.Installs) && p.item.Installs[b.Install].Package.Type == "mcpb" {
		if p.item, err = index.Unpack(ctx, p.item, b.Install); err != nil {
			return nil, marketFailure(err)
		}
	}
	p.secrets = a.safekeeping(b.Name)
	choices := market.Choices{Install: b.Install, Name: b.Name, Values: b.Values}
	if !b.Plain {
		choices.Secret = func(server, key string, value secret.Text) string {
			p.secrets.server = server
			return p.secrets.take(ctx, key, value)
		}
	}
	if p.Plan, err = p.item.Plan(choices); err != nil {
		return nil, marketFailure(err)
	}
	return p, nil
}

func keysOf(parameters []market.Parameter) []string {
	keys := make([]string, len(parameters))
	for i, p := range parameters {
		keys[i] = p.Key
	}
	return keys
}

// packageUpdate is a newer version of what a server runs.
type packageUpdate struct {
	Server  string `json:"server"`
	Item    string `json:"item" doc:"The id of the item that has it"`
	Source  string `json:"source"`
	Kind    string `json:"kind" enum:"npm,pypi,oci,nuget"`
	Package string `json:"package"`
	Current string `json:"current"`
	Latest  string `json:"latest"`
}

type updateList struct {
	Body struct {
		Updates []packageUpdate `json:"updates" nullable:"false" doc:"Sorted by server"`
	}
}

func (a *v2) listUpdates(ctx context.Context, _ *struct{}) (*updateList, error) {
	index, err := a.openMarket(ctx)
	if err != nil {
		return nil, err
	}
	out := &updateList{}
	out.Body.Updates = []packageUpdate{}
	for _, c := range a.inMarket() {
		u, err := index.Update(ctx, c)
		if err != nil {
			return nil, marketFailure(err)
		}
		if u != nil {
			out.Body.Updates = append(out.Body.Updates, packageUpdate{c.Name, u.Item, u.Source, u.Package.Type, u.Package.Identifier, u.Package.Version, u.Latest})
		}
	}
	return out, nil
}

func (a *v2) updateServer(ctx context.Context, in *serverPath) (*serverAnswer, error) {
	if _, err := a.findConfigured(in.Name); err != nil {
		return nil, err
	}
	index, err := a.openMarket(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range a.inMarket() {
		if c.Name != in.Name {
			continue
		}
		u, err := index.Update(ctx, c)
		switch {
		case err != nil:
			return nil, marketFailure(err)
		case u == nil:
			return nil, &failure{
				status: http.StatusConflict, code: "NO_UPDATE", data: object{"server": in.Name},
				text: "The marketplace knows no newer version of what " + quoted(in.Name) + " is pinned to, or it is not pinned to a version",
			}
		}
		if err := a.Config.SetArgument(ctx, in.Name, u.Argument, c.Args[u.Argument], u.Word); err != nil {
			return nil, editFailure(err)
		}
	}
	s, err := a.find(in.Name)
	if err != nil {
		return nil, err // deleted meanwhile
	}
	return changed(ctx, s, true), nil
}
