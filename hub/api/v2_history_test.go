package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mcphub/hub/hubtest"
)

// call is a call as the routes of the history show it.
type call struct {
	ID                                               int64
	Client, ClientVersion, Session, Era, Via, Server string
	Kind, Name, Outcome, Error                       string
	DurationMs, ServerMs                             float64
	RequestBytes, ResultBytes                        int
	Arguments, Result                                *struct {
		Text                string
		Truncated, Redacted bool
	}
}

// recorded waits until the history has n calls that match, and returns them, oldest first.
func recorded(t *testing.T, h *hubtest.Hub, n int, filter string) []call {
	t.Helper()
	var page struct{ Calls []call }
	hubtest.Eventually(t, fmt.Sprintf("%d calls are recorded", n), func() bool {
		_, _, text := ask(t, h, "GET", "history/calls?limit=500&"+filter, "")
		page.Calls = nil
		if err := json.Unmarshal([]byte(text), &page); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return len(page.Calls) >= n
	})
	if len(page.Calls) != n {
		t.Fatalf("%d calls, want %d: %+v", len(page.Calls), n, page.Calls)
	}
	slices.Reverse(page.Calls)
	return page.Calls
}

const (
	okAnswer   = `"result":{"content":[{"type":"text","text":"done"}]}`
	failAnswer = `"result":{"isError":true,"content":[{"type":"text","text":"no such file"}]}`
	wrong      = `"error":{"code":-32602,"message":"wrong arguments"}`
)

func recordingServer(t *testing.T, name string, modern bool) string {
	return hubtest.Stdio(t, hubtest.Script{
		Name: name, Modern: modern, Tools: tools("fine", "fails", "wrong", "wait", "die"),
		Prompts: []string{`{"name":"greet"}`}, Resources: []string{`{"uri":"file:///notes","name":"notes"}`},
		Answers: map[string]string{
			"fine": okAnswer, "fails": failAnswer, "wrong": wrong, "greet": `"result":{"messages":[]}`, "file:///notes": `"result":{"contents":[]}`,
		},
	})
}

