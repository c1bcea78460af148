package hub_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
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
			t.Errorf("%s: %v: %s", name, err, text)
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

// TestLiveReaders: 1,000 clients, some of which never read, and nobody else notices. All streams end with the hub.
func TestLiveReaders(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config(`{}`, "talker", hubtest.Stdio(t, hubtest.Script{Name: "talker"}))).Ready("talker")
	const readers, stuck = 1000, 10
	var all []func() liveEvent
	for range readers {
		next := liveStream(t, h.URL)
		if e := next(); e.name != "hub_state" {
			t.Fatalf("first %v", e)
		}
		all = append(all, next)
	}
	h.Set().Get("talker").Restart()
	var told atomic.Int32
	var reading sync.WaitGroup
	for i, next := range all[stuck:] {
		reading.Go(func() {
			e := next()
			for ; e.data != nil; e = next() {
				if strings.Contains(e.String(), "MCP server connected") {
					told.Add(1)
				}
			}
			if e.name != io.EOF.Error() {
				t.Errorf("client %d: the stream does not end cleanly: %s", i, e.name)
			}
		})
	}
	hubtest.Eventually(t, "all that read have been told once", func() bool { return told.Load() == readers-stuck })
	stop(t, h)
	reading.Wait()
}

// TestStopWithStuckReaders: clients whose connections are full do not hold the hub's end up.
func TestStopWithStuckReaders(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config(`{}`, "talker", hubtest.Stdio(t, hubtest.Script{Name: "talker"}))).Ready("talker")
	for range 10 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(h.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, len("HTTP/1.1 200 OK"))); err != nil {
			t.Fatal(err)
		}
	}
	next := liveStream(t, h.URL)
	client, padding := h.Modern("/mcp/talker"), strings.Repeat(".", 1<<20)
	for i := range 6 { // more than a connection holds
		client.Act("set", fmt.Sprintf(`{"list":"tools/list","items":[{"name":"tool%d","description":"%s","inputSchema":{"type":"object"}}],"tell":true}`, i, padding))
		for e := next(); e.data["type"] != "tool_list_changed"; e = next() {
			if e.data == nil {
				t.Fatal(e.name)
			}
		}
	}
	stop(t, h)
}

// stop ends a hub, which must be as quick as it always is.
func stop(t *testing.T, h *hubtest.Hub) {
	t.Helper()
	begun := time.Now()
	if err := h.Stop(); err != nil {
		t.Error(err)
	}
	took := time.Since(begun)
	t.Logf("the hub ended in %v", took)
	if took > 5*time.Second {
		t.Errorf("the hub took %v to end", took)
	}
}
