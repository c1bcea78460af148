package vault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mcphub/hub/secret"
)

// ring is a keyring: a second file that may be told to fail.
type ring struct {
	*File
	fail  error // of every call
	clear error // of Clear
	wrong bool  // what is kept reads back as something else
}

func (r *ring) Create(ctx context.Context) error {
	if r.fail != nil {
		return r.fail
	}
	return r.File.Create(ctx)
}

func (r *ring) Get(ctx context.Context, name string) (secret.Text, error) {
	value, err := r.File.Get(ctx, name)
	if r.wrong {
		value = secret.New("x" + value.Reveal())
	}
	return value, errors.Join(r.fail, err)
}

func (r *ring) Clear(ctx context.Context) error {
	if r.clear != nil {
		return r.clear
	}
	return r.File.Clear(ctx)
}

func store(t *testing.T, passphrase string) (*Store, *ring) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "secrets")
	r := &ring{File: again(filepath.Join(dir, "ring"), "")}
	return New(Options{Dir: dir, Keyring: r, File: again(dir, passphrase), Log: slog.New(slog.DiscardHandler)}), r
}

// reopened is the same store in another process.
func reopened(s *Store) *Store {
	o := s.options
	o.File = again(o.Dir, "")
	return New(o)
}

func TestNothingIsTouchedBeforeUse(t *testing.T) {
	s, _ := store(t, "")
	if _, err := s.Get(t.Context(), "a"); !errors.Is(err, secret.ErrNotFound) {
		t.Errorf("get: %v", err)
	}
	if all, err := s.List(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("list: %v, %v", all, err)
	}
	if st := s.Status(t.Context()); st != (Status{}) {
		t.Errorf("status: %+v", st)
	}
	if _, err := os.Stat(s.options.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a folder: %v", err)
	}
}

func TestChoice(t *testing.T) {
	broken := &secret.Problem{Kind: secret.ErrUnavailable, What: "no keyring", Action: "install one"}
	asking := &secret.Problem{Kind: secret.ErrLocked, What: "a person is asked", Action: "answer", Cause: context.DeadlineExceeded}
	for name, tt := range map[string]struct {
		passphrase string
		fail       error
		none       bool
		backend    string // empty: setting fails
		why        string
	}{
		"keyring":               {backend: InKeyring},
		"keyring does not work": {fail: broken, backend: InFile, why: "no keyring"},
		"keyring is asking":     {fail: asking},
		"no keyring at all":     {none: true, backend: InFile, why: "there is no keyring"},
		"passphrase is given":   {passphrase: "p", backend: InFile, why: "passphrase"},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := store(t, tt.passphrase)
			if r.fail = tt.fail; tt.none {
				s.options.Keyring = nil
			}
			err := s.Set(t.Context(), "a", secret.New("x"))
			if (err != nil) != (tt.backend == "") {
				t.Fatalf("set: %v", err)
			}
			st := s.Status(t.Context())
			if st.Backend != tt.backend || st.Err != nil || !strings.Contains(st.Why, tt.why) || (st.Where == "") != (tt.backend == "") {
				t.Errorf("status: %+v", st)
			}
			if tt.backend != "" {
				get(t, s, "a", "x")
			}
		})
	}
}

