package config

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestParseGlobal(t *testing.T) {
	tests := []struct {
		text string
		want map[string]string
		bad  bool
	}{
		{"", map[string]string{}, false},
		{"{}", map[string]string{}, false},
		{`{"A": "b", "input:k": "", "N": 12345678901234567890, "B": true, "Z": null}`, map[string]string{"A": "b", "input:k": "", "N": "12345678901234567890", "B": "true"}, false},
		{"null", nil, true},
		{`["hunter2"]`, nil, true},
		{`"hunter2"`, nil, true},
		{`{"A": {"hunter2": 1}}`, nil, true},
		{`{"A": "hunter2"`, nil, true},
		{`{hunter2: 1}`, nil, true},
	}
	for _, test := range tests {
		got, err := ParseGlobal(test.text)
		if (err != nil) != test.bad || !maps.Equal(got, test.want) {
			t.Errorf("%s: %v, %v", test.text, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error quotes the text: %v", err)
		}
	}
}

func TestDefaultPathIsNotCreated(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "xdg"))
	t.Setenv("HOME", home)
	t.Setenv("AppData", filepath.Join(home, "roaming"))
	path, err := DefaultPath()
	if err != nil || !strings.HasPrefix(path, home) || filepath.Base(path) != "servers.json" || filepath.Base(filepath.Dir(path)) != "mcphub" {
		t.Fatalf("DefaultPath = %s, %v", path, err)
	}
	store, err := open(t, Options{Dir: home})
	if err != nil {
		t.Fatal(err)
	}
	if files := store.Current().Files; len(files) != 1 || files[0] != (File{Path: path, Missing: true}) {
		t.Errorf("files = %v", files)
	}
	if entries, _ := os.ReadDir(home); len(entries) != 0 {
		t.Errorf("opening created %v", entries)
	}
}

// updates collects what a store tells.
type updates struct {
	mu  sync.Mutex
	all []Update
}

func (u *updates) add(update Update) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all = append(u.all, update)
}

// get returns update i, or none if there are fewer.
func (u *updates) get(i int) (Update, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if i >= len(u.all) {
		return Update{}, false
	}
	return u.all[i], true
}

// following has a store follow its files until the test ends.
func following(t *testing.T, store *Store) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := store.Run(ctx); err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
}

func TestStoreFollowsItsFiles(t *testing.T) {
	dir := t.TempDir()
	files := func(name, text string) { writeFiles(t, dir, map[string]string{name: text}) }
	files("a.json", `{mcpServers: {s: {command: "one"}}}`)
	store, err := open(t, Options{Dir: dir, Paths: []string{"a.json", filepath.Join(dir, "later", "b.json")}})
	if err != nil {
		t.Fatal(err)
	}
	var seen updates
	store.Subscribe(seen.add)
	following(t, store)

	command := func() string {
		s, ok := store.Current().Server("s")
		if !ok {
			return ""
		}
		return s.spec.command.text
	}
	n := 0
	next := func(what string) Update {
		t.Helper()
		var u Update
		eventually(t, what, func() (ok bool) {
			u, ok = seen.get(n)
			return ok
		})
		n++
		return u
	}

	first := store.Current()
	files("a.json", `{mcpServers: {s: {command: "two"}}}`)
	if u := next("a written file"); u.Old != first || u.New != store.Current() || u.Err != nil || command() != "two" {
		t.Errorf("update = %+v, command %s", u, command())
	}
	second := store.Current()

	files("a.json", `{mcpServers: {s: `)
	u := next("a broken file")
	if failure, ok := errors.AsType[*FileError](u.Err); !ok || failure.Path != "a.json" || failure.Line != 1 || failure.Column != 18 {
		t.Errorf("error = %v", u.Err)
	}
	if u.Old != second || u.New != second || store.Current() != second {
		t.Error("the last good snapshot is gone")
	}

	files("a.json", `{mcpServers: {s: {command: "two"}}}`)
	if u := next("a file that is again what it was"); u.Err != nil || u.New != second || store.Current() != second {
		t.Errorf("update = %+v", u)
	}

	files("tmp.json", `{mcpServers: {s: {command: "three"}}}`)
	if err := os.Rename(filepath.Join(dir, "tmp.json"), filepath.Join(dir, "a.json")); err != nil {
		t.Fatal(err)
	}
	next("a file replaced by a rename")
	if command() != "three" {
		t.Errorf("command = %s", command())
	}

	if err := os.Mkdir(filepath.Join(dir, "later"), 0o700); err != nil {
		t.Fatal(err)
	}
	files("later/b.json", `{mcpServers: {s: {command: "four"}}}`)
	if u := next("a file created late"); command() != "four" || !u.Old.Files[1].Missing || u.New.Files[1].Missing {
		t.Errorf("command = %s", command())
	}

	if err := os.RemoveAll(filepath.Join(dir, "later")); err != nil {
		t.Fatal(err)
	}
	next("a file deleted with its folder")
	if command() != "three" {
		t.Errorf("command = %s", command())
	}

	// A write that changes nothing is no update: the next update is the one after it.
	files("a.json", `{mcpServers: {s: {command: "three"}}}`)
	if err := store.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	files("a.json", `{mcpServers: {s: {command: "five"}}}`)
	if u := next("a change after a write without one"); u.Old.Hash == u.New.Hash || command() != "five" {
		t.Errorf("update = %+v", u)
	}
}

func TestReloadStopsWithItsContext(t *testing.T) {
	store := configure(t, `s: {command: "c"}`, Options{})
	before := store.Current()
	store.Subscribe(func(u Update) { t.Errorf("update %+v", u) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := store.Reload(ctx); !errors.Is(err, context.Canceled) || store.Current() != before {
		t.Errorf("Reload = %v", err)
	}
}
