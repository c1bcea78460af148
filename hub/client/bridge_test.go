package client_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"mcphub/hub"
	"mcphub/hub/client"
	"mcphub/hub/config"
	"mcphub/hub/hubtest"
)

// runHub runs a hub on a port, 0 for any. It returns the port and what ends the hub.
func runHub(t *testing.T, text string, port int) (int, func()) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "servers.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	h, err := hub.New(t.Context(), hub.Options{
		Config: config.Options{Paths: []string{file}, Env: os.Environ(), Dir: filepath.Dir(file), Log: log},
		Host:   "127.0.0.1", Port: port, Version: "test", Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	ended := false
	stop := func() {
		if cancel(); !ended {
			ended = true
			if err := <-done; err != nil {
				t.Errorf("the hub ended with: %v", err)
			}
		}
	}
	t.Cleanup(stop)
	c := client.New("127.0.0.1:" + strconv.Itoa(h.Port()))
	defer c.Close()
	hubtest.Eventually(t, "servers are up", func() bool {
		health, err := c.Health(t.Context())
		return err == nil && health.State == "ready"
	})
	return h.Port(), stop
}

// peer is a client on the other end of a bridge's pipes.
type peer struct {
	t     *testing.T
	in    *io.PipeWriter
	lines chan string
	done  chan error
}

func bridge(t *testing.T, url, server string) *peer {
	t.Helper()
	inRead, in := io.Pipe()
	out, outWrite := io.Pipe()
	p := &peer{t: t, in: in, lines: make(chan string, 100), done: make(chan error, 1)}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	go func() {
		p.done <- client.NewBridge(client.New(url), server, log).Run(context.WithoutCancel(t.Context()), inRead, outWrite)
		_ = outWrite.Close()
	}()
	go func() {
		defer close(p.lines)
		for r := bufio.NewReader(out); ; {
			text, err := r.ReadString('\n')
			if err != nil {
				return
			}
			p.lines <- strings.TrimSuffix(text, "\n")
		}
	}()
	return p
}

func (p *peer) send(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.in, text+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) next() string {
	p.t.Helper()
	select {
	case text, ok := <-p.lines:
		if !ok {
			p.t.Fatal("the bridge has ended")
		}
		return text
	case <-time.After(hubtest.Patience / 2):
		p.t.Fatal("the bridge writes nothing")
	}
	return ""
}

// want waits for a message with a part, over others.
func (p *peer) want(part string) string {
	p.t.Helper()
	for {
		if text := p.next(); strings.Contains(text, part) {
			return text
		}
	}
}

func (p *peer) call(id, method, params string) string {
	p.t.Helper()
	p.send(`{"jsonrpc":"2.0","id":` + id + `,"method":"` + method + `","params":` + params + `}`)
	return p.want(`"id":` + id)
}

// close ends the input and waits for the bridge.
func (p *peer) close() {
	p.t.Helper()
	_ = p.in.Close()
	select {
	case err := <-p.done:
		if err != nil {
			p.t.Errorf("the bridge ended with: %v", err)
		}
	case <-time.After(hubtest.Patience):
		p.t.Fatal("the bridge does not end with its input")
	}
}

const hello = `{"protocolVersion":"2025-11-25","capabilities":{"sampling":{}},"clientInfo":{"name":"test","version":"1"}}`

func (p *peer) greet() string {
	p.t.Helper()
	answer := p.call(`"hello"`, "initialize", hello)
	p.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	return answer
}

// modern returns params of a modern request with more members.
func modern(members string) string { return `{"_meta":{` + hubtest.ModernMeta + `}` + members + `}` }

func noLeak(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		hubtest.Eventually(t, "all goroutines have ended", func() bool {
			hubtest.CloseIdle()
			return runtime.NumGoroutine() <= before
		})
	})
}

