package upstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"mcphub/hub/config"
)

// How long things may take.
const (
	startTimeoutLocal  = 5 * time.Minute // a first npx or uvx downloads
	startTimeoutRemote = 1 * time.Minute
	stopTimeout        = 4500 * time.Millisecond
	readyWait          = 30 * time.Second // for a call to a server that is just starting
	refreshDelay       = 50 * time.Millisecond
	devDelay           = 500 * time.Millisecond
)

// keepLists is how many attempts in a row may fail before the tools of a server that was ready are withdrawn: clients
// need not notice a restart that works.
const keepLists = 3

// Server is one managed MCP server. Its methods may be called from many goroutines; its life runs on one of its own.
type Server struct {
	name string
	set  *Set
	log  *slog.Logger
	said *ring

	called  chan struct{} // holds one token when there are commands
	done    chan struct{} // closed when its life has ended
	dirty   chan struct{} // holds one token when a list has changed
	dirtied [kinds]atomic.Bool

	conn   atomic.Pointer[Conn]
	status atomic.Pointer[Status]
	lists  atomic.Pointer[Lists]

	mu       sync.Mutex
	commands []func(*life)
	changed  chan struct{} // closed at the next change of status, then replaced
}

// Status is a server at one moment.
type Status struct {
	Name     string
	Config   *config.Server
	State    State
	Since    time.Time // when it came into this state
	Err      string    // why the last attempt or connection failed; empty while all is well
	Failures int       // attempts that failed in a row
	RetryAt  time.Time // of the next attempt, while Retrying
	Hello    *Hello    // while Ready
	PID      int       // of a local server's command, while Ready
	Problems []string  // what does not work although it is Ready
	More     string    // why the sign-in does not reach far enough for a call, while Ready; empty if it does
	Secret   string    // the secret that it waits for, while Failed or Retrying
	Health   Health

	missing *config.Diagnostic // what to do about the secret
	facts   facts              // from which the state followed
}

// UnavailableError says why a server cannot be asked now. It wraps ErrUnavailable.
type UnavailableError struct {
	Server string
	Health Health
}

// Error names the server, the reason and what to do.
func (e *UnavailableError) Error() string {
	text := fmt.Sprintf("server %q is not available: %s", e.Server, e.Health.Summary)
	if e.Health.Action != "" {
		text += " " + e.Health.Action
	}
	return text
}

// Unwrap returns ErrUnavailable.
func (e *UnavailableError) Unwrap() error { return ErrUnavailable }

func newServer(set *Set, c *config.Server) *Server {
	s := &Server{
		name: c.Name, set: set, log: set.options.Log.With("server", c.Name), said: newRing(set.options.Events, c.Name, set.options.Redact),
		called: make(chan struct{}, 1), done: make(chan struct{}), dirty: make(chan struct{}, 1), changed: make(chan struct{}),
	}
	s.lists.Store(&Lists{})
	st := &Status{Name: c.Name, Config: c, State: next(factsOf(c)), Since: time.Now(), facts: factsOf(c)}
	if c.Err != nil {
		st.Err = c.Err.Error()
	}
	st.Health = health(st)
	s.status.Store(st)
	return s
}

func factsOf(c *config.Server) facts { return facts{disabled: c.Disabled, invalid: c.Err != nil} }

// Name returns the server's name in the configuration.
func (s *Server) Name() string { return s.name }

// Status returns the server's present status, which never changes.
func (s *Server) Status() *Status { return s.status.Load() }

// Lists returns what the server offers. While a server that was ready is being restarted these are its last ones.
func (s *Server) Lists() *Lists { return s.lists.Load() }

// Log returns the last lines of the server's standard error and the hub's notes on it, oldest first.
func (s *Server) Log() []LogLine { return s.said.all() }

