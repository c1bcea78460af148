package upstream

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestReadLines(t *testing.T) {
	long := strings.Repeat("x", 100_000) // more than the buffer
	tests := []struct {
		name, in string
		limit    int
		want     []string
		tooLong  int
	}{
		{"nothing", "", 10, nil, 0},
		{"lines", "a\nb\n", 10, []string{"a\n", "b\n"}, 0},
		{"CRLF and blank", "a\r\n\n\r\n", 10, []string{"a\r\n", "\n", "\r\n"}, 0},
		{"no break at the end", "a\nb", 10, []string{"a\n", "b"}, 0},
		{"longer than the buffer", long + "\nb\n", 200_000, []string{long + "\n", "b\n"}, 0},
		{"at the limit", "123456789\n", 10, []string{"123456789\n"}, 0},
		{"over the limit", "1234567890\nb\n", 10, []string{"b\n"}, 1},
		{"over the limit and the buffer", long + long + "\nb\n", 100_000, []string{"b\n"}, 1},
		{"over the limit at the end", "a\n" + long, 10, []string{"a\n"}, 1},
		{"twice over the limit", long + "\n" + long + "\nb\n", 10, []string{"b\n"}, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = r.Close() }()
			go func() {
				_, _ = w.WriteString(test.in)
				_ = w.Close()
			}()
			var got []string
			tooLong := 0
			readLines(r, test.limit, func(line []byte) { got = append(got, string(line)) }, func(error) { tooLong++ })
			if !slices.Equal(got, test.want) || tooLong != test.tooLong {
				t.Errorf("%d lines, %d too long: %.100q", len(got), tooLong, got)
			}
		})
	}
}

// writerFor returns a writer to a pipe, and its other end.
func writerFor(t *testing.T, l limits) (*pipeWriter, *os.File, chan error) {
	t.Helper()
	noLeaks(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	failed := make(chan error, 2)
	pw := newPipeWriter(w, l, &work, func(err error) { failed <- err })
	t.Cleanup(func() {
		_, _ = r.Close(), w.Close()
		pw.close(errStopped)
		work.Wait()
	})
	return pw, r, failed
}

// TestWriterNeverWaits: a pipe that is full holds nobody up, and everything arrives in order once it is read.
func TestWriterNeverWaits(t *testing.T) {
	w, r, _ := writerFor(t, stdioLimits)
	const messages = 300
	var want bytes.Buffer
	for i := range messages {
		text := fmt.Sprintf("%d\r%s", i, strings.Repeat("x", 1000*(i%7)))
		want.WriteString(strings.ReplaceAll(text, "\r", " ") + "\n")
		if err := w.write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	var got bytes.Buffer
	readLines(r, 1<<20, func(line []byte) {
		if got.Write(line); got.Len() == want.Len() {
			_ = w.file.Close()
		}
	}, nil)
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Errorf("%d bytes, want %d", got.Len(), want.Len())
	}
}

// TestWriterConcurrently: messages of many callers do not mix.
func TestWriterConcurrently(t *testing.T) {
	w, r, _ := writerFor(t, stdioLimits)
	var callers sync.WaitGroup
	for i := range 16 {
		callers.Go(func() {
			for j := range 100 {
				if err := w.write(fmt.Appendf(nil, "%d %d %s", i, j, strings.Repeat("x", 500))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	next, lines := map[int]int{}, 0
	readLines(r, 1<<20, func(line []byte) {
		var i, j int
		var x string
		if _, err := fmt.Sscan(string(line), &i, &j, &x); err != nil || next[i] != j || len(x) != 500 {
			t.Errorf("%.50q %v", line, err)
		}
		next[i]++
		if lines++; lines == 1600 {
			_ = w.file.Close()
		}
	}, nil)
	callers.Wait()
}

func TestWriterFails(t *testing.T) {
	t.Run("nobody reads", func(t *testing.T) {
		w, _, failed := writerFor(t, limits{line: 1 << 20, unread: 30 * time.Millisecond})
		if err := w.write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		if err := <-failed; !errors.Is(err, errNotReading) {
			t.Error(err)
		}
		if err := w.write([]byte("x")); !errors.Is(err, ErrNotSent) || !errors.Is(err, errNotReading) {
			t.Error(err)
		}
	})
	t.Run("too much waits", func(t *testing.T) {
		w, _, failed := writerFor(t, limits{line: 1 << 20, unread: time.Hour})
		var err error
		for n := 0; err == nil && n < 5; n++ {
			err = w.write(make([]byte, 1<<20))
		}
		if !errors.Is(err, ErrNotSent) || !errors.Is(<-failed, errNotReading) {
			t.Error(err)
		}
	})
	t.Run("one message is too long", func(t *testing.T) {
		w, _, failed := writerFor(t, limits{line: 10, unread: time.Hour})
		if err := w.write(make([]byte, 11)); err == nil || errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		if err := w.write(make([]byte, 10)); err != nil || len(failed) > 0 {
			t.Error(err, "after one that was refused")
		}
	})
	t.Run("the reader is gone", func(t *testing.T) {
		w, r, failed := writerFor(t, stdioLimits)
		_ = r.Close()
		if err := w.write([]byte("x")); !errors.Is(err, ErrClosed) || <-failed == nil {
			t.Error(err)
		}
		if err := w.write([]byte("x")); !errors.Is(err, ErrNotSent) || len(failed) > 0 {
			t.Error(err)
		}
	})
}
