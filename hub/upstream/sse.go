package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"mcphub/hub/jsonrpc"
	"mcphub/hub/sse"
)

// sseConn is a connection over HTTP+SSE, the transport of revision 2024-11-05: one stream from the server, on which
// everything comes, and POST requests to the address that the stream names first.
type sseConn struct{ *remoteConn }

// dialSSE opens the stream and shakes hands.
func dialSSE(ctx context.Context, r *remote, o dialOptions) (Conn, error) {
	c := &sseConn{newRemoteConn(r, o, false)}
	ready := make(chan error, 1)
	c.crew.spawn(func(ctx context.Context) { c.read(ctx, ready) })
	late := time.NewTimer(probeTimeout)
	defer late.Stop()
	var err error
	select {
	case err = <-ready:
	case <-late.C:
		err = &answerError{why: "no stream with an endpoint within " + probeTimeout.String()}
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err == nil {
		err = c.shakeHands(ctx, o.version)
	}
	if err != nil {
		_ = c.Close(ctx)
		return nil, err
	}
	return c, nil
}

func (c *sseConn) shakeHands(ctx context.Context, version string) error {
	hello, err := initialize(ctx, c, version)
	if err != nil {
		return err
	}
	c.agreed.Store(&agreement{hello: hello, version: hello.Version, stateful: true})
	return c.Notify(ctx, "notifications/initialized", nil)
}

// Do implements Conn.
func (c *sseConn) Do(ctx context.Context, req *Request) (jsonrpc.Message, error) {
	return c.do(ctx, req, func(ctx context.Context, k *call, text []byte) error {
		err := c.post(ctx, c.header(), text)
		bad := new(answerError)
		if errors.As(err, &bad) && bad.fault != nil && c.Err() == nil {
			k.answer(k.errorResponse(bad.object))
			return nil
		}
		return err
	})
}

// read takes what comes on the stream until it ends, which ends the connection. It tells ready when the stream has
// named the address for messages, or why it has not.
func (c *sseConn) read(ctx context.Context, ready chan<- error) {
	resp, err := c.remote.send(ctx, http.MethodGet, c.remote.url, http.Header{"Accept": {"text/event-stream"}}, nil)
	if err != nil {
		ready <- err
		return
	}
	defer resp.Body.Close()
	if !isStream(resp) {
		body, err := readBody(resp)
		if err == nil {
			err = c.remote.badAnswer(resp, body)
		}
		ready <- err
		return
	}
	events := sse.NewReader(resp.Body, maxMessage)
	first, err := events.Next()
	switch {
	case err != nil:
		err = fmt.Errorf("%w: %w", errStreamEnded, err)
	case first.Name != "endpoint":
		err = &answerError{status: resp.StatusCode, why: "the stream does not begin with an endpoint"}
	default:
		c.to, err = endpoint(c.remote.url, string(first.Data))
	}
	if ready <- err; err != nil {
		return
	}
	for {
		e, err := events.Next()
		if err != nil {
			c.end(fmt.Errorf("%w: %w", errStreamEnded, err))
			return
		}
		_, err = c.remote.eachMessage(e, func(m jsonrpc.Message) (bool, error) {
			c.receive(m)
			return false, nil
		})
		if err != nil {
			c.log.Debug("event skipped", "err", err)
		}
	}
}

// endpoint is the address for messages that the stream at base names. It must be of the same origin, or a server could
// have the hub send what it knows to anybody.
func endpoint(base *url.URL, name string) (*url.URL, error) {
	to, err := base.Parse(name)
	if err != nil || !sameOrigin(to, base) {
		return nil, permanent{errors.New("the server names an endpoint that is not of its own origin: it is misconfigured, or not to be trusted")}
	}
	to.User, to.Fragment, to.RawFragment = base.User, "", ""
	return to, nil
}
