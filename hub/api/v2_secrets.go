package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"mcphub/hub/config"
	"mcphub/hub/secret"
	"mcphub/hub/upstream"
	"mcphub/hub/vault"
)

func (a *v2) secretRoutes(api huma.API) {
	huma.Register(api, operation(http.MethodGet, "secrets", "list-secrets", "The secrets by name, and those that are missing. Values never come back out", 423, 503), a.listSecrets)
	set := operation(http.MethodPut, "secrets/{name}", "set-secret", "Keep a secret, or another value of it", 422, 423, 503)
	set.Description = "Servers that wait for it start. Those that run with an old value go on with it until they are restarted."
	huma.Register(api, set, a.setSecret)
	huma.Register(api, operation(http.MethodDelete, "secrets/{name}", "delete-secret", "Remove a secret", 404, 423, 503), a.deleteSecret)
	huma.Register(api, operation(http.MethodPost, "secrets/refresh", "refresh-secrets",
		"Forget what commands of placeholders printed, and restart the servers that use them", 404, 423, 503), a.refreshSecrets)
	huma.Register(api, operation(http.MethodGet, "secrets/backend", "get-secrets-backend", "What holds the secrets, and how it is", 503), a.secretsBackend)
	huma.Register(api, operation(http.MethodPost, "secrets/unlock", "unlock-secrets", "Give the passphrase of the encrypted file", 409, 423, 503), a.unlockSecrets)
	migrate := operation(http.MethodPost, "secrets/migrate", "migrate-secrets", "Move all secrets into another backend", 423, 503)
	migrate.Description = "All of them are read back before the old ones are removed. To move into the file what is in the file changes how its key is kept."
	huma.Register(api, migrate, a.migrateSecrets)
	huma.Register(api, operation(http.MethodGet, "secrets/findings", "find-secrets",
		"Values in the configuration files that seem to be secrets in plain text"), a.findSecrets)
	move := operation(http.MethodPost, "secrets/move", "move-secret", "Move a secret in plain text into the store, and put a placeholder in its place", 404, 409, 422, 423, 503)
	move.Description = `Without "apply" it only tells what it would do.`
	huma.Register(api, move, a.moveSecret)
}

// secretUse is a secret and who asks for it.
type secretUse struct {
	Name    string   `json:"name"`
	Servers []string `json:"servers" nullable:"false" doc:"Those whose configuration names it"`
}

type secretList struct {
	Body struct {
		Backend string      `json:"backend" enum:"keyring,file," doc:"What holds them; empty as long as there are none"`
		Secrets []secretUse `json:"secrets" nullable:"false" doc:"Sorted by name"`
		Missing []secretUse `json:"missing" nullable:"false" doc:"Those that servers ask for and nobody has set"`
	}
}

