package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"mcphub/hub/config"
	"mcphub/hub/jsonrpc"
)

// probeTimeout is how long a server may leave a question of the handshake open before it is asked another way.
const probeTimeout = 10 * time.Second

// assumed is what a modern server is taken to have that does not tell: its lists show what is really there.
const assumed = `{"capabilities":{"tools":{},"resources":{},"prompts":{}}}`

// dialer finds out how to talk with one remote server.
type dialer struct {
	dialOptions
	remote *remote
}

// dialRemote connects to a server at a URL. It finds out the era and the transport as the specification says
// (2026-07-28, "Streamable HTTP", section "Backward Compatibility"): modern, else initialize, else HTTP+SSE.
func dialRemote(ctx context.Context, r *config.Resolved, o dialOptions) (Conn, error) {
	rem, err := newRemote(r, o.version, o.auth)
	if err != nil {
		return nil, permanent{err}
	}
	rem.redact = o.redact
	d := &dialer{o, rem}
	conn, err := d.dial(ctx)
	if err != nil && *o.known != (known{}) && errors.As(err, new(*answerError)) { // what was known is no longer so
		*o.known = known{}
		conn, err = d.dial(ctx)
	}
	if err != nil {
		rem.client.CloseIdleConnections()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	return conn, nil
}

func (d *dialer) dial(ctx context.Context) (Conn, error) {
	if d.protocol == config.ProtocolLegacy || d.protocol != config.ProtocolModern && d.known.legacy {
		return d.legacy(ctx)
	}
	conn, err := d.modern(ctx, true)
	no := new(answerError)
	if !errors.As(err, &no) {
		return conn, err
	}
	if d.protocol == config.ProtocolModern {
		if no.status == http.StatusNotFound && no.says(jsonrpc.CodeMethodNotFound) {
			return d.assume(ctx)
		}
		return nil, fmt.Errorf("the server does not speak revision %s, to which its configuration pins it: %w", ModernVersion, err)
	}
	conn, legacyErr := d.legacy(ctx)
	if legacyErr == nil && no.status != 0 && no.status < 500 {
		d.known.legacy = true
	}
	if refusal := new(answerError); errors.As(legacyErr, &refusal) && no.status == http.StatusNotFound &&
		no.says(jsonrpc.CodeMethodNotFound) && refusal.says(jsonrpc.CodeMethodNotFound) {
		return d.assume(ctx) // modern, but without server/discover
	}
	return conn, legacyErr
}

// modern connects without a handshake. An error that is an *answerError means that the server is none of this era. A server
// that refuses the revision and names it among those that it supports is asked once more, if it is to be.
func (d *dialer) modern(ctx context.Context, again bool) (Conn, error) {
	c := d.streamable(true)
	asking, cancel := context.WithTimeoutCause(ctx, probeTimeout, &answerError{why: "no answer to server/discover"})
	defer cancel()
	hello, err := discover(asking, c, d.version)
	no := new(answerError)
	switch {
	case errors.Is(err, errNoHello):
		err = &answerError{status: http.StatusOK, why: err.Error()}
	case err == nil:
		supported := stringsIn(jsonrpc.Get(hello.Result, jsonrpc.All(hello.Result), "supportedVersions").In(hello.Result))
		if err = chosen(supported); err == nil {
			return d.opened(ctx, c, hello), nil
		}
	case errors.As(err, &no) && no.says(mcp.UNSUPPORTED_PROTOCOL_VERSION):
		supported := stringsIn(jsonrpc.Get(no.fault.Data, jsonrpc.All(no.fault.Data), "supported").In(no.fault.Data))
		if again && slices.Contains(supported, ModernVersion) {
			_ = c.Close(ctx)
			return d.modern(ctx, false)
		}
		if err = chosen(supported); err == nil {
			err = no
		}
	case errors.As(err, &no) && (no.says(mcp.HEADER_MISMATCH) || no.says(mcp.MISSING_REQUIRED_CLIENT_CAPABILITY)):
		err = nil
	}
	_ = c.Close(ctx)
	if err == nil {
		return d.assume(ctx)
	}
	return nil, err
}

// chosen returns nil if one of the revisions that a server supports is the hub's modern one, or the server named none.
// Otherwise the error is an *answerError if there is a legacy one, and else permanent.
func chosen(supported []string) error {
	switch {
	case len(supported) == 0, slices.Contains(supported, ModernVersion):
		return nil
	case slices.ContainsFunc(supported, func(v string) bool { return !mcp.IsModernProtocol(v) }):
		return &answerError{status: http.StatusOK, why: "only legacy revisions are supported"}
	}
	return permanent{fmt.Errorf("the server speaks only revisions that this hub does not know (%q): update the hub", supported)}
}

// assume connects to a modern server that does not say what it has.
func (d *dialer) assume(ctx context.Context) (Conn, error) {
	hello, err := NewHello([]byte(assumed), true, ModernVersion)
	if err != nil {
		return nil, err
	}
	return d.opened(ctx, d.streamable(true), hello), nil
}

// opened makes a modern connection ready for use, and keeps it told of changes.
func (d *dialer) opened(ctx context.Context, c *httpConn, hello *Hello) Conn {
	c.agreed.Store(&agreement{hello: hello, version: hello.Version})
	if params := listenParams(d.version, hello); params != nil {
		answered := make(chan struct{})
		c.crew.spawn(func(ctx context.Context) { c.subscribe(ctx, params, answered) })
		waitFor(ctx, answered, listenHeadStart)
	}
	return c
}

// legacy connects with a handshake, over streamable HTTP or else HTTP+SSE.
func (d *dialer) legacy(ctx context.Context) (Conn, error) {
	if d.known.sse {
		return d.sse(ctx)
	}
	conn, err := d.initialized(ctx)
	no := new(answerError)
	if err == nil || !errors.As(err, &no) || no.modern() {
		return conn, err
	}
	isOld := no.status == http.StatusBadRequest || no.status == http.StatusNotFound || no.status == http.StatusMethodNotAllowed
	if !isOld && !strings.HasSuffix(strings.TrimSuffix(d.remote.url.Path, "/"), "/sse") {
		return nil, err
	}
	conn, sseErr := d.sse(ctx)
	if sseErr != nil {
		return nil, fmt.Errorf("%w (and as HTTP+SSE: %w)", err, sseErr)
	}
	return conn, nil
}

// initialized shakes hands over streamable HTTP. An error that is an *answerError means that the server is none of
// this transport.
func (d *dialer) initialized(ctx context.Context) (Conn, error) {
	c := d.streamable(false)
	hello, err := initialize(ctx, c, d.version)
	if err != nil {
		_ = c.Close(ctx)
		if no := new(answerError); errors.As(err, &no) && no.modern() {
			err = permanent{fmt.Errorf("the server speaks only revisions without a handshake: its protocol must not be pinned to legacy: %w", err)}
		}
		return nil, err
	}
	session := c.agreed.Load().session
	c.agreed.Store(&agreement{hello: hello, version: hello.Version, session: session, stateful: session != ""})
	if err := c.Notify(ctx, "notifications/initialized", nil); err != nil {
		if !errors.As(err, new(*answerError)) {
			_ = c.Close(ctx)
			return nil, err
		}
		c.log.Debug("server refused a notification", "err", err)
	}
	answered := make(chan struct{})
	c.crew.spawn(func(ctx context.Context) { c.listen(ctx, answered) })
	waitFor(ctx, answered, listenHeadStart)
	return c, nil
}

func (d *dialer) sse(ctx context.Context) (Conn, error) {
	c, err := dialSSE(ctx, d.remote, d.dialOptions)
	if err != nil {
		return nil, err
	}
	*d.known = known{legacy: true, sse: true}
	return c, nil
}

// streamable returns a connection over streamable HTTP before its handshake.
func (d *dialer) streamable(modern bool) *httpConn {
	return &httpConn{newRemoteConn(d.remote, d.dialOptions, modern)}
}

// says reports whether the answer is a JSON-RPC error of that code.
func (e *answerError) says(code int) bool { return e.fault != nil && e.fault.Code == code }

// modern reports whether only a server of the modern era answers so.
func (e *answerError) modern() bool {
	return e.says(mcp.UNSUPPORTED_PROTOCOL_VERSION) || e.says(mcp.HEADER_MISMATCH) || e.says(mcp.MISSING_REQUIRED_CLIENT_CAPABILITY)
}

// stringsIn returns the strings in a raw JSON array.
func stringsIn(array []byte) []string {
	var list []string
	for it := jsonrpc.Members(array, jsonrpc.All(array)); it.Next(); {
		list = append(list, jsonrpc.String(it.Value.In(array)))
	}
	return list
}
