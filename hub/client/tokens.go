package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Token is a client's token, without the token itself.
type Token struct {
	Name     string    `json:"name"`
	Servers  []string  `json:"servers,omitempty"` // that it is for, with * for any text; empty for all
	Tools    []string  `json:"tools,omitempty"`   // by the hub's names, likewise; without servers, it is for nothing else
	ReadOnly bool      `json:"readOnly,omitempty"`
	Created  time.Time `json:"created,omitzero"`
	Expires  time.Time `json:"expires,omitzero"` // zero: never
	Expired  bool      `json:"expired,omitempty"`
	LastUsed time.Time `json:"lastUsed,omitzero"` // zero: not that the hub knew
}

// Tokens returns the clients that have tokens, sorted by name.
func (c *Client) Tokens(ctx context.Context) ([]Token, error) {
	var answer struct{ Tokens []Token }
	_, err := c.do(ctx, http.MethodGet, "/api/v2/tokens", nil, &answer)
	return answer.Tokens, err
}

// CreateToken makes a token, of which the name, the limits and the end are given, and returns it. Nobody can ask for it again.
func (c *Client) CreateToken(ctx context.Context, t Token) (string, error) {
	t.Created, t.Expired, t.LastUsed = time.Time{}, false, time.Time{}
	var answer struct{ Token string }
	_, err := c.do(ctx, http.MethodPost, "/api/v2/tokens", t, &answer)
	return answer.Token, err
}

// RevokeToken takes a client's token back.
func (c *Client) RevokeToken(ctx context.Context, name string) error {
	_, err := c.do(ctx, http.MethodDelete, "/api/v2/tokens/"+url.PathEscape(name), nil, nil)
	return err
}

// SessionURL returns an address with which a browser begins a session, once, within a minute.
func (c *Client) SessionURL(ctx context.Context) (string, error) {
	var answer struct{ Address, Path string }
	_, err := c.do(ctx, http.MethodPost, "/api/v2/session-codes", struct{}{}, &answer)
	if c.base == c.address { // else no browser can go where the client does
		answer.Address = c.base
	}
	return answer.Address + answer.Path, err
}
