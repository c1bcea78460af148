package api

import (
	"cmp"
	"net/http"
	"strconv"

	"mcphub/hub/access"
	"mcphub/hub/catalog"
)

// health is how the hub is.
type health struct {
	Status        string          `json:"status"`
	State         string          `json:"state"`
	ServerID      string          `json:"server_id"`
	Version       string          `json:"version"`
	HubVersion    string          `json:"hubVersion"`
	ActiveClients int             `json:"activeClients"`
	Timestamp     string          `json:"timestamp"`
	Servers       []server        `json:"servers"`
	Connections   connections     `json:"connections"`
	Endpoint      endpoint        `json:"mcpEndpoint"`
	Workspaces    workspaceHealth `json:"workspaces"`
}

type connections struct {
	Total int          `json:"totalConnections"`
	List  []connection `json:"connections"`
}

type connection struct {
	ID          string  `json:"id"`
	State       string  `json:"state"`
	ConnectedAt string  `json:"connectedAt"`
	LastEventAt *string `json:"lastEventAt"`
}

type endpoint struct {
	ActiveClients int        `json:"activeClients"`
	Registered    registered `json:"registeredCapabilities"`
	Total         int        `json:"totalCapabilities"`
}

type registered struct {
	Tools     int `json:"tools"`
	Resources int `json:"resources"`
	Templates int `json:"resourceTemplates"`
	Prompts   int `json:"prompts"`
}

type workspaceHealth struct {
	Current   string         `json:"current"`
	AllActive map[string]any `json:"allActive"`
}

func (a *rest) health(r *http.Request) (any, error) {
	who := access.From(r.Context())
	h := health{
		Status: "ok", State: a.Control.State(), ServerID: "mcp-hub", Version: a.compatible(), HubVersion: a.Version, Timestamp: now(),
		Servers: a.all(who), Connections: connections{List: []connection{}},
		Workspaces: workspaceHealth{strconv.Itoa(a.Port), map[string]any{}},
	}
	if !who.May(access.Read) {
		return h, nil
	}
	h.Workspaces.AllActive = a.activeWorkspaces()
	for _, c := range a.Connections() {
		shown := connection{ID: c.ID, State: "connected", ConnectedAt: stamp(c.ConnectedAt)}
		if !c.LastEventAt.IsZero() {
			last := stamp(c.LastEventAt)
			shown.LastEventAt = &last
		}
		h.Connections.List = append(h.Connections.List, shown)
	}
	h.Connections.Total = len(h.Connections.List)
	h.ActiveClients = h.Connections.Total
	if a.Sessions != nil {
		h.Endpoint.ActiveClients = a.Sessions()
	}
	view := a.Catalog.All()
	g := registered{view.Len(catalog.Tools), view.Len(catalog.Resources), view.Len(catalog.Templates), view.Len(catalog.Prompts)}
	h.Endpoint.Registered, h.Endpoint.Total = g, g.Tools+g.Resources+g.Templates+g.Prompts
	return h, nil
}

// compatible returns the version of mcp-hub that the hub passes for.
func (a *rest) compatible() string {
	return cmp.Or(a.Compatible, a.Config.Current().Hub.CompatibleVersion, CompatibleVersion)
}

func (a *rest) activeWorkspaces() map[string]any {
	if a.Workspaces != nil {
		if all := a.Workspaces(); all != nil {
			return all
		}
	}
	return map[string]any{}
}

func (a *rest) workspaces(*http.Request) (any, error) {
	return struct {
		Workspaces map[string]any `json:"workspaces"`
		Timestamp  string         `json:"timestamp"`
	}{a.activeWorkspaces(), now()}, nil
}

// done is the answer of the routes that have nothing else to say.
type done struct {
	Status    string `json:"status"`
	Timestamp string `json:"timestamp"`
}

func (a *rest) restart(r *http.Request) (any, error) {
	if err := a.Control.Restart(r.Context()); err != nil {
		return nil, failed("RESTART_ERROR", err.Error(), nil)
	}
	return done{"ok", now()}, nil
}

func (a *rest) hardRestart(*http.Request) (any, error) {
	if err := a.Control.HardRestart(); err != nil {
		return nil, failed("HARD_RESTART_ERROR", err.Error(), nil)
	}
	return done{"ok", now()}, nil
}
