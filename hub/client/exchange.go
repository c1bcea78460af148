package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"mcphub/hub/jsonrpc"
	"mcphub/hub/sse"
)

// codeLost is the code of the bridge's own errors: outside the range that JSON-RPC and MCP reserve (specification
// 2026-07-28, "Error Codes"), and the hub's own for a lost connection.
const codeLost = 502

// codeUnavailable is what the hub says of a server that it does not have, or not yet.
const codeUnavailable = 503

var (
	errAway        = errors.New("the hub is starting or stopping")
	errNoServer    = errors.New("the hub does not offer it")
	errLost        = errors.New("the connection to the hub was lost during the request, which may have been carried out or not")
	errSessionGone = errors.New("the hub does not know the session")
	errListenEnded = errors.New("the hub ended the subscription")
)

// repeatable are the requests that may be made twice.
var repeatable = map[string]bool{
	methodInitialize: true, "ping": true, "server/discover": true, methodListen: true,
	"tools/list": true, "resources/list": true, "resources/templates/list": true, "prompts/list": true,
	"resources/read": true, "prompts/get": true, "completion/complete": true,
	"resources/subscribe": true, "resources/unsubscribe": true, "logging/setLevel": true,
}

// ask sends a message to the hub until that has it, and returns the response; nil if there is none. While the hub is
// away it tries again, and if the session is gone it begins another one.
func (b *Bridge) ask(ctx context.Context, c *call) ([]byte, error) {
	var end time.Time // of patience; zero while the hub is there
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		s := b.current(c)
		opened, text, err := b.exchange(ctx, c, s)
		switch {
		case err == nil && opened != nil:
			b.open(opened, c.Message)
			return text, nil
		case err == nil:
			b.remember(c.Message, text)
			return text, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, errSessionGone) && c.Kind == jsonrpc.Response:
			return nil, nil // to a question that died with the session
		case errors.Is(err, errSessionGone):
			if err = b.renew(ctx, s); err == nil {
				continue
			}
			if !notSent(err) {
				return nil, err
			}
		case c.Name() == methodListen && !notSent(err):
			end = time.Time{} // it was there, maybe for hours
		case !notSent(err) && !repeatable[c.Name()]:
			b.log.Warn("request was lost", "method", c.Name(), "err", err)
			return nil, errLost
		}
		if end.IsZero() && errors.Is(err, errNoServer) {
			end = time.Now().Add(lateness)
		} else if end.IsZero() {
			end = time.Now().Add(absence)
		}
		for again := false; !again; again = b.ready(ctx) {
			if time.Now().After(end) {
				return nil, err
			}
			if err := sleep(ctx, pause); err != nil {
				return nil, err
			}
		}
	}
}

// ready reports whether the hub is there and its servers have come to rest: before that it does not know their tools.
func (b *Bridge) ready(ctx context.Context) bool {
	h, err := b.client.Health(ctx)
	ready := err == nil && h.State != "starting"
	b.rested.Store(ready)
	return ready
}

// notSent reports whether the hub cannot have seen the message.
func notSent(err error) bool {
	var op *net.OpError
	return errors.Is(err, errAway) || errors.Is(err, errNoServer) || errors.As(err, &op) && op.Op == "dial"
}

// exchange sends a message once in a session, or in none, writes what comes before the response, and returns that. Of
// initialize it returns the session too.
func (b *Bridge) exchange(ctx context.Context, c *call, s *session) (*session, []byte, error) {
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
	if c.revision != "" {
		maps.Copy(header, c.header)
		header.Set(mcp.HeaderProtocolVersion, c.revision)
		header.Set(mcp.HeaderMethod, c.Name())
		if name, ok := mcp.EncodeHeaderValue(c.named()); ok && name != "" {
			header.Set(mcp.HeaderName, name)
		}
	} else {
		s.sign(header)
	}
	resp, err := b.send(ctx, http.MethodPost, header, c.Raw)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotFound && s != nil && c.revision == "":
		return nil, nil, errSessionGone
	case resp.StatusCode == http.StatusServiceUnavailable && c.Name() == methodInitialize:
		return nil, nil, errAway
	case c.Kind != jsonrpc.Request:
		if resp.StatusCode >= http.StatusBadRequest {
			return nil, nil, fmt.Errorf("the hub refused it with HTTP %d", resp.StatusCode)
		}
		return nil, nil, nil
	}
	m, err := b.response(resp, c)
	if err != nil || m == nil {
		return nil, nil, err
	}
	if c.Name() == methodInitialize && m.Result.Present() {
		return newSession(resp.Header.Get(mcp.HeaderSessionID), m), m.Raw, nil
	}
	fault := m.Fault()
	if fault != nil && resp.StatusCode == http.StatusNotFound && fault.Code == codeUnavailable {
		return nil, nil, fmt.Errorf("%w: %s", errNoServer, fault.Message)
	}
	if fault != nil && fault.Code == jsonrpc.CodeInvalidParams && c.Name() != methodInitialize {
		// It may only not have known the tool yet, and have come to rest since it said so.
		if known := b.rested.Load(); !b.ready(ctx) || !known {
			return nil, nil, errAway
		}
	}
	if fault != nil && fault.Code == mcp.HEADER_MISMATCH && c.Name() == methodCall && c.header == nil {
		if c.header = b.paramHeaders(ctx, c); len(c.header) > 0 {
			return b.exchange(ctx, c, s)
		}
	}
	return nil, m.Raw, nil
}

