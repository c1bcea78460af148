package api

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"mcphub/hub/access"
	"mcphub/hub/catalog"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/upstream"
)

// signInPath is where a browser arrives after a sign-in to a server, sent by that server's page.
const signInPath = "/api/oauth/callback"

// rights are what the routes that are not under /api/v2 ask of who calls them. All others of them ask for access.Change.
var rights = map[string]access.Right{
	"GET " + signInPath:             access.Open,
	"GET /{$}":                      access.Use,
	"GET /assets/{file}":            access.Use,
	"/":                             access.Use,
	"GET /api/health":               access.Use,
	"GET /api/servers":              access.Use,
	"POST /api/servers/info":        access.Use,
	"POST /api/servers/tools":       access.Use,
	"POST /api/servers/resources":   access.Use,
	"POST /api/servers/prompts":     access.Use,
	"GET /api/events":               access.Read,
	"GET /api/workspaces":           access.Read,
	"GET /api/marketplace":          access.Read,
	"POST /api/marketplace/details": access.Read,
}

// OpenPaths returns the paths that anybody may GET.
func OpenPaths() []string {
	var out []string
	for pattern, right := range rights {
		if path, ok := strings.CutPrefix(pattern, "GET "); ok && right == access.Open {
			out = append(out, path)
		}
	}
	return out
}

// rightOf returns what a route that is not under /api/v2 asks for.
func rightOf(pattern string) access.Right {
	if right, known := rights[pattern]; known {
		return right
	}
	return access.Change
}

// asking is a handler that asks for a right.
func asking(right access.Right, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := forbidden(access.From(r.Context()), right); err != nil {
			refuse(w, err)
			return
		}
		next(w, r)
	}
}

func forbidden(who *access.Principal, right access.Right) error {
	switch {
	case who.May(right):
		return nil
	case right == access.Change:
		return &failure{status: http.StatusForbidden, code: "FORBIDDEN", text: "The token " + quoted(who.Name()) + " may not change the hub: use the hub's own token"}
	}
	return &failure{status: http.StatusForbidden, code: "FORBIDDEN", text: "The token " + quoted(who.Name()) + " does not reach over the whole hub: use the hub's own token, or one without limits on servers and tools"}
}

// rightKey is where a route of /api/v2 says what it asks for; without that, reading asks for access.Read, and everything
// else for access.Change.
const rightKey = "right"

// ask has an operation ask for a right.
func ask(right access.Right, op huma.Operation) huma.Operation {
	op.Metadata = map[string]any{rightKey: right}
	return op
}

// askRight is the middleware that asks for the right of an operation.
func askRight(ctx huma.Context, next func(huma.Context)) {
	op := ctx.Operation()
	right, ok := op.Metadata[rightKey].(access.Right)
	if !ok {
		if right = access.Change; op.Method == http.MethodGet {
			right = access.Read
		}
	}
	if err := forbidden(access.From(ctx.Context()), right); err != nil {
		_, w := humago.Unwrap(ctx)
		refuse(w, err)
		return
	}
	next(ctx)
}

// refuseVisit answers for the guard: at the MCP endpoint in its clients' language, elsewhere as all errors.
func refuseVisit(w http.ResponseWriter, r *http.Request, why *access.Refusal) {
	if path := r.URL.Path; path == "/mcp" || strings.HasPrefix(path, "/mcp/") || path == "/messages" {
		text := jsonrpc.AppendError(nil, nil, &jsonrpc.Fault{Code: why.Status, Message: why.Text})
		answer(w, why.Status, raw(text))
		return
	}
	refuse(w, &failure{status: why.Status, code: why.Code, text: why.Text})
}

// sees reports whether somebody may use something of a server, by what a policy leaves of its view.
func sees(policy *access.Policy, view *catalog.View) bool {
	return policy == nil || view != nil && (policy.Whole(view.Server) || view.Len(catalog.Tools) > 0)
}

// limit takes out of a server what a policy does not leave. It reports whether anything is left.
func (a *rest) limit(s *server, policy *access.Policy) bool {
	if policy == nil {
		return true
	}
	view := a.Catalog.View(s.Name, policy)
	if !sees(policy, view) {
		return false
	}
	left := func(k catalog.Kind, key string, items []raw) []raw {
		out := []raw{}
		for _, item := range items {
			if view.Item(k, jsonrpc.String(jsonrpc.Get(item, jsonrpc.All(item), key).In(item))) != nil {
				out = append(out, item)
			}
		}
		return out
	}
	s.AuthorizationURL = nil // the one who signs in is who may change the hub
	c := &s.Capabilities
	c.Tools, c.Prompts = left(catalog.Tools, "name", c.Tools), left(catalog.Prompts, "name", c.Prompts)
	c.Resources = left(catalog.Resources, "uri", c.Resources)
	c.ResourceTemplates = left(catalog.Templates, "uriTemplate", c.ResourceTemplates)
	return true
}

// allowed says why somebody may not ask a server for something; nil if it may.
func (a *rest) allowed(who *access.Principal, s *upstream.Server, t *target, name string) error {
	policy := who.Policy()
	if policy == nil {
		return nil
	}
	view, ok := a.Catalog.View(s.Name(), policy), false
	switch {
	case view == nil:
	case t == &tool:
		ok = view.Item(catalog.Tools, name) != nil
	default:
		ok = policy.Whole(s.Name())
	}
	if ok {
		return nil
	}
	return &failure{
		status: http.StatusForbidden, code: "FORBIDDEN", data: object{"server": s.Name(), t.field.name: name},
		text: "The token " + quoted(who.Name()) + " may not use " + quoted(name) + " of the server " + quoted(s.Name()),
	}
}
