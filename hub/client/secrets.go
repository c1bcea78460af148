package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// Secrets is which secrets the hub keeps. Values never come back out of it.
type Secrets struct {
	Backend string          `json:"backend"` // keyring or file; empty as long as there are none
	Secrets []SecretUse     `json:"secrets"` // sorted by name
	Missing []SecretUse     `json:"missing"` // those that servers ask for and nobody has set
	Raw     json.RawMessage `json:"-"`       // the answer as the hub sent it
}

// SecretUse is a secret and who asks for it.
type SecretUse struct {
	Name    string   `json:"name"`
	Servers []string `json:"servers"` // whose configuration names it
}

// Backend is what holds the hub's secrets.
type Backend struct {
	Backend string          `json:"backend"` // keyring or file; empty as long as no secret has been kept
	Where   string          `json:"where"`   // what holds them and what opens it, for people
	Why     string          `json:"why"`     // it is the file
	State   string          `json:"state"`   // unused, ready, locked or unavailable
	Problem string          `json:"problem"`
	Action  string          `json:"action"` // what to do about the problem
	Raw     json.RawMessage `json:"-"`      // the answer as the hub sent it
}

// Finding is a value in a configuration file that seems to be a secret in plain text.
type Finding struct {
	Server string   `json:"server"`
	Path   []string `json:"path"` // of the value below the server's entry
	Key    string   `json:"key"`  // what it belongs to
	Name   string   `json:"name"` // of the secret that it could become
	Why    string   `json:"why"`
	From   Position `json:"from"`
}

// Moved says what became of a finding, or would become of it.
type Moved struct {
	Finding Finding `json:"finding"`
	After   string  `json:"after"`   // how the value reads then
	Applied bool    `json:"applied"` // it is done
}

// Secrets lists the secrets.
func (c *Client) Secrets(ctx context.Context) (s Secrets, err error) {
	s.Raw, err = c.do(ctx, http.MethodGet, "/api/v2/secrets", nil, &s)
	return s, err
}

// SetSecret keeps a secret, or another value of it, and returns who asks for it.
func (c *Client) SetSecret(ctx context.Context, name, value string) (use SecretUse, err error) {
	_, err = c.do(ctx, http.MethodPut, secretPath(name), map[string]string{"value": value}, &use)
	return use, err
}

// DeleteSecret removes a secret.
func (c *Client) DeleteSecret(ctx context.Context, name string) error {
	_, err := c.do(ctx, http.MethodDelete, secretPath(name), nil, nil)
	return err
}

func secretPath(name string) string { return "/api/v2/secrets/" + url.PathEscape(name) }

// RefreshSecrets has the commands of placeholders run again, of all servers or of one, and returns the servers that use
// some.
func (c *Client) RefreshSecrets(ctx context.Context, server string) ([]string, error) {
	body := map[string]string{}
	if server != "" {
		body["server"] = server
	}
	var answer struct{ Servers []string }
	_, err := c.do(ctx, http.MethodPost, "/api/v2/secrets/refresh", body, &answer)
	return answer.Servers, err
}

// SecretsBackend returns what holds the secrets.
func (c *Client) SecretsBackend(ctx context.Context) (Backend, error) {
	return c.backend(ctx, http.MethodGet, "backend", nil)
}

// UnlockSecrets gives the passphrase of the encrypted file.
func (c *Client) UnlockSecrets(ctx context.Context, passphrase string) (Backend, error) {
	return c.backend(ctx, http.MethodPost, "unlock", map[string]string{"passphrase": passphrase})
}

// MigrateSecrets moves all secrets into another backend. A passphrase seals the key of the file; an empty one has it lie in
// a file, and nil leaves that to the hub.
func (c *Client) MigrateSecrets(ctx context.Context, to string, passphrase *string) (Backend, error) {
	body := map[string]any{"backend": to}
	if passphrase != nil {
		body["passphrase"] = *passphrase
	}
	return c.backend(ctx, http.MethodPost, "migrate", body)
}

func (c *Client) backend(ctx context.Context, method, path string, body any) (b Backend, err error) {
	b.Raw, err = c.do(ctx, method, "/api/v2/secrets/"+path, body, &b)
	return b, err
}

// Findings returns the values in the configuration files that seem to be secrets in plain text.
func (c *Client) Findings(ctx context.Context) ([]Finding, error) {
	var answer struct{ Findings []Finding }
	_, err := c.do(ctx, http.MethodGet, "/api/v2/secrets/findings", nil, &answer)
	return answer.Findings, err
}

// MoveSecret moves a finding into the store, or only tells what that would do.
func (c *Client) MoveSecret(ctx context.Context, f Finding, apply bool) (m Moved, err error) {
	body := map[string]any{"server": f.Server, "path": f.Path, "key": f.Key, "name": f.Name, "apply": apply}
	_, err = c.do(ctx, http.MethodPost, "/api/v2/secrets/move", body, &m)
	return m, err
}
