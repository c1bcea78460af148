package app_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"mcphub/app/tray"
	"mcphub/hub/client"
	"mcphub/hub/hubtest"
	"mcphub/hub/secret"
)

// settings keep the tests off the network.
const settings = `{"marketplace":{"sources":[{"name":"official","disabled":true},{"name":"community","disabled":true}]}}`

var files = hubtest.Script{Name: "files", Tools: []string{hubtest.Tool("read_file")}}

// heading is the page of the dashboard that the window shows.
const heading = `location.protocol === "http:" ? location.hash + " " + !!document.querySelector("main") : location.protocol`

// TestDesktop goes through a day with the desktop.
func TestDesktop(t *testing.T) {
	config := hubtest.Config(settings, "files", hubtest.Stdio(t, files), "my_notes", hubtest.Stdio(t, files)+`,"disabled":true`)
	s := newSession(t, config)
	panel := s.newPanel()
	d := s.run(nil, s.hubArgs("--desktop")...)
	window := d.part("window", 1)
	s.state("files", client.StateReady)

	// The window shows the dashboard, and nobody sees how it was let in.
	s.page(heading, "#/ true")
	s.page(`document.querySelector("main").innerText.includes("files")`, "true")
	for pid, line := range s.family() {
		if strings.Contains(line, "code=") || strings.Contains(line, "session") || strings.Contains(line, "mcphub_") {
			t.Errorf("process %d tells secrets: %s", pid, line)
		}
	}
	if text := d.out.String(); strings.Contains(text, "code=") {
		t.Errorf("the log tells a code:\n%s", text)
	}
	s.picture("window")

	// It is light or dark as the desktop is.
	const isDark = `matchMedia("(prefers-color-scheme: dark)").matches`
	s.page(isDark, "false")
	panel.setScheme(1)
	s.page(isDark, "true")
	s.picture("dark")
	panel.setScheme(2)
	s.page(isDark, "false")
	panel.setScheme(1) // for the next window, which has to ask

	// Keys zoom.
	for key, want := range map[string]string{"+": "1.1", "0": "1"} {
		s.page(`dispatchEvent(new KeyboardEvent("keydown", { key: "`+key+`", ctrlKey: true })), document.documentElement.style.zoom`, want)
		s.page(`dispatchEvent(new KeyboardEvent("keydown", { key: "0", ctrlKey: true })), document.documentElement.style.zoom`, "1")
	}

	// The tray shows the servers, and switches them.
	icon := panel.icon(1)
	panel.shows(icon, tray.OK)
	panel.has(icon, "All servers are connected", "[x] files", "[ ] my_notes", "Quit")
	panel.choose(icon, "[x] files")
	s.state("files", client.StateDisabled)
	panel.has(icon, "[ ] files", "!All servers are connected")
	s.page(`[...document.querySelectorAll("[role=switch]")].map((e) => e.getAttribute("aria-checked")).join()`, "false,false")
	s.page(`document.querySelector("[role=switch]").click()`, "") // and the page switches it on again
	s.state("files", client.StateReady)
	panel.has(icon, "[x] files")

	// What changes in the file is in the menu, with what is wrong, and a notification leads to it.
	s.configure(strings.Replace(config, `"mcpServers":{`, `"mcpServers":{"broken":{"command":"/no/such/program"},`, 1))
	panel.has(icon, "[x] ✕ broken: failed")
	panel.shows(icon, tray.Error)
	if text := panel.click("broken failed"); !strings.Contains(text, "/no/such/program") {
		t.Errorf("the notification says %q", text)
	}
	s.page(heading, "#/servers/broken?tab=logs true")
	s.picture("log")

	// What is downloaded is saved, both files and what the page itself made, and the page and a notification say so.
	s.page(`void addEventListener("mcp-hub-download", (e) => { window.got = (window.got ?? "") + JSON.stringify(e.detail) })`, "")
	for _, href := range []string{`"/api/v2/history/export?format=jsonl"`, `URL.createObjectURL(new Blob(["made by the page"]))`} {
		s.page(`(() => { const a = document.createElement("a"); a.href = `+href+`; a.download = "made.log"; a.click() })()`, "")
	}
	s.until("the downloads", func() error {
		saved, err := filepath.Glob(filepath.Join(s.home, "Downloads", "*"))
		if err == nil && len(saved) != 2 {
			err = fmt.Errorf("there are %q", saved)
		}
		return err
	})
	panel.click("Saved made.log")
	s.page(`String(window.got.includes("Downloads/made.log"))`, "true")
	s.picture("saved")
	s.until("the folder", func() error {
		text, err := os.ReadFile(filepath.Join(s.home, "opened"))
		if err == nil && string(text) != "file://"+s.home+"/Downloads\n" {
			err = fmt.Errorf("it was to open %s", text)
		}
		return errors.Join(err, os.Remove(filepath.Join(s.home, "opened")))
	})

	// Links that lead outside open in the browser.
	s.page(`void window.open("https://example.com/a?b=c")`, "")
	s.page(`(() => { const a = document.createElement("a"); a.href = "https://example.com/link"; a.target = "_blank"; document.body.append(a); a.click(); a.remove() })()`, "")
	s.page(`void window.open("file:///etc/passwd")`, "")
	s.until("the browser", func() error {
		text, err := os.ReadFile(filepath.Join(s.home, "opened"))
		if err == nil && (!strings.Contains(string(text), "https://example.com/a?b=c\n") || !strings.Contains(string(text), "https://example.com/link\n") || strings.Count(string(text), "\n") != 2) {
			err = fmt.Errorf("it was to open %s", text)
		}
		return err
	})

	// A tray that is killed comes back.
	kill(t, d.part("tray", 1))
	icon = panel.icon(2)
	panel.has(icon, "[x] files", "[x] ✕ broken: failed")

	// A window that is closed leaves nothing of it, and the hub goes on. A second start opens it where it was.
	s.until("the window is moved", func() error {
		_, err := s.xdo("search", "--onlyvisible", "--name", "^MCP Hub$", "windowsize", "900", "600")
		return err
	})
	s.page(`String(innerWidth)`, "900")
	s.closeWindow()
	s.gone(window)
	s.until("nothing of the window is left", func() error {
		for _, line := range s.family() {
			if strings.Contains(line, "WebKit") {
				return errors.New(line)
			}
		}
		return nil
	})
	s.state("files", client.StateReady)
	if second := s.run(nil, s.hubArgs("--desktop")...); second.code() != 0 {
		t.Errorf("the second start failed:\n%s", second.out)
	}
	d.part("window", 2)
	s.page(heading, "#/ true")
	s.page(isDark, "true")
	s.page(`String(innerWidth)`, "900")
	panel.choose(icon, "Marketplace")
	s.page(heading, "#/market true")

	// Started at login, or not.
	panel.choose(icon, "[ ] Start at login")
	s.until("the entry", func() error { // the library turns the mark over before the entry is there
		text, err := os.ReadFile(filepath.Join(s.home, "config", "autostart", "mcp-hub.desktop"))
		if err == nil && !strings.Contains(string(text), `Exec="`+s.program+`" "--hidden"`) {
			err = fmt.Errorf("it says %s", text)
		}
		return err
	})
	panel.has(icon, "[x] Start at login")
	// The page shows the same, and both can switch.
	panel.choose(icon, "Open the dashboard")
	s.page(heading, "#/ true")
	s.page(`location.hash = "#/settings"`, "#/settings")
	const chosen = `["Start at login", "Tell me that a server failed", "Tell me that the tools of a server changed"].map((label) => document.querySelector("[role=switch][aria-label='" + label + "']").getAttribute("aria-checked")).join()`
	s.page(chosen, "true,true,false")
	s.page(`document.querySelector("main").innerText.includes("mcp-hub.desktop")`, "true")
	s.page(`document.querySelector("[aria-label='Start at login']").scrollIntoView()`, "")
	s.picture("settings")
	s.page(`document.querySelector("[aria-label='Tell me that the tools of a server changed']").click()`, "")
	panel.has(icon, "[x] The tools of a server changed")
	panel.choose(icon, "[x] A server failed")
	s.page(chosen, "true,false,true")
	s.page(`document.querySelector("[aria-label='Start at login']").click()`, "")
	panel.has(icon, "[ ] Start at login")
	s.page(chosen, "false,false,true")
	panel.choose(icon, "[ ] Start at login")
	s.page(chosen, "true,false,true")
	status := s.run(nil, "autostart", "off")
	if status.code() != 0 || !strings.Contains(status.out.String(), "off") {
		t.Errorf("autostart off: %s", status.out)
	}

	panel.choose(icon, "Quit")
	if code := d.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.empty()
}

