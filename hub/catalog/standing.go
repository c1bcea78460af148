package catalog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mcphub/hub/access"
	"mcphub/hub/upstream"
)

// Standing is how one tool of a server stands with the clients that have a view.
type Standing struct {
	Server    *upstream.Status // nil: there is no such server
	Elsewhere bool             // the view is another server's own
	Reach     bool             // the policy lets them use the server
	Allowed   bool             // the policy lets them use the tool
	ReadOnly  bool             // it does not, but would if the tool said that it changes nothing
	Listed    bool             // the server lists it, or did when it was last connected
	Fault     string           // why its definition cannot be passed on; empty if it can
	Off       bool             // the configuration hides it
	Hidden    bool             // modern clients must not use it
	Name      string           // under which they see it; empty if they do not
	Renamed   string           // why that is not its usual name; empty if it is
	Since     time.Time        // since when they see it
	Count     int              // of the tools that they see
}

// Standing returns how a tool stands with the clients that have a view (see [Catalog.View]), by the server's own name of it.
func (c *Catalog) Standing(view string, policy *access.Policy, server, tool string) Standing {
	s := c.fresh()
	found := c.set.Get(server)
	if found == nil {
		return Standing{}
	}
	st := Standing{
		Server: found.Status(), Elsewhere: view != "" && view != server,
		Reach: policy.Server(server), Off: slices.Contains(found.Status().Config.DisabledTools, tool),
	}
	st.Listed, st.Fault = listed(found, tool)
	name, _ := s.all.own(server, tool)
	var item *Item
	if alone := s.single[server]; alone != nil {
		item = alone.byName[Tools][tool]
	}
	if item == nil { // nothing is known of it that a policy could be about
		st.Allowed = st.Reach
		return st
	}
	st.Allowed, st.Hidden = allows(policy, Tools, name, item), item.hidden
	st.ReadOnly = !st.Allowed && policy.Tool(server, name, true)
	v := s.view(view, policy)
	if v == nil || st.Elsewhere {
		return st
	}
	if st.Name, _ = v.own(server, tool); st.Name == "" {
		return st
	}
	st.Since, st.Count = v.since[st.Name], v.Len(Tools)
	if full := v.prefixes[server] + "__" + tool; v.Server == "" && st.Name != full {
		st.Renamed = "another tool has that name"
		if limit := s.settings.NameLimit; len(full) > limit {
			st.Renamed = fmt.Sprintf("that would be longer than %d bytes (hub.nameLimit)", limit)
		}
	}
	return st
}

// listed reports whether a server lists a tool, and why its definition cannot be passed on.
func listed(server *upstream.Server, tool string) (is bool, fault string) {
	for _, raw := range server.Lists().Tools {
		item, err := newItem(server, Tools, raw)
		if item == nil || item.Name != tool {
			continue
		}
		if err == nil {
			return true, ""
		}
		is, fault = true, err.Error()
	}
	return is, fault
}

// own returns a server's tool by the server's own name, and the hub's name of it; nothing if it is not in the view.
func (v *View) own(server, tool string) (string, *Item) {
	for name, item := range v.byName[Tools] {
		if item.Name == tool && item.Server.Name() == server {
			return name, item
		}
	}
	return "", nil
}

// age notes since when the tools of the view are in it under their names, given the view before it.
func (v *View) age(old *View) {
	v.Made = time.Now()
	v.since = make(map[string]time.Time, len(v.byName[Tools]))
	for name, item := range v.byName[Tools] {
		v.since[name] = v.Made
		if old == nil {
			continue
		}
		if before := old.byName[Tools][name]; before != nil && before.Name == item.Name && before.Server == item.Server {
			v.since[name] = old.since[name]
		}
	}
}

// Taken reports whether a client has a tool that took pages of the list up to where a cursor stands; an empty one
// stands at its end.
func (v *View) Taken(tool, cursor string) bool {
	last, ok := strings.CutPrefix(cursor, cursorPrefix)
	return !ok || slices.Index(v.order[Tools], tool) <= slices.Index(v.order[Tools], last)
}
