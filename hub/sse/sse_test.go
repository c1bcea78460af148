package sse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const limit = 1 << 20

// seen is all that a stream tells.
type seen struct {
	events []string // name=data
	lastID string
	retry  time.Duration
	asked  bool
	err    error
}

func (s seen) String() string {
	return fmt.Sprintf("%q id=%q retry=%v,%v err=%v", s.events, s.lastID, s.retry, s.asked, s.err)
}

func readAll(src io.Reader, limit int) seen {
	r := NewReader(src, limit)
	var s seen
	for {
		e, err := r.Next()
		if err != nil {
			s.err, s.lastID = err, r.LastID()
			s.retry, s.asked = r.Retry()
			return s
		}
		s.events = append(s.events, e.Name+"="+string(e.Data))
	}
}

func TestReader(t *testing.T) {
	for _, c := range []struct {
		name, stream string
		want         seen
	}{
		{"empty", "", seen{err: io.EOF}},
		{"one", "data: a\n\n", seen{events: []string{"message=a"}, err: io.EOF}},
		{"no space", "data:a\n\n", seen{events: []string{"message=a"}, err: io.EOF}},
		{"one space is taken", "data:  a\n\n", seen{events: []string{"message= a"}, err: io.EOF}},
		{"CR", "data: a\rdata: b\r\rdata: c\r\r", seen{events: []string{"message=a\nb", "message=c"}, err: io.EOF}},
		{"CRLF", "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", seen{events: []string{"message=a\nb", "message=c"}, err: io.EOF}},
		{"mixed ends", "data: a\r\n\ndata: b\n\r", seen{events: []string{"message=a", "message=b"}, err: io.EOF}},
		{"byte order mark", "\uFEFFdata: a\n\n", seen{events: []string{"message=a"}, err: io.EOF}},
		{"second mark is text", "\uFEFF\uFEFFdata: a\n\n", seen{err: io.EOF}},
		{"comments", ": hello\n:\ndata: a\n: more\n\n:\n\n", seen{events: []string{"message=a"}, err: io.EOF}},
		{"name", "event: endpoint\ndata: /m\n\ndata: x\n\n", seen{events: []string{"endpoint=/m", "message=x"}, err: io.EOF}},
		{"empty name", "event: a\nevent:\ndata: x\n\n", seen{events: []string{"message=x"}, err: io.EOF}},
		{"name without data is forgotten", "event: a\n\ndata: x\n\n", seen{events: []string{"message=x"}, err: io.EOF}},
		{"empty data", "data:\n\ndata\n\n", seen{events: []string{"message=", "message="}, err: io.EOF}},
		{"empty data lines", "data\ndata\n\n", seen{events: []string{"message=\n"}, err: io.EOF}},
		{"id", "id: 1\ndata: a\n\ndata: b\n\n", seen{events: []string{"message=a", "message=b"}, lastID: "1", err: io.EOF}},
		{"id without data", "id: 7\n\n", seen{lastID: "7", err: io.EOF}},
		{"id taken back", "id: 7\n\nid\n\n", seen{err: io.EOF}},
		{"id with NUL", "id: 1\n\nid: a\x00b\n\n", seen{lastID: "1", err: io.EOF}},
		{"id of a cut event does not count", "id: 1\ndata: a\n\nid: 2\ndata: b\n", seen{events: []string{"message=a"}, lastID: "1", err: io.ErrUnexpectedEOF}},
		{"retry", "retry: 250\n\n", seen{retry: 250 * time.Millisecond, asked: true, err: io.EOF}},
		{"retry zero", "retry: 0\n\n", seen{asked: true, err: io.EOF}},
		{"retry not a number", "retry: 1s\nretry: -1\nretry:\n\n", seen{err: io.EOF}},
		{"unknown fields", "datum: x\nDATA: y\nfoo\ndata: a\n\n", seen{events: []string{"message=a"}, err: io.EOF}},
		{"colons in data", "data: {\"a\":1}\n\n", seen{events: []string{`message={"a":1}`}, err: io.EOF}},
		{"cut in a line", "data: a\n\ndata: b", seen{events: []string{"message=a"}, err: io.ErrUnexpectedEOF}},
		{"cut before the blank line", "data: b\n", seen{err: io.ErrUnexpectedEOF}},
		{"longer than the buffer", "data: " + strings.Repeat("x", 300_000) + "\n\ndata: a\n\n", seen{events: []string{"message=" + strings.Repeat("x", 300_000), "message=a"}, err: io.EOF}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for how, src := range map[string]io.Reader{
				"whole":         strings.NewReader(c.stream),
				"byte by byte":  iotest.OneByteReader(strings.NewReader(c.stream)),
				"error at once": iotest.DataErrReader(strings.NewReader(c.stream)),
			} {
				if got := readAll(src, limit); got.String() != c.want.String() {
					t.Errorf("%s:\ngot  %.300s\nwant %.300s", how, got, c.want)
				}
			}
		})
	}
}

