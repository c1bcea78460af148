package oauth

import (
	"slices"
	"strings"
)

// challenge is what a server's WWW-Authenticate headers say about bearer tokens (RFC 6750, section 3; RFC 9728, section
// 5.1). What they do not say is empty.
type challenge struct {
	metadata string   // address of the protected resource's metadata
	scopes   []string // that the request would have needed
	fault    string   // such as "insufficient_scope"
}

// parseChallenge reads the headers (RFC 9110, section 11.6.1). What cannot be read is passed over: a server with an odd
// header can still be signed in to.
func parseChallenge(headers []string) challenge {
	var c challenge
	for _, header := range headers {
		bearer := false
		for p := (params{header}); p.skip(" \t,"); {
			word := p.token()
			if word == "" {
				p.rest = p.rest[1:] // no sign of a token
				continue
			}
			value, isParam := p.value()
			if !isParam {
				bearer = strings.EqualFold(word, "Bearer")
				continue
			}
			if !bearer {
				continue
			}
			switch name := strings.ToLower(word); {
			case name == "resource_metadata" && c.metadata == "":
				c.metadata = value
			case name == "scope" && c.scopes == nil:
				c.scopes = strings.Fields(value)
			case name == "error" && c.fault == "":
				c.fault = value
			}
		}
	}
	return c
}

// params is the rest of a header that is being read.
type params struct{ rest string }

// skip passes over signs, and reports whether there is more.
func (p *params) skip(signs string) bool {
	p.rest = strings.TrimLeft(p.rest, signs)
	return p.rest != ""
}

func (p *params) token() string {
	end := strings.IndexFunc(p.rest, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) })
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	return word
}

// value reads what follows the name of a parameter. Without a "=" the word before was the name of a scheme.
func (p *params) value() (string, bool) {
	after := strings.TrimLeft(p.rest, " \t")
	if !strings.HasPrefix(after, "=") {
		return "", false
	}
	p.rest = strings.TrimLeft(after[1:], " \t")
	if !strings.HasPrefix(p.rest, `"`) {
		end := strings.IndexAny(p.rest, " \t,")
		if end < 0 {
			end = len(p.rest)
		}
		value := p.rest[:end]
		p.rest = p.rest[end:]
		return value, true
	}
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch p.rest[i] {
		case '"':
			p.rest = p.rest[i+1:]
			return b.String(), true
		case '\\':
			if i++; i < len(p.rest) {
				b.WriteByte(p.rest[i])
			}
		default:
			b.WriteByte(p.rest[i])
		}
	}
	p.rest = ""
	return b.String(), true
}

// union returns the scopes of all lists, each once, in order.
func union(lists ...[]string) []string {
	var all []string
	for _, scope := range slices.Concat(lists...) {
		if !slices.Contains(all, scope) {
			all = append(all, scope)
		}
	}
	return all
}
