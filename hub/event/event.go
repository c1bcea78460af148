// Package event owns telling what happens in the hub, in order, to whoever listens: a ring of the last events, and
// readers that each go through it at their own pace.
//
// It must not know what the events mean, nor how they are sent on.
package event

import (
	"context"
	"crypto/rand"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Event is something that happened.
type Event struct {
	Seq    uint64    // from 1, without gaps
	Time   time.Time // when it was published
	Kind   string    // what happened, one of the constants of its publisher
	Server string    // the managed server that it happened to; empty for the hub itself
	Data   any       // a value that nobody changes any more
}

// batch is how many events a reader takes at once, so that it holds nobody up, and keeps few alive that the bus has
// forgotten.
const batch = 16

// Bus takes events and keeps the last of them. Publishing never waits for a reader to do anything with them.
type Bus struct {
	run  string       // begins the ids of its events: another bus counts from 1 again
	mu   sync.RWMutex // of many readers, all of which look at once when there is something new
	ring []Event
	last uint64        // Seq of the newest event
	more chan struct{} // closed at the next event, then replaced
}

// New returns a bus that keeps the last size events, at least one.
func New(size int) *Bus {
	return &Bus{run: rand.Text()[:8], ring: make([]Event, max(size, 1)), more: make(chan struct{})}
}

// Publish tells everyone, and returns the event as it is told.
func (b *Bus) Publish(kind, server string, data any) Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	e := Event{b.last, time.Now(), kind, server, data}
	b.ring[b.last%uint64(len(b.ring))] = e
	close(b.more)
	b.more = make(chan struct{})
	return e
}

// ID names an event of this bus by its number, unlike any event of another bus.
func (b *Bus) ID(seq uint64) string { return b.run + "-" + strconv.FormatUint(seq, 10) }

// Seq returns the number of the event that ID named so, and false if the id is not of this bus.
func (b *Bus) Seq(id string) (seq uint64, ok bool) {
	run, number, _ := strings.Cut(id, "-")
	seq, err := strconv.ParseUint(number, 10, 64)
	return seq, err == nil && run == b.run && seq <= b.Last()
}

// Last returns the number of the newest event; 0 if there was none yet.
func (b *Bus) Last() uint64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.last
}

// Reader goes through the events of a bus. It costs the bus nothing, however slow it is. It is not for concurrent use.
type Reader struct {
	bus  *Bus
	at   uint64 // Seq of the last event read
	room []Event
}

// Read returns a reader of the events after the one with the given number: Last for those to come, 0 for all that are
// kept. A number that the bus has not reached yet, as one from before a restart of the hub, counts as 0.
func (b *Bus) Read(after uint64) *Reader {
	if after > b.Last() {
		after = 0
	}
	return &Reader{bus: b, at: after}
}

// Next waits for events and returns the next of them in order, and how many before them were lost because the reader was
// too slow or asked for what is no longer kept. They are good until the next call. The error is ctx's cause; it comes after
// all that was published before ctx ended.
func (r *Reader) Next(ctx context.Context) (events []Event, lost uint64, err error) {
	for {
		ended := ctx.Err() != nil // asked first: what is published meanwhile may be read or not
		events, lost, more := r.take()
		switch {
		case len(events) > 0:
			return events, lost, nil
		case ended:
			return nil, 0, context.Cause(ctx)
		}
		select {
		case <-more:
		case <-ctx.Done():
		}
	}
}

func (r *Reader) take() (events []Event, lost uint64, more <-chan struct{}) {
	b := r.bus
	clear(r.room)
	r.room = r.room[:0]
	b.mu.RLock()
	defer b.mu.RUnlock()
	size := uint64(len(b.ring))
	if b.last-r.at > size {
		lost = b.last - size - r.at
		r.at += lost
	}
	for r.at < b.last && len(r.room) < batch {
		r.at++
		r.room = append(r.room, b.ring[r.at%size])
	}
	return r.room, lost, b.more
}
