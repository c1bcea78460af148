package workspace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"
)

const (
	writePace  = 200 * time.Millisecond // between two writes of one hub
	retryWrite = time.Second            // after one that failed
)

// Lease is the entry of this hub in the register.
type Lease struct {
	register *Register
	key      string
	dirty    chan struct{} // holds a value while entry may differ from the file

	mu       sync.Mutex
	entry    Entry
	released bool
}

// Claim writes the entry of this hub into the register, in the place of whatever stands under its port: call it once the
// port is bound, and before it answers. Port must be set, ConfigFiles should be; Dir, PID, StartTime and State are set to
// what holds for this process if they are empty. It waits for other hubs that write, some seconds at most.
func (r *Register) Claim(ctx context.Context, entry Entry) (*Lease, error) {
	l := &Lease{register: r, key: strconv.Itoa(entry.Port), dirty: make(chan struct{}, 1), entry: entry}
	if err := l.entry.fill(); err != nil {
		return nil, fmt.Errorf("enter the hub in the register: %w", err)
	}
	err := r.change(ctx, func(values map[string]json.RawMessage) error { return l.put(values) })
	if err != nil {
		return nil, fmt.Errorf("enter the hub in the register: %w", err)
	}
	return l, nil
}

// Update changes the entry and returns at once; Run writes it soon. It cannot change whose entry it is: PID, Port and
// StartTime stay.
func (l *Lease) Update(f func(*Entry)) {
	l.mu.Lock()
	was := l.entry
	f(&l.entry)
	l.entry.PID, l.entry.Port, l.entry.StartTime = was.PID, was.Port, was.StartTime
	l.mu.Unlock()
	l.touch()
}

func (l *Lease) touch() {
	select {
	case l.dirty <- struct{}{}:
	default:
	}
}

// Run writes updates, many that come at once as one, and calls changed as Register.Watch does. It brings the entry back
// if some program that writes the file lost it. It blocks until ctx is done, and fails only if the system has no watch to
// give.
func (l *Lease) Run(ctx context.Context, changed func(map[string]Entry)) error {
	var work sync.WaitGroup
	defer work.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	work.Go(func() { l.write(ctx) })
	return l.register.follow(ctx, func(hubs map[string]Entry) {
		if _, there := hubs[l.key]; !there {
			l.touch()
		}
	}, changed)
}

// write keeps the file as the entry is.
func (l *Lease) write(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.dirty:
		}
		err := l.register.change(ctx, l.refresh)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			l.register.log.Warn("entry in the register of hubs cannot be written", "err", err)
			l.touch()
			rest(ctx, retryWrite)
		default:
			rest(ctx, writePace)
		}
	}
}

// refresh puts the entry as it is now, unless another hub has claimed the port since: it has it, this one is on its way
// out.
func (l *Lease) refresh(values map[string]json.RawMessage) error {
	if _, there := values[l.key]; there && !l.owns(values) {
		return nil
	}
	return l.put(values)
}

func (l *Lease) put(values map[string]json.RawMessage) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.released {
		return nil
	}
	value, err := json.Marshal(l.entry)
	values[l.key] = value
	return err
}

// owns reports whether what stands under the port is of this hub.
func (l *Lease) owns(values map[string]json.RawMessage) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	var e Entry
	return json.Unmarshal(values[l.key], &e) == nil && l.entry.same(e)
}

// Release removes the entry, unless another hub has claimed the port since. Updates that come later are lost. It may be
// called while Run works, and again if it failed.
func (l *Lease) Release(ctx context.Context) error {
	l.mu.Lock()
	l.released = true
	l.mu.Unlock()
	err := l.register.change(ctx, func(values map[string]json.RawMessage) error {
		if l.owns(values) {
			delete(values, l.key)
		}
		return nil
	})
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("remove the hub from the register: %w; release with a context that outlives the hub's", err)
	}
	if err != nil {
		return fmt.Errorf("remove the hub from the register: %w", err)
	}
	return nil
}
