// Package tray owns what the icon beside the clock shows: its menu as data, its icon, and the driver that draws both.
//
// It must not know how the hub works inside, nor who opens windows and pages: it is told what happens, and says what the
// person chose.
package tray

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"mcphub/hub/client"
)

// How much the menu shows of what can grow.
const (
	maxDirect = 12 // servers in the menu itself; more get a menu of their own, with more to choose for each
	maxAsks   = 5  // things that need a person
	maxTitle  = 70 // runes
)

// Kind is how an item is drawn.
type Kind int

// The kinds of items.
const (
	Plain     Kind = iota // something to choose, or if disabled to read
	Check                 // a switch
	Parent                // it has items of its own
	Separator             // a line
)

// Item is one line of the menu.
type Item struct {
	Kind     Kind
	Title    string
	Checked  bool // of a Check
	Disabled bool // it can only be read
	Action   Action
	Items    []Item // of a Parent
}

// Deed is what an item does.
type Deed int

// The deeds. Those with a server name it in the Action.
const (
	Nothing      Deed = iota
	Show              // show the page in the dashboard
	SwitchOn          // have a server on, in its configuration
	SwitchOff         // have it off
	Start             // start a server until the hub ends
	Stop              // stop it until it is started again
	SignIn            // begin a sign-in to a server
	Copy              // copy the address of the endpoint
	PauseAll          // stop all servers
	ResumeAll         // start those that were stopped
	StartAtLogin      // have the program started at login
	NoStartAtLogin
	Notify // tell of such things
	NoNotify
	Quit
)

// Action is what happens when an item is chosen.
type Action struct {
	Deed   Deed
	Server string
	Page   string // of Show: the path in the dashboard
	Notice Notice // of Notify and NoNotify
}

// serverPage is where the dashboard shows a server.
func serverPage(name, tab string) string {
	page := "/servers/" + url.PathEscape(name)
	if tab != "" {
		page += "?tab=" + tab
	}
	return page
}

// Menu returns the menu that belongs to a state. The order and number of separators is always the same.
func Menu(s State) []Item {
	menu := []Item{{Kind: Plain, Title: headline(s), Action: Action{Deed: Show, Page: "/"}}}
	menu = append(menu, asks(s)...)
	menu = append(menu, Item{Kind: Separator})
	menu = append(menu, servers(s)...)
	menu = append(menu,
		Item{Kind: Separator},
		Item{Title: "Copy the endpoint's address", Action: Action{Deed: Copy}},
		Item{Title: "Open the dashboard", Action: Action{Deed: Show, Page: "/"}},
		Item{Title: "Marketplace", Action: Action{Deed: Show, Page: "/market"}},
		recent(s),
		Item{Kind: Separator},
		toggle("Start at login", s.Autostart, Action{Deed: StartAtLogin}, Action{Deed: NoStartAtLogin}),
		notifications(s),
		pause(s),
		Item{Kind: Separator},
		Item{Title: "Quit", Action: Action{Deed: Quit}},
	)
	return menu
}

// Layout is a menu in which all that can stand in a menu has its place, for drivers that cannot insert an item.
func Layout() []Item {
	var out []Item
	add := func(n int, item Item) {
		for range n {
			out = append(out, item)
		}
	}
	add(1+maxAsks, Item{})
	add(1, Item{Kind: Separator})
	add(1, Item{})
	add(maxDirect, Item{Kind: Check})
	add(1, Item{Kind: Parent})
	menu := Menu(State{})
	return append(out, menu[2:]...)
}

// headline is the state of the hub in a line.
func headline(s State) string {
	switch {
	case !s.Reachable:
		return "The hub does not answer"
	case s.Hub == "starting" || s.Hub == "restarting" || s.Hub == "stopping":
		return "The hub is " + s.Hub
	}
	on, ready := 0, 0
	for _, server := range s.Servers {
		if wanted(server) {
			on++
		}
		if server.State == client.StateReady {
			ready++
		}
	}
	switch {
	case on == 0:
		return "No server is switched on"
	case on == ready:
		return "All servers are connected"
	}
	return fmt.Sprintf("%d of %d servers connected", ready, on)
}

// wanted reports whether a server shall run, by its configuration or because it was started.
func wanted(s client.ManagedServer) bool {
	switch s.State {
	case client.StateDisabled, client.StateIdle, client.StateStopping:
		return false
	}
	return true
}

