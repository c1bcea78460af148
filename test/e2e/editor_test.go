package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mcphub/test/rig"
)

// An editor does with the hub what mcphub.nvim 6.2.0 does, in its words: the same program arguments and environment, the
// same command lines of curl, and the same reading of workspaces.json.
type editor struct {
	t       *testing.T
	port    int
	home    string
	dir     string   // the folder that it works in
	configs []string // configuration files, the person's own one first
	delay   time.Duration

	hub   *rig.Process // nil if it has started none
	out   *os.File     // where the hub's output comes out, while the editor lives
	state string       // the folder of the hub's state
}

// versions is how the plugin finds the version in the first line of --version.
var versions = regexp.MustCompile(`(\d+)\.(\d+)\.(\d+)`)

// probe asks the program for its version, as the plugin does first of all.
func (e *editor) probe() {
	e.t.Helper()
	out, err := exec.CommandContext(e.t.Context(), rig.HubBinary(e.t), "--version").Output()
	if err != nil {
		e.t.Fatalf("--version: %v", err)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	found := versions.FindStringSubmatch(line)
	if found == nil || found[1] != "4" {
		e.t.Fatalf("--version says %q, want 4.x.y", line)
	}
	if minor, _ := strconv.Atoi(found[2]); minor < 2 {
		e.t.Fatalf("--version says %q, want at least 4.2", line)
	}
}

// start starts a hub, and does not wait for it.
func (e *editor) start() {
	e.t.Helper()
	args := []string{"--port", strconv.Itoa(e.port)}
	for _, file := range e.configs {
		args = append(args, "--config", file)
	}
	args = append(args, "--auto-shutdown", "--shutdown-delay", strconv.FormatInt(e.delay.Milliseconds(), 10), "--watch")
	out, in, err := os.Pipe()
	if err != nil {
		e.t.Fatal(err)
	}
	e.hub = rig.Program{
		Path: rig.HubBinary(e.t), Args: args, Dir: e.dir, Output: in,
		Env: []string{
			"HOME=" + e.home, "XDG_STATE_HOME=" + filepath.Dir(e.state), "CWD=" + e.dir, `MCP_HUB_ENV={"input:api-key":"from the editor","PLAIN":"x"}`,
			"HTTPS_PROXY=http://127.0.0.1:9", // the marketplace is what the hub knows by itself
		},
	}.Start(e.t)
	_ = in.Close()
	e.out = out
	e.t.Cleanup(func() { _ = out.Close() })
	go func() { _, _ = io.Copy(io.Discard, out) }()
}

// url is the address of a route.
func (e *editor) url(path string) string {
	return fmt.Sprintf("http://localhost:%d/api/%s", e.port, path)
}

// answer is what the plugin makes of a response.
type answer struct {
	status int
	body   map[string]any
}

// get returns the value at a path in the body, nil if there is none.
func (a answer) get(keys ...string) any { return get(a.body, keys...) }

func get(v any, keys ...string) any {
	for _, key := range keys {
		object, _ := v.(map[string]any)
		v = object[key]
	}
	return v
}

// request makes a request. It fails if curl does; a body is sent if it is not empty, and the whole may take the time if that is
// not 0.
func (e *editor) request(method, path, body string, limit time.Duration) (answer, error) {
	e.t.Helper()
	head := filepath.Join(e.t.TempDir(), "head")
	args := []string{"-sSL", "-D", head, "--compressed", "-X", method, "-H", "Content-Type: application/json", "-H", "Accept: application/json"}
	if body != "" {
		args = append(args, "--data-raw", body)
	}
	args = append(args, "--connect-timeout", "1")
	if limit > 0 {
		args = append(args, "--max-time", strconv.FormatFloat(limit.Seconds(), 'f', -1, 64))
	}
	out, err := exec.CommandContext(e.t.Context(), "curl", append(args, e.url(path))...).Output()
	if err != nil {
		return answer{}, err
	}
	var a answer
	text, err := os.ReadFile(head)
	if err != nil {
		return answer{}, err
	}
	if _, err := fmt.Sscanf(string(text), "HTTP/1.1 %d", &a.status); err != nil {
		return answer{}, fmt.Errorf("%w: %s", err, text)
	}
	if err := json.Unmarshal(out, &a.body); err != nil {
		return answer{}, fmt.Errorf("%w: %s", err, out)
	}
	return a, nil
}

// ask makes a request that must succeed.
func (e *editor) ask(method, path, body string) answer {
	e.t.Helper()
	a, err := e.request(method, path, body, 0)
	if err != nil || a.status >= 400 {
		e.t.Fatalf("%s %s: %d %v, %v", method, path, a.status, a.body, err)
	}
	return a
}

// refused makes a request that must fail as the plugin can show it.
func (e *editor) refused(path, body string, status int, message string) {
	e.t.Helper()
	a, err := e.request("POST", path, body, 0)
	text, _ := a.get("error").(string)
	_, object := a.get("data").(map[string]any)
	if err != nil || a.status != status || !strings.Contains(text, message) || a.get("code") == nil || !object {
		e.t.Errorf("POST %s %s: %d %v, %v; want %d %q", path, body, a.status, a.body, err, status, message)
	}
}

// call calls a tool with its limits.
func (e *editor) call(server, tool, arguments string) answer {
	e.t.Helper()
	body := fmt.Sprintf(`{"server_name":%q,"tool":%q,"arguments":%s,"request_options":{"timeout":30000}}`, server, tool, arguments)
	a, err := e.request("POST", "servers/tools", body, 35*time.Second)
	if err != nil || a.status != 200 {
		e.t.Fatalf("%s %s: %d %v, %v", server, tool, a.status, a.body, err)
	}
	return a
}

// The outcomes of rule.
const (
	toStart   = "start a hub"
	toAttach  = "attach"
	toRestart = "restart the hub: "
)

// rule decides what to do about the port.
func (e *editor) rule() string {
	e.t.Helper()
	health, err := e.request("GET", "health", "", 3*time.Second)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return toStart
	case err != nil || health.get("status") != "ok" || health.get("server_id") != "mcp-hub":
		return fmt.Sprintf("give up: %v, %v", health, err)
	case health.get("version") != "4.2.1":
		return toRestart + "version"
	}
	entry := e.entry()
	if entry == nil {
		return toRestart + "not registered"
	}
	if !reflect.DeepEqual(entry["config_files"], list(e.configs)) {
		return toRestart + "other files"
	}
	return toAttach
}

