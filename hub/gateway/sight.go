package gateway

import (
	"errors"
	"fmt"
	"time"

	"mcphub/hub/access"
	"mcphub/hub/catalog"
	"mcphub/hub/record"
	"mcphub/hub/upstream"
)

// Errors of what asks for one client.
var (
	ErrNoClient  = errors.New("no such client is connected, or no more")
	ErrNoServer  = errors.New("there is no such server, or no more")
	ErrNoSession = errors.New("a client of revision " + upstream.ModernVersion + " has no session that could be ended: it comes with each request and goes with its answer")
)

// Sight is whether a client sees a tool, and if not, the first reason that the hub knows of.
type Sight struct {
	Seen    bool   // it was given it the last time that it asked
	Reason  Reason // why it does not, or what else is to be known
	Name    string // the hub's name of the tool for this client; empty if it cannot have it
	Summary string // one or two sentences
	Action  string // what to do; empty if there is nothing to do
}

// Reason is a word for why a client sees a tool or not.
type Reason string

// The reasons, in the order in which they are looked for.
const (
	OtherEndpoint  Reason = "endpoint"   // it uses the endpoint of another server
	TokenServer    Reason = "token"      // its token is not for the server
	ServerOff      Reason = "server-off" // the server is switched off, or was stopped
	ServerDown     Reason = "server"     // the server is not connected; its health says why
	NotListed      Reason = "not-listed" // the server is connected and does not list it
	Malformed      Reason = "malformed"  // its definition cannot be passed on
	ToolOff        Reason = "tool-off"   // the configuration hides it
	TokenTool      Reason = "token-tool" // its token is not for the tool
	NameTaken      Reason = "name"       // another server's tool has its name
	WrongHeaders   Reason = "headers"    // modern clients must not use it
	NotAsked       Reason = "not-asked"  // it has not asked for its tools
	Outdated       Reason = "outdated"   // it has not asked since the tool came
	OtherPage      Reason = "page"       // it has not asked for the page with the tool
	SeenNotRunning Reason = "seen-down"  // it sees it, and the server is not connected
	SeenRenamed    Reason = "renamed"    // it sees it, under a name that is not the usual one
	SeenAsIs       Reason = "seen"       // it sees it
)

// taken is what a client has asked for of its list of tools.
type taken struct {
	made   time.Time // when the view came about from which it was given the first page; zero if it never asked
	cursor string    // of the page that it has not asked for yet; empty if it has all
}

// asked notes that a client was given a page, by the cursors of it and of the one that follows.
func (t *taken) asked(view *catalog.View, cursor, next string) {
	if cursor == "" {
		t.made = view.Made
	}
	t.cursor = next
}

