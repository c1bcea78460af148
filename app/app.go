// Package app owns the desktop around a hub: it starts one or attaches to the one that runs, keeps the tray going, opens the
// window, and ends what it started.
//
// Tray and window are processes of their own, since their toolkits may end the process that they are in; all of them are
// clients of the hub. It must not know how the hub works inside, nor how windows and trays are drawn.
package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"mcphub/hub"
	"mcphub/hub/client"
	"mcphub/hub/secret"
)

// Options says what to run.
type Options struct {
	Start  func(context.Context, hub.Desktop) (*hub.Hub, error) // makes a hub that is not running yet, for a desktop
	Client func(address string, options ...client.Option) *client.Client
	Stored func(context.Context) (secret.Text, error) // the token that this person's hubs share
	Port   int                                        // that the hub listens on
	Hidden bool                                       // begin without the window

	Program string // path of this program, which is also tray and window
	Dir     string // folder of the hub's state
	Log     *slog.Logger
}

// HasDisplay reports whether windows can be shown here, as far as the environment tells.
func HasDisplay() bool {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return true
	}
	return os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != ""
}

// How often it is looked whether a hub that somebody else started is still there, how often it may fail to answer, and how
// long a hub that takes over a port may take.
const (
	lookEvery  = 2 * time.Second
	lookFails  = 3
	lookTime   = 5 * time.Second
	handedOver = 10 * time.Second
)

var (
	errQuit   = errors.New("the person quit")
	errRaised = errors.New("the window of the running desktop was raised")
)

// Run runs the desktop until ctx ends or the person quits, which is no error. If the desktop runs already, it raises the
// window there and returns nil.
func Run(ctx context.Context, o Options) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	d := &desktop{Options: o, stop: stop, retry: make(chan struct{}, 1), settings: settings{program: o.Program, dir: o.Dir}}
	d.tray, d.window = newChild(d, "tray", o), newChild(d, "window", o)
	defer d.end()
	err := d.run(ctx)
	if ctx.Err() != nil || errors.Is(err, errRaised) {
		return nil
	}
	return err
}

type desktop struct {
	Options
	stop         context.CancelCauseFunc
	retry        chan struct{} // the person wants the hub started again
	tray, window *child
	settings     settings
	hub          atomic.Pointer[hub.Hub] // of its own; nil while there is none
	control      *control
	shown        bool // the window was opened at the start
}

// Settings implements hub.Desktop.
func (d *desktop) Settings() (hub.DesktopSettings, error) { return d.settings.shown() }

// Change implements hub.Desktop.
func (d *desktop) Change(c hub.DesktopChange) error {
	err := d.settings.change(c)
	d.tray.tell(message{Settings: true}) // some of it may have been changed
	d.changed()
	return err
}

// changed tells the pages of the hub that the settings are others now.
func (d *desktop) changed() {
	if h := d.hub.Load(); h != nil {
		h.DesktopChanged()
	}
}

// end ends the children and waits for them.
func (d *desktop) end() {
	if d.control != nil {
		d.control.close()
	}
	d.tray.end()
	d.window.end()
}

