package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mcphub/hub/event"
	"mcphub/hub/sse"
	"mcphub/hub/upstream"
)

// The kinds of events that the hub itself publishes, beside those of upstream.
const (
	EventHubState   = "hub_state"          // Data is a HubState
	EventConfig     = "config_changed"     // Data is a ConfigChange
	EventUpdating   = "servers_updating"   // Data is a ServerChanges: what a changed configuration is about to do
	EventUpdated    = "servers_updated"    // Data is a ServerChanges, carried out
	EventDesktop    = "desktop_changed"    // the settings of the desktop changed; there is no Data
	EventWorkspaces = "workspaces_updated" // Data is the register of running hubs, by port
)

// HubState is a step of the hub's life: starting, ready, restarting, restarted, stopping, stopped or error.
type HubState struct {
	State        string `json:"state"`
	ServerID     string `json:"server_id"`
	PID          int    `json:"pid"`
	Port         int    `json:"port"`
	HasRestarted bool   `json:"has_restarted,omitempty"`
}

// ConfigChange tells that the configuration files changed. It holds no values of the configuration, which may be
// secret.
type ConfigChange struct {
	Significant bool   // some server has to be connected anew
	Err         string // why the files cannot be used; the last good configuration stays
}

// ServerChanges tells which servers a change of the configuration touches. Values are never told, as they may be
// secret.
type ServerChanges struct {
	Added     []string                 `json:"added"`
	Removed   []string                 `json:"removed"`
	Modified  []string                 `json:"modified"`
	Unchanged []string                 `json:"unchanged"`
	Details   map[string]ServerDetails `json:"details"`
}

// ServerDetails names the keys of a server's entry that changed.
type ServerDetails struct {
	ModifiedFields []string       `json:"modifiedFields"`
	OldValues      map[string]any `json:"oldValues"`
	NewValues      map[string]any `json:"newValues"`
}

// How often a client of the event stream hears something at least, and how long it may leave its connection full.
const (
	heartbeat = 10 * time.Second // mcphub.nvim notices a dead editor by it, so it must not be longer
	liveStuck = 10 * time.Second
)

// Live is the event stream of mcp-hub 4.2.1, GET /api/events: framing, names, order and shapes are that program's.
type Live struct {
	bus    *event.Bus
	set    *upstream.Set
	state  func() HubState
	shown  func(server string) bool // whether clients may hear of a server
	stuck  time.Duration            // see liveStuck
	frames frames

	mu      sync.Mutex
	count   func(clients int) // is told how many clients there are, after each change and in order
	clients map[string]*liveClient
	closed  bool
}

type liveClient struct {
	w     http.ResponseWriter
	since time.Time
	last  atomic.Int64 // when it got something, in Unix milliseconds
	end   context.CancelFunc
}

// NewLive returns an event stream of what is published on bus.
func NewLive(bus *event.Bus, set *upstream.Set, state func() HubState, shown func(string) bool, count func(int)) *Live {
	return &Live{bus: bus, set: set, state: state, shown: shown, stuck: liveStuck, count: count, clients: map[string]*liveClient{}}
}

// Close ends all streams after what has been published, cleanly.
func (l *Live) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, c := range l.clients {
		c.end()
	}
}

// Connections returns the clients, the longest connected first.
func (l *Live) Connections() []Connection {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Connection, 0, len(l.clients))
	for id, c := range l.clients {
		out = append(out, Connection{id, c.since, time.UnixMilli(c.last.Load())})
	}
	slices.SortFunc(out, func(a, b Connection) int {
		return cmp.Or(a.ConnectedAt.Compare(b.ConnectedAt), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// ServeHTTP serves one client until it is gone, reads too slowly, or the stream is closed.
func (l *Live) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	reader := l.bus.Read(l.bus.Last()) // before the state is told, so that no change is missed between
	ctx, client, leave := l.join(w, r)
	defer leave()
	if l.send(client, frame("hub_state", time.Now(), l.state())) != nil {
		return
	}
	for beat := time.Now().Add(heartbeat); ; {
		waiting, stop := context.WithDeadline(ctx, beat)
		events, _, err := reader.Next(waiting) // a client that lost events has been told nothing false: it reads health
		stop()
		var texts [][]byte
		switch {
		case err == nil:
			for _, e := range events {
				if text := l.frames.of(e, l.translate); len(text) > 0 {
					texts = append(texts, text)
				}
			}
		case ctx.Err() != nil:
			return // what was published before the end has been told
		default:
			texts = append(texts, frame("heartbeat", time.Now(), map[string]int{"connections": l.connected()}))
			beat = time.Now().Add(heartbeat)
		}
		if len(texts) > 0 && l.send(client, texts...) != nil {
			return
		}
	}
}

// join adds a client, whose stream ends with the context, and returns what removes it again.
func (l *Live) join(w http.ResponseWriter, r *http.Request) (context.Context, *liveClient, func()) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no")
	ctx, end := context.WithCancel(r.Context())
	id, c := rand.Text(), &liveClient{w: w, since: time.Now(), end: end}
	c.last.Store(c.since.UnixMilli())
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		end()
	}
	l.clients[id] = c
	l.count(len(l.clients))
	return ctx, c, func() {
		end()
		l.limit(c) // for what the server writes at the end
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.clients, id)
		l.count(len(l.clients))
	}
}

