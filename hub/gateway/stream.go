package gateway

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"mcphub/hub/access"
	"mcphub/hub/catalog"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/sse"
)

// get opens a legacy client's stream of messages, or begins an HTTP+SSE session.
func (g *Gateway) get(w http.ResponseWriter, r *http.Request, view *catalog.View) {
	switch {
	case mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion)):
		w.Header().Set("Allow", "POST")
		writeFault(w, http.StatusMethodNotAllowed, nil, invalid("modern clients listen with subscriptions/listen"))
	case !strings.Contains(r.Header.Get("Accept"), "text/event-stream"):
		writeFault(w, http.StatusNotAcceptable, nil, invalid("this is an MCP endpoint: give its address to an MCP client"))
	case r.Header.Get(headerSession) == "":
		g.serveSSE(w, r, view)
	default:
		s, ok := g.sessionOf(w, r, view, nil)
		if !ok {
			return
		}
		stream := s.out.attach()
		startStream(w)
		_ = http.NewResponseController(w).Flush()
		_ = s.out.serve(r.Context(), w, stream) // however it ends, the client may open another
	}
}

// serveSSE serves a client of revision 2024-11-05: all messages come on this stream, and go to /messages.
func (g *Gateway) serveSSE(w http.ResponseWriter, r *http.Request, view *catalog.View) {
	s := newSession(view.Server, transportSSE, access.From(r.Context()))
	if !g.add(s) {
		writeFault(w, http.StatusServiceUnavailable, nil, invalid("the hub takes no new sessions now"))
		return
	}
	startStream(w)
	if writeRaw(w, sse.AppendEvent(nil, "endpoint", []byte("/messages?sessionId="+s.id))) == nil {
		_ = s.out.serve(r.Context(), w, s.out.attach())
	}
	g.remove(s.id)
	s.work.Wait()
}

// postMessage takes a message of an HTTP+SSE session.
func (g *Gateway) postMessage(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("sessionId")
	if id == "" {
		writeFault(w, http.StatusBadRequest, nil, &jsonrpc.Fault{Code: -32000, Message: "Missing sessionId parameter"})
		return
	}
	s := g.session(id)
	if s == nil || !s.who.Shares(access.From(r.Context())) {
		writeFault(w, http.StatusNotFound, nil, &jsonrpc.Fault{Code: -32000, Message: "Session not found: " + id})
		return
	}
	view := g.view(w, s.who, s.server)
	if view == nil {
		return
	}
	body := new(bytes.Buffer)
	if !readBody(w, r, body) {
		return
	}
	m, err := jsonrpc.Scan(body.Bytes())
	if err != nil {
		writeFault(w, http.StatusBadRequest, m.ID.In(m.Raw), scanFault(err))
		return
	}
	if m.Kind == jsonrpc.Request {
		ctx, cancel := context.WithCancelCause(context.WithoutCancel(r.Context())) // ends with the session, not with this POST
		s.spawn(func() {
			defer cancel(nil)
			g.answer(ctx, cancel, &request{Message: m, method: m.Name(), view: view, session: s, out: streamReply{s.out}})
		})
	} else {
		g.oneWay(r.Context(), s, view, m)
	}
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write([]byte("Accepted"))
}

// streamReply answers on a session's stream.
type streamReply struct{ out *outbox }

func (r streamReply) frame(text []byte) bool {
	r.out.push(text)
	return true
}

func (r streamReply) finish(_ int, text []byte, edits ...jsonrpc.Edit) {
	if text != nil { // nil: nobody waits for it
		r.out.push(jsonrpc.Splice(make([]byte, 0, len(text)+64), text, edits...))
	}
}

func (r streamReply) parts(parts ...[]byte) { r.out.push(bytes.Join(parts, nil)) }

// listener is one subscriptions/listen request of a modern client.
type listener struct {
	server                    string // whose view it has; empty for all
	policy                    string // the key of the policy that limits it
	tools, resources, prompts bool
	meta                      []byte // the _meta object of its messages
	out                       *outbox
}

// listen serves subscriptions/listen (specification 2026-07-28, "Subscriptions"): an open response on which changes
// are told, of the kinds asked for.
func (g *Gateway) listen(ctx context.Context, w http.ResponseWriter, q *request) {
	if h, ok := q.out.(*httpReply); ok && h.noStream {
		writeFault(w, http.StatusNotAcceptable, q.id(), invalid("subscriptions/listen needs Accept: text/event-stream"))
		return
	}
	p := q.params()
	asks := func(key string) bool {
		return string(jsonrpc.Get(p, jsonrpc.All(p), "notifications", key).In(p)) == "true"
	}
	l := &listener{
		server: q.view.Server, policy: access.From(ctx).Policy().Key(), tools: asks("toolsListChanged"), resources: asks("resourcesListChanged"),
		prompts: asks("promptsListChanged"), out: newOutbox(),
	}
	l.meta = append(append([]byte(`"_meta":{"`+mcp.MetaKeySubscriptionID+`":`), q.id()...), '}')
	var honoured []string
	for key, on := range map[string]bool{"toolsListChanged": l.tools, "resourcesListChanged": l.resources, "promptsListChanged": l.prompts} {
		if on {
			honoured = append(honoured, `"`+key+`":true`)
		}
	}
	l.out.push(l.notification("notifications/subscriptions/acknowledged", `"notifications":{`+strings.Join(honoured, ",")+`},`))
	g.mu.Lock()
	closed := g.closed
	if !closed {
		g.listeners[l] = true
	}
	g.mu.Unlock()
	if closed {
		l.out.close()
	}
	startStream(w)
	err := l.out.serve(ctx, w, l.out.attach())
	g.mu.Lock()
	delete(g.listeners, l)
	g.mu.Unlock()
	if errors.Is(err, errEnded) {
		_ = writeEvent(w, jsonrpc.AppendResult(nil, q.id(), append(append([]byte(`{"resultType":"complete",`), l.meta...), '}')))
	}
}

func (l *listener) notification(method, members string) []byte {
	return jsonrpc.AppendRequest(nil, nil, method, append(append([]byte("{"+members), l.meta...), '}'))
}
