package catalog

import (
	"encoding/json"
	"strings"
	"testing"

	"mcphub/hub/jsonrpc"
)

func TestForLegacy(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{`{"name":"a","inputSchema":{"type":"object"}}`, ``},
		{`{ "name":"a" ,"inputSchema":{"type":"object","properties":{"x":{"type":["string","null"]}},"required":[]},"annotations":{},"outputSchema":{"type":"object"},"future":null}`, ``},
		{`{"name":"a","inputSchema":{}}`, `{"name":"a","inputSchema":{"type":"object"}}`},
		{`{"name":"a","inputSchema":{"type":["object","null"],"x":1}}`, `{"name":"a","inputSchema":{"type":"object","x":1}}`},
		{`{"name":"a","inputSchema":{"anyOf":[{}]}}`, `{"name":"a","inputSchema":{"type":"object","anyOf":[{}]}}`},
		{`{"name":"a","inputSchema":{"type":"object","properties":null,"required":null}}`, `{"name":"a","inputSchema":{"type":"object"}}`},
		{`{"name":"a","inputSchema":{"type":"object","properties":{"y":true,"n":false,"o":{}}}}`, `{"name":"a","inputSchema":{"type":"object","properties":{"y":{},"n":{"not":{}},"o":{}}}}`},
		{`{"outputSchema":{"type":"array"},"name":"a","inputSchema":{"type":"object"}}`, `{"name":"a","inputSchema":{"type":"object"}}`},
		{`{"name":"a","inputSchema":{"type":"object"},"outputSchema":true,"annotations":null}`, `{"name":"a","inputSchema":{"type":"object"}}`},
		{`{"name":"a","inputSchema":{"type":"object"},"outputSchema":{"type":"object","required":null}}`, `{"name":"a","inputSchema":{"type":"object"},"outputSchema":{"type":"object"}}`},
		{`{"annotations":null,"name":"a","title":null,"description":5,"inputSchema":{"type":"object"},"icons":null,"_meta":null,"execution":null}`, `{"name":"a","inputSchema":{"type":"object"}}`},
		{`{"name":"a","annot\u0061tions":null,"inputSchema":{"type":"object"}}`, `{"name":"a","inputSchema":{"type":"object"}}`},
	} {
		got := forLegacy([]byte(c.raw))
		if want := c.want; want == "" && string(got) != c.raw || want != "" && string(got) != want {
			t.Errorf("%s\n got %s\nwant %s", c.raw, got, want)
		}
	}
}

// refusedBy says why a strict client of a legacy revision (the TypeScript SDK 1.x) refuses a tool; empty if it does not.
func refusedBy(tool []byte) string {
	get := func(keys ...string) []byte { return jsonrpc.Get(tool, jsonrpc.All(tool), keys...).In(tool) }
	for key, want := range legacyType {
		if value := get(key); value != nil && value[0] != want {
			return key
		}
	}
	for _, schema := range []string{"inputSchema", "outputSchema"} {
		if get(schema) == nil && schema == "outputSchema" {
			continue
		}
		if string(get(schema, "type")) != `"object"` {
			return schema + ".type"
		}
		if required := get(schema, "required"); required != nil && required[0] != '[' {
			return schema + ".required"
		}
		if properties := get(schema, "properties"); properties != nil {
			if properties[0] != '{' {
				return schema + ".properties"
			}
			for it := jsonrpc.Members(properties, jsonrpc.All(properties)); it.Next(); {
				if properties[it.Value.Start] != '{' {
					return schema + ".properties." + string(it.Key.In(properties))
				}
			}
		}
	}
	return ""
}

func FuzzForLegacy(f *testing.F) {
	for _, s := range []string{
		`{"name":"a","inputSchema":{"type":"object","properties":{"a":true,"b":null}},"outputSchema":[],"annotations":null}`,
		`{"inputSchema":{ },"outputSchema":{"type":"object"},"name":"a","outputSchema":1,"_meta":[1]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if jsonrpc.Valid(raw) != nil {
			return
		}
		if _, err := newItem(nil, Tools, raw); err != nil {
			return
		}
		got := forLegacy(raw)
		if !json.Valid(got) {
			t.Fatalf("%s became %s", raw, got)
		}
		if again := forLegacy(got); string(again) != string(got) {
			t.Fatalf("%s became %s, and then %s", raw, got, again)
		}
		if why := refusedBy(got); why != "" && !strings.Contains(string(raw), "\\") { // "type":"\u006fbject" is one, too
			t.Fatalf("%s became %s, whose %s is refused", raw, got, why)
		}
	})
}
