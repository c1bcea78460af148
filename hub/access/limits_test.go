package access_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"mcphub/hub"
	"mcphub/hub/hubtest"
)

// limitedHub has two servers with one of everything, and tools that say that they change nothing, or do not.
func limitedHub(t *testing.T, change func(*hub.Options)) *hubtest.Hub {
	t.Helper()
	script := func(name string) hubtest.Script {
		answer := `"result":{"content":[{"type":"text","text":"` + name + `"}]}`
		return hubtest.Script{
			Name:      name,
			Tools:     []string{`{"name":"look","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}}`, `{"name":"write","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":false}}`, hubtest.Tool("set")},
			Resources: []string{`{"uri":"` + name + `://a","name":"a"}`}, Templates: []string{`{"uriTemplate":"` + name + `://{x}","name":"t"}`},
			Prompts: []string{`{"name":"ask"}`},
			Answers: map[string]string{
				"look": answer, "write": answer, "ask": `"result":{"messages":[]}`,
				name + "://a": `"result":{"contents":[{"uri":"` + name + `://a","text":"` + name + `"}]}`,
			},
		}
	}
	return hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Stdio(t, script("one")), "two", hubtest.Stdio(t, script("two"))), change).Ready("one", "two")
}

// names lists a list, as the values of a member of its items.
func names(t *testing.T, c *hubtest.Client, method, key, member string) string {
	t.Helper()
	a := c.Call("1", method, "{}")
	var items []map[string]any
	if err := json.Unmarshal([]byte(a.Get("result", key)), &items); err != nil {
		t.Fatalf("%s: %v: %d %s", method, err, a.Status, a.Text())
	}
	var out []string
	for _, item := range items {
		out = append(out, item[member].(string))
	}
	return strings.Join(out, " ")
}

func withToken(c *hubtest.Client, token string) *hubtest.Client {
	c.Header.Set("Authorization", "Bearer "+token)
	return c
}

// legacy returns a client with a session that a token began.
func legacy(t *testing.T, h *hubtest.Hub, path, token string) *hubtest.Client {
	t.Helper()
	c := withToken(h.Raw(path), token)
	a := c.Send(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`)
	c.Header.Set("Mcp-Session-Id", a.Header.Get("Mcp-Session-Id"))
	return c
}

// TestLimits: a client with a token of its own sees and uses what that is for, at the endpoint and over REST.
func TestLimits(t *testing.T) {
	h := limitedHub(t, func(*hub.Options) {})
	const allTools = "hub__list_servers hub__search_tools hub__server_log hub__start_server hub__stop_server one__look one__write one__set two__look two__write two__set"
	for name, x := range map[string]struct {
		limits                    string
		tools, resources, prompts string
		templates                 string
		can, cannot               []string // tools
		servers                   string   // over REST
		single                    string   // tools of one alone; empty if that is refused
		full                      bool     // may change things
	}{
		"none": {"", allTools, "one://a two://a", "one__ask two__ask", "one://{x} two://{x}", []string{"one__write", "two__look"}, nil, "one two", "look write set", true},
		"server": {
			`"servers":["one"]`, "one__look one__write one__set", "one://a", "one__ask", "one://{x}",
			[]string{"one__look", "one__write", "look"},
			[]string{"two__look", "hub__list_servers", "nothing"},
			"one", "look write set", false,
		},
		"tools": {
			`"tools":["*__look"]`, "one__look two__look", "", "", "",
			[]string{"one__look"},
			[]string{"one__write", "write", "hub__stop_server"},
			"one two", "look", false,
		},
		"reader": {
			`"readOnly":true`, "hub__list_servers hub__server_log hub__search_tools one__look two__look", "one://a two://a", "one__ask two__ask", "one://{x} two://{x}",
			[]string{"two__look", "hub__list_servers"},
			[]string{"one__write", "one__set", "hub__start_server"},
			"one two", "look", false,
		},
		"all of it": {
			`"servers":["t*"],"tools":["*look","*write"],"readOnly":true`, "two__look", "two://a", "two__ask", "two://{x}",
			[]string{"two__look", "look"},
			[]string{"two__write", "one__look"},
			"two", "", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			token := h.Token(name, x.limits)
			for era, at := range map[string]func(path string) *hubtest.Client{
				"modern": func(path string) *hubtest.Client { return withToken(h.Modern(path), token) },
				"legacy": func(path string) *hubtest.Client { return legacy(t, h, path, token) },
			} {
				c := at("/mcp")
				for method, want := range map[string][3]string{
					"tools/list": {"tools", "name", x.tools}, "resources/list": {"resources", "uri", x.resources},
					"prompts/list": {"prompts", "name", x.prompts}, "resources/templates/list": {"resourceTemplates", "uriTemplate", x.templates},
				} {
					got := strings.Fields(names(t, c, method, want[0], want[1]))
					wanted := strings.Fields(want[2])
					slices.Sort(got)
					slices.Sort(wanted)
					if !slices.Equal(got, wanted) {
						t.Errorf("%s: %s: %q, want %q", era, method, got, wanted)
					}
				}
				for _, tool := range x.can {
					if a := c.Tool(tool, `{"server":"one"}`); !strings.Contains(a.Text(), `"result"`) {
						t.Errorf("%s: %s: %d %s", era, tool, a.Status, a.Text())
					}
				}
				for _, tool := range x.cannot {
					if a := c.Tool(tool, "{}"); a.Get("error", "code") != "-32602" || !strings.Contains(a.Get("error", "message"), `or the token \"`+name+`\" may not use it`) {
						t.Errorf("%s: %s: %d %s", era, tool, a.Status, a.Text())
					}
				}
				for _, uri := range []string{"one://a", "two://a"} {
					a := c.Call("1", "resources/read", `{"uri":"`+uri+`"}`)
					if read := strings.Contains(a.Text(), `"contents"`); read != strings.Contains(x.resources, uri) {
						t.Errorf("%s: %s: %s", era, uri, a.Text())
					}
				}
				if x.single == "" {
					for _, server := range []string{"one", "nobody"} { // it learns of neither
						if a := withToken(h.Modern("/mcp/"+server), token).Call("1", "tools/list", "{}"); a.Status != 403 || a.Get("error", "code") != "403" {
							t.Errorf("%s: %s: %d %s", era, server, a.Status, a.Text())
						}
					}
				} else if got := names(t, at("/mcp/one"), "tools/list", "tools", "name"); got != x.single {
					t.Errorf("%s: one alone: %q", era, got)
				}
				// A method that the hub does not know may do anything.
				if a := at("/mcp/one").Act("write", "{}"); (a.Get("error", "code") == "-32601" || a.Status == 403) != (strings.Contains(x.limits, "tools") || strings.Contains(x.limits, "readOnly")) {
					t.Errorf("%s: unknown method: %d %s", era, a.Status, a.Text())
				}
			}
			overREST(t, h, token, x.servers, x.can, x.cannot, x.full)
		})
	}
}

