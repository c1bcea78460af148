package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"mcphub/hub/access"
	"mcphub/hub/config"
	"mcphub/hub/upstream"
)

// patience is how long starting or stopping a server is waited for. Clients wait 10 s for an answer.
const patience = 9 * time.Second

// server is a managed server as the routes show it.
type server struct {
	Name             string       `json:"name"`
	DisplayName      string       `json:"displayName"`
	Description      string       `json:"description"`
	TransportType    string       `json:"transportType"`
	Status           string       `json:"status"`
	Error            *string      `json:"error"`
	Capabilities     capabilities `json:"capabilities"`
	Uptime           int64        `json:"uptime"` // in whole seconds
	LastStarted      *string      `json:"lastStarted"`
	AuthorizationURL *string      `json:"authorizationUrl"`
	ServerInfo       raw          `json:"serverInfo"`
	ConfigSource     string       `json:"config_source"` // exactly as given: clients compare it with what they gave
}

// capabilities is what a server offers, each item as the server gave it.
type capabilities struct {
	Tools             []raw `json:"tools"`
	Resources         []raw `json:"resources"`
	ResourceTemplates []raw `json:"resourceTemplates"`
	Prompts           []raw `json:"prompts"`
}

// status is the word for a state.
func status(s upstream.State) string {
	switch s {
	case upstream.Ready:
		return "connected"
	case upstream.Starting:
		return "connecting"
	case upstream.Authorizing:
		return "unauthorized"
	case upstream.Disabled:
		return "disabled"
	}
	return "disconnected"
}

// show shows a server as it is now.
func (a *rest) show(s *upstream.Server) server {
	st, lists := s.Status(), &upstream.Lists{}
	v := server{
		Name: st.Name, DisplayName: st.Config.DisplayName, Description: st.Config.Description, TransportType: "stdio",
		Status: status(st.State), ConfigSource: st.Config.Source,
	}
	if st.Config.Transport == config.Remote {
		v.TransportType = "sse"
	}
	switch st.State {
	case upstream.Ready:
		lists = s.Lists()
		v.Uptime = int64(time.Since(st.Since).Seconds())
		v.ServerInfo = st.Hello.Info
		fallthrough
	case upstream.Authorizing:
		started := stamp(st.Since)
		v.LastStarted = &started
		if address := a.OAuth.Address(st.Name); address != "" && st.State == upstream.Authorizing {
			v.AuthorizationURL = &address
		}
	case upstream.Failed, upstream.Retrying:
		v.Error = &st.Err
	}
	v.Capabilities = capabilities{items(lists.Tools), items(lists.Resources), items(lists.Templates), items(lists.Prompts)}
	return v
}

// items returns a list that is never null.
func items(list [][]byte) []raw {
	out := make([]raw, len(list))
	for i, item := range list {
		out[i] = item
	}
	return out
}

// all shows all servers that stand in a configuration file, as far as somebody may use them. The hub's own tools are not a
// server to these clients.
func (a *rest) all(who *access.Principal) []server {
	list := []server{}
	for _, s := range a.Set.List() {
		if !configured(s) {
			continue
		}
		if shown := a.show(s); a.limit(&shown, who.Policy()) {
			list = append(list, shown)
		}
	}
	return list
}

func configured(s *upstream.Server) bool { return s.Status().Config.Transport != upstream.Local }

// server returns the configured server of a name, or nil.
func (a *rest) server(name string) *upstream.Server {
	if s := a.Set.Get(name); s != nil && configured(s) {
		return s
	}
	return nil
}

// named returns the server that a request names.
func (a *rest) named(r *http.Request) (*upstream.Server, error) {
	b, err := read(r, serverField)
	if err != nil {
		return nil, err
	}
	name := b.text(serverField.name)
	if s := a.server(name); s != nil {
		return s, nil
	}
	return nil, noServer(object{"server": name})
}

// oneServer is the answer of the routes about one server.
type oneServer struct {
	Status    string `json:"status,omitempty"`
	Server    server `json:"server"`
	Timestamp string `json:"timestamp"`
}

// allServers is the answer of the routes about all servers.
type allServers struct {
	Status    string   `json:"status,omitempty"`
	Servers   []server `json:"servers"`
	Timestamp string   `json:"timestamp"`
}

func (a *rest) servers(r *http.Request) (any, error) {
	return allServers{Servers: a.all(access.From(r.Context())), Timestamp: now()}, nil
}

// refreshAll has all servers asked for their lists again; of those that do not answer in time the hub tells what it
// knows.
func (a *rest) refreshAll(r *http.Request) (any, error) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	var work sync.WaitGroup
	for _, s := range a.Set.List() {
		work.Go(func() { _ = s.Refresh(ctx) })
	}
	work.Wait()
	return allServers{Status: "ok", Servers: a.all(access.From(r.Context())), Timestamp: now()}, nil
}

func (a *rest) info(r *http.Request) (any, error) {
	s, err := a.named(r)
	if err != nil {
		return nil, err
	}
	shown := a.show(s)
	if !a.limit(&shown, access.From(r.Context()).Policy()) {
		return nil, noServer(object{"server": s.Name()})
	}
	return oneServer{Server: shown, Timestamp: now()}, nil
}

// refresh is refreshAll for one server.
func (a *rest) refresh(r *http.Request) (any, error) {
	s, err := a.named(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	_ = s.Refresh(ctx)
	return oneServer{Status: "ok", Server: a.show(s), Timestamp: now()}, nil
}

func (a *rest) start(r *http.Request) (any, error) {
	s, err := a.named(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	st := attempt(ctx, s)
	switch st.State {
	case upstream.Failed, upstream.Retrying:
		return nil, failed("CONNECTION_ERROR", fmt.Sprintf("Failed to connect to %q MCP server: %s", st.Name, st.Err),
			object{"server": st.Name, "error": st.Err, "health": st.Health})
	}
	return oneServer{Status: "ok", Server: a.show(s), Timestamp: now()}, nil
}

// attempt starts a server and waits until it is up, or its first attempt has failed, or ctx ends.
func attempt(ctx context.Context, s *upstream.Server) *upstream.Status {
	before := s.Status()
	s.Start()
	for {
		// A server that is tried again and again does not settle, so it is looked at in between.
		moment, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		err := s.Settled(moment, true)
		cancel()
		st := s.Status()
		again := st.State == upstream.Retrying && st.Failures > 0 && st != before
		if err == nil || again || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return st
		}
	}
}

func (a *rest) stop(r *http.Request) (any, error) {
	s, err := a.named(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	if r.URL.Query().Get("disable") == "true" && a.Disable != nil {
		if err := a.Disable(ctx, s.Name(), true); err != nil {
			return nil, failed("CONFIG_ERROR", fmt.Sprintf("Failed to disable %q: %v", s.Name(), err), object{"server": s.Name()})
		}
	}
	// A disabled server is stopped too: the client may have edited the file itself, and the hub not have seen it yet.
	s.Stop()
	_ = s.Settled(ctx, false) // if it takes longer, or cannot be, the answer shows it
	return oneServer{Status: "ok", Server: a.show(s), Timestamp: now()}, nil
}
