package upstream

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// states records the states of a server, in order.
type states struct {
	mu   sync.Mutex
	seen []State
}

func watchStates(name string) (*states, func(*Set)) {
	w := &states{}
	return w, func(set *Set) {
		set.OnChange(func() {
			s := set.Get(name)
			if s == nil {
				return
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			if st := s.Status().State; len(w.seen) == 0 || w.seen[len(w.seen)-1] != st {
				w.seen = append(w.seen, st)
			}
		})
	}
}

func (w *states) all() []State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.seen)
}

func TestServerLife(t *testing.T) {
	s := legacyScript(t)
	seen, watch := watchStates("s")
	r := run(t, map[string]any{"s": entry(t, s)}, watch)
	st := r.reaches("s", Ready)
	if st.PID == 0 || st.Hello.Version != "2025-06-18" || st.Err != "" || st.Failures != 0 || st.Health.Level != LevelOK {
		t.Errorf("%+v", st)
	}
	r.Get("s").Stop()
	st = r.reaches("s", Idle)
	if st.PID != 0 || st.Hello != nil || len(r.Get("s").Lists().Tools) > 0 {
		t.Errorf("%+v", st)
	}
	var unavailable *UnavailableError
	if _, err := r.Get("s").Conn(t.Context()); !errors.As(err, &unavailable) || !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "Start it") {
		t.Error(err)
	}
	r.Get("s").Start()
	r.reaches("s", Ready)
	if want := []State{Starting, Ready, Stopping, Idle, Starting, Ready}; !slices.Equal(seen.all(), want) {
		t.Errorf("states %v, want %v", seen.all(), want)
	}
	if n := len(s.journal(t, "start")); n != 2 {
		t.Errorf("started %d times", n)
	}
}

