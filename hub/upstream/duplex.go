package upstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"mcphub/hub/jsonrpc"
)

// Limits of what waits for a caller that does not take it.
const (
	maxQueuedFrames = 10_000
	maxQueuedBytes  = 32 << 20
)

// duplex is the part that every two-way pipe to a server shares (stdio, HTTP+SSE): the calls in flight, and to which
// of them an incoming message belongs. Its owner feeds received messages to receive, and ends it by close.
type duplex struct {
	write  func(text []byte) error // sends one message; text is the callee's
	tell   func(text []byte)       // the same for a message whose fate nobody waits for; must not block
	events func(Frame)             // takes frames that belong to no call; must not block

	lastID atomic.Int64
	done   chan struct{}

	mu    sync.Mutex
	calls map[int64]*call
	err   error // why it ended
	ended bool
}

// call is one request in flight. Frames and the response come to it through one queue, so they stay in order.
type call struct {
	*Request
	id    int64
	token []byte        // the caller's progress token, nil if it wants no progress
	wake  chan struct{} // holds one token when the queue has something new

	mu       sync.Mutex
	frames   []Frame
	size     int
	overrun  bool
	over     bool // nobody takes frames any more
	answered bool
	response jsonrpc.Message
}

func newDuplex(write func([]byte) error, events func(Frame)) *duplex {
	return &duplex{write: write, tell: func(text []byte) { _ = write(text) }, events: events, done: make(chan struct{}), calls: map[int64]*call{}}
}

// Done implements Conn.
func (d *duplex) Done() <-chan struct{} { return d.done }

// Err implements Conn.
func (d *duplex) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// end fails all calls in flight. Only the first call of end counts.
func (d *duplex) end(why error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		return
	}
	d.ended, d.err = true, closedError(why)
	close(d.done)
}

// Do implements Conn.
func (d *duplex) Do(ctx context.Context, req *Request) (jsonrpc.Message, error) {
	c, err := d.begin(req)
	if err != nil {
		return jsonrpc.Message{}, err
	}
	defer d.forget(c.id)
	if err := d.write(c.text()); err != nil {
		return jsonrpc.Message{}, fmt.Errorf("send %s: %w", req.Method, err)
	}
	m, err := d.wait(ctx, c)
	if err != nil && d.Err() == nil {
		d.cancel(c.id, err)
	}
	return m, err
}

// begin makes a request a call in flight. The caller must forget it when it is over.
func (d *duplex) begin(req *Request) (*call, error) {
	c := &call{
		Request: req, id: d.lastID.Add(1), token: bytes.Clone(req.Token.In(req.Params)), wake: make(chan struct{}, 1),
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, d.err)
	}
	d.calls[c.id] = c
	return c, nil
}

// wait hands the call's frames to its caller until the response has come. The error is ctx's cause, ErrSlow, or why
// the connection ended.
func (d *duplex) wait(ctx context.Context, c *call) (jsonrpc.Message, error) {
	defer d.leave(c)
	for {
		var ended error
		select {
		case <-c.wake:
		case <-ctx.Done():
			ended = context.Cause(ctx)
		case <-d.done:
			ended = d.Err()
		}
		switch m, ok := c.drain(); {
		case ok: // be it just before the end
			return m, nil
		case ended != nil:
			return jsonrpc.Message{}, ended
		case c.slow():
			return jsonrpc.Message{}, ErrSlow
		}
	}
}

// Notify implements Conn.
func (d *duplex) Notify(_ context.Context, method string, params []byte) error {
	return d.write(jsonrpc.AppendRequest(make([]byte, 0, len(params)+len(method)+48), nil, method, params))
}

func (d *duplex) forget(id int64) {
	d.mu.Lock()
	delete(d.calls, id)
	d.mu.Unlock()
}

// cancel tells the server that nobody waits for a call any more. That it is told too late, or not at all because the
// pipe has ended, does no harm.
func (d *duplex) cancel(id int64, why error) {
	params := strconv.AppendInt([]byte(`{"requestId":`), id, 10)
	params = jsonrpc.AppendString(append(params, `,"reason":`...), why.Error())
	d.tell(jsonrpc.AppendRequest(nil, nil, "notifications/cancelled", append(params, '}')))
}

// text is the request as it goes to the server: with the connection's id, which is its progress token too.
func (c *call) text() []byte {
	b := make([]byte, 0, len(c.Params)+len(c.Method)+96)
	b = strconv.AppendInt(append(b, `{"jsonrpc":"2.0","id":`...), c.id, 10)
	b = jsonrpc.AppendString(append(b, `,"method":`...), c.Method)
	if c.Params != nil {
		b = append(b, `,"params":`...)
		if c.Token.Present() {
			b = append(b, c.Params[:c.Token.Start]...)
			b = strconv.AppendInt(b, c.id, 10)
			b = append(b, c.Params[c.Token.End:]...)
		} else {
			b = append(b, c.Params...)
		}
	}
	return append(b, '}')
}

// receive takes one message from the server. The message is the duplex's from then on.
func (d *duplex) receive(m jsonrpc.Message) {
	switch m.Kind {
	case jsonrpc.Response:
		id, ok := jsonrpc.Int(m.ID.In(m.Raw))
		if !ok {
			return
		}
		d.mu.Lock()
		c := d.calls[id]
		delete(d.calls, id)
		d.mu.Unlock()
		if c != nil {
			c.answer(m)
		}
	case jsonrpc.Notification:
		d.notification(m)
	case jsonrpc.Request:
		d.request(m)
	}
}