// run has a hub all the time: its own one, or that of somebody else as long as that has the port.
func (d *desktop) run(ctx context.Context) error {
	for ctx.Err() == nil {
		h, err := d.Start(ctx, d)
		var taken *hub.PortError
		switch {
		case err == nil:
			err = d.host(ctx, h)
		case errors.As(err, &taken):
			err = d.attach(ctx, taken)
		}
		if errors.Is(err, errRaised) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			if err := d.claim(); err != nil {
				return err
			}
			d.Log.Error("the hub does not run", "err", err)
			if err := d.explain(ctx, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// host runs a hub of its own.
func (d *desktop) host(ctx context.Context, h *hub.Hub) error {
	d.Port = h.Port() // it may have been any
	d.hub.Store(h)
	defer d.hub.Store(nil)
	address := h.Address()
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	err := d.around(ctx, greeting{Hub: address, Token: h.Pass().Reveal()})
	if err != nil {
		d.stop(err)
		return errors.Join(err, <-ended)
	}
	if err := <-ended; err != nil || ctx.Err() != nil {
		return err
	}
	// Somebody asked the hub to make room for another one on its port.
	wait, cancel := context.WithTimeout(ctx, handedOver)
	defer cancel()
	for other := d.Client(address); wait.Err() == nil; {
		if _, err := other.Health(wait); err == nil {
			return nil
		}
		sleep(wait, lookEvery/10)
	}
	return nil
}

// attach stays with a hub that somebody else started, until that is gone.
func (d *desktop) attach(ctx context.Context, taken *hub.PortError) error {
	if d.control == nil && raise(d.Dir, taken.Port, d.page()) == nil {
		return errRaised
	}
	address := "http://localhost:" + strconv.Itoa(taken.Port)
	hello := greeting{Hub: address, Lent: true}
	other := d.Client(address, client.WithStored(func(ctx context.Context) (secret.Text, error) {
		token, err := d.Stored(ctx)
		hello.Token = token.Reveal()
		return token, err
	}))
	look, cancel := context.WithTimeout(ctx, lookTime)
	_, err := other.Health(look)
	if err == nil { // the parts may not be able to open the secret store, as this process can
		_, _ = other.Servers(look)
	}
	cancel()
	if err != nil {
		return taken
	}
	d.Log.Info("a hub runs already, so this is only its desktop", "hub", address)
	d.Port = taken.Port
	if err := d.around(ctx, hello); err != nil {
		return err
	}
	for fails := 0; fails < lookFails && ctx.Err() == nil; {
		sleep(ctx, lookEvery)
		look, cancel := context.WithTimeout(ctx, lookTime)
		if _, err := other.Health(look); err != nil {
			fails++
		} else {
			fails = 0
		}
		cancel()
	}
	return nil
}

// page is what the window shows first; empty: there shall be no window.
func (d *desktop) page() string {
	if d.Hidden {
		return ""
	}
	return "/"
}

// around has the tray and the window be those of a hub.
func (d *desktop) around(ctx context.Context, hello greeting) error {
	if err := d.claim(); err != nil {
		return err
	}
	d.tray.greet(hello)
	d.window.greet(hello)
	d.tray.keep(ctx)
	if !d.shown && !d.Hidden {
		d.show("/")
	}
	d.shown = true
	return nil
}

// claim has a second start of the program find this desktop. If another one was faster, it raises the window there and fails
// with errRaised.
func (d *desktop) claim() error {
	if d.control != nil {
		return nil
	}
	c, err := listen(d.Dir, d.Port, d.show, d.Log)
	switch {
	case errors.Is(err, errTaken):
		if raise(d.Dir, d.Port, d.page()) == nil {
			return errRaised
		}
	case err != nil:
		d.Log.Warn("a second start will not find this desktop", "err", err)
	}
	d.control = c
	return nil
}

// show opens the window, or brings it to the front, with a page of the dashboard; empty for the one that it shows.
func (d *desktop) show(page string) { d.window.open(message{Show: page, Raise: true}) }

// explain shows in the window why there is no hub, and waits until the person wants to try again. Otherwise it returns the
// error.
func (d *desktop) explain(ctx context.Context, why error) error {
	d.window.greet(greeting{Hub: "http://localhost:" + strconv.Itoa(d.Port)})
	closed := d.window.open(message{Failed: why.Error()})
	d.shown = true
	select {
	case <-d.retry:
		return nil
	case <-closed:
		return why
	case <-ctx.Done():
		return why
	}
}

// heard takes what a child says.
func (d *desktop) heard(m message) {
	switch {
	case m.Quit:
		d.stop(errQuit)
	case m.Retry:
		select {
		case d.retry <- struct{}{}:
		default:
		}
	case m.Settings:
		d.changed()
	case m.Raise:
		d.show(m.Show)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

var errTaken = errors.New("another desktop runs")
