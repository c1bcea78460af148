package config

import "fmt"

// serverLists are the top-level keys that may hold the servers, the strongest first: VS Code's, the common one (Claude
// Desktop, Cursor, Windsurf and most others), and Zed's.
var serverLists = []string{"servers", "mcpServers", zedServers}

const zedServers = "context_servers"

// entry is one server of one file.
type entry struct {
	name  string
	named bool // it has its name from its own key "name", being an item of an array
	zed   bool // it stands in Zed's settings
	file  *source
	at    int // where it begins
	value *node
}

// entries finds the servers of a file in whichever shape it has. What is no server at all becomes a diagnostic.
func (f *source) entries() ([]entry, []Diagnostic, error) {
	root := f.doc.root
	if root.kind == kindArray {
		entries, problems := f.array(root)
		return entries, problems, nil
	}
	if root.kind != kindObject {
		return nil, nil, f.fail(root, "must hold an object; begin with {\"mcpServers\": {}}")
	}
	for _, key := range serverLists {
		list := root.get(key)
		switch {
		case list == nil:
			continue
		case list.kind == kindArray:
			entries, problems := f.array(list)
			return entries, problems, nil
		case list.kind != kindObject:
			return nil, nil, f.fail(list, fmt.Sprintf("'%s' must be an object; write {} for no servers", key))
		}
		var entries []entry
		for _, m := range list.members {
			entries = append(entries, entry{name: m.key, zed: key == zedServers, file: f, at: m.keyStart, value: m.value})
		}
		return entries, nil, nil
	}
	if root.get("hub") != nil {
		return nil, nil, nil
	}
	return nil, nil, f.fail(root, "'mcpServers' must be an object, but there is none; add \"mcpServers\": {}")
}

// array reads servers that are items of an array and have their name in a key.
func (f *source) array(list *node) (entries []entry, problems []Diagnostic) {
	for _, item := range list.items {
		name := item.get("name")
		if !name.is(kindString) || name.text == "" {
			problems = append(problems, f.diagnostic(Error, "", item.start,
				"a server in an array has no name", `give it a "name"`))
			continue
		}
		entries = append(entries, entry{name: name.text, named: true, file: f, at: item.start, value: item})
	}
	return entries, problems
}

// serverKeys are the keys of a server's entry that the hub reads.
type serverKeys struct {
	Command     *node `key:"command"`
	Args        *node `key:"args"`
	Env         *node `key:"env"`
	Cwd         *node `key:"cwd"`
	URL         *node `key:"url"`
	ServerURL   *node `key:"serverUrl"` // Windsurf
	Headers     *node `key:"headers"`
	Disabled    *node `key:"disabled"`
	Name        *node `key:"name"`
	Description *node `key:"description"`
	Protocol    *node `key:"protocol"`
	Dev         *node `key:"dev"`

	DisabledTools             *node `key:"disabled_tools"`
	DisabledPrompts           *node `key:"disabled_prompts"`
	DisabledResources         *node `key:"disabled_resources"`
	DisabledResourceTemplates *node `key:"disabled_resourceTemplates"`
}

// zedKeys are the further keys of an entry in Zed's settings, and of its object "command" in older ones.
type zedKeys struct {
	Source  *node `key:"source"`  // "extension": Zed itself knows the command
	Enabled *node `key:"enabled"` // the opposite of "disabled"
	Path    *node `key:"path"`    // in "command"
}

// keys returns the keys of the entry in the hub's own shape. Keys with null are as good as absent, but for "command",
// where it is likely a mistake.
func (e *entry) keys() serverKeys {
	var keys serverKeys
	e.value.fill(&keys)
	if keys.URL == nil && keys.Command == nil {
		keys.URL = keys.ServerURL
	}
	if e.named {
		keys.Name = nil
	}
	if e.zed {
		var zed zedKeys
		e.value.fill(&zed)
		if keys.Disabled == nil && zed.Enabled.is(kindBool) && !zed.Enabled.truthy() {
			keys.Disabled = &node{kind: kindBool, text: "true", start: zed.Enabled.start, end: zed.Enabled.end}
		}
		if command := keys.Command; command.is(kindObject) {
			command.fill(&zed)
			keys.Command, keys.Args, keys.Env = zed.Path, command.get("args"), command.get("env")
		}
	}
	for _, key := range []**node{
		&keys.Args, &keys.Env, &keys.Cwd, &keys.URL, &keys.Headers, &keys.Disabled, &keys.Name, &keys.Description,
		&keys.Protocol, &keys.Dev,
	} {
		if (*key).is(kindNull) {
			*key = nil
		}
	}
	return keys
}

// extension reports whether the entry only has settings for an extension of Zed.
func (e *entry) extension() bool {
	source := e.value.get("source")
	return e.zed && source.is(kindString) && source.text == "extension"
}
