package config

import (
	"errors"
	"testing"
)

func TestSetHistory(t *testing.T) {
	no, days, mb := false, 7, 100
	tests := map[string]struct {
		before string
		change HistoryChange
		after  string
	}{
		"no hub yet":    {`{servers: {}}`, HistoryChange{Enabled: &no}, `{servers: {}, hub: {history: {enabled: false}}}`},
		"beside others": {`{"hub": {"builtin": false /* why */}}`, HistoryChange{Days: &days}, `{"hub": {"builtin": false /* why */, "history": {"days": 7}}}`},
		"changed":       {`{"hub": {"history": {"days": 30 /* a month */, "enabled": true}}}`, HistoryChange{Days: &days, Bodies: &no, MaxMB: &mb}, `{"hub": {"history": {"days": 7 /* a month */, "enabled": true, "bodies": false, "maxMB": 100}}}`},
		"nothing":       {`{"hub": {"history": {}}}`, HistoryChange{}, `{"hub": {"history": {}}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			store, path := one(t, test.before)
			if err := store.SetHistory(t.Context(), test.change); err != nil {
				t.Fatal(err)
			}
			if got := content(t, path); got != test.after {
				t.Errorf("got  %s\nwant %s", got, test.after)
			}
		})
	}
}

func TestSetRecording(t *testing.T) {
	store, path := one(t, `{servers: {s: {command: 'c'}}}`)
	for _, step := range []struct {
		what  Recording
		after string
	}{
		{RecordNothing, `{servers: {s: {command: 'c', history: false}}}`},
		{RecordNoBodies, `{servers: {s: {command: 'c', history: 'no bodies'}}}`},
		{RecordNoBodies, `{servers: {s: {command: 'c', history: 'no bodies'}}}`},
		{RecordAll, `{servers: {s: {command: 'c'}}}`},
	} {
		if err := store.SetRecording(t.Context(), "s", step.what); err != nil {
			t.Fatal(err)
		}
		if got := content(t, path); got != step.after {
			t.Errorf("%s: got  %s\nwant %s", step.what, got, step.after)
		}
		if s, _ := store.Current().Server("s"); s.History != step.what {
			t.Errorf("%s: the server has %q", step.what, s.History)
		}
	}
	if err := store.SetRecording(t.Context(), "none", RecordAll); !errors.Is(err, ErrUnknownServer) {
		t.Errorf("of no server: %v", err)
	}
}
