package upstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mcphub/hub/config"
	"mcphub/hub/watch"
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
	Name      string
	Config    *config.Server
	State     State
	Since     time.Time // when it came into this state
	Err       string    // why the last attempt or connection failed; empty while all is well
	Failures  int       // attempts that failed in a row
	RetryAt   time.Time // of the next attempt, while Retrying
	Challenge string    // the server's WWW-Authenticate header, while Authorizing: what a sign-in starts from
	Hello     *Hello    // while Ready
	PID       int       // of a local server's command, while Ready
	Problems  []string  // what does not work although it is Ready
	Health    Health
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
		name: c.Name, set: set, log: set.options.Log.With("server", c.Name), said: newRing(func(line string) { set.options.Events.Publish(EventStderr, c.Name, line) }),
		called: make(chan struct{}, 1), done: make(chan struct{}), dirty: make(chan struct{}, 1), changed: make(chan struct{}),
	}
	s.lists.Store(&Lists{})
	st := &Status{Name: c.Name, Config: c, State: next(factsOf(c)), Since: time.Now()}
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
// once. It returns before the server is ready.
func (s *Server) Start() {
	s.command(func(l *life) {
		l.disabled, l.stopped = false, false
		if l.link == linkNone || l.link == linkClosing {
			l.forget()
		}
	})
}

