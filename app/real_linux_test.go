package app_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/godbus/dbus/v5"

	"mcphub/hub/client"
	"mcphub/hub/hubtest"
)

// panelConfig is a bar at the top of the screen with nothing but trays in it.
const panelConfig = `<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0"><property name="configver" type="int" value="2"/>
<property name="panels" type="array"><value type="int" value="1"/><property name="panel-1" type="empty">
<property name="position" type="string" value="p=6;x=0;y=0"/><property name="length" type="uint" value="100"/>
<property name="position-locked" type="bool" value="true"/><property name="size" type="uint" value="32"/>
<property name="plugin-ids" type="array"><value type="int" value="1"/></property></property></property>
<property name="plugins" type="empty"><property name="plugin-1" type="string" value="systray"/></property></channel>`

// xfce starts the panel of the Xfce desktop, and returns its process. Its settings need a service of their own.
func (s *session) xfce() *exec.Cmd {
	s.t.Helper()
	cmd := exec.Command("xfce4-panel", "--disable-wm-check")
	s.launch(cmd)
	return cmd
}

// keyring starts gnome-keyring, and has it be unlocked.
func (s *session) keyring() *exec.Cmd {
	s.t.Helper()
	cmd := exec.Command("gnome-keyring-daemon", "--foreground", "--components=secrets", "--unlock")
	cmd.Stdin = strings.NewReader("password")
	s.launch(cmd)
	return cmd
}

// registered waits for an icon in the Xfce panel, of a program that was not there before.
func (p *panel) registered(before item) item {
	p.t.Helper()
	var found item
	p.until("the icon in the panel", func() error {
		v, err := p.conn.Object(watcherName, "/StatusNotifierWatcher").GetProperty(watcherName + ".RegisteredStatusNotifierItems")
		if err != nil {
			return err
		}
		names, _ := v.Value().([]string)
		for _, name := range names {
			owner, path, _ := strings.Cut(name, "/")
			if found = (item{owner, dbus.ObjectPath("/" + path)}); found != before {
				return nil
			}
		}
		return fmt.Errorf("there are %q", names)
	})
	return found
}

// backend waits until secrets are kept somewhere, and a new one can be.
func (s *session) backend(want string) {
	s.t.Helper()
	s.until("secrets in the "+want, func() error {
		if _, err := s.hub.SetSecret(s.t.Context(), "probe", "a value"); err != nil {
			return err
		}
		b, err := s.hub.SecretsBackend(s.t.Context())
		if err == nil && b.Backend != want {
			err = fmt.Errorf("they are in the %s", b.Backend)
		}
		return err
	})
}

// TestRealDesktop: with the panel and the keyring that people have, the icon is seen and secrets are kept in the keyring.
// Whatever of the desktop is killed, the hub goes on, and what can come back does.
func TestRealDesktop(t *testing.T) {
	config := hubtest.Config(settings, "files", hubtest.Stdio(t, files))
	s := newSession(t, config)
	channel := filepath.Join(s.home, "config", "xfce4", "xfconf", "xfce-perchannel-xml")
	must(t, os.MkdirAll(channel, 0o700))
	must(t, os.WriteFile(filepath.Join(channel, "xfce4-panel.xml"), []byte(panelConfig), 0o600))
	daemons, err := filepath.Glob("/usr/lib/*/xfce4/xfconf/xfconfd")
	if err != nil || len(daemons) == 0 {
		t.Fatalf("xfconfd is missing (%v): run build/setup.sh test-desktop", err)
	}
	s.start(daemons[0])
	ring, bar := s.keyring(), s.xfce()
	d := s.run(nil, s.hubArgs("--desktop")...)
	d.part("window", 1)
	conn, err := dbus.Connect(s.address)
	must(t, err)
	defer conn.Close()
	p := &panel{session: s, conn: conn}
	icon := p.registered(item{})
	s.page(heading, "#/ true")
	s.backend("keyring")

	// The first start shows the window and the icon. A choice in the menu stops a real process, and the page shows it.
	p.has(icon, "[x] files")
	s.page(`document.querySelector("[role=switch]").getAttribute("aria-checked")`, "true")
	s.picture("first")
	servers := func() (n int) {
		for _, line := range s.family() {
			if self, err := os.Executable(); err == nil && strings.HasPrefix(line, self) {
				n++
			}
		}
		return n
	}
	if n := servers(); n != 1 {
		t.Errorf("%d servers run", n)
	}
	p.choose(icon, "[x] files")
	s.until("the server has ended", func() error {
		if n := servers(); n != 0 {
			return fmt.Errorf("%d run", n)
		}
		return nil
	})
	s.page(`document.querySelector("[role=switch]").getAttribute("aria-checked")`, "false")
	s.page(`document.querySelector("[role=switch]").click()`, "")
	p.has(icon, "[x] files")
	s.configure(strings.Replace(config, `"mcpServers":{`, `"mcpServers":{"added":`+"{"+hubtest.Stdio(t, files)+"},", 1))
	p.has(icon, "[x] added", "[x] files")

	// The panel, the keyring, the tray, the bus.
	kill(t, bar.Process.Pid)
	s.xfce()
	icon = p.registered(item{})
	p.has(icon, "[x] files")
	kill(t, ring.Process.Pid)
	s.state("files", client.StateReady)
	s.keyring()
	s.backend("keyring")
	kill(t, d.part("tray", 1))
	icon = p.registered(icon)
	p.has(icon, "[x] files")
	kill(t, s.bus.Process.Pid)
	s.state("files", client.StateReady)
	s.gone(d.part("window", 1)) // GTK ends a program whose bus is gone
	if second := s.run(nil, s.hubArgs("--desktop")...); second.code() != 0 {
		t.Errorf("the second start failed without a bus:\n%s", second.out)
	}
	d.part("window", 2)
	s.page(heading, "#/ true")
	must(t, d.cmd.Process.Signal(syscall.SIGTERM))
	if code := d.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.until("nothing of the program is left", func() error {
		for _, line := range s.family() {
			if strings.Contains(line, s.program) {
				return errors.New(line)
			}
		}
		return nil
	})
}