func TestBridgeLegacy(t *testing.T) {
	noLeak(t)
	text := hubtest.Config("{}", "one", hubtest.Stdio(t, fixture))
	port, stop := runHub(t, text, 0)
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	p := bridge(t, url, "")
	if got := p.greet(); !strings.Contains(got, `"protocolVersion":"2025-11-25"`) {
		t.Errorf("initialize: %s", got)
	}
	if got := p.call("1", "tools/call", `{"name":"one__echo"}`); got != `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"big 12345678901234567890"}]}}` {
		t.Errorf("call: %s", got)
	}
	if got := p.call("9007199254740993", "tools/call", `{"name":"nobody__echo"}`); !strings.Contains(got, `"error"`) {
		t.Errorf("call of nothing: %s", got)
	}
	if got := p.call(`"p"`, "tools/call", `{"name":"one__progress","arguments":{"n":1,"tag":"step"},"_meta":{"progressToken":"tok"}}`); !strings.Contains(got, `"error"`) && !strings.Contains(got, "step") {
		t.Errorf("call with progress: %s", got)
	}
	p.send("{oops")
	p.want(`"code":-32700`)
	p.send(`[{"jsonrpc":"2.0","id":5,"method":"ping"},{"jsonrpc":"2.0","id":6}]`)
	for both := ""; !strings.Contains(both, `"id":5,"result"`) || !strings.Contains(both, `"id":6,"error"`); {
		both += p.next()
	}

	// A call that is cancelled is not answered, and others go on beside it.
	p.send(`{"jsonrpc":"2.0","id":"slow","method":"tools/call","params":{"name":"one__wait","arguments":{"tag":"slow"}}}`)
	p.send(`{"jsonrpc":"2.0","id":"lost","method":"tools/call","params":{"name":"one__wait","arguments":{"tag":"lost"}}}`)
	p.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"slow"}}`)
	if got := p.call("7", "ping", "{}"); got != `{"jsonrpc":"2.0","id":7,"result":{}}` {
		t.Errorf("ping beside a call: %s", got)
	}
	if got := p.call("8", "logging/setLevel", `{"level":"error"}`); !strings.Contains(got, "result") {
		t.Errorf("setLevel: %s", got)
	}

	// The hub goes: the call under way fails, and what comes meanwhile waits.
	stop()
	if got := p.want(`"id":"lost"`); !strings.Contains(got, `"error"`) {
		t.Errorf("call under way: %s", got)
	}
	p.send(`{"jsonrpc":"2.0","id":10,"method":"tools/call","params":{"name":"one__echo"}}`)
	p.send(`{"jsonrpc":"2.0","id":11,"method":"tools/list"}`)
	_, stop = runHub(t, text, port)
	var all strings.Builder
	for _, part := range []string{
		`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`, `{"jsonrpc":"2.0","method":"notifications/prompts/list_changed"}`,
		`{"jsonrpc":"2.0","method":"notifications/resources/list_changed"}`, `"id":10,"result"`, `"id":11,"result"`,
	} {
		for !strings.Contains(all.String(), part) {
			text := p.next()
			if strings.Contains(text, `"id":"hello"`) || strings.Contains(text, `"id":8`) {
				t.Errorf("the client hears of the new session: %s", text)
			}
			all.WriteString(text + "\n")
		}
	}

	// And without any request.
	stop()
	runHub(t, text, port)
	p.want("notifications/tools/list_changed")
	p.close()
	for text := range p.lines {
		if strings.Contains(text, `"id"`) {
			t.Errorf("late message: %s", text)
		}
	}
}

func TestBridgeModern(t *testing.T) {
	noLeak(t)
	script := fixture
	script.Tools = append(script.Tools, `{"name":"params","inputSchema":{"type":"object","properties":{"city":{"type":"string","x-mcp-header":"City"}}}}`)
	text := hubtest.Config("{}", "one", hubtest.Stdio(t, script))
	port, stop := runHub(t, text, 0)
	p := bridge(t, fmt.Sprintf("http://127.0.0.1:%d", port), "one")
	if got := p.call("1", "server/discover", modern("")); !strings.Contains(got, `"supportedVersions"`) {
		t.Errorf("discover: %s", got)
	}
	if got := p.call(`"naïve"`, "tools/call", modern(`,"name":"params","arguments":{"city":"Köln"}`)); !strings.Contains(got, `"city":"Köln"`) {
		t.Errorf("call with a parameter in a header: %s", got)
	}
	if got := p.call("2", "resources/read", modern(`,"uri":"memo://a"`)); !strings.Contains(got, `"note"`) {
		t.Errorf("read: %s", got)
	}
	if got := p.call("3", "tools/call", modern(`,"name":"nothing"`)); !strings.Contains(got, `"code":-32602`) {
		t.Errorf("call of nothing: %s", got)
	}
	p.send(`{"jsonrpc":"2.0","id":"l","method":"subscriptions/listen","params":` + modern(`,"notifications":{"toolsListChanged":true}`) + `}`)
	p.want("notifications/subscriptions/acknowledged")
	p.send(`{"jsonrpc":"2.0","id":"slow","method":"tools/call","params":` + modern(`,"name":"wait","arguments":{"tag":"slow"}`) + `}`)
	p.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"slow"}}`)
	p.call("4", "tools/list", modern(""))

	stop()
	p.send(`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":` + modern(`,"name":"echo"`) + `}`)
	runHub(t, text, port)
	var all strings.Builder
	for _, part := range []string{`"id":5,"result"`, `{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"l"}}}`} {
		for !strings.Contains(all.String(), part) {
			text := p.next()
			all.WriteString(text + "\n")
		}
	}
	if strings.Contains(all.String(), "acknowledged") {
		t.Errorf("the subscription is acknowledged again:\n%s", &all)
	}
	p.close()
	for text := range p.lines {
		if strings.Contains(text, `"slow"`) {
			t.Errorf("a cancelled call is answered: %s", text)
		}
	}
}

