package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParseEntries(t *testing.T) {
	for _, c := range []struct {
		text, name string
		want       string // the entries, or a part of the error
	}{
		{`{command: 'x', n: 12345678901234567890,} // mine`, "a", `a={"command":"x","n":12345678901234567890}`},
		{`{"mcpServers": {"b": {"command": "x"}, "a": {"url": "y"}}}`, "", `b={"command":"x"} a={"url":"y"}`},
		{`{"servers": {"a": {"command": "x"}}, "inputs": []}`, "", `a={"command":"x"}`},
		{`[{"name": "a", "command": "x"}]`, "", `a={"name":"a","command":"x"}`},
		{`{"mcpServers": {}}`, "", "no servers in it"},
		{`{"command": "x"}`, "", "give the server a name"},
		{`"x"`, "", "no servers in it"},
		{`[{"command": "x"}]`, "", "line 1: a server in an array has no name"},
		{`["x"]`, "a", "must be an object"},
		{"{\n a: }", "", "line 2, column 5"},
		{" ", "a", "line 1, column 2: the file is empty"},
	} {
		entries, err := ParseEntries([]byte(c.text), c.name)
		var got []string
		for _, e := range entries {
			got = append(got, fmt.Sprintf("%s=%s", e.Name, e.Value))
		}
		if err != nil {
			got = []string{err.Error()}
		}
		if text := strings.Join(got, " "); text != c.want && (err == nil || !strings.Contains(text, c.want)) {
			t.Errorf("%s: %s, want %s", c.text, text, c.want)
		}
	}
	var file *FileError
	if _, err := ParseEntries([]byte("{"), ""); !errors.As(err, &file) {
		t.Errorf("%v is no FileError", err)
	}
}
