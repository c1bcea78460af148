package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"mcphub/hub/access"
	"mcphub/hub/config"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/secret"
	"mcphub/hub/upstream"
)

// managedServer is a server as the routes under /api/v2 and their stream show it.
type managedServer struct {
	Name         string       `json:"name"`
	DisplayName  string       `json:"displayName"`
	Description  string       `json:"description"`
	Builtin      bool         `json:"builtin" doc:"The hub's own tools: in no configuration file, and not to be changed or deleted"`
	Disabled     bool         `json:"disabled" doc:"Switched off in the configuration; it may have been started all the same"`
	Transport    string       `json:"transport" doc:"stdio, remote, or local for the hub itself; empty if its configuration has none"`
	State        string       `json:"state" enum:"disabled,idle,starting,authorizing,ready,retrying,failed,stopping"`
	Since        time.Time    `json:"since" doc:"When it came into this state"`
	Health       serverHealth `json:"health"`
	Error        string       `json:"error,omitempty" doc:"Why the last attempt or connection failed"`
	Failures     int          `json:"failures" doc:"Attempts that failed in a row"`
	Secret       string       `json:"secret,omitempty" doc:"The secret that it waits for: one that is not set, or cannot be read now"`
	RetryAt      *time.Time   `json:"retryAt,omitempty" doc:"Of the next attempt, while retrying"`
	PID          int          `json:"pid,omitempty" doc:"Of the command of a local server, while ready"`
	Revision     string       `json:"revision,omitempty" doc:"Of the protocol, as spoken with the server, while ready"`
	Era          string       `json:"era,omitempty" enum:"legacy,modern" doc:"Whether that revision has a handshake (legacy) or not"`
	Capabilities raw          `json:"capabilities,omitempty" doc:"As the server gave them, while ready"`
	ServerInfo   raw          `json:"serverInfo,omitempty" doc:"As the server gave it, while ready"`
	Lists        listCounts   `json:"lists" doc:"How many of each it offers"`
	Problems     []string     `json:"problems,omitempty" nullable:"false" doc:"What does not work although it is ready"`
	Kept         []keptSecret `json:"keptSecrets,omitempty" nullable:"false" doc:"Only in the answer to its creation: the secrets that were given in plain text, and now are in the store"`
	Config       *position    `json:"config,omitempty" doc:"Where its entry begins"`
}

type serverHealth upstream.Health

type listCounts struct {
	Tools     int `json:"tools"`
	Resources int `json:"resources"`
	Templates int `json:"resourceTemplates"`
	Prompts   int `json:"prompts"`
}

// position is a place in a configuration file.
type position struct {
	File   string `json:"file" doc:"Path exactly as given to the hub"`
	Line   int    `json:"line" doc:"From 1"`
	Column int    `json:"column" doc:"From 1, in characters"`
}

// view shows a server as it is now.
func view(s *upstream.Server) managedServer {
	st, lists := s.Status(), s.Lists()
	c := st.Config
	v := managedServer{
		Name: st.Name, DisplayName: c.DisplayName, Description: c.Description, Builtin: !configured(s), Disabled: c.Disabled,
		Transport: string(c.Transport), State: string(st.State), Since: st.Since, Health: serverHealth(st.Health), Error: st.Err,
		Failures: st.Failures, Secret: st.Secret, PID: st.PID, Problems: st.Problems,
		Lists: listCounts{len(lists.Tools), len(lists.Resources), len(lists.Templates), len(lists.Prompts)},
	}
	if st.State == upstream.Retrying {
		v.RetryAt = &st.RetryAt
	}
	if h := st.Hello; h != nil {
		v.Revision, v.Era, v.Capabilities, v.ServerInfo = h.Version, "legacy", h.Capabilities, h.Info
		if h.Modern {
			v.Era = "modern"
		}
	}
	if !v.Builtin {
		p := position{c.File.Path, c.File.Line, c.File.Column}
		v.Config = &p
	}
	return v
}

