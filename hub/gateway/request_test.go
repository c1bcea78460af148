package gateway_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mcphub/hub/hubtest"
)

// moment is how long a test waits for what must not come.
const moment = 50 * time.Millisecond

// start runs a hub with one server named s.
func start(t *testing.T, entry string) *hubtest.Hub {
	t.Helper()
	return hubtest.Start(t, hubtest.Config(`{"builtin":false}`, "s", entry)).Ready("s")
}

// statusOf asks a fixture server what happened.
func statusOf(t *testing.T, c *hubtest.Client) hubtest.Status {
	t.Helper()
	var s hubtest.Status
	a := c.Act("status", "{}")
	if err := json.Unmarshal([]byte(a.Get("result", "structuredContent")), &s); err != nil {
		t.Fatalf("status: %v: %s", err, a.Text())
	}
	return s
}

// waiting lets the test wait until exactly these calls of the tool wait go on.
func waiting(t *testing.T, c *hubtest.Client, tags ...string) {
	t.Helper()
	hubtest.Eventually(t, fmt.Sprintf("%q wait", tags), func() bool {
		got := statusOf(t, c).Waiting
		slices.Sort(got)
		return slices.Equal(got, tags)
	})
}

func TestParamsAbsentAndNull(t *testing.T) {
	t.Parallel()
	h := start(t, hubtest.Stdio(t, hubtest.Script{Tools: []string{hubtest.Tool("params")}, Answers: map[string]string{"vendor/thing": `"result":{"ok":1}`}}))
	c := h.Legacy("/mcp", "{}")
	own := h.Legacy("/mcp/s", "{}")
	for _, x := range []struct {
		c            *hubtest.Client
		sent, answer string
	}{
		{c, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, `"tools":[`},
		{c, `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":null}`, `"tools":[`},
		{c, `{"jsonrpc":"2.0","id":1,"method":"tools/call"}`, `"code":-32602`},
		{c, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":null}`, `"code":-32602`},
		{c, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":5}}`, `"code":-32602`},
		{c, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"s__params","n\u0061me":"s__params"}}`, `"code":-32602`},
		{c, `{"jsonrpc":"2.0","id":1,"method":"resources/read"}`, `"code":-32602`},
		{c, `{"jsonrpc":"2.0","id":1,"method":"completion/complete"}`, `"code":-32602`},
		{c, `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"nobody"}}`, `"code":-32602`},
		{c, `{"jsonrpc":"2.0","id":1,"method":"vendor/thing"}`, `"code":-32601`},
		{own, `{"jsonrpc":"2.0","id":1,"method":"vendor/thing"}`, `"result":{"ok":1}`},
		{own, `{"jsonrpc":"2.0","id":1,"method":"vendor/thing","params":null}`, `"result":{"ok":1}`},
		{own, `{"jsonrpc":"2.0","id":1,"method":"vendor/other"}`, `"code":-32601`},
	} {
		if a := x.c.Send(x.sent); a.Status != 200 || !strings.Contains(a.Text(), x.answer) {
			t.Errorf("%s: %d %s, want %s", x.sent, a.Status, a.Text(), x.answer)
		}
	}
}

func TestProgressTokensOfClientsNeverMeet(t *testing.T) {
	t.Parallel()
	for _, c := range combinations {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			client := c.start(t, hubtest.Script{Tools: []string{hubtest.Tool("progress")}})
			tokens := []string{`1`, `"1"`, `1`, `"1"`, `9007199254740993`, `"\u00e9"`}
			var streams []*hubtest.Stream
			for i, token := range tokens { // the same id, too
				streams = append(streams, client("/mcp").Start("1", "tools/call",
					fmt.Sprintf(`{"_meta":{"progressToken":%s},"name":"progress","arguments":{"n":20,"tag":"client %d"}}`, token, i)))
			}
			for i, s := range streams {
				got := s.Rest()
				if len(got) != 21 {
					t.Fatalf("client %d got %d messages, want 20 and a response: %q", i, len(got), got)
				}
				for n, text := range got[:20] {
					if hubtest.Get(text, "params", "progressToken") != tokens[i] || hubtest.Get(text, "params", "progress") != fmt.Sprint(n+1) ||
						hubtest.Get(text, "params", "message") != fmt.Sprintf(`"client %d"`, i) {
						t.Errorf("client %d: message %d is %s", i, n, text)
					}
				}
				if want := fmt.Sprintf(`{"tag":"client %d"}`, i); hubtest.Get(got[20], "result", "structuredContent") != want {
					t.Errorf("client %d: response %s", i, got[20])
				}
			}
		})
	}
}

func TestCancellationOfLegacyClients(t *testing.T) {
	t.Parallel()
	for name, entry := range map[string]func(testing.TB, hubtest.Script) string{"stdio": hubtest.Stdio, "http": hubtest.Remote} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := start(t, entry(t, hubtest.Script{Tools: []string{hubtest.Tool("wait")}}))
			one, two := h.Legacy("/mcp/s", "{}"), h.Legacy("/mcp/s", "{}")
			wait := func(c *hubtest.Client, id, tag string) *hubtest.Stream {
				return c.Start(id, "tools/call", `{"name":"wait","arguments":{"tag":"`+tag+`"}}`)
			}
			number, text, other := wait(one, `1`, "number"), wait(one, `"1"`, "string"), wait(two, `1`, "other")
			waiting(t, one, "number", "other", "string")
			one.Send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"1","reason":"enough"}}`)
			waiting(t, one, "number", "other")
			if got := text.Rest(); len(got) != 0 {
				t.Errorf("a cancelled call was answered: %q", got)
			}
			one.Send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}`) // nobody's
			h.Modern("/mcp/s").Send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
			waiting(t, one, "number", "other")
			number.Close() // to disconnect is not to cancel
			waiting(t, one, "number", "other")
			if a := two.Do("DELETE"); a.Status != 204 {
				t.Fatalf("DELETE: %d", a.Status)
			}
			waiting(t, one, "number")
			if got := other.Rest(); len(got) != 1 || hubtest.Get(got[0], "error", "code") == "" {
				t.Errorf("the call of an ended session: %q, want an error", got)
			}
			if got := statusOf(t, one).Cancelled; !slices.Equal(got, []string{"string", "other"}) {
				t.Errorf("cancelled: %q", got)
			}
			one.Act("release", "{}")
			waiting(t, one)
		})
	}
}

func TestCancellationOfModernClients(t *testing.T) {
	t.Parallel()
	for _, c := range combinations {
		if !c.modernClient {
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			client := c.start(t, hubtest.Script{Tools: []string{hubtest.Tool("wait")}})
			cl := client("/mcp/odd-one")
			a := cl.Start("1", "tools/call", `{"name":"wait","arguments":{"tag":"a"}}`)
			b := cl.Start("1", "tools/call", `{"name":"wait","arguments":{"tag":"b"}}`)
			waiting(t, cl, "a", "b")
			if got := cl.Send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`); got.Status != 202 {
				t.Errorf("notification: %d %s", got.Status, got.Text())
			}
			time.Sleep(moment)
			waiting(t, cl, "a", "b")
			a.Close()
			waiting(t, cl, "b")
			cl.Act("release", "{}")
			if got := b.Rest(); len(got) != 1 || hubtest.Get(got[0], "result", "structuredContent", "tag") != `"b"` {
				t.Errorf("the other call: %q", got)
			}
			if got := statusOf(t, cl).Cancelled; !slices.Equal(got, []string{"a"}) {
				t.Errorf("cancelled: %q", got)
			}
		})
	}
}

