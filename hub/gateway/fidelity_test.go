package gateway_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"mcphub/hub/hubtest"
)

// oddTools are definitions that the specification allows and typed models lose.
var oddTools = []string{
	`{"name":"schema","inputSchema":{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","allOf":[{"if":{"properties":{"a":{"const":1}}},"then":{"required":["b"]}}],"unevaluatedProperties":false,"x-root":9007199254740993}}`,
	`{"name":"union", "inputSchema":{"type":"object","oneOf":[{"required":["a"]},{"required":["b"]}]},  "outputSchema":{"type":"object","anyOf":[{}]}}`,
	`{"name":"unknown","inputSchema":{"type":"object"},"icons":[{"src":"data:,<&>"}],"execution":{"taskSupport":"optional"},"future":{"n":12345678901234567890},"_meta":{"big":9007199254740993}}`,
	`{"description":"caf\u00e9 \/ <b>&amp;</b>","inputSchema" : { "type" : "object" } ,"name":"escaped"}`,
}

// oddForLegacy are definitions that legacy clients refuse: as the server gives them, and as legacy clients see them.
var oddForLegacy = [][2]string{
	{
		`{"name":"list","inputSchema":{"type":"object"},"outputSchema":{"type":"array","items":{}}}`,
		`{"name":"list","inputSchema":{"type":"object"}}`,
	},
	{
		`{"name":"nulls","inputSchema":{"type":"object"},"annotations":null}`,
		`{"name":"nulls","inputSchema":{"type":"object"}}`,
	},
	{
		`{"name":"untyped","inputSchema":{"oneOf":[{}]},"outputSchema":[],"annotations":null}`,
		`{"name":"untyped","inputSchema":{"type":"object","oneOf":[{}]}}`,
	},
}

// oddAnswers are responses without their ids, by the tool's name: as a server gives them, and where legacy clients of a
// modern server need another form, that form.
var oddAnswers = map[string][2]string{
	"content":    {`"result":{"content":[{"type":"video","data":"AA==","n":9007199254740993},{"type":"text","text":"<&>\u00e9\/\u2028"}],"isError":false}`},
	"no content": {`"result":{"future":true}`},
	"object":     {`"result":{"content":[],"structuredContent":{"n":9007199254740993,  "d":1.0,"e":1E+2}}`},
	"number":     {`"result":{"content":[],"structuredContent":12345678901234567890}`, `"result":{"content":[],"structuredContent":{"value":12345678901234567890}}`},
	"array":      {`"result":{"content":[],"structuredContent":[1,"a"],"z":1}`, `"result":{"content":[],"structuredContent":{"value":[1,"a"]},"z":1}`},
	"null":       {`"result":{"content":[],"structuredContent":null}`, `"result":{"content":[],"structuredContent":{"value":null}}`},
	"meta":       {`"result":{"content":[],"_meta":{"io.example/big":9007199254740993}}`},
	"top":        {`"future": {"a":1} ,  "result" : { "content" : [ ] } , "later":null`},
	"error":      {`"error":{"code":-31999,"message":"no <b>\u00e9","data":{"n":9007199254740993},"future":1}`},
	"declined":   {`"error":{"message":"odd order","data":[],"code":-32050}`},
}

// combination is an era of the client, one of the server, and a transport between hub and server.
type combination struct{ modernClient, modernServer, remote bool }

func (c combination) String() string {
	era := map[bool]string{true: "modern", false: "legacy"}
	return fmt.Sprintf("%s client, %s server, %s", era[c.modernClient], era[c.modernServer], map[bool]string{true: "http", false: "stdio"}[c.remote])
}

var combinations = func() []combination {
	var all []combination
	for i := range 8 {
		all = append(all, combination{i&1 > 0, i&2 > 0, i&4 > 0})
	}
	return all
}()

// start runs a hub with one server of the combination, and returns a client of the combination.
func (c combination) start(t *testing.T, s hubtest.Script) func(path string) *hubtest.Client {
	t.Helper()
	s.Name, s.Modern = "odd", c.modernServer
	entry := hubtest.Stdio
	if c.remote {
		entry = hubtest.Remote
	}
	h := hubtest.Start(t, hubtest.Config(`{"builtin":false}`, "odd-one", entry(t, s))).Ready("odd-one")
	return func(path string) *hubtest.Client {
		if c.modernClient {
			return h.Modern(path)
		}
		return h.Legacy(path, "{}")
	}
}

