package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"mcphub/hub/hubtest"
)

// post posts JSON to a route and returns the status and the body of the answer.
func post(t *testing.T, h *hubtest.Hub, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return fetch(t, r)
}

// callTool calls a tool of the server a.
func callTool(t *testing.T, h *hubtest.Hub, tool, more string) (int, string) {
	t.Helper()
	return post(t, h, "/api/servers/tools", `{"server_name":"a","tool":"`+tool+`"`+more+`}`)
}

func params(body string) string { return hubtest.Get(body, "result", "structuredContent") }

// TestCallPasses: arguments and results pass byte for byte, and only what the hub has to add is added.
func TestCallPasses(t *testing.T) {
	const result = `{ "content" : [],"x":1.0,"big":9007199254740993,"text":"<&\u00e9>","a":1,"a":2 }`
	h := hubtest.Start(t, hubtest.Config("{}", "a", hubtest.Stdio(t, hubtest.Script{
		Name: "a", Tools: tools("params", "raw", "strict"),
		Answers: map[string]string{
			"raw":    `"result":` + result,
			"strict": `"error":{"code":-32602,"message":"wrong","data":{"big":9007199254740993}}`,
		},
	}))).Ready("a")
	for _, c := range []struct{ tool, more, want string }{
		{"raw", ``, `{"result":` + result + `,"timestamp":"`},
		{"params", ``, `{"name":"params","arguments":{}}`},
		{"params", `,"arguments":null`, `{"name":"params","arguments":{}}`},
		{"params", `,"arguments":{"n":9007199254740993, "x":[1.0]}`, `{"name":"params","arguments":{"n":9007199254740993, "x":[1.0]}}`},
		{"params", `,"arguments":["x"]`, `{"name":"params","arguments":["x"]}`},
		{"params", `,"arguments":{},"request_options":{"resetTimeoutOnProgress":true}`, `"progressToken":`},
	} {
		if status, body := callTool(t, h, c.tool, c.more); status != http.StatusOK || !strings.Contains(body, c.want) {
			t.Errorf("%s%s: %d %s, want %s", c.tool, c.more, status, body, c.want)
		}
	}
	status, body := callTool(t, h, "strict", `,"arguments":["x"]`)
	want := `{"error":"MCP error -32602: wrong","code":-32602,"data":{"args":["x"],"originalError":{"code":-32602,"data":{"big":9007199254740993},"name":"McpError"},"server":"a","tool":"strict"},"timestamp":"`
	if status != http.StatusInternalServerError || !strings.HasPrefix(body, want) {
		t.Errorf("%d %s, want %s", status, body, want)
	}
}

// TestCallModern: a server without handshake gets what such a one needs, in the body and in headers.
func TestCallModern(t *testing.T) {
	tool := `{"name":"headers","inputSchema":{"type":"object","properties":{"zone":{"type":"string","x-mcp-header":"Zone"}}}}`
	h := hubtest.Start(t, hubtest.Config("{}", "a", hubtest.Remote(t, hubtest.Script{
		Name: "a", Modern: true, Tools: append(tools("params"), tool),
	}))).Ready("a")
	_, body := callTool(t, h, "params", `,"request_options":{"resetTimeoutOnProgress":true}`)
	meta := hubtest.Get(params(body), "_meta")
	if got := hubtest.Get(meta, "io.modelcontextprotocol/protocolVersion"); got != `"2026-07-28"` {
		t.Errorf("no revision in %s", body)
	}
	if hubtest.Get(meta, "progressToken") == "" {
		t.Errorf("no progress token in %s", body)
	}
	if got := hubtest.Get(body, "result", "resultType"); got != `"complete"` {
		t.Errorf("result is not the server's own: %s", body)
	}
	_, body = callTool(t, h, "headers", `,"arguments":{"zone":"north"}`)
	if got := hubtest.Get(params(body), "Mcp-Param-Zone"); got != `["north"]` {
		t.Errorf("no header of the parameter: %s", body)
	}
	if got := hubtest.Get(params(body), "Mcp-Name"); got != `["headers"]` {
		t.Errorf("no name in the headers: %s", body)
	}
}

// heard returns what the server a tells of what happened to it.
func heard(t *testing.T, h *hubtest.Hub) (s hubtest.Status) {
	t.Helper()
	_, body := callTool(t, h, "status", "")
	if err := json.Unmarshal([]byte(params(body)), &s); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return s
}

