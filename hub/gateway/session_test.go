package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"mcphub/hub/hubtest"
)

const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`

func TestSessionRules(t *testing.T) {
	t.Parallel()
	h := start(t, hubtest.Stdio(t, hubtest.Script{}))
	ping := `{"jsonrpc":"2.0","id":"p","method":"ping"}`
	with := func(path string, header ...string) *hubtest.Client {
		c := h.Raw(path)
		for i := 0; i < len(header); i += 2 {
			c.Header.Set(header[i], header[i+1])
		}
		return c
	}
	session := h.Legacy("/mcp", "{}").Header.Get("Mcp-Session-Id")
	for _, x := range []struct {
		name   string
		c      *hubtest.Client
		text   string
		status int
		answer string
	}{
		{"no session", with("/mcp"), ping, 400, `"id":"p","error"`},
		{"unknown session", with("/mcp", "Mcp-Session-Id", "nobody"), ping, 404, `"id":"p","error"`},
		{"another path", with("/mcp/s", "Mcp-Session-Id", session), ping, 404, "session not found"},
		{"unknown revision", with("/mcp", "Mcp-Session-Id", session, "MCP-Protocol-Version", "1999-01-01"), ping, 400, "1999-01-01"},
		{"unknown server", with("/mcp/nobody"), ping, 404, "nobody"},
		{"good", with("/mcp", "Mcp-Session-Id", session), ping, 200, `"id":"p","result":{}`},
		{"response to nobody", with("/mcp", "Mcp-Session-Id", session), `{"jsonrpc":"2.0","id":99,"result":{}}`, 202, ""},
		{"modern method", with("/mcp", "Mcp-Session-Id", session), `{"jsonrpc":"2.0","id":1,"method":"server/discover"}`, 200, "-32601"},
	} {
		if a := x.c.Send(x.text); a.Status != x.status || !strings.Contains(a.Text(), x.answer) {
			t.Errorf("%s: %d %s, want %d %s", x.name, a.Status, a.Text(), x.status, x.answer)
		}
	}

	first, second := h.Raw("/mcp").Send(initialize), with("/mcp", "Mcp-Session-Id", session).Send(initialize)
	if a, b := first.Header.Get("Mcp-Session-Id"), second.Header.Get("Mcp-Session-Id"); a == "" || b == "" || a == b || b == session {
		t.Errorf("sessions %q, %q, %q: every initialize begins another", session, a, b)
	}
	for asked, agreed := range map[string]string{"2025-03-26": "2025-03-26", "2024-11-05": "2024-11-05", "1999-01-01": "2025-11-25", "2030-01-01": "2025-11-25"} {
		if got := h.Raw("/mcp").Send(strings.Replace(initialize, "2025-11-25", asked, 1)).Get("result", "protocolVersion"); got != `"`+agreed+`"` {
			t.Errorf("asked for %s: %s, want %s", asked, got, agreed)
		}
	}

	if a := with("/mcp/s", "Mcp-Session-Id", session).Do("DELETE"); a.Status != 404 {
		t.Errorf("DELETE at another path: %d", a.Status)
	}
	for i, want := range []int{204, 404} {
		if a := with("/mcp", "Mcp-Session-Id", session).Do("DELETE"); a.Status != want {
			t.Errorf("DELETE number %d: %d", i+1, a.Status)
		}
	}
	if a := with("/mcp", "Mcp-Session-Id", session).Send(ping); a.Status != 404 {
		t.Errorf("after DELETE: %d", a.Status)
	}
	if a := with("/mcp").Do("DELETE"); a.Status != 400 {
		t.Errorf("DELETE without a session: %d", a.Status)
	}
	if a := with("/mcp").Do("PUT"); a.Status != 405 || a.Header.Get("Allow") == "" {
		t.Errorf("PUT: %d, Allow %q", a.Status, a.Header.Get("Allow"))
	}
	if a := with("/mcp", "Accept", "text/html").Do("GET"); a.Status != 406 {
		t.Errorf("GET by a browser: %d", a.Status)
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	h := start(t, hubtest.Stdio(t, hubtest.Script{Answers: map[string]string{"x": `"result":{"content":[]}`}, Tools: []string{hubtest.Tool("x"), hubtest.Tool("ask")}}))
	c := h.Legacy("/mcp", `{"roots":{}}`)
	for _, x := range []struct {
		sent   string
		status int
		want   string
	}{
		{
			`[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/x"},{"jsonrpc":"2.0","id":"1","method":"tools/call","params":{"name":"x"}},{"id":3}]`, 200,
			`[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":"1","result":{"content":[]}},{"jsonrpc":"2.0","id":3,"error":`,
		},
		{` [ {"jsonrpc":"2.0","method":"notifications/x"} ] `, 202, ""},
		{`[]`, 400, "-32600"},
		{`[1,[]]`, 200, `[{"jsonrpc":"2.0","id":null,"error":{"code":-32600`},
		{`[{"jsonrpc":"2.0","id":1,"method":"ping"},]`, 400, "-32700"},
		// What a server asks during a call of a batch cannot reach the client, and must not keep the call waiting.
		{`[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"s__ask","arguments":{"method":"roots/list"}}}]`, 200, `-32601`},
	} {
		if a := c.Send(x.sent); a.Status != x.status || !strings.HasPrefix(a.Text(), x.want) && !strings.Contains(a.Text(), x.want) {
			t.Errorf("%s: %d %s, want %d %s", x.sent, a.Status, a.Text(), x.status, x.want)
		}
	}
	if a := h.Modern("/mcp").Send(`[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]`); a.Status != 400 {
		t.Errorf("a modern batch: %d %s", a.Status, a.Text())
	}
}

