package app

import (
	"encoding/json"
	"path/filepath"
	"sync"

	"mcphub/app/autostart"
	"mcphub/app/tray"
	"mcphub/hub"
	"mcphub/hub/statedir"
)

// settings is what the person has chosen of the desktop. It stands in files, which the tray and the hub's dashboard both
// change: nothing is remembered here.
type settings struct {
	program string
	dir     string // folder of the hub's state

	mu sync.Mutex // for who changes the file
}

// entry is what is started at login.
func (s *settings) entry() autostart.Entry {
	return autostart.Entry{Program: s.program, Args: []string{"--hidden"}}
}

func (s *settings) file() string { return filepath.Join(controlDir(s.dir), "notifications.json") }

// notices returns what the person is to be told; if nothing was chosen, what needs them.
func (s *settings) notices() tray.Notices {
	n := tray.DefaultNotices()
	text, err := statedir.ReadPrivate(s.file())
	if err != nil || json.Unmarshal(text, &n) != nil {
		return tray.DefaultNotices()
	}
	return n
}

// tell has the person be told of such things, or not.
func (s *settings) tell(kind tray.Notice, on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.notices()
	n[kind] = on
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if err := statedir.MakePrivate(controlDir(s.dir)); err != nil {
		return err
	}
	return statedir.WritePrivate(s.file(), text)
}

// startAtLogin has the program be started at login, or not.
func (s *settings) startAtLogin(on bool) error {
	if on {
		return autostart.On(s.entry())
	}
	return autostart.Off()
}

// shown is the settings as the hub's routes show them.
func (s *settings) shown() (hub.DesktopSettings, error) {
	where, err := autostart.Where()
	if err != nil {
		return hub.DesktopSettings{}, err
	}
	n := s.notices()
	return hub.DesktopSettings{
		StartAtLogin: autostart.Enabled(), Where: where, ByService: autostart.ServiceEnabled(),
		Notifications: hub.DesktopNotices{SignInNeeded: n[tray.SignInNeeded], Failed: n[tray.Failed], ToolsChanged: n[tray.ToolsChanged]},
	}, nil
}

// change changes what is given.
func (s *settings) change(c hub.DesktopChange) error {
	if on := c.StartAtLogin; on != nil {
		if err := s.startAtLogin(*on); err != nil {
			return err
		}
	}
	if c.Notifications == nil {
		return nil
	}
	for kind, on := range map[tray.Notice]*bool{
		tray.SignInNeeded: c.Notifications.SignInNeeded, tray.Failed: c.Notifications.Failed, tray.ToolsChanged: c.Notifications.ToolsChanged,
	} {
		if on == nil {
			continue
		}
		if err := s.tell(kind, *on); err != nil {
			return err
		}
	}
	return nil
}
