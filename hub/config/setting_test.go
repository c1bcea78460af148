package config

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestSetSetting(t *testing.T) {
	tests := map[string]struct {
		before     string
		key, value string // without a value it is taken out
		after      string // empty: nothing is written
		was        string
		unknown    bool
		wrong      string
	}{
		"no hub yet":     {before: `{servers: {}}`, key: "hub.history.days", value: "7", after: `{servers: {}, hub: {history: {days: 7}}}`},
		"beside others":  {before: `{"hub": {"builtin": false /* why */}}`, key: "hub.pageSize", value: "50", after: `{"hub": {"builtin": false /* why */, "pageSize": 50}}`},
		"changed":        {before: `{"hub": {"builtin": true /* why */}}`, key: "hub.builtin", value: "false", after: `{"hub": {"builtin": false /* why */}}`, was: "true"},
		"the same":       {before: `{"hub": {"builtin": true}}`, key: "hub.builtin", value: "true", was: "true"},
		"to the default": {before: `{"hub": {"nameLimit": 32, "builtin": true}}`, key: "hub.nameLimit", after: `{"hub": {"builtin": true}}`, was: "32"},
		"not there":      {before: `{"hub": {}}`, key: "hub.nameLimit"},
		"too small":      {before: `{"hub": {}}`, key: "hub.nameLimit", value: "3", wrong: "hub.nameLimit must be a whole number of at least 16"},
		"no number":      {before: `{"hub": {}}`, key: "hub.history.days", value: `"7"`, wrong: "hub.history.days must be a whole number from 1 to 3650"},
		"no version":     {before: `{"hub": {}}`, key: "hub.compatibleVersion", value: `"4.2"`, wrong: `hub.compatibleVersion must be a text like "4.2.1"`},
		"no sources":     {before: `{"hub": {}}`, key: "hub.marketplace.sources", value: `[{"name": "x"}]`, wrong: `hub.marketplace.sources: the source "x" needs a type, "registry" or "community"`},
		"another wrong":  {before: `{"hub": {"pageSize": "x"}}`, key: "hub.builtin", value: "false", after: `{"hub": {"pageSize": "x", "builtin": false}}`},
		"unknown":        {before: `{servers: {}}`, key: "hub.spoon", value: "1", unknown: true},
		"no setting":     {before: `{servers: {}}`, key: "mcpServers", value: "{}", unknown: true},
		"many":           {before: `{servers: {}}`, key: "hub.history", value: "{}", unknown: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			store, path := one(t, tt.before)
			was := store.Current().Tag(store.Current().Files[0])
			var value json.RawMessage
			if tt.value != "" {
				value = json.RawMessage(tt.value)
			}
			before, tag, err := store.SetSetting(t.Context(), "a.json", tt.key, value, was)
			wrong, _ := errors.AsType[*SettingError](err)
			switch {
			case tt.unknown:
				if !errors.Is(err, ErrUnknownSetting) {
					t.Errorf("error: %v", err)
				}
			case tt.wrong != "":
				if wrong == nil || wrong.Key != tt.key || wrong.Msg != tt.wrong {
					t.Errorf("error: %v", err)
				}
			case err != nil:
				t.Fatal(err)
			case string(before) != tt.was:
				t.Errorf("before: %s", before)
			}
			want := tt.after
			if want == "" {
				want = tt.before
			}
			if got := content(t, path); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if now := store.Current().Tag(store.Current().Files[0]); err == nil && now != tag {
				t.Errorf("the tag is %s, and %s was given", now, tag)
			}
			if tt.after == "" {
				return
			}
			if _, _, err := store.SetSetting(t.Context(), "a.json", tt.key, value, was); !errors.Is(err, ErrConflict) {
				t.Errorf("with an old tag: %v", err)
			}
		})
	}
}
