package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"mcphub/hub/jsonrpc"
)

// shownDescription is how much of a description the list of all tools has, in bytes.
const shownDescription = 160

// toolName is a tool in the list of all tools.
type toolName struct {
	Server      string `json:"server"`
	Name        string `json:"name"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty" doc:"Its beginning, on one line"`
	Offered     bool   `json:"offered" doc:"Clients see it: the configuration does not hide it"`
}

type toolNames struct {
	Body struct {
		Tools []toolName `json:"tools" nullable:"false" doc:"By server, in the server's order"`
	}
}

func (a *v2) toolRoutes(api huma.API) {
	op := operation(http.MethodGet, "tools", "list-tools", "The names of all tools of all servers")
	op.Description = "Those that are hidden from clients too. What a tool takes is told by the list of its server's tools."
	huma.Register(api, op, a.listTools)
}

func (a *v2) listTools(context.Context, *struct{}) (*toolNames, error) {
	out := &toolNames{}
	out.Body.Tools = []toolName{}
	for _, s := range a.Set.List() {
		hidden := s.Status().Config.DisabledTools
		for _, tool := range s.Lists().Tools {
			t := nameTool(s.Name(), tool)
			t.Offered = !slices.Contains(hidden, t.Name)
			out.Body.Tools = append(out.Body.Tools, t)
		}
	}
	return out, nil
}

// nameTool reads a definition. What is no text there counts as missing.
func nameTool(server string, definition []byte) toolName {
	var found [4]jsonrpc.Span
	_ = jsonrpc.Pick(definition, jsonrpc.All(definition), found[:], []string{"name", "title", "description", "annotations"}) // of none there is none
	t := toolName{Server: server, Name: jsonrpc.String(found[0].In(definition)), Title: jsonrpc.String(found[1].In(definition))}
	if t.Title == "" && found[3].Present() {
		t.Title = jsonrpc.String(jsonrpc.Get(definition, found[3], "title").In(definition))
	}
	t.Title = oneLine(t.Title)
	t.Description = oneLine(jsonrpc.String(found[2].In(definition)))
	return t
}

// oneLine returns the beginning of a text without line breaks.
func oneLine(text string) string {
	rest := len(text) > 2*shownDescription
	if rest {
		text = text[:2*shownDescription]
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if len(text) > shownDescription {
		text, rest = strings.ToValidUTF8(text[:shownDescription], ""), true
	}
	if rest {
		text += "…"
	}
	return text
}