// TestOutcomes: every request is recorded with what came of it, whatever the client and the server speak.
func TestOutcomes(t *testing.T) {
	h := hubtest.StartIn(t, t.TempDir(), hubtest.Config("{}", "old", recordingServer(t, "old", false), "new", recordingServer(t, "new", true))).Ready("old", "new")
	waiting := func(server string) func() bool { // until the server has the call
		return func() bool {
			return strings.Contains(h.Modern("/mcp/"+server).Act("status", "{}").Text(), `"Waiting":["`)
		}
	}
	want := map[string][]string{} // kind, name, outcome and error by way and server
	var order []string
	expect := func(way, server, kind, name, outcome, why string) {
		key := way + " " + server
		if want[key] == nil {
			order = append(order, key)
		}
		want[key] = append(want[key], strings.Join([]string{kind, name, outcome, why}, "|"))
	}
	for _, server := range []string{"old", "new"} {
		for _, era := range []string{"legacy", "modern"} {
			client := func() *hubtest.Client {
				if era == "modern" {
					return h.Modern("/mcp")
				}
				return h.Legacy("/mcp", "{}")
			}
			c := client()
			c.Tool(server+"__fine", `{"path":"a"}`)
			expect(era, server, "tool", "fine", "ok", "")
			c.Tool(server+"__fails", `{}`)
			expect(era, server, "tool", "fails", "tool_error", "no such file")
			c.Tool(server+"__wrong", `{}`)
			expect(era, server, "tool", "wrong", "protocol_error", "wrong arguments (-32602)")
			c.Call("2", "prompts/get", `{"name":"`+server+`__greet"}`)
			expect(era, server, "prompt", "greet", "ok", "")
			h2 := client()
			stream := h2.Start("7", "tools/call", `{"name":"`+server+`__wait","arguments":{"tag":"x"}}`)
			hubtest.Eventually(t, "the server has the call", waiting(server))
			if era == "modern" {
				stream.Close()
				expect(era, server, "tool", "wait", "cancelled", "context canceled")
			} else {
				h2.Send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`)
				expect(era, server, "tool", "wait", "cancelled", "cancelled by the client")
			}
			hubtest.Eventually(t, "the call has been given up", func() bool { return !waiting(server)() })
			if era == "legacy" {
				h2.Start("8", "tools/call", `{"name":"`+server+`__wait","arguments":{"tag":"x"}}`)
				hubtest.Eventually(t, "the server has the call", waiting(server))
				h2.Send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":8,"reason":"McpError: MCP error -32001: Request timed out"}}`)
				expect(era, server, "tool", "wait", "timeout", "cancelled by the client: McpError: MCP error -32001: Request timed out")
				hubtest.Eventually(t, "the call has been given up", func() bool { return !waiting(server)() })
			}
		}
		rest := func(path, body string) {
			post(t, h, "/api/servers/"+path, `{"server_name":"`+server+`",`+body+`}`)
		}
		rest("tools", `"tool":"fine","arguments":{"path":"a"}`)
		expect("", server, "tool", "fine", "ok", "")
		rest("tools", `"tool":"fails"`)
		expect("", server, "tool", "fails", "tool_error", "no such file")
		rest("tools", `"tool":"wrong"`)
		expect("", server, "tool", "wrong", "protocol_error", "wrong arguments (-32602)")
		rest("tools", `"tool":"wait","arguments":{"tag":"x"},"request_options":{"timeout":50}`)
		expect("", server, "tool", "wait", "timeout", "Request timed out (-32001)")
		rest("tools", `"tool":"nothing"`)
		expect("", server, "tool", "nothing", "protocol_error", "Tool not found")
		rest("resources", `"uri":"file:///notes"`)
		expect("", server, "resource", "file:///notes", "ok", "")
		rest("prompts", `"prompt":"greet"`)
		expect("", server, "prompt", "greet", "ok", "")
		rest("tools", `"tool":"die"`)
		expect("", server, "tool", "die", "disconnected", "*")
	}
	c := h.Modern("/mcp")
	c.Tool("nowhere__at_all", "{}")
	expect("modern", "", "tool", "nowhere__at_all", "protocol_error", "Unknown tool: nowhere__at_all")
	total := 0
	for _, key := range order {
		total += len(want[key])
	}
	got := map[string][]string{}
	for _, c := range recorded(t, h, total, "") {
		why := c.Error
		if c.Outcome == "disconnected" && why != "" {
			why = "*"
		}
		got[c.Era+" "+c.Server] = append(got[c.Era+" "+c.Server], strings.Join([]string{c.Kind, c.Name, c.Outcome, why}, "|"))
		via, client := "mcp", "test"
		if c.Era == "" {
			via, client = "rest", "Go-http-client"
		}
		if c.Via != via || c.Client != client || (c.Session != "") != (c.Era == "legacy") || c.DurationMs <= 0 || c.ServerMs > c.DurationMs {
			t.Errorf("%+v", c)
		}
	}
	for key, list := range want {
		if !slices.Equal(got[key], list) {
			t.Errorf("%q: recorded %q\nwant %q", key, got[key], list)
		}
	}
}