func TestListChanged(t *testing.T) {
	t.Parallel()
	for _, modernServer := range []bool{false, true} {
		for name, entry := range map[string]func(testing.TB, hubtest.Script) string{"stdio": hubtest.Stdio, "http": hubtest.Remote} {
			t.Run(fmt.Sprintf("modern server %t, %s", modernServer, name), func(t *testing.T) {
				t.Parallel()
				h := start(t, entry(t, hubtest.Script{Modern: modernServer, Tools: []string{hubtest.Tool("a")}}))
				all, own, modern := h.Legacy("/mcp", "{}"), h.Legacy("/mcp/s", "{}"), h.Modern("/mcp")
				allStream, ownStream := all.Listen(), own.Listen()
				listening := modern.Start(`"l\u00e9"`, "subscriptions/listen", `{"notifications":{"toolsListChanged":true,"resourcesListChanged":false,"resourceSubscriptions":["x://y"]}}`)
				const meta = `"_meta":{"io.modelcontextprotocol/subscriptionId":"l\u00e9"}`
				if got, want := listening.Next(), `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":{"toolsListChanged":true},`+meta+`}}`; got != want {
					t.Errorf("first: %s\n want  %s", got, want)
				}
				own.Act("set", `{"list":"tools/list","items":[`+hubtest.Tool("b")+`],"tell":true}`)
				const told = `{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`
				if a, b := allStream.Next(), ownStream.Next(); a != told || b != told {
					t.Errorf("told %s and %s", a, b)
				}
				if got, want := listening.Next(), `{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{`+meta+`}}`; got != want {
					t.Errorf("told %s\n want %s", got, want)
				}
				if list := all.Call("1", "tools/list", "{}").Get("result", "tools"); list != `[`+hubtest.Tool("s__b")+`]` {
					t.Errorf("list: %s", list)
				}
				own.Act("set", `{"list":"tools/list","items":[`+hubtest.Tool("b")+`],"tell":true}`) // nothing new
				own.Act("set", `{"list":"prompts/list","items":[{"name":"p"}],"tell":true}`)
				if got := allStream.Next(); got != strings.Replace(told, "tools", "prompts", 1) {
					t.Errorf("told %s", got)
				}
				allStream.Quiet(moment)
				listening.Quiet(moment)
				if err := h.Stop(); err != nil {
					t.Fatal(err)
				}
				if got, want := listening.Rest(), `{"jsonrpc":"2.0","id":"l\u00e9","result":{"resultType":"complete",`+meta+`}}`; len(got) != 1 || got[0] != want {
					t.Errorf("the end: %q\nwant %s", got, want)
				}
			})
		}
	}
}

