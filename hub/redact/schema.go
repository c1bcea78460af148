package redact

import (
	"encoding/json"

	"mcphub/hub/secret"
)

// Names knows which names of members are secret: by [secret.Sure], and those that a tool's definition marks. It remembers what
// it has judged, as the same names come again and again; one goroutine may use it at a time.
type Names struct {
	marked map[string]bool
	judged map[string]bool // by the name as it stands in the text
}

// How many names are remembered until all are forgotten, and how long ones, in bytes.
const (
	mostJudged    = 500
	longestJudged = 64
)

// NewNames returns the names that are secret in arguments of the tool with that definition, and everywhere; nil if it is not
// known.
func NewNames(definition []byte) *Names {
	return &Names{inSchema(definition), map[string]bool{}}
}

// secret reports whether a quoted name is.
func (n *Names) secret(quoted []byte) bool {
	if verdict, known := n.judged[string(quoted)]; known {
		return verdict
	}
	name := unquote(quoted)
	verdict := secret.Sure(name) || n.marked[name]
	if len(n.judged) >= mostJudged {
		clear(n.judged)
	}
	if len(quoted) <= longestJudged {
		n.judged[string(quoted)] = verdict
	}
	return verdict
}

// inSchema returns the names of the properties that a tool's definition marks as secret: by the format "password", or as
// writeOnly.
func inSchema(definition []byte) map[string]bool {
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
