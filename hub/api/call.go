package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"mcphub/hub/access"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/record"
	"mcphub/hub/upstream"
)

// Codes of JSON-RPC errors that clients know from mcp-hub. No server sends them; the caller's side makes them.
const (
	codeClosed  = -32000
	codeTimeout = -32001
)

// defaultTimeout is how long a call may take if the client does not say.
const defaultTimeout = time.Minute

// target is one kind of thing that servers are asked for.
type target struct {
	kind      record.Kind
	field     field  // that names it in a request
	operation string // what asking for it is called in errors
	code      string // of errors
	method    string // of MCP
	param     string // that names it in the method's params
	safe      bool   // asking twice does no harm
	list      func(*upstream.Lists) [][]byte
	missing   string // what is said if it is not in the list
	available string // what the names in the list are called then
}

var (
	tool = target{
		record.Tool, toolField, "tool_call", "TOOL_ERROR", "tools/call", "name", false,
		func(l *upstream.Lists) [][]byte { return l.Tools }, "Tool not found", "availableTools",
	}
	prompt = target{
		record.Prompt, promptField, "get_prompt", "TOOL_ERROR", "prompts/get", "name", true,
		func(l *upstream.Lists) [][]byte { return l.Prompts }, "Prompt not found", "availablePrompts",
	}
	// Servers know more resources than they list, so the list is not looked into.
	resource = target{kind: record.Resource, field: uriField, operation: "resource_read", code: "RESOURCE_ERROR", method: "resources/read", param: "uri", safe: true}
)

func (a *rest) callTool(r *http.Request) (any, error)     { return a.call(r, &tool) }
func (a *rest) getPrompt(r *http.Request) (any, error)    { return a.call(r, &prompt) }
func (a *rest) readResource(r *http.Request) (any, error) { return a.call(r, &resource) }

// call asks a server for what a request names, and answers with the server's own result.
func (a *rest) call(r *http.Request, t *target) (answer any, err error) {
	b, err := read(r, serverField, t.field)
	if err != nil {
		return nil, err
	}
	c := call{target: t, version: a.Version, to: b.text(serverField.name), name: b.text(t.field.name), limits: limitsOf(b)}
	a.begin(r, &c)
	defer func() { a.end(&c, err) }()
	data := object{"server": c.to, t.field.name: c.name}
	if c.server = a.server(c.to); c.server == nil {
		data["operation"] = t.operation
		return nil, noServer(data)
	}
	if err := a.allowed(access.From(r.Context()), c.server, t, c.name); err != nil {
		return nil, err
	}
	ctx := c.limit(r.Context())
	defer c.stop()
	conn, err := c.server.Conn(ctx)
	if err != nil {
		return nil, c.failed(err, data)
	}
	if t.list != nil {
		var names []string
		if c.item, names = c.find(); c.item == nil {
			data[t.available] = names
			return nil, failed(t.code, t.missing, data)
		}
		if c.arguments = b.get("arguments"); c.arguments == nil || string(c.arguments) == "null" {
			c.arguments = []byte("{}")
		}
		data["args"] = raw(c.arguments)
		if kind := jsonrpc.Type(c.arguments); kind != '{' && kind != '[' { // of an array, the server shall say what is wrong
			return nil, failed(t.code, "Invalid arguments", data)
		}
	}
	m, err := c.ask(ctx, conn)
	if err != nil {
		return nil, c.failed(err, data)
	}
	upstream.Answered(&c.record, &m)
	if f := m.Fault(); f != nil {
		return nil, faulty(f, data)
	}
	result := m.Result.In(m.Raw)
	text := append(make([]byte, 0, len(result)+64), `{"result":`...)
	text = append(append(text, result...), `,"timestamp":"`+now()+`"}`...)
	return raw(text), nil
}

// call is one request of a client to a server.
type call struct {
	*target
	limits
	version   string // of the hub
	to        string // the server's name
	server    *upstream.Server
	name      string // of what is asked for
	item      []byte // its definition, if it has to be listed
	arguments []byte // raw
	progress  func() // called when the server tells of progress
	stop      func() // ends the call's limits
	record    record.Call
	trace     map[string]string // what the server is given in _meta
}

// find returns the definition of what is asked for, nil if the server has none, and the names of what it has.
func (c *call) find() (item []byte, names []string) {
	names = []string{}
	for _, def := range c.list(c.server.Lists()) {
		name := jsonrpc.String(jsonrpc.Get(def, jsonrpc.All(def), "name").In(def))
		if names = append(names, name); name == c.name {
			item = def
		}
	}
	return item, names
}

// ask asks the server. A request that did not reach it, or may be made twice, is made once more if the connection
// ended: the server is then being restarted.
func (c *call) ask(ctx context.Context, conn upstream.Conn) (jsonrpc.Message, error) {
	m, err := c.do(ctx, conn)
	if again := errors.Is(err, upstream.ErrNotSent) || c.safe && errors.Is(err, upstream.ErrClosed); !again || ctx.Err() != nil {
		return m, err
	}
	select { // until the server's owner has noticed too
	case <-conn.Done():
	case <-ctx.Done():
	}
	conn, err = c.server.Conn(ctx)
	if err != nil {
		return m, err
	}
	return c.do(ctx, conn)
}

