package hubtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"mcphub/hub/jsonrpc"
	"mcphub/hub/sse"
)

// Answer is a whole HTTP response.
type Answer struct {
	Status   int
	Header   http.Header
	Messages []string // the messages in it as they came: of an event stream each event, otherwise the body
}

// Text returns the last message, which is the response if there is one.
func (a Answer) Text() string {
	if len(a.Messages) == 0 {
		return ""
	}
	return a.Messages[len(a.Messages)-1]
}

// Get returns the raw value at a path in the last message; it is empty if there is none.
func (a Answer) Get(keys ...string) string { return Get(a.Text(), keys...) }

// Get returns the raw value at a path in a JSON text; it is empty if there is none, or the text is not valid.
func Get(text string, keys ...string) string {
	b := []byte(text)
	if jsonrpc.Valid(b) != nil {
		return ""
	}
	return string(jsonrpc.Get(b, jsonrpc.All(b), keys...).In(b))
}

// Client is an MCP client that says what it is told, byte for byte.
type Client struct {
	hub    *Hub
	url    string
	modern bool
	Header http.Header // of every request
	Greet  Answer      // to initialize, of a legacy client
}

// Raw returns a client without a session that sends JSON and takes all.
func (h *Hub) Raw(path string) *Client {
	return &Client{hub: h, url: h.URL + path, Header: http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
	}}
}

// Legacy returns a client of revision 2025-11-25 with a session, and with these capabilities.
func (h *Hub) Legacy(path, capabilities string) *Client {
	h.t.Helper()
	c := h.Raw(path)
	c.Greet = c.Send(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":` + capabilities + `,"clientInfo":{"name":"test","version":"1"}}}`)
	if c.Greet.Status != http.StatusOK || c.Greet.Header.Get("Mcp-Session-Id") == "" {
		h.t.Fatalf("initialize: %d %s", c.Greet.Status, c.Greet.Text())
	}
	c.Header.Set("Mcp-Session-Id", c.Greet.Header.Get("Mcp-Session-Id"))
	c.Header.Set("MCP-Protocol-Version", "2025-11-25")
	if a := c.Send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`); a.Status != http.StatusAccepted {
		h.t.Fatalf("notifications/initialized: %d %s", a.Status, a.Text())
	}
	return c
}

// Modern returns a client of revision 2026-07-28.
func (h *Hub) Modern(path string) *Client {
	c := h.Raw(path)
	c.modern = true
	c.Header.Set("MCP-Protocol-Version", "2026-07-28")
	return c
}

// ModernMeta are the members of _meta that a modern client sends with every request.
const ModernMeta = `"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"test","version":"1"}`

// Message returns a request as the client sends it: a modern one puts its members in front into the _meta of params,
// an object, which is the first member if it is there.
func (c *Client) Message(id, method, params string) string {
	if rest, ok := strings.CutPrefix(params, `{"_meta":{`); c.modern && ok {
		params = `{"_meta":{` + ModernMeta + comma(rest) + rest
	} else if c.modern {
		params = `{"_meta":{` + ModernMeta + `}` + comma(params[1:]) + params[1:]
	}
	return `{"jsonrpc":"2.0","id":` + id + `,"method":` + quote(method) + `,"params":` + params + `}`
}

// comma is what stands between a member and the rest of its object.
func comma(rest string) string {
	if rest[0] == '}' {
		return ""
	}
	return ","
}

// Call sends a request and returns the whole answer.
func (c *Client) Call(id, method, params string) Answer {
	c.hub.t.Helper()
	return c.Send(c.Message(id, method, params))
}

// Tool calls a tool with raw arguments and returns the whole answer.
func (c *Client) Tool(name, arguments string) Answer {
	c.hub.t.Helper()
	return c.Call("1", "tools/call", `{"name":`+quote(name)+`,"arguments":`+arguments+`}`)
}

// Act has a fixture server do something, as a method of its own (see [Script]); the path must be that server's.
func (c *Client) Act(name, arguments string) Answer {
	c.hub.t.Helper()
	return c.Call("1", Act, `{"name":`+quote(name)+`,"arguments":`+arguments+`}`)
}

// Send posts a text and returns the whole answer.
func (c *Client) Send(text string) Answer {
	c.hub.t.Helper()
	ctx, cancel := context.WithTimeout(c.hub.t.Context(), Patience)
	defer cancel()
	resp, err := c.do(ctx, http.MethodPost, text)
	if err != nil {
		c.hub.t.Fatalf("post: %v", err)
	}
	defer resp.Body.Close()
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	if isStream(resp) {
		for events := sse.NewReader(resp.Body, 64<<20); ; {
			e, err := events.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					c.hub.t.Errorf("read the stream: %v", err)
				}
				return a
			}
			a.Messages = append(a.Messages, string(e.Data))
		}
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.hub.t.Fatalf("read the answer: %v", err)
	}
	if len(body) > 0 {
		a.Messages = []string{string(body)}
	}
	return a
}

func isStream(resp *http.Response) bool {
	return strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream")
}

