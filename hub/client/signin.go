package client

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// The states of a sign-in to a server.
const (
	SignInNone   = "none"      // the server has not asked for one
	SignInNeeded = "needed"    // a person has to sign in
	SignInDone   = "signed-in" // there are tokens that the server takes
	SignInMore   = "more"      // a call was refused for want of further scopes
)

// SignIn is a sign-in to a server as the hub shows it.
type SignIn struct {
	State   string          `json:"state"`
	Why     string          `json:"why"`       // what stands against signing in, or why the last sign-in has ended
	Failed  string          `json:"failed"`    // how the last attempt failed; empty if it did not
	Issuer  string          `json:"issuer"`    // the authorization server
	Scopes  []string        `json:"scopes"`    // that it has
	Issued  time.Time       `json:"issued"`    // when the access token was given
	Expires time.Time       `json:"expires"`   // zero if it is not known
	Renews  bool            `json:"renewable"` // without a person
	Raw     json.RawMessage `json:"-"`         // the object as the hub sent it
}

// Auth returns how the sign-in to a server stands.
func (c *Client) Auth(ctx context.Context, server string) (SignIn, error) {
	return c.signIn(ctx, http.MethodGet, serverPath(server)+"/auth")
}

// BeginSignIn begins a sign-in to a server, and returns the address at which a person signs in and until when it is good.
func (c *Client) BeginSignIn(ctx context.Context, server string) (address string, until time.Time, err error) {
	var answer struct {
		AuthorizationURL string
		Until            time.Time
	}
	_, err = c.do(ctx, http.MethodPost, serverPath(server)+"/sign-in", nil, &answer)
	return answer.AuthorizationURL, answer.Until, err
}

// FinishSignIn hands in the address at which the browser ended, where it could not reach the hub. It waits for the server,
// for nine seconds at most.
func (c *Client) FinishSignIn(ctx context.Context, address string) error {
	_, err := c.do(ctx, http.MethodPost, "/api/oauth/manual_callback", map[string]string{"url": address}, nil)
	return err
}

// SignOut signs out of a server.
func (c *Client) SignOut(ctx context.Context, server string) (SignIn, error) {
	return c.signIn(ctx, http.MethodPost, serverPath(server)+"/sign-out")
}

// ImportTokens has the hub take over the tokens in the text of an oauth-storage.json of mcp-hub. It returns the hosts that
// they are for, and whether the hub keeps them when it stops.
func (c *Client) ImportTokens(ctx context.Context, text []byte) (hosts []string, lasting bool, raw json.RawMessage, err error) {
	var answer struct {
		Hosts   []string
		Lasting bool
	}
	raw, err = c.do(ctx, http.MethodPost, "/api/v2/oauth/import", json.RawMessage(text), &answer)
	return answer.Hosts, answer.Lasting, raw, err
}

func (c *Client) signIn(ctx context.Context, method, path string) (s SignIn, err error) {
	s.Raw, err = c.do(ctx, method, path, nil, &s)
	return s, err
}