func TestSecondStreamSupersedes(t *testing.T) {
	t.Parallel()
	h := start(t, hubtest.Stdio(t, hubtest.Script{}))
	c := h.Legacy("/mcp/s", "{}")
	first := c.Listen()
	second := c.Listen()
	if got := first.Rest(); len(got) != 0 {
		t.Errorf("the first stream held %q", got)
	}
	c.Act("set", `{"list":"tools/list","items":[`+hubtest.Tool("b")+`],"tell":true}`)
	if got := second.Next(); !strings.Contains(got, "tools/list_changed") {
		t.Errorf("the second stream: %s", got)
	}
	second.Quiet(moment)
	// What comes while there is no stream waits for the next one, once.
	second.Close()
	second.Rest()
	hubtest.Eventually(t, "the prompts are another", func() bool {
		c.Act("set", `{"list":"prompts/list","items":[{"name":"p"}],"tell":true}`)
		return strings.Contains(c.Call("1", "prompts/list", "{}").Text(), `"p"`)
	})
	third := c.Listen()
	if got := third.Next(); !strings.Contains(got, "prompts/list_changed") {
		t.Errorf("the third stream: %s", got)
	}
	third.Quiet(moment)
}

// asking is what servers of the legacy era ask clients: method, params, the client's answer.
var asking = [][3]string{
	{"sampling/createMessage", `{"messages":[],"maxTokens":9007199254740993}`, `"result":{"role":"assistant","n":9007199254740993,"x":"<&>\u00e9"}`},
	{"elicitation/create", `{"message":"?","requestedSchema":{"type":"object","oneOf":[{}]}}`, `"result":{"action":"decline"}`},
	{"roots/list", `{}`, `"error":{"code":-31999,"message":"no","data":{"n":9007199254740993}}`},
}

func TestServerAsksClient(t *testing.T) {
	t.Parallel()
	for name, entry := range map[string]func(testing.TB, hubtest.Script) string{"stdio": hubtest.Stdio, "http": hubtest.Remote} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := start(t, entry(t, hubtest.Script{}))
			able, unable := h.Legacy("/mcp/s", `{"sampling":{},"elicitation":{},"roots":{}}`), h.Legacy("/mcp/s", `{}`)
			for _, x := range asking {
				arguments := fmt.Sprintf(`{"name":"ask","arguments":{"method":%q,"params":%s}}`, x[0], x[1])
				s := able.Start("1", hubtest.Act, arguments)
				q := s.Next()
				id := hubtest.Get(q, "id")
				if want := `{"jsonrpc":"2.0","id":` + id + `,"method":"` + x[0] + `","params":` + x[1] + `}`; q != want || id == "" {
					t.Errorf("asked %s\n want %s", q, want)
				}
				answer := `{"jsonrpc":"2.0","id":` + id + `,` + x[2] + `}`
				if a := unable.Send(answer); a.Status != 202 { // of another session: not the answer to this
					t.Errorf("answer: %d", a.Status)
				}
				if a := able.Send(answer); a.Status != 202 {
					t.Errorf("answer: %d", a.Status)
				}
				got := s.Rest()
				if len(got) != 1 || !strings.HasSuffix(hubtest.Get(got[0], "result", "structuredContent"), `,`+x[2]+`}`) {
					t.Errorf("the server got %q, want %s", got, x[2])
				}
				for who, c := range map[string]*hubtest.Client{"a client that did not declare it": unable, "a modern client": h.Modern("/mcp/s")} {
					a := c.Call("1", hubtest.Act, arguments)
					refusal := hubtest.Get(a.Get("result", "structuredContent"), "error")
					if len(a.Messages) != 1 || hubtest.Get(refusal, "code") != "-32601" || len(hubtest.Get(refusal, "message")) < 10 {
						t.Errorf("%s: %q", who, a.Messages)
					}
				}
			}
			// A client that takes no event stream cannot be asked.
			able.Header.Set("Accept", "application/json")
			if a := able.Act("ask", `{"method":"roots/list"}`); !strings.Contains(a.Text(), "-32601") && !strings.Contains(a.Text(), `"error"`) {
				t.Errorf("a client without event streams: %s", a.Text())
			}
		})
	}
}

