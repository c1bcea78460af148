package upstream

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSetApply: only what changed is restarted, as it was planned.
func TestSetApply(t *testing.T) {
	a, b := legacyScript(t), legacyScript(t)
	both := func(change func(a map[string]any)) map[string]any {
		e := entry(t, a)
		change(e)
		return map[string]any{"a": e, "b": entry(t, b)}
	}
	planned := func(p, want Plan) {
		t.Helper()
		if !reflect.DeepEqual(p, want) {
			t.Errorf("planned is %+v, want %+v", p, want)
		}
	}
	r := run(t, both(func(map[string]any) {}))
	r.reaches("a", Ready)
	r.reaches("b", Ready)
	planned(r.configure(both(func(e map[string]any) { e["description"], e["disabled_tools"] = "new", []string{"x"} })), Plan{Update: []string{"a"}, Keep: []string{"b"}})
	eventually(t, "the description is known", func() bool { return r.Get("a").Status().Config.Description == "new" })
	if st := r.Get("a").Status(); st.State != Ready || len(st.Config.DisabledTools) != 1 {
		t.Errorf("%+v", st)
	}
	planned(r.configure(both(func(e map[string]any) { e["args"] = []string{"new"} })), Plan{Restart: []string{"a"}, Keep: []string{"b"}})
	eventually(t, "a is restarted", func() bool { return len(a.journal(t, "start")) == 2 && r.Get("a").Status().State == Ready })
	planned(r.configure(both(func(e map[string]any) { e["args"] = []string{"new"} })), Plan{Keep: []string{"a", "b"}})
	result(t, r.conn("a"), tool("echo", arguments{}))
	if n := len(a.journal(t, "start")); n != 2 {
		t.Errorf("a was started %d times", n)
	}
	if n := len(b.journal(t, "start")); n != 1 {
		t.Errorf("b was started %d times", n)
	}
	names := func() (out []string) {
		for _, s := range r.List() {
			out = append(out, s.Name())
		}
		return out
	}
	if !slices.Equal(names(), []string{"a", "b"}) {
		t.Error(names())
	}
	gone := r.Get("a")
	planned(r.configure(map[string]any{"b": entry(t, b)}), Plan{Remove: []string{"a"}, Keep: []string{"b"}})
	if r.Get("a") != nil || !slices.Equal(names(), []string{"b"}) {
		t.Error(names())
	}
	<-gone.done
	if _, err := gone.Conn(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
	if err := gone.Settled(t.Context(), true); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
}

// TestSetRemovedBeforeRun: a server that was taken out before the set ran leaves nothing to wait for.
func TestSetRemovedBeforeRun(t *testing.T) {
	s := legacyScript(t)
	with := map[string]any{"s": entry(t, s)}
	r := run(t, with, func(set *Set) {
		r := &running{Set: set, t: t, file: t.TempDir() + "/servers.json"}
		r.configure(with)
		r.configure(map[string]any{})
	})
	r.reaches("s", Ready)
	r.configure(map[string]any{})
	r.configure(with)
	r.reaches("s", Ready)
	if n := len(s.journal(t, "start")); n != 2 {
		t.Errorf("started %d times", n)
	}
}

// TestSetWithHangingServers: servers that never get ready delay nobody, neither at the start nor at the end.
func TestSetWithHangingServers(t *testing.T) {
	mute := legacyScript(t)
	mute.Legacy, mute.Discover, mute.Stay, mute.NoTerm = false, "nothing", true, true
	lists := legacyScript(t)
	lists.Pages = map[string][]string{"tools/list": {""}}
	resolving := entry(t, legacyScript(t))
	resolving["args"] = []string{"${cmd: sleep 600}"}
	good := legacyScript(t)
	r := run(t, map[string]any{"mute": entry(t, mute), "lists": entry(t, lists), "resolving": resolving, "good": entry(t, good)})
	r.reaches("good", Ready)
	eventually(t, "the others are asked", func() bool {
		return len(mute.journal(t, "server/discover")) == 1 && len(lists.journal(t, "tools/list")) == 1
	})
	for _, name := range []string{"mute", "lists", "resolving"} {
		if st := r.Get(name).Status().State; st != Starting {
			t.Errorf("%s is %s", name, st)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if _, err := r.Get(name).Conn(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
	result(t, r.conn("good"), tool("echo", arguments{}))
	r.Get("mute").Stop()
	r.reaches("mute", Idle)
	r.stop()
}

// TestSetIsolates: a server that stops reading is restarted, and the other does not notice.
func TestSetIsolates(t *testing.T) {
	bad, good := legacyScript(t), legacyScript(t)
	r := run(t, map[string]any{"bad": entry(t, bad), "good": entry(t, good)}, func(s *Set) { s.limits.unread = 200 * time.Millisecond })
	r.reaches("bad", Ready)
	c := r.conn("bad")
	go func() { _, _ = c.Do(context.Background(), tool("deaf", arguments{})) }()
	eventually(t, "it is deaf", func() bool { return len(bad.journal(t, "tools/call")) == 1 })
	lost := make(chan error, 1)
	go func() {
		_, err := c.Do(context.Background(), &Request{Method: "x", Params: []byte(`{"x":"` + strings.Repeat("x", 1<<20) + `"}`)})
		lost <- err
	}()
	for done := false; !done; {
		result(t, r.conn("good"), tool("echo", arguments{}))
		select {
		case err := <-lost:
			if !errors.Is(err, errNotReading) {
				t.Error(err)
			}
			done = true
		default:
		}
	}
	eventually(t, "it is restarted", func() bool { return len(bad.journal(t, "start")) == 2 })
	result(t, r.conn("bad"), tool("echo", arguments{}))
	if n := len(good.journal(t, "start")); n != 1 {
		t.Errorf("the good one was started %d times", n)
	}
}

// TestSetDelivers what servers send outside of calls, and refuses requests that nobody takes.
func TestSetDelivers(t *testing.T) {
	events := make(chan string, 10)
	r := run(t, map[string]any{"s": entry(t, legacyScript(t))}, func(s *Set) {
		s.OnFrame(func(from *Server, f Frame) {
			Refuse(f, "not today")
			events <- from.Name() + " " + f.Name()
		})
	})
	r.reaches("s", Ready)
	req := tool("ask", arguments{Method: "roots/list"})
	req.Frames = nil
	if got := result(t, r.conn("s"), req); !strings.HasSuffix(got, `,"error":{"code":-32601,"message":"not today"}}`) {
		t.Error(got)
	}
	if got := <-events; got != "s roots/list" {
		t.Error(got)
	}
}
