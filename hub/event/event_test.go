package event

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func numbers(events []Event) (out []uint64) {
	for _, e := range events {
		out = append(out, e.Seq)
	}
	return out
}

func TestIDs(t *testing.T) {
	b, other := New(4), New(4)
	id := b.ID(b.Publish("kind", "", nil).Seq)
	other.Publish("kind", "", nil)
	if seq, ok := b.Seq(id); !ok || seq != 1 {
		t.Errorf("%s is %d, %v", id, seq, ok)
	}
	for _, foreign := range []string{"", "1", other.ID(1), b.ID(2), b.ID(1) + "x"} {
		if seq, ok := b.Seq(foreign); ok {
			t.Errorf("%q is %d", foreign, seq)
		}
	}
}

func TestReaders(t *testing.T) {
	b := New(4)
	for range 6 {
		b.Publish("kind", "server", nil)
	}
	for _, c := range []struct {
		after uint64
		want  []uint64
		lost  uint64
	}{
		{0, []uint64{3, 4, 5, 6}, 2},
		{1, []uint64{3, 4, 5, 6}, 1},
		{2, []uint64{3, 4, 5, 6}, 0},
		{5, []uint64{6}, 0},
		{99, []uint64{3, 4, 5, 6}, 2}, // from before a restart
	} {
		events, lost, err := b.Read(c.after).Next(t.Context())
		if err != nil || !slices.Equal(numbers(events), c.want) || lost != c.lost {
			t.Errorf("after %d: %v, %d lost, %v; want %v, %d", c.after, numbers(events), lost, err, c.want, c.lost)
		}
	}
	if e := b.ring[b.last%4]; e.Kind != "kind" || e.Server != "server" || e.Time.IsZero() {
		t.Errorf("kept %+v", e)
	}
}

func TestNextWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(8)
		r := b.Read(b.Last())
		got := make(chan []Event)
		go func() {
			events, _, _ := r.Next(t.Context())
			got <- events
		}()
		synctest.Wait()
		select {
		case <-got:
			t.Fatal("an event came before there was one")
		default:
		}
		b.Publish("a", "", nil)
		if events := <-got; len(events) != 1 || events[0].Kind != "a" {
			t.Errorf("got %+v", events)
		}

		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(why)
		if _, _, err := r.Next(ctx); !errors.Is(err, why) {
			t.Errorf("ended with %v", err)
		}
	})
}

// lastMoment is a context that ends when one begins to wait for its end, right after something else.
type lastMoment struct {
	done  chan struct{}
	first func()
}

func (c *lastMoment) Deadline() (end time.Time, ok bool) { return end, false }

func (c *lastMoment) Value(any) any { return nil }

func (c *lastMoment) Done() <-chan struct{} {
	if c.Err() == nil {
		c.first()
		close(c.done)
	}
	return c.done
}

func (c *lastMoment) Err() error {
	select {
	case <-c.done:
		return context.Canceled
	default:
		return nil
	}
}

// TestLastEvent: what is published before the end is read, also by one who was about to wait.
func TestLastEvent(t *testing.T) {
	for round := range 50 {
		b := New(8)
		ctx := &lastMoment{make(chan struct{}), func() { b.Publish("last", "", nil) }}
		r := b.Read(0)
		events, _, err := r.Next(ctx)
		if len(events) != 1 {
			t.Fatalf("round %d: %d events came, and %v", round, len(events), err)
		}
		if _, _, err := r.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("round %d: after the end %v", round, err)
		}
	}
}

// TestSlowReaders: publishers and quick readers do not notice readers that do not read.
func TestSlowReaders(t *testing.T) {
	b := New(1024)
	for range 100 {
		b.Read(0)
	}
	const total = 5000
	var work sync.WaitGroup
	for range 10 {
		work.Go(func() {
			r := b.Read(0)
			for seen := uint64(0); seen < total; {
				events, lost, err := r.Next(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				seen += lost
				for _, e := range events {
					if seen++; e.Seq != seen {
						t.Errorf("event %d came as %d", e.Seq, seen)
						return
					}
				}
			}
		})
	}
	for range total {
		b.Publish("x", "", nil)
	}
	work.Wait()
}