// TestMissingBackend: a backend that was there once is never made anew.
func TestMissingBackend(t *testing.T) {
	ctx := t.Context()
	s, r := store(t, "")
	must(t, s.Set(ctx, "a", secret.New("x")))
	fails := func(s *Store, kind error, want string) {
		t.Helper()
		_, getErr := s.Get(ctx, "a")
		_, listErr := s.List(ctx)
		for what, err := range map[string]error{
			"get": getErr, "list": listErr, "set": s.Set(ctx, "b", secret.New("y")), "delete": s.Delete(ctx, "a"), "status": s.Status(ctx).Err,
		} {
			if !errors.Is(err, kind) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if exists, _ := s.options.File.Exists(); exists {
			t.Error("there is a file now")
		}
	}
	without := reopened(s)
	without.options.Keyring = nil
	fails(without, secret.ErrUnavailable, "use the program")
	must(t, r.File.Clear(ctx))
	fails(s, secret.ErrUnavailable, "begin anew")

	must(t, os.WriteFile(s.path(recordName), []byte("{}"), 0o600))
	fails(s, secret.ErrUnavailable, "damaged")
}

func TestForgottenChoice(t *testing.T) {
	ctx := t.Context()
	for _, in := range []string{InFile, InKeyring} {
		s, _ := store(t, "")
		must(t, s.Migrate(ctx, in, nil))
		must(t, s.Set(ctx, "a", secret.New("x")))
		must(t, os.Remove(s.path(recordName)))
		must(t, s.Set(ctx, "b", secret.New("y")))
		get(t, s, "a", "x")
		if st := s.Status(ctx); st.Backend != in {
			t.Errorf("%s became %s", in, st.Backend)
		}
	}
	s, r := store(t, "")
	must(t, r.Set(ctx, "a", secret.New("x")))
	must(t, s.options.File.Set(ctx, "a", secret.New("y")))
	if err := s.Set(ctx, "b", secret.New("z")); !errors.Is(err, secret.ErrUnavailable) || !strings.Contains(err.Error(), "which count") {
		t.Errorf("with two stores: %v", err)
	}
}

func TestMigrate(t *testing.T) {
	ctx := t.Context()
	s, r := store(t, "")
	values := map[string]string{"a": "x", "b": "", "oauth/c": strings.Repeat("y", 5000)}
	for name, value := range values {
		must(t, s.Set(ctx, name, secret.New(value)))
	}
	whole := func(s *Store, in string) {
		t.Helper()
		if st := s.Status(ctx); st.Backend != in || st.Err != nil {
			t.Errorf("status: %+v", st)
		}
		if all, err := s.List(ctx); err != nil || !slices.Equal(all, slices.Sorted(maps.Keys(values))) {
			t.Errorf("names: %v, %v", all, err)
		}
		for name, value := range values {
			get(t, s, name, value)
		}
	}
	if err := s.Migrate(ctx, "cloud", nil); err == nil {
		t.Error("moved into the unknown")
	}
	must(t, s.Migrate(ctx, InKeyring, nil))
	whole(s, InKeyring)

	must(t, s.Migrate(ctx, InFile, nil))
	whole(reopened(s), InFile)
	if exists, err := r.Exists(); exists || err != nil {
		t.Errorf("old secrets are left: %v", err)
	}
	passphrase := secret.New("p")
	must(t, s.Migrate(ctx, InFile, &passphrase))
	locked := reopened(s)
	if st := locked.Status(ctx); !errors.Is(st.Err, secret.ErrLocked) || !strings.Contains(st.Where, "passphrase") {
		t.Errorf("status: %+v", st)
	}
	must(t, locked.Unlock(ctx, passphrase))
	whole(locked, InFile)

	r.wrong = true
	if err := s.Migrate(ctx, InKeyring, nil); err == nil || !strings.Contains(err.Error(), "something else") {
		t.Errorf("what does not read back is taken: %v", err)
	}
	whole(s, InFile)
	if exists, err := r.Exists(); exists || err != nil {
		t.Errorf("copies are left: %v", err)
	}
	r.wrong = false
	must(t, s.Migrate(ctx, InKeyring, nil))
	if err := s.Unlock(ctx, passphrase); err == nil {
		t.Error("a keyring was unlocked with a passphrase")
	}

	r.clear = errors.New("not now")
	if err := s.Migrate(ctx, InFile, nil); !errors.Is(err, r.clear) {
		t.Errorf("old ones that stay: %v", err)
	}
	whole(s, InFile)
	r.clear = nil
	must(t, s.Set(ctx, "a", secret.New("x")))
	if exists, err := r.Exists(); exists || err != nil {
		t.Errorf("old secrets are left: %v", err)
	}
	must(t, r.Set(ctx, "foreign", secret.New("z")))
	if err := s.Migrate(ctx, InKeyring, nil); !errors.Is(err, secret.ErrUnavailable) {
		t.Errorf("moved to where something is: %v", err)
	}
	whole(s, InFile)
}

func TestWatchTellsOfOtherProcesses(t *testing.T) {
	s, _ := store(t, "")
	s.options.Keyring = nil
	ctx, cancel := context.WithCancel(t.Context())
	told := make(chan struct{}, 100)
	var watching sync.WaitGroup
	watching.Go(func() { s.Watch(ctx, func() { told <- struct{}{} }) })
	defer watching.Wait()
	defer cancel()
	wait := func(what string) {
		t.Helper()
		select {
		case <-told:
		case <-time.After(20 * time.Second):
			t.Fatalf("not told of %s", what)
		}
	}
	wait("the beginning")
	for n, value := range []string{"1", "2"} {
		must(t, reopened(s).Set(t.Context(), "a", secret.New(value)))
		wait(fmt.Sprintf("change %d", n))
		for len(told) > 0 {
			<-told
		}
	}
}
