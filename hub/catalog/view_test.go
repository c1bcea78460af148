package catalog_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mcphub/hub/hubtest"
)

// list reads a list page by page, and returns the values of a member of all items.
func list(t *testing.T, c *hubtest.Client, method, key, member string) []string {
	t.Helper()
	var all []string
	params := "{}"
	for range 100 {
		a := c.Call("1", method, params)
		var items []map[string]json.RawMessage
		if err := json.Unmarshal([]byte(a.Get("result", key)), &items); err != nil {
			t.Fatalf("%s: %v: %s", method, err, a.Text())
		}
		for _, item := range items {
			var value string
			if err := json.Unmarshal(item[member], &value); err != nil {
				t.Fatalf("%s: %v", method, err)
			}
			all = append(all, value)
		}
		next := a.Get("result", "nextCursor")
		if next == "" {
			return all
		}
		params = `{"cursor":` + next + `}`
	}
	t.Fatalf("%s: no end of pages", method)
	return nil
}

func tools(names ...string) []string {
	var all []string
	for _, name := range names {
		all = append(all, hubtest.Tool(name))
	}
	return all
}

func TestNames(t *testing.T) {
	long := strings.Repeat("long_", 14)
	h := hubtest.Start(t, hubtest.Config(`{"builtin":false,"pageSize":2}`,
		"my-one", hubtest.Stdio(t, hubtest.Script{Name: "1", Tools: tools("params", "only", long, long+"2"), Prompts: []string{`{"name":"p"}`}})+`,"disabled_tools":["off"]`,
		"my.one", hubtest.Stdio(t, hubtest.Script{Name: "2", Tools: tools("params", "off"), Prompts: []string{`{"name":"p"}`, `{"name":"off"}`}})+`,"disabled_tools":["off"],"disabled_prompts":["off"]`,
	)).Ready("my-one", "my.one")
	for _, c := range []*hubtest.Client{h.Modern("/mcp"), h.Legacy("/mcp", "{}")} {
		got := list(t, c, "tools/list", "tools", "name")
		if len(got) != 5 || got[0] != "my_one__params" || got[1] != "my_one__only" || got[4] != "my_one_1__params" {
			t.Fatalf("tools: %q", got)
		}
		for _, name := range got[2:4] {
			if len(name) != 64 || !strings.HasPrefix(name, "my_one__long_") || got[2] == got[3] {
				t.Errorf("a long name became %q", name)
			}
		}
		if got := list(t, c, "prompts/list", "prompts", "name"); !slices.Equal(got, []string{"my_one__p", "my_one_1__p"}) {
			t.Errorf("prompts: %q", got)
		}
		for name, want := range map[string]string{
			"my_one__params": `"name":"params"`, "my_one_1__params": `"name":"params"`, got[3]: "", // the fixture has no such act
			"params": "Unknown tool", "off": "Unknown tool", "my_one_1__off": "Unknown tool", "only": "no such tool", long: "no such tool",
		} {
			if a := c.Call("1", "tools/call", `{"name":"`+name+`"}`); !strings.Contains(a.Text(), want) {
				t.Errorf("%s: %s, want %s", name, a.Text(), want)
			}
		}
		for name, want := range map[string]string{"my_one_1__p": `"name":"p"`, "p": "Unknown prompt", "off": "Unknown prompt"} {
			if a := c.Call("1", "prompts/get", `{"name":"`+name+`"}`); !strings.Contains(a.Text(), want) {
				t.Errorf("%s: %s, want %s", name, a.Text(), want)
			}
		}
		if a := c.Call("1", "tools/list", `{"cursor":"after:nobody"}`); a.Get("error", "code") != "-32602" {
			t.Errorf("a stale cursor: %s", a.Text())
		}
	}
	if got := list(t, h.Modern("/mcp/my.one"), "tools/list", "tools", "name"); !slices.Equal(got, []string{"params"}) {
		t.Errorf("its own view: %q", got)
	}
}

