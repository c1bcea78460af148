package oauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"time"

	"mcphub/hub/config"
	"mcphub/hub/secret"
	"mcphub/hub/statedir"
)

// Options is what a Manager needs.
type Options struct {
	// Store keeps the tokens. Nil: they are forgotten when the hub stops.
	Store secret.Store
	// Dir is the folder of what the hubs that share the store keep. Empty: no other hub shares it.
	Dir string
	// Port returns the port that the hub listens on.
	Port func() int
	// Server returns what a server is reached with, by its name in the configuration.
	Server func(ctx context.Context, name string) (*config.Resolved, error)
	// Redact learns all that a sign-in must not show, and masks it in what authorization servers say. Nil: nothing is masked.
	Redact *secret.Redactor
	Log    *slog.Logger
}

// Manager is the hub's sign-ins to all servers.
type Manager struct {
	vault    vault
	port     func() int
	server   func(ctx context.Context, name string) (*config.Resolved, error)
	redact   *secret.Redactor
	log      *slog.Logger
	dir      string
	lasting  bool         // the store keeps what it is given
	callback http.Handler // set before Run, and then only read
	ports    ports

	begun chan struct{} // closed when Run has begun

	mu      sync.Mutex
	work    func(func(context.Context)) // runs something; nil when Run has ended
	clients map[string]*Client
	flows   map[string]*flow // by state
	guards  [nowhere]*guard  // by limit
}

// New returns a manager without any sign-in. It starts nothing.
func New(o Options) *Manager {
	m := &Manager{
		vault: vault{o.Store}, port: o.Port, server: o.Server, redact: o.Redact, log: o.Log, dir: o.Dir, lasting: o.Store != nil,
		callback: http.NotFoundHandler(), begun: make(chan struct{}), clients: map[string]*Client{}, flows: map[string]*flow{},
	}
	if o.Store == nil {
		m.vault = vault{&Memory{}}
	}
	m.ports = ports{m: m, live: map[int]*landing{}}
	return m
}

// Lasting reports whether sign-ins are kept when the hub stops.
func (m *Manager) Lasting() bool { return m.lasting }

// OnCallback has h answer the browser where it comes back on a port of its own ([config.OAuth]). Call it before Run.
func (m *Manager) OnCallback(h http.Handler) { m.callback = h }

// learn has what a sign-in to a server must not show masked wherever it is repeated. That of a sign-in comes and goes, and
// must not drive out what else is known of the server.
func (m *Manager) learn(server string, values ...string) {
	texts := make([]secret.Text, len(values))
	for i, v := range values {
		texts[i] = secret.New(v)
	}
	m.redact.Know("sign-in to "+server, texts...)
}

// Run does what the other methods want done, until ctx ends.
func (m *Manager) Run(ctx context.Context) error {
	var work sync.WaitGroup
	working, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	m.mu.Lock()
	m.work = func(f func(context.Context)) { work.Go(func() { f(working) }) }
	m.mu.Unlock()
	close(m.begun)
	<-ctx.Done()
	m.mu.Lock()
	m.work = nil
	m.mu.Unlock()
	m.ports.close()
	defer time.AfterFunc(grace, abort).Stop()
	work.Wait()
	return context.Cause(ctx)
}

// grace is how long a renewal that is under way may take when the hub ends.
const grace = 2 * time.Second

