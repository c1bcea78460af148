package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"mcphub/hub/access"
	"mcphub/hub/catalog"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/record"
	"mcphub/hub/upstream"
)

// request is one request of a client that is being answered.
type request struct {
	jsonrpc.Message
	method  string
	view    *catalog.View
	modern  bool
	session *session    // of a legacy client
	header  http.Header // of a modern client
	level   string      // the log level that a modern client asked for in this request
	client  modernClient
	who     *access.Principal // who it is, if it is a modern client
	out     responder
	record  record.Call
	trace   map[string]string // what the server is given in _meta
}

func (q *request) id() []byte { return q.ID.In(q.Raw) }

// params returns the request's params, an empty object if it has none.
func (q *request) params() []byte {
	if p := q.Params.In(q.Raw); p != nil {
		return p
	}
	return []byte("{}")
}

// status is the HTTP status of an error response: 200 for legacy clients, the specification's for modern ones
// (2026-07-28, "Streamable HTTP").
func (q *request) status(code int) int {
	if q.modern {
		switch code {
		case jsonrpc.CodeMethodNotFound:
			return http.StatusNotFound
		case jsonrpc.CodeParseError, jsonrpc.CodeInvalidRequest, jsonrpc.CodeInvalidParams, mcp.HEADER_MISMATCH,
			mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, mcp.UNSUPPORTED_PROTOCOL_VERSION:
			return http.StatusBadRequest
		}
	}
	return http.StatusOK
}

// hop is the way of a request to one server.
type hop struct {
	server *upstream.Server
	name   string        // the server's own name of what is asked for; empty if nothing is named
	edit   *jsonrpc.Edit // in the params: the server's own name instead of the hub's; nil if they are the same
	tool   *mcp.Tool     // if it asks for parameters in headers
	safe   bool          // asking twice does no harm
}

// serve answers a request whose envelope and headers are in order.
func (g *Gateway) serve(ctx context.Context, q *request) {
	if _, recorded := kindOf[q.method]; recorded {
		g.begin(ctx, q)
		defer g.end(q)
	}
	switch q.method {
	case "tools/list":
		g.list(q, catalog.Tools)
	case "prompts/list":
		g.list(q, catalog.Prompts)
	case "resources/list":
		g.list(q, catalog.Resources)
	case "resources/templates/list":
		g.list(q, catalog.Templates)
	case "tools/call":
		g.named(ctx, q, catalog.Tools, "tool")
	case "prompts/get":
		g.named(ctx, q, catalog.Prompts, "prompt")
	case "resources/read":
		g.read(ctx, q)
	case "completion/complete":
		g.complete(ctx, q)
	default:
		if q.view.Only != nil { // the client talks to that server alone, so what the hub does not know passes
			p := q.params()
			name := jsonrpc.String(jsonrpc.Get(p, jsonrpc.All(p), nameParam[q.method]).In(p))
			g.forward(ctx, q, hop{server: q.view.Only, name: name})
			return
		}
		fault(q, &jsonrpc.Fault{Code: jsonrpc.CodeMethodNotFound, Message: "method not found: " + q.method})
	}
}

var listKeys = map[catalog.Kind]string{
	catalog.Tools: "tools", catalog.Prompts: "prompts", catalog.Resources: "resources", catalog.Templates: "resourceTemplates",
}

// list answers with ready bytes.
func (g *Gateway) list(q *request, k catalog.Kind) {
	var cursor string
	if q.Params.Present() {
		cursor = jsonrpc.String(jsonrpc.Get(q.Raw, q.Params, "cursor").In(q.Raw))
	}
	page, err := q.view.List(k, q.modern, cursor)
	if err != nil {
		fault(q, &jsonrpc.Fault{Code: jsonrpc.CodeInvalidParams, Message: err.Error()})
		return
	}
	if k == catalog.Tools {
		g.asked(q, cursor, page.Next)
	}
	var tail []byte
	if page.Next != "" {
		tail = jsonrpc.AppendString(append(tail, `,"nextCursor":`...), page.Next)
	}
	head := `,"result":{"`
	if q.modern {
		head = `,"result":{"resultType":"complete","`
		tail = append(append(tail, `,"ttlMs":0,"cacheScope":"private",`...), g.ownMeta(q.view)...)
	}
	q.out.parts([]byte(`{"jsonrpc":"2.0","id":`), q.id(), []byte(head+listKeys[k]+`":`), page.Items, append(tail, "}}"...))
}

