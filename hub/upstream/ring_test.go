package upstream

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mcphub/hub/event"
)

func texts(r *ring) (out []string) {
	for _, line := range r.all() {
		out = append(out, line.Text)
	}
	return out
}

func TestRing(t *testing.T) {
	tests := []struct {
		name   string
		writes []string
		want   []string
		words  string
	}{
		{"nothing", nil, nil, ""},
		{"lines", []string{"a\nb\n"}, []string{"a", "b"}, "b"},
		{"a line in parts", []string{"a", "b", "c\nd\n"}, []string{"abc", "d"}, "d"},
		{"CRLF", []string{"a\r\n"}, []string{"a"}, "a"},
		{"blank lines at the end", []string{"a\n\n \n"}, []string{"a", "", " "}, "a"},
		{"no break at the end", []string{"a\nb"}, []string{"a", "b"}, "b"},
		{"a long line", []string{strings.Repeat("x", maxLogLine), "y", "\nz\n"}, []string{strings.Repeat("x", maxLogLine), "z"}, "z"},
	}
	for _, test := range tests {
		r := newRing(event.New(1), "a", nil)
		for _, text := range test.writes {
			if n, err := r.Write([]byte(text)); n != len(text) || err != nil {
				t.Fatal(n, err)
			}
		}
		r.note("of the hub") // so not the server's last words
		words := r.lastWords()
		got := slices.DeleteFunc(texts(r), func(line string) bool { return line == "of the hub" })
		if !slices.Equal(got, test.want) || words != test.words {
			t.Errorf("%s: %q, last %q", test.name, got, words)
		}
		if words := r.lastWords(); words != "" {
			t.Errorf("%s: another run said %q", test.name, words)
		}
	}
}

// TestRingTells: an event tells of every line, and the log knows which.
func TestRingTells(t *testing.T) {
	bus := event.New(8)
	r := newRing(bus, "a", nil)
	r.note("begins")
	fmt.Fprint(r, "one\n\nend")
	r.lastWords()
	events, _, err := bus.Read(0).Next(t.Context())
	lines := r.all()
	if err != nil || len(events) != 4 || len(lines) != 4 {
		t.Fatalf("%v: %d events, %d lines", err, len(events), len(lines))
	}
	for i, kind := range []string{EventNote, EventStderr, EventStderr, EventStderr} {
		e, line := events[i], lines[i]
		if e.Kind != kind || e.Server != "a" || e.Data != line.Text || e.Time != line.Time || bus.ID(e.Seq) != line.ID {
			t.Errorf("event %v of line %v", e, line)
		}
	}
}

func TestRingForgets(t *testing.T) {
	r := newRing(event.New(1), "a", nil)
	for i := range maxLogLines + 7 {
		fmt.Fprintln(r, i)
	}
	lines := texts(r)
	if len(lines) != maxLogLines || lines[0] != "7" || lines[maxLogLines-1] != fmt.Sprint(maxLogLines+6) {
		t.Errorf("%d lines from %s to %s", len(lines), lines[0], lines[len(lines)-1])
	}
	r.note(strings.Repeat("é", maxLogLine))
	if got := texts(r)[maxLogLines-1]; len(got) != maxLogLine {
		t.Errorf("a note of %d bytes", len(got))
	}
}
