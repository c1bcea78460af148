package hubtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mcphub/hub/jsonrpc"
	"mcphub/hub/sse"
)

const fixtureArg = "hubtest-fixture"

// Main is the TestMain of a package that uses [Stdio]: the test binary, executed again, is then the fixture server.
func Main(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == fixtureArg {
		if err := serveStdio(os.Args[2], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "fixture:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	// Programs with the race detector wait a second before they end, which fixtures need not.
	if err := os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0")); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// Stdio returns the configuration entry of a server that plays the script as a child process.
func Stdio(t testing.TB, s Script) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "script.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return `"command":` + quote(self) + `,"args":["` + fixtureArg + `",` + quote(file) + `]`
}

func serveStdio(file string, in io.Reader, out io.Writer) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var s Script
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	var mu sync.Mutex
	send := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.WriteString(out, text+"\n")
	}
	a := newActor(s)
	a.say = send
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return nil // the hub has closed it
		}
		m, err := jsonrpc.Scan(bytes.TrimSpace(line))
		if err != nil {
			return fmt.Errorf("%w: %s", err, line)
		}
		if q := (&cue{Message: m, send: send}); m.Kind == jsonrpc.Request {
			go a.take(ctx, q)
		} else {
			a.take(ctx, q)
		}
	}
}

// Remote starts a server that plays the script over streamable HTTP, and returns its configuration entry.
func Remote(t testing.TB, s Script) string {
	t.Helper()
	return `"url":` + quote(serve(t, s, func(next http.Handler) http.Handler { return next })+"/mcp")
}

// serve starts a server that plays the script over streamable HTTP, behind what around makes of it, and returns its
// address.
func serve(t testing.TB, s Script, around func(http.Handler) http.Handler) string {
	t.Helper()
	r := &remote{actor: newActor(s), gone: make(chan struct{})}
	r.say = r.push
	server := httptest.NewServer(around(r))
	t.Cleanup(func() {
		close(r.gone)
		server.Close()
	})
	return server.URL
}

// remote plays a script over streamable HTTP.
type remote struct {
	*actor
	gone chan struct{}

	mu     sync.Mutex
	stream func(text string) // the hub's GET stream, nil if it has none
}

func (r *remote) push(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stream != nil {
		r.stream(text)
	}
}

// ServeHTTP implements http.Handler.
func (r *remote) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch {
	case req.Method == http.MethodPost:
		r.post(w, req)
	case req.Method == http.MethodGet && !r.script.Modern:
		r.get(w, req)
	case req.Method == http.MethodDelete && !r.script.Modern:
		r.cancelAll()
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

func (r *remote) get(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
	r.mu.Lock()
	r.stream = func(text string) { writeEvent(w, text) }
	r.mu.Unlock()
	select {
	case <-req.Context().Done():
	case <-r.gone:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stream = nil
}

func writeEvent(w http.ResponseWriter, text string) {
	_, _ = w.Write(sse.AppendEvent(nil, "message", []byte(text)))
	_ = http.NewResponseController(w).Flush()
}

func (r *remote) post(w http.ResponseWriter, req *http.Request) {
	text, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	m, err := jsonrpc.Scan(text)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	q := &cue{Message: m, header: req.Header}
	if m.Kind != jsonrpc.Request {
		r.take(req.Context(), q)
		w.WriteHeader(http.StatusAccepted)
		return
	}
	var mu sync.Mutex
	streaming := false
	q.send = func(text string) {
		mu.Lock()
		defer mu.Unlock()
		sent, err := jsonrpc.Scan([]byte(text))
		if !streaming && err == nil && sent.Kind == jsonrpc.Response {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(statusOf(&sent, r.script.Modern))
			_, _ = io.WriteString(w, text)
			return
		}
		if !streaming {
			streaming = true
			w.Header().Set("Content-Type", "text/event-stream")
		}
		writeEvent(w, text)
	}
	if m.Name() == "initialize" {
		w.Header().Set("Mcp-Session-Id", "the-session")
	}
	ctx := req.Context()
	if !r.script.Modern { // a legacy client that disconnects has not cancelled
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-r.gone:
			cancel()
		case <-ctx.Done():
		}
	}()
	r.take(ctx, q)
}

func statusOf(m *jsonrpc.Message, modern bool) int {
	if f := m.Fault(); f != nil && modern {
		switch f.Code {
		case jsonrpc.CodeMethodNotFound:
			return http.StatusNotFound
		case jsonrpc.CodeInvalidParams:
			return http.StatusBadRequest
		}
	}
	return http.StatusOK
}
