package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"mcphub/hub/config"
)

// oldServer answers like one of HTTP+SSE: what is posted to /messages is answered on the stream.
func oldServer(t *testing.T, endpoint string, answer func(stream *exchange, x *exchange)) *webServer {
	t.Helper()
	streams := make(chan *exchange, 1)
	s := newWebServer(t, nil)
	post := func(x *exchange) {
		if x.r.URL.Path != "/messages" {
			x.plain(http.StatusMethodNotAllowed, "", "")
			return
		}
		stream := <-streams
		defer func() { streams <- stream }()
		switch x.m.Name() {
		case "initialize":
			accept(x)
			stream.event(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, x.id(), strings.Replace(legacyHello, "2025-06-18", "2024-11-05", 1)))
		case "notifications/initialized":
			accept(x)
		default:
			answer(stream, x)
		}
	}
	s.answers = answers{
		"GET": func(x *exchange) {
			x.stream()
			select { // nothing more is posted to an earlier stream
			case <-streams:
			default:
			}
			x.raw("event: endpoint\ndata: " + endpoint + "\n\n")
			streams <- x
			x.gone()
		},
		"initialize": post, "server/discover": post, "notifications/initialized": post, "reply": post, "tools/call": post,
		"tools/list": post, "notifications/cancelled": post,
	}
	return s
}

func TestSSE(t *testing.T) {
	noLeaks(t)
	s := oldServer(t, "/messages?session=1", func(stream, x *exchange) {
		switch x.m.Name() {
		case "tools/call":
			stream.event(`{"jsonrpc":"2.0","id":9,"method":"ping"}`)
			stream.event(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":1}}`, x.token()))
			stream.raw("data: no message\n\n")
			stream.event(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"ok":true}}`, x.id()))
			x.plain(http.StatusOK, "text/plain", "OK")
		case "tools/list":
			x.plain(http.StatusBadRequest, "application/json", `{"jsonrpc":"2.0","id":null,"error":{"code":-32602,"message":"bad"}}`)
		default:
			accept(x)
		}
	})
	var k *known
	c, events := mustConnect(t, s.URL+"/sse", func(_ *config.Resolved, o *dialOptions) { k = o.known })
	if h := c.Hello(); h.Modern || h.Version != "2024-11-05" || *k != (known{legacy: true, sse: true}) {
		t.Fatalf("hello %+v, known %+v", h, *k)
	}
	frames := 0
	m, err := doCall(t, c, toolCall(func(f Frame) {
		if frames++; !strings.Contains(string(f.Raw), `"progressToken":"mine"`) {
			t.Errorf("frame %s", f.Raw)
		}
	}))
	if err != nil || string(m.Result.In(m.Raw)) != `{"ok":true}` || frames != 1 {
		t.Errorf("got %s, %v, %d frames", m.Raw, err, frames)
	}
	eventually(t, "the ping is answered", func() bool {
		got := s.requests("reply")
		return len(got) == 1 && got[0].text == `{"jsonrpc":"2.0","id":9,"result":{}}` && got[0].path == "/messages"
	})
	if m, err = doCall(t, c, &Request{Method: "tools/list"}); err != nil || m.Fault() == nil || m.Fault().Code != -32602 {
		t.Errorf("a refused message: %s, %v", m.Raw, err)
	}
	if got := events.texts(); len(got) != 0 {
		t.Errorf("events %q", got)
	}

	s.CloseClientConnections()
	eventually(t, "the connection ends with its stream", func() bool { return errors.Is(c.Err(), ErrClosed) })

	again, _ := mustConnect(t, s.URL+"/sse", func(_ *config.Resolved, o *dialOptions) { o.known = k })
	if n := len(s.requests("server/discover")); n != 1 || again.Hello().Version != "2024-11-05" {
		t.Errorf("asked %d times what was known", n)
	}
}

func TestSSECancel(t *testing.T) {
	noLeaks(t)
	s := oldServer(t, "/messages", func(_, x *exchange) { accept(x) })
	c, _ := mustConnect(t, s.URL, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Do(ctx, toolCall(nil)); !errors.Is(err, ctx.Err()) {
		t.Fatal(err)
	}
	eventually(t, "the server is told", func() bool {
		got := s.requests("notifications/cancelled")
		return len(got) == 1 && strings.Contains(got[0].text, `"requestId":2`)
	})
}

// TestSSERefused: streams that are none of this transport, or not to be trusted.
func TestSSERefused(t *testing.T) {
	for _, c := range []struct {
		name      string
		get       func(*exchange)
		permanent bool
		want      string
	}{
		{"another origin", func(x *exchange) { x.stream(); x.raw("event: endpoint\ndata: http://evil.invalid/?k=hush\n\n") }, true, "not of its own origin"},
		{"another scheme", func(x *exchange) { x.stream(); x.raw("event: endpoint\ndata: file:///etc/passwd\n\n") }, true, "not of its own origin"},
		{"no URL", func(x *exchange) { x.stream(); x.raw("event: endpoint\ndata: http://[\n\n") }, true, "not of its own origin"},
		{"another event first", func(x *exchange) { x.stream(); x.raw("data: {}\n\n") }, false, "does not begin with an endpoint"},
		{"an end", func(x *exchange) { x.stream() }, false, "ended early"},
		{"HTML", status(200, "text/html", "<html>"), false, "text/html: <html>"},
		{"not found", status(404, "", ""), false, "HTTP 404"},
		{"end after the endpoint", func(x *exchange) { x.stream(); x.raw("event: endpoint\ndata: /m\n\n") }, false, "as HTTP+SSE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			noLeaks(t)
			s := newWebServer(t, answers{"GET": c.get, "initialize": status(405, "", "")})
			_, _, err := connect(t, s.URL, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.As(err, new(permanent)) != c.permanent || strings.Contains(err.Error(), "hush") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestSSEByPOST: a server whose only route opens the stream for a POST too is found out at once.
func TestSSEByPOST(t *testing.T) {
	noLeaks(t)
	s := oldServer(t, "/messages", func(_, x *exchange) { accept(x) })
	open := func(x *exchange) {
		if x.r.URL.Path == "/messages" {
			oldInitialize(s, x)
			return
		}
		x.stream()
		x.raw("event: endpoint\ndata: /messages\n\n")
		x.gone()
	}
	s.mu.Lock()
	s.answers["oldInitialize"] = s.answers["initialize"]
	s.answers["server/discover"], s.answers["initialize"] = open, open
	s.mu.Unlock()
	began := time.Now()
	c, _ := mustConnect(t, s.URL+"/sse/", nil)
	if c.Hello().Version != "2024-11-05" || time.Since(began) > probeTimeout {
		t.Errorf("version %s after %v", c.Hello().Version, time.Since(began))
	}
}

func oldInitialize(s *webServer, x *exchange) {
	s.mu.Lock()
	answer := s.answers["oldInitialize"]
	s.mu.Unlock()
	answer(x)
}