func (d *duplex) notification(m jsonrpc.Message) {
	switch m.Name() {
	case "notifications/progress":
		span := jsonrpc.Get(m.Raw, m.Params, "progressToken")
		if id, ok := jsonrpc.Int(span.In(m.Raw)); ok {
			d.mu.Lock()
			c := d.calls[id]
			d.mu.Unlock()
			if c != nil && c.token != nil {
				c.push(Frame{Message: withToken(m, span, c.token)})
			}
		}
		return
	case "notifications/message":
		if c := d.only(); c != nil {
			c.push(Frame{Message: m})
			return
		}
	}
	d.events(Frame{Message: m})
}

// withToken returns the progress notification m with another token at span.
func withToken(m jsonrpc.Message, span jsonrpc.Span, token []byte) jsonrpc.Message {
	text := jsonrpc.Splice(make([]byte, 0, len(m.Raw)+len(token)), m.Raw, jsonrpc.Edit{Span: span, With: token})
	out, err := jsonrpc.Scan(text)
	if err != nil { // two valid texts spliced at a value's place are valid
		panic(err)
	}
	return out
}

// only returns the call in flight that takes frames, if there is exactly one.
func (d *duplex) only() *call {
	d.mu.Lock()
	defer d.mu.Unlock()
	var one *call
	for _, c := range d.calls {
		if c.Frames == nil {
			continue
		}
		if one != nil {
			return nil
		}
		one = c
	}
	return one
}

func (d *duplex) request(m jsonrpc.Message) {
	method := m.Name()
	if method == "ping" {
		d.tell(jsonrpc.AppendResult(nil, m.ID.In(m.Raw), []byte("{}")))
		return
	}
	reply := func(response jsonrpc.Message) error { return d.write(answerTo(m, response)) }
	c, err := d.callFor(method)
	switch {
	case err != nil:
		d.tell(refusal(m, err))
	case c != nil:
		if !c.push(Frame{Message: m, Reply: reply}) {
			d.tell(refusal(m, errCallOver))
		}
	default:
		d.events(Frame{Message: m, Reply: reply})
	}
}

var (
	errAmbiguous = errors.New("several clients have calls in flight at this server, and nothing says which of them is asked")
	errCallOver  = errors.New("the call to which the request belongs is over")
)

// callFor finds the call to which a server's request that names none belongs. It is nil if no call could answer.
func (d *duplex) callFor(method string) (*call, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var best *call
	for _, c := range d.calls {
		switch {
		case c.Accepts == nil || !c.Accepts(method):
		case best == nil:
			best = c
		case best.Owner != c.Owner:
			return nil, errAmbiguous
		case c.id > best.id:
			best = c
		}
	}
	return best, nil
}

// answerTo gives a client's response the id of the server's request.
func answerTo(request, response jsonrpc.Message) []byte {
	return jsonrpc.Splice(nil, response.Raw, jsonrpc.Edit{Span: response.ID, With: request.ID.In(request.Raw)})
}

// refusal is the hub's own answer to a server's request that nobody can answer.
func refusal(request jsonrpc.Message, why error) []byte {
	return jsonrpc.AppendError(nil, request.ID.In(request.Raw), &jsonrpc.Fault{Code: jsonrpc.CodeMethodNotFound, Message: why.Error()})
}

// push queues a frame for the caller, and reports whether the caller will see it.
func (c *call) push(f Frame) bool {
	if c.Frames == nil {
		Refuse(f, "the client cannot answer requests")
		return true
	}
	defer c.signal()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size += len(f.Raw)
	c.overrun = c.overrun || len(c.frames) >= maxQueuedFrames || c.size > maxQueuedBytes
	if c.over || c.overrun {
		return false
	}
	c.frames = append(c.frames, f)
	return true
}

// leave ends the taking of frames, and refuses the requests among those that were not taken.
func (d *duplex) leave(c *call) {
	c.mu.Lock()
	frames := c.frames
	c.frames, c.over = nil, true
	c.mu.Unlock()
	for _, f := range frames {
		if f.Reply != nil {
			d.tell(refusal(f.Message, errCallOver))
		}
	}
}

func (c *call) answer(m jsonrpc.Message) {
	c.mu.Lock()
	c.answered, c.response = true, m
	c.mu.Unlock()
	c.signal()
}

func (c *call) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *call) slow() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.overrun
}

// drain hands the waiting frames to the caller, and then the response if it has come.
func (c *call) drain() (jsonrpc.Message, bool) {
	for {
		c.mu.Lock()
		if c.overrun { // frames are missing, so what is left is of no use
			c.mu.Unlock()
			return jsonrpc.Message{}, false
		}
		frames := c.frames
		c.frames, c.size = nil, 0
		response, answered := c.response, c.answered
		c.mu.Unlock()
		for _, f := range frames {
			c.Frames(f)
		}
		if answered {
			return response, true
		}
		if len(frames) == 0 {
			return jsonrpc.Message{}, false
		}
	}
}

// Refuse answers a server's request that nobody can answer; for a notification it does nothing.
func Refuse(f Frame, why string) {
	if f.Reply == nil {
		return
	}
	m, err := jsonrpc.Scan(refusal(f.Message, errors.New(why)))
	if err == nil {
		_ = f.Reply(m)
	}
}