// asks is what needs a person.
func asks(s State) []Item {
	var all []Item
	for _, server := range s.Servers {
		switch {
		case server.State == client.StateAuthorizing:
			all = append(all, Item{Title: title("▲ Sign in to " + label(server) + "…"), Action: Action{Deed: SignIn, Server: server.Name}})
		case server.State == client.StateFailed || wanted(server) && server.Health.Level == "error":
			all = append(all, Item{Title: title("✕ " + label(server) + ": " + cmp.Or(server.Health.Summary, "failed")), Action: Action{Deed: Show, Page: serverPage(server.Name, "")}})
		}
	}
	if len(all) > maxAsks {
		more := len(all) - maxAsks + 1
		all = append(all[:maxAsks-1], Item{Title: fmt.Sprintf("And %d more", more), Action: Action{Deed: Show, Page: "/"}})
	}
	return all
}

// servers is the servers with a switch each.
func servers(s State) []Item {
	switch n := len(s.Servers); {
	case !s.Reachable:
		return nil
	case n == 0:
		return []Item{{Title: "Add a server", Action: Action{Deed: Show, Page: "/add"}}}
	case n > maxDirect:
		all := Item{Kind: Parent, Title: fmt.Sprintf("Servers (%d)", n)}
		for _, server := range s.Servers {
			all.Items = append(all.Items, full(server))
		}
		return []Item{all}
	}
	var out []Item
	for _, server := range s.Servers {
		out = append(out, onOff(server, described(server)))
	}
	return out
}

// full is a server with all that can be done with it.
func full(s client.ManagedServer) Item {
	run := Item{Title: "Start", Action: Action{Deed: Start, Server: s.Name}}
	if wanted(s) {
		run = Item{Title: "Stop", Action: Action{Deed: Stop, Server: s.Name}}
	}
	return Item{Kind: Parent, Title: described(s), Items: []Item{
		onOff(s, "On"), run,
		{Title: "Sign in…", Disabled: s.State != client.StateAuthorizing, Action: Action{Deed: SignIn, Server: s.Name}},
		{Title: "Log", Action: Action{Deed: Show, Page: serverPage(s.Name, "logs")}},
	}}
}

func onOff(s client.ManagedServer, text string) Item {
	on := s.State != client.StateDisabled && s.State != client.StateIdle
	return toggle(text, on, Action{Deed: SwitchOn, Server: s.Name}, Action{Deed: SwitchOff, Server: s.Name})
}

// described is a server's name, and what there is to say of it.
func described(s client.ManagedServer) string {
	mark, word := "", ""
	switch s.State {
	case client.StateStarting, client.StateStopping, client.StateRetrying:
		word = s.State
	case client.StateAuthorizing:
		word = "sign-in needed"
	case client.StateFailed:
		word = "failed"
	case client.StateIdle:
		word = "stopped"
	}
	switch s.Health.Level {
	case "warn":
		mark, word = "▲ ", cmp.Or(word, "not all well")
	case "error":
		mark, word = "✕ ", cmp.Or(word, "failed")
	}
	text := mark + label(s)
	if word != "" {
		text += ": " + word
	}
	return title(text)
}

// label is the name of a server for people.
func label(s client.ManagedServer) string { return cmp.Or(s.DisplayName, s.Name) }

// recent is what went wrong lately.
func recent(s State) Item {
	item := Item{Kind: Parent, Title: "Recent errors"}
	for _, p := range slices.Backward(s.Problems) {
		item.Items = append(item.Items, Item{
			Title:  title(p.Time.Local().Format("15:04") + " " + p.Server + ": " + p.Text),
			Action: Action{Deed: Show, Page: serverPage(p.Server, "logs")},
		})
	}
	if len(item.Items) == 0 {
		item.Items = []Item{{Title: "None", Disabled: true}}
	}
	return item
}

func notifications(s State) Item {
	item := Item{Kind: Parent, Title: "Notifications"}
	for n, text := range noticeNames {
		item.Items = append(item.Items, toggle(text, s.Notify[n], Action{Deed: Notify, Notice: Notice(n)}, Action{Deed: NoNotify, Notice: Notice(n)}))
	}
	return item
}

// toggle is a switch that does one thing if it is off, and another if it is on.
func toggle(text string, on bool, whenOff, whenOn Action) Item {
	item := Item{Kind: Check, Title: text, Checked: on, Action: whenOff}
	if on {
		item.Action = whenOn
	}
	return item
}

// pause stops all servers; when all are stopped, it starts them.
func pause(s State) Item {
	running, stopped := false, false
	for _, server := range s.Servers {
		running = running || wanted(server)
		stopped = stopped || server.State == client.StateIdle
	}
	if !running && stopped {
		return Item{Title: "Start all servers again", Disabled: !s.Reachable, Action: Action{Deed: ResumeAll}}
	}
	return Item{Title: "Pause all servers", Disabled: !s.Reachable || !running, Action: Action{Deed: PauseAll}}
}

// title makes a text fit for a menu: names and errors come from elsewhere.
func title(text string) string {
	text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, text)), " ")
	if runes := []rune(text); len(runes) > maxTitle {
		text = string(runes[:maxTitle-1]) + "…"
	}
	return text
}
