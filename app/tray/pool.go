package tray

// widget is an item as a tray library has it. The libraries cannot remove or insert items, nor turn one into another kind.
type widget interface {
	// put shows the item with its title, mark and state. Its own items are not its business.
	put(Item)
	hide()
	// add appends a widget of a kind to the menu of this one.
	add(Kind) widget
}

// slot is a widget and what it shows.
type slot struct {
	widget widget
	kind   Kind
	shown  bool
	item   Item // without its items
	pool   pool
}

// pool draws menus with widgets that stay: it shows those that are needed, in order, and hides the others.
type pool struct {
	add   func(Kind) widget
	slots []*slot
}

// draw makes the widgets show the items. Afterwards each slot that is shown holds the item that it stands for.
func (p *pool) draw(items []Item) {
	at := 0
	next := func(kind Kind) *slot {
		for ; at < len(p.slots); at++ {
			if s := p.slots[at]; s.kind == kind {
				at++
				return s
			}
			p.slots[at].hide()
		}
		s := &slot{kind: kind, widget: p.add(kind)}
		s.pool.add = s.widget.add
		p.slots = append(p.slots, s)
		at = len(p.slots)
		return s
	}
	for _, item := range items {
		s := next(item.Kind)
		s.put(item)
		s.pool.draw(item.Items)
	}
	for ; at < len(p.slots); at++ {
		p.slots[at].hide()
	}
}

func (s *slot) put(item Item) {
	item.Items = nil
	if s.shown && s.item.same(item) || s.kind == Separator {
		return
	}
	s.item, s.shown = item, true
	s.widget.put(item)
}

func (s *slot) hide() {
	if s.shown {
		s.shown = false
		s.widget.hide()
	}
}

// same reports whether two items look and act the same, whatever their own items.
func (i Item) same(o Item) bool {
	return i.Kind == o.Kind && i.Title == o.Title && i.Checked == o.Checked && i.Disabled == o.Disabled && i.Action == o.Action
}
