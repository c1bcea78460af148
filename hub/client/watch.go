package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"mcphub/hub/sse"
)

// The names of events.
const (
	EventHeartbeat    = "heartbeat"          // that the hub is alive, every ten seconds
	EventState        = "hub_state"          // a step of the hub's life; the first event after each connecting
	EventLog          = "log"                // a line for a person, with "type" as its level
	EventSubscription = "subscription_event" // what changed, by its "type"
)

const (
	maxEvent     = 64 << 20         // bytes
	silence      = 30 * time.Second // three heartbeats: the connection is dead
	firstPause   = 100 * time.Millisecond
	longestPause = 2 * time.Second
)

// Event is one event of the hub's live stream.
type Event struct {
	Name string          // one of the constants
	Data json.RawMessage // an object, with the time as "timestamp"
}

// Watch hands the events of the hub's live stream to take, one after the other, until ctx ends or take returns an error,
// and returns that. It connects again and again, the first time too. Events of the time in between are lost: after each
// [EventState] that comes unasked a watcher asks for the [Client.Health].
func (c *Client) Watch(ctx context.Context, take func(Event) error) error {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		heard := false
		err := c.watch(ctx, func(e Event) error {
			heard = true
			return take(e)
		})
		if err != nil {
			return err
		}
		if heard {
			pause = firstPause
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// watch reads one stream. It returns nil if the stream ended or could not be opened.
func (c *Client) watch(parent context.Context, take func(Event) error) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/api/events", nil)
	if err != nil {
		return fmt.Errorf("the hub's address: %w", err)
	}
	req.Header.Set("Accept", "text/event-stream")
	quiet := time.AfterFunc(silence, cancel)
	defer quiet.Stop()
	resp, err := c.send(req)
	if err != nil {
		return nil // it is tried again, and Watch sees to its context
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return &Error{Status: resp.StatusCode, Message: fmt.Sprintf("the live stream at %s was refused with HTTP %d: is it MCP Hub?", c.base, resp.StatusCode)}
	}
	for stream := sse.NewReader(resp.Body, maxEvent); ; {
		e, err := stream.Next()
		if err != nil {
			return nil // as above
		}
		quiet.Reset(silence)
		if err := take(Event{Name: e.Name, Data: e.Data}); err != nil {
			return err
		}
	}
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