func (l *Live) connected() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.clients)
}

// send writes to a client, and fails if it does not read. The texts are those of all clients and are not copied, so that
// a client that reads slowly costs next to nothing.
func (l *Live) send(c *liveClient, texts ...[]byte) error {
	for _, text := range texts {
		l.limit(c)
		if _, err := c.w.Write(text); err != nil {
			return err
		}
	}
	l.limit(c)
	if err := http.NewResponseController(c.w).Flush(); err != nil {
		return err
	}
	c.last.Store(time.Now().UnixMilli())
	return nil
}

// limit has the next write fail if it takes too long.
func (l *Live) limit(c *liveClient) {
	_ = http.NewResponseController(c.w).SetWriteDeadline(time.Now().Add(l.stuck))
}

func (l *Live) translate(e event.Event) []byte {
	if e.Server != "" && !l.shown(e.Server) {
		return nil
	}
	log := func(level, message string, more map[string]any) []byte {
		entry := map[string]any{"type": level, "message": message, "data": struct{}{}}
		for k, v := range more {
			entry[k] = v
		}
		return frame("log", e.Time, entry)
	}
	subscription := func(kind string, members map[string]any) []byte {
		members["type"] = kind
		return frame("subscription_event", e.Time, members)
	}
	switch data := e.Data.(type) {
	case HubState:
		return frame("hub_state", e.Time, data)
	case ConfigChange:
		out := subscription(EventConfig, map[string]any{"isSignificant": data.Significant})
		if data.Err != "" {
			out = append(out, log("error", "Error reloading config after change: "+data.Err, map[string]any{"code": "CONFIG_RELOAD_ERROR"})...)
		}
		return out
	case ServerChanges:
		return subscription(e.Kind, map[string]any{"changes": data})
	case upstream.StateChange:
		return append(l.stateLog(e.Server, data, log), l.settled(e.Server, data, subscription)...)
	case upstream.SignInWanted:
		return log("warn", fmt.Sprintf("Server '%s' requires authorization: %s", e.Server, data.Reason), nil)
	case upstream.ListsChange:
		return l.lists(e.Server, data, subscription)
	}
	switch e.Kind {
	case upstream.EventStderr:
		if line := e.Data.(string); strings.TrimSpace(line) != "" {
			return log("warn", e.Server+" stderr: "+line, nil)
		}
	case EventWorkspaces:
		return subscription(EventWorkspaces, map[string]any{"workspaces": e.Data})
	}
	return nil
}

func (l *Live) stateLog(server string, c upstream.StateChange, log func(string, string, map[string]any) []byte) []byte {
	switch c.To {
	case upstream.Ready:
		return log("info", fmt.Sprintf("'%s' MCP server connected", server), nil)
	case upstream.Disabled:
		return log("info", fmt.Sprintf("Server '%s' disabled", server), nil)
	case upstream.Authorizing:
		return log("warn", fmt.Sprintf("Server '%s' requires authorization", server), nil)
	case upstream.Retrying: // it heals by itself, so nobody need be called
		return log("warn", fmt.Sprintf("Failed to connect to \"%s\" MCP server: %s", server, c.Reason), map[string]any{"data": map[string]string{"server": server, "error": c.Reason}})
	case upstream.Failed: // an error is shown to the person
		return log("error", fmt.Sprintf("Failed to connect to \"%s\" MCP server: %s", server, c.Reason),
			map[string]any{"code": "CONNECTION_ERROR", "data": map[string]string{"server": server, "error": c.Reason}})
	}
	return nil
}

// settled tells clients to look at a server again once it has come to rest.
func (l *Live) settled(server string, c upstream.StateChange, subscription func(string, map[string]any) []byte) []byte {
	if c.To == upstream.Starting || c.To == upstream.Stopping {
		return nil
	}
	return subscription(EventUpdated, map[string]any{"changes": map[string]any{"modified": []string{server}}})
}

func (l *Live) lists(server string, c upstream.ListsChange, subscription func(string, map[string]any) []byte) []byte {
	s := l.set.Get(server)
	if s == nil {
		return nil
	}
	lists := s.Lists()
	var out []byte
	if c.Tools {
		out = append(out, subscription("tool_list_changed", map[string]any{"server": server, "tools": rawList(lists.Tools)})...)
	}
	if c.Resources {
		out = append(out, subscription("resource_list_changed", map[string]any{
			"server": server, "resources": rawList(lists.Resources), "resourceTemplates": rawList(lists.Templates),
		})...)
	}
	if c.Prompts {
		out = append(out, subscription("prompt_list_changed", map[string]any{"server": server, "prompts": rawList(lists.Prompts)})...)
	}
	return out
}

// rawList is a JSON array of items as their server gave them.
func rawList(items [][]byte) []json.RawMessage {
	out := make([]json.RawMessage, len(items))
	for i, item := range items {
		out[i] = item
	}
	return out
}

// frame is one event with the time in its data.
func frame(name string, at time.Time, data any) []byte {
	text, err := json.Marshal(data)
	if err != nil { // all that is published can be encoded
		return nil
	}
	text = append(text[:len(text)-1], `,"timestamp":"`...)
	text = append(append(text, stamp(at)...), `"}`...)
	return sse.AppendEvent(nil, name, text)
}
