package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"mcphub/hub/jsonrpc"
	"mcphub/hub/sse"
)

const (
	listenHeadStart = 500 * time.Millisecond // for the stream of server messages to be there before the first call
	lingerTimeout   = time.Second            // for the server to end a stream after the response
	shortestPause   = 50 * time.Millisecond  // before a stream is opened again, even if the server asks for less
	maxResumes      = 5                      // failures in a row after which a broken stream is given up
)

var (
	errStreamEnded = errors.New("the server's stream ended early")
	errNoClient    = errors.New("the client cannot answer requests")
)

// httpConn is a connection over streamable HTTP, in either era.
type httpConn struct{ *remoteConn }

// Do implements Conn.
func (c *httpConn) Do(ctx context.Context, req *Request) (jsonrpc.Message, error) {
	return c.do(ctx, req, c.transfer)
}

// transfer posts a call and reads its answer, a single message or a stream that ends with the response.
func (c *httpConn) transfer(ctx context.Context, k *call, text []byte) error {
	header := c.header()
	if c.modern {
		maps.Copy(header, k.Header)
		header[mcp.HeaderMethod] = []string{k.Method}
		if name, _ := mcp.EncodeHeaderValue(k.Name); name != "" {
			header[mcp.HeaderName] = []string{name}
		}
	}
	resp, err := c.remote.send(ctx, http.MethodPost, c.to, header, text)
	if err != nil {
		return err
	}
	if session := resp.Header.Get(mcp.HeaderSessionID); session != "" && !c.modern && c.Hello() == nil {
		c.agreed.Store(&agreement{session: session})
	}
	if isStream(resp) {
		return c.follow(ctx, k, resp)
	}
	defer resp.Body.Close()
	body, err := readBody(resp)
	if err != nil {
		return err
	}
	return c.single(k, resp, body)
}

// single takes an answer that is no stream.
func (c *httpConn) single(k *call, resp *http.Response, body []byte) error {
	m, err := jsonrpc.Scan(body)
	isResponse := err == nil && m.Kind == jsonrpc.Response
	if succeeded(resp) && isResponse {
		return c.respond(k, m, resp.StatusCode)
	}
	bad := c.remote.badAnswer(resp, body)
	if err := c.judged(bad); bad.fault == nil || errors.Is(err, errSessionGone) {
		return err
	}
	if !isResponse {
		m = k.errorResponse(bad.object)
	}
	return c.respond(k, m, resp.StatusCode)
}

// respond hands the response to the call. An error counts whatever its id says: HTTP ties it to the call, and a server
// that cannot read a request cannot repeat its id.
func (c *httpConn) respond(k *call, m jsonrpc.Message, status int) error {
	if id, ok := jsonrpc.Int(m.ID.In(m.Raw)); !ok || id != k.id {
		if !m.Error.Present() {
			return &answerError{status: status, why: "the response is to another request", text: c.remote.excerpt(m.Raw)}
		}
		m = k.errorResponse(m.Error.In(m.Raw))
	}
	if fault := m.Fault(); fault != nil && c.Hello() == nil { // the handshake wants to know the status too
		return &answerError{status: status, why: http.StatusText(status), object: m.Error.In(m.Raw), fault: fault}
	}
	k.answer(m)
	return nil
}

// errorResponse is a response to the call with the given error object.
func (c *call) errorResponse(object []byte) jsonrpc.Message {
	b := strconv.AppendInt([]byte(`{"jsonrpc":"2.0","id":`), c.id, 10)
	m, err := jsonrpc.Scan(append(append(append(b, `,"error":`...), object...), '}'))
	if err != nil { // the object was part of valid text
		panic(err)
	}
	return m
}