func TestMalformedItems(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config(`{"builtin":false}`, "s", hubtest.Stdio(t, hubtest.Script{Tools: []string{
		`{"name":"a","inputSchema":{}}`, `{"inputSchema":{}}`, `{"name":5,"inputSchema":{}}`, `{"name":"","inputSchema":{}}`, `{"name":"no schema"}`,
		`{"name":"null","inputSchema":null}`, `{"name":"twice","name":"twice","inputSchema":{}}`, `null`, `"text"`, `[]`,
		`{"name":"a","inputSchema":{},"description":"again"}`, `{"name":"z","inputSchema":{}}`,
	}, Resources: []string{`{"name":"no uri"}`, `{"uri":"x://a"}`}}))).Ready("s")
	c := h.Modern("/mcp/s")
	if got := list(t, c, "tools/list", "tools", "name"); !slices.Equal(got, []string{"a", "z"}) {
		t.Errorf("tools: %q", got)
	}
	if got := list(t, c, "resources/list", "resources", "uri"); !slices.Equal(got, []string{"x://a"}) {
		t.Errorf("resources: %q", got)
	}
}

// reading is a script with resources that tell whose they are.
func reading(name string, answers map[string]string) hubtest.Script {
	s := hubtest.Script{Name: name, Answers: map[string]string{}}
	for uri, text := range answers {
		s.Answers[uri] = fmt.Sprintf(`"result":{"contents":[{"uri":%q,"text":%q,"n":9007199254740993},{"uri":"x://part"}]}`, uri, text)
	}
	return s
}

func TestResources(t *testing.T) {
	one := reading("one", map[string]string{"x://same": "one", "x://items/7": "one's item", "y://hidden": "one's hidden"})
	one.Resources, one.Templates = []string{`{"uri":"x://same","name":"s"}`}, []string{`{"uriTemplate":"x://items/{id}","name":"t"}`}
	two := reading("two", map[string]string{"x://same": "two", "x://things/7": "two's thing", "z://hidden": "two's hidden"})
	two.Modern, two.Resources = true, []string{`{"uri":"x://same","name":"s"}`, `{"uri":"w://own","name":"o"}`}
	two.Templates = []string{`{"uriTemplate":"x://things/{id}","name":"t"}`, `{"uriTemplate":"x://items/{id}","name":"t"}`}
	h := hubtest.Start(t, hubtest.Config(`{"builtin":false}`, "a one", hubtest.Stdio(t, one), "b two", hubtest.Remote(t, two))).Ready("a one", "b two")
	for _, c := range []*hubtest.Client{h.Modern("/mcp"), h.Legacy("/mcp", "{}")} {
		if got := list(t, c, "resources/list", "resources", "uri"); !slices.Equal(got, []string{"x://same", "b_two+x://same", "w://own"}) {
			t.Errorf("resources: %q", got)
		}
		if got := list(t, c, "resources/templates/list", "resourceTemplates", "uriTemplate"); !slices.Equal(got, []string{"x://items/{id}", "x://things/{id}", "b_two+x://items/{id}"}) {
			t.Errorf("templates: %q", got)
		}
		for uri, want := range map[string]string{
			"x://same": "one", "b_two+x://same": "two", "x://items/7": "one's item", "x://things/7": "two's thing",
			"b_two+x://things/7": "two's thing", "y://hidden": "one's hidden", "z://hidden": "two's hidden", `x:\/\/same`: "one",
		} {
			a := c.Call("1", "resources/read", `{"uri":"`+uri+`"}`)
			if wanted := `{"uri":"` + uri + `","text":"` + want + `","n":9007199254740993},{"uri":"x://part"}`; uri != `x:\/\/same` && !strings.Contains(a.Text(), wanted) || !strings.Contains(a.Text(), want) {
				t.Errorf("%s: %s, want %s", uri, a.Text(), wanted)
			}
		}
	}
	for code, c := range map[string]*hubtest.Client{"-32602": h.Modern("/mcp"), "-32002": h.Legacy("/mcp/a one", "{}")} {
		if a := c.Call("1", "resources/read", `{"uri":"v://nobody"}`); a.Get("error", "code") != code {
			t.Errorf("an unknown resource: %s, want %s", a.Text(), code)
		}
	}
}

