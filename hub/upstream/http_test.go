package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"mcphub/hub/config"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/secret"
)

type answers = map[string]func(*exchange)

func status(code int, media, body string) func(*exchange) {
	return func(x *exchange) { x.plain(code, media, body) }
}

func fault(status, code int, data string) func(*exchange) {
	return func(x *exchange) { x.fault(status, code, data) }
}

func pinned(p config.Protocol) func(*config.Resolved, *dialOptions) {
	return func(_ *config.Resolved, o *dialOptions) { o.protocol = p }
}

// TestDetection: which era and transport is found behind which answers.
func TestDetection(t *testing.T) {
	const html = "<html><body>hello</body></html>"
	for _, c := range []struct {
		name     string
		answers  answers
		protocol config.Protocol
		want     string // version, or part of the error
		known    known
	}{
		{name: "modern", answers: answers{"server/discover": discovered}, want: ModernVersion},
		{name: "modern, on a stream", answers: answers{"server/discover": func(x *exchange) {
			x.stream()
			x.event(`{"jsonrpc":"2.0","id":%id%,"result":` + modernHello + `}`)
		}}, want: ModernVersion},
		{name: "discover names only legacy revisions", answers: answers{"server/discover": func(x *exchange) {
			x.result(strings.Replace(modernHello, `"2026-07-28",`, "", 1))
		}}, want: "2025-06-18", known: known{legacy: true}},
		{name: "unsupported, legacy supported", answers: answers{"server/discover": fault(400, -32022, `{"supported":["2025-11-25"]}`)}, want: "2025-06-18", known: known{legacy: true}},
		{name: "unsupported, only the future supported", answers: answers{"server/discover": fault(400, -32022, `{"supported":["2099-01-01"]}`)}, want: "update the hub"},
		{name: "capability missing", answers: answers{"server/discover": fault(400, -32021, `{}`)}, want: ModernVersion},
		{name: "header mismatch", answers: answers{"server/discover": fault(400, -32020, `{}`)}, want: ModernVersion},
		{name: "modern without discover", answers: answers{"server/discover": fault(404, -32601, `{}`), "initialize": fault(404, -32601, `{}`)}, want: ModernVersion},
		{name: "unknown method", answers: answers{"server/discover": fault(200, -32601, `{}`)}, want: "2025-06-18", known: known{legacy: true}},
		{name: "unknown method, 404", answers: answers{"server/discover": fault(404, -32601, `{}`)}, want: "2025-06-18", known: known{legacy: true}},
		{name: "bad request", answers: answers{}, want: "2025-06-18", known: known{legacy: true}},
		{name: "bad request of another code", answers: answers{"server/discover": fault(400, -32000, `{}`)}, want: "2025-06-18", known: known{legacy: true}},
		{name: "discover is HTML", answers: answers{"server/discover": status(200, "text/html", html)}, want: "2025-06-18", known: known{legacy: true}},
		{name: "discover is nothing", answers: answers{"server/discover": status(200, "", "")}, want: "2025-06-18", known: known{legacy: true}},
		{name: "discover breaks off", answers: answers{"server/discover": func(x *exchange) { x.stream() }}, want: "2025-06-18", known: known{legacy: true}},
		{name: "discover crashes", answers: answers{"server/discover": status(500, "text/plain", "oops")}, want: "2025-06-18"},
		{name: "discover has no capabilities", answers: answers{"server/discover": func(x *exchange) { x.result(`{}`) }}, want: "2025-06-18", known: known{legacy: true}},
		{name: "initialize on a stream", answers: answers{"initialize": func(x *exchange) {
			x.stream()
			x.raw("id: 1\ndata:\n\n")
			x.event(`{"jsonrpc":"2.0","id":%id%,"result":` + legacyHello + `}`)
		}}, want: "2025-06-18", known: known{legacy: true}},
		{name: "all is HTML", answers: answers{"server/discover": status(200, "text/html", html), "initialize": status(200, "text/html; charset=utf-8", html)}, want: "no JSON-RPC response, but text/html: <html><body>hello"},
		{name: "initialize refused", answers: answers{"initialize": fault(200, -32603, `{}`)}, want: "no (-32603)"},
		{name: "initialize without version", answers: answers{"initialize": func(x *exchange) { x.result(`{"capabilities":{}}`) }}, want: "protocolVersion"},
		{name: "nothing there", answers: answers{"server/discover": status(404, "text/plain", "not here"), "initialize": status(404, "text/plain", "not here")}, want: "as HTTP+SSE"},
		{name: "down", answers: answers{"server/discover": status(503, "", ""), "initialize": status(503, "", "")}, want: "HTTP 503"},
		{name: "notification refused", answers: answers{"notifications/initialized": status(400, "", "")}, want: "2025-06-18", known: known{legacy: true}},
		{name: "legacy pinned", answers: answers{"server/discover": discovered}, protocol: config.ProtocolLegacy, want: "2025-06-18"},
		{name: "legacy pinned, modern there", answers: answers{"initialize": fault(400, -32022, `{"supported":["2026-07-28"]}`)}, protocol: config.ProtocolLegacy, want: "must not be pinned"},
		{name: "modern pinned", answers: answers{"server/discover": discovered}, protocol: config.ProtocolModern, want: ModernVersion},
		{name: "modern pinned, no discover", answers: answers{"server/discover": fault(404, -32601, `{}`)}, protocol: config.ProtocolModern, want: ModernVersion},
		{name: "modern pinned, legacy there", answers: answers{}, protocol: config.ProtocolModern, want: "pins it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			noLeaks(t)
			s := newWebServer(t, c.answers)
			var found *known
			conn, _, err := connect(t, s.URL+"/mcp", func(_ *config.Resolved, o *dialOptions) {
				if found = o.known; c.protocol != "" {
					o.protocol = c.protocol
				}
			})
			switch {
			case err != nil && (!strings.Contains(err.Error(), c.want) || c.want[0] == '2'):
				t.Fatalf("error %v, want %s", err, c.want)
			case err == nil && conn.Hello().Version != c.want:
				t.Fatalf("version %s, want %s", conn.Hello().Version, c.want)
			case err == nil && conn.Hello().Modern != (c.want == ModernVersion):
				t.Errorf("modern: %v", conn.Hello().Modern)
			}
			if *found != c.known {
				t.Errorf("learned %+v, want %+v", *found, c.known)
			}
			if err == nil {
				if m, err := doCall(t, conn, &Request{Method: "tools/list", Params: []byte("{}")}); err == nil {
					t.Errorf("a method without an answer got %s", m.Raw)
				}
			}
		})
	}
}

