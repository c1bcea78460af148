package api

import (
	"encoding/json"
	"regexp"
	"strings"

	"mcphub/hub/config"
	"mcphub/hub/secret"
)

// harmless are the keys of a server's entry whose values are no secrets. All others are masked, also those that the hub
// does not know: other programs keep keys of their own in these files. The path is Zed's, which stands under "command".
var harmless = map[string]bool{
	"command": true, "path": true, "cwd": true, "name": true, "description": true, "disabled": true, "enabled": true,
	"oauth": true, "clientId": true, "clientMetadataUrl": true, "issuer": true, "scopes": true, "grant": true,
	"redirectPort": true, "redirectPath": true,
	"type": true, "transport": true, "protocol": true, "dev": true, "watch": true, "timeout": true, "autoApprove": true, "history": true,
	"disabled_tools": true, "disabled_prompts": true, "disabled_resources": true, "disabled_resourceTemplates": true,
}

// onlyPlaceholders is a text that names where secrets are and holds none: one in a default value or a command could.
var onlyPlaceholders = regexp.MustCompile(`^(\$\{[A-Za-z_][A-Za-z0-9_]*\}|\$\{(env|input|secret|keyring):[A-Za-z_][A-Za-z0-9_.-]*\})+$`)

// maskServer returns a server's entry without secrets.
func maskServer(s config.Setting) any { return maskEntry(decoded(s.Value)) }

func maskEntry(value any) any {
	entry, ok := value.(map[string]any)
	if !ok {
		return value
	}
	for key, v := range entry {
		_, list := v.([]any)
		if harmless[key] && (!list || key != "command") { // some programs write the arguments there
			entry[key] = maskEntry(v)
		} else {
			entry[key] = masked(v)
		}
	}
	return entry
}

// maskSetting returns the value of a top-level key without secrets. The hub's own settings hold none but in the queries
// of addresses.
func maskSetting(s config.Setting) any {
	if s.Name == "hub" {
		return maskQueries(decoded(s.Value))
	}
	return masked(decoded(s.Value))
}

func maskQueries(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = maskQueries(v[key])
		}
	case []any:
		for i := range v {
			v[i] = maskQueries(v[i])
		}
	case string:
		if address, query, found := strings.Cut(v, "?"); found && query != "" {
			return address + "?" + secret.Mask
		}
	}
	return value
}

func decoded(text []byte) any {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return secret.Mask
	}
	return v
}

// masked replaces all texts and numbers in a value but those that are only placeholders. Keys stay.
func masked(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = masked(v[key])
		}
	case []any:
		for i := range v {
			v[i] = masked(v[i])
		}
	case string:
		if v != "" && !onlyPlaceholders.MatchString(v) {
			return secret.Mask
		}
	case json.Number:
		return secret.Mask
	}
	return value
}
