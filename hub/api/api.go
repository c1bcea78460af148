// Package api owns the hub's HTTP surface: which routes there are, and who may use them. The routes under /api are those
// of mcp-hub 4.2.1, for the clients that were written for it; those under /api/v2 are the hub's own.
//
// It must not know how a route does its work, nor the life of the process.
package api

import (
	"context"
	"io/fs"
	"net/http"
	"time"

	"mcphub/hub/access"
	"mcphub/hub/catalog"
	"mcphub/hub/config"
	"mcphub/hub/gateway"
	"mcphub/hub/market"
	"mcphub/hub/oauth"
	"mcphub/hub/release"
	"mcphub/hub/secret"
	"mcphub/hub/store"
	"mcphub/hub/upstream"
)

// CompatibleVersion is the version of mcp-hub whose routes these are. Its clients compare it, sign by sign, with the one
// that they want.
const CompatibleVersion = "4.2.1"

// Deps is what the routes are made of.
type Deps struct {
	Endpoint   interface{ Register(*http.ServeMux) } // the MCP endpoint
	Set        *upstream.Set                         // the managed servers
	Catalog    *catalog.Catalog                      // what the MCP endpoint offers
	Live       http.Handler                          // the event stream
	Stream     http.Handler                          // the stream of /api/v2
	Config     *config.Store                         // the configuration files
	Site       fs.FS                                 // the built dashboard; nil if there is none
	Control    Control                               // the life of the hub
	Guard      *access.Guard                         // who may talk to the hub
	Keys       *access.Keys                          // the tokens
	Port       int                                   // that the hub listens on
	Address    string                                // of the hub for a browser on this machine, without a slash at its end
	Version    string                                // the hub's own
	Compatible string                                // what the hub reports as its version; empty for what the configuration says

	// Disable writes into a server's configuration whether it is disabled, and applies that before it returns. Nil:
	// such a server is only stopped.
	Disable func(ctx context.Context, server string, disabled bool) error
	// Plan returns what a configuration would change about the managed servers.
	Plan func(*config.Snapshot) upstream.Plan
	// Remove takes a server out of the configuration file that it comes from, and removes what was unpacked for it.
	Remove func(ctx context.Context, server string) error
	// Mentioned reports whether one of the texts stands in a configuration file of a hub that runs on this machine.
	Mentioned func(ctx context.Context, texts ...string) bool
	// Market opens the marketplace.
	Market func(context.Context) (*market.Index, error)
	// OAuth is the sign-ins to servers.
	OAuth *oauth.Manager
	// OpenURL shows a page in the browser of the person who asked for it, and reports whether there is one. Nil: there is none.
	OpenURL func(address string) bool
	// Updates knows of newer versions of the hub.
	Updates *release.Checker
	// Desktop is the desktop that the hub is part of. Nil: there is none.
	Desktop Desktop
	// Secrets is where secrets are kept; a *vault.Store can also tell where, and move them. Nil: there are none.
	Secrets secret.Store
	// Connections returns the clients that listen to the hub's events.
	Connections func() []Connection
	// Sessions returns how many clients the MCP endpoint has. Nil: it is not known.
	Sessions func() int
	// Clients returns who is connected to the MCP endpoint.
	Clients func() []gateway.Connected
	// Disconnect ends the session of one of them.
	Disconnect func(client string) error
	// Sight tells why one of them sees a server's tool or not.
	Sight func(client, server, tool string) (gateway.Sight, error)
	// History is what is known of calls. Nil: none is kept.
	History *store.History
	// Recorder is told of calls. Nil: nobody is.
	Recorder Recorder
	// Metrics answers with the hub's numbers for Prometheus. Nil: there are none.
	Metrics http.Handler
	// LogDir is the folder that the hub's log is in; empty: there is none.
	LogDir string
	// Workspaces returns the hubs that run on this machine, by port. Nil: they are not known.
	Workspaces func() map[string]any
}

// Control is the life of the hub.
type Control interface {
	// State returns what the hub says of itself in hub_state events, such as "ready".
	State() string
	// Restart reads the configuration again and connects all servers anew. It returns when that is done.
	Restart(ctx context.Context) error
	// HardRestart ends the hub. It returns when the port is free, before the hub has ended: whoever asked for it starts
	// the next one as soon as it has the answer.
	HardRestart() error
}

// Connection is one client that listens to the hub's events.
type Connection struct {
	ID          string
	ConnectedAt time.Time
	LastEventAt time.Time // zero if it got none yet
}

// Handler returns the whole HTTP surface.
func Handler(d Deps) http.Handler {
	mux := http.NewServeMux()
	d.Endpoint.Register(mux)
	a := &rest{d}
	for _, route := range a.routes() {
		mux.HandleFunc(route.pattern, asking(rightOf(route.pattern), route.serve))
	}
	if d.Metrics != nil {
		mux.HandleFunc("GET /metrics", asking(access.Read, d.Metrics.ServeHTTP))
	}
	(&v2{rest: a}).register(mux)
	return d.Guard.Handler(tolerant(mux), refuseVisit)
}

// stamp is how the routes write a time: UTC in ISO 8601, with milliseconds.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// now is the time that stands in every answer.
func now() string { return stamp(time.Now()) }
