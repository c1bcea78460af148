// Package client owns talking to a running hub from outside: its REST routes, its live stream of events, and its MCP
// endpoint for clients that only speak stdio.
//
// It must not know how the hub works inside: what it knows stands in the hub's HTTP surface.
package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ErrUnreachable says that nothing answers at the hub's address.
var ErrUnreachable = errors.New("no hub answers")

// Error is a refusal in the hub's own words.
type Error struct {
	Status  int             // of HTTP
	Code    string          // a word such as SERVER_ERROR, or the number of a JSON-RPC error
	Message string          // for a person
	Data    json.RawMessage // an object with more, which may be empty
}

// Error returns the message and the code.
func (e *Error) Error() string {
	if e.Code == "" {
		return e.Message
	}
	return e.Message + " (" + e.Code + ")"
}

// maxAnswer is how many bytes an answer of the hub may have.
const maxAnswer = 256 << 20

// Client talks to one hub. It is safe for concurrent use.
type Client struct {
	address string // as it was given
	base    string // what stands before the paths of requests
	http    *http.Client
}

// New returns a client of the hub at an address such as "http://localhost:37373", where the scheme may be missing, or
// "unix:///run/user/1000/hub.sock". It connects when it is used.
func New(address string, options ...Option) *Client {
	address = strings.TrimRight(address, "/")
	if !strings.Contains(address, "://") && !strings.HasPrefix(address, "unix:") {
		address = "http://" + address
	}
	e, base := newEntry(address, options)
	return &Client{address: address, base: base, http: &http.Client{Transport: e}}
}

// URL returns the address of the hub, without a slash at its end.
func (c *Client) URL() string { return c.address }

// Close closes the connections that nothing uses. The client can be used on.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Server is a managed server as the routes of mcp-hub show it, with the definitions of all that it offers.
type Server struct {
	Name             string          `json:"name"`
	DisplayName      string          `json:"displayName"`
	Description      string          `json:"description"`
	TransportType    string          `json:"transportType"` // "stdio", or "sse" for all that is reached over HTTP
	Status           string          `json:"status"`        // connected, connecting, disconnected, unauthorized or disabled
	Error            string          `json:"error"`         // why it is not connected, empty if nothing is wrong
	Capabilities     Capabilities    `json:"capabilities"`
	Uptime           int64           `json:"uptime"` // in whole seconds
	AuthorizationURL string          `json:"authorizationUrl"`
	ConfigSource     string          `json:"config_source"` // the configuration file, exactly as the hub was given it
	Raw              json.RawMessage `json:"-"`             // the object as the hub sent it
}

// UnmarshalJSON reads a server and keeps its text.
func (s *Server) UnmarshalJSON(text []byte) error {
	type plain Server
	if err := json.Unmarshal(text, (*plain)(s)); err != nil {
		return err
	}
	s.Raw = bytes.Clone(text)
	return nil
}

// Capabilities is what a server offers: definitions as the server gave them.
type Capabilities struct {
	Tools             []json.RawMessage `json:"tools"`
	Resources         []json.RawMessage `json:"resources"`
	ResourceTemplates []json.RawMessage `json:"resourceTemplates"`
	Prompts           []json.RawMessage `json:"prompts"`
}

// Health is how the hub is.
type Health struct {
	State         string   `json:"state"` // starting, ready, restarting, restarted or stopping
	Version       string   `json:"hubVersion"`
	ActiveClients int      `json:"activeClients"` // of the live stream
	Servers       []Server `json:"servers"`
	Endpoint      struct {
		ActiveClients int `json:"activeClients"`
	} `json:"mcpEndpoint"`
	Raw json.RawMessage `json:"-"` // the object as the hub sent it
}

// Health asks how the hub is. The error is an [Error] if what answers there is no hub.
func (c *Client) Health(ctx context.Context) (Health, error) {
	var h Health
	raw, err := c.do(ctx, http.MethodGet, "/api/health", nil, &h)
	h.Raw = raw
	return h, err
}

// Version is what the hub knows of its own version.
type Version struct {
	Version string // the hub's own
	Feed    string // where it looks for newer ones; empty: it does not
	Error   string // why it could not the last time
	Newer   *struct {
		Version string
		Date    string // such as 2026-11-28
		Notes   string // address of a page about it, or empty
	} // nil if the hub knows of none
}

// Version asks the hub for its version, and whether it knows of a newer one.
func (c *Client) Version(ctx context.Context) (Version, error) {
	var v Version
	_, err := c.do(ctx, http.MethodGet, "/api/v2/version", nil, &v)
	return v, err
}

