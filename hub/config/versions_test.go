package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"mcphub/hub/json5"
)

// versioned opens a store over one file with the text, which keeps earlier versions.
func versioned(t *testing.T, text string) (store *Store, path string, options Options) {
	t.Helper()
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"a.json": text})
	options = Options{Dir: dir, Paths: []string{"a.json"}, Versions: filepath.Join(dir, "state", "versions")}
	store, err := open(t, options)
	if err != nil {
		t.Fatal(err)
	}
	return store, filepath.Join(dir, "a.json"), options
}

// earlier returns the texts of all versions, the latest first.
func earlier(t *testing.T, store *Store) (texts []string) {
	t.Helper()
	versions, err := store.Versions("a.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range versions {
		text, err := store.Version("a.json", v.ID)
		if err != nil || int64(len(text)) != v.Size {
			t.Fatalf("%v: %v, %d bytes", v, err, len(text))
		}
		texts = append(texts, string(text))
	}
	return texts
}

func wantEarlier(t *testing.T, store *Store, want ...string) {
	t.Helper()
	if got := earlier(t, store); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Fatalf("kept are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func numbered(i int) string { return fmt.Sprintf(`{"mcpServers": {"s%d": {"command": "x"}}}`, i) }

// TestVersions: what the store or another program replaces is kept, for its owner only.
func TestVersions(t *testing.T) {
	store, path, _ := versioned(t, numbered(0))
	wantEarlier(t, store)
	_, etag, err := store.Read("a.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Write(t.Context(), "a.json", []byte(numbered(1)), etag); err != nil {
		t.Fatal(err)
	}
	wantEarlier(t, store, numbered(0))
	writeFiles(t, filepath.Dir(path), map[string]string{"a.json": numbered(2)})
	if err := store.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantEarlier(t, store, numbered(1), numbered(0))

	const broken = "{ not yet" // never in force, but somebody wrote it, and the store replaces it
	writeFiles(t, filepath.Dir(path), map[string]string{"a.json": broken})
	if err := store.Reload(t.Context()); err == nil {
		t.Fatal("a broken file is taken")
	}
	wantEarlier(t, store, numbered(1), numbered(0))
	if _, err := store.Write(t.Context(), "a.json", []byte(numbered(0)), tag([]byte(broken))); err != nil {
		t.Fatal(err)
	}
	wantEarlier(t, store, numbered(2), broken, numbered(1), numbered(0))

	versions, err := store.Versions("a.json")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(store.versionDir("a.json"), versions[0].ID)); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := store.Version("a.json", "../lock"); !errors.Is(err, ErrUnknownVersion) {
		t.Error(err)
	}
	if _, err := store.Versions("/etc/passwd"); !errors.Is(err, ErrUnknownFile) {
		t.Error(err)
	}
}

// TestVersionsKeepTheLaterTime at which a text was replaced, in whichever order that is told.
func TestVersionsKeepTheLaterTime(t *testing.T) {
	store, _, _ := versioned(t, numbered(0))
	late := time.Now().Add(-time.Minute)
	for _, until := range []time.Time{late, late.Add(-time.Hour)} {
		if err := store.keepSince(t.Context(), "a.json", []byte(numbered(1)), until); err != nil {
			t.Fatal(err)
		}
	}
	if versions, err := store.Versions("a.json"); err != nil || len(versions) != 1 || !versions[0].Until.Equal(late) {
		t.Errorf("%+v, %v", versions, err)
	}
}

// TestVersionsAreBounded by number and by age.
func TestVersionsAreBounded(t *testing.T) {
	store, _, options := versioned(t, numbered(0))
	for i := range keptVersions + 5 {
		store.keep(t.Context(), "a.json", []byte(numbered(i)))
	}
	texts := earlier(t, store)
	if len(texts) != keptVersions || texts[0] != numbered(keptVersions+4) || texts[keptVersions-1] != numbered(5) {
		t.Fatalf("%d are kept, from %s", len(texts), texts[0])
	}
	files, err := os.ReadDir(store.versionDir("a.json"))
	if err != nil || len(files) != keptVersions+1 { // and the lock
		t.Fatal(err, len(files))
	}
	old := time.Now().Add(-keptVersionTime - time.Hour)
	for _, f := range files {
		if err := os.Chtimes(filepath.Join(store.versionDir("a.json"), f.Name()), old, old); err != nil {
			t.Fatal(err)
		}
	}
	wantEarlier(t, store)
	if _, err := open(t, options); err != nil { // the next hub tidies up
		t.Fatal(err)
	}
	alone(t, store.versionDir("a.json"), "lock")
}

// TestVersionsOfManyWriters: of what writers of two hubs and another program replaced, nothing is lost.
func TestVersionsOfManyWriters(t *testing.T) {
	store, _, options := versioned(t, `{"mcpServers": {}}`)
	other, err := open(t, options)
	if err != nil {
		t.Fatal(err)
	}
	var (
		work  sync.WaitGroup
		mu    sync.Mutex
		saw   = map[string]bool{} // what writers found and replaced
		write = func(s *Store, name string) error {
			var before string
			err := s.Modify(t.Context(), "a.json", func(doc *json5.Document) error {
				before = string(doc.Text())
				return doc.Set([]byte(`{"command": "x"}`), "mcpServers", name)
			})
			if err == nil {
				mu.Lock()
				saw[before] = true
				mu.Unlock()
			}
			return err
		}
	)
	for i, s := range []*Store{store, other, store, other} {
		work.Go(func() {
			for j := range 8 {
				if err := write(s, fmt.Sprintf("s%d-%d", i, j)); err != nil && !errors.Is(err, ErrConflict) && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
	for _, text := range earlier(t, store) {
		delete(saw, text)
	}
	if len(saw) > 0 {
		t.Errorf("%d texts that were replaced are lost", len(saw))
	}
}

// TestPreview: it says what a write would publish, and writes nothing.
func TestPreview(t *testing.T) {
	store, path, _ := versioned(t, numbered(0))
	before := store.Current()
	preview, err := store.Preview(t.Context(), "a.json", []byte(numbered(1)))
	if err != nil || len(preview.Servers) != 1 || preview.Servers[0].Name != "s1" {
		t.Fatal(preview, err)
	}
	if store.Current() != before || content(t, path) != numbered(0) {
		t.Error("the preview changed something")
	}
	etag, err := store.Write(t.Context(), "a.json", []byte(numbered(1)), tag([]byte(numbered(0))))
	if err != nil || store.Current().Hash != preview.Hash {
		t.Error(etag, err)
	}
	if _, err := store.Preview(t.Context(), "a.json", []byte("{")); !errors.As(err, new(*FileError)) {
		t.Error(err)
	}
}