// TestTakenNames: no name is listed twice (a tool whose name is taken gets a number), and none leads to another server than the first that had it.
func TestTakenNames(t *testing.T) {
	one := hubtest.Script{Resources: []string{`{"uri":"x://a"}`, `{"uri":"b+x://a"}`}, Tools: tools("b__c", "d"), Answers: map[string]string{"b+x://a": `"result":{"contents":[]}`}}
	two := hubtest.Script{Resources: []string{`{"uri":"x://a"}`}, Tools: tools("c")}
	h := hubtest.Start(t, hubtest.Config(`{"builtin":false}`, "a", hubtest.Stdio(t, one), "a__b", hubtest.Stdio(t, two), "b", hubtest.Stdio(t, two))).Ready("a", "a__b", "b")
	c := h.Modern("/mcp")
	if got := list(t, c, "resources/list", "resources", "uri"); !slices.Equal(got, []string{"x://a", "b+x://a", "a__b+x://a"}) {
		t.Errorf("resources: %q", got)
	}
	if got := list(t, c, "tools/list", "tools", "name"); !slices.Equal(got, []string{"a__b__c", "a__d", "a__b__c_1", "b__c"}) {
		t.Errorf("tools: %q", got)
	}
	if a := c.Call("1", "resources/read", `{"uri":"b+x://a"}`); a.Get("result", "contents") != "[]" {
		t.Errorf("read: %s", a.Text())
	}
}

func TestCompletion(t *testing.T) {
	s := hubtest.Script{Prompts: []string{`{"name":"p"}`}, Templates: []string{`{"uriTemplate":"x://{id}","name":"t"}`}}
	h := hubtest.Start(t, hubtest.Config(`{"builtin":false}`, "a", hubtest.Stdio(t, s), "b", hubtest.Stdio(t, s))).Ready("a", "b")
	for _, x := range []struct{ sent, arrives, heard string }{
		{`{"type":"ref/prompt","name":"b__p","n":9007199254740993}`, `{"type":"ref/prompt","name":"p","n":9007199254740993}`, "b"},
		{`{"type":"ref/prompt","name":"a__p"}`, `{"type":"ref/prompt","name":"p"}`, "a"},
		{`{"type":"ref/resource","uri":"x://{id}"}`, `{"type":"ref/resource","uri":"x://{id}"}`, "a"},
		{`{"type":"ref/resource","uri":"b+x://{id}"}`, `{"type":"ref/resource","uri":"x://{id}"}`, "b"},
		{`{"type":"ref/prompt","name":"p"}`, "", ""},
		{`{"type":"ref/tool","name":"p"}`, "", ""},
	} {
		argument := `"argument":{"name":"id","value":"` + jsonName(x.sent) + `"}`
		a := h.Legacy("/mcp", "{}").Call("1", "completion/complete", `{"ref":`+x.sent+`,`+argument+`}`)
		if x.heard == "" {
			if a.Get("error", "code") != "-32602" {
				t.Errorf("%s: %s", x.sent, a.Text())
			}
			continue
		}
		if want := `{"ref":` + x.arrives + `,` + argument + `}`; a.Get("result", "params") != want {
			t.Errorf("%s: %s, want %s", x.sent, a.Text(), want)
		}
		var status hubtest.Status
		if err := json.Unmarshal([]byte(h.Modern("/mcp/"+x.heard).Act("status", "{}").Get("result", "structuredContent")), &status); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.Join(status.Heard, "\n"), argument) {
			t.Errorf("%s: server %s heard %q", x.sent, x.heard, status.Heard)
		}
	}
}

// jsonName makes a text unique to a question without characters that JSON escapes.
func jsonName(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '"' || r == '\\' {
			return '\''
		}
		return r
	}, s)
}

func TestInstructions(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config(`{"builtin":false,"instructionsLimit":100}`,
		"a", hubtest.Stdio(t, hubtest.Script{Name: "a", Instructions: " Short. \n"}),
		"b", hubtest.Stdio(t, hubtest.Script{Name: "b", Instructions: strings.Repeat("ünï ", 100)}),
		"c", hubtest.Stdio(t, hubtest.Script{Name: "c"}),
	)).Ready("a", "b", "c")
	var got string
	if err := json.Unmarshal([]byte(h.Legacy("/mcp", "{}").Greet.Get("result", "instructions")), &got); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got, "## a\n\nShort.\n\n## b\n\nünï ") || len(got) > 100 || !strings.HasSuffix(got, "cut off by the hub.]") {
		t.Errorf("%d bytes: %q", len(got), got)
	}
	if got := h.Legacy("/mcp/c", "{}").Greet.Get("result", "instructions"); got != "" {
		t.Errorf("instructions of a server that gives none: %s", got)
	}
}
