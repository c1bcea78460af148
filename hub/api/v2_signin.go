package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"mcphub/hub/oauth"
	"mcphub/hub/upstream"
)

// signIn is a sign-in to a server as the routes show it. No token stands in it.
type signIn struct {
	State     string     `json:"state" enum:"none,needed,signed-in,more" doc:"none: the server has not asked for one; more: a call was refused for want of further scopes"`
	Offered   bool       `json:"offered" doc:"A person can sign in now: the server said where, and the hub is known there. Otherwise sign-in tries it again"`
	Why       string     `json:"why,omitempty" doc:"What stands against signing in, or why the last sign-in has ended"`
	Failed    string     `json:"failed,omitempty" doc:"How the last attempt to sign in failed, until the next is begun"`
	Issuer    string     `json:"issuer,omitempty" doc:"The authorization server"`
	Resource  string     `json:"resource,omitempty" doc:"What the tokens are for"`
	Client    string     `json:"client,omitempty" enum:"configured,document,registered" doc:"How the hub is known there: as the configuration says, by a Client ID Metadata Document, or registered by itself"`
	ClientID  string     `json:"clientId,omitempty"`
	Machine   bool       `json:"machine" doc:"The hub signs in by itself, with credentials of its configuration"`
	Scopes    []string   `json:"scopes" nullable:"false" doc:"That the sign-in has"`
	Missing   []string   `json:"missing,omitempty" nullable:"false" doc:"That it lacks, while more"`
	Issued    *time.Time `json:"issued,omitempty" doc:"When the access token was given"`
	Expires   *time.Time `json:"expires,omitempty" doc:"When it ends, if that is known"`
	Renewable bool       `json:"renewable" doc:"It is renewed without a person"`
	Lasting   bool       `json:"lasting" doc:"The sign-in is still there after a restart of the hub"`
}

func showSignIn(s oauth.Status) signIn {
	v := signIn{
		State: string(s.State), Offered: s.Offered, Why: s.Why, Failed: s.Failed, Issuer: s.Issuer, Resource: s.Resource, Client: s.Client, ClientID: s.ClientID,
		Machine: s.Machine, Scopes: s.Scopes, Missing: s.Missing, Renewable: s.Renewable, Lasting: s.Lasting,
	}
	if v.Scopes == nil {
		v.Scopes = []string{}
	}
	if !s.Issued.IsZero() {
		v.Issued = &s.Issued
	}
	if !s.Expires.IsZero() {
		v.Expires = &s.Expires
	}
	return v
}

type signInAnswer struct{ Body signIn }

type signInBegun struct {
	Body struct {
		AuthorizationURL string    `json:"authorizationUrl" format:"uri" doc:"Where a person signs in. The browser then comes back to the hub, or the address at which it ends is handed in at /api/oauth/manual_callback"`
		Until            time.Time `json:"until" doc:"How long it can be used"`
	}
}

type oldTokens struct {
	Body raw `doc:"The text of an oauth-storage.json of mcp-hub: a JSON object"`
}

type importedTokens struct {
	Body struct {
		Hosts   []string `json:"hosts" nullable:"false" doc:"For which there were tokens, sorted"`
		Lasting bool     `json:"lasting" doc:"They are still there after a restart of the hub"`
	}
}

func (a *v2) signInRoutes(api huma.API) {
	huma.Register(api, operation(http.MethodGet, "servers/{name}/auth", "get-sign-in", "How the sign-in to a server stands", 404), a.getSignIn)
	begin := operation(http.MethodPost, "servers/{name}/sign-in", "begin-sign-in", "Begin a sign-in to a server", 404, 409, 502)
	begin.Description = "Answers with the address at which a person signs in. When that is done, the server is connected; its state, and the route auth, tell it."
	huma.Register(api, begin, a.beginSignIn)
	end := operation(http.MethodPost, "servers/{name}/sign-out", "sign-out", "Sign out of a server", 404, 409)
	end.Description = "Forgets the tokens, and has the authorization server revoke them if it can."
	huma.Register(api, end, a.signOut)
	huma.Register(api, operation(http.MethodPost, "oauth/import", "import-tokens", "Take over the tokens of mcp-hub", 422), a.importTokens)
}

func (a *v2) getSignIn(_ context.Context, in *serverPath) (*signInAnswer, error) {
	if _, err := a.find(in.Name); err != nil {
		return nil, err
	}
	return &signInAnswer{showSignIn(a.OAuth.Status(in.Name))}, nil
}

func (a *v2) beginSignIn(ctx context.Context, in *serverPath) (*signInBegun, error) {
	if _, err := a.find(in.Name); err != nil {
		return nil, err
	}
	address, until, err := a.OAuth.Begin(ctx, in.Name)
	if err != nil {
		return nil, signInFailure(err, in.Name)
	}
	out := &signInBegun{}
	out.Body.AuthorizationURL, out.Body.Until = address, until
	return out, nil
}

func (a *v2) signOut(ctx context.Context, in *serverPath) (*signInAnswer, error) {
	if _, err := a.find(in.Name); err != nil {
		return nil, err
	}
	if err := a.OAuth.SignOut(ctx, in.Name); err != nil {
		return nil, signInFailure(err, in.Name)
	}
	return &signInAnswer{showSignIn(a.OAuth.Status(in.Name))}, nil
}

func signInFailure(err error, server string) error {
	f := &failure{status: http.StatusBadGateway, code: "SIGN_IN_FAILED", text: err.Error(), data: object{"server": server}}
	if errors.Is(err, oauth.ErrNoSignIn) {
		f.status, f.code = http.StatusConflict, "NO_SIGN_IN"
	}
	return f
}

func (a *v2) importTokens(ctx context.Context, in *oldTokens) (*importedTokens, error) {
	hosts, err := a.OAuth.Import(ctx, in.Body)
	if errors.Is(err, oauth.ErrImport) {
		return nil, &failure{status: http.StatusUnprocessableEntity, code: "NO_TOKENS", text: err.Error()}
	}
	if err != nil {
		return nil, err
	}
	for _, s := range a.Set.List() {
		if s.Status().State == upstream.Authorizing {
			s.Start()
		}
	}
	out := &importedTokens{}
	out.Body.Hosts, out.Body.Lasting = hosts, a.OAuth.Lasting()
	return out, nil
}
