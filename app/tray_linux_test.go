package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"

	"mcphub/app/tray"
)

const (
	watcherName  = "org.kde.StatusNotifierWatcher"
	noticesName  = "org.freedesktop.Notifications"
	menuCall     = "com.canonical.dbusmenu."
	itemProperty = "org.kde.StatusNotifierItem."
)

// panel is what shows trays and notifications in a desktop session: it has the programs' icons register with it.
type panel struct {
	*session
	conn *dbus.Conn

	mu    sync.Mutex
	items []item
	told  []note

	scheme uint32 // see setScheme
}

type item struct {
	owner string
	path  dbus.ObjectPath
}

type note struct{ title, text string }

// newPanel puts a panel on the bus.
func (s *session) newPanel() *panel {
	s.t.Helper()
	conn, err := dbus.Connect(s.address)
	must(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close() })
	p := &panel{session: s, conn: conn}
	must(s.t, conn.Export(watcher{p}, "/StatusNotifierWatcher", watcherName))
	_, err = prop.Export(conn, "/StatusNotifierWatcher", prop.Map{watcherName: {
		"IsStatusNotifierHostRegistered": {Value: true}, "ProtocolVersion": {Value: int32(0)}, "RegisteredStatusNotifierItems": {Value: []string{}},
	}})
	must(s.t, err)
	must(s.t, conn.Export(notices{p}, "/org/freedesktop/Notifications", noticesName))
	must(s.t, conn.Export(portal{p}, "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Settings"))
	for _, name := range []string{watcherName, noticesName, "org.freedesktop.portal.Desktop"} {
		reply, err := conn.RequestName(name, dbus.NameFlagDoNotQueue)
		must(s.t, err)
		if reply != dbus.RequestNameReplyPrimaryOwner {
			s.t.Fatalf("%s is taken", name)
		}
	}
	return p
}

type portal struct{ *panel }

// Read is how programs ask for the desktop's settings.
func (p portal) Read(namespace, key string) (dbus.Variant, *dbus.Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if namespace != "org.freedesktop.appearance" || key != "color-scheme" {
		return dbus.Variant{}, dbus.MakeFailedError(errors.New("there is no such setting"))
	}
	return dbus.MakeVariant(dbus.MakeVariant(p.scheme)), nil
}

// setScheme has the person want programs dark (1) or light (2).
func (p *panel) setScheme(scheme uint32) {
	p.t.Helper()
	p.mu.Lock()
	p.scheme = scheme
	p.mu.Unlock()
	must(p.t, p.conn.Emit("/org/freedesktop/portal/desktop", "org.freedesktop.portal.Settings.SettingChanged", "org.freedesktop.appearance", "color-scheme", dbus.MakeVariant(scheme)))
}

type watcher struct{ *panel }

// RegisterStatusNotifierItem is called by programs that have an icon.
func (w watcher) RegisterStatusNotifierItem(sender dbus.Sender, path string) *dbus.Error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.items = append(w.items, item{string(sender), dbus.ObjectPath(path)})
	return nil
}

type notices struct{ *panel }

// GetCapabilities is what this service can do.
func (notices) GetCapabilities() ([]string, *dbus.Error) {
	return []string{"actions", "body-markup"}, nil
}

// Notify is called by programs that tell something.
func (n notices) Notify(_ string, _ uint32, _, title, text string, _ []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.told = append(n.told, note{title, text})
	return uint32(len(n.told)), nil
}

// click clicks on the notification with this title, and returns its text.
func (p *panel) click(title string) string {
	p.t.Helper()
	text := ""
	p.until("the notification "+title, func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		for i, n := range p.told {
			if n.title == title {
				text = n.text
				return p.conn.Emit("/org/freedesktop/Notifications", noticesName+".ActionInvoked", uint32(i+1), "default")
			}
		}
		return fmt.Errorf("there are %v", p.told)
	})
	return text
}

