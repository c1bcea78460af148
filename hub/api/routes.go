package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// rest answers the routes.
type rest struct{ Deps }

type route struct {
	pattern string
	serve   http.HandlerFunc
}

// routes is all of them but those of the MCP endpoint. GET stands for HEAD too.
func (a *rest) routes() []route {
	return []route{
		{"GET /{$}", site{a.Site}.page(answering(a.root))},
		{"GET /assets/{file}", site{a.Site}.asset(answering(a.unknown))},
		{"GET /api/health", answering(a.health)},
		{"GET /api/events", a.Live.ServeHTTP},
		{"GET /api/workspaces", answering(a.workspaces)},
		{"POST /api/restart", answering(a.restart)},
		{"POST /api/hard-restart", answering(a.hardRestart)},
		{"GET /api/servers", answering(a.servers)},
		{"GET /api/refresh", answering(a.refreshAll)},
		{"POST /api/servers/info", answering(a.info)},
		{"POST /api/servers/refresh", answering(a.refresh)},
		{"POST /api/servers/start", answering(a.start)},
		{"POST /api/servers/stop", answering(a.stop)},
		{"POST /api/servers/tools", answering(a.callTool)},
		{"POST /api/servers/resources", answering(a.readResource)},
		{"POST /api/servers/prompts", answering(a.getPrompt)},
		{"GET /api/marketplace", answering(a.marketplace)},
		{"POST /api/marketplace/details", answering(a.details)},
		{"POST /api/servers/authorize", answering(a.authorize)},
		{"POST /api/oauth/manual_callback", answering(a.manualCallback)},
		{"GET " + signInPath, a.callback},
		{"/", answering(a.unknown)},
	}
}

// maxBody is how many bytes the body of a request may have.
const maxBody = 16 << 20

// answering is the handler that answers with what do returns: a value that becomes JSON, or raw JSON, or an error.
func answering(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		if body, err := do(r); err != nil {
			refuse(w, err)
		} else {
			answer(w, http.StatusOK, body)
		}
	}
}

// answer writes a response. Raw JSON goes out byte for byte.
func answer(w http.ResponseWriter, status int, body any) {
	text, ok := body.(json.RawMessage)
	if !ok {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false) // it is no HTML, and servers' texts shall stay as they are
		if err := e.Encode(body); err != nil {
			refuse(w, fmt.Errorf("write the answer: %w", err))
			return
		}
		text = bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // if not, the client is gone
}

// tolerant lets the routes under /api be written in any case and with a slash at the end, as mcp-hub does, and keeps
// http.ServeMux from answering with the redirections that it would make of other odd paths.
func tolerant(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, v2Prefix) {
			next.ServeHTTP(w, r)
			return
		}
		plain := r.URL.Path
		if clean := path.Clean("/" + plain); clean != strings.TrimSuffix(plain, "/") && plain != "/" {
			plain = clean
		}
		if low := strings.ToLower(plain); strings.HasPrefix(low, "/api/") {
			plain = strings.TrimRight(low, "/")
		}
		if plain != r.URL.Path {
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = plain, ""
		}
		next.ServeHTTP(w, r)
	})
}

func (a *rest) root(*http.Request) (any, error) {
	return map[string]string{"name": "MCP Hub", "version": a.Version, "mcp": "/mcp", "server": "/mcp/{server}"}, nil
}

func (a *rest) unknown(r *http.Request) (any, error) {
	return nil, &failure{status: http.StatusNotFound, code: "NOT_FOUND", text: "There is no " + r.Method + " " + r.URL.Path}
}
