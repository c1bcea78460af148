package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"mcphub/hub/config"
	"mcphub/hub/secret"
)

// pass is a sign-in that goes as it is told.
type pass struct {
	mu      sync.Mutex
	token   string
	fails   error
	renews  func(twice bool) (again bool, why string, err error)
	refused []string // what was told of refusals
	ends    chan error
}

func (p *pass) Authorization(context.Context) (secret.Text, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return secret.New(p.token), p.fails
}

func (p *pass) Refused(_ context.Context, used secret.Text, status int, challenges []string, twice bool) (bool, string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused = append(p.refused, fmt.Sprint(used.Reveal(), " ", status, " ", challenges, " ", twice))
	return p.renews(twice)
}

func (p *pass) Keep(ctx context.Context) error {
	select {
	case err := <-p.ends:
		return err
	case <-ctx.Done():
		return nil
	}
}

func (p *pass) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func TestAuthorizer(t *testing.T) {
	noLeaks(t)
	wants := func(token string, status int, next func(*exchange)) func(*exchange) {
		return func(x *exchange) {
			if x.r.Header.Get("Authorization") == token {
				next(x)
				return
			}
			x.w.Header().Add("WWW-Authenticate", `Basic realm="x"`)
			x.w.Header().Add("WWW-Authenticate", `Bearer error="insufficient_scope"`)
			x.w.WriteHeader(status)
		}
	}
	s := newWebServer(t, answers{
		"server/discover": wants("Bearer 2", 401, discovered),
		"tools/call":      wants("Bearer 3", 403, func(x *exchange) { x.result(`{}`) }),
	})
	p := &pass{token: "Bearer 1", ends: make(chan error)}
	p.renews = func(twice bool) (bool, string, error) {
		p.token = "Bearer 2"
		return !twice, "", nil
	}
	more := 0
	c, _ := mustConnect(t, s.URL, func(_ *config.Resolved, o *dialOptions) {
		o.auth, o.more = p, func(error) { p.change(func() { more++ }) }
	})
	if want := []string{`Bearer 1 401 [Basic realm="x" Bearer error="insufficient_scope"] false`}; !slices.Equal(p.refused, want) {
		t.Errorf("told of %q, want %q", p.refused, want)
	}
	// A token that is not enough for one call: it is asked for again, once, and the connection stays.
	p.change(func() { p.refused = nil })
	var u *UnauthorizedError
	if _, err := doCall(t, c, toolCall(nil)); !errors.As(err, &u) || c.Err() != nil || !strings.Contains(err.Error(), "more permission") {
		t.Errorf("%v, connection: %v", err, c.Err())
	}
	if len(p.refused) != 2 || !strings.HasSuffix(p.refused[0], "false") || !strings.HasSuffix(p.refused[1], "true") {
		t.Errorf("told of %q", p.refused)
	}
	p.change(func() { p.token = "Bearer 3" })
	if _, err := doCall(t, c, toolCall(nil)); err != nil {
		t.Error(err)
	}
	// What stands against signing in is told.
	p.change(func() {
		p.token, p.renews = "", func(bool) (bool, string, error) { return false, "nobody is known there", nil }
	})
	if _, err := doCall(t, c, toolCall(nil)); !errors.As(err, &u) || u.Why != "nobody is known there" {
		t.Error(err)
	}
	// What passes by itself is no want of a person.
	for _, fail := range []func(){
		func() { p.renews = func(bool) (bool, string, error) { return false, "", errors.New("out of order") } },
		func() { p.fails = errors.New("out of order") },
	} {
		p.change(fail)
		if _, err := doCall(t, c, toolCall(nil)); err == nil || errors.As(err, &u) || !strings.Contains(err.Error(), "out of order") {
			t.Error(err)
		}
	}
	eventually(t, "it is told that more is wanted", func() (told bool) {
		p.change(func() { told = more == 2 })
		return told
	})
	// A sign-in that ends, ends the connection.
	p.change(func() { p.fails = nil })
	p.ends <- errors.New("you have signed out")
	eventually(t, "the connection ends", func() bool { return errors.As(c.Err(), &u) && u.Why == "you have signed out" })
}

// TestAuthorizerKeepsAway: who has given a token in the headers is not signed in, and words of parting renew nothing.
func TestAuthorizerKeepsAway(t *testing.T) {
	asked := 0
	set := NewSet(Options{SignIn: func(string, *config.Resolved) (Authorizer, error) {
		asked++
		return &pass{}, nil
	}})
	for header, want := range map[string]int{"authorization": 0, "AUTHORIZATION": 0, "X-Key": 1} {
		asked = 0
		a, err := set.authorizer("a", &config.Resolved{Headers: map[string]secret.Text{header: secret.New("x")}})
		if err != nil || asked != want || (a != nil) != (want > 0) {
			t.Errorf("%s: asked %d times, %v, %v", header, asked, a, err)
		}
	}
	s := newWebServer(t, answers{"server/discover": status(401, "", "")})
	_, _, err := connect(t, s.URL, func(r *config.Resolved, _ *dialOptions) {
		r.Headers = map[string]secret.Text{"Authorization": secret.New("Bearer hush")}
	})
	if err == nil || !strings.Contains(err.Error(), "refuses the Authorization in its headers") || strings.Contains(err.Error(), "hush") {
		t.Error(err)
	}
	parting := newWebServer(t, answers{"DELETE": status(http.StatusUnauthorized, "", "")})
	p := &pass{token: "Bearer 1", ends: make(chan error)}
	c, _ := mustConnect(t, parting.URL, func(_ *config.Resolved, o *dialOptions) { o.auth = p })
	if err := c.Close(t.Context()); err != nil || len(p.refused) != 0 || len(parting.requests("DELETE")) != 1 {
		t.Errorf("%v, told of %q", err, p.refused)
	}
}

// TestRefusedRevision: a server that refuses the revision and yet names it is asked once more, and only once.
func TestRefusedRevision(t *testing.T) {
	times := 0
	s := newWebServer(t, nil)
	s.answers = answers{"server/discover": func(x *exchange) {
		if times++; times == 1 {
			x.fault(400, -32022, `{"supported":["2026-07-28"],"requested":"2026-07-28"}`)
			return
		}
		discovered(x)
	}}
	if c, _ := mustConnect(t, s.URL, nil); !c.Hello().Modern || times != 2 {
		t.Errorf("asked %d times: %+v", times, c.Hello())
	}
	s.answers = answers{"server/discover": func(x *exchange) { x.fault(400, -32022, `{"supported":["2026-07-28"]}`) }}
	if _, _, err := connect(t, s.URL, pinned(config.ProtocolModern)); err == nil || len(s.requests("server/discover")) != 4 {
		t.Errorf("asked %d times: %v", len(s.requests("server/discover")), err)
	}
}
