package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mcphub/hub/event"
	"mcphub/hub/sse"
	"mcphub/hub/upstream"
)

// listen opens a stream on a bus that keeps a few events, as a client that has seen lastID.
func listen(t *testing.T, s *stream, lastID string) (*sse.Reader, io.Reader) {
	t.Helper()
	server := httptest.NewServer(s)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(); _ = resp.Body.Close(); server.Close() })
	if got := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || got != "text/event-stream" {
		t.Fatalf("%d %s", resp.StatusCode, got)
	}
	return sse.NewReader(resp.Body, 1<<20), resp.Body
}

func newStream(kept int) *stream {
	bus := event.New(kept)
	set := upstream.NewSet(upstream.Options{Events: bus})
	l := NewLive(bus, set, func() HubState { return HubState{State: "ready"} }, func(string) bool { return true }, func(int) {})
	return &stream{Live: l, alive: keepAlive}
}

// expect reads an event and returns its data.
func expect(t *testing.T, r *sse.Reader, name, id string) (data struct {
	Seq, Lost uint64
	Server    string
	Data      map[string]any
	Hub       HubState
	Servers   []managedServer
},
) {
	t.Helper()
	e, err := r.Next()
	if err != nil {
		t.Fatalf("no event, want %s %s: %v", name, id, err)
	}
	if e.Name != name || r.LastID() != id {
		t.Fatalf("event %s %s %s, want %s %s", e.Name, r.LastID(), e.Data, name, id)
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		t.Fatalf("%v: %s", err, e.Data)
	}
	return data
}

func TestStreamBegins(t *testing.T) {
	for name, lastID := range map[string]func(*stream) string{
		"new":             func(*stream) string { return "" },
		"of another run":  func(*stream) string { return event.New(8).ID(0) },
		"from the future": func(s *stream) string { return s.bus.ID(99) },
		"no id of ours":   func(*stream) string { return "17" },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStream(8)
			s.bus.Publish(EventHubState, "", s.state())
			r, _ := listen(t, s, lastID(s))
			if got := expect(t, r, "snapshot", s.bus.ID(1)); got.Seq != 1 || got.Hub.State != "ready" || got.Servers == nil {
				t.Errorf("snapshot is %+v", got)
			}
			s.bus.Publish(upstream.EventState, "a", upstream.StateChange{From: upstream.Starting, To: upstream.Ready, Took: 2 * time.Second})
			if got := expect(t, r, "server_state", s.bus.ID(2)); got.Seq != 2 || got.Server != "a" || got.Data["to"] != "ready" || got.Data["took"] != 2.0 {
				t.Errorf("change is %+v", got)
			}
		})
	}
}

func TestStreamReplays(t *testing.T) {
	s := newStream(8)
	for range 3 {
		s.bus.Publish(upstream.EventStderr, "a", "line")
	}
	s.bus.Publish(EventConfig, "", ConfigChange{Significant: true})
	s.bus.Publish(upstream.EventLists, "a", upstream.ListsChange{Tools: true})
	r, _ := listen(t, s, s.bus.ID(2))
	if got := expect(t, r, "server_stderr", s.bus.ID(3)); got.Data["line"] != "line" {
		t.Errorf("line is %+v", got)
	}
	if got := expect(t, r, "config_changed", s.bus.ID(4)); got.Data["significant"] != true {
		t.Errorf("change is %+v", got)
	}
	if got := expect(t, r, "server_lists", s.bus.ID(5)); got.Data["tools"] != true || got.Data["prompts"] != false {
		t.Errorf("change is %+v", got)
	}
}

func TestStreamGap(t *testing.T) {
	s := newStream(4)
	for range 10 {
		s.bus.Publish(upstream.EventStderr, "a", "line")
	}
	r, _ := listen(t, s, s.bus.ID(3))
	if got := expect(t, r, "gap", ""); got.Lost != 3 { // 4, 5 and 6
		t.Errorf("gap is %+v", got)
	}
	expect(t, r, "snapshot", s.bus.ID(10))
	s.bus.Publish(EventHubState, "", s.state())
	expect(t, r, "hub_state", s.bus.ID(11))
}

// TestLiveLines: clients of mcp-hub are told what a server says, and not what the hub notes.
func TestLiveLines(t *testing.T) {
	s := newStream(8)
	for _, c := range []struct {
		kind, line string
		told       bool
	}{{upstream.EventStderr, "a line", true}, {upstream.EventStderr, " ", false}, {upstream.EventNote, "a line", false}} {
		if text := s.translate(s.bus.Publish(c.kind, "a", c.line)); strings.Contains(string(text), "a stderr: a line") != c.told || !c.told && text != nil {
			t.Errorf("%v: %s", c, text)
		}
	}
}

// TestStreamEnds: what was published before the end is told.
func TestStreamEnds(t *testing.T) {
	s := newStream(8)
	r, _ := listen(t, s, "")
	expect(t, r, "snapshot", s.bus.ID(0))
	s.bus.Publish(EventHubState, "", HubState{State: "stopping"})
	s.Close()
	if got := expect(t, r, "hub_state", s.bus.ID(1)); got.Data["state"] != "stopping" {
		t.Errorf("change is %+v", got)
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("the end is %v", err)
	}
}

func TestStreamKeepsAlive(t *testing.T) {
	s := newStream(8)
	s.alive = time.Millisecond
	_, body := listen(t, s, s.bus.ID(0))
	text := make([]byte, 3*len(comment))
	if _, err := io.ReadFull(body, text); err != nil || string(text) != comment+comment+comment {
		t.Errorf("%q: %v", text, err)
	}
}

// TestStreamCutsOff: a client that does not read is cut off, and so leaves.
func TestStreamCutsOff(t *testing.T) {
	s := newStream(8)
	s.stuck = 50 * time.Millisecond
	listen(t, s, "")
	line := string(make([]byte, 1<<20))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for s.connected() > 0 {
		s.bus.Publish(upstream.EventStderr, "a", line)
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("the client is still there")
		}
	}
}
