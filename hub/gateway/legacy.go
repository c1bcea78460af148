package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"mcphub/hub/access"
	"mcphub/hub/catalog"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/upstream"
)

const headerSession = "Mcp-Session-Id"

// postLegacy takes a message of a legacy session (specification 2025-11-25, "Streamable HTTP").
func (g *Gateway) postLegacy(w http.ResponseWriter, r *http.Request, view *catalog.View, m jsonrpc.Message, version string) {
	id := m.ID.In(m.Raw)
	if version != "" && !mcp.IsValidProtocolVersion(version) {
		writeFault(w, http.StatusBadRequest, id, invalid("unsupported MCP-Protocol-Version: "+version))
		return
	}
	if m.Kind == jsonrpc.Request && m.Name() == "initialize" {
		g.initialize(w, r, view, m)
		return
	}
	s, ok := g.sessionOf(w, r, view, id)
	if !ok {
		return
	}
	if m.Kind != jsonrpc.Request {
		g.oneWay(r.Context(), s, view, m)
		w.WriteHeader(http.StatusAccepted)
		return
	}
	ctx, cancel := s.callContext(r.Context())
	defer cancel(nil)
	g.answer(ctx, cancel, &request{Message: m, method: m.Name(), view: view, session: s, out: newHTTPReply(w, r)})
}

// sessionOf finds the session of a request, or answers why there is none.
func (g *Gateway) sessionOf(w http.ResponseWriter, r *http.Request, view *catalog.View, id []byte) (*session, bool) {
	key := r.Header.Get(headerSession)
	if key == "" {
		writeFault(w, http.StatusBadRequest, id, invalid("the header Mcp-Session-Id is missing: begin with initialize, or send a request of revision "+upstream.ModernVersion))
		return nil, false
	}
	s := g.session(key)
	if s == nil || s.server != view.Server || !s.who.Shares(access.From(r.Context())) { // 404 tells the client to begin anew
		writeFault(w, http.StatusNotFound, id, invalid("session not found: begin anew with initialize"))
		return nil, false
	}
	return s, true
}

// callContext is the context of one call. A legacy client that disconnects has not cancelled (specification
// 2025-11-25, "Streamable HTTP"), so the call goes on for a while.
func (s *session) callContext(r context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(r))
	stop := context.AfterFunc(r, func() {
		orphan := time.AfterFunc(orphanLimit, func() { cancel(errGone) })
		context.AfterFunc(ctx, func() { orphan.Stop() })
	})
	return ctx, func(why error) {
		stop()
		cancel(why)
	}
}

// initialize begins a session.
func (g *Gateway) initialize(w http.ResponseWriter, r *http.Request, view *catalog.View, m jsonrpc.Message) {
	s := newSession(view.Server, transportHTTP, access.From(r.Context()))
	s.greet(m.Params.In(m.Raw))
	if !g.add(s) {
		writeFault(w, http.StatusServiceUnavailable, m.ID.In(m.Raw), &jsonrpc.Fault{Code: codeUnavailable, Message: "the hub takes no new sessions now"})
		return
	}
	w.Header().Set(headerSession, s.id)
	newHTTPReply(w, r).finish(http.StatusOK, jsonrpc.AppendResult(nil, m.ID.In(m.Raw), g.greeting(view, s)))
}

// greeting is the result of initialize.
func (g *Gateway) greeting(view *catalog.View, s *session) []byte {
	b := jsonrpc.AppendString([]byte(`{"protocolVersion":`), s.client.Load().version)
	b = append(append(b, `,"capabilities":`...), view.Capabilities...)
	b = append(append(b, `,"serverInfo":`...), g.infoOf(view)...)
	if view.Instructions != "" {
		b = jsonrpc.AppendString(append(b, `,"instructions":`...), view.Instructions)
	}
	return append(b, '}')
}