// TestProgressToNobody: a legacy client that disconnects during a call with progress has not cancelled it.
func TestProgressToNobody(t *testing.T) {
	t.Parallel()
	h := start(t, hubtest.Stdio(t, hubtest.Script{}))
	c := h.Legacy("/mcp/s", `{"roots":{}}`)
	s := c.Start("1", hubtest.Act, `{"name":"wait","arguments":{"tag":"x"}}`)
	say := func() {
		c.Act("say", `{"text":"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":4711,\"progress\":1}}","outside":true}`)
	}
	waiting(t, c, "x")
	s.Close()
	say()
	time.Sleep(moment)
	waiting(t, c, "x")
	c.Act("release", "{}")
	waiting(t, c)
}

// TestServerDies: a call that may have taken effect fails at once and says so; one that may be asked twice is.
func TestServerDies(t *testing.T) {
	t.Parallel()
	h := start(t, hubtest.Stdio(t, hubtest.Script{Prompts: []string{`{"name":"p"}`}}))
	c := h.Modern("/mcp/s")
	pid := c.Act("pid", "{}").Get("result", "structuredContent")
	if a := c.Act("die", "{}"); a.Get("error", "code") != "502" || !strings.Contains(a.Get("error", "message"), "server s") {
		t.Errorf("the call that it died of: %d %s", a.Status, a.Text())
	}
	if a := c.Call("1", "prompts/get", `{"name":"p"}`); a.Get("result", "messages") != "[]" {
		t.Errorf("a safe call just after: %s", a.Text())
	}
	if again := c.Act("pid", "{}").Get("result", "structuredContent"); again == pid || again == "" {
		t.Errorf("process %s, before %s", again, pid)
	}
}
