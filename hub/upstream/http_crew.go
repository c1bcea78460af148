package upstream

import (
	"context"
	"sync"
	"time"
)

// crew owns the goroutines of one connection. They run under contexts of the connection, not of those who called it.
type crew struct {
	open  context.Context //nolint:containedctx // the life of the connection: ends when the connection does
	stop  context.CancelFunc
	grace context.Context //nolint:containedctx // the time for last words: ends when closing must not take longer
	kill  context.CancelFunc

	mu     sync.Mutex
	closed bool // nothing starts any more
	work   sync.WaitGroup
}

func newCrew() *crew {
	c := &crew{}
	c.grace, c.kill = context.WithCancel(context.Background())
	c.open, c.stop = context.WithCancel(c.grace)
	return c
}

// spawn runs f until it returns; its context ends with the connection, or when abort is called.
func (c *crew) spawn(f func(context.Context)) (abort func()) {
	ctx, abort := context.WithCancel(c.open)
	c.start(func() {
		defer abort()
		f(ctx)
	})
	return abort
}

// lastly runs f, which may go on for the given time after the connection has ended.
func (c *crew) lastly(limit time.Duration, f func(context.Context)) {
	c.start(func() {
		ctx, cancel := context.WithTimeout(c.grace, limit)
		defer cancel()
		f(ctx)
	})
}

func (c *crew) start(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.work.Go(f)
	}
}

// close ends all goroutines and waits for them. Those with last words may take until ctx ends.
func (c *crew) close(ctx context.Context) {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.stop()
	defer context.AfterFunc(ctx, c.kill)()
	c.work.Wait()
	c.kill()
}
