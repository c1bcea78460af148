package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"mcphub/hub/hubtest"
)

// person is somebody at a terminal.
type person struct {
	t        *testing.T
	terminal *os.File
	screen   hubtest.Output
	done     chan struct{}
	cmd      *exec.Cmd
}

// sitDown runs the program at a new terminal.
func sitDown(t *testing.T, args ...string) *person {
	t.Helper()
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	fd := int(terminal.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = line.Close() }()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &person{t: t, terminal: terminal, done: make(chan struct{}), cmd: exec.CommandContext(t.Context(), self, args...)}
	p.cmd.Env = append(os.Environ(), childEnv+"=1")
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = line, line, line
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("on the screen of %q: %s", args, &p.screen)
		}
	})
	go func() {
		defer close(p.done)
		_, _ = io.Copy(&p.screen, terminal) // fails when the program has ended
	}()
	return p
}

// sees waits for a text on the screen, and types.
func (p *person) sees(text, types string) {
	p.t.Helper()
	hubtest.Eventually(p.t, text+" is on the screen", func() bool { return strings.Contains(p.screen.String(), text) })
	if _, err := io.WriteString(p.terminal, types); err != nil {
		p.t.Fatal(err)
	}
}

// ends waits for the program's end and compares what is on the screen at last.
func (p *person) ends(code int, want string) {
	p.t.Helper()
	_ = p.cmd.Wait()
	<-p.done
	if got := p.cmd.ProcessState.ExitCode(); got != code || !strings.Contains(p.screen.String(), want) {
		p.t.Errorf("exit code %d, want %d\n%s\nwant %s", got, code, &p.screen, want)
	}
	if strings.Contains(p.screen.String(), "hunter2") {
		p.t.Errorf("the secret is on the screen: %s", &p.screen)
	}
}

// TestInstallAsks: on a terminal the person is asked for what is missing, secrets unseen, and whether to go on.
func TestInstallAsks(t *testing.T) {
	hubtest.Programs(t, hubtest.Script{}, "npx")
	h := marketHub(t, hubtest.NewRegistry(t, hubtest.NPM("io.a/one", "1.0.0", secretKey)), "")
	before := fileText(t, h.File)

	p := sitDown(t, "install", "io.a/one")
	p.sees("API_KEY:", "\x03")
	p.ends(1, "nothing was installed")
	p = sitDown(t, "install", "io.a/one")
	p.sees("API_KEY:", "\n")
	p.ends(1, "API_KEY is missing")
	p = sitDown(t, "install", "io.a/one")
	p.sees("API_KEY:", "hunter2\n")
	p.sees("Install it? [y/N]", "\n")
	p.ends(1, "nothing was installed")
	if got := fileText(t, h.File); got != before {
		t.Errorf("the file was changed: %s", got)
	}

	p = sitDown(t, "install", "io.a/one", "LEVEL=low")
	p.sees("Your key (secret)", "hunter2\n")
	p.sees(`"API_KEY": "${secret:one-API_KEY}"`, "")
	p.sees("API_KEY goes into ", "")
	p.sees("Install it? [y/N]", "y\n")
	p.ends(0, "one: connected")
	if got := fileText(t, h.File); strings.Contains(got, "hunter2") || !strings.Contains(got, "// mine") {
		t.Errorf("the file is %s", got)
	}

	p = sitDown(t, "search")
	p.ends(0, "io.a/one")
}

// TestSecretsAsk: on a terminal a person is asked for a secret, unseen, and a passphrase twice.
func TestSecretsAsk(t *testing.T) {
	noHub(t)
	p := sitDown(t, "secrets", "set", "A")
	p.sees("Value of A:", "hunter2\n")
	p.ends(0, "A is set")
	p = sitDown(t, "secrets", "set", "A")
	p.sees("Value of A:", "\x03")
	p.ends(1, "nothing was changed")
	p = sitDown(t, "secrets", "migrate", "file", "--passphrase")
	p.sees("New passphrase:", "hunter2\n")
	p.sees("Once more:", "hunter3\n")
	p.ends(1, "the two are not the same")
	p = sitDown(t, "secrets", "migrate", "file", "--passphrase")
	p.sees("New passphrase:", "hunter2\n")
	p.sees("Once more:", "hunter2\n")
	p.ends(0, "sealed with a passphrase")
	p = sitDown(t, "secrets", "list")
	p.sees("Passphrase:", "hunter2\n")
	p.ends(0, "A     set")

	h := hubtest.StartIn(t, t.TempDir(), hubtest.Config("{}", "two", `"command":"x","disabled":true,"env":{"PASSWORD":"hunter2"}`))
	t.Setenv("MCP_HUB_URL", h.URL)
	p = sitDown(t, "secrets", "scan", "--move")
	p.sees("Move them? [y/N]", "y\n")
	p.ends(0, "1 moved into")
}
