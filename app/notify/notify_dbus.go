//go:build unix && !darwin

package notify

import (
	"errors"
	"html"
	"slices"
	"sync"

	"github.com/esiqveland/notify"
	"github.com/godbus/dbus/v5"

	"mcphub/app/sessionbus"
)

// remembered is how many notifications can still be clicked.
const remembered = 50

// system is a connection to the desktop's notification service.
type system struct {
	mu      sync.Mutex
	conn    *dbus.Conn // nil while there is none
	service notify.Notifier
	markup  bool // the service takes texts for markup
	clicks  map[uint32]func()
	order   []uint32
}

var errNoBus = errors.New("there is no session bus")

func (s *system) show(title, text string, clicked func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.connect(); err != nil {
		return err
	}
	if s.markup {
		text = html.EscapeString(text)
	}
	id, err := s.service.SendNotification(notify.Notification{
		AppName: "MCP Hub", AppIcon: "mcp-hub", Summary: title, Body: text, ExpireTimeout: notify.ExpireTimeoutSetByNotificationServer,
		Actions: []notify.Action{notify.NewDefaultAction("Open")},
	})
	if err != nil {
		return err
	}
	s.clicks[id] = clicked
	if s.order = append(s.order, id); len(s.order) > remembered {
		delete(s.clicks, s.order[0])
		s.order = s.order[1:]
	}
	return nil
}

// connect connects if there is no connection, or it has broken. The caller has the lock.
func (s *system) connect() error {
	if s.conn != nil && s.conn.Connected() {
		return nil
	}
	if !sessionbus.Reachable() {
		return errNoBus
	}
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		return err
	}
	service, err := notify.New(conn, notify.WithOnAction(s.acted))
	if err != nil {
		_ = conn.Close()
		return err
	}
	can, err := service.GetCapabilities()
	if err != nil {
		_ = conn.Close()
		return err
	}
	s.conn, s.service, s.markup, s.clicks, s.order = conn, service, slices.Contains(can, "body-markup"), map[uint32]func(){}, nil
	return nil
}

// acted is called for all notifications, of other programs too.
func (s *system) acted(a *notify.ActionInvokedSignal) {
	s.mu.Lock()
	clicked := s.clicks[a.ID]
	delete(s.clicks, a.ID)
	s.mu.Unlock()
	if clicked != nil {
		clicked()
	}
}
