package access_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"mcphub/hub"
	"mcphub/hub/hubtest"
)

func TestMain(m *testing.M) {
	if os.Getenv(strangerEnv) != "" {
		stranger()
	}
	hubtest.Main(m)
}

// answer is what came back to a request that was written by hand.
type answer struct {
	status int
	header http.Header
	body   string
}

// say writes a request as it is, on a connection of its own, and reads the answer.
func say(t testing.TB, address, request string) answer {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(hubtest.Patience))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%v after %.200q", err, request)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		a.body = string(body)
	}
	return a
}

// ask writes a request with headers, one in a line, and without a body unless it is a POST. $HOST stands for the hub's
// address.
func ask(t testing.TB, address, line string, headers ...string) answer {
	t.Helper()
	b := line + " HTTP/1.1\r\n"
	if !strings.Contains(strings.Join(headers, "\n"), "Host:") {
		b += "Host: $HOST\r\n"
	}
	for _, h := range headers {
		b += h + "\r\n"
	}
	body := ""
	if strings.HasPrefix(line, "POST") {
		body = `{"server_name":"s","tool":"params"}`
		if i := strings.Index(line, "?body="); i > 0 { // a form
			body, _, _ = strings.Cut(line[i+6:], " ")
			b = strings.Replace(b, line, line[:i], 1)
		}
		if !strings.Contains(b, "Content-Type:") {
			b += "Content-Type: application/json\r\n"
		}
		b += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	b += "\r\n" + body
	return say(t, address, strings.ReplaceAll(b, "$HOST", address))
}

// hubs are one that is as safe as it comes, one that asks everybody for a token, and one that asks nobody.
func hubs(t *testing.T) (plain, strict, lax *hubtest.Hub) {
	t.Helper()
	text := hubtest.Config("{}", "s", hubtest.Stdio(t, hubtest.Script{Tools: []string{hubtest.Tool("params")}}))
	with := func(change func(*hub.Options)) *hubtest.Hub { return hubtest.Start(t, text, change) }
	plain = with(func(*hub.Options) {}).Ready("s")
	strict = with(func(o *hub.Options) { o.RequireToken, o.Secrets = true, hubtest.Secrets() })
	lax = with(func(o *hub.Options) { o.NoToken = true }).Ready("s")
	return plain, strict, lax
}

func addressOf(h *hubtest.Hub) string { return strings.TrimPrefix(h.URL, "http://") }

// session opens a browser session, as a program does that may, and returns its cookie.
func session(t testing.TB, h *hubtest.Hub) string {
	t.Helper()
	a := ask(t, addressOf(h), "GET "+codePath(t, h), browser...)
	if a.status != http.StatusSeeOther {
		t.Fatalf("no session: %d %s", a.status, a.body)
	}
	cookie, _, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
	return "Cookie: " + cookie
}

func codePath(t testing.TB, h *hubtest.Hub) string {
	t.Helper()
	a := h.Raw("/api/v2/session-codes").Send("{}")
	if a.Status != http.StatusCreated {
		t.Fatalf("no code: %d %s", a.Status, a.Text())
	}
	return strings.Trim(a.Get("path"), `"`)
}

// browser is what a browser sends when a person has given it an address.
var browser = []string{"Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Accept: text/html"}

// TestAttacks: what is refused, by which hub, and how. Each would call a tool, or read what is no one else's business.
func TestAttacks(t *testing.T) {
	plain, strict, lax := hubs(t)
	all := []*hubtest.Hub{plain, strict, lax}
	cookie := map[*hubtest.Hub]string{plain: session(t, plain), lax: session(t, lax), strict: "Cookie: a=b"}
	const call, mcp, read = "POST /api/servers/tools", "POST /mcp", "GET /api/health"
	const fetch, evil = "Sec-Fetch-Mode: cors", "Origin: http://evil.example"
	for i, x := range []struct {
		name    string
		hubs    []*hubtest.Hub
		line    string
		headers []string
		status  int
		code    string
	}{
		{"DNS rebinding", all, call, []string{"Host: evil.example"}, 403, "FORBIDDEN_HOST"},
		{"DNS rebinding, with the port", all, read, []string{"Host: evil.example:37373"}, 403, "FORBIDDEN_HOST"},
		{"DNS rebinding, looks alike", all, read, []string{"Host: localhost.evil.example"}, 403, "FORBIDDEN_HOST"},
		{"DNS rebinding, from its own page", all, mcp, []string{"Host: evil.example", evil, "Sec-Fetch-Site: same-origin"}, 403, ""},
		{"DNS rebinding, with a session", all, read, []string{"Host: evil.example", "$COOKIE", "Sec-Fetch-Site: same-origin"}, 403, "FORBIDDEN_HOST"},
		{"address of nothing", all, read, []string{"Host: 0.0.0.0"}, 403, "FORBIDDEN_HOST"},
		{"number written otherwise", all, read, []string{"Host: 2130706433"}, 403, "FORBIDDEN_HOST"},
		{"another machine's address", all, read, []string{"Host: 192.168.1.2"}, 403, "FORBIDDEN_HOST"},
		{"empty host", all, read, []string{"Host: "}, 403, "FORBIDDEN_HOST"},
		{"cross-site form", all, call + "?body=server_name=s", []string{evil, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Content-Type: application/x-www-form-urlencoded"}, 403, "FORBIDDEN_ORIGIN"},
		{"cross-site form, old browser", all, call + "?body=x", []string{evil, "Content-Type: text/plain"}, 403, "FORBIDDEN_ORIGIN"},
		{"cross-site fetch", all, call, []string{evil, "Sec-Fetch-Site: cross-site", fetch}, 403, "FORBIDDEN_ORIGIN"},
		{"cross-site fetch without origin", all, read, []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"}, 403, "FORBIDDEN_ORIGIN"},
		{"cross-site fetch of the endpoint", all, mcp, []string{evil, "Sec-Fetch-Site: cross-site", fetch}, 403, ""},
		{"page of another port", all, call, []string{"Origin: http://localhost:8080", "Sec-Fetch-Site: same-site", fetch, "$COOKIE"}, 403, "FORBIDDEN_ORIGIN"},
		{"page of another port, old browser", all, call, []string{"Origin: http://127.0.0.1:8080", "$COOKIE"}, 403, "FORBIDDEN_ORIGIN"},
		{"page of another port that reads", all, read, []string{"Sec-Fetch-Site: same-site", fetch, "$COOKIE"}, 403, "FORBIDDEN_ORIGIN"},
		{"stream for another page", all, "GET /api/events", []string{"Sec-Fetch-Site: cross-site", "Accept: text/event-stream", "$COOKIE"}, 403, "FORBIDDEN_ORIGIN"},
		{"origin null", all, call, []string{"Origin: null"}, 403, "FORBIDDEN_ORIGIN"},
		{"origin null that says it is the hub's", all, call, []string{"Origin: null", "Sec-Fetch-Site: same-origin", "$COOKIE"}, 403, "FORBIDDEN_ORIGIN"},
		{"no origin at all", all, call, []string{"Origin: "}, 403, "FORBIDDEN_ORIGIN"},
		{"origin of a file", all, call, []string{"Origin: file://"}, 403, "FORBIDDEN_ORIGIN"},
		{"two origins", all, call, []string{"Origin: http://$HOST", evil}, 403, "FORBIDDEN_ORIGIN"},
		{"origin with a user", all, call, []string{"Origin: http://localhost@evil.example"}, 403, "FORBIDDEN_ORIGIN"},
		{"two sites", all, call, []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site", "$COOKIE"}, 403, "FORBIDDEN_ORIGIN"},
		{"preflight", all, "OPTIONS /api/servers/tools", []string{evil, "Access-Control-Request-Method: POST"}, 403, "FORBIDDEN_ORIGIN"},
		{"preflight of another port", all, "OPTIONS /mcp", []string{"Origin: http://localhost:8080", "Access-Control-Request-Headers: authorization"}, 403, ""},
		{"websocket", all, "GET /api/events", []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13"}, 403, "FORBIDDEN_UPGRADE"},
		{"websocket from elsewhere", all, "GET /mcp", []string{"Connection: Upgrade", "Upgrade: h2c, WebSocket", evil}, 403, ""},
		{"token in the address", all, read + "?token=$TOKEN", nil, 400, "TOKEN_IN_URL"},
		{"token in the address, as OAuth has it", all, read + "?Access_Token=x", []string{"Authorization: Bearer $TOKEN"}, 400, "TOKEN_IN_URL"},
		{"token in the address, under any name", all, mcp + "?key=$TOKEN", nil, 400, ""},
		{"wrong token", all, call, []string{"Authorization: Bearer mcphub_WRONG"}, 401, "INVALID_TOKEN"},
		{"wrong token from a session", all, call, []string{"Authorization: Bearer x", "$COOKIE", "Sec-Fetch-Site: same-origin"}, 401, "INVALID_TOKEN"},
		{"another scheme", all, read, []string{"Authorization: Basic $TOKEN"}, 401, "INVALID_TOKEN"},
		{"two tokens", all, read, []string{"Authorization: Bearer x", "Authorization: Bearer $TOKEN"}, 401, "INVALID_TOKEN"},
		{"foreign page with the token", all, read, []string{"Authorization: Bearer $TOKEN", evil}, 403, "FORBIDDEN_ORIGIN"},
		{"the hub's page without a session", []*hubtest.Hub{plain, strict}, call, []string{"Origin: http://$HOST", "Sec-Fetch-Site: same-origin", fetch}, 401, ""},
		{"the hub's page with another cookie", []*hubtest.Hub{plain, strict}, call, []string{"Origin: http://$HOST", "Cookie: mcp-hub-1=x; mcp-hub=y; session=z"}, 401, ""},
		{"session as a token", all, read, []string{"Authorization: Bearer $SESSION"}, 401, "INVALID_TOKEN"},
		{"token as a session", []*hubtest.Hub{strict}, read, []string{"Cookie: $NAME=$TOKEN", "Sec-Fetch-Site: same-origin"}, 401, ""},
		{"session without saying where from", []*hubtest.Hub{strict}, call, []string{"Cookie: $NAME=x"}, 401, "TOKEN_REQUIRED"},
		{"no token where one is needed", []*hubtest.Hub{strict}, call, nil, 401, "TOKEN_REQUIRED"},
		{"no token for the endpoint", []*hubtest.Hub{strict}, mcp, nil, 401, ""},
		{"HEAD", []*hubtest.Hub{strict}, "HEAD /api/health", nil, 401, ""},
		{"OPTIONS", []*hubtest.Hub{strict}, "OPTIONS /api/servers/tools", nil, 401, "TOKEN_REQUIRED"},
		{"unknown method", []*hubtest.Hub{strict}, "PROPFIND /api/health", nil, 401, "TOKEN_REQUIRED"},
		{"path in capitals", []*hubtest.Hub{strict}, "GET /API/Health/", nil, 401, "TOKEN_REQUIRED"},
		{"path with two slashes", []*hubtest.Hub{strict}, "GET //api//health", nil, 401, "TOKEN_REQUIRED"},
		{"path with dots", []*hubtest.Hub{strict}, "GET /session/../api/health", nil, 401, "TOKEN_REQUIRED"},
		{"path with escaped dots", []*hubtest.Hub{strict}, "GET /api/oauth/callback/%2e%2e/%2e%2e/health", nil, 401, "TOKEN_REQUIRED"},
		{"path with an escaped slash", []*hubtest.Hub{strict}, "GET /session%2f..%2fapi/health", nil, 401, "TOKEN_REQUIRED"},
		{"path below an open one", []*hubtest.Hub{strict}, "GET /api/oauth/callback/x", nil, 401, "TOKEN_REQUIRED"},
		{"open path with another method", []*hubtest.Hub{strict}, "POST /api/oauth/callback", nil, 401, "TOKEN_REQUIRED"},
		{"open path inside a foreign page", all, "GET /api/oauth/callback?code=x&server_name=s", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}, 403, "FORBIDDEN_ORIGIN"},
		{"whole address with another host", all, "GET http://evil.example/api/health", nil, 403, "FORBIDDEN_HOST"},
		{"whole address that hides the host", all, "GET http://evil.example/api/health", []string{"Host: localhost"}, 403, "FORBIDDEN_HOST"},
		{"two hosts", all, read, []string{"Host: localhost", "Host: evil.example"}, 400, ""},
		{"forwarded host", all, read, []string{"Host: evil.example", "X-Forwarded-Host: localhost", "Forwarded: host=localhost"}, 403, "FORBIDDEN_HOST"},
		{"behind a proxy", []*hubtest.Hub{plain, strict}, call, []string{"X-Forwarded-For: 127.0.0.1"}, 401, "TOKEN_REQUIRED"},
		{"behind a proxy that says it so", []*hubtest.Hub{plain, strict}, read, []string{"Forwarded: for=127.0.0.1"}, 401, "TOKEN_REQUIRED"},
		{"behind a tunnel", []*hubtest.Hub{plain, strict}, read, []string{"Via: 1.1 tunnel"}, 401, "TOKEN_REQUIRED"},
	} {
		for _, h := range x.hubs {
			token := "mcphub_UNKNOWN"
			if h != strict {
				token = h.Token(fmt.Sprintf("attack %d", i), "")
			}
			name, value, _ := strings.Cut(strings.TrimPrefix(cookie[h], "Cookie: "), "=")
			fill := strings.NewReplacer("$TOKEN", token, "$COOKIE", cookie[h], "$SESSION", value, "$NAME", name)
			headers := make([]string, len(x.headers))
			for i, header := range x.headers {
				headers[i] = fill.Replace(header)
			}
			a := ask(t, addressOf(h), fill.Replace(x.line), headers...)
			if a.status != x.status || x.code != "" && hubtest.Get(a.body, "code") != `"`+x.code+`"` {
				t.Errorf("%s (hub %d): %d %s, want %d %s", x.name, indexOf(all, h), a.status, a.body, x.status, x.code)
			}
			if a.header.Get("Access-Control-Allow-Origin") != "" || strings.Contains(a.body, token) {
				t.Errorf("%s: %v %s", x.name, a.header, a.body)
			}
			if a.status == 401 && !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s: nothing is asked for: %v", x.name, a.header)
			}
		}
	}
}

func indexOf(all []*hubtest.Hub, h *hubtest.Hub) int {
	for i := range all {
		if all[i] == h {
			return i
		}
	}
	return -1
}

// TestWhoIsLetIn: who may talk to the hub, and how.
func TestWhoIsLetIn(t *testing.T) {
	plain, strict, lax := hubs(t)
	ready := func(h *hubtest.Hub, headers ...string) {
		t.Helper()
		if a := ask(t, addressOf(h), "POST /api/servers/tools", headers...); a.status != 200 || !strings.Contains(a.body, `"result"`) {
			t.Errorf("%v: %d %s", headers, a.status, a.body)
		}
	}
	for _, h := range []*hubtest.Hub{plain, lax} {
		ready(h)
		for _, host := range []string{"localhost", "LOCALHOST.", "127.0.0.1:1", "127.1.2.3", "[::1]:5", "[::1]"} {
			ready(h, "Host: "+host)
		}
		ready(h, "Sec-Fetch-Mode: cors", "User-Agent: node") // of Node.js, which is no browser
		ready(h, "Authorization: bearer "+h.Token("a client", ""))
		ready(h, session(t, h), "Origin: http://$HOST", "Sec-Fetch-Site: same-origin")
		ready(h, session(t, h), "Origin: http://$HOST")                       // of an old browser
		ready(h, "Connection: Upgrade", "Upgrade: h2c", "HTTP2-Settings: AA") // of a Java client
	}
	ready(lax, "Origin: http://$HOST", "Sec-Fetch-Site: same-origin")
	ready(lax, "X-Forwarded-For: 192.0.2.1")
	token := plain.Token("at another port", "")
	ready(plain, "Authorization: Bearer "+token, "Origin: http://localhost:8080")
	ready(plain, "Authorization: Bearer "+token, "X-Forwarded-For: 192.0.2.1")
	for _, h := range []*hubtest.Hub{plain, strict} {
		if a := ask(t, addressOf(h), "GET /api/oauth/callback?code=x&server_name=s", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"); !strings.Contains(a.body, "<title>MCP Hub") || a.status == 401 || a.status == 403 {
			t.Errorf("back from a sign-in: %d %s", a.status, a.body)
		}
	}
}
