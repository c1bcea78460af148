package upstream

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mcphub/hub/config"
	"mcphub/hub/event"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/secret"
)

// Variables by which the test binary, executed again, becomes something else.
const (
	scriptVar = "UPSTREAM_TEST_SCRIPT" // a server on stdio, see script
	hubVar    = "UPSTREAM_TEST_HUB"    // a hub that runs the servers of this configuration file
)

func TestMain(m *testing.M) {
	if text := os.Getenv(scriptVar); text != "" {
		serve(text)
		return
	}
	if file := os.Getenv(hubVar); file != "" {
		runHub(file)
		return
	}
	os.Exit(m.Run())
}

// script says how the server on stdio behaves.
type script struct {
	Journal string // a file that takes a line for each start and each message received

	Discover string // what server/discover gets: "" an error, "hello", "nothing", "death"
	Legacy   bool   // whether initialize is answered, or refused
	Pause    time.Duration
	Noise    string // written before everything, base64
	Caps     string // capabilities; tools if empty
	Pages    map[string][]string
	Flip     bool       // every second request for the tools fails
	Die      bool       // at once
	Once     bool       // dies at once if the journal says that it ran before
	Spawn    [][]string // commands to start at once
	NoTerm   bool       // ignores SIGTERM
	Stay     bool       // does not end when its input does
}

func (s script) String() string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// legacyScript is an ordinary server of the handshake era with its journal in dir.
func legacyScript(t *testing.T) script {
	t.Helper()
	return script{Legacy: true, Journal: filepath.Join(t.TempDir(), "journal")}
}

// journal returns the lines that begin with prefix.
func (s script) journal(t *testing.T, prefix string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(s.Journal)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, prefix) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// fixture is the other side of the pipe, on its own.
type fixture struct {
	script
	mu      sync.Mutex
	journal *os.File
	pending map[string]chan json.RawMessage // answers of the client, by id
	cancels map[string]chan struct{}        // of calls, by id
	flipped bool
}

// incoming is any message.
type incoming struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		RequestID json.RawMessage `json:"requestId"`
		Cursor    string          `json:"cursor"`
		Name      string          `json:"name"`
		Arguments arguments       `json:"arguments"`
		Meta      struct {
			Token json.RawMessage `json:"progressToken"`
		} `json:"_meta"`
	} `json:"params"`
}

// arguments of the fixture's tools.
type arguments struct {
	N      int      `json:"n"`
	Method string   `json:"method"`
	Raw    string   `json:"raw"` // base64
	Argv   []string `json:"argv"`
	Output bool     `json:"output"` // whether the process spawned has the server's
}

