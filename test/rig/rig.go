// Package rig starts the real things that the tests put together: the built hub, the servers behind it, and Node scripts
// that are its clients. Every process it starts ends with the test that started it.
//
// It drives the hub only from outside, as a user does. It must not import a package of the hub's module.
package rig

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// EverythingServer is the import path of the server that the official Go SDK is held to the conformance suites with.
const EverythingServer = "github.com/modelcontextprotocol/go-sdk/conformance/everything-server"

// Fixture is the import path of this module's own server, which changes, counts and dies when it is told to.
const Fixture = "mcphub/test/fixture"

var built struct {
	dir string

	mu   sync.Mutex
	bins map[string]string
}

// Main runs the tests of a package with a folder for the programs that they build. A test package whose tests use this
// package calls it from its TestMain.
func Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "mcp-hub-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "create a folder for test programs:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	built.dir, built.bins = dir, map[string]string{}
	return m.Run()
}

// Build compiles the package with the import path once per test run and returns the program's path.
func Build(t testing.TB, importPath string) string {
	t.Helper()
	return build(t, Dir(t), importPath)
}

// HubBinary returns the hub under test: the program named by MCP_HUB_BIN, or else one built from the repository once.
func HubBinary(t testing.TB) string {
	t.Helper()
	if bin := os.Getenv("MCP_HUB_BIN"); bin != "" {
		return bin
	}
	return build(t, filepath.Dir(Dir(t)), ".")
}

func build(t testing.TB, dir, importPath string) string {
	t.Helper()
	built.mu.Lock()
	defer built.mu.Unlock()
	if bin, ok := built.bins[importPath]; ok {
		return bin
	}
	name := filepath.Base(importPath)
	if importPath == "." {
		name = "mcp-hub"
	}
	bin := filepath.Join(built.dir, name)
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", bin, importPath)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", importPath, err, out)
	}
	built.bins[importPath] = bin
	return bin
}

// Dir returns the folder of the test module. Test packages stand one level below it.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "package.json")); err != nil {
		t.Fatalf("test packages stand directly in the test module: %v", err)
	}
	return dir
}

// Peer returns the path of a program that an npm package of the test module installed, such as "mcp-server-everything".
func Peer(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(Dir(t), "node_modules", ".bin", name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run `npm ci` in test/ (make test does)", err)
	}
	return path
}

// FreePort returns a TCP port of the loopback address that was free a moment ago.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// WaitPort waits until something accepts connections on the address.
func WaitPort(t testing.TB, addr string) {
	t.Helper()
	Eventually(t, 30*time.Second, "listening on "+addr, func() error {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// Eventually polls until ok returns nil, and fails the test with its last error after the limit.
func Eventually(t testing.TB, limit time.Duration, what string, ok func() error) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		err := ok()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v: %v", what, limit, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Process is a program that a test started. Its output is kept, also for the report of a failure.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process was waited for

	mu          sync.Mutex
	log, stderr bytes.Buffer // both streams in one, and the second of them
}

// printed keeps what the process prints on one of its streams.
type printed struct {
	process *Process
	stderr  bool
}

func (w printed) Write(b []byte) (int, error) {
	p := w.process
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.stderr {
		p.stderr.Write(b)
	}
	return p.log.Write(b)
}

// Log returns what the process printed so far.
func (p *Process) Log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// Stderr returns what the process printed on its standard error so far.
func (p *Process) Stderr() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.String()
}

// Done returns a channel that is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Pid returns the process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Signal sends a signal to the process alone, not to its children.
func (p *Process) Signal(t testing.TB, sig os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatalf("signal %v: %v", sig, err)
	}
}

// Wait waits for the end of the process, at most limit, and returns its exit code (-1 if a signal ended it).
func (p *Process) Wait(t testing.TB, limit time.Duration) int {
	t.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		t.Fatalf("%s still runs %v after it should have ended\n%s", p.cmd.Path, limit, p.Log())
		return -1
	}
}

// StartProcess starts a program as Program does, in an empty folder.
func StartProcess(t testing.TB, name string, args ...string) *Process {
	t.Helper()
	return Program{Path: name, Args: args}.Start(t)
}

// Program is a program that a test starts.
type Program struct {
	Path string
	Args []string
	Dir  string   // the folder to start it in; empty: one that is
	Env  []string // on top of the test's own environment, such as "HOME=/nowhere"
	// Output is where it prints, both streams; nil: Process keeps them.
	Output *os.File
}

// Start starts a program that ends with the test: by SIGTERM, and after ten seconds by SIGKILL. What it printed is logged
// if the test fails.
func (x Program) Start(t testing.TB) *Process {
	t.Helper()
	p := &Process{cmd: exec.CommandContext(context.WithoutCancel(t.Context()), x.Path, x.Args...), done: make(chan struct{})}
	p.cmd.Env = slices.Concat(os.Environ(), []string{"XDG_STATE_HOME=" + t.TempDir()}, x.Env) // the register of running hubs is not the person's own
	p.cmd.Stdout, p.cmd.Stderr = printed{p, false}, printed{p, true}
	if x.Output != nil {
		p.cmd.Stdout, p.cmd.Stderr = x.Output, x.Output
	}
	if p.cmd.Dir = x.Dir; x.Dir == "" {
		p.cmd.Dir = t.TempDir()
	}
	p.cmd.WaitDelay = time.Second // a grandchild that keeps the pipes open does not hold Wait back
	name := filepath.Base(x.Path)
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		_ = p.cmd.Wait() // the state is read from ProcessState
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
		select {
		case <-p.done:
		case <-time.After(10 * time.Second):
			t.Errorf("%s did not end on SIGTERM within 10 s", name)
			_ = p.cmd.Process.Kill()
			<-p.done
		}
		if t.Failed() {
			t.Logf("output of %s:\n%s", name, tail(p.Log(), 200))
		}
	})
	return p
}

// tail returns the last n lines of s.
func tail(s string, n int) string {
	lines := bytes.SplitAfter([]byte(s), []byte("\n"))
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return string(bytes.Join(lines, nil))
}
