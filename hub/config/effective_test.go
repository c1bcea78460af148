package config

import (
	"log/slog"
	"reflect"
	"testing"
)

func TestEffective(t *testing.T) {
	snapshot := load(t, map[string]string{
		"a.json": "{mcpServers: {\n  one: {command: 'a', env: {K: '${SECRET}'}},\n  two: {command: 'a'}},\n hub: {pageSize: 5}, x: 1}",
		"b.json": "{\"servers\": {\n  \"two\": {\"command\": \"b\"},\n  \"two\": {\"command\": \"c\"}},\n \"x\": [2]}",
		"c.json": "[{name: 'two', url: 'https://h/'}]",
	}, "a.json", "none.json", "b.json", "c.json")
	want := Effective{
		Servers: []Setting{
			{"one", []byte(`{"command":"a","env":{"K":"${SECRET}"}}`), Position{"a.json", 2, 3}, nil},
			{"two", []byte(`{"name":"two","url":"https://h/"}`), Position{"c.json", 1, 2}, []Position{{"b.json", 3, 3}, {"b.json", 2, 3}, {"a.json", 3, 3}}},
		},
		Keys: []Setting{
			{"hub", []byte(`{"pageSize":5}`), Position{"a.json", 4, 2}, nil},
			{"x", []byte(`[2]`), Position{"b.json", 4, 2}, []Position{{"a.json", 4, 22}}},
		},
	}
	if got := snapshot.Effective(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := slog.AnyValue(want.Servers[0]).Resolve().String(); got != "one" {
		t.Errorf("the log shows %s", got)
	}
}

func TestValidate(t *testing.T) {
	tests := map[string]struct {
		text string
		want []Diagnostic // of those the places
	}{
		"good":       {`{mcpServers: {s: {command: "c"}}, hub: {pageSize: 5}, x: 1}`, nil},
		"broken":     {"{\n  mcpServers: {", []Diagnostic{{Severity: Error, Line: 2, Column: 16}}},
		"empty":      {"// c", []Diagnostic{{Severity: Error, Line: 1, Column: 5}}},
		"no servers": {"{x: 1}", []Diagnostic{{Severity: Error, Line: 1, Column: 1}}},
		"array":      {"[{command: 'c'}, 5]", []Diagnostic{{Severity: Error, Line: 1, Column: 2}, {Severity: Error, Line: 1, Column: 18}}},
		"in their order": {
			"{hub: {pageSize: 'x'},\n mcpServers: {\n  s: {url: 'x', disabled: 'y'},\n  a: {}}}", []Diagnostic{
				{Severity: Error, Line: 1, Column: 18},
				{Severity: Error, Server: "s", Line: 3, Column: 12},
				{Severity: Warning, Server: "s", Line: 3, Column: 27},
				{Severity: Error, Server: "a", Line: 4, Column: 3},
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := Validate([]byte(test.text), "f.json")
			for i := range got {
				if got[i].Message == "" || got[i].File != "f.json" {
					t.Errorf("diagnostic %+v", got[i])
				}
				got[i].Message, got[i].Action, got[i].File = "", "", ""
			}
			if len(got) != len(test.want) || len(got) > 0 && !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}
