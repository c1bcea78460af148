package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"mcphub/hub/config"
)

// stored is what mcp-hub 4.2.1 keeps in oauth-storage.json for each address of a server.
type stored struct {
	Client *struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
		Method string `json:"token_endpoint_auth_method"`
	} `json:"clientInfo"`
	Tokens *struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Scope   string `json:"scope"`
	} `json:"tokens"`
}

// ErrImport says that a text is not what mcp-hub keeps its tokens in.
var ErrImport = errors.New("this is no oauth-storage.json of mcp-hub")

// Import takes over the tokens in the text of an oauth-storage.json of mcp-hub 4.2.1, and returns the hosts for which there
// were some, sorted. They are used when a server with that address is reached that has no sign-in; that file does not say
// when they end, nor who gave them, so that is found out when they have to be renewed.
func (m *Manager) Import(ctx context.Context, text []byte) ([]string, error) {
	var all map[string]stored
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, ErrImport // the text of the error could show a token
	}
	hosts := []string{}
	for address, s := range all {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("%w: one of its keys is no address", ErrImport)
		}
		if s.Client == nil || s.Client.ID == "" || s.Tokens == nil || s.Tokens.Access == "" {
			continue
		}
		m.learn(u.Host, s.Client.Secret, s.Tokens.Refresh, s.Tokens.Access)
		scopes := strings.Fields(s.Tokens.Scope)
		r := &record{
			Client: registration{Kind: kindRegistered, ID: s.Client.ID, Secret: s.Client.Secret, Method: s.Client.Method},
			Grant:  config.GrantPerson, Access: s.Tokens.Access, Refresh: s.Tokens.Refresh, Issued: time.Now(),
			Requested: scopes, Granted: scopes,
		}
		if r.Client.Method == "" {
			r.Client.Method = methodNone
			if r.Client.Secret != "" {
				r.Client.Method = methodBasic
			}
		}
		if err := m.vault.write(ctx, importName(address), r); err != nil {
			return nil, err
		}
		hosts = append(hosts, u.Host)
	}
	m.mu.Lock()
	clients := slices.Collect(maps.Values(m.clients))
	m.mu.Unlock()
	for _, c := range clients {
		c.mu.Lock()
		c.loaded = c.record != nil // those without a sign-in look again
		c.mu.Unlock()
	}
	slices.Sort(hosts)
	return hosts, nil
}

// adopt makes the tokens that another program has left for the server's address those of the server.
func (c *Client) adopt(ctx context.Context, r *record) (bool, error) {
	name := importName(c.address)
	found, err := c.m.vault.read(ctx, name, r)
	if err != nil || !found {
		return false, err
	}
	if err := c.m.vault.write(ctx, c.key, r); err != nil {
		return false, err
	}
	return true, c.m.vault.remove(ctx, name)
}
