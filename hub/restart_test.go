package hub_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"mcphub/hub"
	"mcphub/hub/config"
	"mcphub/hub/hubtest"
)

func options(t *testing.T, port int) hub.Options {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	return hub.Options{
		Config: config.Options{Paths: []string{"none.json"}, Env: os.Environ(), Dir: t.TempDir(), Log: log},
		Host:   "127.0.0.1", Port: port, Version: "test", Log: log,
	}
}

func post(t *testing.T, url, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s %v", url, resp.StatusCode, answer, err)
	}
	return string(answer)
}

// TestHardRestart: an editor asks for it and starts the next hub at once when it has the answer.
func TestHardRestart(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*hubtest.Patience)
	defer cancel()
	port := 0
	for range 50 {
		h, err := hub.New(ctx, options(t, port))
		if err != nil {
			t.Fatal(err)
		}
		port = h.Port()
		ended := make(chan error, 1)
		go func() { ended <- h.Run(ctx) }()
		if body := post(t, "http://127.0.0.1:"+strconv.Itoa(port)+"/api/hard-restart", "{}"); !strings.Contains(body, `"status":"ok"`) {
			t.Fatal(body)
		}
		defer func() {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}()
	}
}

func TestRestart(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config(`{}`, "one", hubtest.Stdio(t, hubtest.Script{Name: "one"}))).Ready("one")
	next := liveStream(t, h.URL)
	if first := next(); first.data["state"] != "ready" {
		until(t, next, "hub_state ready")
	}
	pid := h.Set().Get("one").Status().PID
	post(t, h.URL+"/api/restart", "{}")
	if got := names(until(t, next, "hub_state restarted")); got[0] != "hub_state restarting" {
		t.Errorf("events of a restart: %q", got)
	}
	if again := h.Set().Get("one").Status(); again.PID == 0 || again.PID == pid {
		t.Errorf("the server was not restarted: %+v", again)
	}
	if h.State() != "restarted" {
		t.Errorf("state %s", h.State())
	}
}

// TestAutoShutdown: only after a first client has left, and not if another comes in time.
func TestAutoShutdown(t *testing.T) {
	o := options(t, 0)
	o.AutoShutdown, o.ShutdownDelay = true, 300*time.Millisecond
	h, err := hub.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- h.Run(t.Context()) }()
	url := "http://127.0.0.1:" + strconv.Itoa(h.Port())
	join := func() (leave context.CancelFunc) {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		return cancel
	}
	stays := func(what string) {
		select {
		case err := <-ended:
			t.Fatalf("%s: the hub ended (%v)", what, err)
		case <-time.After(2 * o.ShutdownDelay):
		}
	}
	stays("before the first client")
	first := join()
	first()
	second := join()
	stays("with a client that came in time")
	second()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(hubtest.Patience):
		t.Error("the hub did not end after its last client")
	}
}
