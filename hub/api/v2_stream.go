package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"mcphub/hub/access"
	"mcphub/hub/event"
	"mcphub/hub/sse"
	"mcphub/hub/upstream"
)

// keepAlive is how often a client of the stream hears something at least.
const keepAlive = 15 * time.Second

// stream is GET /api/v2/stream. Its clients count as clients of the event stream.
type stream struct {
	*Live
	alive   time.Duration // see keepAlive
	changes frames
}

// Stream returns the handler of GET /api/v2/stream, which Close ends too.
func (l *Live) Stream() http.Handler { return &stream{Live: l, alive: keepAlive} }

// snapshot is the first thing that a client of the stream gets.
type snapshot struct {
	Seq     uint64          `json:"seq" doc:"Of the last event before it"`
	Hub     HubState        `json:"hub"`
	Servers []managedServer `json:"servers" nullable:"false" doc:"Sorted by name"`
}

// change is an event of the stream.
type change struct {
	Seq     uint64          `json:"seq"`
	Time    time.Time       `json:"time"`
	Server  string          `json:"server,omitempty" doc:"The server that it happened to"`
	Data    any             `json:"data" doc:"What happened, depending on the name of the event"`
	Servers []managedServer `json:"servers,omitempty" nullable:"false" doc:"The servers concerned, as they were soon after"`
}

// gap says that events were lost. A snapshot follows.
type gap struct {
	Lost uint64 `json:"lost" doc:"How many at least"`
}

const streamText = `A stream of server-sent events. It begins with the event "snapshot"; then come changes, each with the name of what
happened: server_state, server_health, server_lists, server_stderr, server_note, config_changed, servers_updating, servers_updated, hub_state and others. A
client that comes back with Last-Event-ID gets what it missed instead of the snapshot; if the hub does not remember that far it gets the event "gap" and a
snapshot, and after a restart of the hub a snapshot. Comments keep the connection alive.`

func (a *v2) streamRoute(mux *http.ServeMux, api huma.API) {
	op := operation(http.MethodGet, "stream", "stream", "What happens, as it happens")
	op.Description = strings.ReplaceAll(streamText, "\n", " ")
	op.Parameters = []*huma.Param{{Name: "Last-Event-ID", In: "header", Description: "The id of the last event that the client has", Schema: &huma.Schema{Type: "string"}}}
	r := api.OpenAPI().Components.Schemas
	data := func(t reflect.Type) *huma.Schema { return r.Schema(t, true, "") }
	op.Responses = map[string]*huma.Response{"200": {
		Description: "Events; the schema is that of their data",
		Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{
			OneOf: []*huma.Schema{data(reflect.TypeFor[snapshot]()), data(reflect.TypeFor[change]()), data(reflect.TypeFor[gap]())},
		}}},
	}}
	api.OpenAPI().AddOperation(&op)
	mux.HandleFunc(op.Method+" "+op.Path, asking(access.Read, func(w http.ResponseWriter, r *http.Request) { a.Deps.Stream.ServeHTTP(w, r) }))
}

// ServeHTTP serves one client until it is gone, reads too slowly, or the stream is closed.
func (s *stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, client, leave := s.join(w, r)
	defer leave()
	seq, resumed := s.position(r.Header.Get("Last-Event-ID"))
	reader := s.bus.Read(seq)          // from before the state is told, so that no change is missed between
	texts := [][]byte{[]byte(comment)} // the client knows at once that it is connected
	if !resumed {
		texts[0] = s.snapshot(seq)
	}
	for s.send(client, texts...) == nil {
		waiting, stop := context.WithTimeout(ctx, s.alive)
		events, lost, err := reader.Next(waiting)
		stop()
		switch texts = nil; {
		case err != nil && ctx.Err() != nil:
			return // what was published before the end has been told
		case err != nil:
			texts = append(texts, []byte(comment))
		case lost > 0:
			seq = s.bus.Last()
			reader = s.bus.Read(seq)
			texts = append(texts, sse.AppendEvent(nil, "gap", encode(gap{lost})), s.snapshot(seq))
		default:
			for _, e := range events {
				texts = append(texts, s.changes.of(e, s.change))
			}
		}
	}
}

// comment is what clients skip.
const comment = ":\n\n"

// position returns after which event a client goes on, and whether it has been told all before: so it has if it names an
// event of this run of the hub.
func (s *stream) position(lastID string) (seq uint64, resumed bool) {
	if seq, resumed = s.bus.Seq(lastID); resumed {
		return seq, true
	}
	return s.bus.Last(), false
}

// event returns one event with its id.
func (s *stream) event(name string, seq uint64, data any) []byte {
	return sse.AppendEvent([]byte("id: "+s.bus.ID(seq)+"\n"), name, encode(data))
}

// snapshot returns what is now, after the event with the number seq.
func (s *stream) snapshot(seq uint64) []byte {
	return s.event("snapshot", seq, snapshot{seq, s.state(), views(s.set)})
}

// change returns what an event is to a client.
func (s *stream) change(e event.Event) []byte {
	c := change{Seq: e.Seq, Time: e.Time, Server: e.Server, Data: e.Data}
	var concerned []string
	switch data := e.Data.(type) {
	case upstream.StateChange:
		c.Data = object{"from": data.From, "to": data.To, "reason": data.Reason, "took": data.Took.Seconds()}
		concerned = []string{e.Server}
	case upstream.Health:
		concerned = []string{e.Server}
	case upstream.ListsChange:
		c.Data = object{"tools": data.Tools, "resources": data.Resources, "prompts": data.Prompts}
		concerned = []string{e.Server}
	case ConfigChange:
		c.Data = object{"significant": data.Significant, "error": data.Err}
	case ServerChanges:
		concerned = slices.Concat(data.Added, data.Modified)
	case string: // a line of a server's log
		c.Data = object{"line": data}
	}
	for _, name := range concerned {
		if server := s.set.Get(name); server != nil {
			c.Servers = append(c.Servers, view(server))
		}
	}
	return s.event(e.Kind, e.Seq, c)
}

func encode(data any) []byte {
	text, err := json.Marshal(data)
	if err != nil { // all that is published can be encoded
		return []byte("null")
	}
	return text
}
