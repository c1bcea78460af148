//go:build linux

package keyring

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zalando/go-keyring"

	"mcphub/hub/secret"
)

func get(t *testing.T, s secret.Store, name, want string) {
	t.Helper()
	if got, err := s.Get(t.Context(), name); err != nil || got.Reveal() != want {
		t.Errorf("%s is %q, %v; want %q", name, got.Reveal(), err, want)
	}
}

func missing(t *testing.T, s secret.Store, name string) {
	t.Helper()
	if _, err := s.Get(t.Context(), name); !errors.Is(err, secret.ErrNotFound) {
		t.Errorf("%s: %v, want not found", name, err)
	}
}

func listed(t *testing.T, s secret.Store, want ...string) {
	t.Helper()
	if got, err := s.List(t.Context()); err != nil || !slices.Equal(got, want) {
		t.Errorf("listed %q, %v; want %q", got, err, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fresh returns a store in a folder that is not there yet.
func fresh(t *testing.T) *Store { return New(filepath.Join(t.TempDir(), "secrets")) }

func TestEachSecretIsAnItem(t *testing.T) {
	session(t)
	s := fresh(t)
	missing(t, s, "a")
	listed(t, s)
	values := map[string]string{"a": "hunter2", "b": "", "c d": "ä\n1", "oauth/https://x.example/mcp?a=b": strings.Repeat("x", 100_000)}
	for name, value := range values {
		must(t, s.Set(t.Context(), name, secret.New("old")))
		must(t, s.Set(t.Context(), name, secret.New(value)))
	}
	other := New(s.dir)
	for name, value := range values {
		get(t, other, name, value)
		if item, err := keyring.Get("MCP Hub", name); err != nil || item != value {
			t.Errorf("the item %s: %v", name, err)
		}
	}
	listed(t, other, "a", "b", "c d", "oauth/https://x.example/mcp?a=b")
	text, err := os.ReadFile(s.path(indexName))
	if err != nil || strings.Contains(string(text), "hunter2") {
		t.Errorf("the index: %v %s", err, text)
	}
	must(t, s.Delete(t.Context(), "c d"))
	missing(t, other, "c d")
	if err := s.Delete(t.Context(), "c d"); !errors.Is(err, secret.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}

	// A person removes one by hand, and makes another one.
	must(t, keyring.Delete("MCP Hub", "a"))
	must(t, keyring.Set("MCP Hub", "mine", "z"))
	missing(t, s, "a")
	must(t, s.Delete(t.Context(), "a"))
	get(t, s, "mine", "z")
	listed(t, s, "b", "oauth/https://x.example/mcp?a=b")

	must(t, s.Clear(t.Context()))
	listed(t, s)
	missing(t, s, "b")
	get(t, s, "mine", "z")
	if exists, err := s.Exists(); exists || err != nil {
		t.Errorf("cleared: %v, %v", exists, err)
	}
	must(t, s.Create(t.Context()))
	if exists, err := s.Exists(); !exists || err != nil {
		t.Errorf("created: %v, %v", exists, err)
	}
	missing(t, s, probe)
}

func TestLongSecretsAreSealed(t *testing.T) {
	session(t)
	s := fresh(t)
	s.limit = 20
	long := func(c string) string { return strings.Repeat(c, 21) }
	must(t, s.Set(t.Context(), "a", secret.New(long("a"))))
	must(t, s.Set(t.Context(), "b", secret.New(long("b"))))
	must(t, s.Set(t.Context(), "short", secret.New("s")))
	get(t, New(s.dir), "a", long("a"))
	get(t, s, "b", long("b"))
	listed(t, s, "a", "b", "short")
	if _, err := keyring.Get("MCP Hub", "a"); !errors.Is(err, keyring.ErrNotFound) {
		t.Errorf("there is an item: %v", err)
	}
	if text, err := os.ReadFile(s.sealed("a")); err != nil || strings.Contains(string(text), "aaa") {
		t.Errorf("the file: %v %q", err, text)
	}

	// To and fro.
	must(t, s.Set(t.Context(), "a", secret.New("a")))
	get(t, s, "a", "a")
	if _, err := os.Stat(s.sealed("a")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is left: %v", err)
	}
	must(t, s.Set(t.Context(), "a", secret.New(long("c"))))
	get(t, s, "a", long("c"))

	unavailable := func(name string) {
		t.Helper()
		if _, err := s.Get(t.Context(), name); !errors.Is(err, secret.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A file in the place of another one, a damaged one, none.
	text, err := os.ReadFile(s.sealed("b"))
	must(t, err)
	must(t, os.WriteFile(s.sealed("a"), text, 0o600))
	unavailable("a")
	text[len(text)-1] ^= 1
	must(t, os.WriteFile(s.sealed("b"), text, 0o600))
	unavailable("b")
	must(t, os.Remove(s.sealed("b")))
	unavailable("b")
	must(t, s.Set(t.Context(), "b", secret.New(long("b"))))

	// Without its key nothing is sealed anew that would lose the others.
	key, err := keyring.Get("MCP Hub", masterKey)
	must(t, err)
	must(t, keyring.Delete("MCP Hub", masterKey))
	unavailable("b")
	if err := s.Set(t.Context(), "d", secret.New(long("d"))); !errors.Is(err, secret.ErrUnavailable) {
		t.Errorf("sealed with a new key: %v", err)
	}
	must(t, keyring.Set("MCP Hub", masterKey, key))
	get(t, s, "b", long("b"))
	must(t, s.Delete(t.Context(), "b"))
	missing(t, s, "b")
	listed(t, s, "a", "short")
	must(t, s.Clear(t.Context()))
	if _, err := keyring.Get("MCP Hub", masterKey); !errors.Is(err, keyring.ErrNotFound) {
		t.Errorf("the key is left: %v", err)
	}
}

func TestDamagedIndex(t *testing.T) {
	session(t)
	s := fresh(t)
	must(t, s.Set(t.Context(), "a", secret.New("x")))
	for _, text := range []string{"", "{}", "[", `{"version":2,"secrets":{}}`} {
		must(t, os.WriteFile(s.path(indexName), []byte(text), 0o600))
		if _, err := s.List(t.Context()); !errors.Is(err, secret.ErrUnavailable) {
			t.Errorf("%q: %v", text, err)
		}
		if err := s.Set(t.Context(), "b", secret.New("x")); !errors.Is(err, secret.ErrUnavailable) {
			t.Errorf("%q: %v", text, err)
		}
		if now, err := os.ReadFile(s.path(indexName)); err != nil || string(now) != text {
			t.Errorf("%q became %q", text, now)
		}
	}
}

// problem checks that an error says what kind it is and what to do.
func problem(t *testing.T, err, kind error, want string) {
	t.Helper()
	p := new(secret.Problem)
	if !errors.Is(err, kind) || !errors.As(err, &p) || p.Action == "" || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %v with %q", err, kind, want)
	}
}

func TestNoBus(t *testing.T) {
	if _, err := os.Stat(fmt.Sprintf("/run/user/%d/bus", os.Getuid())); err == nil {
		t.Skip("this machine has a session bus that is always found")
	}
	// The library must not be asked, or it would start a bus.
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "dbus-launch"), []byte("#!/bin/sh\ntouch '"+dir+"/launched'\n"), 0o700))
	t.Setenv("PATH", dir)
	for _, address := range []string{"", "autolaunch:"} {
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
		_, err := fresh(t).Get(t.Context(), "a")
		problem(t, err, secret.ErrUnavailable, "no desktop session")
		problem(t, fresh(t).Create(t.Context()), secret.ErrUnavailable, "no desktop session")
	}
	if _, err := os.Stat(filepath.Join(dir, "launched")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a bus was started: %v", err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+dir+"/none")
	_, err := fresh(t).Get(t.Context(), "a")
	problem(t, err, secret.ErrUnavailable, "no such file")
}

func TestNobodyKeepsAKeyring(t *testing.T) {
	bus(t)
	_, err := fresh(t).Get(t.Context(), "a")
	problem(t, err, secret.ErrUnavailable, "install and start one")
	problem(t, fresh(t).Create(t.Context()), secret.ErrUnavailable, "install and start one")
}

func TestLockedKeyring(t *testing.T) {
	b := bus(t)
	b.keyring(t, "") // not unlocked
	t.Setenv("DISPLAY", "")
	s := fresh(t)
	_, err := s.Get(t.Context(), "a")
	problem(t, err, secret.ErrLocked, "unlock it")
	problem(t, s.Create(t.Context()), secret.ErrLocked, "unlock it")
	if exists, _ := s.Exists(); exists {
		t.Error("a keyring that is locked counts as chosen")
	}
}

// TestSilentKeyring stops the keyring's process, as a question to a person does that is never answered.
func TestSilentKeyring(t *testing.T) {
	daemon := session(t)
	s := fresh(t)
	must(t, s.Set(t.Context(), "a", secret.New("x")))
	s.patience = 200 * time.Millisecond
	must(t, daemon.Signal(syscall.SIGSTOP))
	begun := time.Now()
	for range 3 {
		_, err := s.Get(t.Context(), "a")
		problem(t, err, secret.ErrLocked, "not answered")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it does not say that it was waited for: %v", err)
		}
	}
	problem(t, s.Set(t.Context(), "a", secret.New("y")), secret.ErrLocked, "not answered")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Get(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("called off: %v", err)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	must(t, daemon.Signal(syscall.SIGCONT))
	s.patience = 10 * time.Second
	get(t, s, "a", "x")
	must(t, s.Set(t.Context(), "a", secret.New("y")))
	get(t, s, "a", "y")
}

// TestErrorsOfTheLibrary looks at errors that this machine cannot bring about.
func TestErrorsOfTheLibrary(t *testing.T) {
	problem(t, explained(errors.New("anything")), secret.ErrUnavailable, "anything")
	problem(t, explained(keyring.ErrSetDataTooBig), secret.ErrUnavailable, "too big")
	problem(t, explained(keyring.ErrUnsupportedPlatform), secret.ErrUnavailable, "platform")
	if err := explained(keyring.ErrNotFound); !errors.Is(err, secret.ErrNotFound) {
		t.Error(err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
	_, err := call(t.Context(), time.Second, func() (string, error) { panic("odd") })
	problem(t, err, secret.ErrUnavailable, "odd")
}
