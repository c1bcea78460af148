package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"mcphub/hub/config"
	"mcphub/hub/secret"
)

// storeTimeout is how long the secret store may take, which may be waiting for a person.
const storeTimeout = 10 * time.Second

// record is what a sign-in has brought, as the secret store keeps it: all that renewing and revoking need, so that they
// never ask anybody but the authorization server that gave it.
type record struct {
	Issuer     string       `json:"issuer"`
	Resource   string       `json:"resource"`
	Token      string       `json:"tokenEndpoint"` // empty for one that another program made: it is looked up when needed
	Revocation string       `json:"revocationEndpoint,omitempty"`
	Client     registration `json:"client"`
	Grant      config.Grant `json:"grant"`
	Access     string       `json:"accessToken"`
	Refresh    string       `json:"refreshToken,omitempty"`
	Issued     time.Time    `json:"issued"`
	Expiry     time.Time    `json:"expiry,omitzero"` // zero if it is not known
	Requested  []string     `json:"requested,omitempty"`
	Granted    []string     `json:"granted,omitempty"`
}

// LogValue shows nothing of it.
func (*record) LogValue() slog.Value { return slog.StringValue(secret.Mask) }

// with is the record with the tokens that the authorization server has given now.
func (r record) with(t *oauth2.Token, now time.Time) *record {
	r.Access, r.Issued, r.Expiry = t.AccessToken, now, time.Time{}
	if t.Expiry.After(now) { // else it is nonsense
		r.Expiry = t.Expiry
	}
	if t.RefreshToken != "" { // else the old one goes on
		r.Refresh = t.RefreshToken
	}
	if scope, ok := t.Extra("scope").(string); ok && scope != "" {
		r.Granted = strings.Fields(scope)
	} else if r.Granted == nil {
		r.Granted = r.Requested // RFC 6749, section 5.1
	}
	return &r
}

// earliest is how long before their end tokens are renewed at most.
const earliest = time.Minute

// renewable reports whether new tokens can be had without a person.
func (r *record) renewable() bool { return r.Refresh != "" || r.Grant == config.GrantMachine }

// renewal is when to renew the tokens, or when they end if they cannot be. Zero: when the server refuses them.
func (r *record) renewal() time.Time {
	if r.Expiry.IsZero() || !r.renewable() {
		return r.Expiry
	}
	return r.Expiry.Add(-min(earliest, r.Expiry.Sub(r.Issued)/10))
}

func (r *record) due(now time.Time) bool { at := r.renewal(); return !at.IsZero() && now.After(at) }

func (r *record) expired(now time.Time) bool { return !r.Expiry.IsZero() && now.After(r.Expiry) }

// vault is the secret store as this package uses it.
type vault struct{ secret.Store }

// read decodes the secret of a name into one. It reports whether there is such a secret.
func (v vault) read(ctx context.Context, name string, into any) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	text, err := v.Get(ctx, name)
	switch {
	case errors.Is(err, secret.ErrNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("read the sign-in from the secret store: %w", err)
	}
	return json.Unmarshal([]byte(text.Reveal()), into) == nil, nil // what cannot be read is as good as lost
}

func (v vault) write(ctx context.Context, name string, value any) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	text, err := json.Marshal(value)
	if err == nil {
		err = v.Set(ctx, name, secret.New(string(text)))
	}
	if err != nil {
		return fmt.Errorf("keep the sign-in in the secret store: %w", err)
	}
	return nil
}

func (v vault) remove(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := v.Delete(ctx, name); err != nil && !errors.Is(err, secret.ErrNotFound) {
		return fmt.Errorf("take the sign-in out of the secret store: %w", err)
	}
	return nil
}

// The names under which secrets are kept. A person sees them in the system's own program, so they say what they are for;
// the hash tells apart what only looks the same.

// recordName is that of the tokens for a server: two entries of one address are two sign-ins, and an entry that is given
// another address has none.
func recordName(server, address string) string {
	return "oauth/token/" + printable(server) + "-" + hash(server, address)
}

// clientName is that of the hub's registration with an authorization server.
func clientName(issuer, redirect string) string {
	return "oauth/client/" + printable(hostOf(issuer)) + "-" + hash(issuer, redirect)
}

// importName is that of tokens which another program has left for an address.
func importName(address string) string {
	return "oauth/import/" + printable(hostOf(address)) + "-" + hash(address)
}

func printable(name string) string {
	name = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' || r == '/' {
			return '_'
		}
		return r
	}, name)
	return name[:min(len(name), 60)]
}

func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// same reports whether two records hold the same tokens.
func same(a, b *record) bool {
	return a == b || a != nil && b != nil && a.Access == b.Access && a.Refresh == b.Refresh && slices.Equal(a.Granted, b.Granted)
}
