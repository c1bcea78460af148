package upstream

import (
	"bytes"
	"slices"

	"mcphub/hub/config"
)

// Plan is what a configuration would change, by name of server, each list sorted. A server is in one list.
type Plan struct {
	Add     []string // new, and started if it is switched on and can run
	Remove  []string // ended and gone
	Restart []string // connected anew
	Start   []string
	Stop    []string
	Update  []string // something about it changes, but its connection or its being off does not
	Keep    []string // nothing changes
}

// Plan returns what [Set.Apply] of the servers would do. It changes nothing.
func (s *Set) Plan(servers []*config.Server) Plan {
	var p Plan
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh, gone := s.compare(servers)
	for _, c := range fresh {
		p.Add = append(p.Add, c.Name)
	}
	for _, server := range gone {
		p.Remove = append(p.Remove, server.name)
	}
	for _, c := range servers {
		if old := s.servers[c.Name]; old != nil {
			list := p.of(old.Status(), c)
			*list = append(*list, c.Name)
		}
	}
	for _, list := range []*[]string{&p.Add, &p.Remove, &p.Restart, &p.Start, &p.Stop, &p.Update, &p.Keep} {
		slices.Sort(*list)
	}
	return p
}

// of returns the list in which a server belongs that has a status and gets a new configuration.
func (p *Plan) of(st *Status, c *config.Server) *[]string {
	f := st.facts
	before := f.wanted()
	anew := f.reconfigure(st.Config, c)
	switch after := f.wanted(); {
	case before && !after:
		return &p.Stop
	case !before && after:
		return &p.Start
	case after && anew:
		return &p.Restart
	case !bytes.Equal(st.Config.Raw, c.Raw):
		return &p.Update
	}
	return &p.Keep
}
