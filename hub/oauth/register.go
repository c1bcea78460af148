package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"mcphub/hub/config"
)

// The kinds of clients.
const (
	kindConfigured = "configured" // registered by hand, in the server's configuration
	kindDocument   = "document"   // described by a Client ID Metadata Document
	kindRegistered = "registered" // registered by the hub (RFC 7591)
)

// How a client shows at the token endpoint who it is (RFC 7591, section 2; OpenID Connect Core, section 9).
const (
	methodNone  = "none"
	methodBasic = "client_secret_basic"
	methodPost  = "client_secret_post"
	methodKey   = "private_key_jwt"
)

// registration is who the hub is to one authorization server. The secrets of one that is configured are not in it: they
// stand in the configuration.
type registration struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	Secret string `json:"secret,omitempty"`
	Method string `json:"method"`
	Until  int64  `json:"until,omitempty"` // Unix time at which the secret ends; 0 for never
}

// client finds out who the hub is to an authorization server, in the order of the specification (2026-07-28, "Client
// Registration"): what a person has registered, a document that describes the hub, and at last a registration of its own.
func (c *Client) client(ctx context.Context, a *authority, redirect string) (registration, error) {
	switch {
	case c.oauth.ClientID != "":
		return configured(&c.oauth, a), nil
	case c.oauth.MetadataURL != "" && a.TakesDocument:
		return registration{Kind: kindDocument, ID: c.oauth.MetadataURL, Method: methodNone}, nil
	case a.Registration == "":
		return registration{}, fmt.Errorf("the authorization server %s does not let the hub register itself: register a client there by hand, with the redirect URL %s, and write its id into oauth.clientId of the server's configuration", hostOf(a.Issuer), redirect)
	}
	name := clientName(a.Issuer, redirect)
	var known registration
	found, err := c.m.vault.read(ctx, name, &known)
	if err != nil {
		return known, err
	}
	c.m.learn(c.name, known.Secret)
	if found && (known.Until == 0 || time.Now().Unix() < known.Until) {
		return known, nil
	}
	if known, err = c.register(ctx, a, redirect); err != nil {
		return known, err
	}
	return known, c.m.vault.write(ctx, name, known)
}

// configured is the client that a person has registered.
func configured(o *config.OAuth, a *authority) registration {
	r := registration{Kind: kindConfigured, ID: o.ClientID, Method: methodBasic}
	takes := func(method string) bool { return slices.Contains(a.Methods, method) }
	switch {
	case o.PrivateKey.Reveal() != "":
		r.Method = methodKey
	case o.ClientSecret.Reveal() == "":
		r.Method = methodNone
	case !takes(methodBasic) && takes(methodPost): // without a word basic holds (RFC 8414, section 2)
		r.Method = methodPost
	}
	return r
}

// register registers the hub (RFC 7591). Its client is a native one: it runs on a person's machine.
func (c *Client) register(ctx context.Context, a *authority, redirect string) (registration, error) {
	r := registration{Kind: kindRegistered, Method: methodNone}
	takes := func(method string) bool { return slices.Contains(a.Methods, method) }
	switch {
	case len(a.Methods) == 0, takes(methodNone):
	case takes(methodBasic):
		r.Method = methodBasic
	case takes(methodPost):
		r.Method = methodPost
	}
	body, err := json.Marshal(map[string]any{
		"client_name": "MCP Hub", "application_type": "native",
		"redirect_uris": []string{redirect}, "response_types": []string{"code"},
		"grant_types": []string{"authorization_code", "refresh_token"}, "token_endpoint_auth_method": r.Method,
	})
	if err != nil {
		return r, err
	}
	g := c.guard(ctx)
	if _, err := g.check(a.Registration); err != nil {
		return r, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.Registration, bytes.NewReader(body))
	if err != nil {
		return r, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	status, text, err := g.do(req)
	if err != nil {
		return r, fmt.Errorf("register the hub: %w", err)
	}
	var answer struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
		Method string `json:"token_endpoint_auth_method"`
		Until  int64  `json:"client_secret_expires_at"`
		Access string `json:"registration_access_token"` // RFC 7592, which the hub has no use for
		fault
	}
	_ = json.Unmarshal(text, &answer) // an odd answer has no id
	c.m.learn(c.name, answer.Secret, answer.Access)
	if status/100 != 2 || answer.ID == "" {
		return r, fmt.Errorf("the authorization server %s did not register the hub (HTTP %d%s): register a client there by hand, with the redirect URL %s, and write its id into oauth.clientId of the server's configuration", hostOf(a.Issuer), status, answer.masked(c.m.redact).text(), redirect)
	}
	r.ID, r.Secret, r.Until = answer.ID, answer.Secret, answer.Until
	if answer.Method != "" {
		r.Method = answer.Method
	}
	return r, nil
}
