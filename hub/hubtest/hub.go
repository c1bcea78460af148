// Package hubtest owns what tests of a whole hub need: a hub on a free port, raw clients of both eras, and fixture
// servers as child processes (the test binary executed again) and over HTTP.
//
// Only test files import it. It must not know what a test is about.
package hubtest

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mcphub/hub"
	"mcphub/hub/config"
	"mcphub/hub/upstream"
	"mcphub/hub/vault"
)

// Patience is how long a test waits for what should come at once, on a machine that is busy with other things.
const Patience = 20 * time.Second

// Hub is a whole hub that runs until its test ends.
type Hub struct {
	*hub.Hub
	URL  string // without a path
	File string // its configuration file, which it follows

	t    testing.TB
	stop context.CancelFunc
	done chan struct{}
	err  error // of Run, once done is closed
}

// Start runs a hub with a configuration file of that text, and with options that are changed so. The hub has ended when the
// test has.
func Start(t testing.TB, text string, changes ...func(*hub.Options)) *Hub {
	t.Helper()
	return StartIn(t, "", text, changes...)
}

// StartIn is Start for a hub that keeps what outlives it in a folder, and so has a marketplace, of the sources that its
// configuration names and no others, and a store of secrets, in a file.
func StartIn(t testing.TB, stateDir, text string, changes ...func(*hub.Options)) *Hub {
	t.Helper()
	file := filepath.Join(t.TempDir(), "servers.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	o := hub.Options{
		Config: config.Options{Paths: []string{file}, Env: os.Environ(), Dir: filepath.Dir(file), Log: log},
		Watch:  true, Host: "127.0.0.1", Version: "test", Log: log, StateDir: stateDir,
	}
	if stateDir != "" {
		dir := filepath.Join(stateDir, "secrets")
		o.Secrets = vault.New(vault.Options{Dir: dir, File: vault.NewFile(vault.FileOptions{Dir: dir}), Log: slog.New(slog.DiscardHandler)})
	}
	for _, change := range changes {
		change(&o)
	}
	inner, err := hub.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	h := &Hub{Hub: inner, URL: "http://127.0.0.1:" + strconv.Itoa(inner.Port()), File: file, t: t, done: make(chan struct{})}
	var ctx context.Context
	ctx, h.stop = context.WithCancel(context.WithoutCancel(t.Context()))
	go func() {
		defer close(h.done)
		h.err = inner.Run(ctx)
	}()
	t.Cleanup(func() {
		if err := h.Stop(); err != nil {
			t.Errorf("the hub ended with: %v", err)
		}
	})
	return h
}

// Config returns the text of a configuration file: settings is the object "hub", and servers are pairs of a name and an
// entry, as [Stdio] and [Remote] return it.
func Config(settings string, servers ...string) string {
	var entries []string
	for i := 0; i < len(servers); i += 2 {
		entries = append(entries, quote(servers[i])+`:{`+servers[i+1]+`}`)
	}
	return `{"hub":` + settings + `,"mcpServers":{` + strings.Join(entries, ",") + `}}`
}

// Rewrite changes the configuration file.
func (h *Hub) Rewrite(text string) {
	h.t.Helper()
	if err := os.WriteFile(h.File, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// Stop ends the hub, waits until nothing is left of it, and returns what Run returned.
func (h *Hub) Stop() error {
	h.stop()
	<-h.done
	return h.err
}

// Ready waits until clients see these servers.
func (h *Hub) Ready(servers ...string) *Hub {
	h.t.Helper()
	for _, name := range servers {
		Eventually(h.t, "server "+name+" is ready", func() bool {
			s := h.Set().Get(name)
			if s == nil || s.Status().State != upstream.Ready {
				return false
			}
			hello := h.Modern("/mcp/"+name).Call("1", "server/discover", "{}") // tells the hub's own title until then
			return hello.Status == http.StatusOK && !strings.Contains(hello.Text(), `"title":"MCP Hub"`)
		})
	}
	return h
}

// Eventually waits until what is so, and fails the test if it never is.
func Eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(Patience); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v in vain until %s", Patience, what)
		}
	}
}

// Background runs what ends with its context until the test has ended, and returns that context.
func Background(t testing.TB, run func(context.Context) error) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error)
	go func() { done <- run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("ended with: %v", err)
		}
	})
	return ctx
}