// Stop ends a server until Start is called or its configuration changes. It returns before the server has ended.
func (s *Server) Stop() { s.command(func(l *life) { l.stopped = true }) }

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
		old := l.config
		l.config = c
		if c.Fingerprint != old.Fingerprint || c.Err != nil || old.Err != nil {
			l.stale = l.link != linkNone
			l.stopped, l.known, l.invalid = false, known{}, c.Err != nil
			l.forget()
		}
		if c.Disabled != old.Disabled {
			l.disabled, l.stopped = c.Disabled, false
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

// obey carries out the commands that have been given.
func (l *life) obey() {
	l.mu.Lock()
	commands := l.commands
	l.commands = nil
	l.mu.Unlock()
	for _, f := range commands {
		f(l)
	}
}

// life is what the goroutine of a server knows: the facts, and what is under way.
type life struct {
	facts
	*Server
	work     sync.WaitGroup
	config   *config.Server
	known    known
	dialed   chan dialed
	undial   context.CancelFunc
	conn     Conn
	lost     <-chan struct{} // of conn
	unserve  context.CancelFunc
	closed   chan struct{}
	retry    *time.Timer
	retryAt  time.Time
	upSince  time.Time
	err      error
	failures int
	sources  string             // what watchSources watches
	unwatch  context.CancelFunc // ends it
}

// dialed is how an attempt ended, and what it taught about the server.
type dialed struct {
	conn  Conn
	lists *Lists
	known known
	err   error
}

// run is the server's life until ctx ends, after which nothing of the server is left.
func (s *Server) run(ctx context.Context, after <-chan struct{}) {
	defer close(s.done)
	if after != nil {
		<-after // an earlier server of this name is still ending
	}
	c := s.Status().Config
	l := &life{
		facts: factsOf(c), Server: s, config: c, dialed: make(chan dialed, 1), closed: make(chan struct{}, 1),
		retry: time.NewTimer(time.Hour), undial: func() {}, unserve: func() {}, unwatch: func() {},
	}
	defer l.retry.Stop()
	if c.Err != nil {
		l.err = c.Err
	}
	l.watchSources()
	for ctx.Err() == nil {
		state := next(l.facts)
		switch {
		case state == Stopping && l.link == linkDialing:
			l.undial()
		case state == Stopping && l.link == linkUp:
			l.hangUp(ctx)
		case state == Starting && l.link == linkNone:
			l.dial(ctx)
		}
		l.publish(next(l.facts))
		select {
		case <-s.called:
			l.obey()
		case d := <-l.dialed:
			l.answered(ctx, d)
		case <-l.lost:
			l.failed(l.conn.Err())
			l.hangUp(ctx)
		case <-l.closed:
			l.link = linkNone
		case <-l.retry.C:
			l.waiting = false
		case <-ctx.Done():
		}
	}
	l.finish(ctx)
}

// dial starts an attempt.
func (l *life) dial(ctx context.Context) {
	l.link, l.stale = linkDialing, false
	timeout := startTimeoutRemote
	if l.config.Transport == config.Stdio {
		timeout = startTimeoutLocal
	}
	ctx, l.undial = context.WithTimeoutCause(ctx, timeout, fmt.Errorf("it did not get ready within %v", timeout))
	c, d := l.config, dialed{known: l.known}
	l.work.Go(func() {
		d.conn, d.err = l.set.dial(ctx, c, l.Server, &d.known)
		if d.err == nil {
			l.markAll(false)
			if d.lists, d.err = fetch(ctx, d.conn, l.set.options.Version, &Lists{}, func(kind) bool { return true }); d.err != nil {
				closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
				_ = d.conn.Close(closing)
				cancel()
				d.conn = nil
			}
		}
		l.dialed <- d
	})
}

// answered takes the end of an attempt.
func (l *life) answered(ctx context.Context, d dialed) {
	l.undial()
	if !l.stale { // else it was learned under another configuration
		l.known = d.known
	}
	switch {
	case d.err == nil:
		l.link, l.conn, l.lost, l.upSince, l.err = linkUp, d.conn, d.conn.Done(), time.Now(), nil
		l.last = outcomeNone
		l.lists.Store(d.lists)
		if next(l.facts) != Ready {
			return // it was stopped meanwhile: the loop hangs up
		}
		l.Server.conn.Store(&d.conn)
		serving, cancel := context.WithCancel(ctx)
		l.unserve = cancel
		l.work.Go(func() { l.refresh(serving, d.conn, d.lists) })
	case l.stale || l.stopped || l.disabled || l.invalid:
		l.link = linkNone
	default:
		l.link = linkNone
		l.failed(d.err)
	}
}

// failed notes that an attempt or a connection failed, and when to try again.
func (l *life) failed(err error) {
	l.err, l.last = err, outcomeOf(err)
	if !l.upSince.IsZero() && time.Since(l.upSince) > settled {
		l.failures = 0
	}
	l.upSince = time.Time{}
	l.failures++
	l.said.note("hub: " + err.Error())
	if l.last == outcomeTransient {
		wait := backoff(l.failures)
		l.waiting, l.retryAt = true, time.Now().Add(wait)
		l.retry.Reset(wait)
	}
}

// forget lets the next attempt be made at once.
func (l *life) forget() {
	l.last, l.waiting, l.failures, l.err = outcomeNone, false, 0, nil
	if l.config.Err != nil {
		l.err = l.config.Err
	}
}

// hangUp ends the connection, if need be by force.
func (l *life) hangUp(ctx context.Context) {
	l.link = linkClosing
	l.unserve()
	l.Server.conn.Store(nil)
	conn := l.conn
	l.conn, l.lost = nil, nil
	l.work.Go(func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		_ = conn.Close(closing)
		l.closed <- struct{}{}
	})
}

// finish ends everything that is under way.
func (l *life) finish(ctx context.Context) {
	l.unwatch()
	l.undial()
	if l.link == linkDialing {
		if d := <-l.dialed; d.conn != nil {
			l.conn, l.link = d.conn, linkUp
		}
	}
	if l.link == linkUp {
		l.hangUp(ctx)
	}
	l.work.Wait()
	l.link, l.stopped = linkNone, true
	l.publish(Stopping)
}

