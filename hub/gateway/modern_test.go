package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"mcphub/hub/hubtest"
)

func TestDiscover(t *testing.T) {
	t.Parallel()
	h := start(t, hubtest.Stdio(t, hubtest.Script{
		Name: "fix", Instructions: "Be\nkind.",
		Capabilities: `{"tools":{},"extensions":{"io.modelcontextprotocol/ui":{"n":9007199254740993},"io.modelcontextprotocol/tasks":{}}}`,
	}))
	all, own := h.Modern("/mcp").Call("1", "server/discover", "{}"), h.Modern("/mcp/s").Call(`"1"`, "server/discover", "{}")
	for _, a := range []hubtest.Answer{all, own} {
		for path, want := range map[string]string{
			"resultType": `"complete"`, "supportedVersions": `["2026-07-28","2025-11-25","2025-06-18","2025-03-26","2024-11-05"]`,
			"ttlMs": "0", "cacheScope": `"private"`,
		} {
			if got := a.Get("result", path); got != want {
				t.Errorf("%s: %s, want %s", path, got, want)
			}
		}
		if got := a.Get("result", "capabilities", "extensions"); got != `{"io.modelcontextprotocol/ui":{"n":9007199254740993}}` {
			t.Errorf("extensions: %s", got)
		}
		if a.Header.Get("Mcp-Session-Id") != "" {
			t.Error("a modern answer names a session")
		}
	}
	if got := all.Get("result", "instructions"); got != `"## s\n\nBe\nkind."` {
		t.Errorf("instructions: %s", got)
	}
	if got := own.Get("result", "instructions"); got != `"Be\nkind."` {
		t.Errorf("its own instructions: %s", got)
	}
	if got := own.Get("result", "_meta", "io.modelcontextprotocol/serverInfo"); got != `{"name":"fix","version":"1.0.0","x":9007199254740993}` {
		t.Errorf("its own serverInfo: %s", got)
	}
	if got := all.Get("result", "_meta", "io.modelcontextprotocol/serverInfo", "name"); got != `"mcp-hub"` {
		t.Errorf("serverInfo: %s", got)
	}
}

func TestModernChecks(t *testing.T) {
	t.Parallel()
	h := start(t, hubtest.Stdio(t, hubtest.Script{
		Tools:   []string{hubtest.Tool("x"), hubtest.Tool("é"), hubtest.Tool("oops"), hubtest.Tool("quiet")},
		Answers: map[string]string{"x": `"result":{"content":[]}`, "é": `"result":{"content":[]}`, "oops": `"error":{"code":-32602,"message":"no"}`, "quiet": `"error":{"code":-31999,"message":"no"}`},
	}))
	meta := func(members string) string { return `{"_meta":{` + members + `},"name":"x"}` }
	const version, caps = `"io.modelcontextprotocol/protocolVersion":"2026-07-28"`, `"io.modelcontextprotocol/clientCapabilities":{}`
	good := meta(version + "," + caps)
	call := func(params string) string {
		return `{"jsonrpc":"2.0","id":"i","method":"tools/call","params":` + params + `}`
	}
	method := func(method string) string {
		return `{"jsonrpc":"2.0","id":"i","method":"` + method + `","params":` + good + `}`
	}
	type header = map[string][]string
	for _, x := range []struct {
		name   string
		header header // instead of the right ones; nil values take one away
		text   string
		status int
		code   string // empty: a result
	}{
		{"good", nil, call(good), 200, ""},
		{"good, with a session that means nothing", header{"Mcp-Session-Id": {"x"}}, call(good), 200, ""},
		{"encoded name", header{"Mcp-Name": {"=?base64?w6k=?="}}, call(strings.Replace(good, `"x"`, `"é"`, 1)), 200, ""},
		{"no version header", header{"Mcp-Protocol-Version": nil}, call(good), 400, "-32020"},
		{"two version headers", header{"Mcp-Protocol-Version": {"2026-07-28", "2025-11-25"}}, call(good), 400, "-32020"},
		{"another version", header{"Mcp-Protocol-Version": {"2025-11-25"}}, call(good), 400, "-32020"},
		{"a version to come", header{"Mcp-Protocol-Version": {"2099-01-01"}}, call(strings.Replace(good, "2026-07-28", "2099-01-01", 1)), 400, "-32022"},
		{"no _meta", nil, call(`{"name":"x"}`), 400, "-32602"},
		{"no version", nil, call(meta(caps)), 400, "-32602"},
		{"version twice", nil, call(meta(version + "," + version + "," + caps)), 400, "-32602"},
		{"no capabilities", nil, call(meta(version)), 400, "-32602"},
		{"capabilities of another type", nil, call(meta(version + `,"io.modelcontextprotocol/clientCapabilities":[]`)), 400, "-32602"},
		{"no method header", header{"Mcp-Method": nil}, call(good), 400, "-32020"},
		{"another method", header{"Mcp-Method": {"tools/list"}}, call(good), 400, "-32020"},
		{"two methods", header{"Mcp-Method": {"tools/call", "tools/list"}}, call(good), 400, "-32020"},
		{"no name header", header{"Mcp-Name": nil}, call(good), 400, "-32020"},
		{"another name", header{"Mcp-Name": {"y"}}, call(good), 400, "-32020"},
		{"two names", header{"Mcp-Name": {"x", "y"}}, call(good), 400, "-32020"},
		{"a broken encoded name", header{"Mcp-Name": {"=?base64?!?="}}, call(good), 400, "-32020"},
		{"unknown tool", header{"Mcp-Name": {"nobody"}}, call(strings.Replace(good, `"x"`, `"nobody"`, 1)), 400, "-32602"},
		{"the server's own error", header{"Mcp-Name": {"oops"}}, call(strings.Replace(good, `"x"`, `"oops"`, 1)), 400, "-32602"},
		{"the server's own odd error", header{"Mcp-Name": {"quiet"}}, call(strings.Replace(good, `"x"`, `"quiet"`, 1)), 200, "-31999"},
		{"initialize", header{"Mcp-Method": {"initialize"}}, method("initialize"), 404, "-32601"},
		{"ping", header{"Mcp-Method": {"ping"}}, method("ping"), 404, "-32601"},
		{"logging/setLevel", header{"Mcp-Method": {"logging/setLevel"}}, method("logging/setLevel"), 404, "-32601"},
		{"resources/subscribe", header{"Mcp-Method": {"resources/subscribe"}}, method("resources/subscribe"), 404, "-32601"},
		{"resources/unsubscribe", header{"Mcp-Method": {"resources/unsubscribe"}}, method("resources/unsubscribe"), 404, "-32601"},
		{"unknown method", header{"Mcp-Method": {"vendor/x"}}, method("vendor/x"), 404, "-32601"},
		{"a response", nil, `{"jsonrpc":"2.0","id":1,"result":{}}`, 400, "-32600"},
		{"a notification", nil, `{"jsonrpc":"2.0","method":"notifications/x"}`, 202, ""},
		{"broken JSON", nil, `{"jsonrpc"`, 400, "-32700"},
	} {
		c := h.Raw("/mcp")
		c.Header["Mcp-Protocol-Version"], c.Header["Mcp-Method"], c.Header["Mcp-Name"] = []string{"2026-07-28"}, []string{"tools/call"}, []string{"x"}
		for key, values := range x.header {
			c.Header[key] = values
		}
		a := c.Send(x.text)
		if a.Status != x.status || a.Get("error", "code") != x.code || x.code != "" && len(a.Get("error", "message")) < 4 {
			t.Errorf("%s: %d %s, want %d %s", x.name, a.Status, a.Text(), x.status, x.code)
		}
		if x.code == "-32022" && a.Get("error", "data", "requested") != `"2099-01-01"` {
			t.Errorf("%s: %s", x.name, a.Text())
		}
	}
	for _, m := range []string{http.MethodGet, http.MethodDelete} {
		if a := h.Modern("/mcp").Do(m); a.Status != 405 || a.Header.Get("Allow") != "POST" {
			t.Errorf("%s: %d, Allow %q", m, a.Status, a.Header.Get("Allow"))
		}
	}
	c := h.Modern("/mcp")
	c.Header.Set("Accept", "application/json")
	if a := c.Call("1", "subscriptions/listen", "{}"); a.Status != 406 {
		t.Errorf("listen without event streams: %d %s", a.Status, a.Text())
	}
}

