// Package sse owns the framing of server-sent events (WHATWG HTML, section "Server-sent events"): bytes to events and
// back.
//
// It must not know HTTP, JSON, or what the events mean; opening a stream again is its users' matter.
package sse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// ErrTooLong says that an event, or one line of it, is longer than the Reader's limit. The stream cannot be read on.
var ErrTooLong = errors.New("server-sent event is too long")

// Event is one event of a stream that has data; others are never seen.
type Event struct {
	Name string // the type of the event, "message" if the stream names none
	Data []byte // the data lines joined by LF; the caller's own
}

const (
	firstBuffer = 4 << 10
	keptBuffer  = 64 << 10 // a larger one is given back once what needed it is read
)

// Reader reads the events of one stream. It is not for concurrent use.
type Reader struct {
	src   io.Reader
	limit int

	buf        []byte
	start, end int  // of what is read from src but not yet taken
	begun      bool // past the place of a byte order mark
	afterCR    bool // the last line ended with CR: a LF that follows belongs to it

	id     string // of the event that is being read
	lastID string
	retry  time.Duration
	asked  bool // whether retry was given
}

// NewReader returns a Reader of src. No line, and no event's data, may be longer than limit bytes.
func NewReader(src io.Reader, limit int) *Reader { return &Reader{src: src, limit: limit} }

// LastID returns the id that a client names in Last-Event-ID to go on after the events read so far; it is empty if the
// stream gave none. An event without data counts.
func (r *Reader) LastID() string { return r.lastID }

// Retry returns how long the server asks to wait before the stream is opened again, and false if it did not say.
func (r *Reader) Retry() (time.Duration, bool) { return r.retry, r.asked }

// Next returns the next event. The error is io.EOF at the end of the stream, io.ErrUnexpectedEOF if the stream ends in
// the middle of an event (which is dropped), ErrTooLong, or what the source gave.
func (r *Reader) Next() (Event, error) {
	e, data, begun := Event{Name: "message"}, false, false
	for {
		line, err := r.line()
		switch {
		case errors.Is(err, io.EOF) && begun:
			return Event{}, io.ErrUnexpectedEOF
		case err != nil:
			return Event{}, err
		case len(line) == 0:
			r.lastID = r.id
			if data {
				return e, nil
			}
			e.Name, begun = "message", false
			continue
		case line[0] == ':':
			continue
		}
		begun = true
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "data":
			if data {
				e.Data = append(e.Data, '\n')
			}
			data = true
			if len(e.Data)+len(value) > r.limit {
				return Event{}, r.tooLong()
			}
			e.Data = append(e.Data, value...)
		case "event":
			if e.Name = "message"; len(value) > 0 && string(value) != e.Name {
				e.Name = string(value)
			}
		case "id":
			if bytes.IndexByte(value, 0) < 0 {
				r.id = string(value)
			}
		case "retry":
			if ms, err := strconv.ParseUint(string(value), 10, 32); err == nil {
				r.retry, r.asked = time.Duration(ms)*time.Millisecond, true
			}
		}
	}
}

func (r *Reader) tooLong() error { return fmt.Errorf("%w: over %d bytes", ErrTooLong, r.limit) }

// line returns the next line without its end, valid until the next call. It never waits for the byte after a CR.
func (r *Reader) line() ([]byte, error) {
	for searched := 0; ; {
		if r.afterCR && r.start < r.end {
			if r.afterCR = false; r.buf[r.start] == '\n' {
				r.start++
			}
		}
		if i := lineEnd(r.buf[r.start+searched : r.end]); i >= 0 {
			i += r.start + searched
			line := r.buf[r.start:i]
			r.start, r.afterCR = i+1, r.buf[i] == '\r'
			if !r.begun {
				r.begun = true
				line = bytes.TrimPrefix(line, []byte("\uFEFF"))
			}
			return line, nil
		}
		searched = r.end - r.start
		if err := r.fill(); err != nil {
			if searched > 0 && errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
}

// lineEnd returns the index of the first CR or LF in b, or -1.
func lineEnd(b []byte) int {
	lf := bytes.IndexByte(b, '\n')
	if lf >= 0 {
		b = b[:lf]
	}
	if cr := bytes.IndexByte(b, '\r'); cr >= 0 {
		return cr
	}
	return lf
}

// fill reads at least one byte more, and makes room for it first.
func (r *Reader) fill() error {
	rest := r.buf[r.start:r.end]
	switch {
	case len(rest) > r.limit+len("data: "):
		return r.tooLong()
	case len(rest) == len(r.buf): // full, or not there yet
		r.buf = make([]byte, max(firstBuffer, 2*len(rest)))
	case len(rest) == 0 && len(r.buf) > keptBuffer:
		r.buf = make([]byte, firstBuffer)
	}
	r.start, r.end = 0, copy(r.buf, rest)
	for range 100 {
		n, err := r.src.Read(r.buf[r.end:])
		if r.end += n; n > 0 {
			return nil // an error will come again
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// AppendEvent appends one event to dst and returns it. An empty event stands for "message"; it must not hold line
// breaks. Each line of data, however it ends, becomes one data line, so a reader sees the line breaks as LF.
func AppendEvent(dst []byte, event string, data []byte) []byte {
	if event != "" {
		dst = append(append(append(dst, "event: "...), event...), '\n')
	}
	for {
		i := lineEnd(data)
		if i < 0 {
			return append(append(append(dst, "data: "...), data...), '\n', '\n')
		}
		dst = append(append(append(dst, "data: "...), data[:i]...), '\n')
		if data[i] == '\r' && i+1 < len(data) && data[i+1] == '\n' {
			i++
		}
		data = data[i+1:]
	}
}