// icon waits for the n-th icon that registers.
func (p *panel) icon(n int) item {
	p.t.Helper()
	var found item
	p.until(fmt.Sprintf("icon %d in the panel", n), func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.items) < n {
			return errors.New("it is not there")
		}
		found = p.items[n-1]
		return nil
	})
	return found
}

// shows waits until an icon is that of a level.
func (p *panel) shows(i item, level tray.Level) {
	p.t.Helper()
	p.until(fmt.Sprintf("the icon of level %d", level), func() error {
		name, err := p.conn.Object(i.owner, i.path).GetProperty(itemProperty + "IconName")
		if err != nil {
			return err
		}
		image, err := os.ReadFile(fmt.Sprint(name.Value()))
		if err != nil {
			return err
		}
		if !bytes.Equal(image, level.Icon()) {
			return errors.New("it is another one")
		}
		return nil
	})
}

// entry is a menu item as the panel gets it.
type entry struct {
	ID         int32
	Properties map[string]dbus.Variant
	Children   []dbus.Variant
}

func (e entry) visible() bool {
	v, ok := e.Properties["visible"].Value().(bool)
	return !ok || v
}

func (e entry) label() string {
	text, _ := e.Properties["label"].Value().(string)
	text = strings.NewReplacer("__", "_", "_", "").Replace(text) // a single one marks a key
	switch state, _ := e.Properties["toggle-state"].Value().(int32); {
	case e.Properties["toggle-type"].Value() == nil:
	case state == 1:
		text = "[x] " + text
	default:
		text = "[ ] " + text
	}
	return text
}

// menu returns what a person sees of an icon's menu.
func (p *panel) menu(i item) (map[string]int32, []string, error) {
	path, err := p.conn.Object(i.owner, i.path).GetProperty(itemProperty + "Menu")
	if err != nil {
		return nil, nil, err
	}
	var revision uint32
	var root entry
	call := p.conn.Object(i.owner, path.Value().(dbus.ObjectPath)).Call(menuCall+"GetLayout", 0, int32(0), int32(-1), []string{})
	if err := call.Store(&revision, &root); err != nil {
		return nil, nil, err
	}
	ids, lines := map[string]int32{}, []string{}
	var walk func(children []dbus.Variant, indent string) error
	walk = func(children []dbus.Variant, indent string) error {
		for _, c := range children {
			var e entry
			if err := dbus.Store([]any{c.Value()}, &e); err != nil {
				return err
			}
			if !e.visible() || e.Properties["type"].Value() == "separator" {
				continue
			}
			ids[e.label()] = e.ID
			lines = append(lines, indent+e.label())
			if err := walk(e.Children, indent+"  "); err != nil {
				return err
			}
		}
		return nil
	}
	err = walk(root.Children, "")
	return ids, lines, err
}

// has waits until the menu has all these lines, and none that begins with "!" here.
func (p *panel) has(i item, want ...string) {
	p.t.Helper()
	p.until(fmt.Sprintf("the menu with %q", want), func() error {
		ids, lines, err := p.menu(i)
		if err != nil {
			return err
		}
		for _, w := range want {
			text, no := strings.CutPrefix(w, "!")
			if _, there := ids[text]; there == no {
				return fmt.Errorf("it is\n%s", strings.Join(lines, "\n"))
			}
		}
		return nil
	})
}

// choose clicks on a line of the menu.
func (p *panel) choose(i item, label string) {
	p.t.Helper()
	p.has(i, label)
	ids, _, err := p.menu(i)
	must(p.t, err)
	path, err := p.conn.Object(i.owner, i.path).GetProperty(itemProperty + "Menu")
	must(p.t, err)
	must(p.t, p.conn.Object(i.owner, path.Value().(dbus.ObjectPath)).Call(menuCall+"Event", 0, ids[label], "clicked", dbus.MakeVariant(""), uint32(0)).Err)
}