func TestRecordedBodies(t *testing.T) {
	tool := `{"name":"login","inputSchema":{"type":"object","properties":{"pin":{"type":"string","format":"password"},"user":{"type":"string"}}}}`
	script := hubtest.Script{
		Name: "a", Tools: []string{tool},
		Answers: map[string]string{"login": `"result":{"content":[{"type":"text","text":"{\"token\":\"hunter2\"}"}],"long":"` + strings.Repeat("x", 500) + `"}`},
	}
	entry := hubtest.Stdio(t, script)
	h := hubtest.StartIn(t, t.TempDir(), hubtest.Config(`{"history":{"bodyLimit":200}}`,
		"a", entry, "shy", entry+`,"history":"no bodies"`, "private", entry+`,"history":false`)).Ready("a", "shy", "private")
	c := h.Legacy("/mcp", "{}")
	for _, server := range []string{"a", "shy", "private"} {
		c.Tool(server+"__login", `{"user":"me","pin":"hunter2","api_key":"hunter2"}`)
	}
	post(t, h, "/api/servers/tools", `{"server_name":"a","tool":"login","arguments":{"user":"me","pin":"hunter2"}}`)
	calls := recorded(t, h, 3, "")
	detail := func(id int64) (d call, text string) {
		t.Helper()
		text = wants(t, h, "GET", fmt.Sprintf("history/calls/%d", id), "", 200)
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
		return d, text
	}
	d, text := detail(calls[0].ID)
	if d.Arguments == nil || d.Arguments.Text != `{"user":"me","pin":"••••","api_key":"••••"}` || !d.Arguments.Redacted || d.Arguments.Truncated {
		t.Errorf("arguments are %+v", d.Arguments)
	}
	if d.Result == nil || !strings.HasPrefix(d.Result.Text, `{"content":[{"type":"text","text":"{\"token\":\"••••\"}"}],"long":"xxx`) || !d.Result.Redacted || !d.Result.Truncated {
		t.Errorf("result is %+v", d.Result)
	}
	if strings.Contains(text, "hunter2") {
		t.Errorf("the secret is in %s", text)
	}
	if d.RequestBytes == 0 || d.ResultBytes < 500 || d.Era != "legacy" || d.ClientVersion != "1" {
		t.Errorf("%+v", d)
	}
	if d, _ := detail(calls[1].ID); d.Server != "shy" || d.Arguments != nil || d.Result != nil {
		t.Errorf("of a server without bodies: %+v", d)
	}
	if d, _ := detail(calls[2].ID); d.Arguments.Text != `{"user":"me","pin":"••••"}` {
		t.Errorf("over REST: %+v", d.Arguments)
	}
	wants(t, h, "GET", "history/calls/1", "", 404, "code", `"CALL_NOT_FOUND"`)
	wants(t, h, "GET", "history/calls/x", "", 422)
	// The new setting holds at once.
	h.Rewrite(hubtest.Config(`{"history":{"enabled":false}}`, "a", entry, "shy", entry, "private", entry))
	hubtest.Eventually(t, "nothing is recorded", func() bool {
		return strings.Contains(wants(t, h, "GET", "history/status", "", 200), `"recording":false`)
	})
}

// TestKnownSecretsAreNotRecorded: what a server was told in secret is in nothing that is kept, whatever it stands beside.
func TestKnownSecretsAreNotRecorded(t *testing.T) {
	const planted = "planted-in-the-environment"
	state := t.TempDir()
	h := hubtest.StartIn(t, state, hubtest.Config("{}", "a", hubtest.Stdio(t, hubtest.Script{
		Name: "a", Tools: tools("says", "fails"),
		Answers: map[string]string{
			"says":  `"result":{"content":[{"type":"text","text":"it is ` + planted + `, I think"}]}`,
			"fails": `"error":{"code":-32000,"message":"cannot use ` + planted + `"}`,
		},
	})+`,"env":{"DB_PASSWORD":"${cmd: echo `+planted+`}"}`)).Ready("a")
	c := h.Modern("/mcp/a")
	c.Tool("says", `{"query":"`+planted+`"}`)
	c.Tool("fails", "{}")
	c.Call("1", "resources/read", `{"uri":"db://me:`+planted+`@host"}`)
	recorded(t, h, 3, "")
	_, _, text := ask(t, h, "GET", "history/export", "")
	if strings.Contains(text, planted) || strings.Count(text, "••••") < 4 {
		t.Errorf("recorded: %s", text)
	}
}

