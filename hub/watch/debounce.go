package watch

import "time"

// debouncer fires when it was not touched for a while, or was touched without rest for ten such whiles.
type debouncer struct {
	quiet time.Duration
	timer *time.Timer
	first time.Time // first touch since it last fired, zero if none
}

func newDebouncer(quiet time.Duration) *debouncer {
	d := &debouncer{quiet: quiet, timer: time.NewTimer(time.Hour)}
	d.timer.Stop()
	return d
}

func (d *debouncer) touch() {
	now := time.Now()
	if d.first.IsZero() {
		d.first = now
	}
	d.timer.Reset(max(0, min(d.quiet, d.first.Add(10*d.quiet).Sub(now))))
}

func (d *debouncer) fired() <-chan time.Time { return d.timer.C }

func (d *debouncer) done() { d.first = time.Time{} }

func (d *debouncer) stop() { d.timer.Stop() }