// asked notes that a client was given a page of its tools.
func (g *Gateway) asked(q *request, cursor, next string) {
	if q.modern {
		g.modern.asked(q, cursor, next)
		return
	}
	q.session.mu.Lock()
	defer q.session.mu.Unlock()
	q.session.taken.asked(q.view, cursor, next)
}

// ownMeta is the _meta member of results that the hub makes for modern clients.
func (g *Gateway) ownMeta(view *catalog.View) []byte {
	b := append([]byte(`"_meta":{"`+mcp.MetaKeyServerInfo+`":`), g.infoOf(view)...)
	return append(b, '}')
}

func (g *Gateway) infoOf(view *catalog.View) []byte {
	if view.Info != nil {
		return view.Info
	}
	return g.info
}

// named forwards tools/call and prompts/get.
func (g *Gateway) named(ctx context.Context, q *request, k catalog.Kind, what string) {
	p := q.params()
	var f [1]jsonrpc.Span
	if err := jsonrpc.Pick(p, jsonrpc.All(p), f[:], []string{"name"}); err != nil {
		fault(q, &jsonrpc.Fault{Code: jsonrpc.CodeInvalidParams, Message: err.Error()})
		return
	}
	name := jsonrpc.String(f[0].In(p))
	q.record.Name = name
	item := q.view.Item(k, name)
	if item == nil {
		why := "Unknown " + what + ": " + name
		if who := access.From(ctx); who.Policy() != nil {
			why += fmt.Sprintf(", or the token %q may not use it", who.Name())
		}
		fault(q, &jsonrpc.Fault{Code: jsonrpc.CodeInvalidParams, Message: why})
		return
	}
	if q.modern && item.Tool != nil {
		if err := mcp.ValidateParamHeadersLookup(lookup(q.header), item.Tool, p); err != nil {
			fault(q, &jsonrpc.Fault{Code: mcp.HEADER_MISMATCH, Message: err.Error()})
			return
		}
	}
	q.record.Definition = item.Raw
	h := hop{server: item.Server, name: item.Name, tool: item.Tool, safe: k == catalog.Prompts}
	if item.Name != name {
		h.edit = &jsonrpc.Edit{Span: f[0], With: jsonrpc.AppendString(nil, item.Name)}
	}
	g.forward(ctx, q, h)
}

func lookup(h http.Header) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v := h.Values(name)
		if len(v) == 0 {
			return "", false
		}
		return v[0], true
	}
}

// read forwards resources/read to the server that listed the URI, or to those that may know it, one after the other.
func (g *Gateway) read(ctx context.Context, q *request) {
	p := q.params()
	var f [1]jsonrpc.Span
	if err := jsonrpc.Pick(p, jsonrpc.All(p), f[:], []string{"uri"}); err != nil || jsonrpc.Type(f[0].In(p)) != '"' {
		fault(q, &jsonrpc.Fault{Code: jsonrpc.CodeInvalidParams, Message: "resources/read needs one uri"})
		return
	}
	uri := jsonrpc.String(f[0].In(p))
	q.record.Name = uri
	places := q.view.Places(uri)
	if len(places) == 0 {
		fault(q, q.notFound(uri))
		return
	}
	for i, place := range places {
		h := hop{server: place.Server, name: place.URI, safe: true}
		if place.URI != uri {
			h.edit = &jsonrpc.Edit{Span: f[0], With: jsonrpc.AppendString(nil, place.URI)}
		}
		conn, m, err := g.ask(ctx, q, h)
		if i < len(places)-1 && (err != nil && ctx.Err() == nil || unknown(&m)) {
			continue
		}
		g.respond(q, h, conn, m, err)
		return
	}
}

// unknown reports whether a server said that it has no such resource.
func unknown(m *jsonrpc.Message) bool {
	f := m.Fault()
	return f != nil && (f.Code == codeResourceNotFound || f.Code == jsonrpc.CodeInvalidParams || f.Code == jsonrpc.CodeMethodNotFound)
}

