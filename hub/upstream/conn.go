package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"

	"mcphub/hub/jsonrpc"
)

// Conn is one live connection to one server, in one era of the protocol. It remaps ids and progress tokens: what its
// callers see carries their own, so that calls of different clients never meet.
//
// Its methods may be called from many goroutines.
type Conn interface {
	// Do sends a request and returns the server's response, whose id is the connection's own. An error of the server
	// is a response like any other. The error is ctx's cause if ctx ended first (the server is then told to cancel),
	// or wraps ErrClosed if the connection ended.
	Do(ctx context.Context, req *Request) (jsonrpc.Message, error)
	// Notify sends a notification. Params is a JSON object or nil.
	Notify(ctx context.Context, method string, params []byte) error
	// Hello says what the server told of itself.
	Hello() *Hello
	// Done is closed when the connection has ended, for whatever reason; Err then says why.
	Done() <-chan struct{}
	Err() error
	// Close ends the connection and what belongs to it (session, process tree). It returns when that is gone, or
	// when ctx ends, which makes it end by force.
	Close(ctx context.Context) error
}

// Request is one request to a server.
type Request struct {
	Method string
	Params []byte       // JSON object, or nil; not changed, and not kept after Do has returned
	Token  jsonrpc.Span // of the progress token's value in Params; absent if the caller wants no progress
	Name   string       // what the Mcp-Name header of modern HTTP says: the tool, prompt, resource URI or task
	Header http.Header  // Mcp-Param-* headers of modern HTTP; nil for none

	// Frames takes what the server sends that belongs to this request, in order, on the goroutine of Do and before
	// Do returns. Nil: such frames are dropped, and requests of the server refused.
	Frames func(Frame)
	// Owner tells whose request this is; Accepts, whether the owner can answer a server's request of a method. A
	// server's request that names no call goes to the newest call whose owner accepts it, if all such calls are of
	// one owner. Nil Accepts: none.
	Owner   any
	Accepts func(method string) bool
}

// Frame is a message that a server sends by itself: a notification, or a request, which is to be answered by Reply.
type Frame struct {
	jsonrpc.Message
	// Reply sends the client's response, whose id may be anything, to the server. Nil for a notification.
	Reply func(response jsonrpc.Message) error
}

// Hello is what a server told of itself when the connection began.
type Hello struct {
	Modern       bool   // the era: revision 2026-07-28 or later, without a handshake
	Version      string // protocol revision spoken on this connection
	Result       []byte // raw result of initialize or server/discover
	Capabilities []byte // raw JSON object
	Info         []byte // raw serverInfo object; nil if the server told none
	Instructions string
}

var errNoHello = errors.New("the server's answer to the handshake names no capabilities")

// NewHello reads the raw result of initialize (legacy) or server/discover (modern). The version is that of the modern
// revision spoken; a legacy server names its own.
func NewHello(result []byte, modern bool, version string) (*Hello, error) {
	all := jsonrpc.All(result)
	h := &Hello{Modern: modern, Version: version, Result: result}
	h.Capabilities = jsonrpc.Get(result, all, "capabilities").In(result)
	if jsonrpc.Type(h.Capabilities) != '{' {
		return nil, errNoHello
	}
	if modern {
		h.Info = jsonrpc.Get(result, all, "_meta", mcp.MetaKeyServerInfo).In(result)
	} else {
		h.Info = jsonrpc.Get(result, all, "serverInfo").In(result)
		h.Version = jsonrpc.String(jsonrpc.Get(result, all, "protocolVersion").In(result))
		if h.Version == "" {
			return nil, errors.New("the server's answer to initialize names no protocolVersion")
		}
	}
	h.Instructions = jsonrpc.String(jsonrpc.Get(result, all, "instructions").In(result))
	return h, nil
}

// Has reports whether the server declared a capability, given by its path, as in Has("resources", "subscribe").
func (h *Hello) Has(path ...string) bool {
	v := jsonrpc.Get(h.Capabilities, jsonrpc.All(h.Capabilities), path...).In(h.Capabilities)
	return v != nil && string(v) != "null" && string(v) != "false"
}

// Errors of connections and servers.
var (
	// ErrClosed: the connection has ended; calls that were under way may or may not have taken effect.
	ErrClosed = errors.New("connection to the server ended")
	// ErrNotSent: the connection had ended before anything of the request went out. It wraps ErrClosed.
	ErrNotSent = fmt.Errorf("the request was not sent: %w", ErrClosed)
	// ErrUnavailable: the server is not running or not reachable now.
	ErrUnavailable = errors.New("server is not available")
	// ErrSlow: the caller did not take its frames, so its call was given up.
	ErrSlow = errors.New("the client reads too slowly, its call was given up")
)

// UnauthorizedError says that a remote server wants a person to sign in.
type UnauthorizedError struct {
	Challenge string // the WWW-Authenticate header, empty if there was none
	Why       string // what stands against signing in, or why the sign-in has ended; empty if nothing
}

// Error tells what to do.
func (e *UnauthorizedError) Error() string {
	text := "the server wants you to sign in"
	if e.stepUp() {
		text = "the server wants you to sign in again, with more permission than you gave"
	}
	if e.Why != "" {
		text += ": " + e.Why
	}
	return text
}

// permanent marks an error that trying again cannot mend: a person must act.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// closedError wraps ErrClosed with the reason.
func closedError(why error) error {
	if why == nil {
		return ErrClosed
	}
	return fmt.Errorf("%w: %w", ErrClosed, why)
}