// do makes one HTTP request with the client's headers and, of a modern client, those that repeat the body.
func (c *Client) do(ctx context.Context, method, text string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.url, strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	if c.modern {
		var m struct {
			Method string
			Params struct{ Name, URI, TaskID string }
		}
		_ = json.Unmarshal([]byte(text), &m)
		req.Header.Set("Mcp-Method", m.Method)
		if name := m.Params.Name + m.Params.URI + m.Params.TaskID; name != "" {
			req.Header.Set("Mcp-Name", name)
		}
	}
	for key, values := range c.Header {
		req.Header[key] = values
	}
	if host := c.Header.Get("Host"); host != "" {
		req.Host = host
	}
	return http.DefaultClient.Do(req)
}

// Do makes a request without a body and returns the whole answer.
func (c *Client) Do(method string) Answer {
	c.hub.t.Helper()
	ctx, cancel := context.WithTimeout(c.hub.t.Context(), Patience)
	defer cancel()
	resp, err := c.do(ctx, method, "")
	if err != nil {
		c.hub.t.Fatalf("%s: %v", method, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.hub.t.Fatalf("%s: read the answer: %v", method, err)
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Messages: []string{string(body)}}
}

// Stream is an HTTP response that is read as it comes.
type Stream struct {
	Status   int
	hub      *Hub
	cancel   context.CancelFunc
	messages chan string
}

// Open posts a text and returns the answer as it comes.
func (c *Client) Open(text string) *Stream {
	c.hub.t.Helper()
	return c.open(http.MethodPost, text)
}

// Start sends a request and returns the answer as it comes.
func (c *Client) Start(id, method, params string) *Stream {
	c.hub.t.Helper()
	return c.Open(c.Message(id, method, params))
}

// Listen opens the stream that GET gives. Where that begins with an endpoint event, as that of HTTP+SSE does, its data
// is the first message.
func (c *Client) Listen() *Stream {
	c.hub.t.Helper()
	return c.open(http.MethodGet, "")
}

// open returns at once: the head of a response to a call that takes long comes with its first frame.
func (c *Client) open(method, text string) *Stream {
	c.hub.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(c.hub.t.Context()))
	s := &Stream{hub: c.hub, cancel: cancel, messages: make(chan string, 10_000)}
	opened, ended := make(chan struct{}), make(chan struct{})
	c.hub.t.Cleanup(func() {
		cancel()
		<-ended
	})
	go func() {
		defer close(ended)
		defer close(s.messages)
		resp, err := c.do(ctx, method, text)
		if err != nil {
			close(opened)
			return
		}
		defer resp.Body.Close()
		s.Status = resp.StatusCode
		close(opened)
		if !isStream(resp) {
			body, _ := io.ReadAll(resp.Body)
			if len(bytes.TrimSpace(body)) > 0 {
				s.messages <- string(body)
			}
			return
		}
		for events := sse.NewReader(resp.Body, 64<<20); ; {
			e, err := events.Next()
			if err != nil {
				return
			}
			s.messages <- string(e.Data)
		}
	}()
	if method == http.MethodGet {
		select {
		case <-opened:
		case <-time.After(Patience):
			c.hub.t.Fatal("the stream does not begin")
		}
	}
	return s
}

// Close breaks the response off, as a client does that is gone.
func (s *Stream) Close() { s.cancel() }

// Next returns the next message; the test fails if none comes.
func (s *Stream) Next() string {
	s.hub.t.Helper()
	text, ok := s.next(Patience)
	if !ok {
		s.hub.t.Fatal("no more messages came on the stream")
	}
	return text
}

func (s *Stream) next(patience time.Duration) (string, bool) {
	select {
	case text, ok := <-s.messages:
		return text, ok
	case <-time.After(patience):
		return "", false
	}
}

// Rest returns the messages up to the end of the response.
func (s *Stream) Rest() []string {
	s.hub.t.Helper()
	var all []string
	for end := time.After(Patience); ; {
		select {
		case text, ok := <-s.messages:
			if !ok {
				return all
			}
			all = append(all, text)
		case <-end:
			s.hub.t.Fatalf("the stream does not end; so far: %q", all)
		}
	}
}

// Quiet fails the test if a message comes within a moment.
func (s *Stream) Quiet(moment time.Duration) {
	s.hub.t.Helper()
	if text, ok := s.next(moment); ok {
		s.hub.t.Errorf("a message came that should not: %s", text)
	}
}

// CloseIdle closes the connections of all clients that no request uses.
func CloseIdle() { http.DefaultClient.CloseIdleConnections() }

// Token makes a client's token with limits, the members of POST /api/v2/tokens beside the name. The hub must let this
// process in without one.
func (h *Hub) Token(name, limits string) string {
	h.t.Helper()
	body := `{"name":` + quote(name)
	if limits != "" {
		body += "," + limits
	}
	a := h.Raw("/api/v2/tokens").Send(body + "}")
	var token string
	if err := json.Unmarshal([]byte(a.Get("token")), &token); err != nil || a.Status != http.StatusCreated {
		h.t.Fatalf("make a token: %d %s", a.Status, a.Text())
	}
	return token
}
