package gateway

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"mcphub/hub/access"
	"mcphub/hub/catalog"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/upstream"
)

// supportedVersions are the revisions that the endpoint speaks, as a JSON array.
const supportedVersions = `["2026-07-28","2025-11-25","2025-06-18","2025-03-26","2024-11-05"]`

// postModern answers a stateless request (specification 2026-07-28, "Streamable HTTP").
func (g *Gateway) postModern(w http.ResponseWriter, r *http.Request, view *catalog.View, m jsonrpc.Message, header string) {
	if m.Kind == jsonrpc.Response {
		writeFault(w, http.StatusBadRequest, nil, invalid("a modern client sends no responses"))
		return
	}
	if m.Kind == jsonrpc.Notification { // none means anything: a call is cancelled by closing its response
		w.WriteHeader(http.StatusAccepted)
		return
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	q := &request{Message: m, method: m.Name(), view: view, modern: true, header: r.Header, out: newHTTPReply(w, r)}
	q.who = access.From(ctx)
	q.client.token = q.who.Client()
	if f := q.check(header); f != nil {
		fault(q, f)
		return
	}
	g.modern.begin(q)
	defer g.modern.end(q)
	switch q.method {
	case "server/discover":
		g.discover(q)
	case "subscriptions/listen":
		g.listen(ctx, w, q)
	case "initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe":
		fault(q, &jsonrpc.Fault{Code: jsonrpc.CodeMethodNotFound, Message: q.method + " is not part of revision " + upstream.ModernVersion})
	default:
		g.serve(ctx, q)
	}
}

// nameParam is the parameter that the Mcp-Name header repeats, by method.
var nameParam = map[string]string{
	"tools/call": "name", "prompts/get": "name", "resources/read": "uri",
	"tasks/get": "taskId", "tasks/update": "taskId", "tasks/cancel": "taskId",
}

// check validates a modern request's metadata and headers. Headers that say something else than the body are an
// attempt to pass a filter that reads only one of them.
func (q *request) check(header string) *jsonrpc.Fault {
	mismatch := func(format string, args ...any) *jsonrpc.Fault {
		return &jsonrpc.Fault{Code: mcp.HEADER_MISMATCH, Message: fmt.Sprintf(format, args...)}
	}
	if len(q.header.Values(mcp.HeaderProtocolVersion)) != 1 {
		return mismatch("the header MCP-Protocol-Version must be given once")
	}
	p := q.params()
	var f [4]jsonrpc.Span
	meta := jsonrpc.Get(p, jsonrpc.All(p), "_meta")
	if err := jsonrpc.Pick(p, meta, f[:], []string{mcp.MetaKeyProtocolVersion, mcp.MetaKeyClientCapabilities, mcp.MetaKeyLogLevel, mcp.MetaKeyClientInfo}); err != nil {
		return &jsonrpc.Fault{Code: jsonrpc.CodeInvalidParams, Message: err.Error()}
	}
	version := jsonrpc.String(f[0].In(p))
	switch {
	case version == "":
		return &jsonrpc.Fault{Code: jsonrpc.CodeInvalidParams, Message: "_meta needs " + mcp.MetaKeyProtocolVersion}
	case version != header:
		return mismatch("the header MCP-Protocol-Version says %q, _meta says %q", header, version)
	case version != upstream.ModernVersion:
		return &jsonrpc.Fault{
			Code: mcp.UNSUPPORTED_PROTOCOL_VERSION, Message: "Unsupported protocol version",
			Data: fmt.Appendf(nil, `{"supported":%s,"requested":%s}`, supportedVersions, jsonrpc.AppendString(nil, version)),
		}
	case jsonrpc.Type(f[1].In(p)) != '{':
		return &jsonrpc.Fault{Code: jsonrpc.CodeInvalidParams, Message: "_meta needs " + mcp.MetaKeyClientCapabilities}
	}
	q.level = jsonrpc.String(f[2].In(p))
	q.client.name, q.client.version = nameOf(f[3].In(p))
	q.client.server = q.view.Server
	if methods := q.header.Values("Mcp-Method"); len(methods) != 1 || methods[0] != q.method {
		return mismatch("the header Mcp-Method says %q, the body says %q", methods, q.method)
	}
	param, named := nameParam[q.method]
	if !named {
		return nil
	}
	body := jsonrpc.String(jsonrpc.Get(p, jsonrpc.All(p), param).In(p))
	values := q.header.Values("Mcp-Name")
	if len(values) != 1 {
		return mismatch("the header Mcp-Name must be given once")
	}
	name, ok := mcp.DecodeHeaderValue(strings.TrimSpace(values[0]))
	if !ok || name != body {
		return mismatch("the header Mcp-Name says %q, the body says %q", values[0], body)
	}
	return nil
}

// discover says what the endpoint is.
func (g *Gateway) discover(q *request) {
	b := append([]byte(`{"resultType":"complete","supportedVersions":`+supportedVersions+`,"capabilities":`), q.view.Modern...)
	if q.view.Instructions != "" {
		b = jsonrpc.AppendString(append(b, `,"instructions":`...), q.view.Instructions)
	}
	b = append(append(b, `,"ttlMs":0,"cacheScope":"private",`...), g.ownMeta(q.view)...)
	q.out.finish(http.StatusOK, jsonrpc.AppendResult(nil, q.id(), append(b, '}')))
}
