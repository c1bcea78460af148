package catalog

import (
	"maps"
	"sync"

	"mcphub/hub/access"
	"mcphub/hub/jsonrpc"
)

// limits is what a policy leaves of a snapshot. Its views are made when somebody asks for them, and are then ready like
// all others.
type limits struct {
	snapshot *snapshot
	policy   *access.Policy
	allowed  map[*Item]bool

	mu    sync.Mutex
	views map[string]*View // by server; of all under the empty name
}

// limit returns what a policy leaves of the snapshot.
func (s *snapshot) limit(policy *access.Policy) *limits {
	key := policy.Key()
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.limited[key]
	if l == nil {
		l = &limits{snapshot: s, policy: policy, allowed: map[*Item]bool{}, views: map[string]*View{}}
		for k := range kinds {
			s.all.Each(k, func(name string, item *Item) { l.allowed[item] = allows(policy, k, name, item) })
		}
		s.limited[key] = l
	}
	return l
}

// allows reports whether a policy leaves an item, by the hub's name of it.
func allows(policy *access.Policy, k Kind, name string, item *Item) bool {
	if k != Tools {
		return policy.Whole(item.Server.Name())
	}
	harmless := jsonrpc.Get(item.Raw, jsonrpc.All(item.Raw), "annotations", "readOnlyHint").In(item.Raw)
	return policy.Tool(item.Server.Name(), name, string(harmless) == "true")
}

// limits returns all that somebody asked for.
func (s *snapshot) limits() map[string]*limits {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.limited)
}

// made returns the views that somebody asked for.
func (l *limits) made() map[string]*View {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.views)
}

// view returns the limited view of one server, or of all if server is empty; nil if there is no such server, or it may not
// be used.
func (l *limits) view(server string) *View {
	whole := l.snapshot.whole(server)
	if whole == nil || server != "" && !l.policy.Server(server) {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.views[server] == nil {
		l.views[server] = l.restrict(whole)
	}
	return l.views[server]
}

// restrict makes a view of what is allowed of another, under the same names.
func (l *limits) restrict(whole *View) *View {
	var parts []*part
	for _, p := range whole.parts {
		if l.policy.Whole(p.server.Name()) {
			parts = append(parts, p)
		}
	}
	v := newView(parts)
	v.Server, v.Made, v.prefixes, v.since = whole.Server, whole.Made, whole.prefixes, whole.since
	if l.policy.Unknown() {
		v.Only = whole.Only
	}
	b := newBuilder(v, l.snapshot.settings)
	for k := range kinds {
		whole.Each(k, func(name string, item *Item) {
			if l.allowed[item] {
				b.add(k, name, item)
			}
		})
	}
	b.finish()
	if v.Server != "" {
		v.Capabilities, v.Modern, v.Info, v.Instructions = whole.Capabilities, whole.Modern, whole.Info, whole.Instructions
	} else {
		v.Capabilities, v.Modern = commonCapabilities(parts)
		v.Instructions = commonInstructions(parts, l.snapshot.settings.InstructionsLimit)
	}
	return v
}
