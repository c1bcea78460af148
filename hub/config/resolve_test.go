package config

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// configure makes a store with the servers, given as JSON5, in a folder of its own.
func configure(t *testing.T, servers string, options Options) *Store {
	t.Helper()
	if options.Dir == "" {
		options.Dir = t.TempDir()
	}
	options.Paths = []string{"a.json"}
	writeFiles(t, options.Dir, map[string]string{"a.json": "{mcpServers: {" + servers + "}}"})
	store, err := open(t, options)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func server(t *testing.T, store *Store, name string) *Server {
	t.Helper()
	s, ok := store.Current().Server(name)
	if !ok {
		t.Fatalf("there is no server %s", name)
	}
	return s
}

func needsShell(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a POSIX shell")
	}
}

func TestEnvVariablesReferToEachOther(t *testing.T) {
	tests := []struct {
		name, env string
		want      map[string]string
		err       string
	}{
		{
			"in any order", `DB_URL: "postgres://u:${DB_PASSWORD}@h/${DB}", DB: "${PREFIX}_db", DB_PASSWORD: "p${X}", PREFIX: "a"`,
			map[string]string{"DB_URL": "postgres://u:pOUT@h/a_db", "DB": "a_db", "DB_PASSWORD": "pOUT", "PREFIX": "a"},
			"",
		},
		{"own name means the outer one", `X: "/x:${X}", Y: "${X}"`, map[string]string{"X": "/x:OUT", "Y": "/x:OUT"}, ""},
		{"own name without an outer one", `Q: "/x:${Q}"`, nil, "Variable 'Q' not found"},
		{"null and empty mean the outer one", `X: null, G: "", Y: "${X}${G}"`, map[string]string{"X": "OUT", "G": "${X}", "Y": "OUT${X}"}, ""},
		{"circle", `A: "${B}", B: "${env:C}", C: "${${N}}", N: "A"`, nil, "in a circle: A → B → C → A"},
		{"circle apart", `X: "1", B: "${C}", C: "${B}"`, nil, "in a circle: B → C → B"},
		{"missing in another", `A: "${B}", B: "${NOPE}"`, nil, "Variable 'NOPE' not found"},
		{"values are not looked at again", `A: "${G}", B: "${A}"`, map[string]string{"A": "${X}", "B": "${X}"}, ""},
		{"name made of values", `A: "${${P}${S}}", P: "DB", S: "_X", DB_X: "v"`, map[string]string{"A": "v", "P": "DB", "S": "_X", "DB_X": "v"}, ""},
		{"env: from a value is no prefix", `A: "${${P}}", P: "env:X"`, nil, "Variable '${P}' not found"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := configure(t, `s: {command: "c", env: {`+test.env+`}}`, Options{
				Env: []string{"X=OUT"}, Global: map[string]string{"G": "${X}"},
			})
			resolved, err := server(t, store, "s").Resolve(t.Context())
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error = %v, want %s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := reveal(resolved.Env)
			if _, ok := test.want["G"]; !ok {
				delete(got, "G") // MCP_HUB_ENV
			}
			if !maps.Equal(got, test.want) {
				t.Errorf("env = %v, want %v", got, test.want)
			}
		})
	}
}

func TestChildEnvironmentIsMinimal(t *testing.T) {
	needsShell(t)
	dir := t.TempDir()
	store := configure(t, `s: {command: "c", cwd: "sub", env: {TERM: "dumb", OWN: "1"}}, bare: {command: "c"}`, Options{
		Dir: dir,
		Env: []string{
			"HOME=/h", "LOGNAME=l", "PATH=/p", "SHELL=() { x; }", "TERM=t", "USER=u", "AWS_SECRET=x", "LANG=C", "noequals", "=odd",
		},
		Global: map[string]string{"DBUS": "d", "input:key": "secret", "USER": "global"},
	})
	resolved, err := server(t, store, "s").Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"HOME": "/h", "LOGNAME": "l", "PATH": "/p", "TERM": "dumb", "USER": "global", "DBUS": "d", "OWN": "1",
	}
	if got := reveal(resolved.Env); !maps.Equal(got, want) {
		t.Errorf("env = %v, want %v", got, want)
	}
	if resolved.Cwd != filepath.Join(dir, "sub") {
		t.Errorf("cwd = %s", resolved.Cwd)
	}
	if resolved, err = server(t, store, "bare").Resolve(t.Context()); err != nil || resolved.Cwd != dir {
		t.Errorf("cwd = %s, %v, want the hub's", resolved.Cwd, err)
	}
}

