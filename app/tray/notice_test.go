package tray

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"mcphub/hub/client"
)

func TestTell(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	all := Notices{true, true, true}
	failed := func(server string) client.Event {
		return event(client.EventState, server, `{"to":"failed","reason":"no such file\nmore"}`)
	}
	var to teller
	m := to.tell(failed("a"), all, now)
	if m == nil || *m != (Message{"a failed", "no such file", "/servers/a?tab=logs"}) {
		t.Fatalf("failed: %+v", m)
	}
	if m := to.tell(failed("a"), all, now.Add(time.Minute)); m != nil {
		t.Errorf("the same again: %+v", m)
	}
	if m := to.tell(failed("a"), all, now.Add(sameAgain)); m == nil {
		t.Error("nothing of the same after a while")
	}
	m = to.tell(event(client.EventState, "b", `{"to":"authorizing"}`), all, now.Add(sameAgain))
	if m == nil || m.Page != "/servers/b" {
		t.Errorf("sign-in: %+v", m)
	}
	if m := to.tell(event(client.EventLists, "b", `{"tools":true}`), all, now.Add(sameAgain)); m == nil {
		t.Error("nothing of changed tools")
	}
	for _, e := range []client.Event{
		event(client.EventLists, "c", `{"prompts":true}`), event(client.EventState, "c", `{"to":"retrying"}`), event(client.EventState, "c", `{"to":"ready"}`),
		event(client.EventStderr, "c", `{"line":"x"}`),
		{Name: client.EventAway},
		{Name: client.EventSnapshot},
	} {
		if m := to.tell(e, all, now.Add(time.Hour)); m != nil {
			t.Errorf("%s: %+v", e.Name, m)
		}
	}
	if m := to.tell(failed("d"), Notices{true, false, true}, now.Add(time.Hour)); m != nil {
		t.Errorf("switched off: %+v", m)
	}
	n := 0
	for i := range 50 {
		if to.tell(failed(fmt.Sprint("many", i)), all, now.Add(2*time.Hour)) != nil {
			n++
		}
	}
	if n != inMinute {
		t.Errorf("%d notifications at once", n)
	}
}

func TestNoticesFile(t *testing.T) {
	text, err := json.Marshal(Notices{SignInNeeded: true, ToolsChanged: true})
	if err != nil || string(text) != `{"failed":false,"signInNeeded":true,"toolsChanged":true}` {
		t.Errorf("%s, %v", text, err)
	}
	n := DefaultNotices()
	if err := json.Unmarshal([]byte(`{"failed":false,"ofLater":true}`), &n); err != nil || n != (Notices{SignInNeeded: true}) {
		t.Errorf("%v, %v", n, err)
	}
}
