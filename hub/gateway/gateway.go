// Package gateway owns the MCP endpoint: modern stateless requests (2026-07-28), legacy sessions (2025-03-26 to
// 2025-11-25) and HTTP+SSE (2024-11-05) on one path, and the bridge between the eras of clients and servers.
//
// It must not know how servers are started or reached, nor the names' rules; and it never reads what a call's
// arguments or results mean.
package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"mcphub/hub/access"
	"mcphub/hub/catalog"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/upstream"
)

// MaxBody is how many bytes one message of a client may have.
const MaxBody = 16 << 20

// Codes of the hub's own errors: outside the range that JSON-RPC and MCP reserve (specification 2026-07-28, "Error
// Codes"), and after the HTTP statuses that mean the same.
const (
	codeForbidden   = 403 // the client's token does not reach so far
	codeLost        = 502 // the connection to the server ended during the call
	codeUnavailable = 503 // the server is not running or not reachable
	codeSlow        = 504 // the client did not take what the server sent
)

// codeResourceNotFound is what servers up to 2025-11-25 say; later ones use CodeInvalidParams.
const codeResourceNotFound = -32002

// Gateway is the endpoint's http.Handler for /mcp, /mcp/{server} and /messages.
type Gateway struct {
	set     *upstream.Set
	catalog *catalog.Catalog
	log     *slog.Logger
	version string // the hub's own
	info    []byte // the hub's serverInfo

	lastAsk  atomic.Int64 // ids of the hub's requests to clients
	recorder Recorder     // nil: nobody is told
	modern   modernClients

	mu        sync.Mutex
	sessions  map[string]*session
	listeners map[*listener]bool
	closed    bool
}

// New returns a gateway to the servers in set under the names of catalog, and listens to both.
func New(set *upstream.Set, c *catalog.Catalog, version string, log *slog.Logger) *Gateway {
	g := &Gateway{
		set: set, catalog: c, log: log, version: version, sessions: map[string]*session{}, listeners: map[*listener]bool{},
		modern: modernClients{known: map[modernClient]*modernUse{}},
		info:   []byte(`{"name":"mcp-hub","title":"MCP Hub","version":` + string(jsonrpc.AppendString(nil, version)) + `}`),
	}
	set.OnFrame(g.fromServer)
	c.OnChange(g.viewsChanged)
	return g
}

// Register adds the endpoint's routes.
func (g *Gateway) Register(mux *http.ServeMux) {
	mux.Handle("/mcp", g)
	mux.Handle("/mcp/{server}", g)
	mux.HandleFunc("POST /messages", g.postMessage)
}

// ServeHTTP serves /mcp and /mcp/{server}.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	server := r.PathValue("server")
	view := g.view(w, access.From(r.Context()), server)
	if view == nil {
		return
	}
	switch r.Method {
	case http.MethodPost:
		g.post(w, r, view)
	case http.MethodGet:
		g.get(w, r, view)
	case http.MethodDelete:
		g.delete(w, r, view)
	default:
		w.Header().Set("Allow", "GET, POST, DELETE")
		writeFault(w, http.StatusMethodNotAllowed, nil, invalid("use POST, GET or DELETE"))
	}
}