func list(values []string) []any {
	var out []any
	for _, v := range values {
		out = append(out, v)
	}
	return out
}

// entry returns the hub's entry in workspaces.json, nil if there is none.
func (e *editor) entry() map[string]any {
	e.t.Helper()
	text, err := os.ReadFile(filepath.Join(e.home, ".mcp-hub", "workspaces.json"))
	if err != nil {
		text, err = os.ReadFile(filepath.Join(e.state, "workspaces.json"))
	}
	var hubs map[string]map[string]any
	if err == nil {
		err = json.Unmarshal(text, &hubs)
	}
	if err != nil {
		e.t.Errorf("workspaces.json: %v: %q", err, text)
	}
	return hubs[strconv.Itoa(e.port)]
}

// events is a client of the live events.
type events struct {
	t    *testing.T
	curl *exec.Cmd
	pipe io.ReadCloser
	seen chan liveEvent
	exit chan int // the exit code of curl
}

type liveEvent struct {
	name string
	data map[string]any
}

// is reports whether the event has the name, and the value at a key.
func (v liveEvent) is(name, key string, value any) bool {
	return v.name == name && v.data[key] == value
}

// block is one event as the plugin reads it.
var block = regexp.MustCompile(`^event: (\w+)\ndata: (\{[^\n\r]*\})\n\n$`)

// stamped is the time in the data of an event.
var stamped = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)

// listen connects to the live events; the port may not be there yet.
func (e *editor) listen() *events {
	e.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(e.t.Context()))
	v := &events{t: e.t, seen: make(chan liveEvent, 10_000), exit: make(chan int, 1)}
	v.curl = exec.CommandContext(ctx, "curl", "--no-buffer", "--tcp-nodelay", "--retry", "5", "--retry-delay", "1", "--retry-connrefused", "--keepalive-time", "60", e.url("events"))
	var err error
	if v.pipe, err = v.curl.StdoutPipe(); err != nil {
		e.t.Fatal(err)
	}
	if err := v.curl.Start(); err != nil {
		e.t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(v.read)
	e.t.Cleanup(func() {
		cancel()
		reading.Wait()
	})
	return v
}

func (v *events) read() {
	defer close(v.seen)
	var text []byte
	for in := bufio.NewReader(v.pipe); ; {
		line, err := in.ReadBytes('\n')
		if err != nil {
			break
		}
		if text = append(text, line...); !bytes.HasSuffix(text, []byte("\n\n")) {
			continue
		}
		parts := block.FindSubmatch(text)
		if parts == nil {
			v.t.Errorf("malformed event %q", text)
			break
		}
		event := liveEvent{name: string(parts[1])}
		if err := json.Unmarshal(parts[2], &event.data); err != nil {
			v.t.Errorf("malformed data %s: %v", parts[2], err)
		}
		if at, _ := event.data["timestamp"].(string); !stamped.MatchString(at) {
			v.t.Errorf("event without its time: %s", text)
		}
		v.seen <- event
		text = nil
	}
	_ = v.curl.Wait()
	v.exit <- v.curl.ProcessState.ExitCode()
}

// next returns the next event; the test fails if none comes.
func (v *events) next() liveEvent {
	v.t.Helper()
	select {
	case event, ok := <-v.seen:
		if !ok {
			v.t.Fatal("the stream ended")
		}
		return event
	case <-time.After(20 * time.Second):
		v.t.Fatal("no event came")
	}
	return liveEvent{}
}

// until reads events up to the first one of the kind, whose value at the key is that, and returns it.
func (v *events) until(name, key string, value any) liveEvent {
	v.t.Helper()
	for {
		if event := v.next(); event.is(name, key, value) {
			return event
		}
	}
}

// ends reads the rest of the stream, which must end cleanly.
func (v *events) ends() {
	v.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case _, more := <-v.seen:
			if more {
				continue
			}
			if code := <-v.exit; code != 0 {
				v.t.Errorf("curl ended with exit code %d, which the plugin shows as a failure", code)
			}
			return
		case <-limit:
			v.t.Fatal("the stream does not end")
		}
	}
}

// quit ends the editor: it closes its ends of all pipes, and nothing else.
func (e *editor) quit(v *events) {
	_ = v.pipe.Close()
	if e.out != nil {
		_ = e.out.Close()
	}
}