// TestServerAsksOutsideOfCalls: who is asked must be able to answer, connected, and the only one.
func TestServerAsksOutsideOfCalls(t *testing.T) {
	t.Parallel()
	h := start(t, hubtest.Stdio(t, hubtest.Script{}))
	unable, able := h.Legacy("/mcp/s", "{}"), h.Legacy("/mcp", `{"roots":{}}`)
	ask := func(id string) {
		unable.Act("say", `{"text":"{\"jsonrpc\":\"2.0\",\"id\":\"`+id+`\",\"method\":\"roots/list\"}","outside":true}`)
	}
	heard := func(what string) {
		t.Helper()
		hubtest.Eventually(t, "the server hears "+what, func() bool {
			return strings.Contains(strings.Join(statusOf(t, unable).Heard, "\n"), what)
		})
	}
	ask("nobody")
	heard(`"id":"nobody","error":{"code":-32601`)
	stream := able.Listen()
	ask("one")
	able.Send(`{"jsonrpc":"2.0","id":` + hubtest.Get(stream.Next(), "id") + `,"result":{"roots":[9007199254740993]}}`)
	heard(`{"jsonrpc":"2.0","id":"one","result":{"roots":[9007199254740993]}}`)
	h.Legacy("/mcp/s", `{"roots":{}}`).Listen()
	ask("two")
	heard(`"id":"two","error":{"code":-32601`)
	stream.Quiet(moment)
}

// TestAskEndsWithItsCall: what the client has not answered when the call ends is refused.
func TestAskEndsWithItsCall(t *testing.T) {
	t.Parallel()
	h := start(t, hubtest.Stdio(t, hubtest.Script{}))
	c := h.Legacy("/mcp/s", `{"roots":{}}`)
	s := c.Start("1", hubtest.Act, `{"name":"ask","arguments":{"method":"roots/list"}}`)
	id := hubtest.Get(s.Next(), "id")
	c.Send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	if got := s.Rest(); len(got) != 0 {
		t.Errorf("after the cancellation: %q", got)
	}
	if a := c.Send(`{"jsonrpc":"2.0","id":` + id + `,"result":{}}`); a.Status != 202 {
		t.Errorf("a late answer: %d", a.Status)
	}
	if got := c.Act("pid", "{}"); got.Get("result") == "" {
		t.Errorf("the session after it: %s", got.Text())
	}
}