// TestServerCrash: it is noticed at once, and whoever asks for the connection meanwhile gets the next one.
func TestServerCrash(t *testing.T) {
	s := legacyScript(t)
	r := run(t, map[string]any{"s": entry(t, s)})
	first := r.reaches("s", Ready)
	for i := range 3 {
		c := r.conn("s")
		if _, err := doCall(t, c, tool("crash", arguments{})); !errors.Is(err, ErrClosed) || !strings.Contains(err.Error(), "boom: it hurts") {
			t.Fatal(err)
		}
		<-c.Done()
		var callers sync.WaitGroup
		for range 8 {
			callers.Go(func() {
				again, err := r.Get("s").Conn(t.Context())
				if err != nil || again == c {
					t.Errorf("crash %d: %v", i, err)
					return
				}
				if _, err := again.Do(t.Context(), tool("echo", arguments{})); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		if len(r.Get("s").Lists().Tools) != 1 {
			t.Error("its tools are gone")
		}
	}
	if st := r.reaches("s", Ready); st.PID == first.PID || st.Failures != 3 || st.Err != "" {
		t.Errorf("%+v", st)
	}
	var log []string
	for _, line := range r.Get("s").Log() {
		log = append(log, line.Text)
	}
	if text := strings.Join(log, "\n"); strings.Count(text, "hub: connection to the server ended: the process ended: exit status 3; it last said: boom: it hurts") != 3 {
		t.Errorf("log:\n%s", text)
	}
}

// TestServerCrashLoop: it is tried again and again, later each time; its tools are kept for the first few.
func TestServerCrashLoop(t *testing.T) {
	s := legacyScript(t)
	s.Once = true
	r := run(t, map[string]any{"s": entry(t, s)})
	r.reaches("s", Ready)
	_, _ = doCall(t, r.conn("s"), tool("exit", arguments{}))
	for want := 1; want <= keepLists+1; want++ {
		eventually(t, fmt.Sprintf("failure %d", want), func() bool { return r.Get("s").Status().Failures >= want && r.Get("s").Status().State == Retrying })
		st := r.Get("s").Status()
		kept := len(r.Get("s").Lists().Tools) == 1
		if st.Failures == want && kept != (want <= keepLists) {
			t.Errorf("after %d failures the tools are kept: %v", want, kept)
		}
		if (st.Health.Level == LevelError) != (st.Failures >= 3) || want > 1 && !strings.Contains(st.Err, "no reason to live") || strings.Count(st.Err, "it last said") > 1 {
			t.Errorf("%+v", st)
		}
	}
	r.Get("s").Stop()
	if st := r.reaches("s", Idle); st.Health.Level != LevelOff {
		t.Errorf("%+v", st)
	}
	starts := len(s.journal(t, "start"))
	time.Sleep(50 * time.Millisecond)
	if n := len(s.journal(t, "start")); n != starts {
		t.Error("started after it was stopped")
	}
}

// TestServerFailed: what a person must mend is not tried again, until it is mended.
func TestServerFailed(t *testing.T) {
	good := legacyScript(t)
	with := func(key string, value any) map[string]any {
		e := entry(t, good)
		e[key] = value
		return e
	}
	tests := []struct {
		name  string
		entry map[string]any
		says  string
	}{
		{"no such command", with("command", "no-such-command"), "install it"},
		{"no such folder", with("cwd", filepath.Join(t.TempDir(), "nowhere")), "correct cwd"},
		{"no such variable", with("args", []string{"${NO_SUCH_VARIABLE}"}), "NO_SUCH_VARIABLE"},
		{"an entry that is wrong", map[string]any{"args": []string{}}, "neither command nor url"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			seen, watch := watchStates("s")
			r := run(t, map[string]any{"s": test.entry}, watch)
			st := r.reaches("s", Failed)
			if !strings.Contains(st.Err, test.says) || st.Health.Level != LevelError || st.Health.Action == "" {
				t.Errorf("%+v", st)
			}
			time.Sleep(50 * time.Millisecond)
			if got := seen.all(); len(got) > 2 || got[len(got)-1] != Failed {
				t.Errorf("states %v", got)
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := r.Get("s").Settled(ctx, true); !errors.Is(err, ErrUnavailable) {
				t.Error(err)
			}
			r.configure(map[string]any{"s": entry(t, good)})
			if err := r.Get("s").Settled(ctx, true); err != nil {
				t.Error(err)
			}
			r.configure(map[string]any{"s": test.entry})
			r.reaches("s", Failed)
		})
	}
}

// TestServerStartAgain: Start tries a failed server again, and Settled waits for what comes of it.
func TestServerStartAgain(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a link as a command")
	}
	command := filepath.Join(t.TempDir(), "command")
	e := entry(t, legacyScript(t))
	exe := e["command"].(string)
	e["command"] = command
	r := run(t, map[string]any{"s": e})
	r.reaches("s", Failed)
	if err := os.Symlink(exe, command); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r.Get("s").Start()
	if err := r.Get("s").Settled(ctx, true); err != nil {
		t.Error(err)
	}
	r.Get("s").Stop()
	if err := r.Get("s").Settled(ctx, false); err != nil || r.Get("s").Status().State != Idle {
		t.Error(err, r.Get("s").Status().State)
	}
}

// TestServerToggled: an editor writes "disabled" to the file and starts or stops the server, in either order.
func TestServerToggled(t *testing.T) {
	for _, order := range []string{"the file first", "the command first", "only the file"} {
		t.Run(order, func(t *testing.T) {
			s := legacyScript(t)
			off, on := entry(t, s), entry(t, s)
			off["disabled"] = true
			r := run(t, map[string]any{"s": off})
			r.reaches("s", Disabled)
			toggle := func(e map[string]any, command func()) {
				if order == "the command first" {
					command()
				}
				r.configure(map[string]any{"s": e})
				if order == "the file first" {
					command()
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			for i := 1; i <= 3; i++ {
				toggle(on, r.Get("s").Start)
				if err := r.Get("s").Settled(ctx, true); err != nil {
					t.Fatal(err)
				}
				toggle(off, r.Get("s").Stop)
				if err := r.Get("s").Settled(ctx, false); err != nil {
					t.Fatal(err)
				}
				if st := r.reaches("s", Disabled); st.Health.Level != LevelOff {
					t.Errorf("%+v", st)
				}
				if n := len(s.journal(t, "start")); n != i {
					t.Errorf("started %d times instead of %d", n, i)
				}
			}
		})
	}
}

// TestServerRestart: whoever asks for the connection meanwhile waits for the next one.
func TestServerRestart(t *testing.T) {
	r := run(t, map[string]any{"s": entry(t, legacyScript(t))})
	before := r.conn("s")
	r.Get("s").Restart()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.Get("s").Settled(ctx, true); err != nil {
		t.Fatal(err)
	}
	if after := r.conn("s"); after == before {
		t.Error("it was not restarted")
	}
	r.Get("s").Restart()
	eventually(t, "it is stopping", func() bool { return r.Get("s").Status().State != Ready })
	result(t, r.conn("s"), tool("echo", arguments{}))
}

// TestServerInDevelopment is restarted when its sources change.
func TestServerInDevelopment(t *testing.T) {
	src := t.TempDir()
	s := legacyScript(t)
	e := entry(t, s)
	e["dev"] = map[string]any{"cwd": src, "watch": []string{"**/*.js"}}
	r := run(t, map[string]any{"s": e})
	r.reaches("s", Ready)
	write := func(name string) {
		if err := os.WriteFile(filepath.Join(src, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var wrote time.Time
	eventually(t, "it is restarted", func() bool {
		if time.Since(wrote) > 2*devDelay { // again, as the watch may not have stood when the server was ready
			write("a.js")
			wrote = time.Now()
		}
		return len(s.journal(t, "start")) >= 2
	})
	r.reaches("s", Ready)
	r.Get("s").Stop()
	r.reaches("s", Idle)
	starts := len(s.journal(t, "start"))
	write("a.js")
	write("b.txt")
	time.Sleep(50 * time.Millisecond)
	if st := r.Get("s").Status().State; st != Idle || len(s.journal(t, "start")) != starts {
		t.Errorf("%s after a change of sources", st)
	}
}