// TestCallCancelled: a call that nobody waits for any more is cancelled at the server.
func TestCallCancelled(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}", "a", hubtest.Stdio(t, hubtest.Script{Name: "a", Tools: tools("wait", "status")}))).Ready("a")
	if status, body := callTool(t, h, "wait", `,"arguments":{"tag":"late"},"request_options":{"timeout":50}`); status != http.StatusInternalServerError || hubtest.Get(body, "code") != "-32001" {
		t.Errorf("timeout: %d %s", status, body)
	}
	hubtest.Eventually(t, "the late call is cancelled", func() bool { return fmt.Sprint(heard(t, h).Cancelled) == "[late]" })

	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL+"/api/servers/tools", strings.NewReader(`{"server_name":"a","tool":"wait","arguments":{"tag":"left"}}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	go func() {
		resp, err := http.DefaultClient.Do(r)
		if err == nil {
			_ = resp.Body.Close()
		}
		gone <- err
	}()
	hubtest.Eventually(t, "the second call is under way", func() bool { return fmt.Sprint(heard(t, h).Waiting) == "[left]" })
	leave()
	if err := <-gone; err == nil {
		t.Error("the call was answered")
	}
	hubtest.Eventually(t, "the call of the client that left is cancelled", func() bool { return fmt.Sprint(heard(t, h).Cancelled) == "[late left]" })
}

// TestCallOfDyingServer: the connection's end is an error of the call, and the next call finds the server again.
func TestCallOfDyingServer(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}", "a", hubtest.Stdio(t, hubtest.Script{Name: "a", Tools: tools("die", "pid", "ask")}))).Ready("a")
	status, body := callTool(t, h, "die", "")
	if status != http.StatusInternalServerError || hubtest.Get(body, "code") != "-32000" || !strings.Contains(hubtest.Get(body, "error"), "MCP error -32000: Connection closed") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := callTool(t, h, "pid", ""); status != http.StatusOK {
		t.Errorf("after its restart: %d %s", status, body)
	}
	// Over REST there is nobody whom a server could ask.
	status, body = callTool(t, h, "ask", `,"arguments":{"method":"elicitation/create","params":{}}`)
	if status != http.StatusOK || hubtest.Get(params(body), "error", "code") == "" {
		t.Errorf("a server's question was not refused: %d %s", status, body)
	}
}

// TestStart: the first failure is the answer, however often the server is tried again.
func TestStart(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}", "a", `"url":"http://127.0.0.1:9/mcp","disabled":true`))
	status, body := post(t, h, "/api/servers/start", `{"server_name":"a"}`)
	if status != http.StatusInternalServerError || hubtest.Get(body, "code") != `"CONNECTION_ERROR"` || hubtest.Get(body, "data", "error") == `""` {
		t.Errorf("%d %s", status, body)
	}
	status, body = post(t, h, "/api/servers/stop", `{"server_name":"a"}`)
	if status != http.StatusOK || hubtest.Get(body, "server", "status") != `"disconnected"` || hubtest.Get(body, "server", "error") != "null" {
		t.Errorf("%d %s", status, body)
	}
}

// TestRoutesTolerate: what mcp-hub tolerates in paths and methods, and what it answers with HTML.
func TestRoutesTolerate(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}"))
	for _, c := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/api/health", 200, ""},
		{"GET", "/api/health/", 200, ""},
		{"GET", "/API/Health", 200, ""},
		{"GET", "//api/health", 200, ""},
		{"GET", "/api/../api/health", 200, ""},
		{"HEAD", "/api/health", 200, ""},
		{"GET", "/", 200, ""},
		{"OPTIONS", "/api/health", 404, "NOT_FOUND"},
		{"DELETE", "/api/servers", 404, "NOT_FOUND"},
		{"GET", "/api/servers/tools", 404, "NOT_FOUND"},
		{"GET", "/api", 404, "NOT_FOUND"},
		{"GET", "//", 200, ""},
		{"GET", "/elsewhere//", 404, "NOT_FOUND"},
		{"GET", "/<script>", 404, "NOT_FOUND"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, "/", nil)
		r.RequestURI = ""
		r.URL.Scheme, r.URL.Host, r.URL.Path = "http", strings.TrimPrefix(h.URL, "http://"), c.path
		r.Host = ""
		status, body := fetch(t, r)
		if status != c.status || c.method == "HEAD" && body != "" {
			t.Errorf("%s %s: %d %s, want %d", c.method, c.path, status, body, c.status)
		}
		if c.code != "" && (hubtest.Get(body, "code") != `"`+c.code+`"` || hubtest.Get(body, "data") != "{}") {
			t.Errorf("%s %s: %s, want the code %s", c.method, c.path, body, c.code)
		}
	}
	// The hub's own tools are not a server to these clients.
	if status, body := post(t, h, "/api/servers/info", `{"server_name":"hub"}`); status != http.StatusInternalServerError {
		t.Errorf("%d %s", status, body)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+"/api/servers", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, body := fetch(t, r); hubtest.Get(body, "servers") != "[]" {
		t.Errorf("servers are %s", body)
	}
}

// TestBodies: large bodies pass up to a limit, and what is not understood is said in the one shape.
func TestBodies(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}"))
	for _, c := range []struct {
		name, body string
		status     int
		text       string
	}{
		{"large", `{"server_name":"` + strings.Repeat("x", 150_000) + `"}`, 500, "Server not found"},
		{"too large", `{"server_name":"` + strings.Repeat("x", 16<<20) + `"}`, 413, "longer than 16777216 bytes"},
		{"blank", "  ", 400, "Missing server name"},
		{"no text", `{"server_name":7}`, 400, "Missing server name"},
		{"no JSON", `{"server_name":"a",}`, 400, "not valid JSON"},
		{"deep", strings.Repeat("[", 100_000), 400, "not valid JSON"},
		{"number", "7", 400, "must be a JSON object"},
		{"escaped", `{"server\u005fname":"gh\u006fst"}`, 500, `Server not found`},
		{"markup", `{"server_name":"<b>\u2028"}`, 500, "Server not found"},
	} {
		status, body := post(t, h, "/api/servers/info", c.body)
		if status != c.status || !strings.Contains(hubtest.Get(body, "error"), c.text) || !strings.HasPrefix(hubtest.Get(body, "data"), "{") || hubtest.Get(body, "timestamp") == "" {
			t.Errorf("%s: %d %.300s, want %d %s", c.name, status, body, c.status, c.text)
		}
	}
}

// TestCallbackPage: nothing that stands in the address becomes markup.
func TestCallbackPage(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}", "<script>alert(1)</script>", `"command":"x","disabled":true`))
	for query, status := range map[string]int{
		"":               http.StatusBadRequest,
		"?code=x":        http.StatusBadRequest,
		"?server_name=a": http.StatusBadRequest,
		"?code=x&server_name=%3Cscript%3Ealert(1)%3C/script%3E":     http.StatusBadRequest,
		"?error=%3Cscript%3E&state=%3Cscript%3E":                    http.StatusBadRequest,
		"?state=x&code=x&redirect_uri=https://evil.example":         http.StatusBadRequest,
		"?code=x&server_name=%3Cscript%3Ealert(2)%3C/script%3E":     http.StatusBadRequest,
		"?code=%3Cscript%3E&server_name=a&state=%22%3E%3Cscript%3E": http.StatusBadRequest,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+"/api/oauth/callback"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != status || strings.Contains(string(page), "<script") || !strings.Contains(string(page), "failed") {
			t.Errorf("%s: %d %s (%v), want %d", query, resp.StatusCode, page, err, status)
		}
		if got := resp.Header.Get("Content-Security-Policy"); !strings.Contains(got, "default-src 'none'") {
			t.Errorf("%s: scripts are not forbidden: %q", query, got)
		}
	}
}

// TestDisable: a server that is disabled over REST is so in its file too.
func TestDisable(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}", "a", hubtest.Stdio(t, hubtest.Script{Name: "a"}))).Ready("a")
	for _, c := range []struct{ query, status, disabled string }{
		{"?disable=1", `"disconnected"`, ""},
		{"?disable=true", `"disabled"`, "true"},
		{"", `"disabled"`, "true"},
	} {
		status, body := post(t, h, "/api/servers/stop"+c.query, `{"server_name":"a"}`)
		if status != http.StatusOK || hubtest.Get(body, "server", "status") != c.status {
			t.Errorf("%q: %d %s, want the status %s", c.query, status, body, c.status)
		}
		text, err := os.ReadFile(h.File)
		if err != nil {
			t.Fatal(err)
		}
		if got := hubtest.Get(string(text), "mcpServers", "a", "disabled"); got != c.disabled {
			t.Errorf("%q: the file says %q, want %q", c.query, got, c.disabled)
		}
	}
}
