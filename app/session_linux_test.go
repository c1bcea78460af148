package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/gorilla/websocket"

	"mcphub/hub/client"
	"mcphub/hub/hubtest"
)

func TestMain(m *testing.M) { hubtest.Main(m) }

// patience is how long something may take that is done within a second on a machine that has nothing else to do.
const patience = 60 * time.Second

// session is a display and a session bus of their own, with a home of its own, and a desktop program to run there.
type session struct {
	t       *testing.T
	program string
	home    string
	env     []string
	address string // of the bus
	bus     *exec.Cmd
	config  string
	port    int
	inspect int // port of the window's inspector
	hub     *client.Client
}

const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`

// newSession begins a session in which the program has the servers of a configuration. It ends with the test, and so does
// all that runs in it.
func newSession(t *testing.T, config string) *session {
	t.Helper()
	program := filepath.Clean(os.Getenv("MCP_HUB_DESKTOP"))
	if program == "." {
		t.Skip("make test-desktop runs this, with the desktop program")
	}
	home := t.TempDir()
	s := &session{t: t, program: program, home: home, config: filepath.Join(home, "servers.json"), port: freePort(t), inspect: freePort(t)}
	s.configure(config)
	run, bin := filepath.Join(home, "run"), filepath.Join(home, "bin")
	for _, dir := range []string{run, bin} {
		must(t, os.Mkdir(dir, 0o700))
	}
	// The person's browser writes down what it is to show.
	must(t, os.WriteFile(filepath.Join(bin, "xdg-open"), []byte("#!/bin/sh\necho \"$1\" >> "+home+"/opened\n"), 0o700))
	s.env = []string{
		"HOME=" + home, "PATH=" + bin + ":" + os.Getenv("PATH"), "XDG_RUNTIME_DIR=" + run, "XDG_STATE_HOME=" + filepath.Join(home, "state"),
		"XDG_CONFIG_HOME=" + filepath.Join(home, "config"), "TMPDIR=" + run, "GTK_A11Y=none", "NO_AT_BRIDGE=1", "LANG=C.UTF-8", "TERM=dumb",
		"WEBKIT_INSPECTOR_HTTP_SERVER=127.0.0.1:" + strconv.Itoa(s.inspect), "WEBKIT_DISABLE_DMABUF_RENDERER=1", "LIBGL_ALWAYS_SOFTWARE=1",
	}
	s.env = append(s.env, "DISPLAY=:"+s.display())
	busFile, socket := filepath.Join(home, "bus.conf"), filepath.Join(home, "bus")
	must(t, os.WriteFile(busFile, fmt.Appendf(nil, busConfig, socket), 0o600))
	s.address = "unix:path=" + socket
	s.env = append(s.env, "DBUS_SESSION_BUS_ADDRESS="+s.address)
	s.bus = exec.Command("dbus-daemon", "--config-file="+busFile, "--nofork")
	s.launch(s.bus)
	s.until("the bus", func() error {
		conn, err := dbus.Connect(s.address)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
	s.start("openbox")
	s.hub = client.New("http://localhost:" + strconv.Itoa(s.port))
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// configure writes the configuration file.
func (s *session) configure(text string) {
	s.t.Helper()
	must(s.t, os.WriteFile(s.config, []byte(text), 0o600))
}

// display starts an X server on a free display and returns its number.
func (s *session) display() string {
	s.t.Helper()
	r, w, err := os.Pipe()
	must(s.t, err)
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1280x900x24", "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{w}
	s.launch(cmd)
	_ = w.Close()
	number := make([]byte, 16)
	n, err := r.Read(number)
	must(s.t, err)
	return strings.TrimSpace(string(number[:n]))
}

// launch starts a command, which is killed when the test ends.
func (s *session) launch(cmd *exec.Cmd) {
	s.t.Helper()
	if cmd.Env == nil {
		cmd.Env = s.env
	}
	must(s.t, cmd.Start())
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

func (s *session) start(name string, args ...string) { s.launch(exec.Command(name, args...)) }

// desktop is the program as it runs.
type desktop struct {
	*session
	cmd   *exec.Cmd
	out   *hubtest.Output
	ended chan error
}

// run starts the program, with its own variables of the environment in place of the session's.
func (s *session) run(env []string, args ...string) *desktop {
	s.t.Helper()
	d := &desktop{session: s, cmd: exec.Command(s.program, args...), out: &hubtest.Output{}, ended: make(chan error, 1)}
	d.cmd.Env = append(slices.Clone(s.env), env...)
	d.cmd.Stdout, d.cmd.Stderr = d.out, d.out
	must(s.t, d.cmd.Start())
	go func() { d.ended <- d.cmd.Wait() }()
	s.t.Cleanup(func() {
		_ = d.cmd.Process.Kill()
		if s.t.Failed() {
			s.t.Logf("%v wrote\n%s", args, d.out)
		}
	})
	return d
}

// hubArgs are the arguments of a hub of the session.
func (s *session) hubArgs(more ...string) []string {
	return append([]string{"--port", strconv.Itoa(s.port), "--config", s.config, "--watch", "--log-level", "debug"}, more...)
}

// code waits until the program has ended, and returns its exit code.
func (d *desktop) code() int {
	d.t.Helper()
	select {
	case err := <-d.ended:
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return exit.ExitCode()
		}
		must(d.t, err)
		return 0
	case <-time.After(patience):
		d.t.Fatalf("the program does not end; it wrote\n%s", d.out)
		return 0
	}
}

var begun = regexp.MustCompile(`a part of the desktop has started" part=(\w+) pid=(\d+)`)

