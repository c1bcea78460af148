package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"mcphub/hub/oauth"
	"mcphub/hub/upstream"
)

// authorize begins a sign-in, and opens the page for it where there is a browser.
func (a *rest) authorize(r *http.Request) (any, error) {
	s, err := a.named(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	text, address := fmt.Sprintf("No authorization URL available for server '%s'", s.Name()), ""
	if a.wantsSignIn(s) {
		if address, _, err = a.OAuth.Begin(ctx, s.Name()); err != nil {
			text += ": " + err.Error()
		}
	}
	if address == "" {
		return nil, failed("OPEN_REQUEST_ERROR", text, object{"originalError": object{}})
	}
	if a.OpenURL != nil {
		_ = a.OpenURL(address) // the answer holds the address too
	}
	return object{"authorizationUrl": address}, nil
}

// wantsSignIn reports whether a server needs a person to sign in, for all calls or for some.
func (a *rest) wantsSignIn(s *upstream.Server) bool {
	return s.Status().State == upstream.Authorizing || a.OAuth.Status(s.Name()).State == oauth.More
}

// manualCallback takes the address that a person was sent to after signing in, where the browser could not reach the hub.
// Its errors do not repeat the address, which holds a secret.
func (a *rest) manualCallback(r *http.Request) (any, error) {
	b, err := read(r, urlField)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(b.text(urlField.name))
	if err != nil || u.Scheme == "" {
		return nil, failed("ERR_INVALID_URL", "Invalid URL", object{"originalError": object{"code": "ERR_INVALID_URL"}})
	}
	if err := a.complete(u.Query()); err != nil {
		return nil, err
	}
	s, err := a.finish(r.Context(), u.Query())
	if err != nil {
		return nil, failed("MANUAL_OAUTH_CALLBACK_ERROR", err.Error(), object{"server": u.Query().Get("server_name"), "originalError": object{}})
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	_ = s.Settled(ctx, true) // the server's state shows it
	return object{
		"status": "ok", "message": fmt.Sprintf("Authorization successful for server '%s'", s.Name()), "server_name": s.Name(), "timestamp": now(),
	}, nil
}

// complete looks whether all parameters of a callback are there. A redirect URL of a person's own need not name the server.
func (a *rest) complete(q url.Values) error {
	name := q.Get("server_name")
	if q.Get("code") == "" && q.Get("error") == "" || name == "" && q.Get("state") == "" {
		return invalid("Missing code or server_name parameter", nil)
	}
	if name != "" && a.server(name) == nil {
		return noServer(object{"server": name})
	}
	return nil
}

// finish ends a sign-in with the parameters of a callback, and has its server connected.
func (a *rest) finish(ctx context.Context, q url.Values) (*upstream.Server, error) {
	name, err := a.OAuth.Finish(ctx, q)
	if err != nil {
		return nil, err
	}
	s := a.server(name)
	if s == nil {
		return nil, errors.New("the server was removed from the configuration meanwhile")
	}
	if state := s.Status().State; state == upstream.Authorizing || state == upstream.Ready {
		s.Start()
	}
	return s, nil
}

// Callback returns the handler that answers the browser when it comes back from a sign-in to another port than the hub's.
func Callback(d Deps) http.Handler {
	return d.Guard.Landing(http.HandlerFunc((&rest{d}).callback), refuseVisit)
}

// callback is where the browser arrives after signing in, so it answers with a page.
func (a *rest) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	result, code := landing{}, http.StatusBadRequest
	err := a.complete(q)
	if err == nil {
		var s *upstream.Server
		if s, err = a.finish(r.Context(), q); err == nil {
			result.Server, code = s.Name(), http.StatusOK
		}
	}
	if err != nil {
		result.Problem = err.Error()
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // the address holds the code
	h.Set("X-Content-Type-Options", "nosniff")
	// What the parameters say cannot become a script even if it got past the escaping.
	h.Set("Content-Security-Policy", landingPolicy)
	w.WriteHeader(code)
	_ = landingPage.Execute(w, result) // if not, the browser is gone
}
