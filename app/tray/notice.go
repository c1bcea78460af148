package tray

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"mcphub/hub/client"
)

// Notice is a kind of thing that the person is told of.
type Notice int

// The kinds of notices.
const (
	SignInNeeded Notice = iota
	Failed
	ToolsChanged
	noticeKinds
)

// noticeNames are the names of the notices' switches.
var noticeNames = [noticeKinds]string{"A server needs you to sign in", "A server failed", "The tools of a server changed"}

// Notices says of which things the person is told.
type Notices [noticeKinds]bool

// DefaultNotices returns what needs a person.
func DefaultNotices() Notices { return Notices{SignInNeeded: true, Failed: true} }

// noticeKeys are the names of the notices in files.
var noticeKeys = [noticeKinds]string{"signInNeeded", "failed", "toolsChanged"}

// MarshalJSON writes an object of switches.
func (n Notices) MarshalJSON() ([]byte, error) {
	switches := map[string]bool{}
	for i, key := range noticeKeys {
		switches[key] = n[i]
	}
	return json.Marshal(switches)
}

// UnmarshalJSON reads one. Switches that are not there stay as they are.
func (n *Notices) UnmarshalJSON(text []byte) error {
	switches := map[string]bool{}
	if err := json.Unmarshal(text, &switches); err != nil {
		return err
	}
	for i, key := range noticeKeys {
		if on, given := switches[key]; given {
			n[i] = on
		}
	}
	return nil
}

// Message is what a notification says, and where a click leads.
type Message struct {
	Title, Text string
	Page        string // in the dashboard
}

// How much a person is told at most: one and the same thing, and in all.
const (
	sameAgain = 10 * time.Minute
	inMinute  = 4
)

// teller turns events into notifications, and keeps them few.
type teller struct {
	told   map[told]time.Time
	recent []time.Time
}

type told struct {
	notice Notice
	server string
}

// tell returns what to say about an event, nil if nothing.
func (t *teller) tell(e client.Event, wanted Notices, now time.Time) *Message {
	notice, m := message(e)
	if m == nil || !wanted[notice] {
		return nil
	}
	key := told{notice, e.Server}
	for len(t.recent) > 0 && now.Sub(t.recent[0]) > time.Minute {
		t.recent = t.recent[1:]
	}
	if at, known := t.told[key]; known && now.Sub(at) < sameAgain || len(t.recent) >= inMinute {
		return nil
	}
	if t.told == nil {
		t.told = map[told]time.Time{}
	}
	t.told[key] = now
	t.recent = append(t.recent, now)
	return m
}

// message returns what an event is worth telling, nil if nothing.
func message(e client.Event) (Notice, *Message) {
	name := e.Server
	for _, s := range e.Servers {
		if s.Name == e.Server {
			name = label(s)
			if s.Builtin {
				return 0, nil
			}
		}
	}
	name = title(name)
	var data struct {
		To, Reason, From string
		Tools            bool
	}
	if json.Unmarshal(e.Data, &data) != nil {
		return 0, nil
	}
	reason, _, _ := strings.Cut(data.Reason, "\n")
	switch {
	case e.Name == client.EventState && data.To == client.StateAuthorizing:
		return SignInNeeded, &Message{name + " needs you to sign in", "It cannot be used until you have.", serverPage(e.Server, "")}
	case e.Name == client.EventState && data.To == client.StateFailed:
		return Failed, &Message{name + " failed", cmp.Or(title(reason), "It is not tried again by itself."), serverPage(e.Server, "logs")}
	case e.Name == client.EventLists && data.Tools:
		return ToolsChanged, &Message{name + " has other tools now", "See whether you want them all.", serverPage(e.Server, "tools")}
	}
	return 0, nil
}
