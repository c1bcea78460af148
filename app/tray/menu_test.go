package tray

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"mcphub/hub/client"
)

// server is a server in a state, with the health that the hub gives it then.
func server(name, state string) client.ManagedServer {
	level := map[string]string{
		client.StateReady: "ok", client.StateDisabled: "off", client.StateIdle: "off", client.StateStarting: "ok", client.StateStopping: "off",
		client.StateAuthorizing: "warn", client.StateRetrying: "warn", client.StateFailed: "error",
	}[state]
	return client.ManagedServer{Name: name, State: state, Disabled: state == client.StateDisabled, Health: client.ServerHealth{Level: level}}
}

func with(servers ...client.ManagedServer) State {
	return State{Reachable: true, Hub: "ready", Servers: servers}
}

// draw writes a menu as text: [x] and [ ] are switches, > has a menu of its own, ( ) can only be read.
func draw(items []Item, indent string) string {
	var b strings.Builder
	for _, i := range items {
		mark := ""
		switch {
		case i.Kind == Separator:
			mark = "---"
		case i.Kind == Check && i.Checked:
			mark = "[x] "
		case i.Kind == Check:
			mark = "[ ] "
		case i.Kind == Parent:
			mark = "> "
		case i.Disabled:
			mark = "( ) "
		}
		b.WriteString(indent + mark + i.Title + "\n" + draw(i.Items, indent+"  "))
	}
	return b.String()
}

func TestMenu(t *testing.T) {
	const rest = "---\nCopy the endpoint's address\nOpen the dashboard\nMarketplace\n> Recent errors\n  ( ) None\n---\n[ ] Start at login\n> Notifications\n  [x] A server needs you to sign in\n  [x] A server failed\n  [ ] The tools of a server changed\n"
	for name, tt := range map[string]struct {
		state State
		want  string
		level Level
	}{
		"away":     {State{}, "The hub does not answer\n---\n" + rest + "( ) Pause all servers\n---\nQuit\n", Away},
		"starting": {State{Reachable: true, Hub: "starting"}, "The hub is starting\n---\nAdd a server\n" + rest + "( ) Pause all servers\n---\nQuit\n", Away},
		"empty":    {with(), "No server is switched on\n---\nAdd a server\n" + rest + "( ) Pause all servers\n---\nQuit\n", OK},
		"well": {
			with(server("files", client.StateReady), server("issues", client.StateDisabled)),
			"All servers are connected\n---\n[x] files\n[ ] issues\n" + rest + "Pause all servers\n---\nQuit\n", OK,
		},
		"people needed": {
			with(server("a", client.StateAuthorizing), server("b", client.StateFailed), server("c", client.StateRetrying), server("d", client.StateReady)),
			"1 of 4 servers connected\n▲ Sign in to a…\n✕ b: failed\n---\n[x] ▲ a: sign-in needed\n[x] ✕ b: failed\n[x] ▲ c: retrying\n[x] d\n" + rest + "Pause all servers\n---\nQuit\n", Error,
		},
		"sign-in only": {
			with(server("a", client.StateAuthorizing)),
			"0 of 1 servers connected\n▲ Sign in to a…\n---\n[x] ▲ a: sign-in needed\n" + rest + "Pause all servers\n---\nQuit\n", Warn,
		},
		"paused": {
			with(server("a", client.StateIdle), server("b", client.StateDisabled)),
			"No server is switched on\n---\n[ ] a: stopped\n[ ] b\n" + rest + "Start all servers again\n---\nQuit\n", OK,
		},
	} {
		t.Run(name, func(t *testing.T) {
			tt.state.Notify = Notices{true, true, false}
			if got := draw(Menu(tt.state), ""); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if got := tt.state.Level(); got != tt.level {
				t.Errorf("level %d, want %d", got, tt.level)
			}
		})
	}
}

// find returns the item with a title.
func find(t *testing.T, items []Item, title string) Item {
	t.Helper()
	for _, i := range items {
		if i.Title == title {
			return i
		}
	}
	t.Fatalf("there is no %q in\n%s", title, draw(items, ""))
	return Item{}
}

func TestMenuActions(t *testing.T) {
	state := with(server("a b/c", client.StateReady), server("off", client.StateDisabled), server("stopped", client.StateIdle), server("sign", client.StateAuthorizing), server("bad", client.StateFailed))
	state.Autostart = true
	menu := Menu(state)
	for title, want := range map[string]Action{
		"a b/c": {Deed: SwitchOff, Server: "a b/c"}, "off": {Deed: SwitchOn, Server: "off"}, "stopped: stopped": {Deed: SwitchOn, Server: "stopped"},
		"▲ Sign in to sign…": {Deed: SignIn, Server: "sign"}, "✕ bad: failed": {Deed: Show, Page: "/servers/bad"},
		"Start at login": {Deed: NoStartAtLogin}, "Copy the endpoint's address": {Deed: Copy},
		"Open the dashboard": {Deed: Show, Page: "/"}, "Marketplace": {Deed: Show, Page: "/market"}, "Pause all servers": {Deed: PauseAll}, "Quit": {Deed: Quit},
	} {
		if got := find(t, menu, title).Action; got != want {
			t.Errorf("%s: %+v, want %+v", title, got, want)
		}
	}
}

