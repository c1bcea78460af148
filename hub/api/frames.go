package api

import (
	"sync"

	"mcphub/hub/event"
)

// keptFrames is how many bytes of recent events are kept as clients get them, beside the last one. That is room for all
// that the hub keeps, as long as they are no long lists.
const keptFrames = 4 << 20

// frames is what recent events are to the clients of a stream, so that many clients share the work and the bytes.
type frames struct {
	mu          sync.Mutex
	text        map[uint64][]byte // by number of the event
	first, last uint64            // numbers that text may have
	size        int
}

// of returns what an event is to a client, as render tells it the first time.
func (f *frames) of(e event.Event, render func(event.Event) []byte) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	text, known := f.text[e.Seq]
	if known {
		return text
	}
	text = render(e)
	if e.Seq < f.last {
		return text // of a client that is far behind the others
	}
	if f.text == nil {
		f.text, f.first = map[uint64][]byte{}, e.Seq
	}
	f.text[e.Seq], f.last = text, e.Seq
	for f.size += len(text); f.size > keptFrames && f.first < f.last; f.first++ {
		f.size -= len(f.text[f.first])
		delete(f.text, f.first)
	}
	return text
}