// TestKilledHub: what the desktop started ends with it, however that ends, and a panel that comes late shows the tray.
func TestKilledHub(t *testing.T) {
	s := newSession(t, hubtest.Config(settings, "files", hubtest.Stdio(t, files)))
	d := s.run(nil, s.hubArgs("--desktop")...)
	d.part("tray", 1)
	s.page(heading, "#/ true")
	panel := s.newPanel()
	panel.has(panel.icon(1), "[x] files")
	kill(t, d.cmd.Process.Pid)
	s.empty()
	// Another one starts on what it left behind, and lets its own parts in though it asks for a token, which they cannot read:
	// it is sealed with a passphrase that only the hub has.
	d = s.run([]string{"MCP_HUB_PASSPHRASE=hard to guess"}, s.hubArgs("--desktop", "--require-token")...)
	panel.has(panel.icon(2), "[x] files")
	s.page(heading, "#/ true")
	s.page(`document.querySelector("main").innerText.includes("files")`, "true")
	must(t, d.cmd.Process.Signal(syscall.SIGTERM))
	if code := d.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.empty()
}

// TestAttach: a desktop stays with a hub that runs, and takes its place when it is gone.
func TestAttach(t *testing.T) {
	s := newSession(t, hubtest.Config(settings, "files", hubtest.Stdio(t, files)))
	panel := s.newPanel()
	sealed := []string{"MCP_HUB_PASSPHRASE=hard to guess"}
	token := s.run(sealed, "token")
	if code := token.code(); code != 0 {
		t.Fatalf("token: exit code %d\n%s", code, token.out)
	}
	s.hub = client.New(s.hub.URL(), client.WithToken(secret.New(regexp.MustCompile(`mcphub_\w+`).FindString(token.out.String()))))
	bare := s.run(sealed, s.hubArgs("--require-token")...)
	s.state("files", client.StateReady)
	d := s.run(sealed, s.hubArgs("--hidden")...)
	icon := panel.icon(1)
	panel.has(icon, "[x] files")
	if text := d.out.String(); !strings.Contains(text, "only its desktop") {
		t.Errorf("it does not say that it attached:\n%s", text)
	}
	must(t, bare.cmd.Process.Signal(syscall.SIGTERM))
	if code := bare.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	panel.has(icon, "The hub does not answer")
	panel.shows(icon, tray.Away)
	s.state("files", client.StateReady) // of the desktop's own hub now
	icon = panel.icon(2)                // which lets its parts in by another token
	panel.has(icon, "[x] files")
	must(t, d.cmd.Process.Signal(syscall.SIGTERM))
	if code := d.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.empty()
}

