package store

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mcphub/hub/record"
)

// How records are gathered before they are written.
const (
	queueRoom  = 8192                   // records that may wait
	bodyRoom   = 32 << 20               // bytes of arguments and results that may wait
	batchSize  = 4000                   // records that are written at once
	flushEvery = 400 * time.Millisecond // how long a record waits at most for others
)

// Longest texts of a record, in bytes.
const (
	longestName  = 2000
	longestError = 1000
)

// HistoryOptions is what a history needs.
type HistoryOptions struct {
	// Open opens the database; it is called whenever that is needed, and returns the same one again.
	Open func(context.Context) (*DB, error)
	// Redact takes secrets out of arguments or a result, JSON that may be cut off anywhere. Definition is that of the
	// tool, nil if it is not known. It is not called from several goroutines at once.
	Redact func(definition, text []byte) (out string, redacted bool)
	// Margin returns how many bytes more than it is to have at most a text needs for Redact to find in it what is cut off.
	Margin   func() int
	Settings HistorySettings
	Log      *slog.Logger
}

// History is the record of calls, and of what happened to servers. Those who record never wait: one writer takes what they
// tell out of a queue, and what finds no room there is counted and lost.
type History struct {
	options  HistoryOptions
	settings atomic.Pointer[HistorySettings]
	queue    chan *entry
	many     chan struct{} // a batch waits in the queue
	waiting  atomic.Int64  // bytes of arguments and results in the queue

	written, dropped, bare atomic.Int64
	tidied                 int64        // of written, when it was last tidied up; only Run uses it
	tidiedAt               time.Time    // likewise
	forgotten              atomic.Int64 // Unix microseconds: what is older and waits is not to be written any more

	mu      sync.Mutex
	opened  bool
	early   []*entry // happenings from before that
	problem string
	told    int64 // of dropped, when it was last logged
}

// entry is one thing to be written: a call, or a happening.
type entry struct {
	record.Call
	id        int64
	limit     int // bytes of arguments and of the result
	margin    int // how many more there may be
	happening *Happening
}

// NewHistory returns a history that records once Run is called.
func NewHistory(o HistoryOptions) *History {
	h := &History{options: o, queue: make(chan *entry, queueRoom), many: make(chan struct{}, 1)}
	h.Configure(o.Settings)
	return h
}

// Configure changes the settings.
func (h *History) Configure(s HistorySettings) { h.settings.Store(&s) }

// Record has a call written. It copies what it keeps, and never waits.
func (h *History) Record(r *record.Call) {
	s := h.settings.Load()
	keep := s.Servers[r.Server]
	if !s.Enabled || keep == KeepNothing {
		return
	}
	e := &entry{Call: *r, limit: s.BodyLimit, margin: h.options.Margin() + 1} // one tells that there was more
	e.Args, e.Result, e.Span = nil, nil, nil
	e.Name, e.Err = e.Name[:min(len(e.Name), longestName+e.margin)], e.Err[:min(len(e.Err), longestError+e.margin)]
	if s.Bodies && keep == KeepAll {
		args, result := r.Args[:min(len(r.Args), e.limit+e.margin)], r.Result[:min(len(r.Result), e.limit+e.margin)]
		if size := int64(len(args) + len(result)); h.waiting.Add(size) > bodyRoom {
			h.waiting.Add(-size)
			h.bare.Add(1)
		} else {
			e.Args, e.Result = bytes.Clone(args), bytes.Clone(result)
		}
	}
	h.put(e)
}

// Happened has a happening written, whose ID counts for nothing. It never waits.
func (h *History) Happened(e Happening) {
	s := h.settings.Load()
	if !s.Enabled || s.Servers[e.Server] == KeepNothing {
		return
	}
	e.Text = cut(e.Text, longestError)
	h.put(&entry{Call: record.Call{Time: e.Time}, happening: &e})
}

// Lost counts records that were lost before they came here.
func (h *History) Lost(n uint64) { h.dropped.Add(int64(n)) }

func (h *History) put(e *entry) {
	select {
	case h.queue <- e:
	default:
		h.waiting.Add(-e.size())
		h.dropped.Add(1)
	}
	if len(h.queue) >= batchSize {
		select {
		case h.many <- struct{}{}:
		default:
		}
	}
}

func (e *entry) size() int64 { return int64(len(e.Args) + len(e.Result)) }

// cut shortens a text.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}

// Run writes what is recorded until ctx ends, and then what waits still.
func (h *History) Run(ctx context.Context) error {
	tidy := time.NewTicker(tidyEvery)
	defer tidy.Stop()
	batch := make([]*entry, 0, batchSize)
	for {
		select {
		case e := <-h.queue:
			batch = h.gather(ctx, append(batch[:0], e))
			h.keep(ctx, batch)
			clear(batch)
		case <-tidy.C:
			h.tidy(ctx)
		case <-ctx.Done():
			for len(h.queue) > 0 {
				h.keep(ctx, h.gather(ctx, batch[:0]))
			}
			if h.hasEarly() {
				h.keep(ctx, nil)
			}
			return context.Cause(ctx)
		}
	}
}

