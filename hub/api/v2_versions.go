package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"mcphub/hub/access"
)

func (a *v2) versionRoutes(api huma.API) {
	plan := ask(access.Read, operation(http.MethodPost, "config/files/{index}/plan", "plan-config-file", "What replacing the text of one file would do to the servers", 404, 422))
	plan.Description = "Nothing is changed. Each server is in one of the lists."
	huma.Register(api, plan, a.planFile)
	list := operation(http.MethodGet, "config/files/{index}/versions", "list-config-versions", "The earlier texts of one file that are kept", 404)
	list.Description = "What every change by the hub replaced, and what other programs replaced while the hub watched the file."
	huma.Register(api, list, a.listVersions)
	huma.Register(api, ask(access.Change, operation(http.MethodGet, "config/files/{index}/versions/{id}", "get-config-version", "An earlier text of one file, secrets included", 404)), a.getVersion)
}

// configEffect is what a text would change, by name of server.
type configEffect struct {
	Add     []string `json:"add" nullable:"false" doc:"New; started if switched on"`
	Remove  []string `json:"remove" nullable:"false" doc:"Ended and gone"`
	Restart []string `json:"restart" nullable:"false" doc:"Connected anew"`
	Start   []string `json:"start" nullable:"false"`
	Stop    []string `json:"stop" nullable:"false"`
	Update  []string `json:"update" nullable:"false" doc:"Something about them changes, but their connection goes on"`
	Keep    []string `json:"keep" nullable:"false" doc:"Nothing changes"`
}

type effectAnswer struct{ Body configEffect }

type plannedText struct {
	Index int `path:"index" minimum:"0" doc:"Of the file, as in the list of files"`
	Body  struct {
		Text string `json:"text"`
	}
}

func (a *v2) planFile(ctx context.Context, in *plannedText) (*effectAnswer, error) {
	path, err := a.file(in.Index)
	if err != nil {
		return nil, err
	}
	snapshot, err := a.Config.Preview(ctx, path, []byte(in.Body.Text))
	if err != nil {
		return nil, textFailure(path, err)
	}
	p := a.Plan(snapshot)
	out := configEffect{p.Add, p.Remove, p.Restart, p.Start, p.Stop, p.Update, p.Keep}
	for _, names := range []*[]string{&out.Add, &out.Remove, &out.Restart, &out.Start, &out.Stop, &out.Update, &out.Keep} {
		*names = append([]string{}, *names...)
	}
	return &effectAnswer{out}, nil
}

// configVersion is an earlier text of a configuration file.
type configVersion struct {
	ID      string `json:"id" doc:"The same for the same text"`
	Until   string `json:"until" format:"date-time" doc:"When another text last took its place"`
	Size    int64  `json:"size" doc:"In bytes"`
	Current bool   `json:"current" doc:"The file holds this text again"`
}

type versionList struct {
	Body struct {
		Versions []configVersion `json:"versions" nullable:"false" doc:"The latest first"`
	}
}

func (a *v2) listVersions(_ context.Context, in *filePath) (*versionList, error) {
	path, err := a.file(in.Index)
	if err != nil {
		return nil, err
	}
	versions, err := a.Config.Versions(path)
	if err != nil {
		return nil, editFailure(err)
	}
	_, tag, err := a.Config.Read(path)
	if err != nil {
		return nil, editFailure(err)
	}
	out := &versionList{}
	out.Body.Versions = make([]configVersion, len(versions))
	for i, v := range versions {
		out.Body.Versions[i] = configVersion{v.ID, stamp(v.Until), v.Size, v.Of(tag)}
	}
	return out, nil
}

type versionPath struct {
	Index int    `path:"index" minimum:"0" doc:"Of the file, as in the list of files"`
	ID    string `path:"id" pattern:"^[0-9a-f]{16}$"`
}

type versionAnswer struct {
	Body struct {
		ID   string `json:"id"`
		Text string `json:"text"`
	}
}

func (a *v2) getVersion(_ context.Context, in *versionPath) (*versionAnswer, error) {
	path, err := a.file(in.Index)
	if err != nil {
		return nil, err
	}
	text, err := a.Config.Version(path, in.ID)
	if err != nil {
		return nil, editFailure(err)
	}
	out := &versionAnswer{}
	out.Body.ID, out.Body.Text = in.ID, string(text)
	return out, nil
}