func TestResultsPassByteForByte(t *testing.T) {
	t.Parallel()
	for _, c := range combinations {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			answers, tools := map[string]string{}, slices.Clone(oddTools)
			for _, odd := range oddForLegacy {
				tools = append(tools, odd[0])
			}
			for name, a := range oddAnswers {
				answers[name], tools = a[0], append(tools, hubtest.Tool(name))
			}
			client := c.start(t, hubtest.Script{Tools: tools, Answers: answers})
			for path, prefix := range map[string]string{"/mcp": "odd_one__", "/mcp/odd-one": ""} {
				cl := client(path)
				for i, name := range slices.Sorted(maps.Keys(oddAnswers)) {
					want := oddAnswers[name][0]
					if c.modernClient && !c.modernServer {
						for _, begin := range []string{`"result":{`, `"result" : {`} {
							want = strings.Replace(want, begin, begin+`"resultType":"complete",`, 1)
						}
					}
					if legacy := oddAnswers[name][1]; !c.modernClient && c.modernServer && legacy != "" {
						want = legacy
					}
					id := []string{"9007199254740993", `"a\u00e9\/<>"`, "-1.50", `""`, "1e3"}[i%5]
					got := cl.Call(id, "tools/call", `{"name":`+fmt.Sprintf("%q", prefix+name)+`}`)
					if got.Status != 200 || got.Text() != `{"jsonrpc":"2.0","id":`+id+`,`+want+`}` {
						t.Errorf("%s%s: %d\n got %s\nwant %s", prefix, name, got.Status, got.Text(), want)
					}
				}
				list := cl.Call("1", "tools/list", "{}").Get("result", "tools")
				for i, raw := range tools {
					want := raw
					if j := i - len(oddTools); !c.modernClient && j >= 0 && j < len(oddForLegacy) {
						want = oddForLegacy[j][1]
					}
					want = strings.Replace(want, `"name":"`, `"name":"`+prefix, 1)
					if !strings.Contains(list, want) {
						t.Errorf("%s: tools/list lacks\n     %s\n got %s", path, want, list)
					}
				}
			}
		})
	}
}

func TestParamsPassByteForByte(t *testing.T) {
	t.Parallel()
	const arguments = `{"a\u0062c":1,"k":1,"k":2,"n":9007199254740993,"f":1.10,"t":"<&>\u00e9\/",  "name":"x","_meta":{"progressToken":7}}`
	for _, c := range combinations {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			client := c.start(t, hubtest.Script{Tools: []string{hubtest.Tool("params")}})
			cl := client("/mcp/odd-one")
			for _, p := range []struct{ sent, arrives string }{
				{`{"name":"params","arguments":` + arguments + `}`, `{"name":"params","arguments":` + arguments + `}`},
				{`{"name":"p\u0061rams","future":[9007199254740993],"arguments":null}`, `{"name":"p\u0061rams","future":[9007199254740993],"arguments":null}`},
				{`{"_meta":{"io.example/n":9007199254740993,"traceparent":"00-a"},"name":"params"}`, `{"_meta":{"io.example/n":9007199254740993,"traceparent":"00-a"},"name":"params"}`},
			} {
				got := cl.Call("1", "tools/call", p.sent).Get("result", "structuredContent")
				want := p.arrives
				if c.modernServer {
					meta := hubtest.ModernMeta
					if !c.modernClient { // the hub speaks for the client
						meta = `"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"test","version":"1"}`
					}
					if rest, ok := strings.CutPrefix(want, `{"_meta":{`); ok {
						want = `{"_meta":{` + meta + `,` + rest
					} else {
						want = `{"_meta":{` + meta + `},` + want[1:]
					}
				} else if c.modernClient && !strings.HasPrefix(want, `{"_meta"`) {
					want = `{"_meta":{},` + want[1:]
				}
				if got != want {
					t.Errorf("sent    %s\n got    %s\n want   %s", p.sent, got, want)
				}
			}
			// Under the hub's name for it, only the name is another one.
			got := client("/mcp").Call("1", "tools/call", `{"arguments":`+arguments+`,"name":"odd\u005fone__params"}`).Get("result", "structuredContent")
			if want := `"arguments":` + arguments + `,"name":"params"}`; !strings.HasSuffix(got, want) {
				t.Errorf("got %s, want it to end with %s", got, want)
			}
		})
	}
}