// part waits for the n-th process of a part of the desktop, and returns its id.
func (d *desktop) part(name string, n int) int {
	d.t.Helper()
	pid := 0
	d.until(fmt.Sprintf("start %d of the %s", n, name), func() error {
		for _, found := range begun.FindAllStringSubmatch(d.out.String(), -1) {
			if found[1] == name {
				if n--; n == 0 {
					pid, _ = strconv.Atoi(found[2])
					return nil
				}
			}
		}
		n = max(n, 1)
		return errors.New("not yet")
	})
	return pid
}

// until waits until something is so.
func (s *session) until(what string, is func() error) {
	s.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		err := is()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			s.picture("failed")
			s.t.Fatalf("%s: %v", what, err)
		}
	}
}

// picture keeps a picture of the screen, for people to look at.
func (s *session) picture(name string) {
	dir := os.Getenv("PICTURES")
	if dir == "" {
		return
	}
	cmd := exec.Command("import", "-window", "root", filepath.Join(dir, strings.ReplaceAll(s.t.Name(), "/", "-")+"-"+name+".png"))
	cmd.Env = s.env
	if text, err := cmd.CombinedOutput(); err != nil {
		s.t.Logf("no picture: %v %s", err, text)
	}
}

// family is all processes of the session, those of X and the bus left out: whatever has the session's home in its environment.
func (s *session) family() map[int]string {
	out := map[int]string{}
	entries, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range entries {
		env, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(env, []byte("HOME="+s.home+"\x00")) {
			continue
		}
		pid, _ := strconv.Atoi(strings.Split(file, "/")[2])
		line, _ := os.ReadFile(filepath.Dir(file) + "/cmdline")
		text := strings.TrimSpace(string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		if text == "" || strings.HasPrefix(text, "Xvfb") || strings.HasPrefix(text, "dbus-daemon") || strings.HasPrefix(text, "openbox") {
			continue
		}
		out[pid] = text
	}
	return out
}

// empty waits until no process of the desktop is left.
func (s *session) empty() {
	s.t.Helper()
	s.until("no process is left", func() error {
		if left := s.family(); len(left) > 0 {
			return fmt.Errorf("there are %v", left)
		}
		return nil
	})
}

// state waits for a server to come into a state.
func (s *session) state(server, want string) {
	s.t.Helper()
	s.until(server+" is "+want, func() error {
		ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Second)
		defer cancel()
		got, err := s.hub.Get(ctx, server)
		if err == nil && got.State != want {
			err = fmt.Errorf("it is %s: %s", got.State, got.Error)
		}
		return err
	})
}

