package config

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"mcphub/hub/json5"
)

// Hides is a key of a server's entry that lists what clients do not see.
type Hides string

// The keys, each with the names or URIs that it lists.
const (
	HidesTools     Hides = "disabled_tools"
	HidesPrompts   Hides = "disabled_prompts"
	HidesResources Hides = "disabled_resources"
	HidesTemplates Hides = "disabled_resourceTemplates"
)

// SetOffered shows things of a server to clients (true) or hides them (false), by name, in the file that the server comes
// from; others stay as they are. See [Store.Modify]; [ErrUnknownServer] if there is no such server.
func (s *Store) SetOffered(ctx context.Context, server string, key Hides, offered map[string]bool) error {
	return s.modifyServer(ctx, server, func(doc *json5.Document, e entry) error {
		before := texts(e.value.Get(string(key)))
		hidden := slices.DeleteFunc(slices.Clone(before), func(name string) bool { return offered[name] })
		for _, name := range slices.Sorted(maps.Keys(offered)) {
			if !offered[name] && !slices.Contains(hidden, name) {
				hidden = append(hidden, name)
			}
		}
		path := append(e.path, string(key))
		switch {
		case slices.Equal(before, hidden):
			return nil
		case len(hidden) == 0:
			return doc.Delete(path...)
		}
		list, err := json.Marshal(hidden)
		if err != nil {
			return fmt.Errorf("encode the list of what is hidden: %w", err)
		}
		return doc.Set(list, path...)
	})
}

// Draft returns the server that raw, the text of an entry, would be. It stands in no file. If it cannot run, its Err says
// why.
func (s *Store) Draft(name string, raw json.RawMessage) (*Server, error) {
	value, err := json5.Parse(raw)
	if err != nil || !value.Root().Is(json5.Object) {
		return nil, fmt.Errorf("the entry of server %q is no JSON object", name)
	}
	e := entry{name: name, file: &source{doc: value}, value: value.Root()}
	server, _ := e.server()
	server.values = newValues(s.options)
	return server, nil
}
