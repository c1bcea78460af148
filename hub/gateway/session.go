package gateway

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"mcphub/hub/access"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/upstream"
)

// Limits of sessions.
const (
	idleSession = time.Hour // without a request or a stream
	maxSessions = 10_000
	orphanLimit = 5 * time.Minute // how long a call goes on whose client's connection broke without a word
	maxTold     = 64 << 10        // bytes of its capabilities, and of its info, that a client can have kept
	earlyLimit  = 100             // cancellations that came before their requests
	earlyAge    = 5 * time.Second // how long such a one is kept
)

// session is one legacy client.
type session struct {
	id        string
	tag       string // tells sessions apart where people look; whoever knows it cannot use the session
	transport string
	server    string // whose view it has; empty for all
	who       *access.Principal
	stay      func() // does not end it any more when the client's token ends
	out       *outbox
	client    atomic.Pointer[client]
	work      sync.WaitGroup // calls of an HTTP+SSE session

	mu    sync.Mutex
	calls map[string]*context.CancelCauseFunc // in flight, by raw id ("1" is not 1); of calls with the same id the newest
	early map[string]time.Time                // cancellations that overtook their requests, which come on other connections
	asks  map[string]ask                      // requests to the client that it has not answered, by raw id
	subs  map[subscription]string             // what it wants to hear of, with the hub's URI of it
	level string                              // the log level it asked for; empty if it did not
	seen  time.Time
	taken taken // of its tools
	usage Usage // LastSeen and InFlight are not kept here
	ended bool
}

// client is what a client told of itself in initialize.
type client struct {
	name    string // empty if it told none
	release string // its own version, likewise
	version string // the revision agreed on
	caps    []byte // its capabilities, a raw JSON object
	info    []byte // its clientInfo, raw; nil if it told none
}

// subscription is a resource that a client wants to hear of.
type subscription struct {
	server *upstream.Server
	uri    string // the server's own
}

// ask is a server's request that a client is to answer.
type ask struct {
	frame upstream.Frame
	call  *asks
}

// asks are the ids of the requests to the client that belong to one call.
type asks struct{ ids []string }

var (
	errCancelled = errors.New("cancelled by the client")
	errGone      = errors.New("the client is gone")
)

// newTag makes an id by which clients are told apart, and which opens nothing.
func newTag() string { return rand.Text()[:8] }

func newSession(server, transport string, who *access.Principal) *session {
	now := time.Now()
	s := &session{
		id: rand.Text(), tag: newTag(), transport: transport, server: server, who: who, stay: func() {}, out: newOutbox(), seen: now,
		usage: Usage{Since: now},
		calls: map[string]*context.CancelCauseFunc{}, early: map[string]time.Time{},
		asks: map[string]ask{}, subs: map[subscription]string{},
	}
	s.client.Store(&client{version: "2024-11-05", caps: []byte("{}")})
	return s
}

// greet takes what the client tells of itself in initialize.
func (s *session) greet(params []byte) {
	all := jsonrpc.All(params)
	c := &client{caps: []byte("{}")}
	if caps := jsonrpc.Get(params, all, "capabilities").In(params); jsonrpc.Type(caps) == '{' && len(caps) <= maxTold {
		c.caps = bytes.Clone(caps)
	}
	if info := jsonrpc.Get(params, all, "clientInfo").In(params); len(info) <= maxTold {
		c.info = bytes.Clone(info)
		c.name, c.release = nameOf(info)
	}
	c.version = mcp.NegotiateLegacyVersion(jsonrpc.String(jsonrpc.Get(params, all, "protocolVersion").In(params)))
	s.client.Store(c)
}

// askedFor is the client's capability that a server's request needs.
var askedFor = map[string]string{"sampling/createMessage": "sampling", "elicitation/create": "elicitation", "roots/list": "roots"}

// accepts reports whether the client can answer a server's request of a method.
func (s *session) accepts(method string) bool {
	caps, capability := s.client.Load().caps, askedFor[method]
	return capability != "" && jsonrpc.Get(caps, jsonrpc.All(caps), capability).Present()
}

// modernMeta is what a modern server has to know of the client with each request. What the client could answer is left
// out: a modern server asks by its result, which a legacy client does not understand.
func (s *session) modernMeta() string {
	b := fmt.Appendf(nil, `%q:%q,%q:{}`, mcp.MetaKeyProtocolVersion, upstream.ModernVersion, mcp.MetaKeyClientCapabilities)
	if info := s.client.Load().info; len(info) > 0 {
		b = fmt.Appendf(b, `,%q:%s`, mcp.MetaKeyClientInfo, info)
	}
	if level := s.logLevel(); level != "" {
		b = fmt.Appendf(b, `,%q:%q`, mcp.MetaKeyLogLevel, level)
	}
	return string(b)
}

func (s *session) logLevel() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.level
}

