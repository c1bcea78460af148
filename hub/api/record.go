package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"mcphub/hub/access"
	"mcphub/hub/record"
)

// Recorder is told of the requests of clients to servers.
type Recorder interface {
	// Begin is told of a request that has come. Get returns a text of the client's trace context, empty if it is not
	// there; what Begin returns the server is given in the request's _meta.
	Begin(ctx context.Context, r *record.Call, get func(key string) string) (set map[string]string)
	// End is told of a request that is over. It does not wait.
	End(r *record.Call)
}

// begin notes that a request has come.
func (a *rest) begin(r *http.Request, c *call) {
	rec := &c.record
	rec.Time, rec.Kind, rec.Server, rec.Name = time.Now(), c.kind, c.to, c.name
	rec.Client, rec.Version, rec.Via = whoAsks(r)
	rec.Token = access.From(r.Context()).Client()
	if a.Recorder != nil {
		c.trace = a.Recorder.Begin(r.Context(), rec, r.Header.Get)
	}
}

// end tells of a request that has been answered, or refused with err.
func (a *rest) end(c *call, err error) {
	if a.Recorder == nil {
		return
	}
	rec := &c.record
	if rec.Outcome == "" && err != nil {
		rec.Outcome, rec.Err = record.ProtocolError, err.Error()
	}
	rec.Took = time.Since(rec.Time)
	rec.Args, rec.Definition, rec.RequestSize = c.arguments, c.item, len(c.arguments)
	a.Recorder.End(rec)
}

// whoAsks tells who uses a route: by the name that a program gives itself, or because only the hub's own pages can ask
// from the hub's own address.
func whoAsks(r *http.Request) (name, version string, via record.Via) {
	if r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		return "dashboard", "", record.Dashboard
	}
	agent, _, _ := strings.Cut(r.UserAgent(), " ")
	name, version, _ = strings.Cut(agent, "/")
	const longest = 200 // bytes
	name, version = name[:min(len(name), longest)], version[:min(len(version), longest)]
	if name == "mcp-hub" {
		return name, version, record.CLI
	}
	return name, version, record.REST
}
