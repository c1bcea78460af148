package client

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"mcphub/hub/jsonrpc"
)

const (
	maxMessage = 16 << 20         // bytes, as many as the hub takes
	absence    = 30 * time.Second // how long the hub may be away before requests fail
	lateness   = 2 * time.Second  // of a server's endpoint, after the hub has come up
	drain      = time.Second      // for requests under way when the input has ended
	farewell   = time.Second      // for telling the hub that the session is over
)

const (
	methodInitialize  = "initialize"
	methodInitialized = "notifications/initialized"
	methodCancelled   = "notifications/cancelled"
	methodListen      = "subscriptions/listen"
	methodCall        = "tools/call"
)

var (
	errTooLong    = fmt.Errorf("the message has more than %d bytes", maxMessage)
	errInputEnded = errors.New("the input has ended")
)

// Bridge is a stdio MCP server that passes everything on to the hub's MCP endpoint, in the era that its client speaks,
// for clients that know no other transport. It outlives the hub: when that is back, it begins a new session in the
// client's name, and tells the client that its lists changed.
type Bridge struct {
	client   *Client
	endpoint string
	log      *slog.Logger

	writing sync.Mutex // guards out
	out     io.Writer
	stop    context.CancelCauseFunc // ends Run

	renewing sync.Mutex    // one new session at a time; taken before mu
	begun    chan struct{} // closed when there is a session

	rested atomic.Bool // the hub was there when it was asked last, and its servers had come to rest

	mu      sync.Mutex
	calls   map[string]*call // under way, by raw id
	session *session         // nil while there is none, as with modern clients
	memory  memory
}

// call is a message of the client's on its way, mostly a request.
type call struct {
	jsonrpc.Message
	revision string             // of a modern message, which stands in its metadata; empty for a legacy one
	header   http.Header        // parameters that the tool wants in headers
	heard    bool               // a subscription has been acknowledged to the client
	cancel   context.CancelFunc // nil if it is no request
}

func newCall(m jsonrpc.Message) *call {
	c := &call{Message: m}
	if m.Kind != jsonrpc.Response {
		c.revision = jsonrpc.String(jsonrpc.Get(m.Raw, m.Params, "_meta", mcp.MetaKeyProtocolVersion).In(m.Raw))
	}
	return c
}

// NewBridge returns a bridge to the endpoint of one server, or to that of all servers if the name is empty. It is for
// one Run.
func NewBridge(c *Client, server string, log *slog.Logger) *Bridge {
	endpoint := c.base + "/mcp"
	if server != "" {
		endpoint += "/" + url.PathEscape(server)
	}
	return &Bridge{
		client: c, endpoint: endpoint, log: log,
		begun: make(chan struct{}), calls: map[string]*call{}, memory: memory{state: map[string]jsonrpc.Message{}},
	}
}

// Run takes the client's messages from in, one a line, and writes one a line to out, until in ends (then it returns
// nil), ctx does, or out cannot be written. If it is not in that ended, a read of in that is under way goes on until in
// gives something.
func (b *Bridge) Run(parent context.Context, in io.Reader, out io.Writer) error {
	ctx, stop := context.WithCancelCause(parent)
	defer stop(nil)
	b.out, b.stop = out, stop
	lines := make(chan line)
	go readLines(ctx, in, lines)
	var requests, stream sync.WaitGroup
	stream.Go(func() { b.listen(ctx) })
	b.dispatch(ctx, lines, &requests)
	if ctx.Err() == nil {
		b.settle(&requests)
		stop(errInputEnded)
	}
	requests.Wait()
	stream.Wait()
	b.leave(context.WithoutCancel(ctx))
	b.client.Close()
	if err := context.Cause(ctx); !errors.Is(err, errInputEnded) {
		return err
	}
	return nil
}

// settle waits for requests under way, for a moment.
func (b *Bridge) settle(requests *sync.WaitGroup) {
	b.mu.Lock()
	for _, c := range b.calls {
		if c.Name() == methodListen {
			c.cancel()
		}
	}
	b.mu.Unlock()
	done := make(chan struct{})
	moment := time.AfterFunc(drain, func() { b.stop(errInputEnded) })
	defer moment.Stop()
	go func() {
		requests.Wait()
		close(done)
	}()
	<-done
}

