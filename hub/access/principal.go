// Package access owns who may talk to the hub: [Guard] looks at every request before anything else does and says who makes
// it, and [Keys] are the tokens and browser sessions by which it knows. Everything behind asks the [Principal].
//
// It must not know what the routes do, nor servers and what they offer beyond their names.
package access

import (
	"context"
	"sync"
)

// Right is what a route asks of who calls it. Each includes those before it.
type Right uint8

const (
	// Open is asked of nobody.
	Open Right = iota
	// Use is being let in. What belongs to servers is then shown, and called, as far as the principal's policy goes.
	Use
	// Read is seeing the whole hub, everything of all servers.
	Read
	// Change is doing anything.
	Change
)

// Principal is who makes a request.
type Principal struct {
	name   string
	client bool    // it has a token of its own
	policy *Policy // nil for no limits
	key    *key    // by which it was known; nil for who needs none
}

// The principals that need no key, and those that have none although they need one. The latter may nothing.
var (
	local   = &Principal{name: "local"}
	foreign = &Principal{name: "another user of this machine", policy: nothing}
	distant = &Principal{name: "another machine", policy: nothing}
	nobody  = &Principal{name: "nobody", policy: nothing}
)

// Local is the person whose hub it is, on the hub's own machine.
func Local() *Principal { return local }

// Name returns what the principal is called in logs: a client's name, or what it is.
func (p *Principal) Name() string { return p.name }

// Client returns the name of the client whose own token let it in; empty for all others.
func (p *Principal) Client() string {
	if p.client {
		return p.name
	}
	return ""
}

// Policy returns what the principal may use; nil if that is everything.
func (p *Principal) Policy() *Policy { return p.policy }

// May reports whether the principal has a right.
func (p *Principal) May(r Right) bool {
	switch {
	case p.policy == nil || r == Open:
		return true
	case r == Use:
		return p.policy != nothing
	case r == Read:
		return p.policy != nothing && p.policy.all()
	}
	return false
}

// Shares reports whether the two may use what belongs to the other, such as a session: without limits they all are the one
// person, and with limits only the same client is.
func (p *Principal) Shares(other *Principal) bool {
	return p == other || p.policy == nil && other.policy == nil
}

// OnEnd has f called once, on a goroutine of its own, when the principal's key ends: it was revoked or has expired. That
// may be at once. The function it returns takes that back.
func (p *Principal) OnEnd(f func()) (stop func()) {
	if p.key == nil {
		return func() {}
	}
	return p.key.onEnd(f)
}

type contextKey struct{}

// With returns a context of a request, or of all requests on a connection, that the principal makes.
func With(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// From returns who makes the request of the context. Behind no guard that is nobody, who may nothing.
func From(ctx context.Context) *Principal {
	if p, ok := ctx.Value(contextKey{}).(*Principal); ok {
		return p
	}
	return nobody
}

// ending is what a key's end sets off.
type ending struct {
	mu    sync.Mutex
	ended bool
	calls map[*func()]bool
}

func (e *ending) onEnd(f func()) (stop func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		go f()
		return func() {}
	}
	if e.calls == nil {
		e.calls = map[*func()]bool{}
	}
	e.calls[&f] = true
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.calls, &f)
	}
}

func (e *ending) end() {
	e.mu.Lock()
	calls := e.calls
	e.ended, e.calls = true, nil
	e.mu.Unlock()
	for f := range calls {
		go (*f)()
	}
}