func views(set *upstream.Set) []managedServer {
	list := []managedServer{}
	for _, s := range set.List() {
		list = append(list, view(s))
	}
	return list
}

// serverPath names the server that a route is about.
type serverPath struct {
	Name string `path:"name" doc:"The server's name in the configuration"`
}

type serverAnswer struct{ Body managedServer }

func (a *v2) serverRoutes(api huma.API) {
	huma.Register(api, ask(access.Use, operation(http.MethodGet, "servers", "list-servers", "All servers, the hub's own tools among them")), a.listServers)
	huma.Register(api, ask(access.Use, operation(http.MethodGet, "servers/{name}", "get-server", "One server", 404)), a.getServer)
	create := operation(http.MethodPost, "servers", "create-server", "Add a server to a configuration file", 409, 422, 423, 503)
	create.DefaultStatus = http.StatusCreated
	huma.Register(api, create, a.createServer)
	huma.Register(api, operation(http.MethodPatch, "servers/{name}", "change-server",
		"Change a server in the configuration file that it comes from", 404, 409, 422), a.changeServer)
	huma.Register(api, operation(http.MethodDelete, "servers/{name}", "delete-server",
		"Remove a server from the configuration file that it comes from; one of that name in an earlier file takes its place", 404, 409), a.deleteServer)
	for _, action := range []struct {
		id, summary string
		do          func(context.Context, *upstream.Server)
	}{
		{"start", "Start a server that is stopped or disabled, for this run of the hub", func(ctx context.Context, s *upstream.Server) { attempt(ctx, s) }},
		{"stop", "Stop a server until it is started or its configuration changes", func(ctx context.Context, s *upstream.Server) {
			s.Stop()
			_ = s.Settled(ctx, false) // the answer shows the state
		}},
		{"restart", "End a server's connection and start it again", func(ctx context.Context, s *upstream.Server) {
			s.Restart()
			attempt(ctx, s)
		}},
	} {
		op := operation(http.MethodPost, "servers/{name}/"+action.id, action.id+"-server", action.summary, 404)
		op.Description = "Answers with the server when that is done, or has failed, or after 9 s; its state and health tell which."
		huma.Register(api, op, func(ctx context.Context, in *serverPath) (*serverAnswer, error) {
			s, err := a.find(in.Name)
			if err != nil {
				return nil, err
			}
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			action.do(ctx, s)
			return &serverAnswer{view(s)}, nil
		})
	}
	huma.Register(api, operation(http.MethodGet, "servers/{name}/logs", "get-server-log",
		"What a server wrote on its standard error, and the hub's notes on it", 404), a.serverLog)
}

// find returns the server of a name, the hub's own tools too.
func (a *v2) find(name string) (*upstream.Server, error) {
	if s := a.Set.Get(name); s != nil {
		return s, nil
	}
	return nil, unknownServer(name)
}

// findConfigured returns the server of a name that stands in a configuration file.
func (a *v2) findConfigured(name string) (*config.Server, error) {
	if s, ok := a.Config.Current().Server(name); ok {
		return s, nil
	}
	if _, err := a.find(name); err != nil {
		return nil, err
	}
	return nil, &failure{
		status: http.StatusConflict, code: "BUILTIN_SERVER", data: object{"server": name},
		text: quoted(name) + ` is the hub itself: to switch it off, set "builtin" to false under "hub" in a configuration file`,
	}
}

type serverList struct {
	Body struct {
		Servers []managedServer `json:"servers" nullable:"false" doc:"Sorted by name"`
	}
}

func (a *v2) listServers(ctx context.Context, _ *struct{}) (*serverList, error) {
	out := &serverList{}
	out.Body.Servers = slices.DeleteFunc(views(a.Set), func(s managedServer) bool { return !a.visible(ctx, s.Name) })
	return out, nil
}

