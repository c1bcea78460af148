//go:build linux

package keyring

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zalando/go-keyring"

	"mcphub/hub/secret"
)

// busConfig is a session bus that starts no program by itself.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`

// desktop is a private session bus with a home of its own.
type desktop struct{ dir string }

// bus starts a session bus without a keyring, for this process too. It ends with the test.
func bus(t *testing.T) desktop {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "bus.conf")
	must(t, os.WriteFile(config, fmt.Appendf(nil, busConfig, dir), 0o600))
	d := desktop{dir}
	_, out := d.start(t, "", "dbus-daemon", "--config-file="+config, "--nofork", "--print-address")
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the bus does not start: %v", err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", strings.TrimSpace(address))
	return d
}

// keyring starts gnome-keyring on the bus, unlocked unless the password is empty, and waits until it answers.
func (d desktop) keyring(t *testing.T, password string) *os.Process {
	t.Helper()
	args := []string{"--foreground", "--components=secrets"}
	if password != "" {
		args = append(args, "--unlock")
	}
	daemon, _ := d.start(t, password, "gnome-keyring-daemon", args...)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		_, err := keyring.Get(service, "none")
		if errors.Is(err, keyring.ErrNotFound) || err != nil && password == "" && strings.Contains(err.Error(), "unlock") {
			return daemon
		}
		if time.Now().After(end) {
			t.Fatalf("the keyring does not start: %v", err)
		}
	}
}

// session is a desktop with an unlocked keyring.
func session(t *testing.T) *os.Process {
	t.Helper()
	return bus(t).keyring(t, "password")
}

// start starts a program of the desktop, which is killed when the test ends.
func (d desktop) start(t *testing.T, input, program string, args ...string) (*os.Process, io.Reader) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("needs %s: run make setup", program)
	}
	cmd := exec.Command(program, args...)
	cmd.Env = []string{
		"HOME=" + d.dir, "XDG_DATA_HOME=" + d.dir, "XDG_RUNTIME_DIR=" + d.dir, "PATH=" + os.Getenv("PATH"),
		"DBUS_SESSION_BUS_ADDRESS=" + os.Getenv("DBUS_SESSION_BUS_ADDRESS"),
	}
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process, out
}

const (
	dirEnv  = "KEYRING_TEST_DIR"
	fromEnv = "KEYRING_TEST_FROM"
	countEn = "KEYRING_TEST_COUNT"
)

// TestMain is also the other processes, which set secrets: so many, or until they are killed.
func TestMain(m *testing.M) {
	dir := os.Getenv(dirEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	from, _ := strconv.Atoi(os.Getenv(fromEnv))
	count, _ := strconv.Atoi(os.Getenv(countEn))
	s := New(dir)
	s.limit = 3
	for n := from; count == 0 || n < from+count; n++ {
		name, value := "s"+strconv.Itoa(n), strconv.Itoa(n)
		if count == 0 {
			name = "s" + strconv.Itoa(n%5)
		}
		if n%2 == 0 {
			value += "," + strings.Repeat("x", 10) // too long for an item
		}
		if err := s.Set(context.Background(), name, secret.New(value)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(n)
	}
	os.Exit(0)
}

func other(t *testing.T, s *Store, from, count int) (*exec.Cmd, io.Reader) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), dirEnv+"="+s.dir, fromEnv+"="+strconv.Itoa(from), countEn+"="+strconv.Itoa(count))
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	return cmd, out
}

func number(value secret.Text) int {
	text, _, _ := strings.Cut(value.Reveal(), ",")
	n, _ := strconv.Atoi(text)
	return n
}

func TestTwoProcesses(t *testing.T) {
	session(t)
	s := fresh(t)
	const each = 20
	one, _ := other(t, s, 0, each)
	two, _ := other(t, s, each, each)
	must(t, one.Wait())
	must(t, two.Wait())
	all, err := s.List(t.Context())
	if err != nil || len(all) != 2*each {
		t.Errorf("%d secrets, %v", len(all), err)
	}
	for n := range 2 * each {
		if value, err := s.Get(t.Context(), "s"+strconv.Itoa(n)); err != nil || number(value) != n {
			t.Errorf("s%d is %q, %v", n, value.Reveal(), err)
		}
	}
}

// TestKilledWriter kills a process that does nothing but set secrets, some as items and some in files.
func TestKilledWriter(t *testing.T) {
	session(t)
	s := fresh(t)
	kept, next := map[int]int{}, 0
	for round := range 200 {
		cmd, out := other(t, s, next, 0)
		lines := bufio.NewScanner(out)
		for range 1 + rand.N(5) {
			if !lines.Scan() {
				t.Fatalf("round %d: the process set nothing", round)
			}
			n, err := strconv.Atoi(lines.Text())
			must(t, err)
			kept[n%5], next = n, n+1
		}
		time.Sleep(rand.N(20 * time.Millisecond))
		must(t, cmd.Process.Kill())
		for lines.Scan() {
			if n, err := strconv.Atoi(lines.Text()); err == nil {
				kept[n%5], next = n, n+1
			}
		}
		_ = cmd.Wait()
		all, err := s.List(t.Context())
		if err != nil || len(all) < len(kept) {
			t.Fatalf("round %d: %d secrets are listed, %v; %d were kept", round, len(all), err, len(kept))
		}
		for i, n := range kept {
			if value, err := s.Get(t.Context(), "s"+strconv.Itoa(i)); err != nil || number(value) < n {
				t.Fatalf("round %d: s%d is %q, %v; %d was kept", round, i, value.Reveal(), err, n)
			}
		}
		next += 5
	}
}
