package vault

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"mcphub/hub/secret"
)

// file returns a store in a folder that is not there yet. Guessing its passphrase is cheap, so that tests are fast.
func file(t *testing.T, passphrase string) *File {
	t.Helper()
	return again(filepath.Join(t.TempDir(), "state", "secrets"), passphrase)
}

// again opens a store as another process would.
func again(dir, passphrase string) *File {
	f := NewFile(FileOptions{Dir: dir, Passphrase: secret.New(passphrase)})
	f.cost = 10
	return f
}

func get(t *testing.T, s secret.Store, name, want string) {
	t.Helper()
	if got, err := s.Get(t.Context(), name); err != nil || got.Reveal() != want {
		t.Errorf("%s is %q, %v; want %q", name, got.Reveal(), err, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFileKeepsSecrets(t *testing.T) {
	ctx, f := t.Context(), file(t, "")
	if _, err := f.Get(ctx, "a"); !errors.Is(err, secret.ErrNotFound) {
		t.Errorf("before there is a file: %v", err)
	}
	if err := f.Delete(ctx, "a"); !errors.Is(err, secret.ErrNotFound) {
		t.Errorf("before there is a file: %v", err)
	}
	if names, err := f.List(ctx); err != nil || len(names) > 0 {
		t.Errorf("before there is a file: %v, %v", names, err)
	}
	values := map[string]string{
		"b": "hunter2", "a": "", "oauth/https://a.example/mcp": strings.Repeat("x", 100_000), "c d": "ä\n\x00\xff\xfe", "~": "1",
	}
	for name, value := range values {
		must(t, f.Set(ctx, name, secret.New("old")))
		must(t, f.Set(ctx, name, secret.New(value)))
	}
	must(t, f.Set(ctx, "gone", secret.New("x")))
	must(t, f.Delete(ctx, "gone"))
	other := again(f.dir, "")
	for name, value := range values {
		get(t, other, name, value)
	}
	if names, err := other.List(ctx); err != nil || !slices.Equal(names, []string{"a", "b", "c d", "oauth/https://a.example/mcp", "~"}) {
		t.Errorf("names = %q, %v", names, err)
	}
	if _, err := other.Get(ctx, "gone"); !errors.Is(err, secret.ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
	if text, err := os.ReadFile(f.path(secretsName)); err != nil || bytes.Contains(text, []byte("hunter2")) || bytes.Contains(text, []byte("oauth")) {
		t.Errorf("the file shows what is in it: %v", err)
	}
	for _, name := range []string{"", "ä", "a\n", strings.Repeat("x", 201)} {
		if err := f.Set(ctx, name, secret.New("x")); err == nil {
			t.Errorf("the name %q is taken", name)
		}
	}
	if err := f.Set(ctx, "big", secret.New(strings.Repeat("x", secret.MaxValue+1))); err == nil {
		t.Error("a value that is too long is taken")
	}
	must(t, f.Clear(ctx))
	if exists, err := f.Exists(); exists || err != nil {
		t.Errorf("cleared: %v, %v", exists, err)
	}
	must(t, other.Set(ctx, "b", secret.New("new"))) // with the key of a store that is no more in its memory
	get(t, again(f.dir, ""), "b", "new")
	get(t, f, "b", "new")
}

func TestFilesAreTheirOwnersOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("has no such modes")
	}
	f := file(t, "")
	must(t, f.Set(t.Context(), "a", secret.New("x")))
	for _, name := range []string{"", secretsName, keyName, fileLockName} {
		info, err := os.Stat(f.path(name))
		must(t, err)
		want := fs.FileMode(0o600)
		if name == "" {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%q has mode %o", name, info.Mode().Perm())
		}
	}
}

func TestPassphrase(t *testing.T) {
	ctx, f := t.Context(), file(t, "correct horse")
	must(t, f.Set(ctx, "a", secret.New("x")))
	if _, err := os.Stat(f.path(keyName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the key lies in a file: %v", err)
	}
	get(t, again(f.dir, "correct horse"), "a", "x")
	for _, wrong := range []string{"", "battery staple"} {
		s := again(f.dir, wrong)
		before := files(t, f.dir)
		_, err := s.Get(ctx, "a")
		if problem := new(secret.Problem); !errors.Is(err, secret.ErrLocked) || !errors.As(err, &problem) || problem.Action == "" {
			t.Errorf("with the passphrase %q: %v", wrong, err)
		}
		if err := s.Set(ctx, "b", secret.New("y")); !errors.Is(err, secret.ErrLocked) {
			t.Errorf("with the passphrase %q: %v", wrong, err)
		}
		if !equal(before, files(t, f.dir)) {
			t.Errorf("with the passphrase %q: the store was changed", wrong)
		}
		if err := s.unlock(secret.New("no")); !errors.Is(err, secret.ErrLocked) {
			t.Errorf("unlocked with another one: %v", err)
		}
		must(t, s.unlock(secret.New("correct horse")))
		get(t, s, "a", "x")
	}
	open := file(t, "")
	for range 2 {
		if err := open.unlock(secret.New("x")); !errors.Is(err, ErrNotSealed) {
			t.Errorf("what is not sealed was unlocked: %v", err)
		}
		must(t, open.Set(ctx, "a", secret.New("x")))
	}

	none, other := secret.Text{}, secret.New("other")
	must(t, f.reseal(ctx, &other))
	get(t, again(f.dir, "other"), "a", "x")
	if _, err := again(f.dir, "correct horse").Get(ctx, "a"); !errors.Is(err, secret.ErrLocked) {
		t.Errorf("with the old passphrase: %v", err)
	}
	must(t, f.reseal(ctx, &none))
	get(t, again(f.dir, ""), "a", "x")
	must(t, again(f.dir, "third").reseal(ctx, nil))
	get(t, again(f.dir, "third"), "a", "x")
	if _, err := os.Stat(f.path(keyName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the key still lies in a file: %v", err)
	}
}

// TestDamage: whatever is wrong with the files, it is told and nothing takes their place.
func TestDamage(t *testing.T) {
	change := func(name string, edit func([]byte) []byte) func(*testing.T, *File) {
		return func(t *testing.T, f *File) {
			text, err := os.ReadFile(f.path(name))
			must(t, err)
			must(t, os.WriteFile(f.path(name), edit(text), 0o600))
		}
	}
	remove := func(name string) func(*testing.T, *File) {
		return func(t *testing.T, f *File) { must(t, os.Remove(f.path(name))) }
	}
	mode := func(name string, mode fs.FileMode) func(*testing.T, *File) {
		return func(t *testing.T, f *File) {
			if runtime.GOOS == "windows" {
				t.Skip("has no such modes")
			}
			must(t, os.Chmod(f.path(name), mode))
		}
	}
	foreignKey := func(t *testing.T, f *File) {
		other := file(t, "")
		must(t, other.Set(t.Context(), "a", secret.New("x")))
		text, err := os.ReadFile(other.path(keyName))
		must(t, err)
		must(t, os.WriteFile(f.path(keyName), text, 0o600))
	}
	for name, tt := range map[string]struct {
		harm func(*testing.T, *File)
		want string
	}{
		"empty file":      {change(secretsName, func([]byte) []byte { return nil }), "damaged"},
		"cut off":         {change(secretsName, func(b []byte) []byte { return b[:len(b)-5] }), "damaged"},
		"other content":   {change(secretsName, func(b []byte) []byte { b[len(b)-1] ^= 1; return b }), "damaged"},
		"other header":    {change(secretsName, func(b []byte) []byte { b[60] ^= 1; return b }), "move"},
		"no such file":    {change(secretsName, func([]byte) []byte { return []byte("{}") }), "damaged"},
		"no key in it":    {change(keyName, func([]byte) []byte { return []byte("# nothing\n") }), "damaged"},
		"half a key":      {change(keyName, func(b []byte) []byte { return b[:len(b)-9] }), "damaged"},
		"key is gone":     {remove(keyName), "key.txt or key.age back"},
		"foreign key":     {foreignKey, "another key"},
		"file is open":    {mode(secretsName, 0o644), "chmod 600"},
		"key is open":     {mode(keyName, 0o640), "chmod 600"},
		"a later version": {later, "later version"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, f := t.Context(), file(t, "")
			must(t, f.Set(ctx, "a", secret.New("hunter2")))
			tt.harm(t, f)
			before := files(t, f.dir)
			s := again(f.dir, "")
			_, getErr := s.Get(ctx, "a")
			_, listErr := s.List(ctx)
			for what, err := range map[string]error{
				"get": getErr, "list": listErr, "set": s.Set(ctx, "a", secret.New("y")), "delete": s.Delete(ctx, "a"), "create": s.Create(ctx),
			} {
				if !errors.Is(err, secret.ErrUnavailable) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "AGE-SECRET") {
					t.Errorf("%s: %v", what, err)
				}
			}
			if !equal(before, files(t, f.dir)) {
				t.Error("the store was changed")
			}
		})
	}
	t.Run("folder is open", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("has no such modes")
		}
		f := file(t, "")
		must(t, f.Set(t.Context(), "a", secret.New("x")))
		must(t, os.Chmod(f.dir, 0o755))
		if err := f.Set(t.Context(), "a", secret.New("y")); err == nil || !strings.Contains(err.Error(), "chmod 700") {
			t.Errorf("got %v", err)
		}
	})
}

// later makes a file of a version that is still to come.
func later(t *testing.T, f *File) {
	key, err := f.readKey()
	must(t, err)
	sealed, err := seal([]byte(`{"version":2,"secrets":{}}`), key.Recipient())
	must(t, err)
	must(t, os.WriteFile(f.path(secretsName), sealed, 0o600))
}

// files returns what a folder holds.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), fileLockName) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
		all[e.Name()] = string(text)
	}
	return all
}

func equal(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for name := range a {
		if a[name] != b[name] {
			return false
		}
	}
	return true
}