func (a *v2) getServer(ctx context.Context, in *serverPath) (*serverAnswer, error) {
	s, err := a.find(in.Name)
	if err != nil {
		return nil, err
	}
	if !a.visible(ctx, in.Name) {
		return nil, unknownServer(in.Name)
	}
	return &serverAnswer{view(s)}, nil
}

// visible reports whether whoever asks may use something of a server.
func (a *v2) visible(ctx context.Context, server string) bool {
	policy := access.From(ctx).Policy()
	return policy == nil || sees(policy, a.Catalog.View(server, policy))
}

type newServer struct {
	Body struct {
		Name   string `json:"name" minLength:"1"`
		Config raw    `json:"config" doc:"The server's entry in the configuration file: a JSON object"`
		File   string `json:"file,omitempty" doc:"Path of one of the hub's configuration files; without it, the first"`
		Plain  bool   `json:"plainSecrets,omitempty" doc:"Write what seems to be a secret into the file as it is. Otherwise it goes into the secret store, and a placeholder into the file"`
	}
}

type createdServer struct {
	Location string `header:"Location" doc:"Where the server is found"`
	Body     managedServer
}

func (a *v2) createServer(ctx context.Context, in *newServer) (*createdServer, error) {
	b, k := &in.Body, a.safekeeping(in.Body.Name)
	entry := b.Config
	if jsonrpc.Type(entry) == '{' && !b.Plain {
		var err error
		if entry, err = config.TakeSecrets(b.Name, entry, func(key string, value secret.Text) string { return k.take(ctx, key, value) }); err != nil {
			return nil, editFailure(err)
		}
	}
	return a.create(ctx, b.Name, entry, b.File, k)
}

// create adds a server to a configuration file, to the first if none is named, and the secrets that it needs to the store.
func (a *v2) create(ctx context.Context, name string, entry raw, file string, secrets *safekeeping) (*createdServer, error) {
	a.adding.Lock()
	defer a.adding.Unlock()
	if a.taken(name) {
		return nil, &failure{
			status: http.StatusConflict, code: "SERVER_EXISTS", data: object{"server": name},
			text: "There is a server " + quoted(name) + " already: choose another name, or change that one",
		}
	}
	file, err := a.target(file)
	if err != nil {
		return nil, err
	}
	if err := secrets.around(ctx, func() error { return a.put(ctx, file, name, entry) }); err != nil {
		return nil, err
	}
	s, err := a.find(name)
	if err != nil {
		return nil, err // deleted already
	}
	out := &createdServer{v2Prefix + "servers/" + url.PathEscape(name), view(s)}
	out.Body.Kept = secrets.kept
	return out, nil
}

// taken reports whether there is a server of that name, configured or the hub itself.
func (a *v2) taken(name string) bool {
	_, exists := a.Config.Current().Server(name)
	return exists || a.Set.Get(name) != nil
}

// target returns the file that a new server goes into: that which was asked for, or else the first.
func (a *v2) target(file string) (string, error) {
	files := a.Config.Current().Files
	if file == "" {
		return files[0].Path, nil
	}
	if !slices.ContainsFunc(files, func(f config.File) bool { return f.Path == file }) {
		_, _, err := a.Config.Read(file)
		return "", editFailure(err) // which names those that there are
	}
	return file, nil
}

// put writes the entry of a server.
func (a *v2) put(ctx context.Context, file, name string, entry raw) error {
	if jsonrpc.Type(entry) != '{' {
		return &failure{status: http.StatusUnprocessableEntity, code: "INVALID_SERVER", text: `"config" must be a JSON object`}
	}
	if err := a.Config.PutServer(ctx, file, name, entry); err != nil {
		return editFailure(err)
	}
	return nil
}

// moment is how long a changed server is waited for, so that the answer shows the change.
const moment = 250 * time.Millisecond