func (q *request) notFound(uri string) *jsonrpc.Fault {
	f := &jsonrpc.Fault{Code: codeResourceNotFound, Message: "Resource not found", Data: jsonrpc.AppendString([]byte(`{"uri":`), uri)}
	f.Data = append(f.Data, '}')
	if q.modern {
		f.Code = jsonrpc.CodeInvalidParams
	}
	return f
}

// complete forwards completion/complete to the server of the prompt or the resource template that it refers to.
func (g *Gateway) complete(ctx context.Context, q *request) {
	p := q.params()
	ref := jsonrpc.Get(p, jsonrpc.All(p), "ref")
	kind := jsonrpc.String(jsonrpc.Get(p, ref, "type").In(p))
	h := hop{safe: true}
	switch kind {
	case "ref/prompt":
		span := jsonrpc.Get(p, ref, "name")
		name := jsonrpc.String(span.In(p))
		q.record.Name = name
		if item := q.view.Item(catalog.Prompts, name); item != nil {
			h.server = item.Server
			if item.Name != name {
				h.edit = &jsonrpc.Edit{Span: span, With: jsonrpc.AppendString(nil, item.Name)}
			}
		}
	case "ref/resource":
		span := jsonrpc.Get(p, ref, "uri")
		uri := jsonrpc.String(span.In(p))
		q.record.Name = uri
		place := catalog.Place{URI: uri}
		if item := q.view.Item(catalog.Templates, uri); item != nil {
			place = catalog.Place{Server: item.Server, URI: item.Name}
		} else if places := q.view.Places(uri); len(places) > 0 {
			place = places[0]
		}
		h.server = place.Server
		if place.URI != uri {
			h.edit = &jsonrpc.Edit{Span: span, With: jsonrpc.AppendString(nil, place.URI)}
		}
	}
	if h.server == nil {
		fault(q, &jsonrpc.Fault{Code: jsonrpc.CodeInvalidParams, Message: "completion/complete refers to no known prompt or resource template"})
		return
	}
	g.forward(ctx, q, h)
}

// forward sends a request on its hop and answers with what comes back.
func (g *Gateway) forward(ctx context.Context, q *request, h hop) {
	conn, m, err := g.ask(ctx, q, h)
	g.respond(q, h, conn, m, err)
}

// ask sends a request to a server, in the server's era. A request that did not reach the server, or may safely be
// asked twice, is tried once more if the connection ended: the server is then being restarted.
func (g *Gateway) ask(ctx context.Context, q *request, h hop) (upstream.Conn, jsonrpc.Message, error) {
	q.record.Server = h.server.Name()
	if h.name != "" {
		q.record.Name = h.name
	}
	for attempt := 0; ; attempt++ {
		conn, err := h.server.Conn(ctx)
		if err != nil {
			return nil, jsonrpc.Message{}, err
		}
		var asked asks
		request, asking := g.toServer(q, h, conn, &asked), time.Now()
		m, err := conn.Do(ctx, request)
		q.record.InServer += time.Since(asking)
		asked.drop(q.session, "the call has ended")
		again := errors.Is(err, upstream.ErrNotSent) || h.safe && errors.Is(err, upstream.ErrClosed)
		if attempt > 0 || !again || ctx.Err() != nil {
			return conn, m, err
		}
		select { // until the server's owner has noticed too
		case <-conn.Done():
		case <-ctx.Done():
		}
	}
}

// respond answers a request with a server's response, in the client's era.
func (g *Gateway) respond(q *request, h hop, conn upstream.Conn, m jsonrpc.Message, err error) {
	if err != nil {
		q.unanswered(err)
	}
	switch {
	case errors.Is(err, errCancelled): // nobody waits for an answer
		q.out.finish(http.StatusAccepted, nil)
	case err != nil:
		fault(q, faultOf(h.server, err))
	default:
		edits, f := fromEra(q, h, conn.Hello().Modern, &m)
		if f != nil {
			fault(q, f)
			return
		}
		upstream.Answered(&q.record, &m)
		status := http.StatusOK
		if q.modern && m.Error.Present() {
			status = q.status(m.Fault().Code)
		}
		edits = append(edits, jsonrpc.Edit{Span: m.ID, With: q.id()})
		slices.SortFunc(edits, func(a, b jsonrpc.Edit) int { return a.Start - b.Start })
		q.out.finish(status, m.Raw, edits...)
	}
}
