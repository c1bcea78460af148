package redact

import "encoding/json"

// InSchema returns the names of the properties that a tool's definition marks as secret: by the format "password", or as
// writeOnly.
func InSchema(definition []byte) map[string]bool {
	var tool struct{ InputSchema any }
	if json.Unmarshal(definition, &tool) != nil {
		return nil
	}
	found := map[string]bool{}
	mark(tool.InputSchema, found)
	return found
}

func mark(schema any, found map[string]bool) {
	switch s := schema.(type) {
	case []any:
		for _, each := range s {
			mark(each, found)
		}
	case map[string]any:
		properties, _ := s["properties"].(map[string]any)
		for name, p := range properties {
			if p, ok := p.(map[string]any); ok && (p["format"] == "password" || p["writeOnly"] == true) {
				found[name] = true
			}
		}
		for _, each := range s {
			mark(each, found)
		}
	}
}
