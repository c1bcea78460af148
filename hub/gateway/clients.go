package gateway

import (
	"slices"
	"strings"
	"sync"
	"time"

	"mcphub/hub/access"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/record"
	"mcphub/hub/upstream"
)

// How long a modern client counts as connected after its last request, and how many are known at most.
const (
	modernStay = 5 * time.Minute
	mostModern = 1000
)

// The transports of clients.
const (
	transportHTTP = "http" // streamable HTTP
	transportSSE  = "sse"  // HTTP+SSE of revision 2024-11-05
)

// Connected is a client of the endpoint at one moment.
type Connected struct {
	ID            string // tells it apart from the others, as long as it is connected
	Session       string // tells sessions apart and opens none; empty of a modern client
	Name, Version string // as it told; empty if it did not
	Token         string // the name of the client's token that let it in; empty if it needed none of its own
	Revision      string // of the protocol
	Era           record.Era
	Transport     string // "http" or "sse"
	Server        string // whose view it has; empty for all
	Usage
	Listening bool // it has a stream on which it is told of changes
}

// Usage is what a client did.
type Usage struct {
	Since, LastSeen time.Time
	LastCall        time.Time // zero if there was none
	Calls, Failed   int       // of tools, resources, prompts and completions
	InFlight        int       // requests without an answer
}

// noted counts a call that is over.
func (u *Usage) noted(r *record.Call) {
	u.LastCall = r.Time
	u.Calls++
	if r.Outcome.Failed() {
		u.Failed++
	}
}

// Connected returns the clients that are connected now; those seen last come first.
func (g *Gateway) Connected() []Connected {
	out := g.modern.all()
	for _, s := range g.all() {
		out = append(out, s.connected())
	}
	slices.SortStableFunc(out, func(a, b Connected) int { return b.LastSeen.Compare(a.LastSeen) })
	return out
}

func (s *session) connected() Connected {
	told := s.client.Load()
	c := Connected{
		ID: s.tag, Session: s.tag, Name: told.name, Version: told.release, Token: s.who.Client(), Revision: told.version, Era: record.Legacy, Transport: s.transport, Server: s.server,
		Listening: s.out.attached(),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Usage = s.usage
	c.LastSeen, c.InFlight = s.seen, len(s.calls)
	return c
}

// nameOf reads a client's info.
func nameOf(info []byte) (name, version string) {
	var f [2]jsonrpc.Span
	if jsonrpc.Type(info) == '{' {
		_ = jsonrpc.Pick(info, jsonrpc.All(info), f[:], []string{"name", "version"}) // of what is given twice the first counts
	}
	return shortened(jsonrpc.String(f[0].In(info))), shortened(jsonrpc.String(f[1].In(info)))
}

// longestName is how many bytes of a client's name are told.
const longestName = 200

func shortened(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), longestName)], "")
}

// modernClients are the modern clients that were here lately. They come with each request and go with its answer, so that
// those of one name, version and token with one view cannot be told apart.
type modernClients struct {
	mu    sync.Mutex
	known map[modernClient]*modernUse
}

type modernClient struct{ name, version, token, server string }

type modernUse struct {
	Usage
	id        string
	who       *access.Principal // who made the last request
	listening int
	taken     taken
}

const methodListen = "subscriptions/listen"

// begin notes a request.
func (m *modernClients) begin(q *request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.known[q.client]
	if u == nil {
		if len(m.known) >= mostModern {
			m.prune()
		}
		if len(m.known) >= mostModern {
			return
		}
		u = &modernUse{Usage: Usage{Since: time.Now()}, id: newTag()}
		m.known[q.client] = u
	}
	u.who = q.who
	u.LastSeen = time.Now()
	u.InFlight++
	if q.method == methodListen {
		u.listening++
	}
}

// end notes that a request is over.
func (m *modernClients) end(q *request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.known[q.client]
	if u == nil {
		return
	}
	u.LastSeen = time.Now()
	u.InFlight--
	if q.method == methodListen {
		u.listening--
	}
	if q.record.Kind != "" {
		u.noted(&q.record)
	}
}

// asked notes that the client of a request was given a page of its tools.
func (m *modernClients) asked(q *request, cursor, next string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if u := m.known[q.client]; u != nil {
		u.taken.asked(q.view, cursor, next)
	}
}

// prune forgets those that have not been here for a while. The caller holds mu.
func (m *modernClients) prune() {
	for c, u := range m.known {
		if u.InFlight == 0 && time.Since(u.LastSeen) > modernStay {
			delete(m.known, c)
		}
	}
}

func (m *modernClients) all() []Connected {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.prune()
	out := make([]Connected, 0, len(m.known))
	for c, u := range m.known {
		out = append(out, u.connected(c))
	}
	return out
}

// find returns a client by its id, or ErrNoClient.
func (m *modernClients) find(id string) (Connected, *access.Principal, taken, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.prune()
	for c, u := range m.known {
		if u.id == id {
			return u.connected(c), u.who, u.taken, nil
		}
	}
	return Connected{}, nil, taken{}, ErrNoClient
}

// connected shows a client that was here under a name. The caller holds mu.
func (u *modernUse) connected(c modernClient) Connected {
	return Connected{
		ID: u.id, Name: c.name, Version: c.version, Token: c.token, Revision: upstream.ModernVersion, Era: record.Modern, Transport: transportHTTP, Server: c.server,
		Usage: u.Usage, Listening: u.listening > 0,
	}
}