// view returns what a client sees of one server, or of all if server is empty; or answers why that is nothing.
func (g *Gateway) view(w http.ResponseWriter, who *access.Principal, server string) *catalog.View {
	if server != "" && !who.Policy().Server(server) { // also if there is no such server, of which it shall not learn
		writeFault(w, http.StatusForbidden, nil, &jsonrpc.Fault{Code: codeForbidden, Message: fmt.Sprintf("the token %q may not use the server %s", who.Name(), server)})
		return nil
	}
	view := g.catalog.View(server, who.Policy())
	if view == nil {
		writeFault(w, http.StatusNotFound, nil, &jsonrpc.Fault{Code: codeUnavailable, Message: "no server named " + server + " is configured"})
	}
	return view
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// post takes one message, or a batch of legacy messages.
func (g *Gateway) post(w http.ResponseWriter, r *http.Request, view *catalog.View) {
	body := bodies.Get().(*bytes.Buffer)
	defer func() {
		if body.Cap() <= 1<<20 {
			body.Reset()
			bodies.Put(body)
		}
	}()
	if !readBody(w, r, body) {
		return
	}
	m, err := jsonrpc.Scan(body.Bytes())
	if err != nil {
		if batch, ok := jsonrpc.Batch(body.Bytes()); ok {
			g.postBatch(w, r, view, batch)
			return
		}
		writeFault(w, http.StatusBadRequest, m.ID.In(m.Raw), scanFault(err))
		return
	}
	header := r.Header.Get(mcp.HeaderProtocolVersion)
	if mcp.IsModernProtocol(header) || isModern(&m) {
		g.postModern(w, r, view, m, header)
		return
	}
	g.postLegacy(w, r, view, m, header)
}

// isModern reports whether a request carries the metadata of modern requests.
func isModern(m *jsonrpc.Message) bool {
	if m.Kind == jsonrpc.Response || !bytes.Contains(m.Params.In(m.Raw), []byte(mcp.MetaKeyProtocolVersion)) {
		return false
	}
	return mcp.IsModernProtocol(jsonrpc.String(jsonrpc.Get(m.Raw, m.Params, "_meta", mcp.MetaKeyProtocolVersion).In(m.Raw)))
}

// readBody reads a message, or answers why it cannot.
func readBody(w http.ResponseWriter, r *http.Request, body *bytes.Buffer) bool {
	// A page of another site can send text/plain or a form without asking first (CSRF), but not JSON.
	if media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(media), "application/json") {
		writeFault(w, http.StatusUnsupportedMediaType, nil, invalid("Content-Type must be application/json"))
		return false
	}
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Now().Add(stuckLimit)) // stays if it is missed, or net/http would wait for the rest
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		writeFault(w, http.StatusRequestEntityTooLarge, nil, invalid("the message has more than 16 MiB"))
		return false
	case err != nil:
		writeFault(w, http.StatusBadRequest, nil, invalid("the message did not come in whole"))
		return false
	}
	_ = c.SetReadDeadline(time.Time{})
	return true
}

func scanFault(err error) *jsonrpc.Fault {
	if errors.Is(err, jsonrpc.ErrSyntax) {
		return &jsonrpc.Fault{Code: jsonrpc.CodeParseError, Message: err.Error()}
	}
	return invalid(err.Error())
}

func invalid(why string) *jsonrpc.Fault {
	return &jsonrpc.Fault{Code: jsonrpc.CodeInvalidRequest, Message: why}
}

// writeFault answers with a JSON-RPC error.
func writeFault(w http.ResponseWriter, status int, id []byte, f *jsonrpc.Fault) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(jsonrpc.AppendError(nil, id, f))
}

// faultOf puts an error of a server's connection into words for the client.
func faultOf(server *upstream.Server, err error) *jsonrpc.Fault {
	f := &jsonrpc.Fault{Code: codeLost, Message: "server " + server.Name() + ": " + err.Error()}
	switch {
	case errors.Is(err, upstream.ErrUnavailable):
		f.Code, f.Message = codeUnavailable, err.Error()
	case errors.Is(err, upstream.ErrSlow):
		f.Code = codeSlow
	}
	return f
}

// Run ends sessions that nobody uses, until ctx ends; then it ends all sessions and streams.
func (g *Gateway) Run(ctx context.Context) error {
	g.sweep(ctx)
	g.mu.Lock()
	g.closed = true
	sessions, listeners := g.sessions, g.listeners
	g.sessions, g.listeners = map[string]*session{}, map[*listener]bool{}
	g.mu.Unlock()
	for _, s := range sessions {
		s.end()
	}
	for l := range listeners {
		l.out.close()
	}
	return context.Cause(ctx)
}
