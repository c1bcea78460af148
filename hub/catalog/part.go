package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"

	"mcphub/hub/config"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/upstream"
)

// Kind is one of the four lists.
type Kind uint8

// The lists, in the order of the specification's chapters.
const (
	Tools Kind = iota
	Resources
	Templates
	Prompts
	kinds
)

// Item is one thing that a server offers, and so the way to it.
type Item struct {
	Server *upstream.Server
	Name   string // the server's own name of it; for resources the URI, for templates the URI template
	Raw    []byte // the definition as the server gave it
	key    jsonrpc.Span
	// Tool is the typed definition, there only if the tool asks for parameters in HTTP headers (x-mcp-header).
	Tool *mcp.Tool
	// hidden from modern clients, who must not use a tool whose x-mcp-header annotations are wrong.
	hidden bool
}

// part is what one server brings, checked, under its own names.
type part struct {
	server *upstream.Server
	config *config.Server
	hello  *upstream.Hello // the present or last one; nil if it is not running
	lists  *upstream.Lists
	items  [kinds][]*Item
}

var keyOf = [kinds]string{Tools: "name", Resources: "uri", Templates: "uriTemplate", Prompts: "name"}

// newPart checks a server's items. A malformed one is left out and logged; it never breaks the list.
func newPart(server *upstream.Server, st *upstream.Status, lists *upstream.Lists, old *part, log *slog.Logger) *part {
	p := &part{server: server, config: st.Config, hello: st.Hello, lists: lists}
	switch st.State {
	case upstream.Starting, upstream.Retrying, upstream.Stopping:
		if old != nil { // it is on its way back
			p.hello = old.hello
		}
	}
	off := [kinds][]string{
		Tools: st.Config.DisabledTools, Resources: st.Config.DisabledResources,
		Templates: st.Config.DisabledResourceTemplates, Prompts: st.Config.DisabledPrompts,
	}
	for k, list := range [kinds][][]byte{Tools: lists.Tools, Resources: lists.Resources, Templates: lists.Templates, Prompts: lists.Prompts} {
		seen := map[string]bool{}
		for _, raw := range list {
			item, err := newItem(server, Kind(k), raw)
			if err == nil && seen[item.Name] {
				err = errors.New("listed twice")
			}
			if err != nil {
				log.Warn("item of a server left out", "server", server.Name(), "list", keyOf[k], "item", string(raw[:min(len(raw), 120)]), "err", err)
				continue
			}
			seen[item.Name] = true
			if !slices.Contains(off[k], item.Name) {
				p.items[k] = append(p.items[k], item)
			}
		}
	}
	return p
}

// newItem reads a definition. Of one that cannot be passed on it returns an error, and the item if it has a name.
func newItem(server *upstream.Server, k Kind, raw []byte) (*Item, error) {
	if jsonrpc.Type(raw) != '{' {
		return nil, errors.New("not an object")
	}
	var f [2]jsonrpc.Span
	if err := jsonrpc.Pick(raw, jsonrpc.All(raw), f[:], []string{keyOf[k], "inputSchema"}); err != nil {
		return nil, err
	}
	item := &Item{Server: server, Raw: raw, key: f[0], Name: jsonrpc.String(f[0].In(raw))}
	if item.Name == "" {
		return nil, fmt.Errorf("it has no %s", keyOf[k])
	}
	if k != Tools {
		return item, nil
	}
	schema := f[1].In(raw)
	if jsonrpc.Type(schema) != '{' {
		return item, errors.New("its inputSchema is not an object")
	}
	if bytes.Contains(schema, []byte("x-mcp-header")) {
		tool := &mcp.Tool{Name: item.Name, RawInputSchema: json.RawMessage(schema)}
		switch err := mcp.ValidateParamHeaderAnnotations(tool); {
		case err != nil:
			item.hidden = true
		case len(mcp.ExtractParamHeaderBindings(tool)) > 0:
			item.Tool = tool
		}
	}
	return item, nil
}

// renamed is the definition under another name.
func (i *Item) renamed(name string) []byte {
	if name == i.Name {
		return i.Raw
	}
	return jsonrpc.Splice(make([]byte, 0, len(i.Raw)+len(name)), i.Raw, jsonrpc.Edit{Span: i.key, With: jsonrpc.AppendString(nil, name)})
}