// send sends one HTTP request to the endpoint.
func (b *Bridge) send(ctx context.Context, method string, header http.Header, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, b.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("the hub's address: %w", err)
	}
	req.Header = header
	return b.client.send(req)
}

// named is the parameter that the header Mcp-Name repeats (specification 2026-07-28, "Streamable HTTP").
func (c *call) named() string {
	param, ok := map[string]string{
		methodCall: "name", "prompts/get": "name", "resources/read": "uri",
		"tasks/get": "taskId", "tasks/update": "taskId", "tasks/cancel": "taskId",
	}[c.Name()]
	if !ok {
		return ""
	}
	return jsonrpc.String(jsonrpc.Get(c.Raw, c.Params, param).In(c.Raw))
}

func isStream(resp *http.Response) bool {
	return strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream")
}

// response reads the answer to a request: frames, which are written, and then the response, which is nil if the hub
// knows that nobody waits for it.
func (b *Bridge) response(resp *http.Response, c *call) (*jsonrpc.Message, error) {
	if isStream(resp) {
		for events := sse.NewReader(resp.Body, maxAnswer); ; {
			e, err := events.Next()
			if err != nil {
				return nil, fmt.Errorf("read the answer: %w", err)
			}
			m, err := jsonrpc.Scan(e.Data)
			switch {
			case err != nil:
				b.log.Warn("message of the hub is not valid", "err", err)
			case m.Kind != jsonrpc.Response:
				b.frame(m, c)
			case c.Name() == methodListen && m.Result.Present():
				return nil, errListenEnded // the hub goes, but the client shall hear of changes when it is back
			default:
				return c.own(m), nil
			}
		}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode < http.StatusBadRequest && len(body) == 0 {
		return nil, nil
	}
	m, err := jsonrpc.Scan(body)
	if err != nil || m.Kind != jsonrpc.Response {
		why := fmt.Sprintf("the hub answered with HTTP %d: %.200s", resp.StatusCode, body)
		text := jsonrpc.AppendError(nil, c.ID.In(c.Raw), &jsonrpc.Fault{Code: codeLost, Message: why})
		m, err = jsonrpc.Scan(text)
		return &m, err
	}
	return c.own(m), nil
}

// own is a response with the id of the call: the hub cannot repeat the id of a request that it refuses to read.
func (c *call) own(m jsonrpc.Message) *jsonrpc.Message {
	if id := c.ID.In(c.Raw); !bytes.Equal(m.ID.In(m.Raw), id) {
		if again, err := jsonrpc.Scan(jsonrpc.Splice(nil, m.Raw, jsonrpc.Edit{Span: m.ID, With: id})); err == nil {
			return &again
		}
	}
	return &m
}

// frame writes a message that comes during a request. A subscription that had to be made again is acknowledged to the
// client only once; then it is told that everything may have changed.
func (b *Bridge) frame(m jsonrpc.Message, c *call) {
	if c.Name() != methodListen || m.Name() != "notifications/subscriptions/acknowledged" || !c.heard {
		c.heard = true
		b.write(m.Raw)
		return
	}
	meta := jsonrpc.Get(m.Raw, m.Params, "_meta").In(m.Raw)
	for _, list := range lists {
		if string(jsonrpc.Get(m.Raw, m.Params, "notifications", list+"ListChanged").In(m.Raw)) == "true" {
			b.write(jsonrpc.AppendRequest(nil, nil, listChanged(list), append(append([]byte(`{"_meta":`), meta...), '}')))
		}
	}
}

// lists are what a client is told changes of.
var lists = []string{"tools", "resources", "prompts"}

func listChanged(list string) string { return "notifications/" + list + "/list_changed" }

// paramHeaders makes the headers that the tool of a modern call wants some of its arguments in. Clients on stdio need
// not know of them, so the tool is looked up.
func (b *Bridge) paramHeaders(ctx context.Context, c *call) http.Header {
	meta := jsonrpc.Get(c.Raw, c.Params, "_meta").In(c.Raw)
	for cursor := ""; ; {
		params := append([]byte(`{"_meta":`), meta...)
		if cursor != "" {
			params = jsonrpc.AppendString(append(params, `,"cursor":`...), cursor)
		}
		page, err := jsonrpc.Scan(jsonrpc.AppendRequest(nil, []byte("1"), "tools/list", append(params, '}')))
		if err != nil {
			return nil
		}
		_, text, err := b.exchange(ctx, &call{Message: page, revision: c.revision}, nil)
		var answer struct {
			Result struct {
				Tools      []json.RawMessage
				NextCursor string
			}
		}
		if err != nil || json.Unmarshal(text, &answer) != nil {
			return nil // the hub's refusal stands
		}
		for _, def := range answer.Result.Tools {
			if jsonrpc.String(jsonrpc.Get(def, jsonrpc.All(def), "name").In(def)) != c.named() {
				continue
			}
			var tool mcp.Tool
			if json.Unmarshal(def, &tool) != nil {
				return nil
			}
			header := http.Header{}
			for name, value := range mcp.GenerateParamHeaders(&tool, c.Params.In(c.Raw)) {
				header.Set(name, value)
			}
			return header
		}
		if cursor = answer.Result.NextCursor; cursor == "" {
			return nil
		}
	}
}
