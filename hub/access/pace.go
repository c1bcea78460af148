package access

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Wrong tokens are answered at this pace, all callers together; a few at once are nobody's fault.
const (
	pacePause = 100 * time.Millisecond
	paceBurst = 10
	paceWait  = 2 * time.Second // who would have to wait longer is turned away
)

// pace slows down who tries tokens. Right ones are known before it is asked, so it locks nobody out; that they cannot be
// guessed is due to their length.
type pace struct {
	mu   sync.Mutex
	next time.Time // when the next answer is due, were there no burst
}

// wait waits for the turn of an answer to a wrong token, or says that there are too many.
func (p *pace) wait(ctx context.Context) *Refusal {
	p.mu.Lock()
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	delay := p.next.Sub(now) - paceBurst*pacePause
	if delay > paceWait {
		p.mu.Unlock()
		return &Refusal{Status: http.StatusTooManyRequests, Code: "TOO_MANY_REQUESTS", Text: "Too many wrong tokens or codes were tried: wait a moment"}
	}
	p.next = p.next.Add(pacePause)
	p.mu.Unlock()
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil
}
