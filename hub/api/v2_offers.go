package api

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"mcphub/hub/config"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/upstream"
)

// offer is a tool, resource, resource template or prompt of a server.
type offer struct {
	Name       string `json:"name" doc:"Of a resource its URI, of a resource template its URI template"`
	Offered    bool   `json:"offered" doc:"Clients see it: the configuration does not hide it"`
	Definition raw    `json:"definition" doc:"As the server gave it"`
}

func offers(items [][]byte, key string, hidden []string) []offer {
	list := make([]offer, len(items))
	for i, item := range items {
		name := jsonrpc.String(jsonrpc.Get(item, jsonrpc.All(item), key).In(item))
		list[i] = offer{name, !slices.Contains(hidden, name), item}
	}
	return list
}

type toolsAnswer struct {
	Body struct {
		Tools []offer `json:"tools" nullable:"false" doc:"In the server's order"`
	}
}

type promptsAnswer struct {
	Body struct {
		Prompts []offer `json:"prompts" nullable:"false" doc:"In the server's order"`
	}
}

type resourcesAnswer struct {
	Body struct {
		Resources []offer `json:"resources" nullable:"false" doc:"In the server's order"`
		Templates []offer `json:"resourceTemplates" nullable:"false" doc:"In the server's order"`
	}
}

func (a *v2) offerRoutes(api huma.API) {
	const description = "Those that are hidden from clients too. While a server that was ready is being restarted these are its last ones."
	route := func(path, id, summary string) huma.Operation {
		op := operation(http.MethodGet, "servers/{name}/"+path, id, summary, 404)
		op.Description = description
		return op
	}
	huma.Register(api, route("tools", "get-server-tools", "The tools of a server"), func(_ context.Context, in *serverPath) (*toolsAnswer, error) {
		out := &toolsAnswer{}
		s, err := a.find(in.Name)
		if err == nil {
			out.Body.Tools = offers(s.Lists().Tools, "name", s.Status().Config.DisabledTools)
		}
		return out, err
	})
	huma.Register(api, route("prompts", "get-server-prompts", "The prompts of a server"), func(_ context.Context, in *serverPath) (*promptsAnswer, error) {
		out := &promptsAnswer{}
		s, err := a.find(in.Name)
		if err == nil {
			out.Body.Prompts = offers(s.Lists().Prompts, "name", s.Status().Config.DisabledPrompts)
		}
		return out, err
	})
	huma.Register(api, route("resources", "get-server-resources", "The resources and resource templates of a server"), func(_ context.Context, in *serverPath) (*resourcesAnswer, error) {
		out := &resourcesAnswer{}
		s, err := a.find(in.Name)
		if err == nil {
			c := s.Status().Config
			out.Body.Resources = offers(s.Lists().Resources, "uri", c.DisabledResources)
			out.Body.Templates = offers(s.Lists().Templates, "uriTemplate", c.DisabledResourceTemplates)
		}
		return out, err
	})
	trial := operation(http.MethodPost, "trials", "try-server", "Start a server that is in no configuration file, and end it again", 422)
	trial.Description = "Answers when the server is ready or its first attempt has failed, after 2 min at most; its state and health tell which."
	huma.Register(api, trial, a.try)
}

// trialLimit is how long a trial may take: a first npx or uvx downloads.
const trialLimit = 2 * time.Minute

type trialAnswer struct {
	Body struct {
		Server managedServer `json:"server" doc:"As it was when the trial ended"`
		Tools  []offer       `json:"tools" nullable:"false"`
		Lines  []logLine     `json:"lines" nullable:"false" doc:"What it wrote on its standard error, and the hub's notes on it"`
	}
}

type trialRequest struct {
	Body struct {
		Name   string `json:"name" minLength:"1"`
		Config raw    `json:"config" doc:"The server's entry as it would stand in a configuration file: a JSON object"`
	}
}

// try runs a server beside the managed ones, so that no client hears of it.
func (a *v2) try(ctx context.Context, in *trialRequest) (*trialAnswer, error) {
	server, err := a.Config.Draft(in.Body.Name, in.Body.Config)
	if err != nil {
		return nil, &failure{status: http.StatusUnprocessableEntity, code: "INVALID_SERVER", text: err.Error()}
	}
	ctx, cancel := context.WithTimeout(ctx, trialLimit)
	defer cancel()
	set := upstream.NewSet(upstream.Options{Version: a.Version, Log: slog.New(slog.DiscardHandler)})
	set.Apply([]*config.Server{server})
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = set.Run(running) // it ends when it is told to
	}()
	defer func() {
		end()
		<-ended
	}()
	s := set.Get(server.Name)
	attempt(ctx, s)
	out := &trialAnswer{}
	out.Body.Server = view(s)
	out.Body.Server.Config = nil // it stands nowhere
	out.Body.Tools = offers(s.Lists().Tools, "name", nil)
	out.Body.Lines = shownLines(s.Log())
	return out, nil
}
