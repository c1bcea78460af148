package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"mcphub/hub/json5"
)

// Entry is a server's entry in a text that is no file of the hub's (yet).
type Entry struct {
	Name  string
	Value json.RawMessage // strict JSON; it may hold secrets
}

// LogValue shows only the name, because the value may hold secrets.
func (e Entry) LogValue() slog.Value { return slog.StringValue(e.Name) }

var errNoServers = errors.New(`there are no servers in it; give the server a name, or write {"mcpServers": {…}}`)

// ParseEntries reads the entry of the server of that name from a text that is JSON5, or, without a name, all servers of a
// text that has any of the shapes of a configuration file. Whether the servers can run is not checked. A text
// that is no JSON5 is a [*FileError] without a path.
func ParseEntries(text []byte, name string) ([]Entry, error) {
	f, err := parseFile("", text)
	if err != nil {
		return nil, err
	}
	root := f.doc.Root()
	if name != "" {
		if root.Kind != json5.Object {
			return nil, errors.New("a server's entry must be an object")
		}
		return []Entry{{name, root.Strict()}}, nil
	}
	found, problems, err := f.entries()
	switch {
	case err != nil || len(problems)+len(found) == 0:
		return nil, errNoServers
	case len(problems) > 0:
		return nil, fmt.Errorf("line %d: %w", problems[0].Line, &problems[0])
	}
	entries := make([]Entry, len(found))
	for i, e := range found {
		entries[i] = Entry{e.name, e.value.Strict()}
	}
	return entries, nil
}
