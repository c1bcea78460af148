package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"mcphub/hub/jsonrpc"
	"mcphub/hub/sse"
)

var errNoStream = errors.New("the endpoint has no stream of messages")

// session is what the hub keeps of a legacy client.
type session struct {
	id       string
	revision string   // agreed on
	lists    []string // that the client was told of
}

// newSession reads the answer to initialize.
func newSession(id string, m *jsonrpc.Message) *session {
	s := &session{id: id, revision: jsonrpc.String(jsonrpc.Get(m.Raw, m.Result, "protocolVersion").In(m.Raw))}
	for _, list := range lists {
		if jsonrpc.Get(m.Raw, m.Result, "capabilities", list).Present() {
			s.lists = append(s.lists, list)
		}
	}
	return s
}

// sign puts the session into the header of a request; nothing if there is none.
func (s *session) sign(header http.Header) {
	if s == nil {
		return
	}
	header.Set(mcp.HeaderProtocolVersion, s.revision)
	if s.id != "" {
		header.Set(mcp.HeaderSessionID, s.id)
	}
}

// memory is what a legacy client said that a new session has to be told again.
type memory struct {
	initialize  jsonrpc.Message
	initialized jsonrpc.Message
	state       map[string]jsonrpc.Message // the log level and subscriptions, by what they set
}

// remember takes a message that the hub accepted.
func (b *Bridge) remember(m jsonrpc.Message, answer []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	method, key := m.Name(), ""
	switch method {
	case methodInitialized:
		b.memory.initialized = m
		return
	case "logging/setLevel":
		key = method
	case "resources/subscribe", "resources/unsubscribe":
		key = string(jsonrpc.Get(m.Raw, m.Params, "uri").In(m.Raw))
	default:
		return
	}
	if a, err := jsonrpc.Scan(answer); err != nil || a.Error.Present() {
		return
	}
	if method == "resources/unsubscribe" {
		delete(b.memory.state, key)
	} else {
		b.memory.state[key] = m
	}
}

// current is the session that a message goes with: none for a modern one and for the one that begins a session.
func (b *Bridge) current(c *call) *session {
	if c.revision != "" || c.Name() == methodInitialize {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.session
}

// open makes a session that the client asked for the current one.
func (b *Bridge) open(s *session, initialize jsonrpc.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.session == nil {
		close(b.begun)
	}
	b.session = s
	b.memory = memory{initialize: initialize, state: map[string]jsonrpc.Message{}}
}

// renew begins a session in place of one that the hub no longer knows, as the client began that, and tells the client
// that its lists changed.
func (b *Bridge) renew(ctx context.Context, old *session) error {
	b.renewing.Lock()
	defer b.renewing.Unlock()
	b.mu.Lock()
	past := b.session
	script := []jsonrpc.Message{b.memory.initialized}
	for _, m := range b.memory.state {
		script = append(script, m)
	}
	initialize := &call{Message: b.memory.initialize}
	b.mu.Unlock()
	if past != old {
		return nil // another request did it
	}
	for end := time.Now().Add(absence); !b.ready(ctx) && time.Now().Before(end); {
		if err := sleep(ctx, firstPause); err != nil {
			return err
		}
	}
	s, text, err := b.exchange(ctx, initialize, nil)
	switch {
	case err != nil:
		return fmt.Errorf("begin a new session: %w", err)
	case s == nil:
		return fmt.Errorf("the hub refuses a new session: %.300s", text)
	}
	for _, m := range script {
		if m.Raw == nil { // the client has not got so far
			continue
		}
		if _, _, err := b.exchange(ctx, newCall(m), s); err != nil {
			return fmt.Errorf("take up the session: %w", err)
		}
	}
	s.lists = past.lists // the client knows no others
	b.mu.Lock()
	b.session = s
	b.mu.Unlock()
	b.log.Info("hub is back, a new session has begun")
	for _, list := range s.lists {
		b.write(jsonrpc.AppendRequest(nil, nil, listChanged(list), nil))
	}
	return nil
}

// listen writes what the hub sends outside of requests, in each session that there is, until ctx ends. It also notices
// first that the hub was away.
func (b *Bridge) listen(ctx context.Context) {
	select {
	case <-b.begun:
	case <-ctx.Done():
		return
	}
	for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, longestPause) {
		s := b.current(&call{})
		opened, err := b.stream(ctx, s)
		if opened {
			pause = firstPause
		}
		if errors.Is(err, errSessionGone) {
			if err = b.renew(ctx, s); err == nil {
				continue
			}
		}
		if errors.Is(err, errNoStream) || sleep(ctx, pause) != nil {
			return
		}
	}
}

// stream reads one stream of messages, and reports whether it was there.
func (b *Bridge) stream(ctx context.Context, s *session) (bool, error) {
	header := http.Header{"Accept": {"text/event-stream"}}
	s.sign(header)
	resp, err := b.send(ctx, http.MethodGet, header, nil)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return false, errSessionGone
	case resp.StatusCode == http.StatusMethodNotAllowed:
		return false, errNoStream
	case !isStream(resp):
		return false, fmt.Errorf("the hub refused the stream of messages with HTTP %d", resp.StatusCode)
	}
	for events := sse.NewReader(resp.Body, maxAnswer); ; {
		e, err := events.Next()
		if err != nil {
			return true, err
		}
		if _, err := jsonrpc.Scan(e.Data); err != nil {
			b.log.Warn("message of the hub is not valid", "err", err)
			continue
		}
		b.write(e.Data)
	}
}

// leave tells the hub that the session is over.
func (b *Bridge) leave(ctx context.Context) {
	s := b.current(&call{})
	if s == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	header := http.Header{}
	s.sign(header)
	if resp, err := b.send(ctx, http.MethodDelete, header, nil); err == nil { // if not, the hub is gone too
		_ = resp.Body.Close()
	}
}
