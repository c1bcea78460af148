package gateway

import (
	"context"
	"errors"
	"strings"
	"time"

	"mcphub/hub/access"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/record"
	"mcphub/hub/upstream"
)

// Recorder is told of the requests of clients to servers.
type Recorder interface {
	// Begin is told of a request that has come. Get returns a text in the request's _meta, empty if it is not there;
	// what Begin returns the server is given there.
	Begin(ctx context.Context, r *record.Call, get func(key string) string) (set map[string]string)
	// End is told of a request that is over and answered. It does not wait.
	End(r *record.Call)
}

// Record has to told of all requests to servers. Call it before the gateway serves any.
func (g *Gateway) Record(to Recorder) { g.recorder = to }

// kindOf is what is asked for, of the methods that are recorded.
var kindOf = map[string]record.Kind{
	"tools/call": record.Tool, "prompts/get": record.Prompt, "resources/read": record.Resource, "completion/complete": record.Completion,
}

// begin notes that a request has come.
func (g *Gateway) begin(ctx context.Context, q *request) {
	r := &q.record
	r.Time, r.Via, r.Kind = time.Now(), record.MCP, kindOf[q.method]
	r.Token = access.From(ctx).Client()
	r.RequestSize = len(q.Params.In(q.Raw))
	if q.session != nil {
		told := q.session.client.Load()
		r.Era, r.Session, r.Client, r.Version = record.Legacy, q.session.tag, told.name, told.release
	} else {
		r.Era, r.Client, r.Version = record.Modern, q.client.name, q.client.version
	}
	if g.recorder != nil {
		q.trace = g.recorder.Begin(ctx, r, func(key string) string {
			return jsonrpc.String(jsonrpc.Get(q.Raw, q.Params, "_meta", key).In(q.Raw))
		})
	}
}

// end tells of a request that has been answered.
func (g *Gateway) end(q *request) {
	r := &q.record
	r.Took = time.Since(r.Time)
	if q.session != nil {
		q.session.mu.Lock()
		q.session.usage.noted(r)
		q.session.mu.Unlock()
	}
	if g.recorder == nil {
		return
	}
	switch r.Kind {
	case record.Tool, record.Prompt:
		r.Args = jsonrpc.Get(q.Raw, q.Params, "arguments").In(q.Raw)
	case record.Completion:
		r.Args = jsonrpc.Get(q.Raw, q.Params, "argument").In(q.Raw)
	}
	g.recorder.End(r)
}

// unanswered notes why there is no response.
func (q *request) unanswered(err error) {
	upstream.Unanswered(&q.record, err)
	switch why := strings.ToLower(q.record.Err); {
	case errors.Is(err, errCancelled) && (strings.Contains(why, "timed out") || strings.Contains(why, "timeout")):
		q.record.Outcome = record.Timeout // clients that wait no longer cancel, and say so
	case errors.Is(err, errCancelled), errors.Is(err, errGone):
		q.record.Outcome = record.Cancelled
	}
}

// traced sets the texts of q.trace in the _meta of params.
func (q *request) traced(p []byte) []byte {
	for key, value := range q.trace {
		text := jsonrpc.AppendString(nil, value)
		if p != nil {
			if old := jsonrpc.Get(p, jsonrpc.All(p), "_meta", key); old.Present() {
				p = jsonrpc.Splice(nil, p, jsonrpc.Edit{Span: old, With: text})
				continue
			}
		}
		p = withMeta(p, string(append(jsonrpc.AppendString(nil, key), append([]byte(":"), text...)...)))
	}
	return p
}