// answer answers a request of a legacy client.
func (g *Gateway) answer(ctx context.Context, cancel context.CancelCauseFunc, q *request) {
	id := string(q.id())
	if !q.session.begin(id, &cancel) {
		fault(q, &jsonrpc.Fault{Code: codeUnavailable, Message: "the session has ended"})
		return
	}
	defer q.session.finish(id, &cancel)
	switch q.method {
	case "ping":
		q.out.finish(http.StatusOK, jsonrpc.AppendResult(nil, q.id(), []byte("{}")))
	case "initialize": // again, or first on HTTP+SSE
		q.session.greet(q.params())
		q.out.finish(http.StatusOK, jsonrpc.AppendResult(nil, q.id(), g.greeting(q.view, q.session)))
	case "logging/setLevel":
		g.setLevel(ctx, q)
	case "resources/subscribe", "resources/unsubscribe":
		g.subscribe(ctx, q)
	case "server/discover", "subscriptions/listen":
		fault(q, &jsonrpc.Fault{Code: jsonrpc.CodeMethodNotFound, Message: q.method + " needs revision " + upstream.ModernVersion})
	default:
		g.serve(ctx, q)
	}
}

// oneWay takes a notification or a response of a legacy client.
func (g *Gateway) oneWay(ctx context.Context, s *session, view *catalog.View, m jsonrpc.Message) {
	if m.Kind == jsonrpc.Response {
		s.answer(m)
		return
	}
	switch m.Name() {
	case "notifications/cancelled":
		reason := jsonrpc.String(jsonrpc.Get(m.Raw, m.Params, "reason").In(m.Raw))
		s.cancel(string(jsonrpc.Get(m.Raw, m.Params, "requestId").In(m.Raw)), reason)
	case "notifications/roots/list_changed":
		for _, server := range view.Servers() {
			if conn, err := server.Conn(ctx); err == nil && !conn.Hello().Modern {
				_ = conn.Notify(ctx, m.Name(), m.Params.In(m.Raw)) // a server that is gone asks again when it is back
			}
		}
	}
}

// delete ends a session at the client's wish.
func (g *Gateway) delete(w http.ResponseWriter, r *http.Request, view *catalog.View) {
	if mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion)) {
		w.Header().Set("Allow", "POST")
		writeFault(w, http.StatusMethodNotAllowed, nil, invalid("modern clients have no sessions"))
		return
	}
	if s, ok := g.sessionOf(w, r, view, nil); ok {
		g.remove(s.id)
		w.WriteHeader(http.StatusNoContent)
	}
}

// postBatch answers a batch, which revision 2025-03-26 allows: one message after the other, without frames.
func (g *Gateway) postBatch(w http.ResponseWriter, r *http.Request, view *catalog.View, batch [][]byte) {
	if mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion)) || len(batch) == 0 {
		writeFault(w, http.StatusBadRequest, nil, invalid("batches are not part of this revision"))
		return
	}
	s, ok := g.sessionOf(w, r, view, nil)
	if !ok {
		return
	}
	answers := []byte("[")
	for _, text := range batch {
		out := &batchReply{}
		m, err := jsonrpc.Scan(text)
		switch {
		case err != nil:
			out.text = jsonrpc.AppendError(nil, m.ID.In(m.Raw), scanFault(err))
		case m.Kind != jsonrpc.Request:
			g.oneWay(r.Context(), s, view, m)
			continue
		default:
			ctx, cancel := s.callContext(r.Context())
			g.answer(ctx, cancel, &request{Message: m, method: m.Name(), view: view, session: s, out: out})
			cancel(nil)
		}
		if len(answers) > 1 && out.text != nil {
			answers = append(answers, ',')
		}
		answers = append(answers, out.text...)
	}
	if len(answers) == 1 {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	newHTTPReply(w, r).parts(answers, []byte("]"))
}

// batchReply keeps the response to one message of a batch.
type batchReply struct{ text []byte }

func (b *batchReply) frame([]byte) bool { return false }

func (b *batchReply) finish(_ int, text []byte, edits ...jsonrpc.Edit) {
	b.text = jsonrpc.Splice(nil, text, edits...)
}

func (b *batchReply) parts(parts ...[]byte) {
	for _, p := range parts {
		b.text = append(b.text, p...)
	}
}