// TestStartFails: the window says why there is no hub, and tries again when the person wants it.
func TestStartFails(t *testing.T) {
	good := hubtest.Config(settings, "files", hubtest.Stdio(t, files))
	s := newSession(t, "{"+good)
	d := s.run(nil, s.hubArgs("--desktop")...)
	s.page(`document.querySelector("h1").innerText`, "The hub could not start")
	s.page(`document.querySelector("#error").innerText.includes("servers.json") + " " + document.querySelector("button").hidden`, "true false")
	s.picture("failure")
	if second := s.run(nil, s.hubArgs("--desktop")...); second.code() != 0 || strings.Contains(second.out.String(), "part=window") {
		t.Errorf("the second start shows a window of its own:\n%s", second.out)
	}
	s.page(`document.querySelector("h1").innerText`, "The hub could not start")
	s.configure(good)
	s.page(`document.querySelector("button").click()`, "")
	s.page(heading, "#/ true")
	s.configure("{")
	must(t, d.cmd.Process.Signal(syscall.SIGTERM))
	if code := d.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.empty()
	d = s.run(nil, s.hubArgs("--desktop")...)
	s.page(`document.querySelector("h1").innerText`, "The hub could not start")
	s.closeWindow()
	if code := d.code(); code != 3 {
		t.Errorf("exit code %d after the window was closed", code)
	}
	s.empty()
}