// begin registers a call, so that the client can cancel it by its id. It returns false if the session has ended.
func (s *session) begin(id string, cancel *context.CancelCauseFunc) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = time.Now()
	if s.ended {
		return false
	}
	s.calls[id] = cancel
	if at, ok := s.early[id]; ok {
		delete(s.early, id)
		if time.Since(at) < earlyAge {
			(*cancel)(errCancelled)
		}
	}
	return true
}

// spawn runs f beside the session's stream, unless the session has ended.
func (s *session) spawn(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.work.Go(f)
	}
}

func (s *session) finish(id string, cancel *context.CancelCauseFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = time.Now()
	if s.calls[id] == cancel {
		delete(s.calls, id)
	}
}

// cancel ends a call of the session, or the one of that id that comes next: the two may have overtaken each other.
func (s *session) cancel(id, reason string) {
	s.mu.Lock()
	cancel := s.calls[id]
	if cancel == nil {
		maps.DeleteFunc(s.early, func(_ string, at time.Time) bool { return time.Since(at) > earlyAge })
		if len(s.early) < earlyLimit {
			s.early[id] = time.Now()
		}
	}
	s.mu.Unlock()
	if cancel != nil {
		why := errCancelled
		if reason != "" {
			why = fmt.Errorf("%w: %s", errCancelled, reason)
		}
		(*cancel)(why)
	}
}

// answer passes the client's response on to the server that asked. It reports whether somebody did.
func (s *session) answer(m jsonrpc.Message) bool {
	s.mu.Lock()
	id := string(m.ID.In(m.Raw))
	a, ok := s.asks[id]
	delete(s.asks, id)
	s.mu.Unlock()
	if ok {
		_ = a.frame.Reply(m) // a server that is gone needs no answer
	}
	return ok
}

// end ends the session with all that it has under way.
func (s *session) end() {
	s.stay()
	s.mu.Lock()
	s.ended = true
	calls, asked := s.calls, s.asks
	s.calls, s.asks = map[string]*context.CancelCauseFunc{}, map[string]ask{}
	s.mu.Unlock()
	for _, cancel := range calls {
		(*cancel)(errGone)
	}
	for _, a := range asked {
		upstream.Refuse(a.frame, "the client is gone")
	}
	s.out.close()
}

// toClient gives a server's request an id of the hub's and notes who is to get the answer. It returns nil, and refuses
// the request, if the session has ended.
func (g *Gateway) toClient(s *session, f upstream.Frame, call *asks) []byte {
	id := strconv.FormatInt(g.lastAsk.Add(1), 10)
	s.mu.Lock()
	ended := s.ended
	if !ended {
		s.asks[id] = ask{f, call}
		if call != nil {
			call.ids = append(call.ids, id)
		}
	}
	s.mu.Unlock()
	if ended {
		upstream.Refuse(f, "the client is gone")
		return nil
	}
	return jsonrpc.Splice(nil, f.Raw, jsonrpc.Edit{Span: f.ID, With: []byte(id)})
}

// drop refuses what the client has not answered.
func (a *asks) drop(s *session, why string) {
	for _, id := range a.ids {
		s.mu.Lock()
		left, ok := s.asks[id]
		delete(s.asks, id)
		s.mu.Unlock()
		if ok {
			upstream.Refuse(left.frame, why)
		}
	}
}

// add makes a session known, or returns false if the gateway is closing or full. If there are too many, the one
// that has been idle longest ends.
func (g *Gateway) add(s *session) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	if len(g.sessions) >= maxSessions {
		var oldest *session
		since := time.Now()
		for _, other := range g.sessions {
			if idle := other.idleSince(); idle.Before(since) {
				oldest, since = other, idle
			}
		}
		if oldest == nil {
			return false
		}
		delete(g.sessions, oldest.id)
		oldest.end() // it is idle, so there is nothing to wait for
	}
	s.stay = s.who.OnEnd(func() { g.remove(s.id) })
	g.sessions[s.id] = s
	return true
}

// idleSince is when the session was last used; now, if it is being used.
func (s *session) idleSince() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.calls) > 0 || s.out.attached() {
		return time.Now()
	}
	return s.seen
}

func (g *Gateway) session(id string) *session {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sessions[id]
}

// remove forgets a session and ends it. It reports whether there was one.
func (g *Gateway) remove(id string) bool {
	g.mu.Lock()
	s := g.sessions[id]
	delete(g.sessions, id)
	g.mu.Unlock()
	if s != nil {
		s.end()
	}
	return s != nil
}

// sweep ends idle sessions until ctx ends.
func (g *Gateway) sweep(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, s := range g.all() {
			if time.Since(s.idleSince()) > idleSession {
				g.remove(s.id)
			}
		}
	}
}

// Clients returns how many legacy clients are connected. Modern ones come with each request and go with its answer.
func (g *Gateway) Clients() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.sessions)
}

// all returns the sessions of this moment.
func (g *Gateway) all() []*session {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]*session, 0, len(g.sessions))
	for _, s := range g.sessions {
		out = append(out, s)
	}
	return out
}
