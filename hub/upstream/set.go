package upstream

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"mcphub/hub/config"
	"mcphub/hub/event"
	"mcphub/hub/secret"
)

// Local is the transport of a server inside the hub's own process; see Options.
const Local config.Transport = "local"

// Options is what a Set needs.
type Options struct {
	Version string // the hub's own, told to servers
	Log     *slog.Logger
	// Dial opens a connection to a server with the transport Local. Nil if there is none.
	Dial func(ctx context.Context, name string) (Conn, error)
	// SignIn returns the sign-in to a remote server. Nil: the hub does not sign in.
	SignIn func(name string, r *config.Resolved) (Authorizer, error)
	// Events is told what happens to the servers. Nil: nobody is.
	Events *event.Bus
	// Redact learns what servers are told in secret, and masks it in what is told of them. Nil: nothing is masked.
	Redact *secret.Redactor
}

// Set is all managed servers.
type Set struct {
	options Options
	limits  limits
	guard   *guard

	// Set before Run, and then only read.
	onChange func()
	onFrame  func(*Server, Frame)

	mu      sync.Mutex
	servers map[string]*Server
	ending  map[string]<-chan struct{} // servers that were taken out, until they have ended
	launch  func(*Server, <-chan struct{})
	cancel  map[*Server]context.CancelFunc
}

// NewSet returns an empty set.
func NewSet(o Options) *Set {
	if o.Events == nil {
		o.Events = event.New(1)
	}
	return &Set{
		options: o, limits: stdioLimits, guard: newGuard(o.Log), onChange: func() {}, onFrame: refuseFrame,
		servers: map[string]*Server{}, ending: map[string]<-chan struct{}{}, cancel: map[*Server]context.CancelFunc{},
	}
}

func refuseFrame(_ *Server, f Frame) { Refuse(f, "no client of the hub can answer this") }

// OnChange has f called after every change of a server's status or lists, and of the set. It must not block. Call it
// before Run.
func (s *Set) OnChange(f func()) { s.onChange = f }

// OnFrame has f called with what a server sends outside of any call, other than changes of its lists. It must not
// block. Call it before Run.
func (s *Set) OnFrame(f func(*Server, Frame)) { s.onFrame = f }

func (s *Set) changed() { s.onChange() }

func (s *Set) deliver(from *Server, f Frame) { s.onFrame(from, f) }

// Get returns the server of a name, or nil.
func (s *Set) Get(name string) *Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.servers[name]
}

// List returns all servers, sorted by name.
func (s *Set) List() []*Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*Server, 0, len(s.servers))
	for _, server := range s.servers {
		list = append(list, server)
	}
	slices.SortFunc(list, func(a, b *Server) int { return strings.Compare(a.name, b.name) })
	return list
}

// Rest waits until no server is on its way up or down, or ctx ends.
func (s *Set) Rest(ctx context.Context) {
	rests := func(st *Status) (bool, error) { return st.State != Starting && st.State != Stopping, nil }
	for _, server := range s.List() {
		_ = server.await(ctx, rests)
		_ = server.await(ctx, rests) // its status is there before the event that tells of it: now both are
	}
}

// Apply makes the set hold exactly these servers. Servers whose configuration is the same in what matters to their
// connection go on undisturbed. It returns at once. See [Set.Plan].
func (s *Set) Apply(servers []*config.Server) {
	s.mu.Lock()
	fresh, gone := s.compare(servers)
	for _, c := range servers {
		if old := s.servers[c.Name]; old != nil {
			old.apply(c)
		}
	}
	for _, c := range fresh {
		server := newServer(s, c)
		s.servers[c.Name] = server
		if s.launch != nil {
			s.launch(server, s.ending[c.Name])
		}
	}
	for _, server := range gone {
		delete(s.servers, server.name)
		if cancel := s.cancel[server]; cancel != nil { // it was launched
			s.ending[server.name] = server.done
			cancel()
		}
	}
	s.mu.Unlock()
	s.changed()
}

// compare returns which of the servers are new to the set, and which of the set's are not among them. s.mu is held.
func (s *Set) compare(servers []*config.Server) (fresh []*config.Server, gone []*Server) {
	wanted := map[string]bool{}
	for _, c := range servers {
		wanted[c.Name] = true
		if s.servers[c.Name] == nil {
			fresh = append(fresh, c)
		}
	}
	for name, server := range s.servers {
		if !wanted[name] {
			gone = append(gone, server)
		}
	}
	return fresh, gone
}

// Run runs the servers until ctx ends, and returns when nothing of them is left, which takes less than 5 s.
func (s *Set) Run(ctx context.Context) error {
	defer s.guard.close()
	var work sync.WaitGroup
	s.mu.Lock()
	s.launch = func(server *Server, after <-chan struct{}) {
		living, cancel := context.WithCancel(ctx)
		s.cancel[server] = cancel
		work.Go(func() {
			defer cancel()
			server.run(living, after)
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.cancel, server)
			if s.ending[server.name] == server.done {
				delete(s.ending, server.name)
			}
		})
	}
	for _, server := range s.servers {
		s.launch(server, nil)
	}
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	s.launch = nil
	s.mu.Unlock()
	work.Wait()
	return context.Cause(ctx)
}

// dial opens a connection to a server. It reports whether that took outputs of commands that were run before.
func (s *Set) dial(ctx context.Context, c *config.Server, server *Server, k *known) (conn Conn, kept bool, err error) {
	if c.Transport == Local {
		conn, err = s.options.Dial(ctx, c.Name)
		return conn, false, err
	}
	r, err := c.Resolve(ctx)
	if err != nil {
		waits, ok := errors.AsType[*config.SecretError](err)
		if ctx.Err() == nil && (!ok || errors.Is(waits, secret.ErrNotFound)) { // a store that cannot be read now may be later
			err = permanent{err}
		}
		return nil, false, err
	}
	s.options.Redact.Know(c.Name, r.Exposed...)
	o := dialOptions{
		protocol: c.Protocol, version: s.options.Version, events: server.event, log: server.log, known: k, more: server.lacking,
		limits: s.limits, backoff: backoff, redact: s.options.Redact,
	}
	if c.Transport == config.Stdio {
		conn, err = dialStdio(ctx, r, server.said, s.guard, o)
		return conn, r.Kept, err
	}
	if o.auth, err = s.authorizer(c.Name, r); err != nil {
		return nil, false, permanent{err}
	}
	conn, err = dialRemote(ctx, r, o)
	return conn, r.Kept, err
}