func TestHTTPAndSSE(t *testing.T) {
	t.Parallel()
	h := start(t, hubtest.Stdio(t, hubtest.Script{Answers: map[string]string{"x": `"result":{"content":[],"n":9007199254740993}`}, Tools: []string{hubtest.Tool("x"), hubtest.Tool("progress")}}))
	stream := h.Raw("/mcp").Listen()
	c := h.Raw(stream.Next())
	post := func(text string) {
		t.Helper()
		if a := c.Send(text); a.Status != 202 || a.Text() != "Accepted" {
			t.Fatalf("%s: %d %s", text, a.Status, a.Text())
		}
	}
	post(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{"roots":{}},"clientInfo":{"name":"t","version":"1"}}}`)
	if got := stream.Next(); hubtest.Get(got, "result", "protocolVersion") != `"2024-11-05"` || hubtest.Get(got, "id") != "1" {
		t.Errorf("initialize: %s", got)
	}
	post(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	post(`{"jsonrpc":"2.0","id":"2","method":"tools/list"}`)
	if got, want := stream.Next(), `{"jsonrpc":"2.0","id":"2","result":{"tools":[`+hubtest.Tool("s__x")+`,`+hubtest.Tool("s__progress")+`]}}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	post(`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"s__x"}}`)
	if got, want := stream.Next(), `{"jsonrpc":"2.0","id":3,"result":{"content":[],"n":9007199254740993}}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	post(`{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"_meta":{"progressToken":"p"},"name":"s__progress","arguments":{"n":2}}}`)
	for i := range 2 {
		if got := stream.Next(); hubtest.Get(got, "params", "progress") != fmt.Sprint(i+1) || hubtest.Get(got, "params", "progressToken") != `"p"` {
			t.Errorf("progress: %s", got)
		}
	}
	if got := stream.Next(); hubtest.Get(got, "id") != "4" {
		t.Errorf("response: %s", got)
	}
	post(`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"ask","arguments":{"method":"roots/list"}}}`)
	if got := stream.Next(); hubtest.Get(got, "error", "code") != "-32602" { // not listed: only its own view has it unlisted
		t.Errorf("unlisted tool: %s", got)
	}
	own := h.Legacy("/mcp/s", "{}")
	own.Act("set", `{"list":"tools/list","items":[`+hubtest.Tool("ask")+`,`+hubtest.Tool("wait")+`],"tell":true}`)
	if got := stream.Next(); !strings.Contains(got, "tools/list_changed") {
		t.Errorf("told %s", got)
	}
	post(`{"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"name":"ask","arguments":{"method":"roots/list"}}}`)
	q := stream.Next()
	post(`{"jsonrpc":"2.0","id":` + hubtest.Get(q, "id") + `,"result":{"roots":[]}}`)
	if got := stream.Next(); !strings.HasSuffix(hubtest.Get(got, "result", "structuredContent"), `"result":{"roots":[]}}`) {
		t.Errorf("answered: %s", got)
	}
	post(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"wait","arguments":{"tag":"x"}}}`)
	waiting(t, own, "x")
	stream.Close() // ends the session and what it has under way
	waiting(t, own)
	hubtest.Eventually(t, "the session is gone", func() bool {
		a := c.Send(`{"jsonrpc":"2.0","id":8,"method":"ping"}`)
		return a.Status == 404 && strings.HasPrefix(a.Get("error", "message"), `"Session not found: `)
	})

	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/messages":             {400, `{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Missing sessionId parameter"}}`},
		"/messages?sessionId=x": {404, `{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Session not found: x"}}`},
	} {
		if a := h.Raw(path).Send(initialize); a.Status != want.status || a.Text() != want.text {
			t.Errorf("%s: %d %s", path, a.Status, a.Text())
		}
	}
}

