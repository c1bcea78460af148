package config

import (
	"fmt"
	"slices"
	"strconv"

	"mcphub/hub/json5"
)

// serverLists are the top-level keys that may hold the servers, the strongest first: VS Code's, the common one (Claude
// Desktop, Cursor, Windsurf and most others), and Zed's.
var serverLists = []string{"servers", "mcpServers", zedServers}

const zedServers = "context_servers"

// entry is one server of one file, or another top-level key of it.
type entry struct {
	name  string
	named bool     // it has its name from its own key "name", being an item of an array
	zed   bool     // it stands in Zed's settings
	path  []string // of the value in the document
	file  *source
	at    int // where it begins
	value *json5.Node
}

// entries finds the servers of a file in whichever shape it has. What is no server at all becomes a diagnostic.
func (f *source) entries() ([]entry, []Diagnostic, error) {
	root := f.doc.Root()
	if root.Kind == json5.Array {
		entries, problems := f.array(root, nil)
		return entries, problems, nil
	}
	if root.Kind != json5.Object {
		return nil, nil, f.fail(root, "must hold an object; begin with {\"mcpServers\": {}}")
	}
	for _, key := range serverLists {
		list := root.Get(key)
		switch {
		case list == nil:
			continue
		case list.Kind == json5.Array:
			entries, problems := f.array(list, []string{key})
			return entries, problems, nil
		case list.Kind != json5.Object:
			return nil, nil, f.fail(list, fmt.Sprintf("'%s' must be an object; write {} for no servers", key))
		}
		var entries []entry
		for _, m := range list.Members {
			entries = append(entries, entry{
				name: m.Key, zed: key == zedServers, path: []string{key, m.Key}, file: f, at: m.KeyStart, value: m.Value,
			})
		}
		return entries, nil, nil
	}
	if root.Get(hubKey) != nil {
		return nil, nil, nil
	}
	return nil, nil, f.fail(root, "'mcpServers' must be an object, but there is none; add \"mcpServers\": {}")
}

// array reads servers that are items of an array and have their name in a key.
func (f *source) array(list *json5.Node, path []string) (entries []entry, problems []Diagnostic) {
	for i, item := range list.Items {
		name := item.Get("name")
		if !name.Is(json5.String) || name.Text == "" {
			problems = append(problems, f.diagnostic(Error, "", item.Start,
				"a server in an array has no name", `give it a "name"`))
			continue
		}
		entries = append(entries, entry{
			name: name.Text, named: true, path: append(slices.Clone(path), strconv.Itoa(i)), file: f, at: item.Start, value: item,
		})
	}
	return entries, problems
}

// serverKeys are the keys of a server's entry that the hub reads.
type serverKeys struct {
	Command     *json5.Node `key:"command"`
	Args        *json5.Node `key:"args"`
	Env         *json5.Node `key:"env"`
	Cwd         *json5.Node `key:"cwd"`
	URL         *json5.Node `key:"url"`
	ServerURL   *json5.Node `key:"serverUrl"` // Windsurf
	Headers     *json5.Node `key:"headers"`
	OAuth       *json5.Node `key:"oauth"`
	Disabled    *json5.Node `key:"disabled"`
	Name        *json5.Node `key:"name"`
	Description *json5.Node `key:"description"`
	Protocol    *json5.Node `key:"protocol"`
	Dev         *json5.Node `key:"dev"`
	History     *json5.Node `key:"history"`

	DisabledTools             *json5.Node `key:"disabled_tools"`
	DisabledPrompts           *json5.Node `key:"disabled_prompts"`
	DisabledResources         *json5.Node `key:"disabled_resources"`
	DisabledResourceTemplates *json5.Node `key:"disabled_resourceTemplates"`
}

// zedKeys are the further keys of an entry in Zed's settings, and of its object "command" in older ones.
type zedKeys struct {
	Source  *json5.Node `key:"source"`  // "extension": Zed itself knows the command
	Enabled *json5.Node `key:"enabled"` // the opposite of "disabled"
	Path    *json5.Node `key:"path"`    // in "command"
}

// keys returns the keys of the entry in the hub's own shape. Keys with null are as good as absent, but for "command",
// where it is likely a mistake.
func (e *entry) keys() serverKeys {
	var keys serverKeys
	fill(e.value, &keys)
	if keys.URL == nil && keys.Command == nil {
		keys.URL = keys.ServerURL
	}
	if e.named {
		keys.Name = nil
	}
	if e.zed {
		var zed zedKeys
		fill(e.value, &zed)
		if keys.Disabled == nil && zed.Enabled.Is(json5.Bool) && !truthy(zed.Enabled) {
			keys.Disabled = &json5.Node{Kind: json5.Bool, Text: "true", Start: zed.Enabled.Start, End: zed.Enabled.End}
		}
		if command := keys.Command; command.Is(json5.Object) {
			fill(command, &zed)
			keys.Command, keys.Args, keys.Env = zed.Path, command.Get("args"), command.Get("env")
		}
	}
	for _, key := range []**json5.Node{
		&keys.Args, &keys.Env, &keys.Cwd, &keys.URL, &keys.Headers, &keys.OAuth, &keys.Disabled, &keys.Name, &keys.Description,
		&keys.Protocol, &keys.Dev,
	} {
		if (*key).Is(json5.Null) {
			*key = nil
		}
	}
	return keys
}

// extension reports whether the entry only has settings for an extension of Zed.
func (e *entry) extension() bool {
	source := e.value.Get("source")
	return e.zed && source.Is(json5.String) && source.Text == "extension"
}
