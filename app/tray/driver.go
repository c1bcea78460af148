//go:build desktop

package tray

import (
	"context"
	"runtime"
	"strings"
	"sync"
)

// driver draws with the tray library.
type driver struct {
	clicks chan Action

	mu   sync.Mutex // of everything below, and of the slots: clicks come at any time
	pool pool
	icon Level
}

// Run shows the tray until ctx ends. It must be called on the main goroutine, and once. On Linux the process ends by
// itself, with exit code 1, if there is no display. Follow says what to show.
func Run(ctx context.Context, follow func(ctx context.Context, draw func(State), clicks <-chan Action)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var work sync.WaitGroup
	context.AfterFunc(ctx, quit)
	run(func() {
		d := &driver{clicks: make(chan Action, 16), icon: -1}
		d.pool.add = func(k Kind) widget { return d.widget(k, nil) }
		d.pool.draw(Layout())
		d.draw(State{})
		work.Go(func() {
			follow(ctx, d.draw, d.clicks)
			cancel()
		})
	})
	cancel()
	work.Wait()
}

// draw shows a state.
func (d *driver) draw(s State) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if level := s.Level(); level != d.icon {
		d.icon = level
		setIcon(level.Icon())
	}
	setTooltip(s.Tooltip())
	d.pool.draw(Menu(s))
}

// entry is a menu item of the library.
type entry struct {
	driver *driver
	item   *menuItem
	kind   Kind
	shown  Item
}

func (d *driver) widget(kind Kind, parent *menuItem) widget {
	e := &entry{driver: d, kind: kind}
	switch {
	case kind == Separator:
		addSeparator()
		return e
	case kind == Check && parent == nil:
		e.item = addItemCheckbox("", "", false)
	case kind == Check:
		e.item = parent.AddSubMenuItemCheckbox("", "", false)
	case parent == nil:
		e.item = addItem("", "")
	default:
		e.item = parent.AddSubMenuItem("", "")
	}
	e.item.Hide()
	go func() { // as long as the process: the library never closes the channel
		for range e.item.ClickedCh {
			d.mu.Lock()
			shown := e.shown
			e.put(shown) // the library has turned the mark over, which is not done yet
			d.mu.Unlock()
			select {
			case d.clicks <- shown.Action:
			default: // somebody clicks faster than anything can be done
			}
		}
	}()
	return e
}

func (e *entry) add(kind Kind) widget { return e.driver.widget(kind, e.item) }

func (e *entry) hide() { e.item.Hide() }

func (e *entry) put(i Item) {
	e.shown = i
	if i.Title == "" {
		return // of the layout
	}
	e.item.SetTitle(literal(i.Title))
	switch {
	case i.Kind != Check:
	case i.Checked:
		e.item.Check()
	default:
		e.item.Uncheck()
	}
	if i.Disabled {
		e.item.Disable()
	} else {
		e.item.Enable()
	}
	e.item.Show()
}

// literal keeps what is a sign of a title from marking the letter behind it as a key.
func literal(title string) string {
	switch runtime.GOOS {
	case "linux":
		return strings.ReplaceAll(title, "_", "__")
	case "windows":
		return strings.ReplaceAll(title, "&", "&&")
	}
	return title
}