// gather adds what comes within a moment to a batch. It sleeps until then: to wake up for each record would cost more than
// to write it.
func (h *History) gather(ctx context.Context, batch []*entry) []*entry {
	moment := time.NewTimer(flushEvery)
	defer moment.Stop()
	select {
	case <-moment.C:
	case <-h.many:
	case <-ctx.Done():
	}
	for len(batch) < batchSize {
		select {
		case e := <-h.queue:
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

// keep writes a batch, or says why it cannot. Nothing that goes wrong ends the history.
func (h *History) keep(ctx context.Context, batch []*entry) {
	if ctx.Err() == nil && h.putOff(batch) {
		return
	}
	ctx = context.WithoutCancel(ctx) // what has been taken out of the queue is written, though the hub ends
	db, err := h.db(ctx)
	if err == nil {
		if err = h.write(ctx, db, batch); corrupt(err) { // there is a new database now
			err = h.write(ctx, db, batch)
		}
	}
	for _, e := range batch {
		h.waiting.Add(-e.size())
	}
	if err != nil {
		h.dropped.Add(int64(len(batch)))
	} else {
		h.written.Add(int64(len(batch)))
	}
	h.tell(err)
}

// earlyRoom is how many happenings wait for the first call, or for somebody who asks: a hub that nobody uses needs no
// database, and no memory for one.
const earlyRoom = 200

// putOff keeps a batch of happenings in memory as long as the database has not been opened. It reports whether it did.
func (h *History) putOff(batch []*entry) bool {
	if slices.ContainsFunc(batch, func(e *entry) bool { return e.happening == nil }) {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.opened || len(h.early)+len(batch) > earlyRoom {
		return false
	}
	h.early = append(h.early, batch...)
	return true
}

func (h *History) hasEarly() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.early) > 0
}

// db returns the database, with all in it that was put off.
func (h *History) db(ctx context.Context) (*DB, error) {
	db, err := h.options.Open(ctx)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	early := h.early
	h.opened, h.early = true, nil
	h.mu.Unlock()
	if len(early) > 0 {
		if err := h.write(ctx, db, early); err != nil {
			h.dropped.Add(int64(len(early)))
			return db, err
		}
		h.written.Add(int64(len(early)))
	}
	return db, nil
}

// tell logs what changed: that nothing can be written, that it can be again, that records were lost.
func (h *History) tell(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	dropped := h.dropped.Load()
	switch {
	case err != nil && h.problem == "":
		h.options.Log.Error("history cannot be written, calls go on without it", "err", err)
	case err == nil && h.problem != "":
		h.options.Log.Info("history is written again", "dropped", dropped-h.told)
	case err == nil && dropped > h.told:
		h.options.Log.Warn("history is incomplete: more was recorded than could be written", "dropped", dropped-h.told)
	}
	h.problem = ""
	if err != nil {
		h.problem = err.Error()
	} else {
		h.told = dropped
	}
}

// Counts returns how many records wait, and of this run of the hub how many were written and how many lost.
func (h *History) Counts() (queued int, written, dropped int64) {
	return len(h.queue), h.written.Load(), h.dropped.Load()
}

// Status returns how the history is.
func (h *History) Status(ctx context.Context) HistoryStatus {
	s := HistoryStatus{Settings: *h.settings.Load(), Room: cap(h.queue), Bare: h.bare.Load()}
	s.Queued, s.Written, s.Dropped = h.Counts()
	h.mu.Lock()
	s.Problem = h.problem
	h.mu.Unlock()
	err := h.query(ctx, func(db *DB) error {
		s.Bytes = db.Bytes()
		s.Damaged = db.setAside()
		var oldest int64
		if err := db.read.QueryRowContext(ctx, `SELECT ifnull(min(id), 0) FROM call`).Scan(&oldest); err != nil {
			return err
		}
		if oldest > 0 {
			s.Oldest = time.UnixMicro(oldest)
		}
		return nil
	})
	if err != nil && s.Problem == "" {
		s.Problem = err.Error()
	}
	return s
}

// query asks the database. Where that turns out to be damaged a new one is begun, which is then asked instead.
func (h *History) query(ctx context.Context, ask func(*DB) error) error {
	db, err := h.db(ctx)
	if err != nil {
		return err
	}
	pool := db.read.Load()
	if err = ask(db); corrupt(err) {
		_ = db.mend(ctx, pool, err)
		err = ask(db)
	}
	return err
}