// TestNoDisplay: what needs a display says so, and the hub needs none.
func TestNoDisplay(t *testing.T) {
	s := newSession(t, hubtest.Config(settings, "files", hubtest.Stdio(t, files)))
	for name, env := range map[string][]string{"none": {"DISPLAY=", "WAYLAND_DISPLAY="}, "dead": {"DISPLAY=:9", "WAYLAND_DISPLAY="}} {
		w := s.run(env, "window", "--hub", "http://localhost:"+strconv.Itoa(s.port))
		if code := w.code(); code != 1 || !strings.Contains(w.out.String(), "no window can be shown") || strings.Contains(w.out.String(), "goroutine") {
			t.Errorf("window, display %s: exit code %d\n%s", name, code, w.out)
		}
		tr := s.run(append(env, "DBUS_SESSION_BUS_ADDRESS="), "tray")
		if code := tr.code(); code != 1 || strings.Contains(tr.out.String(), "goroutine") {
			t.Errorf("tray, display %s: exit code %d\n%s", name, code, tr.out)
		}
		d := s.run(env, s.hubArgs("--desktop")...)
		s.state("files", client.StateReady)
		if name == "none" && !strings.Contains(d.out.String(), "there is no display here") {
			t.Errorf("it does not say that there is no display:\n%s", d.out)
		}
		if name == "dead" {
			s.until("the window that cannot be shown", func() error {
				if !strings.Contains(d.out.String(), "the window could not be shown") {
					return errors.New(d.out.String())
				}
				return nil
			})
			s.state("files", client.StateReady)
		}
		must(t, d.cmd.Process.Signal(syscall.SIGTERM))
		if code := d.code(); code != 0 {
			t.Errorf("display %s: exit code %d", name, code)
		}
		s.empty()
	}
}

// TestLoginPath: started by a desktop and not in a terminal, the program finds what the person's shell would find. The
// shell does not get the passphrase.
func TestLoginPath(t *testing.T) {
	self, err := os.Executable()
	must(t, err)
	config := hubtest.Config(settings, "files", hubtest.Stdio(t, files))
	s := newSession(t, strings.ReplaceAll(config, strconv.Quote(self), `"fixture-server"`))
	tools := filepath.Join(s.home, "tools")
	must(t, os.Mkdir(tools, 0o700))
	must(t, os.Symlink(self, filepath.Join(tools, "fixture-server")))
	must(t, os.WriteFile(filepath.Join(s.home, ".bash_profile"), []byte("export PATH="+tools+":$PATH\nenv > $HOME/environment\n"), 0o600))
	d := s.run([]string{"TERM=", "SHELL=/bin/bash", "MCP_HUB_PASSPHRASE=hard to guess"}, s.hubArgs("--hidden")...)
	s.state("files", client.StateReady)
	if strings.Contains(d.out.String(), "part=window") {
		t.Error("there is a window, though it was to be hidden")
	}
	text, err := os.ReadFile(filepath.Join(s.home, "environment"))
	if err != nil || strings.Contains(string(text), "hard to guess") {
		t.Errorf("the shell had the environment %s: %v", text, err)
	}
	must(t, d.cmd.Process.Signal(syscall.SIGTERM))
	if code := d.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.empty()
}
