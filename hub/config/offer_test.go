package config

import (
	"errors"
	"testing"
)

func TestSetOffered(t *testing.T) {
	tests := map[string]struct {
		before  string
		offered map[string]bool
		after   string
	}{
		"first":          {`{servers: {s: {command: 'c', /* why */}}}`, map[string]bool{"b": false, "a": false, "x": true}, `{servers: {s: {command: 'c', disabled_tools: ['a', 'b'], /* why */}}}`},
		"one more":       {`{"servers": {"s": {"command": "c", "disabled_tools": ["z" /* slow */]}}}`, map[string]bool{"a": false}, `{"servers": {"s": {"command": "c", "disabled_tools": ["z" /* slow */, "a"]}}}`},
		"one less":       {`{"servers": {"s": {"command": "c", "disabled_tools": ["z", "a"]}}}`, map[string]bool{"z": true}, `{"servers": {"s": {"command": "c", "disabled_tools": ["a"]}}}`},
		"none any more":  {`{"servers": {"s": {"command": "c", "disabled_tools": ["z"]}}}`, map[string]bool{"z": true}, `{"servers": {"s": {"command": "c"}}}`},
		"is so already":  {`{"servers": {"s": {"command": "c", "disabled_tools": ["z"]}}}`, map[string]bool{"z": false, "a": true}, `{"servers": {"s": {"command": "c", "disabled_tools": ["z"]}}}`},
		"nothing at all": {`{"servers": {"s": {"command": "c"}}}`, nil, `{"servers": {"s": {"command": "c"}}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			store, path := one(t, test.before)
			if err := store.SetOffered(t.Context(), "s", HidesTools, test.offered); err != nil {
				t.Fatal(err)
			}
			if got := content(t, path); got != test.after {
				t.Errorf("got  %s\nwant %s", got, test.after)
			}
		})
	}
	store, _ := one(t, `{"servers": {}}`)
	if err := store.SetOffered(t.Context(), "s", HidesTools, nil); !errors.Is(err, ErrUnknownServer) {
		t.Errorf("of no server: %v", err)
	}
}

func TestDraft(t *testing.T) {
	store, path := one(t, `{"servers": {}}`)
	s, err := store.Draft("s", []byte(`{command: '${cwd}/c', args: ['x']}`))
	if err != nil || s.Err != nil {
		t.Fatalf("%v, %+v", err, s)
	}
	if r, err := s.Resolve(t.Context()); err != nil || len(r.Args) != 1 {
		t.Errorf("%v, %v", r, err)
	}
	if s, err := store.Draft("s", []byte(`{}`)); err != nil || s.Err == nil {
		t.Errorf("an entry that cannot run: %v, %+v", err, s)
	}
	for _, text := range []string{"", "5", "{"} {
		if _, err := store.Draft("s", []byte(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if got := content(t, path); got != `{"servers": {}}` {
		t.Errorf("the file holds %s", got)
	}
}
