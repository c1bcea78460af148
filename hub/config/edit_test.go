package config

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mcphub/hub/json5"
)

// one opens a store over one file with the text; without a text the file is missing.
func one(t *testing.T, text string) (store *Store, path string) {
	t.Helper()
	dir := t.TempDir()
	if text != "" {
		writeFiles(t, dir, map[string]string{"a.json": text})
	}
	store, err := open(t, Options{Dir: dir, Paths: []string{"a.json"}})
	if err != nil {
		t.Fatal(err)
	}
	return store, filepath.Join(dir, "a.json")
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// alone fails if there is more in the folder than the named files.
func alone(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	if strings.Join(found, " ") != strings.Join(names, " ") {
		t.Errorf("the folder holds %v, want %v", found, names)
	}
}

func TestWrite(t *testing.T) {
	const first, second = "// one\n{mcpServers: {s: {command: 'a'}}}", "// two\n{mcpServers: {s: {command: 'b'}}}"
	store, path := one(t, first)
	var seen updates
	store.Subscribe(seen.add)

	text, etag, err := store.Read("a.json")
	if err != nil || string(text) != first {
		t.Fatalf("Read = %q, %v", text, err)
	}
	if same, err := store.Write(t.Context(), "a.json", []byte(first), etag); err != nil || same != etag {
		t.Errorf("writing the same gives %s, %v", same, err)
	}
	if _, ok := seen.get(0); ok {
		t.Error("writing the same is a change")
	}
	next, err := store.Write(t.Context(), "a.json", []byte(second), etag)
	if err != nil || next == etag || content(t, path) != second {
		t.Fatalf("Write = %s, %v; the file holds %q", next, err, content(t, path))
	}
	if s, _ := store.Current().Server("s"); s.spec.command.text != "b" {
		t.Error("Write returned before the new configuration held")
	}
	if _, read, err := store.Read("a.json"); err != nil || read != next {
		t.Errorf("Read gives tag %s, Write gave %s: %v", read, next, err)
	}
	if u, ok := seen.get(0); !ok || u.Err != nil || u.New != store.Current() {
		t.Errorf("update = %+v", u)
	}

	for _, stale := range []string{etag, "", "missing", "*"} {
		if _, err := store.Write(t.Context(), "a.json", []byte(first), stale); !errors.Is(err, ErrConflict) {
			t.Errorf("Write with tag %q: %v", stale, err)
		}
	}
	for _, bad := range []string{"", "// nothing", "{", "[1", `{"mcpServers": 1}`, `{"x": 1}`, strings.Repeat(" ", maxFileSize) + "{}"} {
		_, err := store.Write(t.Context(), "a.json", []byte(bad), next)
		if failure, ok := errors.AsType[*FileError](err); !ok || failure.Path != "a.json" {
			t.Errorf("Write of %.20q: %v", bad, err)
		}
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Write(canceled, "a.json", []byte(first), next); !errors.Is(err, context.Canceled) {
		t.Errorf("Write by a caller who is gone: %v", err)
	}
	if _, ok := seen.get(1); ok || content(t, path) != second {
		t.Error("a refused text was written")
	}
	alone(t, filepath.Dir(path), "a.json")
}

func TestOnlyFilesOfTheStore(t *testing.T) {
	store, path := one(t, `{mcpServers: {}}`)
	for _, other := range []string{"", "b.json", "./a.json", path} {
		_, _, readErr := store.Read(other)
		_, writeErr := store.Write(t.Context(), other, []byte("{mcpServers: {}}"), missingTag)
		putErr := store.PutServer(t.Context(), other, "s", json.RawMessage(`{"command": "c"}`))
		if !errors.Is(readErr, ErrUnknownFile) || !errors.Is(writeErr, ErrUnknownFile) || !errors.Is(putErr, ErrUnknownFile) {
			t.Errorf("%q: %v, %v, %v", other, readErr, writeErr, putErr)
		}
	}
	alone(t, filepath.Dir(path), "a.json")
}

func TestMissingFileIsCreatedForItsOwnerOnly(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, "new", "folder", "servers.json")
	store, err := open(t, Options{Dir: home, Paths: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	if text, etag, err := store.Read(path); text != nil || etag != "missing" || err != nil {
		t.Errorf("Read = %q, %s, %v", text, etag, err)
	}
	if err := store.PutServer(t.Context(), path, "s", json.RawMessage(`{"command":"c","args":["-y"]}`)); err != nil {
		t.Fatal(err)
	}
	want := "{\n  \"mcpServers\": {\n    \"s\": {\n      \"command\": \"c\",\n      \"args\": [\"-y\"]\n    }\n  }\n}\n"
	if got := content(t, path); got != want {
		t.Errorf("the file holds\n%s", got)
	}
	if _, ok := store.Current().Server("s"); !ok {
		t.Error("the server is not there")
	}
	if runtime.GOOS == "windows" {
		return // rights come from the folder
	}
	for path, mode := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700, filepath.Join(home, "new"): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s has mode %v, want %v: %v", path, info.Mode(), mode, err)
		}
	}
}

func TestWriteKeepsModeAndLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs modes and links")
	}
	dir := t.TempDir()
	for _, name := range []string{"real/deep", "links", "alias"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	real := filepath.Join(dir, "real", "deep", "a.json")
	writeFiles(t, dir, map[string]string{"real/deep/a.json": `{"mcpServers": {"s": {"command": "c"}}}`})
	if err := os.Chmod(real, 0o640); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{
		"links/one.json":    "../alias/in/a.json", // through a link to a folder
		"alias/in":          "../real/deep",
		"links/two.json":    "one.json",
		"links/new.json":    filepath.Join(dir, "real", "new.json"), // to nothing yet
		"links/round.json":  "round2.json",
		"links/round2.json": "round.json",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	store, err := open(t, Options{Dir: dir, Paths: []string{"links/two.json", "links/new.json"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.SetDisabled(t.Context(), "s", true); err != nil {
		t.Fatal(err)
	}
	if err := store.PutServer(t.Context(), "links/new.json", "n", json.RawMessage(`{"command": "c"}`)); err != nil {
		t.Fatal(err)
	}
	if got := content(t, real); got != `{"mcpServers": {"s": {"command": "c", "disabled": true}}}` {
		t.Errorf("the file holds %s", got)
	}
	if info, err := os.Stat(real); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if !strings.Contains(content(t, filepath.Join(dir, "real", "new.json")), `"n"`) {
		t.Error("the file behind the link was not created")
	}
	for _, link := range []string{"one", "two", "new"} {
		if _, err := os.Readlink(filepath.Join(dir, "links", link+".json")); err != nil {
			t.Errorf("the link is gone: %v", err)
		}
	}
	alone(t, filepath.Join(dir, "real", "deep"), "a.json")
	if err := writeFile(filepath.Join(dir, "links", "round.json"), nil, func() error { return nil }); err == nil {
		t.Error("a loop of links leads somewhere")
	}
}

func TestReadOnlyFilesStay(t *testing.T) {
	store, path := one(t, `{"mcpServers": {"s": {"command": "c"}}}`)
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if file, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
		_ = file.Close()
		t.Skip("this user may write everything")
	}
	if err := store.SetDisabled(t.Context(), "s", true); !errors.Is(err, os.ErrPermission) {
		t.Errorf("SetDisabled = %v", err)
	}
	alone(t, filepath.Dir(path), "a.json")
}

func TestSetDisabled(t *testing.T) {
	tests := map[string]struct {
		before   string
		disabled bool
		after    string
	}{
		"new key":                     {"{\n  mcpServers: {\n    s: {\n      command: 'c', // why\n    },\n  },\n}\n", true, "{\n  mcpServers: {\n    s: {\n      command: 'c', // why\n      disabled: true,\n    },\n  },\n}\n"},
		"key there":                   {`{"servers": {"s": {"disabled": true /* May */, "command": "c"}}}`, false, `{"servers": {"s": {"disabled": false /* May */, "command": "c"}}}`},
		"is so already":               {`{"mcpServers": {"s": {"command": "c"}}}`, false, `{"mcpServers": {"s": {"command": "c"}}}`},
		"is so in a way":              {`{"mcpServers": {"s": {"command": "c", "disabled": 1}}}`, true, `{"mcpServers": {"s": {"command": "c", "disabled": 1}}}`},
		"no boolean":                  {`{"mcpServers": {"s": {"command": "c", "disabled": "yes"}}}`, false, `{"mcpServers": {"s": {"command": "c", "disabled": false}}}`},
		"the list that rules":         {`{"mcpServers": {"s": {"command": "c"}}, "servers": {"s": {"command": "c"}}}`, true, `{"mcpServers": {"s": {"command": "c"}}, "servers": {"s": {"command": "c", "disabled": true}}}`},
		"duplicates":                  {`{"servers": {"s": {"command": "c"}, "s": {"command": "c"}}}`, true, `{"servers": {"s": {"command": "c"}, "s": {"command": "c", "disabled": true}}}`},
		"Zed":                         {`{"context_servers": {"s": {"command": "c"}}}`, true, `{"context_servers": {"s": {"command": "c", "enabled": false}}}`},
		"Zed, on again":               {`{"context_servers": {"s": {"command": "c", "enabled": false}}}`, false, `{"context_servers": {"s": {"command": "c", "enabled": true}}}`},
		"Zed, in our words":           {`{"context_servers": {"s": {"command": "c", "disabled": false}}}`, true, `{"context_servers": {"s": {"command": "c", "disabled": true}}}`},
		"array":                       {`[{"name": "s", "command": "c"}, {"name": "t", "command": "c"}]`, true, `[{"name": "s", "command": "c", "disabled": true}, {"name": "t", "command": "c"}]`},
		"array with the name twice":   {`{"servers": [{"name": "s", "command": "c"}, {"name": "s", "command": "c"}]}`, true, `{"servers": [{"name": "s", "command": "c"}, {"name": "s", "command": "c", "disabled": true}]}`},
		"slash and tilde in the name": {`{"servers": {"s": {"command": "c"}, "a/~b": {"command": "c"}}}`, true, `{"servers": {"s": {"command": "c", "disabled": true}, "a/~b": {"command": "c"}}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			store, path := one(t, test.before)
			if err := store.SetDisabled(t.Context(), "s", test.disabled); err != nil {
				t.Fatal(err)
			}
			if got := content(t, path); got != test.after {
				t.Errorf("got  %s\nwant %s", got, test.after)
			}
			if s, ok := store.Current().Server("s"); !ok || s.Disabled != test.disabled {
				t.Errorf("the server is %+v", s)
			}
		})
	}
}

func TestEditsOfUnknownServers(t *testing.T) {
	store, path := one(t, `{"mcpServers": {"s": {"command": "c"}, "t": 5}}`)
	if err := store.SetDisabled(t.Context(), "x", true); !errors.Is(err, ErrUnknownServer) {
		t.Errorf("SetDisabled = %v", err)
	}
	if err := store.DeleteServer(t.Context(), "x"); !errors.Is(err, ErrUnknownServer) {
		t.Errorf("DeleteServer = %v", err)
	}
	if err := store.SetDisabled(t.Context(), "t", true); err == nil {
		t.Error("an entry that is a number was disabled")
	}
	writeFiles(t, filepath.Dir(path), map[string]string{"a.json": `{"mcpServers": {}}`}) // not noticed yet
	if err := store.SetDisabled(t.Context(), "s", true); !errors.Is(err, ErrUnknownServer) {
		t.Errorf("SetDisabled of a server that has just gone = %v", err)
	}
	if got := content(t, path); got != `{"mcpServers": {}}` {
		t.Errorf("the file holds %s", got)
	}
}

func TestPutServer(t *testing.T) {
	tests := map[string]struct{ before, raw, after string }{
		"new":               {"{\n\t\"mcpServers\": { // mine\n\t}\n}", `{"url": "https://h/"}`, "{\n\t\"mcpServers\": { // mine\n\t\t\"s\": {\n\t\t\t\"url\": \"https://h/\"\n\t\t}\n\t}\n}"},
		"change":            {"{servers: {s: {command: 'a' /* x */, args: []}, t: {command: 'c'}}}", `{"command": "b", "args": []}`, "{servers: {s: {command: 'b' /* x */, args: []}, t: {command: 'c'}}}"},
		"array":             {`[{"name": "t", "command": "c"}]`, `{"command": "c", "name": "other"}`, `[{"name": "t", "command": "c"}, {"name": "s", "command": "c"}]`},
		"array under a key": {`{"servers": []}`, `{"command": "c"}`, `{"servers": [{"name": "s", "command": "c"}]}`},
		"change in array":   {`[{"command": "c", "name": "s"}]`, `{"command": "d"}`, `[{"command": "d", "name": "s"}]`},
		"Zed":               {`{"context_servers": {}}`, `{"command": {"path": "c"}}`, `{"context_servers": {"s": {"command": {"path": "c"}}}}`},
		"only settings":     {`{"hub": {"pageSize": 5}}`, `{"command": "c"}`, `{"hub": {"pageSize": 5}, "mcpServers": {"s": {"command": "c"}}}`},
		"name to show":      {`{"servers": {}}`, `{"command": "c", "name": "S"}`, `{"servers": {"s": {"command": "c", "name": "S"}}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			store, path := one(t, test.before)
			if err := store.PutServer(t.Context(), "a.json", "s", json.RawMessage(test.raw)); err != nil {
				t.Fatal(err)
			}
			if got := content(t, path); got != test.after {
				t.Errorf("got  %s\nwant %s", got, test.after)
			}
			if s, ok := store.Current().Server("s"); !ok || s.Err != nil {
				t.Errorf("the server is %+v", s)
			}
		})
	}
}

func TestPutServerRefuses(t *testing.T) {
	const text = `{"mcpServers": {"t": {"command": "c"}}}`
	store, path := one(t, text)
	for raw, diagnosed := range map[string]bool{
		`{}`: true, `5`: true, `{"command": "hunter2", "url": "https://h/"}`: true, `{"url": "hunter2"}`: true,
		``: false, `// c`: false, `{"env": "hunter2"`: false,
	} {
		err := store.PutServer(t.Context(), "a.json", "s", json.RawMessage(raw))
		if _, ok := errors.AsType[*Diagnostic](err); err == nil || ok != diagnosed || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", raw, err)
		}
	}
	if err := store.PutServer(t.Context(), "a.json", "", json.RawMessage(`{"command": "c"}`)); err == nil {
		t.Error("a server without a name was taken")
	}
	if got := content(t, path); got != text {
		t.Errorf("the file holds %s", got)
	}
}

func TestDeleteServer(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		"a.json": `{"mcpServers": {"s": {"command": "a"}}}`,
		"b.json": "[\n  {\"name\": \"s\", \"command\": \"b\"}, // first\n  {\"name\": \"t\", \"command\": \"b\"},\n  {\"name\": \"s\", \"command\": \"c\"}\n]\n",
	})
	store, err := open(t, Options{Dir: dir, Paths: []string{"a.json", "b.json"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.DeleteServer(t.Context(), "s"); err != nil {
		t.Fatal(err)
	}
	if got := content(t, filepath.Join(dir, "b.json")); got != "[\n  // first\n  {\"name\": \"t\", \"command\": \"b\"}\n]\n" {
		t.Errorf("the file holds %s", got)
	}
	if s, ok := store.Current().Server("s"); !ok || s.Source != "a.json" {
		t.Errorf("the earlier file's server did not take its place: %+v", s)
	}
	if err := store.DeleteServer(t.Context(), "s"); err != nil {
		t.Fatal(err)
	}
	if got := content(t, filepath.Join(dir, "a.json")); got != `{"mcpServers": {}}` {
		t.Errorf("the file holds %s", got)
	}
	if _, ok := store.Current().Server("s"); ok {
		t.Error("the server is still there")
	}
}

// TestNothingChangesWithoutAChange sets each value of the recorded files to what it is.
func TestNothingChangesWithoutAChange(t *testing.T) {
	n := 0
	for _, c := range readCases[configCase](t, "config_cases.json") {
		for _, text := range c.Files {
			doc, err := json5.Parse([]byte(text))
			if err != nil || doc.Root() == nil {
				continue
			}
			for _, m := range doc.Root().Members {
				value := []byte(text)[m.Value.Start:m.Value.End]
				if doc.Root().Get(m.Key) == m.Value && doc.Set(value, m.Key) == nil {
					n++
				}
			}
			if err := doc.Delete("not there"); err != nil || string(doc.Text()) != text {
				t.Errorf("%s: %q became %q: %v", c.ID, text, doc.Text(), err)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d values were set", n)
	}

	store, path := one(t, "{mcpServers: {s: {command: 'c'}}} // end")
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Modify(t.Context(), "a.json", func(*json5.Document) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("the file was replaced: %v", err)
	}
}

func TestModifyTriesTwice(t *testing.T) {
	store, path := one(t, `{"mcpServers": {}}`)
	calls := 0
	disturb := func(times int) error {
		calls = 0
		return store.Modify(t.Context(), "a.json", func(doc *json5.Document) error {
			if calls++; calls <= times { // somebody else saves at this very moment
				theirs := fmt.Sprintf(`{"mcpServers": {}, "theirs": %d}`, calls)
				writeFiles(t, filepath.Dir(path), map[string]string{"a.json": theirs})
			}
			return doc.Set(fmt.Append(nil, times), "ours")
		})
	}
	if err := disturb(1); err != nil || calls != 2 || content(t, path) != `{"mcpServers": {}, "theirs": 1, "ours": 1}` {
		t.Errorf("%d calls, %v; the file holds %s", calls, err, content(t, path))
	}
	if err := disturb(2); !errors.Is(err, ErrConflict) || calls != 2 || content(t, path) != `{"mcpServers": {}, "theirs": 2}` {
		t.Errorf("%d calls, %v; the file holds %s", calls, err, content(t, path))
	}
	wrong := errors.New("changed my mind")
	if err := store.Modify(t.Context(), "a.json", func(*json5.Document) error { return wrong }); !errors.Is(err, wrong) {
		t.Errorf("Modify = %v", err)
	}
	if err := store.Modify(t.Context(), "a.json", func(doc *json5.Document) error { return doc.Delete("mcpServers") }); err == nil {
		t.Error("a file without servers was written")
	}
	alone(t, filepath.Dir(path), "a.json")
}

// TestModifyWaitsForAFileThatIsBeingWritten has a program save in place, slowly.
func TestModifyWaitsForAFileThatIsBeingWritten(t *testing.T) {
	const text = "{\n  // kept\n  \"mcpServers\": {\n    \"s\": {\"command\": \"c\"}\n  }\n}\n"
	for _, sofar := range []string{"", "{\n  // ke", text[:40], "missing"} {
		store, path := one(t, text)
		if sofar == "missing" {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		} else {
			writeFiles(t, filepath.Dir(path), map[string]string{"a.json": sofar})
		}
		var saved sync.WaitGroup
		saved.Go(func() {
			time.Sleep(20 * time.Millisecond)
			writeFiles(t, filepath.Dir(path), map[string]string{"a.json": text})
		})
		err := store.PutServer(t.Context(), "a.json", "n", json.RawMessage(`{"command": "d"}`))
		saved.Wait()
		want := strings.Replace(text, "\"c\"}\n", "\"c\"},\n    \"n\": {\n      \"command\": \"d\"\n    }\n", 1)
		if got := content(t, path); err != nil || got != want {
			t.Errorf("after %q: %v; the file holds %s", sofar, err, got)
		}
	}

	store, path := one(t, text)
	writeFiles(t, filepath.Dir(path), map[string]string{"a.json": text[:40]})
	if err := store.SetDisabled(t.Context(), "s", true); err == nil {
		t.Error("a broken file was edited")
	} else if failure, ok := errors.AsType[*FileError](err); !ok || failure.Line == 0 {
		t.Errorf("a file that stays broken: %v", err)
	}
}

// TestTwoWriters has an editor save in place while the hub switches a server on and off. Either may lose against the
// other, but never does the file lose what both keep.
func TestTwoWriters(t *testing.T) {
	text := func(n int) string {
		return fmt.Sprintf("{\n  // %d\n  \"mcpServers\": {\n    \"s\": {\"command\": \"c\"}, // kept\n    \"t\": {\"command\": \"d\"}\n  }\n}\n", n)
	}
	store, path := one(t, text(0))
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := store.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	var hub, editor sync.WaitGroup
	var done atomic.Bool
	editor.Go(func() {
		for n := 1; !done.Load(); n++ {
			writeFiles(t, filepath.Dir(path), map[string]string{"a.json": text(n)})
			time.Sleep(time.Millisecond)
		}
	})
	written := 0
	hub.Go(func() {
		for n := range 100 {
			err := store.SetDisabled(ctx, "s", n%2 == 0)
			if err == nil {
				written++
			} else if !errors.Is(err, ErrConflict) {
				t.Errorf("SetDisabled = %v", err)
			}
		}
	})
	hub.Wait()
	done.Store(true)
	editor.Wait()
	if written == 0 {
		t.Error("the hub never got its turn")
	}
	if err := store.SetDisabled(ctx, "t", true); err != nil {
		t.Fatal(err)
	}
	got := content(t, path)
	if !strings.Contains(got, ", // kept\n    \"t\": {\"command\": \"d\", \"disabled\": true}\n  }\n}\n") || strings.Count(got, "\"command\"") != 2 {
		t.Errorf("the file holds %s", got)
	}
	alone(t, filepath.Dir(path), "a.json")
	eventually(t, "the configuration holds", func() bool {
		server, ok := store.Current().Server("t")
		return ok && server.Disabled && store.Current().Diagnostics == nil
	})
	cancel()
	running.Wait()
}

func TestOwnChangeIsOneUpdate(t *testing.T) {
	store, path := one(t, `{"mcpServers": {"s": {"command": "c"}}}`)
	var seen updates
	store.Subscribe(seen.add)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := store.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	defer running.Wait()
	defer cancel()
	if err := store.SetDisabled(ctx, "s", true); err != nil {
		t.Fatal(err)
	}
	if u, ok := seen.get(0); !ok || u.New != store.Current() {
		t.Fatal("no update before SetDisabled returned")
	}
	// The watcher notices both changes; only the second is news.
	writeFiles(t, filepath.Dir(path), map[string]string{"a.json": `{"mcpServers": {}}`})
	eventually(t, "the other change is noticed", func() bool { return len(store.Current().Servers) == 0 })
	if _, ok := seen.get(2); ok {
		t.Errorf("more than two updates")
	}
}

const writerEnv = "MCPHUB_TEST_WRITER"

// TestKilledWriter kills a process that does nothing but change a file. What it leaves is a whole file, and perhaps one
// more that nobody minds.
func TestKilledWriter(t *testing.T) {
	if dir := os.Getenv(writerEnv); dir != "" {
		store, err := open(t, Options{Dir: dir, Paths: []string{"a.json"}})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("ready")
		for n := 0; ; n++ {
			if err := store.SetDisabled(t.Context(), "s", n%2 == 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	var entries []string
	for n := range 500 {
		entries = append(entries, fmt.Sprintf("    // number %d\n    \"s%d\": {\"command\": \"c\"},\n", n, n))
	}
	dir := t.TempDir()
	head, tail := "{\n  \"mcpServers\": {\n"+strings.Join(entries, ""), "  }\n}\n"
	writeFiles(t, dir, map[string]string{"a.json": head + "    \"s\": {\"command\": \"c\"}\n" + tail, ".a.json.1.tmp": "{ half of"})
	for round := range 5 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledWriter$")
		cmd.Env = append(os.Environ(), writerEnv+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 8)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(5+7*round) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed
		text := content(t, filepath.Join(dir, "a.json"))
		if !strings.HasPrefix(text, head) || !strings.HasSuffix(text, tail) {
			t.Fatalf("round %d left a file of %d bytes", round, len(text))
		}
	}
	store, err := open(t, Options{Dir: dir, Paths: []string{"a.json"}})
	if err != nil || len(store.Current().Servers) != 501 {
		t.Fatalf("the file cannot be opened: %v", err)
	}
	if err := store.DeleteServer(t.Context(), "s"); err != nil {
		t.Error(err)
	}
	if text := content(t, filepath.Join(dir, "a.json")); !bytes.HasPrefix([]byte(head+tail), []byte(text[:len(head)-2])) {
		t.Error("the file is not what it was")
	}
}
