package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"mcphub/hub/jsonrpc"
)

// How long what no caller waits for may take.
const (
	postTimeout = 30 * time.Second // to deliver a notification or an answer
	tellTimeout = 5 * time.Second  // to tell the server what it need not know
)

var errSessionGone = errors.New("the server has ended the session")

// remoteConn is the part that both HTTP transports share: messages go out as POST requests, each on a goroutine of its
// own, and calls wait for what comes back.
type remoteConn struct {
	*duplex
	remote *remote
	crew   *crew
	log    *slog.Logger
	again  func(failures int) time.Duration // see dialOptions.backoff
	more   func(error)                      // see dialOptions
	modern bool                             // the era without handshake
	to     *url.URL                         // where messages are posted; HTTP+SSE sets it before the first one
	agreed atomic.Pointer[agreement]
}

// agreement is what the handshake has found out so far.
type agreement struct {
	hello    *Hello // nil until the handshake is over
	version  string // of the MCP-Protocol-Version header, empty for none yet
	session  string // of the Mcp-Session-Id header, empty for none
	stateful bool   // the server holds a session, which can be gone
}

func newRemoteConn(r *remote, o dialOptions, modern bool) *remoteConn {
	c := &remoteConn{remote: r, crew: newCrew(), log: o.log, again: o.backoff, more: o.more, modern: modern, to: r.url}
	c.agreed.Store(&agreement{})
	if modern {
		c.agreed.Store(&agreement{version: ModernVersion})
	}
	c.duplex = newDuplex(func(text []byte) error {
		ctx, cancel := context.WithTimeout(c.crew.grace, postTimeout)
		defer cancel()
		return c.settled(c.post(ctx, c.header(), text))
	}, o.events)
	c.tell = func(text []byte) {
		c.crew.lastly(tellTimeout, func(ctx context.Context) {
			if err := c.settled(c.post(ctx, c.header(), text)); err != nil {
				c.log.Debug("message not delivered", "err", err)
			}
		})
	}
	if r.auth != nil {
		c.crew.spawn(c.keepSignedIn)
	}
	return c
}

// Hello implements Conn.
func (c *remoteConn) Hello() *Hello { return c.agreed.Load().hello }

// Notify implements Conn.
func (c *remoteConn) Notify(ctx context.Context, method string, params []byte) error {
	if err := c.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	header := c.header()
	if c.modern {
		header[mcp.HeaderMethod] = []string{method}
	}
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	return c.settled(c.post(ctx, header, jsonrpc.AppendRequest(nil, nil, method, params)))
}

// header is what every POST request of the connection carries.
func (c *remoteConn) header() http.Header {
	h := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
	c.identify(h)
	return h
}

// identify adds the headers that say which conversation a request belongs to.
func (c *remoteConn) identify(h http.Header) {
	a := c.agreed.Load()
	if a.version != "" {
		h[mcp.HeaderProtocolVersion] = []string{a.version}
	}
	if a.session != "" {
		h[mcp.HeaderSessionID] = []string{a.session}
	}
}

// end fails all calls in flight and stops the streams.
func (c *remoteConn) end(why error) {
	c.duplex.end(why)
	c.crew.stop()
}

// do makes a call: transfer sends it, on a goroutine of its own, and goes on until there is nothing more to read. If
// the caller gives up, the transfer is broken off, which tells a modern streamable server; others are told.
func (c *remoteConn) do(ctx context.Context, req *Request, transfer func(context.Context, *call, []byte) error) (jsonrpc.Message, error) {
	k, err := c.begin(req)
	if err != nil {
		return jsonrpc.Message{}, err
	}
	defer c.forget(k.id)
	text := k.text() // here, since Params is the caller's again when Do has returned
	waiting, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	abort := c.crew.spawn(func(ctx context.Context) {
		if err := transfer(ctx, k, text); err != nil && ctx.Err() == nil {
			fail(c.named(err)) // first, so that this call gets its own error, not that of the connection
			_ = c.settled(err)
		}
	})
	m, err := c.wait(waiting, k)
	if err != nil {
		abort()
		if waiting.Err() != nil {
			err = context.Cause(waiting)
		}
		if !c.modern && c.Err() == nil && (ctx.Err() != nil || errors.Is(err, ErrSlow)) {
			c.cancel(k.id, err)
		}
	}
	return m, err
}

// post sends a message that has no response.
func (c *remoteConn) post(ctx context.Context, header http.Header, text []byte) error {
	resp, err := c.remote.send(ctx, http.MethodPost, c.to, header, text)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if succeeded(resp) {
		if !isStream(resp) {
			_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // a connection is used again only if its answer was read
		}
		return nil
	}
	body, err := readBody(resp)
	if err != nil {
		return err
	}
	return c.judged(c.remote.badAnswer(resp, body))
}

// judged takes an answer with a status of failure, and sees whether it says that the session is gone.
func (c *remoteConn) judged(e *answerError) error {
	if a := c.agreed.Load(); a.hello == nil || !a.stateful || !e.sessionGone() {
		return e
	}
	return fmt.Errorf("%w: %w", errSessionGone, e)
}

// fatal reports whether no other call can succeed over this connection either: there is no server any more, it does
// not know the session, or it wants a sign-in that these headers do not prove.
func (c *remoteConn) fatal(err error) bool {
	var unauthorized *UnauthorizedError
	return c.Hello() != nil && (errors.Is(err, errSessionGone) || unreachable(err) || errors.As(err, &unauthorized) && !unauthorized.stepUp())
}

// named is the error that the caller of the connection sees.
func (c *remoteConn) named(err error) error {
	var unauthorized *UnauthorizedError
	switch {
	case c.Hello() == nil, errors.As(err, new(permanent)):
		return err
	case errors.Is(err, errSessionGone), errors.Is(err, errStreamEnded):
		return closedError(err)
	case unreachable(err):
		return fmt.Errorf("%w: %w", ErrNotSent, err)
	case errors.As(err, new(*answerError)), errors.As(err, &unauthorized):
		return err
	}
	return closedError(err)
}

// settled ends the connection if an error means its end, and names the error.
func (c *remoteConn) settled(err error) error {
	if err == nil {
		return nil
	}
	if c.fatal(err) {
		c.end(err)
	}
	var unauthorized *UnauthorizedError
	if errors.As(err, &unauthorized) && unauthorized.stepUp() && c.more != nil {
		c.more(err)
	}
	return c.named(err)
}

// Close implements Conn.
func (c *remoteConn) Close(ctx context.Context) error {
	alive := c.Err() == nil
	c.end(errors.New("closed by the hub"))
	c.crew.close(ctx)
	defer c.remote.client.CloseIdleConnections()
	if !alive || c.agreed.Load().session == "" {
		return nil
	}
	h := http.Header{}
	c.identify(h)
	resp, err := c.remote.send(ctx, http.MethodDelete, c.to, h, nil)
	if err != nil {
		c.log.Debug("session not deleted", "err", err)
		return nil // it is the server's to forget
	}
	return resp.Body.Close()
}