// TestKnown: what was learned spares questions, and is forgotten when it is no longer so.
func TestKnown(t *testing.T) {
	noLeaks(t)
	s := newWebServer(t, nil)
	k := &known{legacy: true}
	with := func(_ *config.Resolved, o *dialOptions) { o.known = k }
	mustConnect(t, s.URL, with)
	if n := len(s.requests("server/discover")); n != 0 {
		t.Errorf("asked %d times what was known", n)
	}
	s.mu.Lock()
	s.answers = answers{"initialize": fault(400, -32022, `{"supported":["2026-07-28"]}`), "server/discover": discovered}
	s.mu.Unlock()
	if c, _ := mustConnect(t, s.URL, with); !c.Hello().Modern || *k != (known{}) {
		t.Errorf("modern: %v, known: %+v", c.Hello().Modern, *k)
	}
}

// TestDialErrors: what a person must mend is told from what is tried again.
func TestDialErrors(t *testing.T) {
	other := newWebServer(t, nil)
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = nil
	plain := newWebServer(t, nil)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	moved := func(to string, code int) *webServer {
		return newWebServer(t, answers{"server/discover": func(x *exchange) { http.Redirect(x.w, x.r, to, code) }})
	}
	for _, c := range []struct {
		name, url string
		permanent bool
		want      string
	}{
		{"no URL", "", true, "must begin with"},
		{"a file", "file:///etc/passwd?k=hush", true, "must begin with"},
		{"no host", "http://?k=hush", true, "must begin with"},
		{"not a URL", "http://h\x7f/?k=hush", true, "not valid"},
		{"refused", strings.Replace(closed.URL, "http://", "http://u:hush@", 1) + "/?k=hush", false, "refused"},
		{"no such host", "http://nowhere.invalid/?k=hush", false, "nowhere.invalid"},
		{"untrusted", secure.URL + "/?k=hush", true, "not trusted"},
		{"no TLS there", strings.Replace(plain.URL, "http://", "https://", 1) + "/?k=hush", true, "does not speak HTTPS"},
		{"redirect elsewhere", moved(other.URL+"/?k=hush", 307).URL, true, "redirects to " + other.URL + " "},
		{"redirect of a POST to a GET", moved("/there", 302).URL, true, "HTTP 302"},
		{"redirect without end", moved("/", 308).URL, true, "HTTP 308"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := connect(t, c.url, func(r *config.Resolved, _ *dialOptions) {
				r.Headers = map[string]secret.Text{"Authorization": secret.New("Bearer hush")}
			})
			if err == nil || errors.As(err, new(permanent)) != c.permanent || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, permanent %v", err, errors.As(err, new(permanent)))
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
	if n := len(other.seen); n != 0 {
		t.Errorf("the other origin got %d requests", n)
	}
}

func TestUnauthorized(t *testing.T) {
	challenge := func(x *exchange) {
		x.w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="https://x/y"`)
		x.w.WriteHeader(http.StatusUnauthorized)
	}
	for name, a := range map[string]answers{
		"discover":   {"server/discover": challenge},
		"initialize": {"initialize": challenge},
		"HTTP+SSE":   {"initialize": status(404, "", ""), "GET": challenge},
	} {
		_, _, err := connect(t, newWebServer(t, a).URL, nil)
		var u *UnauthorizedError
		if !errors.As(err, &u) || u.Challenge != `Bearer resource_metadata="https://x/y"` {
			t.Errorf("%s: %v", name, err)
		}
	}

	noLeaks(t)
	s := newWebServer(t, answers{"server/discover": discovered, "tools/call": func(x *exchange) {
		x.w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="more"`)
		x.w.WriteHeader(http.StatusForbidden)
	}, "tools/list": challenge})
	c, _ := mustConnect(t, s.URL, nil)
	var u *UnauthorizedError
	if _, err := doCall(t, c, toolCall(nil)); !errors.As(err, &u) || !strings.Contains(u.Challenge, "more") || c.Err() != nil {
		t.Errorf("a wider sign-in: %v, connection: %v", err, c.Err())
	}
	if _, err := doCall(t, c, &Request{Method: "tools/list"}); !errors.As(err, &u) {
		t.Errorf("no sign-in any more: %v", err)
	}
	eventually(t, "the connection ends", func() bool { return errors.As(c.Err(), &u) && errors.Is(c.Err(), ErrClosed) })
}