// Conn returns the connection to the server. It waits for a server that is just starting, or is being restarted, and
// returns an *UnavailableError for one that is not.
func (s *Server) Conn(ctx context.Context) (Conn, error) {
	if c := s.live(); c != nil {
		return c, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, readyWait, ErrUnavailable)
	defer cancel()
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if c := s.live(); c != nil {
			return c, nil
		}
		st := s.Status()
		switch {
		case st.State == Starting, st.State == Stopping, st.State == Retrying && time.Until(st.RetryAt) < 2*time.Second:
		case st.State == Ready: // its end has yet to be noticed
		default:
			return nil, &UnavailableError{s.name, st.Health}
		}
		select {
		case <-changed:
		case <-s.done:
			return nil, &UnavailableError{s.name, st.Health}
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), ErrUnavailable) {
				return nil, &UnavailableError{s.name, st.Health}
			}
			return nil, context.Cause(ctx)
		}
	}
}

// live returns the connection, or nil if there is none or it has ended.
func (s *Server) live() Conn {
	c := s.conn.Load()
	if c == nil {
		return nil
	}
	select {
	case <-(*c).Done():
		return nil
	default:
		return *c
	}
}

// Start starts a server that is stopped or switched off, for this run of the hub, and tries a failed one again at
// once, also one that somebody has signed in to. It returns before the server is ready.
func (s *Server) Start() {
	s.command(func(l *life) {
		l.disabled, l.stopped, l.more = false, false, ""
		if l.link == linkNone || l.link == linkClosing {
			l.forget()
		}
	})
}

// Stop ends a server until Start is called or its configuration changes. It returns before the server has ended.
func (s *Server) Stop() { s.command(func(l *life) { l.stopped = true }) }

// Retry tries a server at once that has failed, and leaves alone one that is up, stopped or switched off.
func (s *Server) Retry() {
	s.command(func(l *life) {
		l.again = l.link == linkDialing
		if l.link == linkNone {
			l.forget()
		}
	})
}

// Restart ends a server's connection and starts it again, as if for the first time.
func (s *Server) Restart() {
	s.command(func(l *life) {
		l.stale, l.known = l.link != linkNone, known{}
		l.forget()
	})
}

// Reset is Restart for a server as its configuration says, whatever was started or stopped by hand.
func (s *Server) Reset() {
	s.Restart()
	s.command(func(l *life) { l.disabled, l.stopped = l.config.Disabled, false })
}

// Refresh has all lists of a ready server read again, and returns when they have been, or ctx ends.
func (s *Server) Refresh(ctx context.Context) error {
	old := s.Lists()
	s.mark(tools, resources, templates, prompts)
	return s.await(ctx, func(st *Status) (bool, error) {
		if st.State != Ready {
			return true, &UnavailableError{s.name, st.Health}
		}
		return s.Lists() != old, nil
	})
}

func (s *Server) apply(c *config.Server) {
	s.command(func(l *life) {
		anew := l.facts.reconfigure(l.config, c)
		l.config = c
		if anew {
			l.known = known{}
			l.forget()
		}
		l.watchSources()
	})
}

// command has f called by the server's life. It never blocks.
func (s *Server) command(f func(*life)) {
	s.mu.Lock()
	s.commands = append(s.commands, f)
	s.mu.Unlock()
	select {
	case s.called <- struct{}{}:
	default:
	}
}

// Settled waits until the server is ready (up) or at rest (not up), and returns an *UnavailableError if it came to
// rest in another way than wanted.
func (s *Server) Settled(ctx context.Context, up bool) error {
	return s.await(ctx, func(st *Status) (bool, error) {
		switch st.State {
		case Ready:
			return up, nil
		case Disabled, Idle:
			return !up, nil
		case Failed, Authorizing:
			return true, &UnavailableError{s.name, st.Health}
		}
		return false, nil
	})
}

// await waits until the commands given before have been carried out, and then until is says that it is over.
func (s *Server) await(ctx context.Context, is func(*Status) (bool, error)) error {
	obeyed := make(chan struct{})
	s.command(func(l *life) {
		l.publish(next(l.facts))
		close(obeyed)
	})
	select {
	case <-obeyed:
	case <-s.done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		st := s.Status()
		if over, err := is(st); over {
			return err
		}
		select {
		case <-changed:
		case <-s.done:
			return &UnavailableError{s.name, st.Health}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
