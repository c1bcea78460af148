//go:build unix

package loginpath

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shell sets up a home whose start file of bash says this.
func shell(t *testing.T, rc string) string {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	if err := os.WriteFile(filepath.Join(home, ".bash_profile"), []byte(rc), 0o600); err != nil {
		t.Fatal(err)
	}
	return "/bin/bash"
}

func TestOf(t *testing.T) {
	sh := shell(t, "echo hello; echo PATH=/no/export=PATH=/evil\nexport PATH=/opt/tools:/usr/bin\n")
	got, err := Of(t.Context(), sh, "/usr/bin:/desktop::/desktop")
	if err != nil || got != "/opt/tools:/usr/bin:/desktop" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := Of(t.Context(), "/no/such/shell", "/usr/bin"); err == nil || got != "/usr/bin" {
		t.Errorf("no shell: %q, %v", got, err)
	}
	if got, err := Of(t.Context(), shell(t, "exit 3\n"), "/usr/bin"); err == nil || got != "/usr/bin" {
		t.Errorf("a shell that ends: %q, %v", got, err)
	}
	if got, err := Of(t.Context(), shell(t, "yes | head -c 5000000\nPATH=/after:/usr/bin\n"), "/usr/bin"); err != nil || !strings.HasPrefix(got, "/after:") {
		t.Errorf("a shell that talks: %q, %v", got, err)
	}
}

// TestOfHanging: start files that hang, ask or leave programs behind hold nobody up, and nothing of them stays.
func TestOfHanging(t *testing.T) {
	for name, rc := range map[string]string{
		"hangs":   "echo $$ > $HOME/pid\nsleep 1000\n",
		"ignores": "echo $$ > $HOME/pid\ntrap '' TERM HUP INT\nwhile :; do sleep 1000; done\n",
		"leaves":  "sleep 1000 & echo $! > $HOME/pid\n",
		"asks":    "echo $$ > $HOME/pid\nread answer < /dev/tty\nread answer\n",
	} {
		t.Run(name, func(t *testing.T) {
			sh := shell(t, rc)
			begin := time.Now()
			const patience = time.Second
			got, err := of(t.Context(), patience, sh, "/usr/bin")
			if took := time.Since(begin); took > 20*patience || strings.HasPrefix(name, "h") && err == nil {
				t.Errorf("%q, %v after %v", got, err, took)
			}
			text, err := os.ReadFile(filepath.Join(os.Getenv("HOME"), "pid"))
			if err != nil {
				t.Fatal(err)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(10 * time.Second); alive(pid); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("process %d is left", pid)
				}
			}
		})
	}
}

// alive reports whether a process runs; one that has ended and that nobody has taken note of does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(text), ") Z ")
}