type serverChange struct {
	Name string `path:"name" doc:"The server's name in the configuration"`
	Body struct {
		Disabled *bool  `json:"disabled,omitempty" doc:"Switch it off or on; the rest of its entry stays"`
		History  string `json:"history,omitempty" enum:"all,no bodies,nothing" doc:"What is recorded of its calls: all that the settings of the history say, all but arguments and results, or nothing"`
		Config   raw    `json:"config,omitempty" doc:"Its whole new entry: a JSON object. Comments and layout of what stays the same stay too"`

		Tools     offered `json:"tools,omitempty" doc:"Tools to show to clients (true) or to hide (false), by name; others stay as they are"`
		Prompts   offered `json:"prompts,omitempty" doc:"The same of prompts"`
		Resources offered `json:"resources,omitempty" doc:"The same of resources, by URI"`
		Templates offered `json:"resourceTemplates,omitempty" doc:"The same of resource templates, by URI template"`
	}
}

// offered says of things of a server whether clients see them.
type offered map[string]bool

func (a *v2) changeServer(ctx context.Context, in *serverChange) (*serverAnswer, error) {
	c, err := a.findConfigured(in.Name)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	if b.Config == nil && b.Disabled == nil && b.History == "" && len(b.Tools)+len(b.Prompts)+len(b.Resources)+len(b.Templates) == 0 {
		return nil, &failure{status: http.StatusUnprocessableEntity, code: "VALIDATION_ERROR", text: `Nothing to change: give "disabled", "history", "config", or what to show and to hide`}
	}
	if b.Config != nil {
		if err := a.put(ctx, c.Source, in.Name, b.Config); err != nil {
			return nil, err
		}
	}
	if b.Disabled != nil {
		if err := a.Config.SetDisabled(ctx, in.Name, *b.Disabled); err != nil {
			return nil, editFailure(err)
		}
	}
	if b.History != "" {
		if err := a.Config.SetRecording(ctx, in.Name, config.Recording(b.History)); err != nil {
			return nil, editFailure(err)
		}
	}
	for key, things := range map[config.Hides]offered{
		config.HidesTools: b.Tools, config.HidesPrompts: b.Prompts, config.HidesResources: b.Resources, config.HidesTemplates: b.Templates,
	} {
		if len(things) > 0 {
			if err := a.Config.SetOffered(ctx, in.Name, key, things); err != nil {
				return nil, editFailure(err)
			}
		}
	}
	s, err := a.find(in.Name)
	if err != nil {
		return nil, err // deleted meanwhile
	}
	return changed(ctx, s, b.Disabled == nil || !*b.Disabled), nil
}

// changed answers with a server whose configuration has changed. It has been told; it takes a moment to show it, and
// longer to come to rest.
func changed(ctx context.Context, s *upstream.Server, up bool) *serverAnswer {
	ctx, cancel := context.WithTimeout(ctx, moment)
	defer cancel()
	_ = s.Settled(ctx, up)
	return &serverAnswer{view(s)}
}

type logLine struct {
	ID   string    `json:"id" doc:"Of the event of the stream that told of the line: who reads both knows what they have already"`
	Time time.Time `json:"time"`
	Text string    `json:"text"`
}

type serverLog struct {
	Body struct {
		Lines []logLine `json:"lines" nullable:"false" doc:"Oldest first"`
	}
}

type logQuery struct {
	Name  string `path:"name" doc:"The server's name in the configuration"`
	Lines int    `query:"lines" minimum:"1" maximum:"500" default:"100" doc:"How many of the last lines"`
}

func (a *v2) serverLog(_ context.Context, in *logQuery) (*serverLog, error) {
	s, err := a.find(in.Name)
	if err != nil {
		return nil, err
	}
	lines, out := s.Log(), &serverLog{}
	out.Body.Lines = shownLines(lines[max(0, len(lines)-in.Lines):])
	return out, nil
}

func shownLines(lines []upstream.LogLine) []logLine {
	out := make([]logLine, len(lines))
	for i, l := range lines {
		out[i] = logLine(l)
	}
	return out
}
