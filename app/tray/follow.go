package tray

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mcphub/hub/client"
)

// patience is how long a deed may take.
const patience = 30 * time.Second

// tryAgain is between two tries to reach the hub at first.
const tryAgain = time.Second

// Options is what the tray needs of the desktop around it. All functions may be called at the same time.
type Options struct {
	Hub *client.Client
	Log *slog.Logger

	Show   func(page string)          // show a page of the dashboard
	Browse func(address string) error // show a page of somebody else in the browser
	Copy   func(text string) error    // put a text into the clipboard
	Quit   func()
	Tell   func(Message) // show a notification

	Autostart    func() bool      // whether the program is started at login
	SetAutostart func(bool) error // have it started, or not
	Notices      func() Notices   // what the person wants to be told of
	SetNotice    func(Notice, bool) error
	Changed      <-chan struct{} // somebody else has changed that
}

// Follow draws what the hub's events tell, and does what is chosen, until ctx ends.
func Follow(ctx context.Context, o Options, draw func(State), clicks <-chan Action) {
	state := State{}
	events := make(chan client.Event)
	var work sync.WaitGroup
	defer work.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work.Go(func() { listen(ctx, o, events) })
	var to teller
	for {
		state.Autostart, state.Notify = o.Autostart(), o.Notices() // which can be changed elsewhere too
		draw(state)
		select {
		case <-ctx.Done():
			return
		case <-o.Changed:
		case e := <-events:
			state.Take(e)
			if m := to.tell(e, state.Notify, time.Now()); m != nil {
				o.Tell(*m)
			}
		case a := <-clicks:
			switch a.Deed {
			case Notify, NoNotify:
				if err := o.SetNotice(a.Notice, a.Deed == Notify); err != nil {
					failed(o, "Notifications", err)
				}
			case StartAtLogin, NoStartAtLogin:
				if err := o.SetAutostart(a.Deed == StartAtLogin); err != nil {
					failed(o, "Start at login", err)
				}
			default:
				work.Go(func() {
					if err := do(ctx, o, state, a); err != nil && ctx.Err() == nil {
						failed(o, "That did not work", err)
					}
				})
			}
		}
	}
}

// failed tells of what the person chose and what could not be done.
func failed(o Options, what string, err error) {
	o.Log.Warn("the tray could not do what was chosen", "err", err)
	o.Tell(Message{Title: what, Text: title(err.Error()), Page: "/"})
}

// listen hands on the hub's events, also of a hub that is not there yet.
func listen(ctx context.Context, o Options, events chan<- client.Event) {
	for ctx.Err() == nil {
		err := o.Hub.Follow(ctx, func(e client.Event) error {
			if e.Name == client.EventStderr || e.Name == client.EventNote {
				return nil
			}
			select {
			case events <- e:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if !errors.Is(err, client.ErrUnreachable) && ctx.Err() == nil {
			o.Log.Warn("the tray cannot follow the hub", "err", err)
		}
		select {
		case <-time.After(tryAgain):
		case <-ctx.Done():
		}
	}
}

// do does what was chosen.
func do(ctx context.Context, o Options, s State, a Action) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	switch a.Deed {
	case Show:
		o.Show(a.Page)
	case Quit:
		o.Quit()
	case Copy:
		return o.Copy(o.Hub.URL() + "/mcp")
	case SwitchOn, SwitchOff:
		off := a.Deed == SwitchOff
		if _, err := o.Hub.Change(ctx, a.Server, client.Change{Disabled: &off}); err != nil {
			return err
		}
		if off { // the file may have said so already, and the server have been started or stopped by hand
			return one(o.Hub.Stop(ctx, a.Server))
		}
		return one(o.Hub.Start(ctx, a.Server))
	case Start:
		return one(o.Hub.Start(ctx, a.Server))
	case Stop:
		return one(o.Hub.Stop(ctx, a.Server))
	case SignIn:
		address, _, err := o.Hub.BeginSignIn(ctx, a.Server)
		if err != nil {
			return err
		}
		return o.Browse(address)
	case PauseAll:
		return all(s, wanted, func(name string) error { return one(o.Hub.Stop(ctx, name)) })
	case ResumeAll:
		return all(s, func(m client.ManagedServer) bool { return m.State == client.StateIdle }, func(name string) error { return one(o.Hub.Start(ctx, name)) })
	}
	return nil
}

func one(_ client.ManagedServer, err error) error { return err }

// all does something with all servers that are of a kind, at the same time.
func all(s State, fits func(client.ManagedServer) bool, act func(name string) error) error {
	var work sync.WaitGroup
	errs := make([]error, len(s.Servers))
	for i, m := range s.Servers {
		if fits(m) {
			work.Go(func() {
				if err := act(m.Name); err != nil {
					errs[i] = fmt.Errorf("%s: %w", label(m), err)
				}
			})
		}
	}
	work.Wait()
	return errors.Join(errs...)
}