func TestRemoteIsCheckedAfterResolving(t *testing.T) {
	store := configure(t, `
		good: {url: "${SCHEME}://h:${PORT}/", headers: {A: "Bearer ${T}"}},
		bad: {url: "${T}/mcp"},
		split: {url: "http://h/", headers: {A: "${LINES}"}},`, Options{
		Env: []string{"SCHEME=https", "PORT=1", "T=hunter2", "LINES=a\r\nX: hunter2"},
	})
	resolved, err := server(t, store, "good").Resolve(t.Context())
	if err != nil || resolved.URL.Reveal() != "https://h:1/" || resolved.Headers["A"].Reveal() != "Bearer hunter2" {
		t.Errorf("resolved %v, %v", resolved, err)
	}
	if shown := fmt.Sprintf("%v %+v %#v", *resolved, resolved, resolved.Headers); strings.Contains(shown, "hunter2") {
		t.Errorf("printing shows a secret: %s", shown)
	}
	for _, name := range []string{"bad", "split"} {
		_, err := server(t, store, name).Resolve(t.Context())
		problem, ok := errors.AsType[*Diagnostic](err)
		if !ok || problem.Line == 0 || problem.Server != name || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestErrorsHoldNoSecret(t *testing.T) {
	needsShell(t)
	const secret = "hunter2"
	for _, entry := range []string{
		`{command: "${${S}}"}`,
		`{command: "${env:${S}}"}`,
		`{command: "${cmd: false '${S}'}"}`,
		`{command: "${cmd: echo hunter2 >&2; exit 3}"}`,
		`{command: "${cmd: TOKEN=hunter2 false}"}`,
		`{command: "${cmd: hunter2=1}${NOPE}"}`,
		`{command: "${cmd: ${S}}"}`,
		`{command: "${cmd: ${BIN} ${S}}"}`,
		`{command: "${cmd: sh -c 'echo ${SPACED}'}"}`,
		`{command: "${cmd: echo ${cmd: echo ${S}; exit 1}}"}`,
		`{command: "c", args: ["$NOPE"], env: {A: "${S}${NOPE}"}}`,
		`{command: "${NOPE:-hunter2}"}`,
	} {
		store := configure(t, "s: "+entry, Options{Env: []string{"S=" + secret, "SPACED=x " + secret, "BIN=/nowhere/" + secret, "PATH=" + os.Getenv("PATH")}})
		_, err := server(t, store, "s").Resolve(t.Context())
		problem, ok := errors.AsType[*Diagnostic](err)
		if !ok || problem.Line == 0 || problem.Action == "" {
			t.Errorf("%s: error = %v", entry, err)
			continue
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error holds the secret: %v", entry, err)
		}
	}
}

func TestCommandsRunSideBySideAndOnce(t *testing.T) {
	needsShell(t)
	// Each of the first three waits for the other two, so they only end if they run side by side.
	meet := func(n int) string {
		return fmt.Sprintf("echo >> runs; touch m%d; while ! [ -e m1 ] || ! [ -e m2 ] || ! [ -e m3 ]; do sleep 0.02; done; echo %d", n, n)
	}
	store := configure(t, fmt.Sprintf(`
		a: {command: "${cmd: %[1]s}", args: ["${cmd: %[2]s}", "${cmd: %[2]s}", "${cmd: echo >> runs; echo ${cmd: %[1]s}${X}}"], env: {X: "${cmd: %[3]s}"}},
		b: {command: "${cmd: %[1]s}"}`, meet(1), meet(2), meet(3)), Options{Env: os.Environ()})
	snapshot := store.Current()
	resolved, err := server(t, store, "a").Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := []string{resolved.Command, resolved.Args[0].Reveal(), resolved.Args[1].Reveal(), resolved.Args[2].Reveal(), resolved.Env["X"].Reveal()}
	if strings.Join(got, " ") != "1 2 2 13 3" {
		t.Errorf("outputs = %v", got)
	}
	for range 2 {
		if resolved, err = server(t, store, "b").Resolve(t.Context()); err != nil || resolved.Command != "1" {
			t.Errorf("command = %q, %v", resolved.Command, err)
		}
	}
	runs := func() int {
		text, _ := os.ReadFile(filepath.Join(store.options.Dir, "runs"))
		return strings.Count(string(text), "\n")
	}
	if runs() != 4 {
		t.Errorf("%d runs of 4 commands", runs())
	}
	// The outputs are kept until the hub stops, whatever happens to the files, or somebody wants them forgotten.
	if err := store.Reload(t.Context()); err != nil || store.Current() != snapshot {
		t.Fatalf("reload without a change: %v", err)
	}
	writeFiles(t, store.options.Dir, map[string]string{"a.json": fmt.Sprintf(`{mcpServers: {b: {command: "${cmd: %s}"}}}`, meet(1))})
	if err := store.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := server(t, store, "b")
	if resolved, err := b.Resolve(t.Context()); err != nil || runs() != 4 || !resolved.Kept {
		t.Errorf("%d runs after a change, %v", runs(), err)
	}
	if err := b.Forget(t.Context()); err != nil {
		t.Error(err)
	}
	for n := range 2 {
		if resolved, err := b.Resolve(t.Context()); err != nil || runs() != 5 || resolved.Kept != (n > 0) {
			t.Errorf("%d runs after forgetting, %v", runs(), err)
		}
	}
}

func TestFailedCommandsAreTriedAgain(t *testing.T) {
	needsShell(t)
	store := configure(t, `s: {command: "${cmd: cat token}"}`, Options{Env: os.Environ()})
	s := server(t, store, "s")
	if _, err := s.Resolve(t.Context()); err == nil {
		t.Fatal("a failing command gives no error")
	}
	writeFiles(t, store.options.Dir, map[string]string{"token": "\n t \n"})
	resolved, err := s.Resolve(t.Context())
	if err != nil || resolved.Command != "t" {
		t.Errorf("command = %q, %v", resolved.Command, err)
	}
}

func TestCommandsEnd(t *testing.T) {
	needsShell(t)
	store := configure(t, `
		slow: {command: "${cmd: echo $$ > pid; sleep 600 & echo $! > child; wait}"},
		much: {command: "${cmd: yes}"},
		daemon: {command: "${cmd: echo out; sleep 600 & echo $! > child}"}`, Options{Env: os.Environ()})

	ended := func(file string) bool { // the process whose id is in the file
		text, err := os.ReadFile(filepath.Join(store.options.Dir, file))
		pid := strings.TrimSpace(string(text))
		if err != nil || pid == "" {
			return false
		}
		status, err := os.ReadFile("/proc/" + pid + "/stat")
		return err != nil || strings.Contains(string(status), ") Z ")
	}
	t.Run("limit", func(t *testing.T) {
		s := server(t, store, "slow")
		s.values.commands.limit = 300 * time.Millisecond
		_, err := s.Resolve(t.Context())
		s.values.commands.limit = commandLimit
		if err == nil || !strings.Contains(err.Error(), "not finished after 300ms") {
			t.Errorf("error = %v", err)
		}
		if runtime.GOOS == "linux" {
			eventually(t, "the whole process group is gone", func() bool { return ended("pid") && ended("child") })
		}
	})
	t.Run("called off", func(t *testing.T) {
		_ = os.Remove(filepath.Join(store.options.Dir, "child"))
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() {
			_, err := server(t, store, "slow").Resolve(ctx)
			result <- err
		}()
		eventually(t, "the command runs", func() bool {
			_, err := os.Stat(filepath.Join(store.options.Dir, "child"))
			return err == nil
		})
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v", err)
		}
		if runtime.GOOS == "linux" {
			eventually(t, "the whole process group is gone", func() bool { return ended("pid") && ended("child") })
		}
	})
	t.Run("much output", func(t *testing.T) {
		if _, err := server(t, store, "much").Resolve(t.Context()); err == nil || !strings.Contains(err.Error(), "printed more than") {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("daemon that keeps the output open", func(t *testing.T) {
		resolved, err := server(t, store, "daemon").Resolve(t.Context())
		if err != nil || resolved.Command != "out" {
			t.Errorf("command = %v, %v", resolved, err)
		}
		if text, err := os.ReadFile(filepath.Join(store.options.Dir, "child")); err == nil {
			var pid int
			_, _ = fmt.Sscan(string(text), &pid)
			if process, err := os.FindProcess(pid); err == nil && pid > 1 {
				_ = process.Kill()
			}
		}
	})
}

func TestOneCallerOffDoesNotFailTheOther(t *testing.T) {
	needsShell(t)
	store := configure(t, `s: {command: "${cmd: echo >> runs; while ! [ -e go ]; do sleep 0.02; done; echo ok}"}`, Options{Env: os.Environ()})
	s := server(t, store, "s")
	runs := func() int {
		text, _ := os.ReadFile(filepath.Join(store.options.Dir, "runs"))
		return len(text)
	}
	first, cancel := context.WithCancel(t.Context())
	firstErr, second := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := s.Resolve(first)
		firstErr <- err
	}()
	eventually(t, "the first run", func() bool { return runs() == 1 })
	go func() {
		_, err := s.Resolve(t.Context())
		second <- err
	}()
	cancel()
	if err := <-firstErr; !errors.Is(err, context.Canceled) {
		t.Errorf("first: %v", err)
	}
	eventually(t, "the second run", func() bool { return runs() == 2 })
	writeFiles(t, store.options.Dir, map[string]string{"go": ""})
	if err := <-second; err != nil {
		t.Errorf("second: %v", err)
	}
}

// eventually polls for a condition.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}
