package hub

import (
	"context"
	"fmt"

	"mcphub/hub/config"
	"mcphub/hub/oauth"
	"mcphub/hub/upstream"
)

// signIn returns the sign-in to a server, for its connection.
func (h *Hub) signIn(name string, r *config.Resolved) (upstream.Authorizer, error) {
	c, err := h.oauth.Client(name, r)
	if err != nil {
		return nil, err // and not a nil *oauth.Client
	}
	return c, nil
}

// resolve returns what a server is reached with.
func (h *Hub) resolve(ctx context.Context, name string) (*config.Resolved, error) {
	s, ok := h.store.Current().Server(name)
	if !ok {
		return nil, fmt.Errorf("%w: it is not in the configuration", oauth.ErrNoSignIn)
	}
	return s.Resolve(ctx)
}