// TestCallsCarryTheToken: the history and the list of clients say whose token a call came with, on all ways.
func TestCallsCarryTheToken(t *testing.T) {
	h := hubtest.StartIn(t, t.TempDir(), hubtest.Config("{}", "one", hubtest.Stdio(t, hubtest.Script{Name: "one", Tools: []string{hubtest.Tool("look")}}))).Ready("one")
	ci, laptop := h.Token("ci", `"servers":["one"]`), h.Token("laptop", "")
	withToken(h.Modern("/mcp"), ci).Tool("one__look", "{}")
	legacy(t, h, "/mcp", laptop).Tool("one__look", "{}")
	withToken(h.Raw("/api/servers/tools"), ci).Send(`{"server_name":"one","tool":"look","arguments":{}}`)
	h.Modern("/mcp").Tool("one__look", "{}")
	// A session may be used by whoever may do all of it: a call is theirs who make it.
	c := legacy(t, h, "/mcp", laptop)
	c.Header.Del("Authorization")
	c.Tool("one__look", "{}")
	tokens := func(path, list string) string {
		var items []struct{ TokenName string }
		if err := json.Unmarshal([]byte(h.Raw(path).Do(http.MethodGet).Get(list)), &items); err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, item := range items {
			out = append(out, item.TokenName)
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	const calls = "/api/v2/history/calls?"
	hubtest.Eventually(t, "all calls are recorded", func() bool { return tokens(calls, "calls") == "  ci ci laptop" })
	for filter, want := range map[string]string{"tokenName=ci": "ci ci", "tokenName=laptop&server=one": "laptop", "tokenName=c": "", "q=laptop": "laptop"} {
		if got := tokens(calls+filter, "calls"); got != want {
			t.Errorf("%s: %q", filter, got)
		}
	}
	if got := tokens("/api/v2/clients", "clients"); got != "  ci laptop laptop" { // one of no token looked whether the server is there
		t.Errorf("clients: %q", got)
	}
}

func overREST(t *testing.T, h *hubtest.Hub, token, servers string, can, cannot []string, full bool) {
	t.Helper()
	at := func(path string) *hubtest.Client { return withToken(h.Raw(path), token) }
	for _, path := range []string{"/api/health", "/api/servers", "/api/v2/servers"} {
		a := at(path).Do(http.MethodGet)
		var body struct {
			Servers []struct {
				Name         string
				Capabilities struct{ Tools json.RawMessage } // a list of them, or in /api/v2 what it says of them
			}
		}
		if err := json.Unmarshal([]byte(a.Text()), &body); err != nil {
			t.Fatalf("%s: %v: %d %s", path, err, a.Status, a.Text())
		}
		var got []string
		for _, s := range body.Servers {
			if s.Name != "hub" {
				got = append(got, s.Name)
			}
			for _, name := range cannot {
				if server, tool, _ := strings.Cut(name, "__"); server == s.Name && strings.Contains(string(s.Capabilities.Tools), `"`+tool+`"`) {
					t.Errorf("%s shows %s", path, name)
				}
			}
		}
		if strings.Join(got, " ") != servers {
			t.Errorf("%s: %q, want %s", path, got, servers)
		}
	}
	for _, name := range slices.Concat(can, cannot) {
		server, tool, ok := strings.Cut(name, "__")
		if !ok || server == "hub" {
			continue
		}
		a := at("/api/servers/tools").Send(`{"server_name":"` + server + `","tool":"` + tool + `","arguments":{}}`)
		if allowed := slices.Contains(can, name); (a.Status == 200) != allowed || (a.Get("code") == `"FORBIDDEN"`) == allowed {
			t.Errorf("%s over REST: %d %s", name, a.Status, a.Text())
		}
	}
	for _, x := range []struct{ method, path, body string }{
		{"POST", "/api/servers/stop", `{"server_name":"nobody"}`},
		{"POST", "/api/v2/servers/nobody/stop", "{}"},
		{"POST", "/api/v2/servers", `{"name":"x"}`},
		{"POST", "/api/v2/tokens", `{"name":"/"}`},
		{"DELETE", "/api/v2/tokens/nobody", ""},
		{"GET", "/api/v2/tokens", ""},
		{"DELETE", "/api/v2/history", ""},
		{"GET", "/api/v2/config/files/99", ""},
		{"PUT", "/api/v2/config/files/99", `{"text":""}`},
	} {
		var a hubtest.Answer
		if c := at(x.path); x.method == "POST" {
			a = c.Send(x.body)
		} else {
			a = c.Do(x.method)
		}
		if (a.Status == 403) == full {
			t.Errorf("%s %s: %d %s", x.method, x.path, a.Status, a.Text())
		}
	}
}

// TestReaderSeesTheHub: who may only read, but of everything, can follow the hub, and a client of some servers cannot.
func TestReaderSeesTheHub(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}"))
	reader, client := h.Token("reader", `"readOnly":true`), h.Token("client", `"servers":["s"]`)
	for _, path := range []string{"/api/v2/config/files", "/api/v2/config/effective", "/api/workspaces", "/api/v2/servers/hub/logs", "/metrics", "/api/v2/history/status"} {
		if a := withToken(h.Raw(path), reader).Do(http.MethodGet); a.Status != 200 {
			t.Errorf("reader: %s: %d %s", path, a.Status, a.Text())
		}
		if a := withToken(h.Raw(path), client).Do(http.MethodGet); a.Status != 403 {
			t.Errorf("client: %s: %d %s", path, a.Status, a.Text())
		}
	}
	for _, path := range []string{"/api/events", "/api/v2/stream"} {
		if s := withToken(h.Raw(path), client).Listen(); s.Status != 403 {
			t.Errorf("client: %s: %d", path, s.Status)
		}
		s := withToken(h.Raw(path), reader).Listen()
		if s.Next(); s.Status != 200 {
			t.Errorf("reader: %s: %d", path, s.Status)
		}
	}
	// Whoever may see the page may load what it is made of.
	if a := withToken(h.Raw("/assets/none.js"), client).Do(http.MethodGet); a.Status != http.StatusNotFound {
		t.Errorf("client: a part of the page: %d %s", a.Status, a.Text())
	}
}

// TestRevoked: what a client has open ends when its token is taken back, and its session is nobody else's.
func TestRevoked(t *testing.T) {
	h := limitedHub(t, func(*hub.Options) {})
	token, other := h.Token("a", `"servers":["one"]`), h.Token("b", `"servers":["one"]`)
	c := legacy(t, h, "/mcp", token)
	stolen := withToken(h.Raw("/mcp"), other)
	stolen.Header.Set("Mcp-Session-Id", c.Header.Get("Mcp-Session-Id"))
	if a := stolen.Call("1", "ping", "{}"); a.Status != 404 {
		t.Errorf("a session of another client: %d %s", a.Status, a.Text())
	}
	streams := map[string]*hubtest.Stream{
		"session": c.Listen(), "HTTP+SSE": withToken(h.Raw("/mcp"), token).Listen(),
		"subscription": withToken(h.Modern("/mcp"), token).Start("1", "subscriptions/listen", `{"notifications":{"toolsListChanged":true}}`),
	}
	streams["subscription"].Next()
	post := streams["HTTP+SSE"].Next()
	if a := withToken(h.Raw(post), other).Send(`{"jsonrpc":"2.0","id":1,"method":"ping"}`); a.Status != 404 {
		t.Errorf("an HTTP+SSE session of another client: %d %s", a.Status, a.Text())
	}
	if a := h.Raw("/api/v2/tokens/a").Do(http.MethodDelete); a.Status != 204 {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	for _, s := range streams {
		s.Rest()
	}
	if a := c.Call("1", "ping", "{}"); a.Status != 401 {
		t.Errorf("%d %s", a.Status, a.Text())
	}
	hubtest.Eventually(t, "its sessions are gone", func() bool {
		return h.Raw("/api/health").Do(http.MethodGet).Get("mcpEndpoint", "activeClients") == "0"
	})
}

// TestLimitedViewsFollow: a client is told of changes of what it sees, and of no others.
func TestLimitedViewsFollow(t *testing.T) {
	h := limitedHub(t, func(*hub.Options) {})
	one, two := h.Token("one", `"servers":["one"]`), h.Token("two", `"servers":["two"]`)
	a, b := legacy(t, h, "/mcp", one), legacy(t, h, "/mcp", two)
	for _, c := range []*hubtest.Client{a, b} {
		names(t, c, "tools/list", "tools", "name")
	}
	told, quiet := a.Listen(), b.Listen()
	h.Legacy("/mcp/one", "{}").Act("set", `{"list":"tools/list","items":[{"name":"fresh","inputSchema":{"type":"object"}}],"tell":true}`)
	if text := told.Next(); !strings.Contains(text, "notifications/tools/list_changed") {
		t.Errorf("told %s", text)
	}
	if got := names(t, a, "tools/list", "tools", "name"); got != "one__fresh" {
		t.Errorf("the list is %s", got)
	}
	quiet.Quiet(200 * time.Millisecond)
}

// TestCredentialsStay: what lets a client in does not reach the servers.
func TestCredentialsStay(t *testing.T) {
	for _, modern := range []bool{true, false} {
		h := hubtest.Start(t, hubtest.Config("{}", "s", hubtest.Remote(t, hubtest.Script{Modern: modern, Tools: []string{hubtest.Tool("headers")}}))).Ready("s")
		token := h.Token("t", "")
		for _, answer := range []hubtest.Answer{
			withCookie(withToken(h.Modern("/mcp"), token)).Tool("headers", "{}"),
			withCookie(legacy(t, h, "/mcp/s", token)).Tool("headers", "{}"),
			withCookie(withToken(h.Raw("/api/servers/tools"), token)).Send(`{"server_name":"s","tool":"headers"}`),
		} {
			text := answer.Text()
			if answer.Status != 200 || !strings.Contains(text, "User-Agent") || strings.Contains(text, token) || strings.Contains(text, "Authorization") || strings.Contains(text, "Cookie") || strings.Contains(text, "of-the-hub") {
				t.Errorf("%d %s", answer.Status, text)
			}
		}
	}
}

func withCookie(c *hubtest.Client) *hubtest.Client {
	c.Header.Set("Cookie", "mcp-hub-1=of-the-hub")
	c.Header.Set("Proxy-Authorization", "Basic of-the-hub")
	return c
}

// BenchmarkLimits makes the same call over HTTP without a token, with one that has no limits, and with one that is for some
// servers and tools, by turns, so that whatever else the machine does bears on all alike. It reports the medians in
// microseconds, and their ratios to that without a token.
func BenchmarkLimits(b *testing.B) {
	h := hubtest.Start(b, hubtest.Config("{}", "one", hubtest.Stdio(b, hubtest.Script{Name: "one", Tools: []string{hubtest.Tool("look")}, Answers: map[string]string{
		"look": `"result":{"content":[{"type":"text","text":"one"}]}`,
	}}))).Ready("one")
	ways := []string{"no-token", "token", "limited-token"}
	clients := []*hubtest.Client{
		h.Modern("/mcp"), withToken(h.Modern("/mcp"), h.Token("all", "")), withToken(h.Modern("/mcp"), h.Token("some", `"servers":["o*"],"tools":["one__look","two__*"],"readOnly":false`)),
	}
	took := make([][]time.Duration, len(clients))
	for b.Loop() {
		for i, c := range clients {
			began := time.Now()
			if a := c.Tool("one__look", "{}"); !strings.Contains(a.Text(), `"one"`) {
				b.Fatal(a.Text())
			}
			took[i] = append(took[i], time.Since(began))
		}
	}
	median := func(i int) float64 {
		slices.Sort(took[i])
		return float64(took[i][len(took[i])/2].Nanoseconds()) / 1000
	}
	for i, way := range ways {
		b.ReportMetric(median(i), way+"-us")
		if i > 0 {
			b.ReportMetric(median(i)/median(0), way+"-ratio")
		}
	}
}
