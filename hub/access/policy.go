package access

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Policy is what a client may use. It never changes. A nil Policy has no limits.
type Policy struct {
	// Servers are the names of the servers it may use, with * for any text; empty for all.
	Servers []string `json:"servers,omitempty"`
	// Tools are the tools it may use, by the hub's names of them (server__tool) with * for any text; empty for all tools of
	// those servers. If there are Tools and no Servers, it may use these tools and nothing else.
	Tools []string `json:"tools,omitempty"`
	// ReadOnly means that of the tools it may use only those that say of themselves that they change nothing (the
	// annotation readOnlyHint).
	ReadOnly bool `json:"readOnly,omitempty"`

	key string // once it is known
}

// nothing is the policy of who has no rights.
var nothing = &Policy{Servers: []string{""}}

// check says what is wrong with a policy that somebody wishes for.
func (p *Policy) check() error {
	for _, pattern := range slices.Concat(p.Servers, p.Tools) {
		if strings.TrimSpace(pattern) == "" || len(pattern) > 200 {
			return fmt.Errorf("%q is no pattern for a server or a tool: give 1 to 200 characters, with * for any text", pattern)
		}
	}
	return nil
}

// limited reports whether the policy has any limit.
func (p *Policy) limited() bool { return p != nil && (!p.all() || p.ReadOnly) }

// all reports whether everything of all servers may be seen.
func (p *Policy) all() bool { return len(p.Servers) == 0 && len(p.Tools) == 0 }

// Key is the same for policies that say the same. It is empty for no limits.
func (p *Policy) Key() string {
	switch {
	case p == nil:
		return ""
	case p.key != "":
		return p.key
	}
	return fmt.Sprintf("%q %q %t", p.Servers, p.Tools, p.ReadOnly)
}

// Server reports whether a server may be used, or at least tools of it.
func (p *Policy) Server(name string) bool {
	return p == nil || len(p.Servers) == 0 || matches(p.Servers, name)
}

// Whole reports whether a server may be used for more than tools: its prompts and resources, and what it tells of itself.
func (p *Policy) Whole(server string) bool {
	return p == nil || p.Server(server) && (len(p.Servers) > 0 || len(p.Tools) == 0)
}

// Tool reports whether a tool of a server may be used, by the hub's name of it; harmless tells of it that it says it
// changes nothing.
func (p *Policy) Tool(server, name string, harmless bool) bool {
	return p == nil || p.Server(server) && (len(p.Tools) == 0 || matches(p.Tools, name)) && (harmless || !p.ReadOnly)
}

// Unknown reports whether methods may be used of which the hub does not know what they do.
func (p *Policy) Unknown() bool { return p == nil || len(p.Tools) == 0 && !p.ReadOnly }

// matches reports whether a name fits one of the patterns.
func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		parts := strings.Split(pattern, "*")
		rest, ok := strings.CutPrefix(name, parts[0])
		if !ok || len(parts) == 1 {
			return ok && rest == ""
		}
		for _, part := range parts[1 : len(parts)-1] {
			if _, rest, ok = strings.Cut(rest, part); !ok {
				return false
			}
		}
		return strings.HasSuffix(rest, parts[len(parts)-1])
	})
}

// errName says how clients may be called.
var errName = errors.New("a client's name has 1 to 64 letters, digits, dots, dashes, underscores or spaces, and begins with a letter or a digit")

func validName(name string) bool {
	for i, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && (i == 0 || !strings.ContainsRune(" ._-", r)) {
			return false
		}
	}
	return name != "" && utf8.RuneCountInString(name) <= 64
}