func TestRedirectWithinOrigin(t *testing.T) {
	s := newWebServer(t, nil)
	s.answers = answers{"server/discover": func(x *exchange) {
		if x.r.URL.Path == "/mcp" {
			http.Redirect(x.w, x.r, "/mcp/", http.StatusTemporaryRedirect)
			return
		}
		discovered(x)
	}}
	c, _ := mustConnect(t, s.URL+"/mcp", func(r *config.Resolved, _ *dialOptions) {
		r.Headers = map[string]secret.Text{"X-Key": secret.New("k")}
	})
	got := s.requests("server/discover")
	if !c.Hello().Modern || len(got) != 2 || got[1].header.Get("X-Key") != "k" || got[1].text != got[0].text || got[1].text == "" {
		t.Errorf("got %+v", got)
	}
}

// TestHeaders: what requests carry in either era.
func TestHeaders(t *testing.T) {
	set := func(protocol config.Protocol) func(*config.Resolved, *dialOptions) {
		return func(r *config.Resolved, o *dialOptions) {
			o.protocol = protocol
			r.Headers = map[string]secret.Text{
				"authorization": secret.New("Bearer hush"), "user-agent": secret.New("me"), "mcp-session-id": secret.New("false"),
				"MCP-Protocol-Version": secret.New("1"), "mcp-method": secret.New("x"), "Mcp-Param-A": secret.New("x"), "Accept": secret.New("*/*"),
			}
		}
	}
	echo := func(x *exchange) { x.result(`{}`) }
	req := toolCall(nil)
	req.Name, req.Header = "žluťoučký", http.Header{"Mcp-Param-City": {"Brno"}}
	for _, c := range []struct {
		protocol config.Protocol
		want     map[string]string
	}{
		{config.ProtocolModern, map[string]string{
			"Mcp-Protocol-Version": ModernVersion, "Mcp-Method": "tools/call", "Mcp-Name": "=?base64?xb5sdcWlb3XEjWvDvQ==?=",
			"Mcp-Param-City": "Brno", "Mcp-Session-Id": "", "Mcp-Param-A": "",
		}},
		{config.ProtocolLegacy, map[string]string{
			"Mcp-Protocol-Version": "2025-06-18", "Mcp-Session-Id": "s-1", "Mcp-Method": "", "Mcp-Name": "", "Mcp-Param-City": "", "Mcp-Param-A": "",
		}},
	} {
		s := newWebServer(t, answers{"server/discover": discovered, "tools/call": echo})
		conn, _ := mustConnect(t, s.URL, set(c.protocol))
		m, err := doCall(t, conn, req)
		if err != nil || string(m.Result.In(m.Raw)) != "{}" {
			t.Fatalf("%s: %v", m.Raw, err)
		}
		got := s.requests("tools/call")[0]
		c.want["Authorization"], c.want["User-Agent"] = "Bearer hush", "me"
		c.want["Accept"], c.want["Content-Type"] = "application/json, text/event-stream", "application/json"
		for name, want := range c.want {
			if v := strings.Join(got.header.Values(name), "|"); v != want {
				t.Errorf("%s: %s is %q, want %q", c.protocol, name, v, want)
			}
		}
		want := strings.Replace(string(req.Params), `"mine"`, "2", 1)
		if conn.Hello().Modern {
			if !strings.Contains(got.text, `"params":`+want) {
				t.Errorf("sent %s", got.text)
			}
			continue
		}
		if first := s.requests("initialize")[0].header; first.Get("Mcp-Session-Id") != "" || first.Get("Mcp-Protocol-Version") != "" {
			t.Errorf("initialize came with %v", first)
		}
	}
}

