package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"mcphub/hub/access"
)

func (a *v2) accessRoutes(api huma.API) {
	huma.Register(api, ask(access.Change, operation(http.MethodGet, "tokens", "list-tokens", "The clients that have tokens of their own")), a.listTokens)
	create := operation(http.MethodPost, "tokens", "create-token", "Make a token for a client; it is shown only this once", 409, 422)
	create.DefaultStatus = http.StatusCreated
	huma.Register(api, create, a.createToken)
	huma.Register(api, operation(http.MethodGet, "access", "get-access", "Whom the hub asks for a token"), a.getAccess)
	huma.Register(api, operation(http.MethodDelete, "tokens/{name}", "revoke-token", "Take a client's token back, and end what it has under way", 404), a.revokeToken)
	code := operation(http.MethodPost, "session-codes", "create-session-code", "Make a code with which a browser begins a session")
	code.Description = "GET the path within a minute: the browser then has a cookie that counts as the hub's own token, for 30 days. The code is good only once."
	code.DefaultStatus = http.StatusCreated
	huma.Register(api, code, a.createCode)
}

type accessRules struct {
	Body struct {
		Token string `json:"token" enum:"everybody,strangers,others" doc:"Who needs one: everybody (--require-token); all but the programs of the person whose hub it is, on the hub's machine; or only who connects from other machines (--no-token)"`
	}
}

func (a *v2) getAccess(context.Context, *struct{}) (*accessRules, error) {
	out := &accessRules{}
	switch {
	case a.Guard.RequireToken:
		out.Body.Token = "everybody"
	case a.Guard.NoToken:
		out.Body.Token = "others"
	default:
		out.Body.Token = "strangers"
	}
	return out, nil
}

type clientToken struct {
	Name     string     `json:"name"`
	Servers  []string   `json:"servers" nullable:"false"`
	Tools    []string   `json:"tools" nullable:"false"`
	ReadOnly bool       `json:"readOnly"`
	Created  time.Time  `json:"created"`
	Expires  *time.Time `json:"expires,omitempty"`
	Expired  bool       `json:"expired"`
	LastUsed *time.Time `json:"lastUsed,omitempty" doc:"To the minute, if it is known"`
}

func showClient(c access.Client) clientToken {
	out := clientToken{
		Name: c.Name, Servers: append([]string{}, c.Servers...), Tools: append([]string{}, c.Tools...), ReadOnly: c.ReadOnly,
		Created: c.Created, Expired: !c.Expires.IsZero() && time.Now().After(c.Expires),
	}
	if !c.Expires.IsZero() {
		out.Expires = &c.Expires
	}
	if !c.LastUsed.IsZero() {
		out.LastUsed = &c.LastUsed
	}
	return out
}

type tokenList struct {
	Body struct {
		Tokens []clientToken `json:"tokens" nullable:"false" doc:"Sorted by name"`
	}
}

func (a *v2) listTokens(context.Context, *struct{}) (*tokenList, error) {
	out := &tokenList{}
	out.Body.Tokens = []clientToken{}
	for _, c := range a.Keys.Clients() {
		out.Body.Tokens = append(out.Body.Tokens, showClient(c))
	}
	return out, nil
}

type newClient struct {
	Body struct {
		Name     string     `json:"name" minLength:"1"`
		Servers  []string   `json:"servers,omitempty" doc:"Names of servers, with * for any text; without any, all"`
		Tools    []string   `json:"tools,omitempty" doc:"The hub's names of tools, with * for any text; without any, all tools of the servers. Tools without servers: these and nothing else"`
		ReadOnly bool       `json:"readOnly,omitempty" doc:"Of the tools only those that say that they change nothing (readOnlyHint)"`
		Expires  *time.Time `json:"expires,omitempty"`
	}
}

type createdToken struct {
	Body struct {
		Name  string `json:"name"`
		Token string `json:"token" doc:"To be sent as \"Authorization: Bearer …\". The hub does not keep it"`
	}
}

func (a *v2) createToken(ctx context.Context, in *newClient) (*createdToken, error) {
	c := access.Client{Name: in.Body.Name, Policy: access.Policy{Servers: in.Body.Servers, Tools: in.Body.Tools, ReadOnly: in.Body.ReadOnly}}
	if in.Body.Expires != nil {
		c.Expires = *in.Body.Expires
	}
	token, err := a.Keys.Create(ctx, c)
	if err != nil {
		return nil, tokenFailure(err)
	}
	out := &createdToken{}
	out.Body.Name, out.Body.Token = c.Name, token.Reveal()
	return out, nil
}

type tokenPath struct {
	Name string `path:"name" doc:"The client's name"`
}

func (a *v2) revokeToken(ctx context.Context, in *tokenPath) (*struct{}, error) {
	if err := a.Keys.Revoke(ctx, in.Name); err != nil {
		return nil, tokenFailure(err)
	}
	return nil, nil //nolint:nilnil // there is nothing to answer with
}

func tokenFailure(err error) error {
	f := &failure{status: http.StatusInternalServerError, code: "TOKEN_ERROR", text: err.Error()}
	switch {
	case errors.Is(err, access.ErrExists):
		f.status, f.code = http.StatusConflict, "TOKEN_EXISTS"
	case errors.Is(err, access.ErrUnknown):
		f.status, f.code = http.StatusNotFound, "TOKEN_NOT_FOUND"
	case errors.Is(err, access.ErrInvalid):
		f.status, f.code = http.StatusUnprocessableEntity, "VALIDATION_ERROR"
	}
	return f
}

type sessionCode struct {
	Body struct {
		Address string    `json:"address" doc:"Of the hub, for a browser on its machine"`
		Path    string    `json:"path" doc:"To be opened in a browser, below the hub's address"`
		Expires time.Time `json:"expires"`
	}
}

func (a *v2) createCode(context.Context, *struct{}) (*sessionCode, error) {
	code, expires := a.Keys.NewCode()
	out := &sessionCode{}
	out.Body.Address, out.Body.Path, out.Body.Expires = a.Address, access.SessionPath(code), expires
	return out, nil
}