// sight decides on what is known: of the client, how the tool stands with it, what it was given, and whether the page
// with the tool was part of that.
func sight(c Connected, st catalog.Standing, server, tool string, took taken, paged bool) Sight {
	no := func(why Reason, action, format string, args ...any) Sight {
		return Sight{Reason: why, Name: st.Name, Summary: fmt.Sprintf(format, args...), Action: action}
	}
	health, ready := st.Server.Health, st.Server.State == upstream.Ready
	switch {
	case st.Elsewhere:
		return no(OtherEndpoint, "Give it the hub's address for all servers, or the address of this one.",
			"The client uses the address of the server %q, which shows the tools of that server only.", c.Server)
	case !st.Reach:
		return no(TokenServer, "Give it a token that is for this server.", "The client's token %q is not for the server %q.", c.Token, server)
	case !st.Listed && st.Server.State == upstream.Disabled:
		return no(ServerOff, "Switch it on.", "The server %q is switched off in the configuration.", server)
	case !st.Listed && st.Server.State == upstream.Idle:
		return no(ServerOff, "Start it.", "The server %q was stopped.", server)
	case !st.Listed && !ready:
		return no(ServerDown, health.Action, "The server %q is not connected, so its tools are not known. %s", server, health.Summary)
	case !st.Listed && len(st.Server.Problems) > 0:
		return no(NotListed, health.Action, "The server %q does not list a tool %q. %s", server, tool, health.Summary)
	case !st.Listed:
		return no(NotListed, "Look at the tools that it lists: names are told apart by upper and lower case.",
			"The server %q is connected, and lists no tool %q.", server, tool)
	case st.Fault != "":
		return no(Malformed, "Only the maker of the server can mend it.", "The hub leaves the tool out, since its definition is wrong: %s.", st.Fault)
	case st.Off:
		return no(ToolOff, "Offer it to clients.", "The tool is switched off in the configuration of the server (disabled_tools).")
	case st.ReadOnly:
		return no(TokenTool, "Give it a token that is not limited to reading.",
			"The client's token %q is only for tools that say that they change nothing, which this one does not say.", c.Token)
	case !st.Allowed:
		return no(TokenTool, "Give it a token that is for this tool.", "The client's token %q is not for this tool.", c.Token)
	case st.Name == "":
		return no(NameTaken, "Give the server another name in the configuration.", "Another tool has the name that this one would have.")
	case st.Hidden && c.Era == record.Modern:
		return no(WrongHeaders, "Only the maker of the server can mend it.",
			"Clients of revision %s must not use the tool, since its schema names HTTP headers wrongly (x-mcp-header). Older clients see it.", upstream.ModernVersion)
	case took.made.IsZero():
		return no(NotAsked, "Look whether the client has MCP tools switched on.", "The client has not asked the hub for its tools yet.")
	case took.made.Before(st.Since) && c.Listening:
		return no(Outdated, again(c), "The tool came after the client last asked for its tools. The client listens for changes, and yet has not asked again.")
	case took.made.Before(st.Since):
		return no(Outdated, again(c), "The tool came after the client last asked for its tools. The client does not listen for changes, so that the hub cannot tell it.")
	case !paged:
		return no(OtherPage, "Show it fewer tools, or set hub.pageSize higher.", "The client has asked for the first pages of its %d tools only, and this one stands on a later page.", st.Count)
	}
	s := Sight{Seen: true, Reason: SeenAsIs, Name: st.Name}
	s.Summary = fmt.Sprintf("The client was given the tool when it last asked, as one of %d.", st.Count)
	s.Action = "If it does not show it, look at its own settings: many switch tools off one by one, or take only so many."
	if !ready {
		s.Reason, s.Action = SeenNotRunning, health.Action
		s.Summary += fmt.Sprintf(" Calls fail, though: the server %q is not connected. %s", server, health.Summary)
	} else if st.Renamed != "" {
		s.Reason = SeenRenamed
		s.Summary += fmt.Sprintf(" Its name there is not %s__%s: %s.", server, tool, st.Renamed)
	}
	return s
}

// again is how a client is brought to ask for its tools again.
func again(c Connected) string {
	if c.Era == record.Modern {
		return "Reload the tools in the client, or restart it."
	}
	return "Reload the tools in the client, or disconnect it here: most clients then come back and ask again."
}

// Sight tells why a client sees a server's tool or not. It fails with ErrNoClient, or ErrNoServer.
func (g *Gateway) Sight(id, server, tool string) (Sight, error) {
	c, who, took, err := g.find(id)
	if err != nil {
		return Sight{}, err
	}
	st := g.catalog.Standing(c.Server, who.Policy(), server, tool)
	if st.Server == nil {
		return Sight{}, ErrNoServer
	}
	view := g.catalog.View(c.Server, who.Policy())
	return sight(c, st, server, tool, took, view == nil || view.Taken(st.Name, took.cursor)), nil
}

// find returns a client by its id.
func (g *Gateway) find(id string) (Connected, *access.Principal, taken, error) {
	if s := g.tagged(id); s != nil {
		s.mu.Lock()
		took := s.taken
		s.mu.Unlock()
		return s.connected(), s.who, took, nil
	}
	return g.modern.find(id)
}

// tagged returns a session by its tag; nil if there is none.
func (g *Gateway) tagged(tag string) *session {
	for _, s := range g.all() {
		if s.tag == tag {
			return s
		}
	}
	return nil
}

// Disconnect ends a client's session, with what it has under way. It fails with ErrNoClient or ErrNoSession.
func (g *Gateway) Disconnect(id string) error {
	if s := g.tagged(id); s != nil && g.remove(s.id) {
		return nil
	}
	if _, _, _, err := g.modern.find(id); err != nil {
		return err
	}
	return ErrNoSession
}