// spawn has f run, as soon as Run has begun. If it returns an error, f does not run.
func (m *Manager) spawn(ctx context.Context, f func(context.Context)) error {
	select {
	case <-m.begun:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.work == nil {
		return errors.New("the hub is stopping")
	}
	m.work(f)
	return nil
}

// Client returns the sign-in to a server as its configuration says. Its error says that the server's address is none.
func (m *Manager) Client(name string, r *config.Resolved) (*Client, error) {
	u, err := url.Parse(r.URL.Reveal())
	if err != nil {
		return nil, errors.New("the server's URL is not valid: check it in the configuration")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.clients[name]; c != nil && c.address == r.URL.Reveal() && reflect.DeepEqual(c.oauth, r.OAuth) {
		return c, nil
	}
	c := newClient(m, name, u, r)
	m.clients[name] = c
	return c, nil
}

// alone waits until no other hub renews the tokens of a record, and returns what ends that. Without it two hubs could use
// the same refresh token, which may make it worthless for both.
func (m *Manager) alone(ctx context.Context, record string) (end func()) {
	if m.dir == "" || !m.lasting {
		return func() {}
	}
	err := os.MkdirAll(m.dir, 0o700)
	if err == nil {
		end, err = statedir.Lock(ctx, filepath.Join(m.dir, "oauth-"+hash(record)+".lock"))
	}
	if err != nil {
		m.log.Warn("sign-in is renewed without a lock", "err", err)
		return func() {}
	}
	return end
}

// known returns the sign-in to a server that has been reached, or nil.
func (m *Manager) known(name string) *Client {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.clients[name]
}

// client returns the sign-in to a server, also one that has not been reached yet.
func (m *Manager) client(ctx context.Context, name string) (*Client, error) {
	r, err := m.server(ctx, name)
	if err != nil {
		return nil, err
	}
	if r.URL.Reveal() == "" {
		return nil, fmt.Errorf("%w: it has no url", ErrNoSignIn)
	}
	for header := range r.Headers {
		if strings.EqualFold(header, "Authorization") {
			return nil, fmt.Errorf("%w: the headers in its configuration have an Authorization already", ErrNoSignIn)
		}
	}
	return m.Client(name, r)
}

// ErrNoSignIn says that nobody signs in to a server.
var ErrNoSignIn = errors.New("nobody signs in to this server")

// guard returns what makes requests on behalf of a server of that reach.
func (m *Manager) guard(limit reach) *guard {
	limit = min(limit, loopback)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.guards[limit] == nil {
		m.guards[limit] = newGuard(limit)
	}
	return m.guards[limit]
}

// await takes down a flow, and drops those that nobody came back from.
func (m *Manager) await(f *flow) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for state, old := range m.flows {
		if time.Now().After(old.expires()) {
			delete(m.flows, state)
		}
	}
	m.flows[f.state] = f
}

// Begin begins a sign-in: it asks the server anew where to sign in, and returns the address and until when it is good. The
// browser is expected back from then on.
func (m *Manager) Begin(ctx context.Context, server string) (address string, until time.Time, err error) {
	c, err := m.client(ctx, server)
	if err != nil {
		return "", until, err
	}
	if c.machine() {
		return "", until, fmt.Errorf("%w: the hub itself does, with oauth.clientId of its configuration", ErrNoSignIn)
	}
	f, err := inTurn(ctx, c, func(ctx context.Context) (*flow, error) {
		c.ended(nil)
		c.prepare(ctx)
		return c.mint(true), c.Why()
	})
	if err != nil {
		return "", until, err
	}
	if port := c.oauth.RedirectPort; port != 0 && port != m.port() {
		if err := m.ports.open(ctx, port, f.expires()); err != nil {
			return "", until, err
		}
	}
	return f.address(), f.expires(), nil
}

// Address returns the address at which a person can sign in to a server that wants it, and empty if it does not, or there
// is none.
func (m *Manager) Address(server string) string {
	if c := m.known(server); c != nil {
		if f := c.mint(false); f != nil {
			return f.address()
		}
	}
	return ""
}

// Finish takes the parameters with which a browser came back, and returns the server that they belong to, even if it fails.
// It fails if they belong to no sign-in that was begun here.
func (m *Manager) Finish(ctx context.Context, q url.Values) (server string, err error) {
	m.mu.Lock()
	f := m.flows[q.Get("state")]
	delete(m.flows, q.Get("state"))
	m.mu.Unlock()
	if f == nil || time.Now().After(f.expires()) || m.known(f.of.name) != f.of || q.Has("server_name") && q.Get("server_name") != f.of.name {
		return q.Get("server_name"), errState
	}
	f.of.used(f)
	if port := f.of.oauth.RedirectPort; port != 0 {
		defer m.ports.done(port)
	}
	err = f.complete(ctx, q)
	f.of.ended(err)
	if err != nil {
		m.log.Warn("sign-in failed", "server", f.of.name, "err", err)
		return f.of.name, err
	}
	m.log.Info("signed in", "server", f.of.name, "issuer", f.Issuer)
	if !m.lasting {
		m.log.Warn("sign-in is kept only until the hub stops: it has no secret store", "server", f.of.name)
	}
	return f.of.name, nil
}

// SignOut forgets the tokens for a server, and tells its authorization server so if that can be told. Its error says that
// they are still in the store.
func (m *Manager) SignOut(ctx context.Context, server string) error {
	c, err := m.client(ctx, server)
	if err != nil {
		return err
	}
	_, err = inTurn(ctx, c, func(ctx context.Context) (bool, error) { return true, c.signOut(ctx) })
	return err
}

func (c *Client) signOut(ctx context.Context) error {
	r, err := c.load(ctx)
	if err != nil {
		return err
	}
	c.asked, c.wants, c.steps = nil, nil, map[string]int{}
	if r == nil {
		return nil
	}
	if r.Revocation != "" {
		i := c.issuing(ctx, r)
		var errs []error
		if r.Refresh != "" {
			errs = append(errs, i.revoke(ctx, r.Revocation, r.Refresh, "refresh_token"))
		}
		if err := errors.Join(append(errs, i.revoke(ctx, r.Revocation, r.Access, "access_token"))...); err != nil {
			c.m.log.Warn("tokens are forgotten, but were not revoked", "server", c.name, "err", err)
		}
	}
	if r.Client.Kind == kindRegistered { // the authorization server may have forgotten it
		if err := c.m.vault.remove(ctx, clientName(r.Issuer, c.redirect())); err != nil {
			return err
		}
	}
	c.m.log.Info("signed out", "server", c.name)
	return c.lose(ctx, errSignedOut)
}
