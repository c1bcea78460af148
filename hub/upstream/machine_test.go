package upstream

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestNext(t *testing.T) {
	tests := []struct {
		name string
		f    facts
		want State
	}{
		{"new", facts{}, Starting},
		{"dialing", facts{link: linkDialing}, Starting},
		{"up", facts{link: linkUp}, Ready},
		{"up again after failures", facts{link: linkUp, last: outcomeTransient}, Ready},
		{"lost, being closed", facts{link: linkClosing, last: outcomeTransient, waiting: true}, Retrying},
		{"closed before the time has come", facts{last: outcomeTransient, waiting: true}, Retrying},
		{"the time has come before it is closed", facts{link: linkClosing, last: outcomeTransient}, Retrying},
		{"the time has come", facts{last: outcomeTransient}, Starting},
		{"wants a sign-in", facts{last: outcomeUnauthorized}, Authorizing},
		{"wants a sign-in, being closed", facts{link: linkClosing, last: outcomeUnauthorized}, Authorizing},
		{"cannot work", facts{last: outcomePermanent}, Failed},
		{"invalid", facts{invalid: true}, Failed},
		{"invalid and stopped", facts{invalid: true, stopped: true}, Failed},
		{"invalid and disabled", facts{invalid: true, disabled: true}, Disabled},
		{"disabled", facts{disabled: true}, Disabled},
		{"disabled and stopped", facts{disabled: true, stopped: true}, Disabled},
		{"stopped", facts{stopped: true}, Idle},
		{"stopped after a failure", facts{stopped: true, last: outcomePermanent}, Idle},
		{"stopped while dialing", facts{stopped: true, link: linkDialing}, Stopping},
		{"stopped while up", facts{stopped: true, link: linkUp}, Stopping},
		{"stopped, being closed", facts{stopped: true, link: linkClosing}, Stopping},
		{"disabled while up", facts{disabled: true, link: linkUp}, Stopping},
		{"made invalid while up", facts{invalid: true, link: linkUp}, Stopping},
		{"changed while dialing", facts{stale: true, link: linkDialing}, Stopping},
		{"changed while up", facts{stale: true, link: linkUp}, Stopping},
		{"changed while being closed", facts{stale: true, link: linkClosing, last: outcomeTransient, waiting: true}, Stopping},
		{"changed and closed", facts{stale: true}, Starting},
	}
	for _, test := range tests {
		if got := next(test.f); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// TestNextIsSound walks all facts.
func TestNextIsSound(t *testing.T) {
	for i := range 1 << 5 {
		bit := func(n int) bool { return i>>n&1 == 1 }
		for link := linkNone; link <= linkClosing; link++ {
			for last := outcomeNone; last <= outcomePermanent; last++ {
				f := facts{bit(0), bit(1), bit(2), bit(3), link, last, bit(4)}
				unwanted := f.disabled || f.invalid || f.stopped
				switch state := next(f); {
				case state == Ready && (link != linkUp || unwanted || f.stale),
					state == Starting && (unwanted || link == linkUp || link == linkClosing),
					state == Stopping && link == linkNone,
					link != linkNone && unwanted && state != Stopping,
					unwanted && (state == Retrying || state == Authorizing):
					t.Errorf("%+v: %s", f, state)
				}
			}
		}
	}
}

func TestOutcomeOf(t *testing.T) {
	for err, want := range map[error]outcome{
		errors.New("x"):            outcomeTransient,
		permanent{errors.New("x")}: outcomePermanent,
		fmt.Errorf("dial: %w", permanent{errors.New("x")}):       outcomePermanent,
		fmt.Errorf("dial: %w", &UnauthorizedError{}):             outcomeUnauthorized,
		permanent{fmt.Errorf("dial: %w", new(UnavailableError))}: outcomePermanent,
	} {
		if got := outcomeOf(err); got != want {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
}

func TestBackoff(t *testing.T) {
	for failures, full := range map[int]time.Duration{
		1: 200 * time.Millisecond, 2: 400 * time.Millisecond, 5: 3200 * time.Millisecond,
		9: 51200 * time.Millisecond, 10: time.Minute, 100: time.Minute, 1 << 40: time.Minute,
	} {
		seen := map[time.Duration]bool{}
		for range 100 {
			d := backoff(failures)
			if d < full/2 || d > full {
				t.Errorf("%d: %v", failures, d)
			}
			seen[d] = true
		}
		if len(seen) < 50 {
			t.Errorf("%d: no jitter, only %d values", failures, len(seen))
		}
	}
}

func TestHealth(t *testing.T) {
	levels := map[State]Level{
		Disabled: LevelOff, Idle: LevelOff, Stopping: LevelOff, Starting: LevelWarn, Authorizing: LevelError,
		Retrying: LevelWarn, Failed: LevelError, Ready: LevelOK,
	}
	for state, level := range levels {
		h := health(&Status{State: state, Err: "it broke", Failures: 1})
		if h.Level != level || h.Summary == "" || level == LevelError && h.Action == "" {
			t.Errorf("%s: %+v", state, h)
		}
	}
	if h := health(&Status{State: Retrying, Err: "it broke", Failures: 3}); h.Level != LevelError || h.Action == "" || h.Summary != "Failed 3 times in a row: it broke." {
		t.Errorf("after three failures: %+v", h)
	}
	if h := health(&Status{State: Ready, Problems: []string{"no tools"}}); h.Level != LevelWarn || h.Action == "" || h.Summary != "Connected, but incomplete: no tools." {
		t.Errorf("with a problem: %+v", h)
	}
}