func TestNotificationSwitches(t *testing.T) {
	items := find(t, Menu(State{Notify: Notices{true, false, false}}), "Notifications").Items
	for i, want := range []Action{{Deed: NoNotify, Notice: SignInNeeded}, {Deed: Notify, Notice: Failed}, {Deed: Notify, Notice: ToolsChanged}} {
		if items[i].Action != want {
			t.Errorf("%s: %+v, want %+v", items[i].Title, items[i].Action, want)
		}
	}
}

func TestMenuOfMany(t *testing.T) {
	var many []client.ManagedServer
	for i := range 200 {
		state := client.StateReady
		if i%2 == 1 {
			state = client.StateFailed
		}
		many = append(many, server(fmt.Sprintf("server %03d", i), state))
	}
	menu := Menu(with(many...))
	all := find(t, menu, "Servers (200)")
	if len(all.Items) != 200 {
		t.Fatalf("%d servers", len(all.Items))
	}
	const want = "> server 000\n  [x] On\n  Stop\n  ( ) Sign in…\n  Log\n> ✕ server 001: failed\n  [x] On\n  Stop\n  ( ) Sign in…\n  Log\n"
	if got := draw(all.Items[:2], ""); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := all.Items[0].Items[3].Action; got != (Action{Deed: Show, Page: "/servers/server%20000?tab=logs"}) {
		t.Errorf("log: %+v", got)
	}
	find(t, menu, "And 96 more")
	if len(menu) > 30 {
		t.Errorf("%d items in the menu itself", len(menu))
	}
}

// TestTitles: names and errors are others' texts.
func TestTitles(t *testing.T) {
	odd := server("x", client.StateReady)
	odd.DisplayName = "a\nb\x1b[31m\u202e " + strings.Repeat("ü", 200)
	got := Menu(with(odd))[2].Title
	if len([]rune(got)) != maxTitle || !strings.HasPrefix(got, "a b [31m ü") || !strings.HasSuffix(got, "ü…") {
		t.Errorf("%q", got)
	}
}

func event(name, server, data string, servers ...client.ManagedServer) client.Event {
	return client.Event{Name: name, Server: server, Data: json.RawMessage(data), Servers: servers, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)}
}

func TestTake(t *testing.T) {
	own := server("hub", client.StateReady)
	own.Builtin = true
	var s State
	s.Take(client.Event{Name: client.EventSnapshot, Hub: client.HubState{State: "starting"}, Servers: []client.ManagedServer{server("a", client.StateStarting), own, server("z", client.StateReady)}})
	s.Take(event(client.EventHub, "", `{"state":"ready"}`))
	s.Take(event(client.EventState, "a", `{"to":"failed","reason":"no such file\nmore"}`, server("a", client.StateFailed)))
	s.Take(event(client.EventUpdated, "", `{"removed":["z"]}`, server("m", client.StateStarting)))
	before := Menu(s)
	s.Take(event("something_new", "", `[]`))
	if got := draw(Menu(s), ""); got != draw(before, "") || !strings.Contains(got, "0 of 2 servers") || !strings.Contains(got, "[x] m: starting\n") || strings.Contains(got, "z") || strings.Contains(got, "hub:") {
		t.Errorf("got\n%s", got)
	}
	if got := find(t, Menu(s), "Recent errors").Items[0]; got.Title != "03:04 a: no such file" || got.Action.Page != "/servers/a?tab=logs" {
		t.Errorf("recent: %+v", got)
	}
	for range 50 {
		s.Take(event(client.EventState, "a", `{"to":"retrying","reason":"again"}`, server("a", client.StateRetrying)))
	}
	if n := len(find(t, Menu(s), "Recent errors").Items); n != maxProblems {
		t.Errorf("%d errors", n)
	}
	s.Take(client.Event{Name: client.EventAway})
	if s.Level() != Away || s.Reachable {
		t.Errorf("away: %+v", s)
	}
	s.Take(client.Event{Name: client.EventSnapshot, Hub: client.HubState{State: "ready"}})
	if s.Level() != OK || len(s.Servers) != 0 {
		t.Errorf("after a restart: %+v", s)
	}
}
