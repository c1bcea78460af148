package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"mcphub/hub/sse"
)

// The names of events. There are others: a reader passes over those that it does not know.
const (
	EventSnapshot   = "snapshot"           // what is now: the first event, and after a gap or a restart of the hub
	EventGap        = "gap"                // the hub does not remember some events; a snapshot follows
	EventAway       = "away"               // the client's own: the hub is not to be reached, and is tried again
	EventHub        = "hub_state"          // a step of the hub's life
	EventState      = "server_state"       // a server came from one state into another
	EventLists      = "server_lists"       // a server offers something else
	EventStderr     = "server_stderr"      // a line that a server wrote
	EventNote       = "server_note"        // a line that the hub noted in a server's log
	EventConfig     = "config_changed"     // a configuration file changed
	EventUpdating   = "servers_updating"   // what a changed configuration is about to do
	EventUpdated    = "servers_updated"    // that it has been done
	EventWorkspaces = "workspaces_updated" // the register of running hubs changed
)

const (
	maxEvent     = 64 << 20         // bytes
	silence      = 45 * time.Second // three signs of life: the connection is dead
	firstPause   = 100 * time.Millisecond
	longestPause = 2 * time.Second
)

// Event is one event of the hub's stream.
type Event struct {
	Name    string          `json:"-"` // what happened, mostly one of the constants
	ID      string          `json:"-"` // unlike that of all other events of all hubs; empty for EventGap and EventAway
	Time    time.Time       `json:"time"`
	Server  string          `json:"server"`  // that it happened to
	Data    json.RawMessage `json:"data"`    // what happened, an object that depends on the name
	Hub     HubState        `json:"hub"`     // of EventSnapshot
	Servers []ManagedServer `json:"servers"` // those concerned, as they are now; all of EventSnapshot
	Raw     json.RawMessage `json:"-"`       // the object as the hub sent it; nil for EventAway
}

// HubState is a step of the hub's life.
type HubState struct {
	State string `json:"state"` // starting, ready, restarting, restarted or stopping
	PID   int    `json:"pid"`
	Port  int    `json:"port"`
}

// Follow hands the events of the hub's stream to take, one after the other, until ctx ends or take returns an error, and
// returns that. It fails if the hub cannot be reached at first. Later, and if take fails for that reason, Follow waits
// for the hub to come back: then events go on where they ended, unless the hub has forgotten them or is another run, of
// which a snapshot tells.
func (c *Client) Follow(ctx context.Context, take func(Event) error) error {
	begun, last := false, ""
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		opened, err := c.read(ctx, &last, take)
		begun = begun || opened
		if !begun || !errors.Is(err, ErrUnreachable) {
			return err
		}
		if opened {
			pause = firstPause
			if err := take(Event{Name: EventAway, Time: time.Now()}); err != nil {
				return err
			}
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// read reads one stream, from after the event with the id last, and reports whether it could be opened. The error is
// ErrUnreachable when the stream breaks.
func (c *Client) read(parent context.Context, last *string, take func(Event) error) (opened bool, err error) {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/api/v2/stream", nil)
	if err != nil {
		return false, fmt.Errorf("the hub's address: %w", err)
	}
	req.Header.Set("Accept", "text/event-stream")
	if *last != "" {
		req.Header.Set("Last-Event-ID", *last)
	}
	quiet := time.AfterFunc(silence, cancel)
	defer quiet.Stop()
	broken := func(err error) error {
		if parent.Err() != nil {
			return context.Cause(parent)
		}
		return c.unreachable(err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return false, broken(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxEvent)) // what there is of it
		return false, refusal(resp.StatusCode, text)
	}
	for events := sse.NewReader(heard{resp.Body, quiet}, maxEvent); ; {
		next, err := events.Next()
		if err != nil {
			return true, broken(err)
		}
		e := Event{Name: next.Name, Raw: next.Data}
		if err := json.Unmarshal(next.Data, &e); err != nil {
			return true, fmt.Errorf("read the event %s: %w", e.Name, err)
		}
		if e.Name != EventGap { // which has no id of its own
			e.ID = events.LastID()
		}
		if err := take(e); err != nil {
			return true, err
		}
		if e.ID != "" {
			*last = e.ID
		}
	}
}

// heard puts off the end of a stream with everything that comes, signs of life too.
type heard struct {
	io.Reader
	quiet *time.Timer
}

func (h heard) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	h.quiet.Reset(silence)
	return n, err
}

// sleep waits, and returns why if ctx ends before.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
