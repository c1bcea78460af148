package tray

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"mcphub/hub/client"
)

// maxProblems is how many errors the menu remembers.
const maxProblems = 10

// State is all that the menu and the icon depend on. The zero State is a hub that does not answer.
type State struct {
	Reachable bool
	Hub       string                 // state of the hub, such as "ready"
	Servers   []client.ManagedServer // sorted by name, without the hub's own tools
	Problems  []Problem              // the newest last
	Autostart bool                   // the program is started at login
	Notify    Notices                // what the person is told of
}

// Problem is something that went wrong with a server.
type Problem struct {
	Time   time.Time
	Server string
	Text   string
}

// Take brings the state up to date with an event. What makes no sense changes nothing.
func (s *State) Take(e client.Event) {
	s.Reachable = e.Name != client.EventAway
	switch e.Name {
	case client.EventSnapshot:
		s.Hub, s.Servers = e.Hub.State, nil
	case client.EventHub:
		var hub client.HubState
		if json.Unmarshal(e.Data, &hub) == nil {
			s.Hub = hub.State
		}
	case client.EventState:
		s.remember(e)
	case client.EventUpdated:
		var changes struct{ Removed []string }
		if json.Unmarshal(e.Data, &changes) == nil {
			s.Servers = slices.DeleteFunc(slices.Clone(s.Servers), func(m client.ManagedServer) bool { return slices.Contains(changes.Removed, m.Name) })
		}
	}
	if len(e.Servers) == 0 {
		return
	}
	s.Servers = slices.Clone(s.Servers) // a menu may still be made of the old ones
	for _, m := range e.Servers {
		if m.Builtin {
			continue
		}
		at, known := slices.BinarySearchFunc(s.Servers, m.Name, func(a client.ManagedServer, name string) int { return strings.Compare(a.Name, name) })
		if known {
			s.Servers[at] = m
		} else {
			s.Servers = slices.Insert(s.Servers, at, m)
		}
	}
}

// remember keeps why a server failed.
func (s *State) remember(e client.Event) {
	var change struct{ To, Reason string }
	if json.Unmarshal(e.Data, &change) != nil || change.To != client.StateFailed && change.To != client.StateRetrying {
		return
	}
	text, _, _ := strings.Cut(change.Reason, "\n")
	kept := slices.Clone(s.Problems[max(0, len(s.Problems)-maxProblems+1):])
	s.Problems = append(kept, Problem{Time: e.Time, Server: e.Server, Text: text})
}

// Level is what the icon shows, by its shape.
type Level int

// The levels, from the best to the worst.
const (
	OK    Level = iota
	Away        // the hub does not answer, or is not ready yet
	Warn        // a person should look, for example sign in
	Error       // something does not work
)

// Level returns the worst that there is.
func (s State) Level() Level {
	if !s.Reachable || s.Hub == "starting" || s.Hub == "stopping" {
		return Away
	}
	worst := OK
	for _, server := range s.Servers {
		switch server.Health.Level {
		case "warn":
			worst = max(worst, Warn)
		case "error":
			worst = max(worst, Error)
		}
	}
	return worst
}

// Tooltip is the state in a line.
func (s State) Tooltip() string { return "MCP Hub: " + headline(s) }
