package upstream

import (
	"bytes"
	"strings"
	"sync"
	"time"

	"mcphub/hub/event"
	"mcphub/hub/secret"
)

// Limits of a server's log.
const (
	maxLogLines = 500
	maxLogLine  = 4096
)

// LogLine is one line that a server wrote on its standard error, or that the hub noted about it.
type LogLine struct {
	ID   string // of the event that told of it
	Time time.Time
	Text string // without the line break, cut at 4096 bytes
}

// ring keeps the last lines of a server's log, over restarts, and tells of each.
type ring struct {
	bus    *event.Bus
	server string

	mu    sync.Mutex
	lines []LogLine // a ring once it is full: next is the oldest
	next  int
	part  []byte // of the line that has no end yet
	words string // the server's newest line that is not blank, of this run

	redact *secret.Redactor // a server may write what it was told in secret
}

// newRing returns an empty log, in which all lines are masked.
func newRing(bus *event.Bus, server string, redact *secret.Redactor) *ring {
	return &ring{bus: bus, server: server, redact: redact}
}

// Write takes standard error as it comes. It never fails.
func (r *ring) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for rest := p; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		if room := maxLogLine + 1 + r.redact.Margin() - len(r.part); room > 0 {
			r.part = append(r.part, line[:min(room, len(line))]...)
		}
		if ended {
			r.endLine()
		}
		rest = after
	}
	return len(p), nil
}

func (r *ring) endLine() {
	text := r.redact.Cut(string(bytes.TrimRight(r.part, "\r")), maxLogLine)
	r.part = r.part[:0]
	r.add(EventStderr, text)
	if strings.TrimSpace(text) != "" {
		r.words = text
	}
}

// lastWords ends a run of the server: it returns the newest line of it that is not blank, whether or not that line has
// an end, and empty text if there is none.
func (r *ring) lastWords() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.part) > 0 {
		r.endLine()
	}
	words := r.words
	r.words = ""
	return words
}

// note adds a line of the hub's own.
func (r *ring) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(EventNote, r.redact.Cut(text, maxLogLine))
}

func (r *ring) add(kind, text string) {
	e := r.bus.Publish(kind, r.server, text)
	line := LogLine{r.bus.ID(e.Seq), e.Time, text}
	if len(r.lines) < maxLogLines {
		r.lines = append(r.lines, line)
		return
	}
	r.lines[r.next] = line
	r.next = (r.next + 1) % maxLogLines
}

// all returns the lines, oldest first.
func (r *ring) all() []LogLine {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(append(make([]LogLine, 0, len(r.lines)), r.lines[r.next:]...), r.lines[:r.next]...)
}