// TestLineBreaks: JSON with line breaks between its values stays one message in an event stream.
func TestLineBreaks(t *testing.T) {
	t.Parallel()
	h := start(t, hubtest.Remote(t, hubtest.Script{
		Tools: []string{hubtest.Tool("x")}, Answers: map[string]string{"x": "\"result\" :\r\n{\r\"content\":\n\n[]\r\n}\n"},
	}))
	stream := h.Raw("/mcp").Listen()
	h.Raw(stream.Next()).Send(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x"}}`)
	if got := stream.Next(); hubtest.Get(got, "id") != "7" || hubtest.Get(got, "result", "content") != "[]" {
		t.Errorf("event: %q", got)
	}
	if a := h.Modern("/mcp").Tool("x", "{}"); a.Get("result", "content") != "[]" || a.Get("result", "resultType") != `"complete"` {
		t.Errorf("answer: %q", a.Text())
	}
}

func logMessage(level string) string {
	return fmt.Sprintf(`{"text":%q,"outside":true}`, `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"`+level+`","data":9007199254740993}}`)
}

func TestLogLevels(t *testing.T) {
	t.Parallel()
	h := start(t, hubtest.Stdio(t, hubtest.Script{}))
	quiet, loud, unset := h.Legacy("/mcp", "{}"), h.Legacy("/mcp/s", "{}"), h.Legacy("/mcp", "{}")
	for c, level := range map[*hubtest.Client]string{quiet: "error", loud: "debug"} {
		if a := c.Call("1", "logging/setLevel", `{"level":"`+level+`"}`); a.Get("result") != "{}" {
			t.Fatalf("setLevel: %s", a.Text())
		}
	}
	if a := quiet.Call("1", "logging/setLevel", `{"level":"shout"}`); a.Get("error", "code") != "-32602" {
		t.Errorf("an unknown level: %s", a.Text())
	}
	quietStream, loudStream, unsetStream := quiet.Listen(), loud.Listen(), unset.Listen()
	for _, tag := range []string{"a", "b"} { // while several calls are under way, a log message belongs to none
		h.Legacy("/mcp/s", "{}").Start("1", hubtest.Act, `{"name":"wait","arguments":{"tag":"`+tag+`"}}`)
	}
	waiting(t, loud, "a", "b")
	for _, level := range []string{"debug", "info", "warning", "error", "emergency"} {
		loud.Act("say", logMessage(level))
	}
	for name, x := range map[string]struct {
		s    *hubtest.Stream
		want []string
	}{
		"quiet": {quietStream, []string{"error", "emergency"}},
		"loud":  {loudStream, []string{"debug", "info", "warning", "error", "emergency"}},
		"unset": {unsetStream, []string{"warning", "error", "emergency"}},
	} {
		for _, level := range x.want {
			if got, want := x.s.Next(), `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"`+level+`","data":9007199254740993}}`; got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
		x.s.Quiet(moment)
	}
	loud.Act("release", "{}")
	waiting(t, loud)
	// During a modern request: only from the level that it asks for, none without.
	inCall := `{"text":"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\"}}"}`
	for meta, frames := range map[string]int{"": 0, `"io.modelcontextprotocol/logLevel":"error"`: 0, `"io.modelcontextprotocol/logLevel":"info"`: 1} {
		a := h.Modern("/mcp/s").Call("1", hubtest.Act, `{"_meta":{`+meta+`},"name":"say","arguments":`+inCall+`}`)
		if len(a.Messages) != frames+1 {
			t.Errorf("with %q: %q", meta, a.Messages)
		}
	}
}

func TestResourceSubscriptions(t *testing.T) {
	t.Parallel()
	for name, entry := range map[string]func(testing.TB, hubtest.Script) string{"stdio": hubtest.Stdio, "http": hubtest.Remote} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script := hubtest.Script{Name: "r", Resources: []string{`{"uri":"x://a","name":"a"}`}}
			h := hubtest.Start(t, hubtest.Config(`{"builtin":false}`, "one", entry(t, script), "two", entry(t, script))).Ready("one", "two")
			first, second := h.Legacy("/mcp", "{}"), h.Legacy("/mcp", "{}")
			if h.Legacy("/mcp", "{}").Greet.Get("result", "capabilities", "resources", "subscribe") != "true" {
				t.Error("subscribe is not declared")
			}
			one, two := first.Listen(), second.Listen()
			for c, uri := range map[*hubtest.Client]string{first: "x://a", second: "two+x://a"} {
				if a := c.Call("1", "resources/subscribe", `{"uri":"`+uri+`"}`); a.Get("result") != "{}" {
					t.Fatalf("subscribe: %s", a.Text())
				}
			}
			updated := func(uri string) string {
				return `{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"` + uri + `","n":9007199254740993}}`
			}
			say := func(server, uri string) {
				h.Legacy("/mcp/"+server, "{}").Act("say", fmt.Sprintf(`{"text":%q,"outside":true}`, updated(uri)))
			}
			say("one", "x://a")
			say("one", "x://b")
			say("two", "x://a")
			if got := one.Next(); got != updated("x://a") {
				t.Errorf("first: %s", got)
			}
			if got := two.Next(); got != updated("two+x://a") {
				t.Errorf("second: %s", got)
			}
			if a := first.Call("1", "resources/unsubscribe", `{"uri":"x://a"}`); a.Get("result") != "{}" {
				t.Errorf("unsubscribe: %s", a.Text())
			}
			say("one", "x://a")
			one.Quiet(moment)
			two.Quiet(moment)
			heard := strings.Join(statusOf(t, h.Legacy("/mcp/two", "{}")).Heard, "\n")
			if !strings.Contains(heard, `"method":"resources/subscribe","params":{"uri":"x://a"}`) {
				t.Errorf("the second server heard %s", heard)
			}
		})
	}
}
