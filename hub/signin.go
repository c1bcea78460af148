package hub

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"mcphub/hub/config"
	"mcphub/hub/oauth"
	"mcphub/hub/secret"
	"mcphub/hub/upstream"
)

// signIn returns the sign-in to a server, for its connection.
func (h *Hub) signIn(name string, r *config.Resolved) (upstream.Authorizer, error) {
	c, err := h.oauth.Client(name, r)
	if err != nil {
		return nil, err
	}
	return &knownSignIn{Client: c, know: func(token secret.Text) { h.options.Redact.Know(name, token) }}, nil
}

// knownSignIn is a sign-in whose tokens are masked wherever the server repeats them.
type knownSignIn struct {
	*oauth.Client
	know func(token secret.Text)
	last atomic.Pointer[secret.Text] // that is known
}

// Authorization implements upstream.Authorizer.
func (s *knownSignIn) Authorization(ctx context.Context) (secret.Text, error) {
	text, err := s.Client.Authorization(ctx)
	if last := s.last.Load(); last == nil || !last.Equal(text) {
		_, token, _ := strings.Cut(text.Reveal(), " ")
		s.know(secret.New(token))
		s.last.Store(&text)
	}
	return text, err
}

// resolve returns what a server is reached with.
func (h *Hub) resolve(ctx context.Context, name string) (*config.Resolved, error) {
	s, ok := h.store.Current().Server(name)
	if !ok {
		return nil, fmt.Errorf("%w: it is not in the configuration", oauth.ErrNoSignIn)
	}
	return s.Resolve(ctx)
}
