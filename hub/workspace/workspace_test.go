package workspace

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMain is also the other hubs: each claims the port it is told, changes its entry many times, and releases it when
// its standard input ends.
func TestMain(m *testing.M) {
	if dir := os.Getenv("WORKSPACE_TEST_DIR"); dir != "" {
		otherHub(dir, os.Getenv("WORKSPACE_TEST_PORT"))
		return
	}
	os.Exit(m.Run())
}

func otherHub(dir, port string) {
	ctx, stop := context.WithCancel(context.Background())
	n, _ := strconv.Atoi(port)
	r := Open(dir, slog.New(slog.DiscardHandler))
	r.patience = time.Minute
	lease, err := r.Claim(ctx, Entry{Port: n, ConfigFiles: []string{port + ".json"}})
	if err != nil {
		_, _ = os.Stdout.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	var work sync.WaitGroup
	work.Go(func() { _ = lease.Run(ctx, func(map[string]Entry) {}) })
	work.Go(func() {
		for range 15 {
			lease.Update(func(e *Entry) { e.ActiveConnections++ })
			rest(ctx, 20*time.Millisecond)
		}
	})
	_, _ = os.Stdout.WriteString("claimed\n")
	_, _ = os.Stdin.Read(make([]byte, 1))
	stop()
	work.Wait()
	if err := lease.Release(context.Background()); err != nil {
		_, _ = os.Stdout.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}

// logger writes into the test's log.
func logger(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func open(t *testing.T) *Register {
	t.Helper()
	r := Open(filepath.Join(t.TempDir(), "state", "mcp-hub"), logger(t))
	r.patience = time.Minute
	return r
}

// put writes the file as another program would.
func put(t *testing.T, r *Register, text string) {
	t.Helper()
	must(t, os.MkdirAll(r.dir, 0o700))
	must(t, os.WriteFile(r.path(fileName), []byte(text), 0o600))
}

func content(t *testing.T, r *Register) string {
	t.Helper()
	text, err := os.ReadFile(r.path(fileName))
	must(t, err)
	return string(text)
}

// values returns what stands in the file by key, without white space.
func values(t *testing.T, r *Register) map[string]string {
	t.Helper()
	var raw map[string]any
	text := content(t, r)
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	all := map[string]string{}
	for key, value := range raw {
		compact, err := json.Marshal(value)
		must(t, err)
		all[key] = string(compact)
	}
	return all
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// run runs a lease until the test ends or stop is called.
func run(t *testing.T, l *Lease, changed func(map[string]Entry)) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx, changed) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func TestEntryOnDisk(t *testing.T) {
	start := time.Date(2026, 11, 23, 8, 42, 57, 792_999_999, time.UTC)
	tests := map[string]struct {
		entry Entry
		want  string
	}{
		"active": {
			Entry{Dir: "/home/a/<b> & c", ConfigFiles: []string{"~/x.json", "./y.json"}, PID: 2181, Port: 37911, StartTime: start, State: StateActive, ActiveConnections: 1},
			`{"cwd":"/home/a/<b> & c","config_files":["~/x.json","./y.json"],"pid":2181,"port":37911,"startTime":"2026-11-23T08:42:57.792Z","state":"active","activeConnections":1,"shutdownStartedAt":null,"shutdownDelay":null}`,
		},
		"no configuration, whole seconds, another zone": {
			Entry{Dir: "/", PID: 1, Port: 2, StartTime: time.Date(2026, 11, 23, 9, 0, 0, 0, time.FixedZone("", 3600)), State: StateActive},
			`{"cwd":"/","config_files":[],"pid":1,"port":2,"startTime":"2026-11-23T08:00:00.000Z","state":"active","activeConnections":0,"shutdownStartedAt":null,"shutdownDelay":null}`,
		},
		"shutting down": {
			Entry{Dir: "/", PID: 1, Port: 2, StartTime: start, State: StateShuttingDown, ShutdownStartedAt: start.Add(time.Minute), ShutdownDelay: 3 * time.Second},
			`{"cwd":"/","config_files":[],"pid":1,"port":2,"startTime":"2026-11-23T08:42:57.792Z","state":"shutting_down","activeConnections":0,"shutdownStartedAt":"2026-11-23T08:43:57.792Z","shutdownDelay":3000}`,
		},
		"shutting down at once": {
			Entry{Dir: "/", PID: 1, Port: 2, StartTime: start, State: StateShuttingDown, ShutdownStartedAt: start},
			`{"cwd":"/","config_files":[],"pid":1,"port":2,"startTime":"2026-11-23T08:42:57.792Z","state":"shutting_down","activeConnections":0,"shutdownStartedAt":"2026-11-23T08:42:57.792Z","shutdownDelay":0}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			value, err := json.Marshal(tt.entry)
			must(t, err)
			text, err := encode(map[string]json.RawMessage{"k": value})
			must(t, err)
			var got, want any
			must(t, json.Unmarshal(value, &got))
			must(t, json.Unmarshal([]byte(tt.want), &want))
			wantText, err := json.MarshalIndent(map[string]any{"k": json.RawMessage(value)}, "", "  ")
			must(t, err)
			if string(text) != string(wantText) {
				t.Errorf("file %s\nwant %s", text, wantText)
			}
			if g, w := mustJSON(t, got), mustJSON(t, want); g != w {
				t.Errorf("entry %s\nwant  %s", g, w)
			}
			var back Entry
			must(t, json.Unmarshal(value, &back))
			if again, err := json.Marshal(back); err != nil || string(again) != string(value) {
				t.Errorf("read and written again %s, %v\nwas %s", again, err, value)
			}
		})
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}

func TestClaimUpdateRelease(t *testing.T) {
	real := t.TempDir()
	real, err := filepath.EvalSymlinks(real)
	must(t, err)
	if runtime.GOOS != "windows" {
		link := filepath.Join(t.TempDir(), "link")
		must(t, os.Symlink(real, link))
		t.Chdir(link) // sets $PWD, too
	} else {
		t.Chdir(real)
	}
	r := open(t)
	if hubs, err := r.List(t.Context()); err != nil || len(hubs) != 0 {
		t.Errorf("list without a file: %v, %v", hubs, err)
	}
	if _, err := os.Stat(r.dir); !os.IsNotExist(err) {
		t.Error("something was made before a claim")
	}
	before := time.Now().Truncate(time.Millisecond)
	lease, err := r.Claim(t.Context(), Entry{Port: 37373, ConfigFiles: []string{"b.json", "a.json"}})
	must(t, err)
	hubs, err := r.List(t.Context())
	must(t, err)
	e := hubs["37373"]
	if len(hubs) != 1 || e.Dir != real || !slices.Equal(e.ConfigFiles, []string{"b.json", "a.json"}) || e.PID != os.Getpid() ||
		e.Port != 37373 || e.State != StateActive || e.StartTime.Before(before) || e.StartTime.After(time.Now()) {
		t.Errorf("claimed %+v", hubs)
	}
	if runtime.GOOS != "windows" {
		for name, want := range map[string]os.FileMode{".": 0o700, fileName: 0o600, lockName: 0o600} {
			if info, err := os.Stat(r.path(name)); err != nil || info.Mode().Perm() != want {
				t.Errorf("mode of %s: %v, %v", name, info.Mode(), err)
			}
		}
	}

	stop := run(t, lease, func(map[string]Entry) {})
	ended := time.Now()
	lease.Update(func(e *Entry) {
		e.State, e.ShutdownStartedAt, e.ShutdownDelay = StateShuttingDown, ended, 3*time.Second
		e.PID, e.Port, e.StartTime = 1, 1, time.Time{}
	})
	eventually(t, "the update", func() bool {
		hubs, err := r.List(t.Context())
		must(t, err)
		got := hubs["37373"]
		return got.State == StateShuttingDown && got.ShutdownDelay == 3*time.Second && got.same(e)
	})
	stop()
	must(t, lease.Release(t.Context()))
	if got := content(t, r); got != "{}" {
		t.Errorf("left in the file: %s", got)
	}
	must(t, lease.Release(t.Context()))
}

// TestUpdatesAreCoalesced has many clients come and go.
func TestUpdatesAreCoalesced(t *testing.T) {
	r := open(t)
	lease, err := r.Claim(t.Context(), Entry{Port: 1})
	must(t, err)
	var mu sync.Mutex
	writes := map[os.FileInfo]bool{}
	last := func() os.FileInfo {
		info, err := os.Stat(r.path(fileName))
		must(t, err)
		mu.Lock()
		defer mu.Unlock()
		for known := range writes {
			if os.SameFile(known, info) && known.ModTime().Equal(info.ModTime()) {
				return info
			}
		}
		writes[info] = true
		return info
	}
	last()
	run(t, lease, func(map[string]Entry) {})
	begun := time.Now()
	for n := range 60 {
		lease.Update(func(e *Entry) { e.ActiveConnections = n + 1 })
		last()
	}
	eventually(t, "the last state", func() bool {
		last()
		hubs, err := r.List(t.Context())
		must(t, err)
		return hubs["1"].ActiveConnections == 60
	})
	if most := 3 + int(time.Since(begun)/writePace); len(writes) > most {
		t.Errorf("60 updates were %d writes, want at most %d", len(writes), most)
	}
}

func TestOthersAreKept(t *testing.T) {
	const note = `{"precise": 1.50e0, "big": 12345678901234567890, "text": "<a> & \u00e9\/\ud83d\ude00", "deep": [ {}, [ ] ]}`
	r := open(t)
	alive := strconv.Itoa(os.Getpid())
	now := time.Now().UTC().Format(stampLayout)
	foreign := `{"cwd":"/x","config_files":[],"pid":` + alive + `,"port":3000,"startTime":"` + now + `","new_field":{"a":[1.0]}}`
	put(t, r, `{"3000":`+foreign+`,"note":`+note+`,"version":1,"nothing":null}`)
	lease, err := r.Claim(t.Context(), Entry{Port: 37373})
	must(t, err)
	check := func(when string, keys ...string) {
		t.Helper()
		text, all, err := r.read(t.Context())
		must(t, err)
		if got := slices.Sorted(maps.Keys(all)); !slices.Equal(got, keys) {
			t.Errorf("%s: keys %q, want %q", when, got, keys)
		}
		for key, want := range map[string]string{"3000": foreign, "note": note, "version": "1", "nothing": "null"} {
			if got := string(all[key]); strip(got) != strip(want) {
				t.Errorf("%s: %s is %s, want %s", when, key, got, want)
			}
		}
		if when == "claimed" && !strings.HasPrefix(string(text), "{\n  \"3000\": {\n    \"cwd\": \"/x\",") {
			t.Errorf("not written as the original does: %s", text)
		}
	}
	check("claimed", "3000", "37373", "note", "nothing", "version")
	hubs, err := r.List(t.Context())
	must(t, err)
	if got := slices.Sorted(maps.Keys(hubs)); !slices.Equal(got, []string{"3000", "37373"}) {
		t.Errorf("listed %q", got)
	}
	must(t, lease.Release(t.Context()))
	check("released", "3000", "note", "nothing", "version")
}

// strip removes white space; the values of these tests have none that counts but in "<a> & ".
func strip(text string) string { return strings.Join(strings.Fields(text), "") }

func TestStaleEntries(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { _ = listener.Close() }()
	busy := listener.Addr().(*net.TCPAddr).Port
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	idle := gone.Addr().(*net.TCPAddr).Port
	must(t, gone.Close())

	dead := exec.Command(os.Args[0], "-test.run=^$")
	dead.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	must(t, dead.Run())
	now, ago := time.Now(), time.Now().Add(-time.Hour)
	entry := func(pid, port int, start time.Time) string {
		return mustJSON(t, Entry{PID: pid, Port: port, StartTime: start, State: StateActive})
	}
	started, exists := process(os.Getpid())
	if age := time.Since(started); !exists || !started.IsZero() && (age < 0 || age > 10*time.Minute) {
		t.Errorf("this process: started %v ago, exists %v", age, exists)
	}
	reused := !started.IsZero()
	tests := map[string]struct {
		key, value string
		kept       bool
	}{
		"alive":                    {strconv.Itoa(idle), entry(os.Getpid(), idle, now), true},
		"dead":                     {strconv.Itoa(idle), entry(dead.Process.Pid, idle, now), false},
		"number of another":        {strconv.Itoa(idle), entry(os.Getpid(), idle, ago), !reused},
		"clock was set":            {strconv.Itoa(busy), entry(os.Getpid(), busy, ago), true},
		"dead, though port is not": {strconv.Itoa(busy), entry(dead.Process.Pid, busy, now), false},
		"of an old hub, dead":      {"/home/a", `{"pid":` + strconv.Itoa(dead.Process.Pid) + `,"port":3000,"config_files":[],"startTime":"2025-01-01T00:00:00.000Z"}`, false},
		"no port":                  {"3000", `{"pid":` + strconv.Itoa(dead.Process.Pid) + `,"startTime":"2025-01-01T00:00:00.000Z"}`, true},
		"no number":                {"3000", `{"pid":"1","port":3000}`, true},
		"no time":                  {"3000", `{"pid":1,"port":3000,"startTime":"yesterday"}`, true},
		"no process":               {"3000", `{"pid":-1,"port":3000,"startTime":"2025-01-01T00:00:00.000Z"}`, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := open(t)
			put(t, r, `{`+strconv.Quote(tt.key)+`:`+tt.value+`}`)
			listed, err := r.List(t.Context())
			must(t, err)
			if got := content(t, r); !strings.Contains(got, tt.value) {
				t.Errorf("listing changed the file: %s", got)
			}
			lease, err := r.Claim(t.Context(), Entry{Port: 37373})
			must(t, err)
			must(t, lease.Release(t.Context()))
			if _, kept := values(t, r)[tt.key]; kept != tt.kept {
				t.Errorf("kept %v, want %v", kept, tt.kept)
			}
			if _, there := listed[tt.key]; there && !tt.kept {
				t.Error("listed")
			}
		})
	}
}

// TestReleaseOfAnOldHub is the hard restart: the new hub claims the port while the old one is still there.
func TestReleaseOfAnOldHub(t *testing.T) {
	r := open(t)
	old, err := r.Claim(t.Context(), Entry{Port: 37373, StartTime: time.Now().Add(-time.Second)})
	must(t, err)
	run(t, old, func(map[string]Entry) {})
	fresh, err := r.Claim(t.Context(), Entry{Port: 37373, Dir: "/fresh"})
	must(t, err)
	claimed := content(t, r)
	old.Update(func(e *Entry) { e.ActiveConnections = 7 })
	eventually(t, "the old hub to have written", func() bool { return len(old.dirty) == 0 })
	must(t, old.Release(t.Context()))
	if got := content(t, r); got != claimed {
		t.Errorf("the old hub changed the entry: %s\nwas %s", got, claimed)
	}
	must(t, fresh.Release(t.Context()))
	if got := content(t, r); got != "{}" {
		t.Errorf("left: %s", got)
	}
}

func TestLostEntryComesBack(t *testing.T) {
	r := open(t)
	lease, err := r.Claim(t.Context(), Entry{Port: 37373})
	must(t, err)
	run(t, lease, func(map[string]Entry) {})
	for _, text := range []string{"{}", "", "{\n", "null"} {
		put(t, r, text) // in place, as mcp-hub 4.2.1 does
		eventually(t, "the entry after "+strconv.Quote(text), func() bool {
			return strings.Contains(content(t, r), `"37373"`)
		})
	}
	must(t, os.Remove(r.path(fileName)))
	eventually(t, "the entry after the file was removed", func() bool {
		text, err := os.ReadFile(r.path(fileName))
		return err == nil && strings.Contains(string(text), `"37373"`)
	})
}

func TestCorruptFile(t *testing.T) {
	for _, text := range []string{"{\"37373\": {", "[]", "\x00\x00\x00", "null", `"x"`} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			r := open(t)
			put(t, r, text)
			if _, err := r.List(t.Context()); err == nil {
				t.Error("listed without an error")
			}
			_, err := r.Claim(t.Context(), Entry{Port: 37373})
			must(t, err)
			if kept, err := os.ReadFile(r.path(brokenName)); err != nil || string(kept) != text {
				t.Errorf("kept %q, %v", kept, err)
			}
			if hubs, err := r.List(t.Context()); err != nil || len(hubs) != 1 {
				t.Errorf("then listed %v, %v", hubs, err)
			}
		})
	}
	t.Run("empty is not corrupt", func(t *testing.T) {
		r := open(t)
		put(t, r, "\n")
		_, err := r.Claim(t.Context(), Entry{Port: 37373})
		must(t, err)
		if _, err := os.Stat(r.path(brokenName)); err == nil {
			t.Error("an empty file was kept")
		}
	})
}

// TestOriginalsLock checks that the lock of mcp-hub 4.2.1 is waited for while it holds, never taken, and that one which a
// crash left stops nobody.
func TestOriginalsLock(t *testing.T) {
	r := open(t)
	put(t, r, "{}")
	must(t, os.WriteFile(r.path(foreignLock), []byte("1"), 0o600))
	released := make(chan struct{})
	go func() {
		defer close(released)
		time.Sleep(50 * time.Millisecond)
		_ = os.WriteFile(r.path(fileName), []byte(`{"note":1}`), 0o600)
		_ = os.Remove(r.path(foreignLock))
	}()
	_, err := r.Claim(t.Context(), Entry{Port: 1})
	must(t, err)
	<-released
	if got := values(t, r); got["note"] != "1" || got["1"] == "" {
		t.Errorf("an update was lost: %v", got)
	}
	must(t, os.WriteFile(r.path(foreignLock), []byte("1"), 0o600))
	hour := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(r.path(foreignLock), hour, hour))
	_, err = r.Claim(t.Context(), Entry{Port: 2})
	must(t, err)
	if text, err := os.ReadFile(r.path(foreignLock)); err != nil || string(text) != "1" {
		t.Errorf("the lock that is not ours: %q, %v", text, err)
	}
}

func TestWatch(t *testing.T) {
	r := open(t)
	told := make(chan map[string]Entry, 100)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Watch(ctx, func(hubs map[string]Entry) { told <- hubs }) }()
	if first := <-told; len(first) != 0 {
		t.Errorf("first list %v", first)
	}
	lease, err := r.Claim(t.Context(), Entry{Port: 1})
	must(t, err)
	if next := <-told; len(next) != 1 || next["1"].PID != os.Getpid() {
		t.Errorf("after a claim %v", next)
	}
	put(t, r, content(t, r)) // written, but the same
	must(t, lease.Release(t.Context()))
	if next := <-told; len(next) != 0 {
		t.Errorf("after the release %v", next)
	}
	stop()
	must(t, <-done)
}

func TestClaimFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	if _, err := Open(filepath.Join(file, "mcp-hub"), logger(t)).Claim(t.Context(), Entry{Port: 1}); err == nil {
		t.Error("claimed in a folder that cannot be")
	}
	r := open(t)
	put(t, r, "{}")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Claim(ctx, Entry{Port: 1}); err == nil || content(t, r) != "{}" {
		t.Errorf("claimed without time: %v, %s", err, content(t, r))
	}
}

// FuzzValues checks that whatever other programs put into the file stays as it is.
func FuzzValues(f *testing.F) {
	f.Add([]byte(`{"37373":{"cwd":"/x","config_files":["a"],"pid":1,"port":37373,"startTime":"2026-11-23T08:42:57.792Z","state":"active","activeConnections":1,"shutdownStartedAt":null,"shutdownDelay":null}}`))
	f.Add([]byte(`{"1":{"pid":1,"port":1,"startTime":"9999-12-31T23:59:59.9-23:59","shutdownStartedAt":"0000-01-01T00:00:00+23:59","shutdownDelay":-9223372036854775808}}`))
	f.Add([]byte(`{"a":{"x":1.50e0,"y":"<&>\u2028"},"b":[],"c":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var before, after map[string]json.RawMessage
		if json.Unmarshal(text, &before) != nil || before == nil {
			return
		}
		written, err := encode(before)
		must(t, err)
		must(t, json.Unmarshal(written, &after))
		if len(before) != len(after) {
			t.Fatalf("%d values became %d", len(before), len(after))
		}
		for key, value := range before {
			var was, is bytes.Buffer
			must(t, json.Compact(&was, value))
			must(t, json.Compact(&is, after[key]))
			if !bytes.Equal(was.Bytes(), is.Bytes()) {
				t.Fatalf("%s became %s", &was, &is)
			}
			var e Entry
			if json.Unmarshal(value, &e) == nil {
				if again, err := json.Marshal(e); err != nil || !json.Valid(again) {
					t.Fatalf("%s was written as %s, %v", value, again, err)
				}
			}
		}
	})
}
