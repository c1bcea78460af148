package upstream

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mcphub/hub/config"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/secret"
	"mcphub/hub/sse"
)

// patience ends a test that hangs. It is no measure of speed: 64 MiB take seconds under the race detector.
const patience = time.Minute

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// noLeaks fails the test if goroutines are left when everything is closed. Call it first.
func noLeaks(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				b := make([]byte, 1<<20)
				t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), b[:runtime.Stack(b, true)])
			}
		}
	})
}

// exchange is one HTTP request to a webServer.
type exchange struct {
	w http.ResponseWriter
	r *http.Request
	m jsonrpc.Message // of a POST request
}

// id is the raw id of the message.
func (x *exchange) id() string { return string(x.m.ID.In(x.m.Raw)) }

// token is the raw progress token of the message.
func (x *exchange) token() string {
	return string(jsonrpc.Get(x.m.Raw, x.m.Params, "_meta", "progressToken").In(x.m.Raw))
}

// plain answers with a body of any kind.
func (x *exchange) plain(status int, media, body string) {
	if media != "" {
		x.w.Header().Set("Content-Type", media)
	}
	x.w.WriteHeader(status)
	_, _ = io.WriteString(x.w, body)
}

func (x *exchange) result(result string) {
	x.plain(http.StatusOK, "application/json", fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, x.id(), result))
}

func (x *exchange) fault(status, code int, data string) {
	x.plain(status, "application/json", fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":"no","data":%s}}`, x.id(), code, data))
}

// stream begins a stream of events.
func (x *exchange) stream() {
	x.w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	x.w.WriteHeader(http.StatusOK)
	x.flush()
}

func (x *exchange) flush() { x.w.(http.Flusher).Flush() }

// event sends a message; text between % signs stands for what it names in the request.
func (x *exchange) event(text string) {
	text = strings.NewReplacer("%id%", x.id(), "%token%", x.token()).Replace(text)
	_, _ = x.w.Write(sse.AppendEvent(nil, "message", []byte(text)))
	x.flush()
}

func (x *exchange) raw(text string) {
	_, _ = io.WriteString(x.w, strings.NewReplacer("%id%", x.id()).Replace(text))
	x.flush()
}

// gone waits until the client has left.
func (x *exchange) gone() { <-x.r.Context().Done() }

// request is what a webServer has seen.
type request struct {
	verb, path, method string
	header             http.Header
	text               string
}

// webServer answers by verb or, for POST, by the method of the message; "reply" stands for responses. What it has no
// answer for it answers like a legacy server without extras.
type webServer struct {
	*httptest.Server
	answers map[string]func(*exchange)

	mu   sync.Mutex
	seen []request
}

func newWebServer(t *testing.T, answers map[string]func(*exchange)) *webServer {
	s := &webServer{answers: answers}
	s.Server = httptest.NewServer(s)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func (s *webServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{w: w, r: r}
	body, _ := io.ReadAll(r.Body)
	key := r.Method
	if r.Method == http.MethodPost {
		x.m, _ = jsonrpc.Scan(body)
		if key = x.m.Name(); key == "" {
			key = "reply"
		}
	}
	s.mu.Lock()
	s.seen = append(s.seen, request{r.Method, r.URL.Path, key, r.Header.Clone(), string(body)})
	answer := s.answers[key]
	s.mu.Unlock()
	if answer == nil {
		answer = legacyAnswers[key]
	}
	if answer == nil {
		answer = func(x *exchange) { x.plain(http.StatusMethodNotAllowed, "text/plain", "no such thing") }
	}
	answer(x)
}

// requests returns what came so far with the given key: a method of a message, a verb, or "reply".
func (s *webServer) requests(key string) []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.seen), func(r request) bool { return r.method != key })
}

const (
	legacyHello = `{"protocolVersion":"2025-06-18","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"fixture","version":"1"},"instructions":"be kind"}`
	modernHello = `{"resultType":"complete","supportedVersions":["2026-07-28","2025-11-25"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private"}`
)

func accept(x *exchange) { x.w.WriteHeader(http.StatusAccepted) }

var legacyAnswers = map[string]func(*exchange){
	"server/discover":           func(x *exchange) { x.plain(http.StatusBadRequest, "text/plain", "session id required") },
	"initialize":                func(x *exchange) { x.w.Header().Set("Mcp-Session-Id", "s-1"); x.result(legacyHello) },
	"notifications/initialized": accept,
	"notifications/cancelled":   accept,
	"reply":                     accept,
	"DELETE":                    func(x *exchange) { x.w.WriteHeader(http.StatusNoContent) },
}

func discovered(x *exchange) { x.result(modernHello) }

// caught are the frames of which the owner of a connection was told.
type caught struct {
	mu     sync.Mutex
	frames []Frame
}

func (c *caught) take(f Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frames = append(c.frames, f)
}

func (c *caught) texts() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	texts := make([]string, 0, len(c.frames))
	for _, f := range c.frames {
		texts = append(texts, string(f.Raw))
	}
	return texts
}

// connect dials url and closes the connection when the test ends.
func connect(t *testing.T, url string, change func(*config.Resolved, *dialOptions)) (Conn, *caught, error) {
	t.Helper()
	events := &caught{}
	r := &config.Resolved{URL: secret.New(url)}
	o := dialOptions{
		protocol: config.ProtocolAuto, version: "1.2.3", events: events.take, log: slog.New(slog.DiscardHandler), known: &known{}, backoff: backoff,
	}
	if change != nil {
		change(r, &o)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := dialRemote(ctx, r, o)
	if err != nil {
		return nil, events, err
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := c.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return c, events, nil
}

func mustConnect(t *testing.T, url string, change func(*config.Resolved, *dialOptions)) (Conn, *caught) {
	t.Helper()
	c, events, err := connect(t, url, change)
	if err != nil {
		t.Fatal(err)
	}
	return c, events
}

// params builds the parameters of a call with a progress token, and says where the token stands.
func params(token string) ([]byte, jsonrpc.Span) {
	b := fmt.Appendf(nil, `{"name":"echo","arguments":{"n":12345678901234567890},"_meta":{"progressToken":%s,%q:%q}}`, token, "io.modelcontextprotocol/protocolVersion", ModernVersion)
	return b, jsonrpc.Get(b, jsonrpc.All(b), "_meta", "progressToken")
}

func toolCall(frames func(Frame)) *Request {
	b, token := params(`"mine"`)
	return &Request{Method: "tools/call", Params: b, Token: token, Name: "echo", Frames: frames}
}

func doCall(t *testing.T, c Conn, req *Request) (jsonrpc.Message, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return c.Do(ctx, req)
}

// TestFixtureIsLegacy guards the fixture: without answers of its own it is a legacy server.
func TestFixtureIsLegacy(t *testing.T) {
	c, _ := mustConnect(t, newWebServer(t, nil).URL, pinned(config.ProtocolAuto))
	if h := c.Hello(); h.Modern || h.Instructions != "be kind" || !h.Has("tools", "listChanged") || !strings.Contains(string(h.Info), "fixture") {
		t.Errorf("hello %+v", h)
	}
}