// TestReaderDoesNotWait: an event is there as soon as the CR that ends it is.
func TestReaderDoesNotWait(t *testing.T) {
	pr, pw := io.Pipe()
	defer pw.Close()
	go func() { _, _ = pw.Write([]byte("data: a\r\r")) }()
	got := make(chan Event, 1)
	go func() {
		e, _ := NewReader(pr, limit).Next()
		got <- e
	}()
	select {
	case e := <-got:
		if string(e.Data) != "a" {
			t.Errorf("got %q", e.Data)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the reader waits for the byte after CR")
	}
}

func TestReaderLimit(t *testing.T) {
	for name, stream := range map[string]string{
		"one line":         "data: " + strings.Repeat("x", 10_001) + "\n\n",
		"a line that goes": "data: " + strings.Repeat("x", 1_000_000),
		"many lines":       strings.Repeat("data: "+strings.Repeat("x", 999)+"\n", 20) + "\n",
		"a comment":        ":" + strings.Repeat("x", 100_000) + "\n",
	} {
		if got := readAll(strings.NewReader(stream), 10_000); name != "a comment" && !errors.Is(got.err, ErrTooLong) || got.err == nil {
			t.Errorf("%s: %v", name, got.err)
		}
	}
	if got := readAll(strings.NewReader("data: "+strings.Repeat("x", 10_000)+"\n\n"), 10_000); len(got.events) != 1 {
		t.Errorf("data as long as the limit: %v", got.err)
	}
}

func TestReaderSourceError(t *testing.T) {
	want := errors.New("reset")
	got := readAll(io.MultiReader(strings.NewReader("data: a\n\ndata: b\n"), iotest.ErrReader(want)), limit)
	if !errors.Is(got.err, want) || !slices.Equal(got.events, []string{"message=a"}) {
		t.Errorf("got %v", got)
	}
	if got := readAll(stuck{}, limit); !errors.Is(got.err, io.ErrNoProgress) {
		t.Errorf("a source that gives nothing: %v", got.err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestReaderGivesItsDataAway(t *testing.T) {
	r := NewReader(strings.NewReader("data: first\n\ndata: other\n\n"), limit)
	a, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); err != nil || string(a.Data) != "first" {
		t.Errorf("the first event became %q, %v", a.Data, err)
	}
}

func TestAppendEvent(t *testing.T) {
	for _, c := range []struct{ event, data, want string }{
		{"", `{"a":1}`, "data: {\"a\":1}\n\n"},
		{"endpoint", "/m?s=1", "event: endpoint\ndata: /m?s=1\n\n"},
		{"message", "a\nb\r\nc\rd", "event: message\ndata: a\ndata: b\ndata: c\ndata: d\n\n"},
		{"", "", "data: \n\n"},
		{"", "a\n", "data: a\ndata: \n\n"},
	} {
		if got := AppendEvent([]byte("x"), c.event, []byte(c.data)); string(got) != "x"+c.want {
			t.Errorf("%q %q: got %q, want %q", c.event, c.data, got, c.want)
		}
	}
}

// plainly reads a whole stream by the letter of the standard, with no thought of speed.
func plainly(stream string) (s seen) {
	stream = strings.TrimPrefix(stream, "\uFEFF")
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(stream), "\n")
	name, data, id := "", "", ""
	for _, line := range lines[:len(lines)-1] {
		if line == "" {
			s.lastID = id
			if data != "" {
				if name == "" {
					name = "message"
				}
				s.events = append(s.events, name+"="+strings.TrimSuffix(data, "\n"))
			}
			name, data = "", ""
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case field == "event":
			name = value
		case field == "data":
			data += value + "\n"
		case field == "id" && !strings.Contains(value, "\x00"):
			id = value
		case field == "retry" && value != "" && strings.Trim(value, "0123456789") == "":
			if ms, err := strconv.ParseUint(value, 10, 32); err == nil {
				s.retry, s.asked = time.Duration(ms)*time.Millisecond, true
			}
		}
	}
	return s
}

func FuzzReader(f *testing.F) {
	for _, s := range []string{
		"data: a\n\n", "\uFEFFdata: a\r\rdata:b\r\n\r\n", "event: x\nid: 1\nretry: 5\ndata\ndata: y\n\n:c\n", "id: 1\x00\n\n\r\n\r", "data",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		want := plainly(string(b))
		for _, src := range []io.Reader{bytes.NewReader(b), iotest.OneByteReader(bytes.NewReader(b)), iotest.HalfReader(bytes.NewReader(b))} {
			got := readAll(src, limit)
			if !errors.Is(got.err, io.EOF) && !errors.Is(got.err, io.ErrUnexpectedEOF) {
				t.Fatalf("error %v", got.err)
			}
			want.err = got.err
			if got.String() != want.String() {
				t.Fatalf("%q\ngot  %v\nwant %v", b, got, want)
			}
		}
		lines := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(b))
		if got := readAll(bytes.NewReader(AppendEvent(nil, "e", b)), 2*limit); len(got.events) != 1 || got.events[0] != "e="+lines {
			t.Fatalf("%q came back as %v", b, got)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	for _, size := range []int{100, 10_000, 200_000} {
		stream := AppendEvent(nil, "message", bytes.Repeat([]byte("x"), size))
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				if _, err := NewReader(bytes.NewReader(stream), limit).Next(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