func (c *call) do(ctx context.Context, conn upstream.Conn) (jsonrpc.Message, error) {
	asking := time.Now()
	defer func() { c.record.InServer += time.Since(asking) }()
	return conn.Do(ctx, c.request(conn))
}

// request makes the request in the server's era.
func (c *call) request(conn upstream.Conn) *upstream.Request {
	modern := conn.Hello().Modern
	meta := []byte("{}")
	if modern {
		meta = upstream.OwnMeta(c.version)
	}
	if c.reset {
		meta = jsonrpc.Splice(nil, meta, jsonrpc.Prepend(meta, jsonrpc.All(meta), `"progressToken":1`))
	}
	for key, value := range c.trace {
		member := jsonrpc.AppendString(append(jsonrpc.AppendString(nil, key), ':'), value)
		meta = jsonrpc.Splice(nil, meta, jsonrpc.Prepend(meta, jsonrpc.All(meta), string(member)))
	}
	params := []byte("{")
	if len(meta) > len("{}") {
		params = append(append(append(params, `"_meta":`...), meta...), ',')
	}
	params = append(jsonrpc.AppendString(params, c.param), ':')
	params = jsonrpc.AppendString(params, c.name)
	if c.arguments != nil {
		params = append(append(params, `,"arguments":`...), c.arguments...)
	}
	params = append(params, '}')
	q := &upstream.Request{Method: c.method, Params: params, Name: c.name}
	if c.reset {
		q.Token = jsonrpc.Get(params, jsonrpc.All(params), "_meta", "progressToken")
	}
	q.Frames = func(f upstream.Frame) {
		if f.Reply != nil {
			upstream.Refuse(f, "nobody can answer this during a call over REST")
		} else if f.Name() == "notifications/progress" {
			c.progress()
		}
	}
	if modern && c.target == &tool && bytes.Contains(c.item, []byte("x-mcp-header")) {
		var def mcp.Tool
		if json.Unmarshal(c.item, &def) == nil { // if not, the server has to do without its headers
			q.Header = http.Header{}
			for name, value := range mcp.GenerateParamHeaders(&def, params) {
				q.Header.Set(name, value)
			}
		}
	}
	return q
}

// failed says why a call got no answer.
func (c *call) failed(err error, data object) error {
	var unavailable *upstream.UnavailableError
	var fault *jsonrpc.Fault
	upstream.Unanswered(&c.record, err)
	switch {
	case errors.As(err, &unavailable):
		st := c.server.Status()
		data["health"] = unavailable.Health
		if st.State == upstream.Authorizing || st.State == upstream.Starting {
			data["status"] = status(st.State)
			return failed(c.code, "Server not connected", data)
		}
		return failed(c.code, "Server not initialized", data)
	case errors.As(err, &fault): // a limit
		c.record.Outcome = record.Timeout
		return faulty(fault, data)
	case errors.Is(err, upstream.ErrClosed):
		return faulty(&jsonrpc.Fault{Code: codeClosed, Message: fmt.Sprintf("Connection closed: %v", err)}, data)
	}
	return failed(c.code, err.Error(), data)
}

// limits bounds how long a call may take, as request_options says.
type limits struct {
	timeout time.Duration // without an answer, or without progress if reset
	reset   bool
	total   time.Duration // in any case; 0 for no such bound
}

func limitsOf(b body) limits {
	milliseconds := func(key string, otherwise time.Duration) time.Duration {
		ms, err := strconv.ParseFloat(string(b.get("request_options", key)), 64)
		if err != nil || ms <= 0 {
			return otherwise
		}
		return time.Duration(min(ms, float64(24*time.Hour/time.Millisecond)) * float64(time.Millisecond))
	}
	return limits{
		timeout: milliseconds("timeout", defaultTimeout),
		reset:   string(b.get("request_options", "resetTimeoutOnProgress")) == "true",
		total:   milliseconds("maxTotalTimeout", 0),
	}
}

// limit returns the context of a call, which ends with a *jsonrpc.Fault as its cause if a limit is reached. The caller
// must call stop in the end.
func (c *call) limit(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	after := func(d time.Duration, what, key string) *time.Timer {
		return time.AfterFunc(d, func() {
			cancel(&jsonrpc.Fault{Code: codeTimeout, Message: what, Data: fmt.Appendf(nil, `{%q:%d}`, key, d.Milliseconds())})
		})
	}
	idle := after(c.timeout, "Request timed out", "timeout")
	total := time.AfterFunc(0, func() {})
	if c.total > 0 {
		total = after(c.total, "Maximum total timeout exceeded", "maxTotalTimeout")
	}
	c.progress = func() {
		if c.reset {
			idle.Reset(c.timeout)
		}
	}
	c.stop = func() {
		idle.Stop()
		total.Stop()
		cancel(nil)
	}
	return ctx
}
