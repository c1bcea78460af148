package tray

import (
	"testing"

	"mcphub/hub/client"
)

// screen is a widget of a library that can only append.
type screen struct {
	kind     Kind
	item     Item
	shown    bool
	children []*screen
	writes   *int
}

func (s *screen) put(i Item) { s.item, s.shown, *s.writes = i, true, *s.writes+1 }
func (s *screen) hide()      { s.shown, *s.writes = false, *s.writes+1 }
func (s *screen) add(k Kind) widget {
	child := &screen{kind: k, shown: k == Separator, item: Item{Kind: k}, writes: s.writes}
	s.children = append(s.children, child)
	return child
}

// seen is what a person sees.
func (s *screen) seen() []Item {
	var out []Item
	for _, c := range s.children {
		if c.shown {
			item := c.item
			item.Items = c.seen()
			out = append(out, item)
		}
	}
	return out
}

func TestPool(t *testing.T) {
	writes := 0
	root := &screen{writes: &writes}
	p := pool{add: root.add}
	p.draw(Layout())
	size := len(root.children)
	many := make([]client.ManagedServer, 0, 30)
	for i := range 30 {
		many = append(many, server(string(rune('a'+i)), client.StateReady))
	}
	bad := with(server("a", client.StateFailed), server("b", client.StateAuthorizing), server("c", client.StateReady))
	bad.Problems = []Problem{{Server: "a", Text: "x"}, {Server: "b", Text: "y"}}
	full := with(many[:maxDirect]...)
	for i := range full.Servers {
		full.Servers[i] = server(full.Servers[i].Name, client.StateFailed)
	}
	states := []State{{}, with(), bad, with(many...), full, with(many[:2]...), bad, {}, with(many[:20]...)}
	for i, s := range states {
		p.draw(Menu(s))
		if got, want := draw(root.seen(), ""), draw(Menu(s), ""); got != want {
			t.Errorf("state %d: got\n%s\nwant\n%s", i, got, want)
		}
		if len(root.children) != size {
			t.Errorf("state %d: the menu grew from %d to %d items", i, size, len(root.children))
		}
		before := writes
		p.draw(Menu(s))
		if writes != before {
			t.Errorf("state %d: drawing it again wrote %d times", i, writes-before)
		}
	}
}
