package upstream

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const allCaps = `{"tools":{"listChanged":true},"resources":{"listChanged":true},"prompts":{"listChanged":true}}`

func listText(l *Lists) string {
	return fmt.Sprintf("%s %s %s %s", l.Tools, l.Resources, l.Templates, l.Prompts)
}

func TestLists(t *testing.T) {
	const fine = `{"tools":[{"name":"a"}]}`
	tests := []struct {
		name     string
		caps     string
		pages    map[string][]string
		want     string
		problems []string // parts of them, in order
		calls    map[string]int
	}{
		{
			"all pages of all lists", allCaps,
			map[string][]string{
				"tools/list":               {`{"tools":[{"name":"a" , "x":1e2},{"name":"b"}],"nextCursor":"1"}`, `{"nextCursor":"2","tools":[]}`, `{"tools":[{"name":"c"}]}`},
				"resources/list":           {`{"resources":[{"uri":"r"}],"nextCursor":"1"}`, `{"resources":[{"uri":"s"}],"nextCursor":null}`},
				"resources/templates/list": {`{"resourceTemplates":[{"uriTemplate":"t"}]}`},
				"prompts/list":             {`{"prompts":[{"name":"p"}]}`},
			},
			`[{"name":"a" , "x":1e2} {"name":"b"} {"name":"c"}] [{"uri":"r"} {"uri":"s"}] [{"uriTemplate":"t"}] [{"name":"p"}]`, nil,
			map[string]int{"tools/list": 3, "resources/list": 2, "resources/templates/list": 1, "prompts/list": 1},
		},
		{
			"only what is declared is asked for", `{"prompts":{}}`,
			map[string][]string{"prompts/list": {`{"prompts":[]}`}},
			`[] [] [] []`, nil,
			map[string]int{"tools/list": 0, "resources/list": 0, "resources/templates/list": 0, "prompts/list": 1},
		},
		{"nothing declared", `{}`, nil, `[] [] [] []`, nil, map[string]int{"": 0}},
		{"no templates", `{"resources":{}}`, map[string][]string{"resources/list": {`{"resources":[{"uri":"r"}]}`}}, `[] [{"uri":"r"}] [] []`, []string{"resources/templates/list: the server answered: no such page"}, nil},
		{"the same cursor for ever", "", map[string][]string{"tools/list": {`{"tools":[],"nextCursor":"1"}`, `{"tools":[],"nextCursor":"1"}`}}, `[] [] [] []`, []string{"tools/list: the server gives the same page again"}, map[string]int{"tools/list": 2}},
		{"cursors in a ring", "", map[string][]string{"tools/list": {`{"tools":[{"name":"a"}],"nextCursor":"1"}`, `{"tools":[{"name":"b"}],"nextCursor":"2"}`, `{"tools":[{"name":"c"}],"nextCursor":"1"}`}}, `[{"name":"a"} {"name":"b"} {"name":"c"}] [] [] []`, []string{"tools/list: the server gives the same page again"}, map[string]int{"tools/list": 3}},
		{"an error", allCaps, map[string][]string{"tools/list": {fine}, "resources/list": {}, "resources/templates/list": {`{"resourceTemplates":[]}`}, "prompts/list": {`{"prompts":{}}`}}, `[{"name":"a"}] [] [] []`, []string{"resources/list: the server answered: no such page (-32000)", `prompts/list: the server's answer has no array "prompts"`}, nil},
		{"an error on the second page", "", map[string][]string{"tools/list": {`{"tools":[{"name":"a"}],"nextCursor":"7"}`}}, `[] [] [] []`, []string{"no such page"}, nil},
		{"no object", "", map[string][]string{"tools/list": {`[]`}}, `[] [] [] []`, []string{"no array"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := legacyScript(t)
			s.Caps, s.Pages = test.caps, test.pages
			r := run(t, map[string]any{"s": entry(t, s)})
			st := r.reaches("s", Ready)
			if got := listText(r.Get("s").Lists()); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if len(st.Problems) != len(test.problems) || (st.Health.Level == LevelOK) != (test.problems == nil) {
				t.Errorf("problems %q, health %+v", st.Problems, st.Health)
			}
			for i, problem := range test.problems {
				if i < len(st.Problems) && !strings.Contains(st.Problems[i], problem) {
					t.Errorf("problem %q, want %q", st.Problems[i], problem)
				}
			}
			for method, n := range test.calls {
				if got := len(s.journal(t, method+" ")); got != n {
					t.Errorf("%s was asked %d times, want %d", method, got, n)
				}
			}
		})
	}
}

// TestListsChange: notifications in great number make few requests, and only for the list that they name.
func TestListsChange(t *testing.T) {
	const storm = 1000
	s := legacyScript(t)
	s.Caps, s.Pages = allCaps, map[string][]string{
		"resources/list": {`{"resources":[]}`}, "resources/templates/list": {`{"resourceTemplates":[]}`}, "prompts/list": {},
	}
	r := run(t, map[string]any{"s": entry(t, s)})
	st := r.reaches("s", Ready)
	result(t, r.conn("s"), tool("raw", arguments{Raw: b64(strings.Repeat(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`+"\n", storm))}))
	eventually(t, "the tools are read again", func() bool { return len(s.journal(t, "tools/list")) > 1 })
	time.Sleep(50 * time.Millisecond)
	if n := len(s.journal(t, "tools/list")); n > 10 {
		t.Errorf("%d requests for %d notifications", n, storm)
	}
	for _, method := range []string{"resources/list", "resources/templates/list", "prompts/list"} {
		if n := len(s.journal(t, method)); n != 1 {
			t.Errorf("%s: %d requests", method, n)
		}
	}
	if now := r.Get("s").Status(); len(st.Problems) != 1 || !slices.Equal(now.Problems, st.Problems) {
		t.Errorf("problems %q, then %q", st.Problems, now.Problems)
	}
}

// TestListsChangeWhileRead: a list that changes while it is read at the start is read again.
func TestListsChangeWhileRead(t *testing.T) {
	s := legacyScript(t)
	s.Pages = map[string][]string{"tools/list": {`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}` + "\n" + `{"tools":[{"name":"a"}]}`}}
	r := run(t, map[string]any{"s": entry(t, s)})
	r.reaches("s", Ready)
	eventually(t, "the tools are read again", func() bool { return len(s.journal(t, "tools/list")) > 1 })
}

// TestProblemGoes: a list that could not be read, and then can, is no problem any more, and the other way round.
func TestProblemGoes(t *testing.T) {
	s := script{Legacy: true, Journal: filepath.Join(t.TempDir(), "journal"), Flip: true}
	r := run(t, map[string]any{"s": entry(t, s)})
	changed := tool("raw", arguments{Raw: b64(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}` + "\n")})
	r.reaches("s", Ready)
	for i := range 4 {
		bad := i%2 == 1
		eventually(t, fmt.Sprintf("it has a problem: %v", bad), func() bool {
			st := r.Get("s").Status()
			return (len(st.Problems) > 0) == bad && (st.Health.Level == LevelWarn) == bad
		})
		if got := listText(r.Get("s").Lists()); got != `[{"name":"echo"}] [] [] []` {
			t.Errorf("lists %s", got)
		}
		result(t, r.conn("s"), changed)
	}
}
