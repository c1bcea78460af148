package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"mcphub/hub/catalog"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/upstream"
)

// builtinName is the name of the server that the hub itself is.
const builtinName = "hub"

const builtinInstructions = "These tools manage the MCP servers behind this hub: what runs, what failed and why, and which tools there are."

// builtin is the hub as one of its own servers.
type builtin struct {
	version string
	set     *upstream.Set
	catalog *catalog.Catalog
}

// dial opens a connection to the hub itself.
func (b *builtin) dial(ctx context.Context, _ string) (upstream.Conn, error) {
	s := server.NewMCPServer("mcp-hub", b.version, server.WithToolCapabilities(false), server.WithInstructions(builtinInstructions))
	name := mcp.WithString("server", mcp.Required(), mcp.Description("Name of the server, as list_servers gives it"))
	yes, no := true, false
	reading := mcp.WithToolAnnotation(mcp.ToolAnnotation{ReadOnlyHint: &yes, OpenWorldHint: &no})
	acting := mcp.WithToolAnnotation(mcp.ToolAnnotation{ReadOnlyHint: &no, DestructiveHint: &no, IdempotentHint: &yes, OpenWorldHint: &no})
	s.AddTool(mcp.NewTool("list_servers", reading,
		mcp.WithDescription("List the MCP servers behind this hub with their state, their health, and what to do about those that do not run.")), b.listServers)
	s.AddTool(mcp.NewTool("server_log", reading, name,
		mcp.WithDescription("Read the last lines that a server wrote on its standard error, and the hub's notes on it."),
		mcp.WithNumber("lines", mcp.Description("How many lines at the most, default 50"))), b.serverLog)
	s.AddTool(mcp.NewTool("start_server", acting, name,
		mcp.WithDescription("Start a server that is stopped, or try a failed one again. Its configuration file is not changed.")), b.start)
	s.AddTool(mcp.NewTool("stop_server", acting, name,
		mcp.WithDescription("Stop a server until it is started again. Its configuration file is not changed.")), b.stop)
	s.AddTool(mcp.NewTool("search_tools", reading,
		mcp.WithDescription("Find tools of all servers by words in their names and descriptions. The names returned can be called as they are."),
		mcp.WithString("query", mcp.Required(), mcp.Description("Words to look for")),
		mcp.WithNumber("limit", mcp.Description("How many tools at the most, default 10"))), b.searchTools)

	c := &localConn{server: s, done: make(chan struct{})}
	hello, err := c.Do(ctx, &upstream.Request{
		Method: "initialize",
		Params: fmt.Appendf(nil, `{"protocolVersion":%q,"capabilities":{},"clientInfo":{"name":"mcp-hub","version":%q}}`, upstream.LegacyVersion, b.version),
	})
	if err != nil {
		return nil, err
	}
	c.hello, err = upstream.NewHello(hello.Result.In(hello.Raw), false, "")
	return c, err
}

func (b *builtin) listServers(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	type row struct {
		Name      string          `json:"name"`
		State     upstream.State  `json:"state"`
		Health    upstream.Health `json:"health"`
		Tools     int             `json:"tools"`
		Resources int             `json:"resources"`
		Prompts   int             `json:"prompts"`
	}
	rows := []row{}
	for _, s := range b.set.List() {
		st, lists := s.Status(), s.Lists()
		rows = append(rows, row{st.Name, st.State, st.Health, len(lists.Tools), len(lists.Resources) + len(lists.Templates), len(lists.Prompts)})
	}
	return structured(map[string]any{"servers": rows})
}

func (b *builtin) serverLog(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	s, problem := b.find(r)
	if problem != nil {
		return problem, nil
	}
	lines := s.Log()
	lines = lines[max(0, len(lines)-max(1, r.GetInt("lines", 50))):]
	if len(lines) == 0 {
		return mcp.NewToolResultText("The log is empty."), nil
	}
	var text strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&text, "%s %s\n", l.Time.Format(time.RFC3339), l.Text)
	}
	return mcp.NewToolResultText(text.String()), nil
}