func TestSameOrigin(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"http://h/a", "http://h:80/b", true},
		{"https://H/", "HTTPS://h:443/", true},
		{"http://h/", "https://h/", false},
		{"http://h/", "http://h:8080/", false},
		{"http://h/", "http://h.evil/", false},
		{"http://[::1]:5/", "http://[::1]:5/x", true},
	} {
		a, errA := url.Parse(c.a)
		b, errB := url.Parse(c.b)
		if errA != nil || errB != nil || sameOrigin(a, b) != c.want {
			t.Errorf("%s and %s: %v %v", c.a, c.b, errA, errB)
		}
	}
}

// bothEras runs a test on a connection of each era to a server with the given answers.
func bothEras(t *testing.T, a answers, test func(*testing.T, Conn, *webServer)) {
	for _, p := range []config.Protocol{config.ProtocolModern, config.ProtocolLegacy} {
		t.Run(string(p), func(t *testing.T) {
			noLeaks(t)
			all := answers{"server/discover": discovered}
			for k, v := range a {
				all[k] = v
			}
			s := newWebServer(t, all)
			c, _ := mustConnect(t, s.URL, pinned(p))
			test(t, c, s)
		})
	}
}

// TestAnswers: every way in which a server may answer a call, well or badly, gives a response or a clear error, and
// the connection goes on.
func TestAnswers(t *testing.T) {
	const ok = `{"jsonrpc":"2.0","id":%id%,"result":{"n":12345678901234567890}}`
	const no = `"error":{"code":-32000,"message":"not now","data":{"n":12345678901234567890},"more":1}}`
	body := func(status int, media, text string) func(*exchange) {
		return func(x *exchange) { x.plain(status, media, strings.ReplaceAll(text, "%id%", x.id())) }
	}
	stream := func(text string) func(*exchange) {
		return func(x *exchange) { x.stream(); x.raw(text) }
	}
	const result, refusal = `{"n":12345678901234567890}`, `{"code":-32000,"message":"not now","data":{"n":12345678901234567890},"more":1}`
	for _, c := range []struct {
		name   string
		answer func(*exchange)
		want   string // the raw result or error
		err    string // part of the error
		closed bool   // the error wraps ErrClosed
	}{
		{name: "JSON", answer: body(200, "application/json", ok), want: result},
		{name: "JSON with another type", answer: body(200, "text/plain", ok), want: result},
		{name: "JSON without a type", answer: body(200, "", ok), want: result},
		{name: "JSON with line breaks", answer: body(201, "application/json", strings.ReplaceAll(ok, ",", ",\r\n")), want: result},
		{name: "stream", answer: stream("data: " + ok + "\n\n"), want: result},
		{name: "stream with ids", answer: stream("id: 1\ndata:\n\nevent: message\nid: 2\ndata: " + ok + "\n\n"), want: result},
		{name: "stream of CR", answer: stream("data: " + ok + "\r\r"), want: result},
		{name: "stream with comments", answer: stream(":\n\n: ping\n\nevent: ping\ndata: x\n\ndata: " + ok + "\n\n"), want: result},
		{name: "stream that stays open", answer: func(x *exchange) { x.stream(); x.event(ok); x.gone() }, want: result},
		{name: "batch on a stream", answer: stream(`data: [{"jsonrpc":"2.0","method":"notifications/message"},` + ok + "]\n\n"), want: result},
		{name: "error", answer: body(200, "application/json", `{"jsonrpc":"2.0","id":%id%,`+no), want: refusal},
		{name: "error with 400", answer: body(400, "application/json", `{"jsonrpc":"2.0","id":%id%,`+no), want: refusal},
		{name: "error with 500", answer: body(500, "text/html", `{"jsonrpc":"2.0","id":%id%,`+no), want: refusal},
		{name: "error with a null id", answer: body(200, "application/json", `{"jsonrpc":"2.0","id":null,`+no), want: refusal},
		{name: "error without an id", answer: body(400, "application/json", `{"jsonrpc":"2.0",`+no), want: refusal},
		{name: "error with an id of its own", answer: body(400, "application/json", `{"jsonrpc":"2.0","id":"server-error",`+no), want: refusal},
		{name: "error with a null id on a stream", answer: stream(`data: {"jsonrpc":"2.0","id":null,` + no + "\n\n"), want: refusal},
		{name: "method not found", answer: body(404, "application/json", `{"jsonrpc":"2.0","id":%id%,"error":{"code":-32601,"message":"no"}}`), want: `{"code":-32601,"message":"no"}`},
		{name: "nothing", answer: body(200, "application/json", ""), err: "HTTP 200: the answer is empty"},
		{name: "accepted", answer: body(202, "", ""), err: "HTTP 202: the answer is empty"},
		{name: "HTML", answer: body(200, "text/html", "<html>\n<b>"), err: "no JSON-RPC response, but text/html: <html> <b>"},
		{name: "JSON of another kind", answer: body(200, "application/json", `{"ok":true}`), err: `{"ok":true}`},
		{name: "a request", answer: body(200, "application/json", `{"jsonrpc":"2.0","id":1,"method":"x"}`), err: "no JSON-RPC response"},
		{name: "half JSON", answer: body(200, "application/json", ok[:30]), err: "no JSON-RPC response"},
		{name: "another id", answer: body(200, "application/json", `{"jsonrpc":"2.0","id":4711,"result":{}}`), err: "to another request"},
		{name: "the id as a string", answer: body(200, "application/json", `{"jsonrpc":"2.0","id":"%id%","result":{}}`), err: "to another request"},
		{name: "another id on a stream", answer: stream(`data: {"jsonrpc":"2.0","id":4711,"result":{}}` + "\n\n"), err: "to another request"},
		{name: "server error", answer: body(502, "text/html", "<h1>Bad Gateway</h1>"), err: "HTTP 502: Bad Gateway, but text/html: <h1>Bad Gateway</h1>"},
		{name: "forbidden", answer: body(403, "", ""), err: "HTTP 403"},
		{name: "a long text", answer: body(418, "text/plain", strings.Repeat("x", 5000)), err: strings.Repeat("x", 200)},
		{name: "stream without events", answer: stream(""), err: "no response came", closed: true},
		{name: "stream cut in an event", answer: stream("data: " + ok + "\n"), err: "unexpected EOF", closed: true},
		{name: "stream of no messages", answer: stream("data: hello\n\n"), err: "an event is no message"},
		{name: "stream of a bad batch", answer: stream("data: [1]\n\n"), err: "something that is no message"},
		{name: "cut body", answer: func(x *exchange) {
			x.w.Header().Set("Content-Length", "1000")
			x.plain(200, "application/json", ok)
		}, err: "unexpected EOF", closed: true},
		{name: "connection reset", answer: func(x *exchange) {
			conn, _, err := x.w.(http.Hijacker).Hijack()
			if err == nil {
				_ = conn.Close()
			}
		}, err: "EOF", closed: true},
		{name: "redirect", answer: func(x *exchange) { http.Redirect(x.w, x.r, "http://elsewhere.invalid/login?k=hush", http.StatusFound) }, err: "redirects to http://elsewhere.invalid "},
	} {
		t.Run(c.name, func(t *testing.T) {
			bothEras(t, answers{"tools/call": c.answer, "tools/list": body(200, "application/json", ok)}, func(t *testing.T, conn Conn, _ *webServer) {
				m, err := doCall(t, conn, toolCall(nil))
				switch {
				case c.err != "":
					if err == nil || !strings.Contains(err.Error(), c.err) || errors.Is(err, ErrClosed) != c.closed || len(err.Error()) > 500 {
						t.Fatalf("got %s, %v", m.Raw, err)
					}
					if strings.Contains(err.Error(), "hush") {
						t.Errorf("the error tells a secret: %v", err)
					}
				case err != nil:
					t.Fatal(err)
				default:
					if got := string(m.Result.In(m.Raw)) + string(m.Error.In(m.Raw)); got != c.want || m.Kind != jsonrpc.Response {
						t.Errorf("got %s", m.Raw)
					}
					if id := string(m.ID.In(m.Raw)); id == "null" || id == "" || id[0] == '"' {
						t.Errorf("the id is %s", id)
					}
				}
				if m, err := doCall(t, conn, &Request{Method: "tools/list"}); err != nil || string(m.Result.In(m.Raw)) != result {
					t.Errorf("afterwards: %s, %v", m.Raw, err)
				}
			})
		})
	}
}

