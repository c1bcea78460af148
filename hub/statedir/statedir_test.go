package statedir

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// TestMain is also the other process: it takes a lock, says so, and waits to be killed.
func TestMain(m *testing.M) {
	if path := os.Getenv("STATEDIR_TEST_LOCK"); path != "" {
		if _, err := TryLock(path); err != nil {
			os.Exit(1)
		}
		_, _ = os.Stdout.WriteString("locked\n")
		select {}
	}
	os.Exit(m.Run())
}

func TestPath(t *testing.T) {
	tests := map[string]struct {
		legacy string // "dir", "file" or nothing
		state  string // XDG_STATE_HOME, below the test's folder
		want   string // below the test's folder
	}{
		"default":               {"", "", "home/.local/state/mcp-hub"},
		"state home":            {"", "xs", "xs/mcp-hub"},
		"legacy folder":         {"dir", "", "home/.mcp-hub"},
		"legacy folder wins":    {"dir", "xs", "home/.mcp-hub"},
		"a file is no folder":   {"file", "xs", "xs/mcp-hub"},
		"a file, no state home": {"file", "", "home/.local/state/mcp-hub"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			home := filepath.Join(root, "home")
			must(t, os.Mkdir(home, 0o700))
			switch tt.legacy {
			case "dir":
				must(t, os.Mkdir(filepath.Join(home, ".mcp-hub"), 0o700))
			case "file":
				must(t, os.WriteFile(filepath.Join(home, ".mcp-hub"), nil, 0o600))
			}
			t.Setenv("HOME", home)
			t.Setenv("USERPROFILE", home)
			t.Setenv("XDG_STATE_HOME", "")
			if tt.state != "" {
				t.Setenv("XDG_STATE_HOME", filepath.Join(root, tt.state))
			}
			got, err := Path()
			if want := filepath.Join(root, tt.want); err != nil || got != want {
				t.Errorf("got %q, %v; want %q", got, err, want)
			}
			if _, err := os.Stat(filepath.Join(root, "xs")); !errors.Is(err, os.ErrNotExist) {
				t.Error("a folder was made")
			}
		})
	}
}

func TestPathOfRelativeStateHome(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("HOME", dir)
	t.Setenv("USERPROFILE", dir)
	t.Setenv("XDG_STATE_HOME", "rel")
	if got, err := Path(); err != nil || !filepath.IsAbs(got) || filepath.Base(filepath.Dir(got)) != "rel" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestPathWithoutHome(t *testing.T) {
	state := t.TempDir()
	t.Setenv("HOME", "")
	t.Setenv("USERPROFILE", "")
	t.Setenv("XDG_STATE_HOME", state)
	got, err := Path()
	if err != nil || (got != filepath.Join(state, "mcp-hub") && filepath.Base(got) != ".mcp-hub") {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestLockIsExclusive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	release, err := TryLock(path)
	must(t, err)
	if _, err := TryLock(path); !errors.Is(err, ErrLocked) {
		t.Errorf("a second lock: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Lock(ctx, path); !errors.Is(err, ErrLocked) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for a lock: %v", err)
	}
	release()
	release, err = Lock(t.Context(), path)
	must(t, err)
	release()
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("lock file: %v, %v", info, err)
	}
}

func TestLockWithoutFolder(t *testing.T) {
	if _, err := Lock(t.Context(), filepath.Join(t.TempDir(), "none", "lock")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestLockEndsWithItsProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "STATEDIR_TEST_LOCK="+path)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "locked\n" {
		t.Fatalf("the other process said %q, %v", line, err)
	}
	if _, err := TryLock(path); !errors.Is(err, ErrLocked) {
		t.Errorf("beside another process: %v", err)
	}
	must(t, cmd.Process.Kill())
	_ = cmd.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	release, err := Lock(ctx, path)
	must(t, err)
	release()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPrivateFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	must(t, MakePrivate(dir))
	must(t, MakePrivate(dir))
	path := filepath.Join(dir, "file")
	if _, err := ReadPrivate(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	must(t, os.WriteFile(path+".new", []byte("of a crash, and longer"), 0o600))
	for _, text := range []string{"one", "two"} {
		must(t, WritePrivate(path, []byte(text)))
		if got, err := ReadPrivate(path); err != nil || string(got) != text {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left: %v, %v", entries, err)
	}
	if err := WritePrivate(filepath.Join(dir, "none", "file"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a folder: %v", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for mode, open := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o602: true} {
		must(t, os.Chmod(path, mode))
		if _, err := ReadPrivate(path); errors.Is(err, ErrOpenToOthers) != open {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	must(t, os.Chmod(dir, 0o750))
	if err := MakePrivate(dir); !errors.Is(err, ErrOpenToOthers) {
		t.Errorf("an open folder: %v", err)
	}
	if os.Geteuid() == 0 {
		must(t, os.Chmod(path, 0o600))
		must(t, os.Chown(path, 12345, -1))
		if _, err := ReadPrivate(path); !errors.Is(err, ErrOpenToOthers) {
			t.Errorf("a foreign file: %v", err)
		}
	}
}
