package upstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"mcphub/hub/config"
	"mcphub/hub/watch"
)

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
	more     string // why the sign-in does not reach far enough, empty if it does
	failures int
	kept     bool               // the last attempt, or the connection, took outputs of commands that may be out of date
	renew    bool               // the next attempt has the commands run again
	renewed  time.Time          // when they were last
	again    bool               // an attempt that fails is made again at once: something has changed since it began
	sources  string             // what watchSources watches
	unwatch  context.CancelFunc // ends it
}

// dialed is how an attempt ended, and what it taught about the server.
type dialed struct {
	conn  Conn
	lists *Lists
	known known
	kept  bool
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
	renew := l.renew
	l.link, l.stale, l.renew, l.again = linkDialing, false, false, false
	timeout := startTimeoutRemote
	if l.config.Transport == config.Stdio {
		timeout = startTimeoutLocal
	}
	ctx, l.undial = context.WithTimeoutCause(ctx, timeout, fmt.Errorf("it did not get ready within %v", timeout))
	c, d := l.config, dialed{known: l.known}
	l.work.Go(func() {
		if renew {
			if err := c.Forget(ctx); err != nil {
				l.log.Warn("kept outputs of commands are not forgotten", "err", err)
			}
		}
		d.conn, d.kept, d.err = l.set.dial(ctx, c, l.Server, &d.known)
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
	l.kept = d.kept
	switch {
	case d.err == nil:
		l.kept, l.again = l.config.UsesCommands(), false
		l.link, l.conn, l.lost, l.upSince, l.err, l.more = linkUp, d.conn, d.conn.Done(), time.Now(), nil, ""
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
	l.said.note("hub: " + err.Error())
	var unauthorized *UnauthorizedError
	switch {
	case l.again:
		l.forget()
		return
	case errors.As(err, &unauthorized) && !unauthorized.stepUp() && l.kept && time.Since(l.renewed) > settled:
		// What a command printed may have expired: it is run again, once.
		l.forget()
		l.renew, l.renewed = true, time.Now()
		return
	}
	l.failures++
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
	st := &Status{Name: l.name, Config: l.config, State: state, Since: old.Since, Failures: l.failures, facts: l.facts}
	if l.err != nil {
		st.Err = l.set.options.Redact.Mask(l.err.Error())
		if waits, ok := errors.AsType[*config.SecretError](l.err); ok {
			st.Secret, st.missing = waits.Name, waits.Diagnostic
		}
	}
	switch state {
	case Ready:
		st.Hello, st.More = l.conn.Hello(), l.more
		for _, problem := range l.lists.Load().Problems {
			st.Problems = append(st.Problems, l.set.options.Redact.Mask(problem))
		}
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
			st.Err = unauthorized.Error()
		}
		l.lists.Store(&Lists{})
	case Disabled, Idle, Failed:
		l.lists.Store(&Lists{})
	}
	if old.State == state && old.Config == st.Config && old.Err == st.Err && old.Failures == st.Failures && old.PID == st.PID && old.More == st.More &&
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
		l.set.options.Events.Publish(EventState, l.name, StateChange{old.State, state, st.Err, st.Since.Sub(old.Since), st.Health})
	} else if old.Health != st.Health {
		l.set.options.Events.Publish(EventHealth, l.name, st.Health)
	}
}

// announce tells the set of a change, and then wakes those who wait for one.
func (s *Server) announce() {
	s.set.changed()
	s.mu.Lock()
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
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
