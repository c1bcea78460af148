//go:build desktop

package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"path/filepath"

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
	Child  bool // a desktop started it
	Client func(address string, options ...client.Option) *client.Client
	Hub    string                         // address of the hub, of one that a person starts by hand
	Port   int                            // of that hub, by which its desktop is found
	Page   string                         // of the window
	Self   func(args ...string) *exec.Cmd // runs this program, so that it outlives this process

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
		o.Hub = r.Client(r.Hub)
		return r.shown(ctx, o)
	}
	p, err := newParent(r.In, r.Out)
	if err != nil {
		return err
	}
	commands := make(chan window.Command)
	o.Hub, o.Commands = r.Client(p.First.Hub, p.First.options()...), commands
	o.Retry = func() { p.say(message{Retry: true}) }
	go func() {
		defer close(commands)
		for m := range p.Messages {
			switch {
			case m.Greeting != nil:
				commands <- window.Command{Hub: r.Client(m.Greeting.Hub, m.Greeting.options()...)}
			case m.Failed != "":
				commands <- window.Command{Failure: m.Failed}
			case m.Raise:
				commands <- window.Command{Show: m.Show, Raise: true}
			}
		}
	}()
	return r.shown(ctx, o)
}

// options is how a child gets in.
func (g greeting) options() []client.Option {
	token := secret.New(g.Token)
	switch {
	case g.Token == "":
		return nil
	case g.Lent:
		return []client.Option{client.WithStored(func(context.Context) (secret.Text, error) { return token, nil })}
	}
	return []client.Option{client.WithToken(token)}
}

// shown shows the window. Where what draws it is missing it says so, and the browser shows the hub.
func (r Role) shown(ctx context.Context, o window.Options) error {
	notifier := notify.New(r.Log)
	o.Saved = func(file string) {
		dir := filepath.Dir(file)
		notifier.Tell("Saved "+filepath.Base(file), "Click to show it in "+dir, func() { r.Browse("file://" + filepath.ToSlash(dir)) })
	}
	err := window.Run(ctx, o)
	if !errors.Is(err, window.ErrNoWebView2) {
		return err
	}
	r.Log.Error("there is no window", "err", err)
	notifier.Tell("MCP Hub opens in your browser", err.Error(), func() {})
	address, failed := o.Hub.SessionURL(ctx)
	if failed != nil || !r.Browse(address) {
		return errors.Join(err, failed)
	}
	return nil
}

// Tray shows the tray until ctx or its desktop ends. It must be called on the main goroutine.
func Tray(ctx context.Context, r Role) error {
	var p *parent
	hub := r.Client(r.Hub)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	kept, changes := &settings{program: r.Program, dir: r.Dir}, make(chan struct{}, 1)
	o := tray.Options{Quit: cancel, Show: r.show, Changed: changes, SetAutostart: kept.startAtLogin, SetNotice: kept.tell}
	if r.Child {
		var err error
		if p, err = newParent(r.In, r.Out); err != nil {
			return err
		}
		hub = r.Client(p.First.Hub, p.First.options()...)
		o.Quit = func() { p.say(message{Quit: true}) }
		o.Show = func(page string) { p.say(message{Raise: true, Show: page}) }
		changed := func(err error) error {
			p.say(message{Settings: true})
			return err
		}
		o.SetAutostart = func(on bool) error { return changed(kept.startAtLogin(on)) }
		o.SetNotice = func(kind tray.Notice, on bool) error { return changed(kept.tell(kind, on)) }
		go func() {
			defer cancel()
			for m := range p.Messages {
				if m.Greeting != nil { // this tray is for another hub, and the next one knows for which
					return
				}
				if m.Settings {
					select {
					case changes <- struct{}{}:
					default: // it is about to look anyway
					}
				}
			}
		}()
	}
	if !HasDisplay() || !sessionbus.Reachable() {
		return fmt.Errorf("%w: it needs a display and a session bus", ErrNoTray)
	}
	if err := statedir.MakePrivate(controlDir(r.Dir)); err != nil {
		return err
	}
	notifier := notify.New(r.Log)
	o.Hub, o.Log, o.Copy = hub, r.Log, tray.ToClipboard
	o.Browse = func(address string) error {
		if !r.Browse(address) {
			return errors.New("there is no browser here")
		}
		return nil
	}
	o.Tell = func(m tray.Message) { notifier.Tell(m.Title, m.Text, func() { o.Show(m.Page) }) }
	o.Autostart, o.Notices = autostart.Enabled, kept.notices
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