// TestTooLong: a message that does not end is refused, and not kept.
func TestTooLong(t *testing.T) {
	if testing.Short() {
		t.Skip("sends 130 MiB")
	}
	noLeaks(t)
	mega := []byte(strings.Repeat("x", 1<<20))
	flood := func(x *exchange) {
		for x.r.Context().Err() == nil {
			if _, err := x.w.Write(mega); err != nil {
				return
			}
		}
	}
	s := newWebServer(t, answers{
		"server/discover": discovered,
		"tools/list":      func(x *exchange) { x.raw(`{"jsonrpc":"2.0","id":1,"result":"`); flood(x) },
		"tools/call":      func(x *exchange) { x.stream(); x.raw("data: "); flood(x) },
	})
	c, _ := mustConnect(t, s.URL, nil)
	for _, method := range []string{"tools/list", "tools/call"} {
		if _, err := doCall(t, c, &Request{Method: method}); err == nil || !strings.Contains(err.Error(), fmt.Sprint(maxMessage)) {
			t.Errorf("%s: %v", method, err)
		}
	}
}

// TestUnreachable: a server that is gone ends the connection, at once and for the calls to come.
func TestUnreachable(t *testing.T) {
	bothEras(t, nil, func(t *testing.T, c Conn, s *webServer) {
		s.CloseClientConnections()
		s.Close()
		eventually(t, "a call is not sent", func() bool { // one may still go out on an open connection
			_, err := doCall(t, c, toolCall(nil))
			if !errors.Is(err, ErrClosed) {
				t.Fatalf("got %v", err)
			}
			return errors.Is(err, ErrNotSent)
		})
		eventually(t, "the connection ends", func() bool { return errors.Is(c.Err(), ErrClosed) })
		<-c.Done()
		if _, err := doCall(t, c, toolCall(nil)); !errors.Is(err, ErrClosed) {
			t.Errorf("later: %v", err)
		}
		if err := c.Notify(t.Context(), "notifications/x", nil); err == nil {
			t.Error("a notification was sent to nobody")
		}
	})
}

