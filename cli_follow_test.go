package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"mcphub/hub/client"
	"mcphub/hub/hubtest"
)

// counterArg makes the test binary a server that counts on its standard error, and says nothing else.
const counterArg = "counter"

// count writes the numbers from 0, some of them followed by a blank line, until the hub hangs up.
func count(interval string) {
	pause, err := time.ParseDuration(interval)
	if err != nil {
		panic(err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	for i := 0; ; i++ {
		_, _ = fmt.Fprintln(os.Stderr, i)
		if i%7 == 0 {
			_, _ = fmt.Fprintln(os.Stderr)
		}
		time.Sleep(pause)
	}
}

func counter(t *testing.T, interval string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return `"command":` + strconv.Quote(self) + `,"args":["` + counterArg + `","` + interval + `"]`
}

// background runs a command until it is stopped, which must be no failure of it.
func background(t *testing.T, stdout, stderr *hubtest.Output, args ...string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, args, stdout, stderr) }()
	return func() {
		t.Helper()
		cancel()
		if code := <-ended; code != 0 {
			t.Errorf("%q: exit code %d, %s", args, code, stderr)
		}
	}
}

func TestEvents(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Stdio(t, scripted))).Ready("one")
	var stdout, lines, stderr hubtest.Output
	stop := background(t, &stdout, &stderr, "events", "--hub", h.URL)
	stopLines := background(t, &lines, &stderr, "events", "--json", "--hub", h.URL)
	for _, o := range []*hubtest.Output{&stdout, &lines} {
		hubtest.Eventually(t, "the state is told", func() bool { return strings.Contains(o.String(), "ready") })
	}
	h.Set().Get("one").Stop()
	hubtest.Eventually(t, "the change is told", func() bool { return strings.Contains(stdout.String(), "one is idle\n") })
	h.Rewrite("{")
	hubtest.Eventually(t, "the mistake is told", func() bool {
		return strings.Contains(stdout.String(), "the configuration is broken, the last good one stays: ")
	})
	hubtest.Eventually(t, "it is told as JSON", func() bool { return strings.Contains(lines.String(), `"event":"config_changed"`) })
	stop()
	stopLines()
	for line := range strings.Lines(lines.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
	if stderr.String() != "" {
		t.Errorf("stderr %s", &stderr)
	}
}

// TestLogsSeam: who begins to follow while a server writes misses no line and sees none twice.
func TestLogsSeam(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}", "count", counter(t, "2ms")))
	for i := range 10 {
		var stdout, stderr hubtest.Output
		args := []string{"logs", "count", "-f", "--json", "--hub", h.URL, "-n", strconv.Itoa(i * 60)}
		stop := background(t, &stdout, &stderr, args...)
		hubtest.Eventually(t, "lines come", func() bool { return strings.Count(stdout.String(), "\n") > i*60+50 })
		stop()
		if runs := counted(t, stdout.String()); runs != 0 {
			t.Errorf("%q: the numbers began anew", args)
		}
	}
}

// TestLogsRestart: following goes on when the hub is restarted, with the first line of its new log.
func TestLogsRestart(t *testing.T) {
	file := write(t, "servers.json", hubtest.Config("{}", "count", counter(t, "10ms"))) // so slow that the log outlasts the pauses of a follower
	port, stopHub := serve(t, []string{file}, 0)
	var stdout, stderr hubtest.Output
	stop := background(t, &stdout, &stderr, "logs", "count", "-f", "--json", "--hub", fmt.Sprintf("127.0.0.1:%d", port))
	hubtest.Eventually(t, "lines come", func() bool { return strings.Count(stdout.String(), "\n") > 50 })
	stopHub()
	hubtest.Eventually(t, "the hub's end is told", func() bool { return strings.Contains(stderr.String(), "waiting for it to come back") })
	before := strings.Count(stdout.String(), "\n")
	_, stopHub = serve(t, []string{file}, port)
	defer stopHub()
	hubtest.Eventually(t, "lines come again", func() bool { return strings.Count(stdout.String(), "\n") > before+100 })
	stop()
	if runs := counted(t, stdout.String()); runs != 1 || strings.Contains(stderr.String(), "missing") {
		t.Errorf("the numbers began anew %d times, %s", runs, &stderr)
	}
}

// TestLogsGap: who could not be told of some lines, since the hub keeps only so many, hears of it.
func TestLogsGap(t *testing.T) {
	log := func(from int) string {
		var lines []client.LogLine
		for i := range client.MaxLogLines {
			lines = append(lines, client.LogLine{ID: strconv.Itoa(from + i), Text: strconv.Itoa(from + i)})
		}
		text, err := json.Marshal(map[string]any{"lines": lines})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	logs := []string{log(0), log(100), log(1000)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v2/servers/a/logs", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, logs[0])
		logs = logs[1:]
	})
	mux.HandleFunc("GET /api/v2/stream", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("event: snapshot\ndata: {}\n\n", 3))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	hub := httptest.NewServer(mux)
	defer hub.Close()
	var stdout, stderr hubtest.Output
	stop := background(t, &stdout, &stderr, "logs", "a", "-f", "--json", "--hub", hub.URL)
	hubtest.Eventually(t, "the last line comes", func() bool { return strings.Contains(stdout.String(), `"1499"`) })
	stop()
	if n := strings.Count(stdout.String(), "\n"); n != 50+100+500 || strings.Count(stderr.String(), "may be missing") != 1 {
		t.Errorf("%d lines, %s", n, &stderr)
	}
}

// counted checks that the lines that a counter wrote are all there and once each, and returns how often it began anew.
func counted(t *testing.T, text string) (anew int) {
	t.Helper()
	want := -1 // any, at first
	ids := map[string]bool{}
	for line := range strings.Lines(text) {
		var l client.LogLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if ids[l.ID] {
			t.Fatalf("%s is there twice", l.Text)
		}
		ids[l.ID] = true
		if l.Text == "" || strings.HasPrefix(l.Text, "hub: ") {
			continue
		}
		n, err := strconv.Atoi(l.Text)
		switch {
		case err != nil:
			t.Fatalf("%v: %s", err, line)
		case n == 0 && want > 0:
			anew++
		case want >= 0 && n != want:
			t.Fatalf("%d comes where %d should", n, want)
		}
		want = n + 1
	}
	return anew
}
