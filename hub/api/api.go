// Package api owns the hub's HTTP surface: which routes there are, and who may use them.
//
// It must not know how a route does its work, nor the life of the process.
package api

import (
	"encoding/json"
	"net/http"
	"time"
)

// Deps is what the routes are made of.
type Deps struct {
	Endpoint interface{ Register(*http.ServeMux) } // the MCP endpoint
	Hosts    []string                              // names besides the loopback ones by which the hub may be addressed
	Version  string                                // the hub's own
}

// Handler returns the whole HTTP surface.
func Handler(d Deps) http.Handler {
	mux := http.NewServeMux()
	d.Endpoint.Register(mux)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"name": "MCP Hub", "version": d.Version, "mcp": "/mcp", "server": "/mcp/{server}"})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "NOT_FOUND", "There is no "+r.Method+" "+r.URL.Path)
	})
	return onlyLocal(d.Hosts, mux)
}

// refuse answers with the error shape of every route.
func refuse(w http.ResponseWriter, status int, code, text string) {
	answer(w, status, map[string]any{
		"error": text, "code": code, "data": struct{}{}, "timestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
