package hub_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"mcphub/hub/hubtest"
)

// liveEvent is one event of /api/events.
type liveEvent struct {
	name string
	data map[string]any
}

func (e liveEvent) String() string {
	for _, key := range []string{"state", "message"} {
		if v, ok := e.data[key]; ok {
			return fmt.Sprintf("%s %v", e.name, v)
		}
	}
	return fmt.Sprintf("%s %v %v", e.name, e.data["type"], e.data["changes"])
}

// liveStream is a client of /api/events. After the stream's end, next returns an event with the error as its name.
func liveStream(t *testing.T, url string) func() liveEvent {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hubtest.Patience)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	lines := bufio.NewReader(resp.Body)
	read := func(prefix string) (string, error) {
		line, err := lines.ReadString('\n')
		if err == nil && !strings.HasPrefix(line, prefix) {
			t.Errorf("line %q does not begin with %q", line, prefix)
		}
		return strings.TrimPrefix(strings.TrimSuffix(line, "\n"), prefix), err
	}
	return func() liveEvent {
		name, err := read("event: ")
		if err != nil {
			return liveEvent{name: err.Error()}
		}
		text, err := read("data: ")
		if err != nil {
			return liveEvent{name: err.Error()}
		}
		_, _ = read("")
		e := liveEvent{name: name}
		if err := json.Unmarshal([]byte(text), &e.data); err != nil {
			t.Fatalf("%s: %v: %s", name, err, text)
		}
		if _, err := time.Parse("2006-01-02T15:04:05.000Z", fmt.Sprint(e.data["timestamp"])); err != nil {
			t.Errorf("%s has no time: %s", name, text)
		}
		return e
	}
}

// until reads events up to the first one that contains what, and returns what was read.
func until(t *testing.T, next func() liveEvent, what string) []liveEvent {
	t.Helper()
	var all []liveEvent
	for {
		e := next()
		all = append(all, e)
		if strings.Contains(e.String(), what) {
			return all
		}
		if e.data == nil {
			t.Fatalf("the stream ended (%s) before %q: %v", e.name, what, all)
		}
	}
}

func names(events []liveEvent) (out []string) {
	for _, e := range events {
		if e.name != "log" && e.name != "heartbeat" {
			out = append(out, e.String())
		}
	}
	return out
}

func TestLiveEvents(t *testing.T) {
	one := hubtest.Stdio(t, hubtest.Script{Name: "one", Tools: []string{hubtest.Tool("echo")}})
	h := hubtest.Start(t, hubtest.Config(`{}`, "one", one)).Ready("one")
	next := liveStream(t, h.URL)
	first := next()
	if first.name != "hub_state" || first.data["server_id"] != "mcp-hub" || first.data["pid"] == nil || first.data["port"] == nil {
		t.Fatalf("the first event is %v", first.data)
	}
	if first.data["state"] != "ready" {
		until(t, next, "ready")
	}

	h.Rewrite(hubtest.Config(`{}`, "one", one, "two", hubtest.Stdio(t, hubtest.Script{Name: "two"})))
	got := names(until(t, next, "servers_updated map[added"))
	want := []string{"config_changed", "servers_updating", "servers_updated map[modified:[two]]", "servers_updated map[added:[two]"}
	at := 0
	for _, e := range got {
		if at < len(want) && strings.Contains(e, want[at]) {
			at++
		}
	}
	if at != len(want) || !strings.Contains(got[len(got)-1], "details:map[] modified:[] removed:[] unchanged:[one]") {
		t.Errorf("a server was added: %q", got)
	}

	h.Rewrite("{")
	broken := until(t, next, "Error reloading config")
	if e := broken[len(broken)-2]; e.data["type"] != "config_changed" || e.data["isSignificant"] != false || e.data["newConfig"] != nil {
		t.Errorf("a broken file is told as %v", e.data)
	}

	stopped := make(chan error, 1)
	go func() { stopped <- h.Stop() }()
	end := until(t, next, "hub_state stopping")
	for e := next(); ; e = next() {
		if end = append(end, e); e.data == nil {
			break
		}
	}
	if last := end[len(end)-1].name; last != io.EOF.Error() {
		t.Errorf("the stream does not end cleanly: %s", last)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// TestLiveReaders: many clients, some of which never read, and nobody else notices.
func TestLiveReaders(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config(`{}`, "talker", hubtest.Stdio(t, hubtest.Script{Name: "talker"}))).Ready("talker")
	const readers = 200
	var reading []func() liveEvent
	for range readers {
		next := liveStream(t, h.URL)
		if e := next(); e.name != "hub_state" {
			t.Fatalf("first %v", e)
		}
		reading = append(reading, next)
	}
	h.Set().Get("talker").Restart()
	for i, next := range reading {
		if i%20 == 0 {
			continue // stuck
		}
		if got := until(t, next, "MCP server connected"); !slices.ContainsFunc(got, func(e liveEvent) bool { return e.name == "log" }) {
			t.Errorf("client %d: %v", i, got)
		}
	}
}
