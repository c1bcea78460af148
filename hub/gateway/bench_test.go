package gateway

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"mcphub/hub/access"
	"mcphub/hub/catalog"
	"mcphub/hub/config"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/upstream"
)

// echoConn answers every call with its arguments, at once: what is measured is the hub.
type echoConn struct {
	hello *upstream.Hello
	done  chan struct{}
	once  sync.Once
}

func dialEcho(context.Context, string) (upstream.Conn, error) {
	hello, err := upstream.NewHello([]byte(`{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"echo","version":"1"}}`), false, "")
	return &echoConn{hello: hello, done: make(chan struct{})}, err
}

func (c *echoConn) Do(_ context.Context, req *upstream.Request) (jsonrpc.Message, error) {
	result := []byte(`{"tools":[{"name":"echo","inputSchema":{"type":"object"}}]}`)
	if req.Method == "tools/call" {
		result = fmt.Appendf(nil, `{"content":[],"structuredContent":%s}`, jsonrpc.Get(req.Params, jsonrpc.All(req.Params), "arguments").In(req.Params))
	}
	return jsonrpc.Scan(jsonrpc.AppendResult(nil, []byte("1"), result))
}

func (c *echoConn) Notify(context.Context, string, []byte) error { return nil }
func (c *echoConn) Hello() *upstream.Hello                       { return c.hello }
func (c *echoConn) Done() <-chan struct{}                        { return c.done }
func (c *echoConn) Err() error                                   { return nil }
func (c *echoConn) Close(context.Context) error                  { c.once.Do(func() { close(c.done) }); return nil }

// BenchmarkCall is tools/call through the gateway, without the network and without a server: allocations and time of
// the hub's own work on a call.
func BenchmarkCall(b *testing.B) {
	log := slog.New(slog.DiscardHandler)
	set := upstream.NewSet(upstream.Options{Version: "bench", Log: log, Dial: dialEcho})
	cat := catalog.New(set, config.DefaultSettings(), log)
	g := New(set, cat, "bench", log)
	set.OnChange(cat.Touch)
	ctx, cancel := context.WithCancel(access.With(b.Context(), access.Local()))
	var work sync.WaitGroup
	work.Go(func() { _ = set.Run(ctx) })
	work.Go(func() { _ = cat.Run(ctx) })
	defer work.Wait()
	defer cancel()
	set.Apply([]*config.Server{{Name: "s", Transport: upstream.Local}})
	for cat.All().Item(catalog.Tools, "s__echo") == nil {
		time.Sleep(time.Millisecond)
	}
	s := newSession("", transportHTTP, access.Local())
	g.add(s)

	const modernMeta = `,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`
	for _, era := range []struct {
		name, meta string
		header     http.Header
	}{
		{"legacy", "", http.Header{headerSession: {s.id}}},
		{"modern", modernMeta, http.Header{"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {"s__echo"}}},
	} {
		for _, size := range []int{100, 10_000, 200_000} {
			body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"s__echo","arguments":{"text":"%s"}%s}}`,
				strings.Repeat("x", size), era.meta)
			b.Run(fmt.Sprintf("%s/%d", era.name, size), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(size))
				era.header.Set("Content-Type", "application/json")
				r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/mcp", nil)
				r.Header = era.header
				in := strings.NewReader(body)
				w := &sink{header: http.Header{}}
				for b.Loop() {
					in.Reset(body)
					r.Body = io.NopCloser(in)
					w.reset()
					g.ServeHTTP(w, r)
				}
				if !bytes.Contains(w.body.Bytes(), []byte(`"structuredContent":{"text":"xxx`)) {
					b.Fatalf("answer: %.300s", w.body.Bytes())
				}
			})
		}
	}
}

// sink is a response writer that costs little.
type sink struct {
	header http.Header
	body   bytes.Buffer
}

func (s *sink) reset()                      { clear(s.header); s.body.Reset() }
func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(b []byte) (int, error) { return s.body.Write(b) }
func (s *sink) WriteHeader(int)             {}
