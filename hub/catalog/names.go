package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

// prefix is the server's part of the hub's names: the server's name with all but ASCII letters and digits as
// underscores (the rule of mcp-hub 4.2.1).
func prefix(server string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, server)
}

// prefixes gives every server a prefix of its own: where two would have the same, the later in the list gets a number.
func prefixes(servers []string) map[string]string {
	out, taken := map[string]string{}, map[string]bool{}
	for _, server := range servers {
		p := prefix(server)
		for n := 1; taken[p]; n++ {
			p = fmt.Sprintf("%s_%d", prefix(server), n)
		}
		out[server], taken[p] = p, true
	}
	return out
}

const hashLength = 8

// shorten returns name if it has at most limit bytes; otherwise its beginning and a hash of all of it, which is the
// same at every start of the hub.
func shorten(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	cut := limit - hashLength - 1
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + "_" + hex.EncodeToString(sum[:])[:hashLength]
}