// Servers lists the servers that stand in the hub's configuration.
func (c *Client) Servers(ctx context.Context) ([]Server, error) {
	var answer struct{ Servers []Server }
	_, err := c.do(ctx, http.MethodGet, "/api/servers", nil, &answer)
	return answer.Servers, err
}

// Info returns one of them.
func (c *Client) Info(ctx context.Context, server string) (Server, error) {
	var answer struct{ Server Server }
	_, err := c.do(ctx, http.MethodPost, "/api/servers/info", map[string]string{"server_name": server}, &answer)
	return answer.Server, err
}

// Workspaces returns the register of the hubs that run on the hub's machine: a JSON object of entries by port.
func (c *Client) Workspaces(ctx context.Context) (json.RawMessage, error) {
	var answer struct{ Workspaces json.RawMessage }
	_, err := c.do(ctx, http.MethodGet, "/api/workspaces", nil, &answer)
	return answer.Workspaces, err
}

// Call is one request to a server through the hub.
type Call struct {
	Server    string
	Name      string          // of the tool or prompt, or the URI of the resource, as the server itself names it
	Arguments json.RawMessage // an object, nil for none
	Timeout   time.Duration   // without an answer; 0 for the hub's own limit, a minute
}

// CallTool calls a tool and returns the server's raw result. That the tool failed stands in the result.
func (c *Client) CallTool(ctx context.Context, q Call) (json.RawMessage, error) {
	return c.call(ctx, "/api/servers/tools", "tool", q)
}

// GetPrompt gets a prompt and returns the server's raw result.
func (c *Client) GetPrompt(ctx context.Context, q Call) (json.RawMessage, error) {
	return c.call(ctx, "/api/servers/prompts", "prompt", q)
}

// ReadResource reads a resource and returns the server's raw result.
func (c *Client) ReadResource(ctx context.Context, q Call) (json.RawMessage, error) {
	return c.call(ctx, "/api/servers/resources", "uri", q)
}

func (c *Client) call(ctx context.Context, path, field string, q Call) (json.RawMessage, error) {
	body := map[string]any{"server_name": q.Server, field: q.Name}
	if q.Arguments != nil {
		body["arguments"] = q.Arguments
	}
	if q.Timeout > 0 {
		body["request_options"] = map[string]int64{"timeout": q.Timeout.Milliseconds()}
	}
	var answer struct{ Result json.RawMessage }
	_, err := c.do(ctx, http.MethodPost, path, body, &answer)
	return answer.Result, err
}

// do asks one route, with headers as pairs of a name and a value, and reads its answer into one if that is not nil. It
// returns the answer's text.
func (c *Client) do(ctx context.Context, method, path string, body, into any, headers ...string) (json.RawMessage, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("write the request: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("the hub's address: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "mcp-hub") // the history tells calls of the command line by it
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.send(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the hub's answer: %w", err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return nil, refusal(resp.StatusCode, answer)
	}
	if resp.StatusCode == http.StatusNoContent {
		return nil, nil
	}
	if !json.Valid(answer) {
		return nil, &Error{Status: resp.StatusCode, Message: "what answers at " + c.address + " is not MCP Hub: check the address"}
	}
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			return nil, fmt.Errorf("read the answer of %s: %w", path, err)
		}
	}
	return answer, nil
}

// send sends a request. Its error is ErrUnreachable unless the request's context ended.
func (c *Client) send(req *http.Request) (*http.Response, error) {
	resp, err := c.http.Do(req)
	if err == nil {
		return resp, nil
	}
	if ctx := req.Context(); ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return nil, c.unreachable(err)
}

func (c *Client) unreachable(err error) error {
	if request, ok := errors.AsType[*url.Error](err); ok {
		err = request.Err // the address is told anyway
	}
	return fmt.Errorf("%w at %s: %w; start it with \"mcp-hub\", or see whether the address is right", ErrUnreachable, c.address, err)
}

// refusal reads the hub's error.
func refusal(status int, text []byte) error {
	var e struct {
		Error string
		Code  any
		Data  json.RawMessage
	}
	if json.Unmarshal(text, &e) != nil || e.Error == "" {
		return &Error{Status: status, Message: fmt.Sprintf("the answer was HTTP %d: is it MCP Hub?", status)}
	}
	return &Error{Status: status, Code: fmt.Sprint(cmp.Or[any](e.Code, "")), Message: e.Error, Data: e.Data}
}
