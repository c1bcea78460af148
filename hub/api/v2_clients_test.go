package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"mcphub/hub/hubtest"
	"mcphub/hub/upstream"
)

// connected returns the id of the client that was seen last.
func connected(t *testing.T, h *hubtest.Hub) string {
	t.Helper()
	text := wants(t, h, "GET", "clients", "", 200)
	_, rest, _ := strings.Cut(text, `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	if id == "" {
		t.Fatalf("no client: %s", text)
	}
	return id
}

// sees waits until the hub gives a reason why a client sees a tool or not.
func sees(t *testing.T, h *hubtest.Hub, client, server, tool, reason, name string) {
	t.Helper()
	query := url.Values{"server": {server}, "tool": {tool}}
	var text string
	hubtest.Eventually(t, server+" "+tool+" is "+reason, func() bool {
		if text = wants(t, h, "GET", "clients/"+client+"/sight?"+query.Encode(), "", 200); t.Failed() {
			t.FailNow()
		}
		return hubtest.Get(text, "reason") == `"`+reason+`"`
	})
	if got := strings.Trim(hubtest.Get(text, "name"), `"`); got != name {
		t.Errorf("%s %s is called %q, want %q: %s", server, tool, got, name, text)
	}
}

func TestV2Sight(t *testing.T) {
	t.Parallel()
	wrong := `{"name":"wrong","inputSchema":{"type":"object","properties":{"a":{"type":"object","x-mcp-header":"A"}}}}`
	long := strings.Repeat("long_", 14)
	h := hubtest.Start(t, hubtest.Config(`{"builtin":false,"pageSize":4}`,
		"s", hubtest.Stdio(t, hubtest.Script{Tools: []string{hubtest.Tool("a"), hubtest.Tool("off"), wrong, `{"name":"bad","inputSchema":7}`, hubtest.Tool(long), hubtest.Tool("last")}})+`,"disabled_tools":["off"]`,
		"idle", hubtest.Stdio(t, hubtest.Script{Tools: []string{hubtest.Tool("a")}})+`,"disabled":true`,
		"gone", `"command":"/no/such/program"`,
	)).Ready("s")
	c := h.Legacy("/mcp", "{}")
	id := connected(t, h)
	sees(t, h, id, "s", "a", "not-asked", "s__a")
	first := c.Call("1", "tools/list", "{}")
	sees(t, h, id, "s", "a", "seen", "s__a")
	sees(t, h, id, "s", "wrong", "seen", "s__wrong")
	sees(t, h, id, "s", "off", "tool-off", "")
	sees(t, h, id, "s", "bad", "malformed", "")
	sees(t, h, id, "s", "A", "not-listed", "")
	sees(t, h, id, "idle", "a", "server-off", "")
	sees(t, h, id, "gone", "a", "server", "")
	if next := first.Get("result", "nextCursor"); next != "" {
		t.Fatalf("all on one page was expected: %s", next)
	}
	var shown string
	for _, name := range strings.Split(first.Text(), `"name":"`)[1:] {
		if name, _, _ = strings.Cut(name, `"`); strings.HasPrefix(name, "s__long") {
			shown = name
		}
	}
	sees(t, h, id, "s", long, "renamed", shown)

	wants(t, h, "PATCH", "servers/s", `{"tools":{"off":true}}`, 200)
	sees(t, h, id, "s", "off", "outdated", "s__off")
	page := c.Call("2", "tools/list", "{}")
	sees(t, h, id, "s", "off", "seen", "s__off")
	sees(t, h, id, "s", "last", "page", "s__last")
	c.Call("3", "tools/list", `{"cursor":`+page.Get("result", "nextCursor")+`}`)
	sees(t, h, id, "s", "last", "seen", "s__last")
	wants(t, h, "PATCH", "servers/s", `{"disabled":true}`, 200)
	sees(t, h, id, "s", "a", "server-off", "")

	wants(t, h, "GET", "clients/"+id+"/sight?server=x&tool=a", "", 404, "code", `"SERVER_NOT_FOUND"`)
	wants(t, h, "GET", "clients/nobody/sight?server=s&tool=a", "", 404, "code", `"CLIENT_NOT_FOUND"`)
	wants(t, h, "GET", "clients/"+id+"/sight?server=s", "", 422)
}

func TestV2SightOfOthers(t *testing.T) {
	t.Parallel()
	wrong := `{"name":"wrong","inputSchema":{"type":"object","properties":{"a":{"type":"object","x-mcp-header":"A"}}}}`
	tool := hubtest.Stdio(t, hubtest.Script{Tools: []string{hubtest.Tool("a"), wrong}})
	h := hubtest.Start(t, hubtest.Config(`{"builtin":false}`, "one", tool, "two", tool)).Ready("one", "two")
	h.Modern("/mcp/one").Call("1", "tools/list", "{}")
	id := connected(t, h)
	sees(t, h, id, "one", "a", "seen", "a")
	sees(t, h, id, "one", "wrong", "headers", "wrong")
	sees(t, h, id, "two", "a", "endpoint", "")
	wants(t, h, "DELETE", "clients/"+id, "", 409, "code", `"NO_SESSION"`)
}

func TestV2SightWithToken(t *testing.T) {
	t.Parallel()
	harmless := `{"name":"look","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}}`
	tool := hubtest.Stdio(t, hubtest.Script{Tools: []string{hubtest.Tool("a"), harmless}})
	h := hubtest.Start(t, hubtest.Config(`{"builtin":false}`, "one", tool, "two", tool)).Ready("one", "two")
	text := wants(t, h, "POST", "tokens", `{"name":"ci","servers":["one"],"readOnly":true}`, 201)
	c := h.Raw("/mcp")
	c.Header.Set("Authorization", "Bearer "+strings.Trim(hubtest.Get(text, "token"), `"`))
	greet := c.Call("0", "initialize", `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}`)
	c.Header.Set("Mcp-Session-Id", greet.Header.Get("Mcp-Session-Id"))
	c.Call("1", "tools/list", "{}")
	id := connected(t, h)
	sees(t, h, id, "one", "look", "seen", "one__look")
	sees(t, h, id, "one", "a", "token-tool", "")
	sees(t, h, id, "two", "look", "token", "")
}

func TestV2Disconnect(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Config(`{"builtin":false}`, "s", hubtest.Stdio(t, hubtest.Script{Tools: []string{hubtest.Tool("a")}}))).Ready("s")
	c := h.Legacy("/mcp", "{}")
	stream := c.Listen()
	id := connected(t, h)
	wants(t, h, "DELETE", "clients/"+id, "", 204)
	if rest := stream.Rest(); len(rest) != 0 { // its stream has ended
		t.Errorf("said on its stream: %q", rest)
	}
	if a := c.Call("1", "tools/list", "{}"); a.Status != http.StatusNotFound {
		t.Errorf("after its session: %d %s", a.Status, a.Text())
	}
	wants(t, h, "DELETE", "clients/"+id, "", 404, "code", `"CLIENT_NOT_FOUND"`)
	if text := wants(t, h, "GET", "clients", "", 200); strings.Contains(text, id) {
		t.Errorf("it is still there: %s", text)
	}
	if !is(h, "s", upstream.Ready) {
		t.Error("a server has gone with the client")
	}
}