// TestHeadersToModernServer: names and parameters in headers are made anew for the server, and nothing else passes.
func TestHeadersToModernServer(t *testing.T) {
	t.Parallel()
	tool := `{"name":"headers","inputSchema":{"type":"object","properties":{"city":{"type":"string","x-mcp-header":"City"}}}}`
	bad := `{"name":"bad","inputSchema":{"type":"object","properties":{"a":{"type":"object","x-mcp-header":"A B"}}}}`
	h := start(t, hubtest.Remote(t, hubtest.Script{Modern: true, Tools: []string{tool, bad}}))
	arguments := `{"name":"s__headers","arguments":{"city":"Zürich"}}`
	c := h.Modern("/mcp")
	if a := c.Call("1", "tools/call", arguments); a.Status != 400 || a.Get("error", "code") != "-32020" {
		t.Errorf("without the parameter's header: %d %s", a.Status, a.Text())
	}
	c.Header.Set("Mcp-Param-City", "=?base64?WsO8cmljaA==?=")
	legacy := h.Legacy("/mcp", "{}")
	for name, cl := range map[string]*hubtest.Client{"modern": c, "legacy": legacy} {
		cl.Header.Set("Authorization", "Bearer "+h.Token(name, ""))
		cl.Header.Set("Cookie", "a=b")
		cl.Header.Set("Proxy-Authorization", "Basic eDp5")
		a := cl.Call("1", "tools/call", arguments)
		for header, want := range map[string]string{
			"Mcp-Name": `["headers"]`, "Mcp-Method": `["tools/call"]`, "Mcp-Param-City": `["=?base64?WsO8cmljaA==?="]`,
			"Mcp-Protocol-Version": `["2026-07-28"]`, "Authorization": "", "Cookie": "", "Proxy-Authorization": "", "Mcp-Session-Id": "",
		} {
			if got := a.Get("result", "structuredContent", header); got != want {
				t.Errorf("%s client: header %s is %s, want %s (%s)", name, header, got, want, a.Text())
			}
		}
	}
	if list := c.Call("1", "tools/list", "{}").Text(); strings.Contains(list, "bad") || !strings.Contains(list, "s__headers") {
		t.Errorf("a modern client is shown %s", list)
	}
	if list := h.Legacy("/mcp", "{}").Call("1", "tools/list", "{}").Text(); !strings.Contains(list, "bad") {
		t.Errorf("a legacy client is shown %s", list)
	}
}
