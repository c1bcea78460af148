package config

import (
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

// TestTwoWriters has an editor save in place while the hub switches a server on and off. Either may lose against the
// other, but never does the file lose what both keep.
func TestTwoWriters(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file that a program has open cannot be replaced there")
	}
	text := func(n int) string {
		return fmt.Sprintf("{\n  // %d\n  \"mcpServers\": {\n    \"s\": {\"command\": \"c\"}, // kept\n    \"t\": {\"command\": \"d\"}\n  }\n}\n", n)
	}
	store, path := one(t, text(0))
	following(t, store)
	var hub, editor sync.WaitGroup
	var done atomic.Bool
	editor.Go(func() {
		for n := 1; !done.Load(); n++ {
			if err := os.WriteFile(path, []byte(text(n)), 0o600); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Millisecond)
		}
	})
	written := 0
	hub.Go(func() {
		for n := range 100 {
			err := store.SetDisabled(t.Context(), "s", n%2 == 0)
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
	if err := store.SetDisabled(t.Context(), "t", true); err != nil {
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
		for n, end := 0, time.Now().Add(time.Minute); time.Now().Before(end); n++ {
			if err := store.SetDisabled(t.Context(), "s", n%2 == 0); err != nil {
				t.Fatal(err)
			}
		}
		return
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
	if text := content(t, filepath.Join(dir, "a.json")); text != strings.TrimSuffix(head, ",\n")+"\n"+tail {
		t.Errorf("the file of %d bytes is not what it was", len(text))
	}
}