func (a *v2) listSecrets(ctx context.Context, _ *struct{}) (*secretList, error) {
	if a.Secrets == nil {
		return nil, errNoSecrets
	}
	names, err := a.Secrets.List(ctx)
	if err != nil {
		return nil, secretFailure(err)
	}
	out := &secretList{}
	out.Body.Secrets, out.Body.Missing = []secretUse{}, []secretUse{}
	if store, ok := a.Secrets.(keeping); ok {
		out.Body.Backend = store.Backend()
	}
	users := a.Config.Current().SecretUsers()
	for _, name := range names {
		if strings.Contains(name, "/") {
			continue // the hub's own
		}
		out.Body.Secrets = append(out.Body.Secrets, secretUse{name, append([]string{}, users[name]...)})
		delete(users, name)
	}
	for name, servers := range users {
		out.Body.Missing = append(out.Body.Missing, secretUse{name, servers})
	}
	slices.SortFunc(out.Body.Missing, func(a, b secretUse) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// secretName names the secret that a route is about.
type secretName struct {
	Name string `path:"name" doc:"As in ${secret:NAME}: without slashes, braces, quotes, $ and spaces"`
}

type newSecret struct {
	Name string `path:"name" doc:"As in ${secret:NAME}: without slashes, braces, quotes, $ and spaces"`
	Body struct {
		Value string `json:"value" minLength:"1"`
	}
}

type secretAnswer struct{ Body secretUse }

func (a *v2) setSecret(ctx context.Context, in *newSecret) (*secretAnswer, error) {
	if a.Secrets == nil {
		return nil, errNoSecrets
	}
	value := secret.New(in.Body.Value)
	if err := errors.Join(secret.CheckGiven(in.Name), secret.Check("it", value)); err != nil {
		return nil, &failure{status: http.StatusUnprocessableEntity, code: "VALIDATION_ERROR", text: err.Error()}
	}
	if err := a.Secrets.Set(ctx, in.Name, value); err != nil {
		return nil, secretFailure(err)
	}
	users := append([]string{}, a.Config.Current().SecretUsers()[in.Name]...)
	for _, name := range users {
		if s := a.Set.Get(name); s != nil && s.Status().State != upstream.Ready {
			s.Retry()
		}
	}
	return &secretAnswer{secretUse{in.Name, users}}, nil
}

func (a *v2) deleteSecret(ctx context.Context, in *secretName) (*struct{}, error) {
	if a.Secrets == nil {
		return nil, errNoSecrets
	}
	err := secret.CheckGiven(in.Name)
	if err != nil { // no such secret can be
		err = secret.ErrNotFound
	} else {
		err = a.Secrets.Delete(ctx, in.Name)
	}
	if errors.Is(err, secret.ErrNotFound) {
		return nil, &failure{status: http.StatusNotFound, code: "SECRET_NOT_FOUND", text: "There is no secret " + quoted(in.Name), data: object{"name": in.Name}}
	}
	if err != nil {
		return nil, secretFailure(err)
	}
	return nil, nil //nolint:nilnil // there is nothing to answer with
}

type refreshed struct {
	Body struct {
		Servers []string `json:"servers" nullable:"false" doc:"Those whose commands are run again; the ones that were running are restarted"`
	}
}

type whose struct {
	Body struct {
		Server string `json:"server,omitempty" doc:"Only this one; without it, all"`
	}
}

func (a *v2) refreshSecrets(ctx context.Context, in *whose) (*refreshed, error) {
	out := &refreshed{}
	out.Body.Servers = []string{}
	servers := a.Config.Current().Servers
	if name := in.Body.Server; name != "" {
		s, err := a.findConfigured(name)
		if err != nil {
			return nil, err
		}
		servers = []*config.Server{s}
	}
	for _, c := range servers {
		if !c.UsesCommands() {
			continue
		}
		if err := c.Forget(ctx); err != nil {
			return nil, secretFailure(err)
		}
		out.Body.Servers = append(out.Body.Servers, c.Name)
		if s := a.Set.Get(c.Name); s != nil {
			s.Restart()
		}
	}
	return out, nil
}

// keeping is a store of secrets that can be told where to keep them.
type keeping interface {
	Backend() string
	Status(ctx context.Context) vault.Status
	Migrate(ctx context.Context, to string, passphrase *secret.Text) error
	Unlock(ctx context.Context, passphrase secret.Text) error
}

type backend struct {
	Body struct {
		Backend string `json:"backend" enum:"keyring,file," doc:"Empty as long as no secret has been kept"`
		Where   string `json:"where" doc:"What holds the secrets and what opens it, for people"`
		Why     string `json:"why,omitempty" doc:"Why it is the file"`
		State   string `json:"state" enum:"unused,ready,locked,unavailable"`
		Problem string `json:"problem,omitempty"`
		Action  string `json:"action,omitempty" doc:"What to do about the problem"`
	}
}

// keeper returns the store if it can be told where to keep the secrets.
func (a *v2) keeper() (keeping, error) {
	if store, ok := a.Secrets.(keeping); ok {
		return store, nil
	}
	return nil, errNoSecrets
}

func (a *v2) secretsBackend(ctx context.Context, _ *struct{}) (*backend, error) {
	store, err := a.keeper()
	if err != nil {
		return nil, err
	}
	st, out := store.Status(ctx), &backend{}
	b := &out.Body
	b.Backend, b.Where, b.Why, b.State = st.Backend, st.Where, st.Why, st.State()
	if st.Err != nil {
		b.Problem, b.Action = secret.Explain(st.Err)
	}
	return out, nil
}

type unlocking struct {
	Body struct {
		Passphrase string `json:"passphrase" minLength:"1"`
	}
}

func (a *v2) unlockSecrets(ctx context.Context, in *unlocking) (*backend, error) {
	store, err := a.keeper()
	if err != nil {
		return nil, err
	}
	if err := store.Unlock(ctx, secret.New(in.Body.Passphrase)); err != nil {
		if errors.Is(err, vault.ErrNotSealed) {
			return nil, &failure{status: http.StatusConflict, code: "NOTHING_TO_UNLOCK", text: err.Error()}
		}
		return nil, secretFailure(err)
	}
	for _, s := range a.Set.List() {
		if s.Status().Secret != "" {
			s.Retry()
		}
	}
	return a.secretsBackend(ctx, nil)
}

type migration struct {
	Body struct {
		Backend    string  `json:"backend" enum:"keyring,file"`
		Passphrase *string `json:"passphrase,omitempty" doc:"Seals the key of the file; an empty one has the key lie in a file. Without it the hub's environment decides"`
	}
}

func (a *v2) migrateSecrets(ctx context.Context, in *migration) (*backend, error) {
	store, err := a.keeper()
	if err != nil {
		return nil, err
	}
	var passphrase *secret.Text
	if in.Body.Passphrase != nil {
		text := secret.New(*in.Body.Passphrase)
		passphrase = &text
	}
	// A client that goes away does not leave the secrets half way.
	if err := store.Migrate(context.WithoutCancel(ctx), in.Body.Backend, passphrase); err != nil {
		return nil, secretFailure(err)
	}
	return a.secretsBackend(ctx, nil)
}

// finding is a value that seems to be a secret in plain text. The value is not told.
type finding struct {
	Server string   `json:"server"`
	Path   []string `json:"path" nullable:"false" doc:"Of the value below the server's entry, as in env, TOKEN or args, 2"`
	Key    string   `json:"key" doc:"What it belongs to: a variable, a header, a flag, a parameter of the address"`
	Name   string   `json:"name" doc:"Of the secret that it could become"`
	Why    string   `json:"why" doc:"Why it seems to be a secret"`
	From   position `json:"from" doc:"Where the value stands"`
}

func shownFinding(f config.Finding) finding {
	return finding{f.Server, f.Path, f.Key, f.Name, f.Why, position{f.From.Path, f.From.Line, f.From.Column}}
}

type findings struct {
	Body struct {
		Findings []finding `json:"findings" nullable:"false"`
	}
}

func (a *v2) findSecrets(context.Context, *struct{}) (*findings, error) {
	out := &findings{}
	out.Body.Findings = []finding{}
	for _, f := range a.Config.Findings() {
		out.Body.Findings = append(out.Body.Findings, shownFinding(f))
	}
	return out, nil
}

type moving struct {
	Body struct {
		Server string   `json:"server"`
		Path   []string `json:"path" nullable:"false" minItems:"1" doc:"As a finding has it"`
		Key    string   `json:"key,omitempty" doc:"As a finding has it; without it, the first of that path"`
		Name   string   `json:"name,omitempty" doc:"Of the secret; without it, the one that the finding proposes"`
		Apply  bool     `json:"apply,omitempty" doc:"Do it, and do not only tell"`
	}
}

type moved struct {
	Body struct {
		Finding finding `json:"finding"`
		After   string  `json:"after" doc:"How the value reads then; other secrets in it are masked"`
		Applied bool    `json:"applied"`
	}
}

func (a *v2) moveSecret(ctx context.Context, in *moving) (*moved, error) {
	if a.Secrets == nil {
		return nil, errNoSecrets
	}
	b := &in.Body
	var keep func(context.Context, string, secret.Text) error
	if b.Apply {
		keep = func(ctx context.Context, name string, value secret.Text) error {
			_, err := secret.Keep(ctx, a.Secrets, name, value)
			return err
		}
	}
	if b.Name != "" {
		if err := secret.CheckGiven(b.Name); err != nil {
			return nil, &failure{status: http.StatusUnprocessableEntity, code: "VALIDATION_ERROR", text: err.Error()}
		}
	}
	m, err := a.Config.MoveSecret(ctx, b.Server, b.Path, b.Key, b.Name, keep)
	switch {
	case errors.Is(err, config.ErrNoFinding):
		return nil, &failure{status: http.StatusNotFound, code: "FINDING_NOT_FOUND", text: err.Error()}
	case errors.Is(err, secret.ErrTaken):
		return nil, &failure{status: http.StatusConflict, code: "SECRET_EXISTS", text: err.Error(), data: object{"name": m.Name}}
	case errors.Is(err, secret.ErrLocked), errors.Is(err, secret.ErrUnavailable):
		return nil, secretFailure(err)
	case err != nil:
		return nil, editFailure(err)
	}
	out := &moved{}
	out.Body.Finding, out.Body.After, out.Body.Applied = shownFinding(m.Finding), m.After, b.Apply
	return out, nil
}

// errNoSecrets says that the hub was started without a store.
var errNoSecrets error = &failure{status: http.StatusServiceUnavailable, code: "SECRETS_UNAVAILABLE", text: "This hub keeps no secrets"}

// secretFailure is what an error of the store means to a client.
func secretFailure(err error) error {
	f := &failure{status: http.StatusInternalServerError, code: "SECRETS_ERROR", text: err.Error()}
	switch {
	case errors.Is(err, secret.ErrTaken):
		f.status, f.code = http.StatusConflict, "SECRET_EXISTS"
	case errors.Is(err, secret.ErrLocked):
		f.status, f.code = http.StatusLocked, "SECRETS_LOCKED"
	case errors.Is(err, secret.ErrUnavailable):
		f.status, f.code = http.StatusServiceUnavailable, "SECRETS_UNAVAILABLE"
	}
	if _, action := secret.Explain(err); action != "" {
		f.data = object{"action": action}
	}
	return f
}
