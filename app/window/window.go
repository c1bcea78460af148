// Package window owns the window with the dashboard: the page that waits for the hub, where the window was, and what a
// browser has and a window lacks.
//
// It must not know how the hub works inside: it shows what the hub serves, as a browser does. Only wails.go knows the window
// toolkit, and only the desktop flavour has it.
package window

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"mcphub/hub/client"
)

// ErrNone says that there can be no window here.
var ErrNone = errors.New("no window can be shown")

// Options says what to show.
type Options struct {
	Hub      *client.Client
	Log      *slog.Logger
	LogFile  string // the hub's, of which the page shows the end if the hub does not answer
	Geometry string // file that remembers where the window was
	Page     string // path in the dashboard to begin with

	Commands <-chan Command    // what the window is told; that it is closed ends the window
	Retry    func()            // try again to start the hub; nil if nobody can
	Saved    func(file string) // the page has downloaded a file
}

// Command is what a window can be told.
type Command struct {
	Raise   bool           // come to the front
	Show    string         // with this page; empty for the one that it shows
	Failure string         // why the hub could not be started
	Hub     *client.Client // from now on the hub is this one
}

//go:embed page
var page embed.FS

// loader serves the page that waits for the hub.
type loader struct {
	options Options
	begun   time.Time

	mu      sync.Mutex
	hub     *client.Client
	failure string
	page    string
}

func newLoader(o Options) *loader {
	return &loader{options: o, begun: time.Now(), hub: o.Hub, page: o.Page}
}

// progress is what the page is told each time that it asks.
type progress struct {
	State   string   `json:"state"` // waiting, failed or ready
	URL     string   `json:"url,omitempty"`
	Error   string   `json:"error,omitempty"`
	Log     []string `json:"log,omitempty"`
	Seconds int      `json:"seconds"`
	Retry   bool     `json:"retry"` // the hub can be started from here
}

// ServeHTTP implements http.Handler. Only the window itself can ask.
func (l *loader) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	switch r.URL.Path {
	case "/", "/index.html":
		l.file(w, "page/index.html", "text/html; charset=utf-8")
	case "/page.js":
		l.file(w, "page/page.js", "text/javascript; charset=utf-8")
	case "/state":
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(l.progress(r.Context())) // if not, the window is gone
	case "/retry":
		l.fail("")
		if l.options.Retry != nil {
			l.options.Retry()
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		http.NotFound(w, r)
	}
}

func (l *loader) file(w http.ResponseWriter, name, kind string) {
	text, err := page.ReadFile(name)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(text) // if not, the window is gone
}

// fail tells why there is no hub, or no more that there is none.
func (l *loader) fail(why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failure, l.begun = why, time.Now()
}

// ask asks another hub from now on.
func (l *loader) ask(hub *client.Client) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hub, l.failure, l.begun = hub, "", time.Now()
}

// show has the first page of the dashboard be another one.
func (l *loader) show(page string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.page = page
}

// target is the page of the dashboard to begin with.
func (l *loader) target() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return cmp.Or(l.page, "/")
}

// answerIn is how long the hub may take to answer the page that waits for it.
const answerIn = 2 * time.Second

// late is when the page begins to show why the hub does not answer.
const late = 8 * time.Second

// shownLines is how much of the log the page shows.
const shownLines = 40

func (l *loader) progress(ctx context.Context) progress {
	l.mu.Lock()
	failure, begun, hub := l.failure, l.begun, l.hub
	l.mu.Unlock()
	p := progress{State: "waiting", Seconds: int(time.Since(begun).Seconds()), Retry: l.options.Retry != nil}
	if failure != "" {
		p.State, p.Error, p.Log = "failed", failure, tail(l.options.LogFile)
		return p
	}
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	_, err := hub.Health(ctx)
	if err == nil {
		// With a code that is good once, which only this process and its page ever see.
		if p.URL, err = hub.SessionURL(ctx); err == nil {
			p.State = "ready"
			return p
		}
	}
	if time.Since(begun) >= late {
		p.Error, p.Log = err.Error(), tail(l.options.LogFile)
	}
	return p
}

// tail returns the last lines of a file, none if it cannot be read.
func tail(path string) []string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	const enough = 64 << 10
	if info, err := f.Stat(); err == nil && info.Size() > enough {
		_, _ = f.Seek(-enough, io.SeekEnd) // else it is read from its beginning
	}
	text, _ := io.ReadAll(io.LimitReader(f, enough)) // what there is
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return slices.Clone(lines[max(0, len(lines)-shownLines):])
}
