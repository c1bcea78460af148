package gateway

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// Limits of what waits for a client's stream, and how often an idle stream is written to, which is how the hub
// notices that the client is gone.
const (
	maxWaiting      = 1000
	maxWaitingBytes = 8 << 20
	keepAlive       = 15 * time.Second
)

var (
	errEnded      = errors.New("the stream was ended by the hub")
	errSuperseded = errors.New("the client opened another stream")
	errOverrun    = errors.New("the client reads too slowly")
)

// outbox is what waits to be sent on a client's stream. Whoever puts something in never waits.
type outbox struct {
	mu      sync.Mutex
	waiting [][]byte
	size    int
	stream  chan struct{} // of the attached stream, holds one token when something is waiting; nil if there is none
	overrun bool
	done    chan struct{}
	closed  bool
}

func newOutbox() *outbox { return &outbox{done: make(chan struct{})} }

// push adds a message. If the client has fallen too far behind, its stream is cut off; without a stream, the oldest
// messages are dropped.
func (o *outbox) push(text []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.overrun {
		return
	}
	for len(o.waiting) >= maxWaiting || len(o.waiting) > 0 && o.size+len(text) > maxWaitingBytes {
		if o.stream != nil {
			o.overrun, o.waiting, o.size = true, nil, 0
			o.wake()
			return
		}
		o.size -= len(o.waiting[0])
		o.waiting = o.waiting[1:]
	}
	o.waiting = append(o.waiting, text)
	o.size += len(text)
	o.wake()
}

// pushOnce adds a message unless the same one is already waiting.
func (o *outbox) pushOnce(text []byte) {
	o.mu.Lock()
	for _, w := range o.waiting {
		if bytes.Equal(w, text) {
			o.mu.Unlock()
			return
		}
	}
	o.mu.Unlock()
	o.push(text)
}

func (o *outbox) wake() {
	if o.stream == nil {
		return
	}
	select {
	case o.stream <- struct{}{}:
	default:
	}
}

// close ends the stream after what is waiting.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		o.closed = true
		close(o.done)
	}
}

func (o *outbox) attached() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stream != nil
}

// attach begins the client's stream, in place of the one before it. It comes before the client knows of the stream: whoever
// then opens another one is behind it.
func (o *outbox) attach() (stream chan struct{}) {
	stream = make(chan struct{}, 1)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stream != nil {
		close(o.stream)
	}
	o.stream, o.overrun = stream, false
	return stream
}

// serve writes what is waiting, and what comes, as events to w until the client is gone, opens another stream, reads
// too slowly, or the outbox is closed (errEnded). The stream is from attach.
func (o *outbox) serve(ctx context.Context, w http.ResponseWriter, stream chan struct{}) error {
	defer func() {
		o.mu.Lock()
		if o.stream == stream {
			o.stream = nil
		}
		o.mu.Unlock()
	}()
	idle := time.NewTicker(keepAlive)
	defer idle.Stop()
	for {
		o.mu.Lock()
		if o.stream != stream {
			o.mu.Unlock()
			return errSuperseded
		}
		batch, overrun, closed := o.waiting, o.overrun, o.closed // closed: nothing follows this batch
		o.waiting, o.size = nil, 0
		o.mu.Unlock()
		if overrun {
			return errOverrun
		}
		for i, text := range batch {
			if err := writeEvent(w, text); err != nil {
				o.putBack(batch[i:])
				return err
			}
		}
		if closed {
			return errEnded
		}
		select {
		case <-stream:
		case <-o.done:
		case <-idle.C:
			if err := writeRaw(w, []byte(": still here\n\n")); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// putBack keeps what could not be written for the client's next stream.
func (o *outbox) putBack(batch [][]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting = append(batch, o.waiting...)
	o.size = 0
	for _, w := range o.waiting {
		o.size += len(w)
	}
}
