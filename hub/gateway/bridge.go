package gateway

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"mcphub/hub/jsonrpc"
	"mcphub/hub/upstream"
)

// toServer makes the server's request out of a client's, in the server's era. What the server asks back during it is
// noted in asked.
func (g *Gateway) toServer(q *request, h hop, conn upstream.Conn, asked *asks) *upstream.Request {
	modern := conn.Hello().Modern
	p := q.Params.In(q.Raw)
	if h.edit != nil {
		p = jsonrpc.Splice(make([]byte, 0, len(p)+len(h.edit.With)), p, *h.edit)
	}
	switch {
	case q.modern && !modern:
		p = withoutModernMeta(p)
	case !q.modern && modern:
		p = withMeta(p, q.session.modernMeta())
	}
	p = q.traced(p)
	req := &upstream.Request{Method: q.method, Params: p, Name: h.name}
	req.Token = jsonrpc.Get(p, jsonrpc.All(p), "_meta", "progressToken")
	if modern && h.tool != nil {
		req.Header = http.Header{}
		for name, value := range mcp.GenerateParamHeaders(h.tool, p) {
			req.Header.Set(name, value)
		}
	}
	req.Frames = func(f upstream.Frame) { g.frame(q, f, asked) }
	if q.session != nil {
		req.Owner, req.Accepts = q.session, q.session.accepts
	}
	return req
}

// withMeta adds members to the _meta of params, which may have none, or be absent.
func withMeta(p []byte, members string) []byte {
	if p == nil {
		return []byte(`{"_meta":{` + members + `}}`)
	}
	meta := jsonrpc.Get(p, jsonrpc.All(p), "_meta")
	if jsonrpc.Type(meta.In(p)) == '{' {
		return jsonrpc.Splice(nil, p, jsonrpc.Prepend(p, meta, members))
	}
	return jsonrpc.Splice(nil, p, jsonrpc.Prepend(p, jsonrpc.All(p), `"_meta":{`+members+`}`))
}

// withoutModernMeta takes out of the _meta of params what only modern servers understand. A server of both eras would
// take the request for a modern one.
func withoutModernMeta(p []byte) []byte {
	meta := jsonrpc.Get(p, jsonrpc.All(p), "_meta")
	if !meta.Present() {
		return p
	}
	kept := []byte("{")
	for it := jsonrpc.Members(p, meta); it.Next(); {
		switch jsonrpc.String(it.Key.In(p)) {
		case mcp.MetaKeyProtocolVersion, mcp.MetaKeyClientInfo, mcp.MetaKeyClientCapabilities, mcp.MetaKeyLogLevel:
			continue
		}
		if len(kept) > 1 {
			kept = append(kept, ',')
		}
		kept = append(append(append(kept, it.Key.In(p)...), ':'), it.Value.In(p)...)
	}
	return jsonrpc.Splice(nil, p, jsonrpc.Edit{Span: meta, With: append(kept, '}')})
}

// fromEra finds the edits that turn a server's response into one of the client's era, other than its id; or why the
// client cannot be given it.
func fromEra(q *request, h hop, modern bool, m *jsonrpc.Message) ([]jsonrpc.Edit, *jsonrpc.Fault) {
	var edits []jsonrpc.Edit
	switch {
	case q.modern && !modern:
		edits = toModern(q, m)
	case !q.modern && modern:
		switch kind := jsonrpc.String(jsonrpc.Get(m.Raw, m.Result, "resultType").In(m.Raw)); kind {
		case "", "complete":
		default:
			return nil, &jsonrpc.Fault{
				Code:    codeUnavailable,
				Message: fmt.Sprintf("server %s answered with %q, which clients of revision %s cannot take", h.server.Name(), kind, q.session.client.Load().version),
			}
		}
		// Legacy clients refuse structured content that is not an object.
		if s := jsonrpc.Get(m.Raw, m.Result, "structuredContent"); s.Present() && jsonrpc.Type(s.In(m.Raw)) != '{' {
			edits = append(edits, jsonrpc.Edit{Span: s, With: fmt.Appendf(nil, `{"value":%s}`, s.In(m.Raw))})
		}
	}
	if q.method == "resources/read" && h.edit != nil { // the client shall find the URI that it asked for
		asked := jsonrpc.Get(q.Raw, q.Params, "uri").In(q.Raw)
		for it := jsonrpc.Members(m.Raw, jsonrpc.Get(m.Raw, m.Result, "contents")); it.Next(); {
			if uri := jsonrpc.Get(m.Raw, it.Value, "uri"); jsonrpc.String(uri.In(m.Raw)) == h.name {
				edits = append(edits, jsonrpc.Edit{Span: uri, With: asked})
			}
		}
	}
	return edits, nil
}

// toModern adds what every modern result has, and maps the error that changed its number.
func toModern(q *request, m *jsonrpc.Message) []jsonrpc.Edit {
	if m.Error.Present() {
		code := jsonrpc.Get(m.Raw, m.Error, "code")
		if q.method == "resources/read" && string(code.In(m.Raw)) == strconv.Itoa(codeResourceNotFound) {
			return []jsonrpc.Edit{{Span: code, With: strconv.AppendInt(nil, jsonrpc.CodeInvalidParams, 10)}}
		}
		return nil
	}
	if jsonrpc.Type(m.Result.In(m.Raw)) != '{' {
		return nil
	}
	var members []string
	add := func(key, value string) {
		if !jsonrpc.Get(m.Raw, m.Result, key).Present() {
			members = append(members, `"`+key+`":`+value)
		}
	}
	add("resultType", `"complete"`)
	if q.method == "resources/read" {
		add("ttlMs", "0")
		add("cacheScope", `"private"`)
	}
	if members == nil {
		return nil
	}
	return []jsonrpc.Edit{jsonrpc.Prepend(m.Raw, m.Result, strings.Join(members, ","))}
}

// frame passes on what a server sends during a call.
func (g *Gateway) frame(q *request, f upstream.Frame, asked *asks) {
	switch {
	case f.Reply != nil && q.session == nil:
		upstream.Refuse(f, "clients of revision "+upstream.ModernVersion+" take no requests")
	case f.Reply != nil && !q.session.accepts(f.Name()):
		upstream.Refuse(f, "the client cannot answer "+f.Name())
	case f.Reply != nil:
		if text := g.toClient(q.session, f, asked); text != nil && !q.out.frame(text) {
			asked.drop(q.session, "the client takes no requests during this call")
		}
	case f.Name() == "notifications/message" && !q.wantsLog(&f.Message):
	default:
		q.out.frame(f.Raw)
	}
}

var levels = map[string]int{
	"debug": 0, "info": 1, "notice": 2, "warning": 3, "error": 4, "critical": 5, "alert": 6, "emergency": 7,
}

// wantsLog reports whether the client wants a log message: modern clients say so in the request, legacy ones for the
// session (without a word from them the server decides).
func (q *request) wantsLog(m *jsonrpc.Message) bool {
	want := q.level
	if q.session != nil {
		if want = q.session.logLevel(); want == "" {
			return true
		}
	}
	return want != "" && levels[jsonrpc.String(jsonrpc.Get(m.Raw, m.Params, "level").In(m.Raw))] >= levels[want]
}