func serve(text string) {
	s := &fixture{pending: map[string]chan json.RawMessage{}, cancels: map[string]chan struct{}{}}
	if err := json.Unmarshal([]byte(text), &s.script); err != nil {
		panic(err)
	}
	if s.Journal != "" {
		s.journal, _ = os.OpenFile(s.Journal, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	}
	if before, _ := os.ReadFile(s.Journal); s.Once && len(before) > 0 {
		s.Die = true
	}
	s.note("start", strconv.Itoa(os.Getpid()))
	for _, argv := range s.Spawn {
		cmd := exec.CommandContext(context.Background(), argv[0], argv[1:]...)
		if err := cmd.Start(); err != nil {
			panic(err)
		}
		s.note("spawned", strconv.Itoa(cmd.Process.Pid))
	}
	if s.NoTerm {
		signal.Ignore(syscall.SIGTERM)
	}
	fmt.Fprintln(os.Stderr, "fixture at work")
	s.raw(s.Noise)
	if s.Die {
		fmt.Fprint(os.Stderr, "no reason to live") // without a line break
		os.Exit(3)
	}
	for in := bufio.NewReader(os.Stdin); ; {
		line, err := in.ReadBytes('\n')
		if err != nil {
			break
		}
		var m incoming
		if err := json.Unmarshal(line, &m); err != nil {
			s.note("unreadable", string(line))
			continue
		}
		s.note(m.Method, strings.TrimSpace(string(line)))
		if m.Method == "tools/call" && m.Params.Name == "deaf" {
			select {}
		}
		s.take(&m, line)
	}
	s.note("eof", "")
	if s.Stay {
		select {}
	}
}

func (s *fixture) note(what, detail string) {
	if s.journal != nil {
		_, _ = fmt.Fprintln(s.journal, what, detail)
	}
}

func (s *fixture) send(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = fmt.Printf(format+"\n", args...)
}

func (s *fixture) raw(encoded string) {
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = os.Stdout.Write(text)
}

func (s *fixture) result(m *incoming, result string) {
	s.send(`{"jsonrpc":"2.0","id":%s,"result":%s}`, m.ID, result)
}

func (s *fixture) fault(m *incoming, code int, text string) {
	s.send(`{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%q}}`, m.ID, code, text)
}

func (s *fixture) take(m *incoming, line []byte) {
	caps := s.Caps
	if caps == "" {
		caps = `{"tools":{"listChanged":true}}`
	}
	switch {
	case m.Method == "" && m.ID != nil:
		s.mu.Lock()
		answer := s.pending[string(m.ID)]
		s.mu.Unlock()
		if answer != nil {
			answer <- json.RawMessage(strings.TrimSpace(string(line)))
		}
	case m.Method == "notifications/cancelled":
		s.mu.Lock()
		if c := s.cancels[string(m.Params.RequestID)]; c != nil {
			close(c)
		}
		s.mu.Unlock()
	case m.ID == nil:
	case m.Method == "server/discover":
		switch s.Discover {
		case "hello":
			s.result(m, `{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":`+caps+`,"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"fixture"}}}`)
		case "death":
			os.Exit(4)
		case "nothing":
		default:
			s.fault(m, jsonrpc.CodeMethodNotFound, "method not found")
		}
	case m.Method == "initialize":
		if !s.Legacy {
			s.fault(m, jsonrpc.CodeMethodNotFound, "only 2026-07-28")
			return
		}
		time.Sleep(s.Pause)
		s.result(m, `{"protocolVersion":"2025-06-18","capabilities":`+caps+`,"serverInfo":{"name":"fixture"},"instructions":"be kind"}`)
	case strings.HasSuffix(m.Method, "/list"):
		s.list(m)
	case m.Method == "tools/call":
		c := make(chan struct{})
		s.mu.Lock()
		s.cancels[string(m.ID)] = c
		s.mu.Unlock()
		go s.call(m, line, c)
	case m.Method == "subscriptions/listen":
		s.send(`{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{}}`)
	default:
		s.fault(m, jsonrpc.CodeMethodNotFound, "method not found")
	}
}

// flip is false and true in turn.
func (s *fixture) flip() bool {
	s.flipped = !s.flipped
	return !s.flipped
}

// list answers with one of the script's pages, which are whole results by method; the cursor is the number of the page.
func (s *fixture) list(m *incoming) {
	pages := s.Pages[m.Method]
	at, _ := strconv.Atoi(m.Params.Cursor)
	switch {
	case s.Flip && s.flip():
		s.fault(m, -32000, "not now")
	case pages == nil && m.Method == "tools/list":
		s.result(m, `{"tools":[{"name":"echo"}]}`)
	case at >= len(pages):
		s.fault(m, -32000, "no such page")
	case pages[at] == "":
	default:
		for line := range strings.Lines(pages[at]) { // all but the last are messages of their own
			if line = strings.TrimSpace(line); strings.Contains(line, `"jsonrpc"`) {
				s.send("%s", line)
				time.Sleep(20 * time.Millisecond)
			} else {
				s.result(m, line)
			}
		}
	}
}

func (s *fixture) call(m *incoming, line []byte, cancelled <-chan struct{}) {
	args := m.Params.Arguments
	switch m.Params.Name {
	case "echo": // what came, byte for byte
		s.result(m, strings.TrimSpace(string(line)))
	case "progress":
		for i := range args.N {
			s.send(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":%d}}`, m.Params.Meta.Token, i)
		}
		s.result(m, `{"done":true}`)
	case "wait": // until cancelled, and answers all the same
		s.send(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":0}}`, m.Params.Meta.Token)
		<-cancelled
		s.result(m, `{"late":true}`)
	case "ask":
		answer := make(chan json.RawMessage, 1)
		id := fmt.Sprintf(`"ask-%s"`, m.ID)
		s.mu.Lock()
		s.pending[id] = answer
		s.mu.Unlock()
		s.send(`{"jsonrpc":"2.0","id":%s,"method":%q,"params":{"q":1}}`, id, args.Method)
		s.result(m, string(<-answer))
	case "raw":
		s.raw(args.Raw)
		s.result(m, `{"done":true}`)
	case "spawn":
		cmd := exec.CommandContext(context.Background(), args.Argv[0], args.Argv[1:]...)
		if args.Output {
			cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		}
		if err := cmd.Start(); err != nil {
			s.fault(m, -32000, err.Error())
			return
		}
		s.result(m, strconv.Itoa(cmd.Process.Pid))
		_ = cmd.Wait()
	case "env":
		env, _ := json.Marshal(os.Environ())
		s.result(m, string(env))
	case "mute":
		_ = os.Stdout.Close()
	case "crash":
		fmt.Fprintln(os.Stderr, "boom: it hurts")
		os.Exit(3)
	case "exit":
		os.Exit(0)
	}
}

// scriptEnv is the environment that makes the test binary a server; the race detector would linger for a second.
func scriptEnv(s script) map[string]string {
	return map[string]string{scriptVar: s.String(), "GORACE": "atexit_sleep_ms=0", "PATH": os.Getenv("PATH")}
}

// quiet is a log for nobody.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// changes is what a test may change before start connects.
type changes struct {
	r *config.Resolved
	o *dialOptions
}

// start connects to a server on stdio, and closes it when the test ends.
func start(t *testing.T, s script, change ...func(*changes)) (*stdioConn, *caught, *ring, error) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	g := newGuard(quiet())
	t.Cleanup(g.close)
	events, log := &caught{}, newRing(event.New(1), "a", nil)
	r := &config.Resolved{Command: exe, Cwd: t.TempDir(), Env: map[string]secret.Text{}}
	for k, v := range scriptEnv(s) {
		r.Env[k] = secret.New(v)
	}
	o := dialOptions{protocol: config.ProtocolAuto, version: "1.2.3", events: events.take, log: quiet(), known: &known{}, limits: stdioLimits, backoff: backoff}
	for _, f := range change {
		f(&changes{r, &o})
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := dialStdio(ctx, r, log, g, o)
	if err != nil {
		return nil, events, log, err
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c.(*stdioConn), events, log, nil
}

func mustStart(t *testing.T, s script, change ...func(*changes)) (*stdioConn, *caught, *ring) {
	t.Helper()
	c, events, log, err := start(t, s, change...)
	if err != nil {
		t.Fatal(err)
	}
	return c, events, log
}

// tool is a call of one of the fixture's tools, with progress wanted.
func tool(name string, args arguments) *Request {
	b, err := json.Marshal(args)
	if err != nil {
		panic(err)
	}
	p := fmt.Appendf(nil, `{"name":%q,"arguments":%s,"_meta":{"progressToken":"mine"}}`, name, b)
	return &Request{Method: "tools/call", Params: p, Token: jsonrpc.Get(p, jsonrpc.All(p), "_meta", "progressToken"), Name: name, Frames: func(Frame) {}}
}

// result calls a tool and returns its raw result.
func result(t *testing.T, c Conn, req *Request) string {
	t.Helper()
	m, err := doCall(t, c, req)
	if err != nil {
		t.Fatalf("%s: %v", req.Name, err)
	}
	if fault := m.Fault(); fault != nil {
		t.Fatalf("%s: %v", req.Name, fault)
	}
	return string(m.Result.In(m.Raw))
}

// readConfig reads the servers of a configuration file.
func readConfig(ctx context.Context, fatal func(...any), file string) []*config.Server {
	store, err := config.Open(ctx, config.Options{Paths: []string{file}, Env: []string{"PATH=" + os.Getenv("PATH")}, Dir: filepath.Dir(file), Log: quiet()})
	if err != nil {
		fatal(err)
	}
	return store.Current().Servers
}

// entry is a server's configuration for a script.
func entry(t *testing.T, s script) map[string]any {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{"command": exe, "env": scriptEnv(s)}
}

// running is a set under test.
type running struct {
	*Set
	t    *testing.T
	file string
	stop func()
}

// run runs a set of servers until the test ends, and checks that then nothing of it is left.
func run(t *testing.T, servers map[string]any, change ...func(*Set)) *running {
	t.Helper()
	noLeaks(t)
	r := &running{Set: NewSet(Options{Version: "1.2.3", Log: quiet()}), t: t, file: filepath.Join(t.TempDir(), "servers.json")}
	for _, f := range change {
		f(r.Set)
	}
	r.configure(servers)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = r.Run(ctx)
	}()
	r.stop = sync.OnceFunc(func() {
		cancel()
		began := time.Now()
		<-done
		if took := time.Since(began); took > 8*time.Second {
			t.Errorf("the set took %v to end", took)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// configure applies a configuration, always by way of the same file, and returns what was planned before.
func (r *running) configure(servers map[string]any) Plan {
	r.t.Helper()
	b, err := json.Marshal(map[string]any{"mcpServers": servers})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(r.file, b, 0o600); err != nil {
		r.t.Fatal(err)
	}
	list := readConfig(r.t.Context(), r.t.Fatal, r.file)
	plan := r.Plan(list)
	r.Apply(list)
	return plan
}

// reaches waits for a server's state.
func (r *running) reaches(name string, want State) *Status {
	r.t.Helper()
	var st *Status
	deadline := time.Now().Add(patience)
	for {
		if s := r.Get(name); s != nil {
			if st = s.Status(); st.State == want {
				return st
			}
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%s is not %s within %v but %+v", name, want, patience, st)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// conn returns the connection to a server, waiting for it.
func (r *running) conn(name string) Conn {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	c, err := r.Get(name).Conn(ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// runHub runs the servers of a configuration file until it is killed.
func runHub(file string) {
	set := NewSet(Options{Version: "1.2.3", Log: quiet()})
	set.Apply(readConfig(context.Background(), func(args ...any) { panic(fmt.Sprint(args...)) }, file))
	_ = set.Run(context.Background())
}
