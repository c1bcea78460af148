package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"mcphub/hub/access"
)

// v2Prefix begins the paths of the hub's own routes. Unlike those of mcp-hub they tell upper case from lower, as names
// of servers stand in them.
const v2Prefix = "/api/v2/"

// v2 answers the routes under /api/v2.
type v2 struct {
	*rest
	adding sync.Mutex // so that two requests cannot create the same server
}

// register adds the routes to mux and returns what describes them, together with the older ones.
func (a *v2) register(mux *http.ServeMux) huma.API {
	c := huma.DefaultConfig("MCP Hub", "2")
	c.Info.Description = "The routes of one hub. Those under /api/v2 are its own; the others are those of mcp-hub " + CompatibleVersion + "."
	c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", "", nil
	c.AllowAdditionalPropertiesByDefault, c.FieldsOptionalByDefault = false, false
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	api := humago.New(mux, c)
	api.UseMiddleware(askRight)
	a.serverRoutes(api)
	a.signInRoutes(api)
	a.offerRoutes(api)
	a.toolRoutes(api)
	a.configRoutes(api)
	a.marketRoutes(api)
	a.secretRoutes(api)
	a.accessRoutes(api)
	a.historyRoutes(api)
	a.logRoutes(api)
	a.clientRoutes(api)
	a.openRoutes(api)
	a.versionRoute(api)
	a.desktopRoutes(api)
	a.streamRoute(mux, api)
	describe(api, a.routes())
	document := sync.OnceValues(func() ([]byte, error) { return openAPI(api) })
	own := operation(http.MethodGet, "openapi.json", "openapi", "This description")
	own.Responses = map[string]*huma.Response{"200": {Description: "OpenAPI 3.1", Content: ofJSON(&huma.Schema{Type: huma.TypeObject, AdditionalProperties: true})}}
	api.OpenAPI().AddOperation(&own)
	mux.HandleFunc(own.Method+" "+own.Path, asking(access.Use, answering(func(*http.Request) (any, error) {
		text, err := document()
		return json.RawMessage(text), err
	})))
	return api
}

// openAPI returns the description of all routes.
func openAPI(api huma.API) ([]byte, error) {
	text, err := api.OpenAPI().MarshalJSON()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Indent(&out, text, "", "  ")
	return append(out.Bytes(), '\n'), err
}

// operation describes a route under /api/v2, which may fail in these ways and in those of every route.
func operation(method, path, id, summary string, failures ...int) huma.Operation {
	tag, _, _ := strings.Cut(path, "/")
	return huma.Operation{
		OperationID: id, Method: method, Path: v2Prefix + path, Summary: summary, Tags: []string{tag},
		Errors: failures, MaxBodyBytes: maxBody,
	}
}