func TestCloseFailsCallsUnderWay(t *testing.T) {
	for name, hang := range map[string]func(*exchange){
		"before the headers": func(x *exchange) { x.gone() },
		"on a stream":        func(x *exchange) { x.stream(); x.gone() },
		"in a body":          func(x *exchange) { x.raw(`{"jsonrpc":`); x.gone() },
	} {
		t.Run(name, func(t *testing.T) {
			bothEras(t, answers{"tools/call": hang}, func(t *testing.T, c Conn, s *webServer) {
				errs := make(chan error, 10)
				for range cap(errs) {
					go func() {
						_, err := c.Do(context.Background(), toolCall(nil))
						errs <- err
					}()
				}
				eventually(t, "the calls arrive", func() bool { return len(s.requests("tools/call")) == cap(errs) })
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				if err := c.Close(ctx); err != nil {
					t.Fatal(err)
				}
				for range cap(errs) {
					if err := <-errs; !errors.Is(err, ErrClosed) {
						t.Errorf("got %v", err)
					}
				}
				if want := map[bool]int{true: 0, false: 1}[c.Hello().Modern]; len(s.requests("DELETE")) != want {
					t.Errorf("%d sessions deleted, want %d", len(s.requests("DELETE")), want)
				}
			})
		})
	}
}
