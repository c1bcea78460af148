package secret

import (
	"slices"
	"strings"
	"unicode"
)

// Likelihood is how surely a name is that of a secret. Who asks chooses from which grade on it counts: what is masked for
// nothing does less harm than what is shown, and what is asked for as a secret for nothing less than a false alarm.
type Likelihood int

// The grades.
const (
	Never    Likelihood = iota // the name says that the value is none: TOKEN_FILE, publicKey
	Unknown                    // the name says nothing
	Weak                       // some key, of a door or of a table: OPENAI_KEY, projectKey
	Strong                     // a token, a secret, a key of a service
	Password                   // what may be any word
)

// The words that decide.
var (
	passwordWords = []string{"password", "passwords", "passwd", "passphrase", "passcode", "pwd", "otp", "authorization", "cookie", "cookies"}
	secretWords   = []string{
		"token", "secret", "secrets", "credential", "credentials", "pat", "bearer", "jwt",
		"apikey", "apitoken", "authtoken", "accesstoken", "privatekey", "accesskey", "secretkey",
	}
	// secretKeys are words before "key" that make it one of a service.
	secretKeys = []string{
		"api", "access", "secret", "private", "auth", "signing", "encryption", "master", "service", "account", "session", "admin", "app", "application",
		"subscription", "license", "ssh", "shared", "deploy",
	}
	// tableKeys are words before "key" that make it one of a table, and places are words before "token" that make it a place
	// in a list, or a piece of text.
	tableKeys = []string{"sort", "primary", "foreign", "partition", "cache", "group", "row", "range", "order", "unique", "object"}
	places    = []string{"page", "continuation", "next", "sync", "progress", "stop", "max", "min", "num", "total", "end", "start", "cancellation", "delta"}
	// published are words before "key" and "token" that make it one for everybody.
	published = []string{"public", "publishable"}
	// others end names that only have to do with secrets.
	others = []string{
		"file", "path", "dir", "folder", "url", "uri", "endpoint", "host", "domain", "server", "name", "id", "ids", "limit", "count", "max", "min", "ttl", "type",
		"expiry", "expires", "expiration", "timeout", "header", "length", "size", "env", "var", "sock", "mode", "enabled", "required", "scope", "scopes",
		"algorithm", "prefix", "issuer", "audience", "format", "store", "provider", "manager", "backend", "source", "location", "command", "cmd", "helper",
		"version", "region", "config", "description", "label", "title", "budget", "rate", "window", "index", "field", "column", "kind", "method", "strategy",
		"usage",
	}
	// stillSecret are ends of names that are secrets all the same.
	stillSecret = []string{"secret id", "authorization header", "cookie header"}
)

// Judge says how surely a name is that of a secret: of a variable, a header, a flag, a parameter, a member of an object. Its
// words count however they are put together.
func Judge(name string) Likelihood {
	list := Words(name)
	if len(list) == 0 {
		return Unknown
	}
	last := len(list) - 1
	if slices.Contains(others, list[last]) && !slices.Contains(stillSecret, strings.Join(list[max(0, last-1):], " ")) {
		return Never
	}
	found := Unknown
	for i, w := range list {
		before := ""
		if i > 0 {
			before = list[i-1]
		}
		switch key := w == "key" || w == "keys"; {
		case slices.Contains(passwordWords, w):
			return Password
		case (key || w == "token") && slices.Contains(published, before):
			if i == last {
				return Never
			}
		case w == "token" && slices.Contains(places, before), key && slices.Contains(tableKeys, before):
		case slices.Contains(secretWords, w), key && slices.Contains(secretKeys, before), w == "key" && last == 0, w == "pass" && i > 0 && i == last:
			found = Strong
		case key && i > 0 && i == last:
			found = max(found, Weak)
		}
	}
	return found
}

// stems are texts of which one stands in every name that is surely that of a secret.
var stems = []string{"pass", "pwd", "otp", "authorization", "cookie", "token", "secret", "credential", "pat", "bearer", "jwt", "key"}

// Sure reports whether a name is [Strong] or [Password]: for those who ask of very many, most of which nothing suggests.
func Sure(name string) bool {
	lower := strings.ToLower(name)
	return slices.ContainsFunc(stems, func(stem string) bool { return strings.Contains(lower, stem) }) && Judge(name) >= Strong
}

// Words splits a name into its words, in lower case and without numbers at their ends: API_KEY, apiKey, api-key, APIKey2 and
// x.api.key have the same.
func Words(name string) []string {
	var list []string
	var word strings.Builder
	end := func() {
		if w := strings.TrimRight(strings.ToLower(word.String()), "0123456789"); w != "" {
			list = append(list, w)
		}
		word.Reset()
	}
	signs := []rune(name)
	for i, r := range signs {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			end()
			continue
		}
		// "apiKey" begins a word at K, "APIKey" too.
		if unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(signs[i-1]) || i+1 < len(signs) && unicode.IsLower(signs[i+1])) {
			end()
		}
		word.WriteRune(r)
	}
	end()
	return list
}