// follow reads the stream that answers a call until the response has come. If a legacy server breaks it off, it is
// opened again after the last event, if the events have ids.
func (c *httpConn) follow(ctx context.Context, k *call, resp *http.Response) error {
	ctx, abort := context.WithCancel(ctx)
	defer abort()
	at := &cursor{}
	for {
		answered, err := c.messages(resp, at, func(m jsonrpc.Message) (bool, error) { return c.take(k, m) })
		if answered { // a connection is used again only if its answer was read to the end
			defer time.AfterFunc(lingerTimeout, abort).Stop()
			_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
		}
		_ = resp.Body.Close()
		switch {
		case answered:
			return nil
		case !errors.Is(err, errStreamEnded):
			return err
		case c.modern, at.last == "":
			return fmt.Errorf("%w (%w)", &answerError{status: resp.StatusCode, why: "no response came"}, err)
		}
		at.quiet++
		if resp, err = c.resume(ctx, at); err != nil {
			return err
		}
	}
}

// messages calls take with each message of a stream until it says that there is no more to come, or fails, or the
// stream ends, which is errStreamEnded. It does not close the stream.
func (c *httpConn) messages(resp *http.Response, at *cursor, take func(jsonrpc.Message) (bool, error)) (bool, error) {
	events := sse.NewReader(resp.Body, maxMessage)
	for {
		e, err := events.Next()
		at.note(events, err == nil)
		switch {
		case errors.Is(err, sse.ErrTooLong):
			return false, c.remote.badEvent(err.Error(), nil)
		case err != nil:
			return false, fmt.Errorf("%w: %w", errStreamEnded, err)
		case e.Name == "endpoint": // what the older transport begins with
			return false, c.remote.badEvent("the stream is one of HTTP+SSE", nil)
		}
		if done, err := c.remote.eachMessage(e, take); done || err != nil {
			return done, err
		}
	}
}

// eachMessage calls take with the messages of an event, of which there are several only in a batch (2025-03-26).
func (r *remote) eachMessage(e sse.Event, take func(jsonrpc.Message) (bool, error)) (bool, error) {
	if e.Name != "message" || len(e.Data) == 0 { // the first event of a resumable stream has an id, but no data
		return false, nil
	}
	m, err := jsonrpc.Scan(e.Data)
	if err == nil {
		return take(m)
	}
	if jsonrpc.Type(e.Data) != '[' || jsonrpc.Valid(e.Data) != nil {
		return false, r.badEvent("an event is no message: "+err.Error(), e.Data)
	}
	batch, _ := jsonrpc.Batch(e.Data)
	done := false
	for _, text := range batch {
		m, err := jsonrpc.Scan(text)
		if err != nil {
			return false, r.badEvent("an event holds something that is no message: "+err.Error(), text)
		}
		last, err := take(m)
		if err != nil {
			return false, err
		}
		done = done || last
	}
	return done, nil
}

func (r *remote) badEvent(why string, data []byte) *answerError {
	return &answerError{status: http.StatusOK, why: why, text: r.excerpt(data)}
}

// take takes a message from the stream that answers a call, and reports whether it was the response.
func (c *httpConn) take(k *call, m jsonrpc.Message) (bool, error) {
	name := m.Name()
	switch {
	case m.Kind == jsonrpc.Response:
		err := c.respond(k, m, http.StatusOK)
		return err == nil, err
	case name == "notifications/progress":
		c.notification(m)
	case m.Kind == jsonrpc.Notification && !c.modern && toEveryone(name):
		c.events(Frame{Message: m})
	case m.Kind == jsonrpc.Notification:
		k.push(Frame{Message: m})
	case c.modern:
		c.log.Debug("server sent a request, which its revision forbids", "method", name)
	case name == "ping":
		c.tell(jsonrpc.AppendResult(nil, m.ID.In(m.Raw), []byte("{}")))
	case k.Frames == nil:
		c.tell(refusal(m, errNoClient))
	case !k.push(Frame{Message: m, Reply: func(response jsonrpc.Message) error { return c.write(answerTo(m, response)) }}):
		c.tell(refusal(m, errCallOver))
	}
	return false, nil
}

// toEveryone reports whether a notification of a legacy server belongs to no call, whatever stream it is on.
func toEveryone(method string) bool {
	return strings.HasSuffix(method, "/list_changed") || method == "notifications/resources/updated"
}