// dispatch takes the client's messages until there are no more. Requests run beside each other, but each after what was
// sent before it and is no request, or begins the session.
func (b *Bridge) dispatch(ctx context.Context, lines <-chan line, requests *sync.WaitGroup) {
	turn := make(chan struct{})
	close(turn)
	for {
		var l line
		var ok bool
		select {
		case <-ctx.Done():
			return
		case l, ok = <-lines:
		}
		if !ok {
			return
		}
		for _, m := range b.scan(l) {
			c, ctx := newCall(m), ctx
			if m.Kind == jsonrpc.Request {
				ctx = b.begin(ctx, c)
			} else if m.Name() == methodCancelled && b.cancelled(m) {
				continue
			}
			before, done := turn, make(chan struct{})
			if m.Kind != jsonrpc.Request || m.Name() == methodInitialize {
				turn = done
			}
			requests.Go(func() {
				defer close(done)
				select {
				case <-before:
					b.serve(ctx, c)
				case <-ctx.Done():
				}
				b.finish(c)
			})
		}
	}
}

// scan reads the messages of a line, which are several if it is a batch (revision 2025-03-26), and answers what is none.
func (b *Bridge) scan(l line) []jsonrpc.Message {
	if l.err != nil {
		b.refuse(nil, jsonrpc.CodeInvalidRequest, l.err)
		return nil
	}
	texts, isBatch := jsonrpc.Batch(l.text)
	if !isBatch {
		texts = [][]byte{l.text}
	}
	var out []jsonrpc.Message
	for _, text := range texts {
		m, err := jsonrpc.Scan(text)
		switch {
		case err == nil:
			out = append(out, m)
		case errors.Is(err, jsonrpc.ErrSyntax):
			b.refuse(nil, jsonrpc.CodeParseError, err)
		default:
			b.refuse(m.ID.In(m.Raw), jsonrpc.CodeInvalidRequest, err)
		}
	}
	return out
}

// begin notes a request that the client may cancel, and returns its context.
func (b *Bridge) begin(ctx context.Context, c *call) context.Context {
	ctx, c.cancel = context.WithCancel(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls[string(c.ID.In(c.Raw))] = c
	return ctx
}

func (b *Bridge) finish(c *call) {
	if c.cancel == nil {
		return
	}
	c.cancel()
	b.mu.Lock()
	defer b.mu.Unlock()
	if id := string(c.ID.In(c.Raw)); b.calls[id] == c {
		delete(b.calls, id)
	}
}

// cancelled ends the request that the client no longer wants. It reports whether that is all: over HTTP, closing the
// response cancels a modern request, but not a legacy one.
func (b *Bridge) cancelled(m jsonrpc.Message) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.calls[string(jsonrpc.Get(m.Raw, m.Params, "requestId").In(m.Raw))]
	if c != nil {
		c.cancel()
	}
	return b.session == nil || c != nil && c.revision != ""
}

// serve sends one message of the client's on, and writes the response if there is one.
func (b *Bridge) serve(ctx context.Context, c *call) {
	text, err := b.ask(ctx, c)
	switch {
	case ctx.Err() != nil: // cancelled: nobody waits
	case err != nil && c.Kind == jsonrpc.Request:
		b.refuse(c.ID.In(c.Raw), codeLost, err)
	case err != nil:
		b.log.Warn("message was not delivered", "method", c.Name(), "err", err)
	case text != nil:
		b.write(text)
	}
}

// refuse answers with an error of the bridge's own.
func (b *Bridge) refuse(id []byte, code int, err error) {
	b.write(jsonrpc.AppendError(nil, id, &jsonrpc.Fault{Code: code, Message: err.Error()}))
}

// write writes one message, which is valid JSON and the caller's own.
func (b *Bridge) write(text []byte) {
	text = append(jsonrpc.Flatten(text), '\n')
	b.writing.Lock()
	defer b.writing.Unlock()
	if _, err := b.out.Write(text); err != nil {
		b.stop(fmt.Errorf("write to the client: %w", err))
	}
}

// line is one line of the input, or why it cannot be taken.
type line struct {
	text []byte
	err  error
}

// readLines reads lines that are not empty until the end of the input.
func readLines(ctx context.Context, in io.Reader, out chan<- line) {
	defer close(out)
	for r := bufio.NewReaderSize(in, 64<<10); ; {
		text, err := readLine(r)
		l := line{text: bytes.TrimSpace(text)}
		if errors.Is(err, errTooLong) {
			l.err = err
		}
		if len(l.text) > 0 || l.err != nil {
			select {
			case out <- l:
			case <-ctx.Done():
				return
			}
		}
		if err != nil && l.err == nil {
			return
		}
	}
}

// readLine reads one line. One that is too long is skipped.
func readLine(r *bufio.Reader) ([]byte, error) {
	var text []byte
	for long := false; ; {
		part, err := r.ReadSlice('\n')
		if long = long || len(text)+len(part) > maxMessage; !long {
			text = append(text, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case long && err == nil:
			return nil, errTooLong
		default:
			return text, err
		}
	}
}
