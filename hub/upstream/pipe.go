package upstream

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"mcphub/hub/jsonrpc"
)

// limits is what the hub puts up with on a server's standard streams.
type limits struct {
	line      int           // bytes of one message, either way
	unread    time.Duration // how long a server may take nothing of what waits for it
	headStart time.Duration // how long it may ponder server/discover before it is greeted with initialize too
}

// stdioLimits are those of every server. A legacy server may ignore what it does not know, hence headStart.
var stdioLimits = limits{line: 64 << 20, unread: 10 * time.Second, headStart: 5 * time.Second}

var errNotReading = errors.New("the server does not read its input")

// pipeWriter writes messages to a server's standard input, one a line, and never waits for the server. The caller that
// finds nobody writing writes what has gathered meanwhile, so that one caller pays no hand-over and many share a system
// call; what the pipe does not take at once is left to a goroutine.
type pipeWriter struct {
	file   *os.File
	raw    syscall.RawConn // of file
	limits limits
	work   *sync.WaitGroup // takes the goroutine
	fail   func(error)     // is told once why nothing can be written any more

	mu      sync.Mutex
	waiting []byte
	spare   []byte
	writing bool
	err     error
}

func newPipeWriter(f *os.File, l limits, work *sync.WaitGroup, fail func(error)) *pipeWriter {
	raw, _ := f.SyscallConn() // fails only for no file
	return &pipeWriter{file: f, raw: raw, limits: l, work: work, fail: fail}
}

// write sends one message. The error wraps ErrNotSent if nothing of it has gone out, or else ErrClosed.
func (w *pipeWriter) write(text []byte) error {
	if len(text) > w.limits.line {
		return fmt.Errorf("a message of %d bytes is more than the %d that a server is sent", len(text), w.limits.line)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting)+len(text) > 2*w.limits.line {
		w.broke(errNotReading)
	}
	if w.err != nil {
		return fmt.Errorf("%w: %w", ErrNotSent, w.err)
	}
	w.waiting = append(append(w.waiting, jsonrpc.Flatten(text)...), '\n')
	if w.writing {
		return nil
	}
	w.writing = true
	return w.flush()
}

// flush writes what waits as far as the pipe takes it at once. It is called with mu held.
func (w *pipeWriter) flush() error {
	for len(w.waiting) > 0 {
		batch := w.waiting
		w.waiting = w.spare[:0]
		w.spare = nil
		w.mu.Unlock()
		n, err := writeNow(w.raw, batch)
		w.mu.Lock()
		if err != nil {
			w.broke(err)
		}
		switch {
		case w.err != nil && n == 0:
			return fmt.Errorf("%w: %w", ErrNotSent, w.err)
		case w.err != nil:
			return closedError(w.err)
		case n < len(batch):
			w.work.Go(func() { w.drain(batch[n:]) })
			return nil
		case cap(batch) <= 1<<20:
			w.spare = batch
		}
	}
	w.writing = false
	return nil
}

// drain writes what the pipe did not take at once, and what gathers meanwhile.
func (w *pipeWriter) drain(rest []byte) {
	stuck := time.AfterFunc(w.limits.unread, func() { w.close(errNotReading) }) // not every pipe takes a deadline
	defer stuck.Stop()
	for len(rest) > 0 {
		n, err := w.file.Write(rest[:min(len(rest), 64<<10)])
		stuck.Reset(w.limits.unread)
		rest = rest[n:]
		w.mu.Lock()
		if err != nil {
			w.broke(err)
		}
		if len(rest) == 0 {
			rest, w.waiting = w.waiting, nil
		}
		if w.err != nil {
			rest = nil
		}
		w.writing = len(rest) > 0
		w.mu.Unlock()
	}
}

// close lets nothing more be written. After it, no goroutine is started.
func (w *pipeWriter) close(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broke(why)
}

func (w *pipeWriter) broke(why error) {
	if w.err == nil {
		w.err, w.waiting = why, nil
		w.fail(why)
	}
}

// readLines calls line with every line of f, which is the callee's, until f ends. A line of more than limit bytes is
// skipped and reported to tooLong.
func readLines(f *os.File, limit int, line func([]byte), tooLong func(error)) {
	r := bufio.NewReaderSize(f, 32<<10)
	var long []byte
	skipping := false
	for {
		part, err := r.ReadSlice('\n')
		switch {
		case skipping:
		case len(long)+len(part) > limit:
			tooLong(fmt.Errorf("a line of more than %d bytes was skipped", limit))
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