// TestBridgeRefused: what the hub does not take is answered with its reason and the client's id.
func TestBridgeRefused(t *testing.T) {
	noLeak(t)
	port, _ := runHub(t, hubtest.Config("{}"), 0)
	p := bridge(t, fmt.Sprintf("http://127.0.0.1:%d", port), "no one")
	if got := p.call("1", "initialize", hello); !strings.Contains(got, "no server named no one") || !strings.HasPrefix(got, `{"jsonrpc":"2.0","id":1,`) {
		t.Errorf("initialize: %s", got)
	}
	if got := p.call("2", "tools/list", "{}"); !strings.Contains(got, `"error"`) {
		t.Errorf("list without a session: %s", got)
	}
	p.send(`{"jsonrpc":"2.0","id":3,"method":"x","params":{"text":"` + strings.Repeat("x", 17<<20) + `"}}`)
	p.want("more than")
	p.call("4", "tools/list", "{}")
	p.close()
}

// TestBridgeAsksAgain: a hub that was not known to have come to rest may have refused a call because it did not know the tool
// yet, also if it has come to rest until one asks. What it refuses after that it means.
func TestBridgeAsksAgain(t *testing.T) {
	asked := 0
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/api/health":
			_, _ = io.WriteString(w, `{"state":"ready"}`)
		case asked == 0 || asked > 1:
			asked++
			_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":"m","error":{"code":-32602,"message":"unknown tool"}}`)
		default:
			asked++
			_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":"m","result":{}}`)
		}
	}))
	t.Cleanup(hub.Close)
	p := bridge(t, hub.URL, "")
	call := `{"jsonrpc":"2.0","id":"m","method":"tools/call","params":{"_meta":{` + hubtest.ModernMeta + `},"name":"late"}}`
	for _, want := range []string{`"result":{}`, `"code":-32602`} {
		if p.send(call); !strings.Contains(p.next(), want) {
			t.Errorf("the answer is not %s", want)
		}
	}
	if asked != 3 {
		t.Errorf("the hub was asked %d times, want 3", asked)
	}
	_ = p.in.Close()
	if err := <-p.done; err != nil {
		t.Error(err)
	}
}
