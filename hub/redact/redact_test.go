package redact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestJSON(t *testing.T) {
	names := NewNames([]byte(`{"inputSchema":{"properties":{"pin":{"writeOnly":true}}}}`))
	for text, want := range map[string]string{
		`{"path":"a","token":"t"}`:                         `{"path":"a","token":"••••"}`,
		`{ "token" : "t" , "n":1}`:                         `{ "token" : "••••" , "n":1}`,
		`{"a":[{"password":"x\"y"},{"b":"c"}]}`:            `{"a":[{"password":"••••"},{"b":"c"}]}`,
		`{"secret":{"deep":["a",1]},"b":2}`:                `{"secret":"••••","b":2}`,
		`{"secret":[1,2],"b":2}`:                           `{"secret":"••••","b":2}`,
		`{"pin":1234,"token":null,"key":true}`:             `{"pin":"••••","token":null,"key":true}`,
		`{"\u0074oken":"t"}`:                               `{"\u0074oken":"••••"}`,
		`{"text":"{\"token\":\"t\",\"a\":1}"}`:             `{"text":"{\"token\":\"••••\",\"a\":1}"}`,
		`{"text":"{\"t\":\"{\\\"token\\\":\\\"x\\\"}\"}"}`: `{"text":"{\"t\":\"{\\\"token\\\":\\\"••••\\\"}\"}"}`,
		`{"token":"cut of`:                                 `{"token":"••••"`,
		`{"token":{"a":"b`:                                 `{"token":"••••"`,
		`{"token":12`:                                      `{"token":"••••"`,
		`{"text":"{\"token\":\"cut o`:                      `{"text":"{\"token\":\"••••\"`,
		`{"text":"{\"token\":\"cut\`:                       `{"text":"{\"token\":\"••••\"`,
		`{"text":"{\"a\":1,\"token\":\"cut\u00`:            `{"text":"{\"a\":1,\"token\":\"••••\"`,
		`{"OPENAI_API_KEY":"k","projectKey":"MCP"}`:        `{"OPENAI_API_KEY":"••••","projectKey":"MCP"}`,
		`{"a":9007199254740993,"b":1.50}`:                  `{"a":9007199254740993,"b":1.50}`,
		`{"a\\":"b\"","token":"\\\"t\\","c":"\\"}`:         `{"a\\":"b\"","token":"••••","c":"\\"}`,
		`{"a":"\`:              `{"a":"\`,
		`"token"`:              `"token"`,
		`no json, "token":"t"`: `no json, "token":"t"`,
		`{"token"`:             `{"token"`,
		``:                     ``,
	} {
		got, redacted := names.JSON([]byte(text))
		if string(got) != want || redacted != (text != want) {
			t.Errorf("JSON(%s)\n got %s (%v)\nwant %s", text, got, redacted, want)
		}
	}
}

func TestInSchema(t *testing.T) {
	found := inSchema([]byte(`{"name":"x","inputSchema":{"type":"object","properties":{
		"a":{"type":"string","format":"password"},"b":{"type":"string"},
		"c":{"type":"object","properties":{"d":{"writeOnly":true}}}},
		"anyOf":[{"properties":{"e":{"format":"password"}}}],"$defs":{"f":{"properties":{"g":{"writeOnly":true}}}}}}`))
	if len(found) != 4 || !found["a"] || !found["d"] || !found["e"] || !found["g"] {
		t.Errorf("found %v", found)
	}
	if len(inSchema([]byte(`not JSON`))) != 0 {
		t.Error("found something in what is no definition")
	}
}

// TestManyNames: what is remembered of names does not grow, and does not change what is secret.
func TestManyNames(t *testing.T) {
	names := NewNames(nil)
	for i := range 2 * mostJudged {
		text := fmt.Appendf(nil, `{"name%d":"a","%s%d":"b","token":"t"}`, i, strings.Repeat("x", longestJudged), i)
		if out, redacted := names.JSON(text); !redacted || !bytes.HasSuffix(out, []byte(`"token":"••••"}`)) {
			t.Fatalf("%s became %s", text, out)
		}
	}
	if len(names.judged) > mostJudged {
		t.Errorf("%d names are remembered", len(names.judged))
	}
}

func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"token":"hunter2"}`, `{"a":"{\"key\":\"hunter2\"}"}`, `[{"password":{"a":["hunter2"]}}]`, `{"token":"hunt`} {
		f.Add([]byte(seed))
	}
	names := NewNames(nil)
	f.Fuzz(func(t *testing.T, text []byte) {
		out, redacted := names.JSON(text)
		if !redacted && !bytes.Equal(out, text) {
			t.Fatal("changed without a word")
		}
		if json.Valid(text) {
			if !json.Valid(out) {
				t.Fatalf("%s became %s, which is not valid", text, out)
			}
			if again, more := names.JSON(out); more && !bytes.Equal(again, out) {
				t.Fatalf("%s: done twice it is %s", out, again)
			}
		}
		// Whatever of a text is kept, no secret is in it.
		whole := append([]byte(`{"password":"hunter2","x":`), text...)
		for _, cut := range []int{len(`{"password":"hunter2"`), len(whole)} {
			if out, _ := names.JSON(whole[:cut]); strings.HasPrefix(string(out), `{"password":"h`) {
				t.Fatalf("%s became %s", whole[:cut], out)
			}
		}
	})
}

func BenchmarkJSON(b *testing.B) {
	text := []byte(`{"path":"/home/me/notes/1.md","query":"some words","options":{"recursive":true,"maxResults":20},"content":[{"type":"text","text":"a result"}]}`)
	names := NewNames(nil)
	b.ReportAllocs()
	for b.Loop() {
		names.JSON(text)
	}
}
