package upstream

import (
	"context"
	"net/http"

	"mcphub/hub/config"
	"mcphub/hub/secret"
)

// Authorizer is the hub's sign-in to one remote server.
type Authorizer interface {
	// Authorization returns the Authorization header for the next request, empty if there is no sign-in. An error passes
	// by itself.
	Authorization(ctx context.Context) (secret.Text, error)
	// Refused is told that the server answered a request that had that header with HTTP 401, or with 403 and the word
	// that the sign-in does not reach far enough, and with these WWW-Authenticate headers; twice, that it did so after
	// the request was made once more. It reports whether that should be done. If not, a person has to sign in; why is what
	// stands against that, if something does. An error passes by itself.
	Refused(ctx context.Context, used secret.Text, status int, challenges []string, twice bool) (again bool, why string, err error)
	// Keep keeps the sign-in good until ctx ends, and then returns nil. It returns an error when a person has to sign in
	// again.
	Keep(ctx context.Context) error
}

// authorizer returns the sign-in to a server. It is nil if nobody signs in to it, or if its headers have a token already.
func (s *Set) authorizer(name string, r *config.Resolved) (Authorizer, error) {
	if s.options.SignIn == nil {
		return nil, nil //nolint:nilnil // nobody signs in to any server
	}
	for header := range r.Headers {
		if http.CanonicalHeaderKey(header) == "Authorization" {
			return nil, nil //nolint:nilnil // the person has seen to it
		}
	}
	return s.options.SignIn(name, r)
}

// keepSignedIn ends the connection when a person has to sign in again, so that the server does not seem to be ready.
func (c *remoteConn) keepSignedIn(ctx context.Context) {
	if err := c.remote.auth.Keep(ctx); err != nil && ctx.Err() == nil {
		c.end(&UnauthorizedError{Why: err.Error()})
	}
}

// lacking is told that the sign-in does not reach far enough for a call.
func (s *Server) lacking(err error) {
	s.command(func(l *life) {
		if l.link == linkUp && l.more == "" {
			l.more = err.Error()
			l.publish(next(l.facts))
			l.set.options.Events.Publish(EventSignIn, l.name, SignInWanted{l.more})
		}
	})
}