// publish makes the state known, if anything about it is new.
func (l *life) publish(state State) {
	old := l.status.Load()
	st := &Status{Name: l.name, Config: l.config, State: state, Since: old.Since, Failures: l.failures}
	if l.err != nil {
		st.Err = l.err.Error()
	}
	switch state {
	case Ready:
		st.Hello, st.Problems = l.conn.Hello(), l.lists.Load().Problems
		if p, ok := l.conn.(interface{ PID() int }); ok {
			st.PID = p.PID()
		}
	case Retrying:
		st.RetryAt = l.retryAt
		if l.failures > keepLists {
			l.lists.Store(&Lists{})
		}
	case Authorizing:
		var unauthorized *UnauthorizedError
		if errors.As(l.err, &unauthorized) {
			st.Challenge = unauthorized.Challenge
		}
		l.lists.Store(&Lists{})
	case Disabled, Idle, Failed:
		l.lists.Store(&Lists{})
	}
	if old.State == state && old.Config == st.Config && old.Err == st.Err && old.Failures == st.Failures && old.PID == st.PID &&
		slices.Equal(old.Problems, st.Problems) {
		return
	}
	if old.State != state {
		st.Since = time.Now()
		level := slog.LevelInfo
		if state == Failed || state == Authorizing {
			level = slog.LevelError
		} else if state == Retrying {
			level = slog.LevelWarn
		}
		l.log.Log(context.Background(), level, "server changed state", "from", old.State, "to", state,
			"reason", st.Err, "after", st.Since.Sub(old.Since).Round(time.Millisecond))
	}
	st.Health = health(st)
	l.status.Store(st)
	l.announce()
	if old.State != state {
		l.set.options.Events.Publish(EventState, l.name, StateChange{old.State, state, st.Err, st.Since.Sub(old.Since)})
	}
}

// announce wakes those who wait for a change, and tells the set.
func (s *Server) announce() {
	s.mu.Lock()
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	s.set.changed()
}

// event takes what the server sends outside of any call.
func (s *Server) event(f Frame) {
	switch f.Name() {
	case "notifications/tools/list_changed":
		s.mark(tools)
	case "notifications/resources/list_changed":
		s.mark(resources, templates)
	case "notifications/prompts/list_changed":
		s.mark(prompts)
	case "notifications/cancelled", "notifications/subscriptions/acknowledged":
	default:
		s.set.deliver(s, f)
	}
}

func (s *Server) mark(list ...kind) {
	for _, k := range list {
		s.dirtied[k].Store(true)
	}
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

func (s *Server) markAll(dirty bool) {
	for k := range kinds {
		s.dirtied[k].Store(dirty)
	}
}

// refresh reads changed lists again: at once after a quiet time, and many changes together in a storm.
func (s *Server) refresh(ctx context.Context, c Conn, lists *Lists) {
	for last := (time.Time{}); ; last = time.Now() {
		select {
		case <-s.dirty:
		case <-ctx.Done():
			return
		}
		waitFor(ctx, nil, refreshDelay-time.Since(last))
		var read [kinds]bool
		fresh, err := fetch(ctx, c, s.set.options.Version, lists, func(k kind) bool {
			read[k] = s.dirtied[k].Swap(false)
			return read[k]
		})
		if err != nil {
			continue // the connection ended; its successor reads everything
		}
		lists = fresh
		s.command(func(l *life) {
			if l.conn == c {
				l.lists.Store(fresh)
				l.announce()
				l.set.options.Events.Publish(EventLists, l.name, ListsChange{read[tools], read[resources] || read[templates], read[prompts]})
			}
		})
	}
}

// watchSources restarts a server in development when its sources change.
func (l *life) watchSources() {
	dev := l.config.Dev
	key := ""
	if dev != nil && dev.Enabled && l.config.Transport == config.Stdio && !l.config.Disabled && l.config.Err == nil {
		key = fmt.Sprintf("%q %q", dev.Cwd, dev.Watch)
	}
	if key == l.sources {
		return
	}
	l.unwatch()
	l.sources, l.unwatch = key, func() {}
	if key == "" {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.unwatch = cancel
	l.work.Go(func() {
		err := watch.Globs(ctx, l.log, dev.Cwd, dev.Watch, devDelay, func(path string) {
			l.log.Info("source changed, restarting", "path", path)
			l.Restart()
		})
		if err != nil && ctx.Err() == nil {
			l.log.Error("cannot watch sources", "err", err)
		}
	})
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
