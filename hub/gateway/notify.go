package gateway

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"mcphub/hub/catalog"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/upstream"
)

// viewsChanged tells the clients which of their lists changed.
func (g *Gateway) viewsChanged(changes []catalog.Change) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range changes {
		for _, kind := range []struct {
			changed bool
			method  string
			wants   func(*listener) bool
		}{
			{c.Tools, "notifications/tools/list_changed", func(l *listener) bool { return l.tools }},
			{c.Resources, "notifications/resources/list_changed", func(l *listener) bool { return l.resources }},
			{c.Prompts, "notifications/prompts/list_changed", func(l *listener) bool { return l.prompts }},
		} {
			if !kind.changed {
				continue
			}
			text := jsonrpc.AppendRequest(nil, nil, kind.method, nil)
			for _, s := range g.sessions {
				if s.server == c.Server && s.who.Policy().Key() == c.Policy {
					s.out.pushOnce(text)
				}
			}
			for l := range g.listeners {
				if l.server == c.Server && l.policy == c.Policy && kind.wants(l) {
					l.out.pushOnce(l.notification(kind.method, ""))
				}
			}
		}
	}
}

// fromServer takes what a server sends outside of any call. It must not block.
func (g *Gateway) fromServer(server *upstream.Server, f upstream.Frame) {
	sessions := slices.DeleteFunc(g.all(), func(s *session) bool {
		return s.server != "" && s.server != server.Name() || !s.who.Policy().Whole(server.Name())
	})
	switch method := f.Name(); {
	case f.Reply != nil:
		able := slices.DeleteFunc(sessions, func(s *session) bool { return !s.accepts(method) || !s.out.attached() })
		if len(able) != 1 {
			upstream.Refuse(f, "of the hub's clients, not exactly one can answer "+method+" outside of a call")
			return
		}
		if text := g.toClient(able[0], f, nil); text != nil {
			able[0].out.push(text)
		}
	case method == "notifications/message":
		level := jsonrpc.String(jsonrpc.Get(f.Raw, f.Params, "level").In(f.Raw))
		for _, s := range sessions {
			want := s.logLevel()
			if want == "" { // it did not say: only what may be of importance to any client
				want = "warning"
			}
			if levels[level] >= levels[want] {
				s.out.push(f.Raw)
			}
		}
	case method == "notifications/resources/updated":
		span := jsonrpc.Get(f.Raw, f.Params, "uri")
		uri := jsonrpc.String(span.In(f.Raw))
		for _, s := range sessions {
			if hubURI, ok := s.subscribed(server, uri); ok {
				s.out.pushOnce(jsonrpc.Splice(nil, f.Raw, jsonrpc.Edit{Span: span, With: jsonrpc.AppendString(nil, hubURI)}))
			}
		}
	case strings.HasPrefix(method, "notifications/"):
		for _, s := range sessions {
			if s.server != "" && s.who.Policy().Unknown() { // it talks to that server alone, so what the hub does not know passes
				s.out.push(f.Raw)
			}
		}
	}
}

// subscribed returns the URI under which the session wants to hear of a server's resource. A server may tell of a part
// of what was subscribed to.
func (s *session) subscribed(server *upstream.Server, uri string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if hubURI, ok := s.subs[subscription{server, uri}]; ok {
		return hubURI, true
	}
	for sub := range s.subs {
		if sub.server == server && strings.HasPrefix(uri, sub.uri+"/") {
			return uri, true
		}
	}
	return "", false
}

// subscribe serves resources/subscribe and resources/unsubscribe on legacy servers.
func (g *Gateway) subscribe(ctx context.Context, q *request) {
	p := q.params()
	span := jsonrpc.Get(p, jsonrpc.All(p), "uri")
	uri := jsonrpc.String(span.In(p))
	places := q.view.Places(uri)
	if uri == "" || len(places) == 0 {
		fault(q, q.notFound(uri))
		return
	}
	h := hop{server: places[0].Server, name: places[0].URI, safe: true}
	conn, err := h.server.Conn(ctx)
	switch {
	case err != nil:
		fault(q, faultOf(h.server, err))
		return
	case conn.Hello().Modern || !conn.Hello().Has("resources", "subscribe"):
		fault(q, &jsonrpc.Fault{Code: jsonrpc.CodeMethodNotFound, Message: "server " + h.server.Name() + " offers no resource subscriptions to clients of this revision"})
		return
	}
	if h.name != uri {
		h.edit = &jsonrpc.Edit{Span: span, With: jsonrpc.AppendString(nil, h.name)}
	}
	sub := subscription{h.server, h.name}
	q.session.mu.Lock()
	if q.method == "resources/subscribe" {
		q.session.subs[sub] = uri
	} else {
		delete(q.session.subs, sub)
	}
	q.session.mu.Unlock()
	if q.method == "resources/unsubscribe" && slices.ContainsFunc(g.all(), func(s *session) bool {
		_, ok := s.subscribed(sub.server, sub.uri)
		return ok
	}) {
		q.out.finish(200, jsonrpc.AppendResult(nil, q.id(), []byte("{}"))) // another client still wants it
		return
	}
	g.forward(ctx, q, h)
}

// setLevel serves logging/setLevel: the level is the session's, and legacy servers, who know only one, are given the
// one that tells most.
func (g *Gateway) setLevel(ctx context.Context, q *request) {
	p := q.params()
	level := jsonrpc.String(jsonrpc.Get(p, jsonrpc.All(p), "level").In(p))
	if _, ok := levels[level]; !ok {
		fault(q, &jsonrpc.Fault{Code: jsonrpc.CodeInvalidParams, Message: "unknown log level: " + level})
		return
	}
	q.session.mu.Lock()
	q.session.level = level
	q.session.mu.Unlock()
	for _, s := range g.all() {
		if other := s.logLevel(); other != "" && levels[other] < levels[level] {
			level = other
		}
	}
	params := append(jsonrpc.AppendString([]byte(`{"level":`), level), '}')
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var work sync.WaitGroup
	for _, server := range q.view.Servers() {
		work.Go(func() {
			conn, err := server.Conn(ctx)
			if err == nil && !conn.Hello().Modern && conn.Hello().Has("logging") {
				_, _ = conn.Do(ctx, &upstream.Request{Method: q.method, Params: params}) // the hub filters by itself anyway
			}
		})
	}
	work.Wait()
	q.out.finish(200, jsonrpc.AppendResult(nil, q.id(), []byte("{}")))
}