func (b *builtin) start(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	s, problem := b.find(r)
	if problem != nil {
		return problem, nil
	}
	s.Start()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := s.Settled(ctx, true); err != nil && ctx.Err() == nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	return structured(map[string]any{"server": s.Name(), "state": s.Status().State, "health": s.Status().Health})
}

func (b *builtin) stop(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	s, problem := b.find(r)
	if problem != nil {
		return problem, nil
	}
	if s.Name() == builtinName {
		return mcp.NewToolResultError("The hub does not stop itself. To be rid of these tools, set \"hub\": {\"builtin\": false} in its configuration."), nil
	}
	s.Stop()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_ = s.Settled(ctx, false) // if it takes longer, its state says so
	return structured(map[string]any{"server": s.Name(), "state": s.Status().State, "health": s.Status().Health})
}

// find returns the server that a call names, or the result that says why there is none.
func (b *builtin) find(r mcp.CallToolRequest) (*upstream.Server, *mcp.CallToolResult) {
	name := r.GetString("server", "")
	if s := b.set.Get(name); s != nil {
		return s, nil
	}
	var names []string
	for _, s := range b.set.List() {
		names = append(names, s.Name())
	}
	return nil, mcp.NewToolResultError(fmt.Sprintf("There is no server %q. The servers are: %s.", name, strings.Join(names, ", ")))
}

func (b *builtin) searchTools(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	type hit struct {
		Name        string `json:"name"`
		Server      string `json:"server"`
		Description string `json:"description,omitempty"`
		score       int
	}
	words := strings.Fields(strings.ToLower(r.GetString("query", "")))
	if len(words) == 0 {
		return mcp.NewToolResultError("Give at least one word in query."), nil
	}
	hits := []hit{}
	b.catalog.All().Each(catalog.Tools, func(name string, item *catalog.Item) {
		if item.Server.Name() == builtinName {
			return
		}
		h := hit{Name: name, Server: item.Server.Name()}
		h.Description = jsonrpc.String(jsonrpc.Get(item.Raw, jsonrpc.All(item.Raw), "description").In(item.Raw))
		inName, inText := strings.ToLower(name), strings.ToLower(h.Description)
		for _, w := range words {
			if strings.Contains(inName, w) {
				h.score += 3
			}
			if strings.Contains(inText, w) {
				h.score++
			}
		}
		if h.score > 0 {
			hits = append(hits, h)
		}
	})
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.score, a.score) })
	found := len(hits)
	return structured(map[string]any{"tools": hits[:min(found, max(1, r.GetInt("limit", 10)))], "found": found})
}

func structured(v any) (*mcp.CallToolResult, error) {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, err
	}
	return mcp.NewToolResultStructured(v, string(text)), nil
}

// localConn is a connection to a server in this process.
type localConn struct {
	server *server.MCPServer
	hello  *upstream.Hello
	lastID atomic.Int64
	once   sync.Once
	done   chan struct{}
}

// Do implements upstream.Conn.
func (c *localConn) Do(ctx context.Context, req *upstream.Request) (jsonrpc.Message, error) {
	id := strconv.FormatInt(c.lastID.Add(1), 10)
	answer := c.server.HandleMessage(ctx, jsonrpc.AppendRequest(nil, []byte(id), req.Method, req.Params))
	if ctx.Err() != nil {
		return jsonrpc.Message{}, context.Cause(ctx)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return jsonrpc.Message{}, fmt.Errorf("%s: %w", req.Method, err)
	}
	return jsonrpc.Scan(text)
}

// Notify implements upstream.Conn. No notification means anything to the hub's own tools.
func (c *localConn) Notify(context.Context, string, []byte) error { return nil }

// Hello implements upstream.Conn.
func (c *localConn) Hello() *upstream.Hello { return c.hello }

// Done implements upstream.Conn.
func (c *localConn) Done() <-chan struct{} { return c.done }

// Err implements upstream.Conn.
func (c *localConn) Err() error {
	select {
	case <-c.done:
		return errors.New("closed by the hub")
	default:
		return nil
	}
}

// Close implements upstream.Conn.
func (c *localConn) Close(context.Context) error {
	c.once.Do(func() { close(c.done) })
	return nil
}