func TestHistoryRoutes(t *testing.T) {
	h := hubtest.StartIn(t, t.TempDir(), hubtest.Config("{}", "a", recordingServer(t, "a", false))).Ready("a")
	c := h.Modern("/mcp/a")
	for range 12 {
		c.Tool("fine", `{"note":"needle"}`)
	}
	c.Tool("fails", `{}`)
	recorded(t, h, 13, "")
	for filter, n := range map[string]int{
		"server=a": 13, "server=b": 0, "name=fails": 1, "outcome=failed": 1, "outcome=tool_error": 1, "outcome=ok": 12, "q=needle": 12, "q=needl": 12,
		"q=such+file": 1, "kind=tool": 13, "kind=prompt": 0, "client=test&outcome=ok": 12, "until=2020-01-01T00:00:00Z": 0, "since=2020-01-01T00:00:00Z": 13,
	} {
		recorded(t, h, n, filter)
	}
	// Pages.
	var ids []int64
	for cursor := ""; ; {
		var page struct {
			Calls []call
			Next  string
		}
		text := wants(t, h, "GET", "history/calls?limit=5&cursor="+cursor, "", 200)
		if err := json.Unmarshal([]byte(text), &page); err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Calls {
			ids = append(ids, c.ID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if len(ids) != 13 || !slices.IsSortedFunc(ids, func(a, b int64) int { return int(b - a) }) {
		t.Errorf("pages have %v", ids)
	}
	for _, bad := range []string{"calls?cursor=x", "calls?cursor=-1", "calls?cursor=01", "calls?limit=0", "calls?outcome=bad", "calls?since=yesterday", "summary?bucket=1", "summary?since=2020-01-01T00:00:00Z&bucket=60", "summary?since=2120-01-01T00:00:00Z", "export?format=xml", "events?cursor=1.5"} {
		wants(t, h, "GET", "history/"+bad, "", 422)
	}
	// The sums agree with the calls and with each other.
	text := wants(t, h, "GET", "history/summary?since="+url.QueryEscape(time.Now().Add(-time.Hour).Format(time.RFC3339)), "", 200, "total.calls", "13", "total.failed", "1", "bucket", "120")
	var sum struct {
		Buckets []struct{ Calls, Failed int }
		Servers []struct {
			Server  string
			Buckets []struct{ Calls, Failed int }
		}
		Tools []struct {
			Name  string
			Calls int
			P95Ms float64
		}
	}
	if err := json.Unmarshal([]byte(text), &sum); err != nil {
		t.Fatal(err)
	}
	n := 0
	for i, b := range sum.Buckets {
		n += b.Calls
		if b != sum.Servers[0].Buckets[i] {
			t.Errorf("bucket %d: %v, of the only server %v", i, b, sum.Servers[0].Buckets[i])
		}
	}
	if n != 13 || len(sum.Servers) != 1 || len(sum.Tools) != 2 || sum.Tools[0].P95Ms <= 0 {
		t.Errorf("%+v", sum)
	}
	wants(t, h, "GET", "history/summary?server=b", "", 200, "total.calls", "0", "servers", "[]")
	// What happened to the server is there too.
	hubtest.Eventually(t, "events are recorded", func() bool {
		return strings.Contains(wants(t, h, "GET", "history/events?server=a&kind=server_state", "", 200), `"level":"ok","text":"ready, after it was starting for`)
	})
	// Files.
	_, header, lines := ask(t, h, "GET", "history/export?name=fine", "")
	if got := strings.Count(lines, "\n"); got != 12 || !strings.Contains(lines, `"arguments":{"text":"{\"note\":\"needle\"}"`) || header.Get("Content-Type") != "application/jsonl" {
		t.Errorf("%d lines of %s: %.300s", got, header.Get("Content-Type"), lines)
	}
	_, _, archive := ask(t, h, "GET", "history/export?format=har", "")
	var har struct {
		Log struct {
			Version string
			Entries []struct {
				StartedDateTime time.Time
				Request         struct {
					URL      string
					PostData struct{ Text string }
				}
				Response struct{ Status int }
			}
		}
	}
	if err := json.Unmarshal([]byte(archive), &har); err != nil || har.Log.Version != "1.2" || len(har.Log.Entries) != 13 {
		t.Fatalf("%v: %.500s", err, archive)
	}
	if e := har.Log.Entries[0]; e.Request.URL != "mcp://a/tool/fails" || e.Response.Status != 500 || e.StartedDateTime.IsZero() {
		t.Errorf("%+v", e)
	}
	// And all is gone when a person wants it.
	wants(t, h, "DELETE", "history?before=2020-01-01T00:00:00Z", "", 200, "calls", "0")
	wants(t, h, "DELETE", "history", "", 200, "calls", "13")
	recorded(t, h, 0, "")
	wants(t, h, "GET", "history/summary", "", 200, "total.calls", "0")
	wants(t, h, "GET", "history/status", "", 200, "recording", "true", "dropped", "0", "days", "30")
}

func TestHubWithoutAFolderHasNoHistory(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}"))
	for method, path := range map[string]string{"GET": "history/calls", "DELETE": "history"} {
		wants(t, h, method, path, "", 503, "code", `"NO_HISTORY"`)
	}
	wants(t, h, "GET", "history/status", "", 200, "recording", "false")
}

// TestDamagedHistory: a hub whose database is no database begins a new one, and serves calls all the same.
func TestDamagedHistory(t *testing.T) {
	state := t.TempDir()
	if err := os.WriteFile(filepath.Join(state, "hub.db"), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	h := hubtest.StartIn(t, state, hubtest.Config("{}", "a", recordingServer(t, "a", false))).Ready("a")
	if got := h.Modern("/mcp/a").Tool("fine", "{}"); got.Status != http.StatusOK {
		t.Errorf("call: %d %s", got.Status, got.Text())
	}
	recorded(t, h, 1, "")
	aside, err := filepath.Glob(filepath.Join(state, "hub.db.damaged-*"))
	if err != nil || len(aside) != 1 {
		t.Fatalf("set aside: %v, %v", aside, err)
	}
	told, _ := json.Marshal(aside)
	wants(t, h, "GET", "history/status", "", 200, "damaged", string(told))
	if err := os.Remove(aside[0]); err != nil {
		t.Fatal(err)
	}
	wants(t, h, "GET", "history/status", "", 200, "damaged", "")
}

func TestClients(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}", "a", recordingServer(t, "a", false))).Ready("a")
	legacy := h.Legacy("/mcp", "{}")
	legacy.Tool("a__fine", "{}")
	legacy.Tool("a__fails", "{}")
	stream := legacy.Listen()
	h.Modern("/mcp/a").Tool("fine", "{}")
	sse := h.Raw("/mcp").Listen()
	sse.Next()
	var list struct {
		Clients []struct {
			Session, Name, Version, Revision, Era, Transport, Server string
			Calls, Failed, InFlight                                  int
			Listening                                                bool
			LastCall                                                 *time.Time
		}
	}
	read := func() int {
		if err := json.Unmarshal([]byte(wants(t, h, "GET", "clients", "", 200)), &list); err != nil {
			t.Fatal(err)
		}
		return len(list.Clients)
	}
	hubtest.Eventually(t, "all clients are known, and both streams", func() bool {
		listening := 0
		read()
		for _, c := range list.Clients {
			if c.Listening {
				listening++
			}
		}
		return len(list.Clients) == 3 && listening == 2
	})
	for _, c := range list.Clients {
		switch {
		case c.Transport == "sse":
			if c.Revision != "2024-11-05" || !c.Listening || c.LastCall != nil {
				t.Errorf("%+v", c)
			}
		case c.Era == "legacy":
			if c.Session == "" || c.Session == legacy.Header.Get("Mcp-Session-Id") || c.Name != "test" || c.Version != "1" || c.Revision != "2025-11-25" ||
				c.Calls != 2 || c.Failed != 1 || !c.Listening || c.InFlight != 0 || c.LastCall == nil || c.Server != "" {
				t.Errorf("%+v", c)
			}
		default:
			if c.Name != "test" || c.Revision != "2026-07-28" || c.Session != "" || c.Server != "a" || c.Calls != 1 || c.InFlight != 0 || c.Listening {
				t.Errorf("%+v", c)
			}
		}
	}
	stream.Close()
	sse.Close()
	legacy.Do(http.MethodDelete)
	hubtest.Eventually(t, "only the modern client is left", func() bool { return read() == 1 })
}

// TestHistorySettings: what is recorded can be changed over the API, and holds at once.
func TestHistorySettings(t *testing.T) {
	h := hubtest.StartIn(t, t.TempDir(), hubtest.Config("{}", "a", recordingServer(t, "a", false))).Ready("a")
	wants(t, h, "PATCH", "history/settings", `{"days":7,"maxMB":20,"bodyLimit":0,"bodies":false}`, 200,
		"recording", "true", "days", "7", "maxBytes", "20971520", "bodyLimit", "0", "bodies", "false")
	for _, body := range []string{`{"days":0}`, `{"maxMB":9}`, `{"enabled":"no"}`, `{"month":1}`} {
		wants(t, h, "PATCH", "history/settings", body, 422)
	}
	wants(t, h, "PATCH", "servers/a", `{"history":"everything"}`, 422)
	wants(t, h, "PATCH", "servers/a", `{"history":"nothing"}`, 200)
	h.Modern("/mcp/a").Tool("fine", "{}")
	wants(t, h, "PATCH", "servers/a", `{"history":"all"}`, 200)
	h.Modern("/mcp/a").Tool("fine", "{}")
	recorded(t, h, 1, "")
	wants(t, h, "PATCH", "history/settings", `{"enabled":false}`, 200, "recording", "false", "enabled", "false", "days", "7")
	wants(t, h, "PATCH", "servers/hub", `{"history":"nothing"}`, 409)
}