// xdo runs xdotool.
func (s *session) xdo(args ...string) (string, error) {
	cmd := exec.Command("xdotool", args...)
	cmd.Env = s.env
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// closeWindow closes the window as a person does.
func (s *session) closeWindow() {
	s.t.Helper()
	s.until("the window has the keyboard", func() error {
		_, err := s.xdo("search", "--onlyvisible", "--name", "^MCP Hub$", "windowactivate", "--sync")
		return err
	})
	_, err := s.xdo("key", "alt+F4")
	must(s.t, err)
}

// eval runs a script in the window and returns its value, by the protocol of WebKit's inspector.
func (s *session) eval(script string) (value string, err error) {
	target, err := s.target()
	if err != nil {
		return "", err
	}
	conn, resp, err := websocket.DefaultDialer.DialContext(s.t.Context(), fmt.Sprintf("ws://127.0.0.1:%d/socket/%s", s.inspect, target), nil)
	if err != nil {
		return "", err
	}
	_ = resp.Body.Close()
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	type inner struct {
		ID     int `json:"id"`
		Result struct {
			Result struct {
				Value json.RawMessage `json:"value"`
			} `json:"result"`
			WasThrown bool `json:"wasThrown"`
		} `json:"result"`
	}
	for {
		var m struct {
			Method string
			Params struct {
				TargetInfo struct{ TargetID, Type string }
				Message    string
			}
		}
		if err := conn.ReadJSON(&m); err != nil {
			return "", fmt.Errorf("inspector: %w", err)
		}
		switch m.Method {
		case "Target.targetCreated":
			if m.Params.TargetInfo.Type != "page" {
				continue
			}
			command, err := json.Marshal(map[string]any{"id": 1, "method": "Runtime.evaluate", "params": map[string]any{"expression": script, "returnByValue": true}})
			must(s.t, err)
			must(s.t, conn.WriteJSON(map[string]any{"id": 1, "method": "Target.sendMessageToTarget", "params": map[string]any{"targetId": m.Params.TargetInfo.TargetID, "message": string(command)}}))
		case "Target.dispatchMessageFromTarget":
			var answer inner
			if json.Unmarshal([]byte(m.Params.Message), &answer) != nil || answer.ID != 1 {
				continue
			}
			if answer.Result.WasThrown {
				return "", fmt.Errorf("%s threw %s", script, m.Params.Message)
			}
			text := string(answer.Result.Result.Value)
			var plain string
			if json.Unmarshal(answer.Result.Result.Value, &plain) == nil {
				text = plain
			}
			return text, nil
		}
	}
}

var targetLink = regexp.MustCompile(`/socket/(\d+/\d+/WebPage)`)

// target is what the inspector calls the page. To ask for one that is not there yet would crash WebKit.
func (s *session) target() (string, error) {
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/", s.inspect), nil)
	must(s.t, err)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	found := targetLink.FindSubmatch(text)
	if found == nil {
		return "", fmt.Errorf("the inspector shows no page: %s", text)
	}
	return string(found[1]), nil
}

// page waits until a script in the window gives this.
func (s *session) page(script, want string) {
	s.t.Helper()
	s.until(script, func() error {
		got, err := s.eval(script)
		if err == nil && got != want {
			err = fmt.Errorf("it is %q, not %q", got, want)
		}
		return err
	})
}

// gone waits until a process has ended.
func (s *session) gone(pid int) {
	s.t.Helper()
	s.until(fmt.Sprintf("process %d has ended", pid), func() error {
		if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && !strings.Contains(string(stat), ") Z ") {
			return errors.New("it runs")
		}
		return nil
	})
}

func kill(t *testing.T, pid int) {
	t.Helper()
	must(t, syscall.Kill(pid, syscall.SIGKILL))
}
