// Package catalog owns what a client of the hub sees: the tools, resources, templates and prompts of all servers under
// the hub's names, or of one server under its own, as ready bytes, and the way back from a name to the server.
//
// It must not know sessions, HTTP, nor how a call is carried out.
package catalog

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"mcphub/hub/access"
	"mcphub/hub/config"
	"mcphub/hub/upstream"
)

// Catalog keeps the views up to date with the servers. Whoever was told of a change sees it in the views; reading is lock-free
// while nothing changes.
type Catalog struct {
	set      *upstream.Set
	log      *slog.Logger
	settings atomic.Pointer[config.Settings]
	onChange func([]Change) // set before Run, and then only read

	touched atomic.Uint64 // how often something has changed
	wake    chan struct{} // holds one token then
	mu      sync.Mutex    // of making the views anew
	made    atomic.Uint64 // what touched was before that
	current atomic.Pointer[snapshot]
}

// snapshot is all views at one moment.
type snapshot struct {
	settings config.Settings
	parts    []*part // sorted by server name
	all      *View
	single   map[string]*View

	mu      sync.Mutex
	limited map[string]*limits // by the keys of their policies, for those that somebody asked for
}

// Change says which lists of a view changed.
type Change struct {
	Server                    string // whose own view it is; empty for the view of all servers
	Policy                    string // the key of the policy that limits it; empty for none
	Tools, Resources, Prompts bool
}

// New returns a catalog of the servers in set, empty until Run.
func New(set *upstream.Set, settings config.Settings, log *slog.Logger) *Catalog {
	c := &Catalog{set: set, log: log, wake: make(chan struct{}, 1), onChange: func([]Change) {}}
	c.settings.Store(&settings)
	c.current.Store(build(settings, nil, &snapshot{}, log))
	return c
}

// OnChange has f called with what changed, after the views have changed. It must not look at them. Call it before Run.
func (c *Catalog) OnChange(f func([]Change)) { c.onChange = f }

// Configure changes the settings.
func (c *Catalog) Configure(settings config.Settings) {
	c.settings.Store(&settings)
	c.Touch()
}

// Touch has the views made anew: soon, or for whoever looks at them first. It never blocks.
func (c *Catalog) Touch() {
	c.touched.Add(1)
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Run keeps the views up to date until ctx ends.
func (c *Catalog) Run(ctx context.Context) error {
	for {
		select {
		case <-c.wake:
			c.fresh()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// All returns the view of all servers.
func (c *Catalog) All() *View { return c.fresh().all }

// View returns what a policy leaves of the view of one server under its own names, or of all servers if server is empty.
// It returns nil if there is no such server.
func (c *Catalog) View(server string, policy *access.Policy) *View {
	return c.fresh().view(server, policy)
}

// fresh returns the views with all that has changed.
func (c *Catalog) fresh() *snapshot {
	if c.made.Load() < c.touched.Load() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if now := c.touched.Load(); c.made.Load() < now { // nobody else has done it meanwhile
			c.rebuild()
			c.made.Store(now)
		}
	}
	return c.current.Load()
}

// rebuild makes the views anew. c.mu is held.
func (c *Catalog) rebuild() {
	settings, old := *c.settings.Load(), c.current.Load()
	known := map[*upstream.Server]*part{}
	for _, p := range old.parts {
		known[p.server] = p
	}
	var parts []*part
	for _, server := range c.set.List() {
		st, lists := server.Status(), server.Lists()
		p := known[server]
		if p == nil || p.lists != lists || p.config != st.Config || st.Hello != nil && p.hello != st.Hello {
			p = newPart(server, st, lists, p, c.log)
		}
		parts = append(parts, p)
	}
	if settings == old.settings && slices.Equal(parts, old.parts) {
		return
	}
	fresh := build(settings, parts, old, c.log)
	c.current.Store(fresh)
	if changes := compare(old, fresh); len(changes) > 0 {
		c.onChange(changes)
	}
}

func build(settings config.Settings, parts []*part, old *snapshot, log *slog.Logger) *snapshot {
	s := &snapshot{settings: settings, parts: parts, single: map[string]*View{}, limited: map[string]*limits{}}
	s.all = aggregate(settings, parts, log)
	s.all.age(old.all)
	for _, p := range parts {
		name := p.server.Name()
		s.single[name] = single(settings, p)
		s.single[name].age(old.single[name])
	}
	return s
}

// view returns what a policy leaves of the view of one server, or of all if server is empty.
func (s *snapshot) view(server string, policy *access.Policy) *View {
	if policy != nil {
		return s.limit(policy).view(server)
	}
	return s.whole(server)
}

// whole returns the view of one server, or of all if server is empty.
func (s *snapshot) whole(server string) *View {
	if server == "" {
		return s.all
	}
	return s.single[server]
}

// compare finds what changed for the clients between two snapshots.
func compare(old, fresh *snapshot) []Change {
	var out []Change
	add := func(server, policy string, a, b *View) {
		if a == nil || b == nil {
			return
		}
		c := Change{Server: server, Policy: policy, Tools: !sameList(a, b, Tools), Prompts: !sameList(a, b, Prompts)}
		c.Resources = !sameList(a, b, Resources) || !sameList(a, b, Templates)
		if c.Tools || c.Resources || c.Prompts {
			out = append(out, c)
		}
	}
	add("", "", old.all, fresh.all)
	for name, view := range fresh.single {
		add(name, "", old.single[name], view)
	}
	for key, l := range old.limits() {
		for server, before := range l.made() {
			add(server, key, before, fresh.limit(l.policy).view(server))
		}
	}
	return out
}

func sameList(a, b *View, k Kind) bool {
	return samePages(a.modern[k].pages, b.modern[k].pages) && samePages(a.legacy[k].pages, b.legacy[k].pages)
}

func samePages(a, b []Page) bool {
	return slices.EqualFunc(a, b, func(a, b Page) bool { return bytes.Equal(a.Items, b.Items) })
}
