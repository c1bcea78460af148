package access

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"mcphub/hub/secret"
)

// Create makes a token for a client and returns it, which nobody can do again. Its errors wrap ErrExists or ErrInvalid,
// or say what else is wrong.
func (k *Keys) Create(ctx context.Context, c Client) (secret.Text, error) {
	switch {
	case !validName(c.Name):
		return secret.Text{}, fmt.Errorf("%w: %w", ErrInvalid, errName)
	case !c.Expires.IsZero() && !c.Expires.After(time.Now()):
		return secret.Text{}, fmt.Errorf("%w: it would have expired already", ErrInvalid)
	}
	if err := c.check(); err != nil {
		return secret.Text{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	token := newToken()
	c.Created, c.LastUsed = time.Now().UTC().Truncate(time.Second), time.Time{}
	err := k.edit(ctx, func(s *state) error {
		if slices.ContainsFunc(s.Clients, func(other clientRecord) bool { return other.Name == c.Name }) {
			return fmt.Errorf("%s: %w", c.Name, ErrExists)
		}
		s.Clients = append(s.Clients, clientRecord{c, hashOf(token)})
		return nil
	})
	return token, err
}

// Revoke takes a client's token back: what the client has under way ends. It fails with ErrUnknown.
func (k *Keys) Revoke(ctx context.Context, name string) error {
	return k.edit(ctx, func(s *state) error {
		before := len(s.Clients)
		s.Clients = slices.DeleteFunc(s.Clients, func(c clientRecord) bool { return c.Name == name })
		if len(s.Clients) == before {
			return fmt.Errorf("%s: %w", name, ErrUnknown)
		}
		return nil
	})
}

// Clients returns the clients that have tokens, sorted by name, those whose tokens have expired too.
func (k *Keys) Clients() []Client {
	k.mu.Lock()
	defer k.mu.Unlock()
	uses := k.uses()
	out := make([]Client, 0, len(k.state.Clients))
	for _, c := range k.state.Clients {
		if used := uses[c.Hash]; used.After(c.LastUsed) {
			c.LastUsed = used
		}
		out = append(out, c.Client)
	}
	slices.SortFunc(out, func(a, b Client) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// uses returns when the tokens were last used here, by their hash.
func (k *Keys) uses() map[string]time.Time {
	uses := map[string]time.Time{}
	for _, key := range k.known.Load().tokens {
		if used := key.used.Load(); used > 0 {
			uses[hex.EncodeToString(key.hash[:])] = time.Unix(used, 0).UTC()
		}
	}
	return uses
}

// keepUses writes down when the clients' tokens were last used, if that is worth it.
func (k *Keys) keepUses(ctx context.Context) {
	later := func(c *clientRecord, uses map[string]time.Time) bool {
		return uses[c.Hash].Sub(c.LastUsed) >= useInterval
	}
	k.mu.Lock()
	uses := k.uses()
	worth := slices.ContainsFunc(k.state.Clients, func(c clientRecord) bool { return later(&c, uses) })
	k.mu.Unlock()
	if !worth {
		return
	}
	err := k.edit(ctx, func(s *state) error {
		for i := range s.Clients {
			if c := &s.Clients[i]; later(c, uses) {
				c.LastUsed = uses[c.Hash]
			}
		}
		return nil
	})
	if err != nil {
		k.log.Warn("it is not kept when tokens were last used", "err", err)
	}
}
