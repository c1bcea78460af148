//go:build desktop

package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"path/filepath"
	"sync"

	"mcphub/app/autostart"
	"mcphub/app/notify"
	"mcphub/app/sessionbus"
	"mcphub/app/tray"
	"mcphub/app/window"
	"mcphub/hub/client"
	"mcphub/hub/secret"
	"mcphub/hub/statedir"
)

// Role says what a tray or window needs.
type Role struct {
	Child  bool                                                   // a desktop started it
	Client func(address string, token secret.Text) *client.Client // of a hub; the token may be empty
	Hub    string                                                 // address of the hub, of one that a person starts by hand
	Port   int                                                    // of that hub, by which its desktop is found
	Page   string                                                 // of the window
	Self   func(args ...string) *exec.Cmd                         // runs this program, so that it outlives this process

	Program string
	Dir     string // folder of the hub's state
	LogFile string // the hub's
	Log     *slog.Logger
	Browse  func(address string) bool

	In  io.Reader // of a child
	Out io.Writer
}

// ErrNoTray says that nothing can show a tray here.
var ErrNoTray = errors.New("there is nothing here that could show a tray")

// Window shows the window, or has a desktop that runs show it. It must be called on the main goroutine.
func Window(ctx context.Context, r Role) error {
	if !HasDisplay() {
		return fmt.Errorf("%w: there is no display; set DISPLAY or WAYLAND_DISPLAY, or use \"mcp-hub open\"", window.ErrNone)
	}
	if err := statedir.MakePrivate(controlDir(r.Dir)); err != nil {
		return err
	}
	o := window.Options{Log: r.Log, LogFile: r.LogFile, Geometry: filepath.Join(controlDir(r.Dir), "window.json"), Page: r.Page}
	if !r.Child {
		if raise(r.Dir, r.Port, cmp.Or(r.Page, "/")) == nil {
			return nil
		}
		o.Hub = r.Client(r.Hub, secret.Text{})
		return window.Run(ctx, o)
	}
	p, err := newParent(r.In, r.Out)
	if err != nil {
		return err
	}
	commands := make(chan window.Command)
	o.Hub, o.Commands = r.Client(p.First.Hub, secret.New(p.First.Token)), commands
	o.Retry = func() { p.say(message{Retry: true}) }
	go func() {
		defer close(commands)
		for m := range p.Messages {
			switch {
			case m.Greeting != nil:
				commands <- window.Command{Hub: r.Client(m.Greeting.Hub, secret.New(m.Greeting.Token))}
			case m.Failed != "":
				commands <- window.Command{Failure: m.Failed}
			case m.Raise:
				commands <- window.Command{Show: m.Show, Raise: true}
			}
		}
	}()
	return window.Run(ctx, o)
}

// Tray shows the tray until ctx or its desktop ends. It must be called on the main goroutine.
func Tray(ctx context.Context, r Role) error {
	var p *parent
	hub := r.Client(r.Hub, secret.Text{})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o := tray.Options{Quit: cancel, Show: r.show}
	if r.Child {
		var err error
		if p, err = newParent(r.In, r.Out); err != nil {
			return err
		}
		hub = r.Client(p.First.Hub, secret.New(p.First.Token))
		o.Quit = func() { p.say(message{Quit: true}) }
		o.Show = func(page string) { p.say(message{Raise: true, Show: page}) }
		go func() {
			for range p.Messages { // a greeting: this tray is for another hub, and the next one knows for which
				break
			}
			cancel()
		}()
	}
	if !HasDisplay() || !sessionbus.Reachable() {
		return fmt.Errorf("%w: it needs a display and a session bus", ErrNoTray)
	}
	if err := statedir.MakePrivate(controlDir(r.Dir)); err != nil {
		return err
	}
	notices := &noticesFile{path: filepath.Join(controlDir(r.Dir), "notifications.json")}
	notifier := notify.New(r.Log)
	entry := autostart.Entry{Program: r.Program, Args: []string{"--hidden"}}
	o.Hub, o.Log, o.Copy = hub, r.Log, tray.ToClipboard
	o.Browse = func(address string) error {
		if !r.Browse(address) {
			return errors.New("there is no browser here")
		}
		return nil
	}
	o.Tell = func(m tray.Message) { notifier.Tell(m.Title, m.Text, func() { o.Show(m.Page) }) }
	o.Autostart = autostart.Enabled
	o.SetAutostart = func(on bool) error {
		if on {
			return autostart.On(entry)
		}
		return autostart.Off()
	}
	o.Notices, o.SaveNotices = notices.load(), notices.save
	tray.Run(ctx, func(ctx context.Context, draw func(tray.State), clicks <-chan tray.Action) {
		tray.Follow(ctx, o, draw, clicks)
	})
	return nil
}

// show has a page shown by the desktop that runs, or by a window of its own.
func (r Role) show(page string) {
	if raise(r.Dir, r.Port, page) == nil {
		return
	}
	if err := r.Self("window", "--hub", r.Hub, "--page", page).Start(); err != nil {
		r.Log.Error("the window cannot be started", "err", err)
	}
}

// noticesFile keeps of what the person wants to be told.
type noticesFile struct {
	path string
	mu   sync.Mutex
}

// load returns what was chosen; if nothing was, what needs a person.
func (f *noticesFile) load() tray.Notices {
	n := tray.DefaultNotices()
	text, err := statedir.ReadPrivate(f.path)
	if err != nil || json.Unmarshal(text, &n) != nil {
		return tray.DefaultNotices()
	}
	return n
}

func (f *noticesFile) save(n tray.Notices) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return statedir.WritePrivate(f.path, text)
}
