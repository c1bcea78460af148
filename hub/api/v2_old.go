package api

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// outline describes a route of mcp-hub: the fields that its body must have, and what it answers with.
type outline struct {
	summary string
	fields  []field
	answer  reflect.Type // nil for one that depends on a server, or is no JSON
	content string       // of the answer; empty for JSON
}

// outlines describes routes by their pattern.
var outlines = map[string]outline{
	"GET /{$}":                        {summary: "Name and version of the hub; to browsers, the dashboard"},
	"GET /assets/{file}":              {summary: "The files of the dashboard", content: "text/javascript"},
	"GET /api/health":                 {summary: "How the hub and its servers are", answer: reflect.TypeFor[health]()},
	"GET /api/events":                 {summary: "Events of mcp-hub, as they happen", content: "text/event-stream"},
	"GET /api/workspaces":             {summary: "The hubs that run on this machine"},
	"GET /api/marketplace":            {summary: "What can be installed, from all sources", answer: reflect.TypeFor[catalogue]()},
	"POST /api/marketplace/details":   {summary: "One item with its README"},
	"POST /api/restart":               {summary: "Read the configuration again and connect all servers anew", answer: reflect.TypeFor[done]()},
	"POST /api/hard-restart":          {summary: "End the hub for another one to take its port", answer: reflect.TypeFor[done]()},
	"GET /api/servers":                {summary: "All configured servers", answer: reflect.TypeFor[allServers]()},
	"GET /api/refresh":                {summary: "Read the lists of all servers again", answer: reflect.TypeFor[allServers]()},
	"POST /api/servers/info":          {summary: "One server", fields: []field{serverField}, answer: reflect.TypeFor[oneServer]()},
	"POST /api/servers/refresh":       {summary: "Read the lists of a server again", fields: []field{serverField}, answer: reflect.TypeFor[oneServer]()},
	"POST /api/servers/start":         {summary: "Start a server", fields: []field{serverField}, answer: reflect.TypeFor[oneServer]()},
	"POST /api/servers/stop":          {summary: "Stop a server, and disable it with ?disable=true", fields: []field{serverField}, answer: reflect.TypeFor[oneServer]()},
	"POST /api/servers/tools":         {summary: "Call a tool", fields: []field{serverField, toolField}},
	"POST /api/servers/resources":     {summary: "Read a resource", fields: []field{serverField, uriField}},
	"POST /api/servers/prompts":       {summary: "Get a prompt", fields: []field{serverField, promptField}},
	"POST /api/servers/authorize":     {summary: "Open the page where a person signs in to a server", fields: []field{serverField}},
	"POST /api/oauth/manual_callback": {summary: "Hand in the address that a sign-in ended at", fields: []field{urlField}},
	"GET /api/oauth/callback":         {summary: "Where the browser arrives after a sign-in", content: "text/html"},
}

// describe adds routes that are not under /api/v2 to the description, in outline.
func describe(api huma.API, routes []route) {
	registry := api.OpenAPI().Components.Schemas
	for _, r := range routes {
		method, path, ok := strings.Cut(r.pattern, " ")
		if !ok {
			continue // it catches what is no route
		}
		path = strings.TrimSuffix(path, "{$}")
		d := outlines[r.pattern]
		op := &huma.Operation{
			Method: method, Path: path, Summary: d.summary, Tags: []string{"mcp-hub"},
			OperationID: strings.Trim(strings.ToLower(method)+strings.NewReplacer("/", "-", "_", "-", "{", "", "}", "").Replace(path), "-"),
		}
		if len(d.fields) > 0 {
			op.RequestBody = &huma.RequestBody{Required: true, Content: ofJSON(fieldsSchema(d.fields))}
		}
		answer := ofJSON(&huma.Schema{Type: huma.TypeObject, AdditionalProperties: true})
		switch {
		case d.content != "":
			answer = map[string]*huma.MediaType{d.content: {Schema: &huma.Schema{Type: huma.TypeString}}}
		case d.answer != nil:
			answer = ofJSON(registry.Schema(d.answer, true, ""))
		}
		op.Responses = map[string]*huma.Response{
			"200":     {Description: http.StatusText(http.StatusOK), Content: answer},
			"default": {Description: "Error", Content: ofJSON(registry.Schema(reflect.TypeFor[errorBody](), true, ""))},
		}
		api.OpenAPI().AddOperation(op)
	}
}

func ofJSON(s *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"application/json": {Schema: s}}
}

func fieldsSchema(fields []field) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Properties: map[string]*huma.Schema{}}
	for _, f := range fields {
		s.Properties[f.name] = &huma.Schema{Type: huma.TypeString}
		s.Required = append(s.Required, f.name)
	}
	return s
}
