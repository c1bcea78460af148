package upstream

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"mcphub/hub/jsonrpc"
)

// Limits of the stdio transport.
const (
	maxLine      = 64 << 20         // bytes of one message, either way
	maxUnwritten = 2 * maxLine      // bytes that wait for a server which does not read
	writeTimeout = 10 * time.Second // how long a server may leave its input full, give or take half
)

var errNotReading = errors.New("the server does not read its input")

// pipeWriter writes messages to a server's standard input, one a line. The caller that finds nobody writing writes
// what has gathered meanwhile, so that one caller pays no hand-over and many share a system call.
type pipeWriter struct {
	file *os.File
	fail func(error) // is told once that the pipe broke or is stuck

	deadline time.Time // of writing; only whoever is writing touches it

	mu      sync.Mutex
	waiting []byte
	spare   []byte
	writing bool
	err     error
}

// write sends one message.
func (w *pipeWriter) write(text []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil && len(w.waiting)+len(text) > maxUnwritten {
		w.err = errNotReading
	}
	if w.err != nil {
		return closedError(w.err)
	}
	w.waiting = append(append(w.waiting, jsonrpc.Flatten(text)...), '\n')
	if w.writing {
		return nil
	}
	w.writing = true
	for len(w.waiting) > 0 && w.err == nil {
		batch := w.waiting
		w.waiting = w.spare[:0]
		w.mu.Unlock()
		w.extend()
		_, err := w.file.Write(batch)
		w.mu.Lock()
		if w.spare = batch; cap(batch) > 1<<20 {
			w.spare = nil
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = errNotReading
		}
		if err != nil {
			w.err = err
			w.fail(err)
		}
	}
	w.writing = false
	if w.err != nil {
		return closedError(w.err)
	}
	return nil
}

// extend puts the deadline of writing off, though not with every message: that would cost more than the writing. A pipe
// that takes no deadline blocks until it is closed.
func (w *pipeWriter) extend() {
	if now := time.Now(); w.deadline.Sub(now) < writeTimeout/2 {
		w.deadline = now.Add(writeTimeout)
		_ = w.file.SetWriteDeadline(w.deadline)
	}
}

// readLines calls line with every line of f, which is the callee's, until f ends. A line longer than maxLine is
// skipped and reported to tooLong.
func readLines(f *os.File, line func([]byte), tooLong func(error)) {
	r := bufio.NewReaderSize(f, 32<<10)
	var long []byte
	skipping := false
	for {
		part, err := r.ReadSlice('\n')
		switch {
		case skipping:
		case len(long)+len(part) > maxLine:
			tooLong(fmt.Errorf("a line of more than %d bytes was skipped", maxLine))
			skipping, long = true, nil
		case errors.Is(err, bufio.ErrBufferFull):
			long = append(long, part...)
		case len(long) > 0:
			line(append(long, part...))
			long = nil
		case len(part) > 0:
			line(append(make([]byte, 0, len(part)), part...))
		}
		switch {
		case err == nil:
			skipping = false
		case !errors.Is(err, bufio.ErrBufferFull):
			return
		}
	}
}
