package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mcphub/hub/json5"
)

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

func TestSetArgument(t *testing.T) {
	for name, test := range map[string]struct{ before, after string }{
		"usual":   {"{mcpServers: {s: {\n  command: 'npx', // runs\n  args: ['-y', 'a@1', /* last */ 'x'],\n}}}", "{mcpServers: {s: {\n  command: 'npx', // runs\n  args: ['-y', 'a@2', /* last */ 'x'],\n}}}"},
		"array":   {`[{"name": "s", "command": "npx", "args": ["-y","a@1"]}]`, `[{"name": "s", "command": "npx", "args": ["-y","a@2"]}]`},
		"Zed":     {`{"context_servers": {"s": {"command": {"path": "npx", "args": ["-y", "a@1"]}}}}`, `{"context_servers": {"s": {"command": {"path": "npx", "args": ["-y", "a@2"]}}}}`},
		"Zed's 2": {`{"context_servers": {"s": {"command": "npx", "args": ["-y", "a@1"]}}}`, `{"context_servers": {"s": {"command": "npx", "args": ["-y", "a@2"]}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			store, path := one(t, test.before)
			if s, _ := store.Current().Server("s"); s.Written().Command != "npx" || s.Written().Args[1] != "a@1" {
				t.Errorf("written %+v", s.Written())
			}
			for _, index := range []int{-1, 0, 9} {
				if err := store.SetArgument(t.Context(), "s", index, "a@1", "a@2"); !errors.Is(err, ErrConflict) {
					t.Errorf("argument %d: %v", index, err)
				}
			}
			if err := store.SetArgument(t.Context(), "s", 1, "a@1", "a@2"); err != nil {
				t.Fatal(err)
			}
			if got := content(t, path); got != test.after {
				t.Errorf("got  %s\nwant %s", got, test.after)
			}
			if s, _ := store.Current().Server("s"); s.Written().Args[1] != "a@2" {
				t.Errorf("written %+v", s.Written())
			}
		})
	}
	store, _ := one(t, `{"mcpServers": {}}`)
	if err := store.SetArgument(t.Context(), "s", 0, "a", "b"); !errors.Is(err, ErrUnknownServer) {
		t.Errorf("error %v", err)
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
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Error(err)
			}
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

// Programs that save leave the file empty, or leave none, for a moment: no server is ended for that.
func TestFileThatIsBeingSaved(t *testing.T) {
	store, path := one(t, `{"mcpServers": {"s": {"command": "c"}}}`)
	var seen updates
	store.Subscribe(seen.add)
	following(t, store)
	if err := store.SetDisabled(t.Context(), "s", true); err != nil { // until here it may not be watched yet
		t.Fatal(err)
	}
	for command, begin := range map[string]func() error{"d": func() error { return os.Truncate(path, 0) }, "e": func() error { return os.Remove(path) }} {
		if err := begin(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * debounce) // it takes its time
		if err := os.WriteFile(path, []byte(`{"mcpServers": {"s": {"command": "`+command+`"}}}`), 0o600); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the saved text is taken", func() bool {
			s, ok := store.Current().Server("s")
			return ok && s.spec.command.text == command
		})
	}
	for i := 0; ; i++ {
		u, ok := seen.get(i)
		if !ok {
			break
		}
		if len(u.New.Servers) == 0 {
			t.Errorf("update %d has no servers", i)
		}
	}
}

func TestOwnChangeIsOneUpdate(t *testing.T) {
	store, path := one(t, `{"mcpServers": {"s": {"command": "c"}}}`)
	var seen updates
	store.Subscribe(seen.add)
	following(t, store)
	if err := store.SetDisabled(t.Context(), "s", true); err != nil {
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
