package redact

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
)

// always are words that make a name that of a secret wherever they stand in it.
var always = []string{
	"password", "passwd", "pwd", "passphrase", "passcode", "secret", "secrets", "credential", "credentials", "authorization", "bearer", "cookie", "cookies",
	"apikey", "apitoken", "authtoken", "accesstoken", "privatekey", "accesskey", "secretkey", "jwt", "otp",
}

// harmless are words before "token" or "key" that make it something else than a secret.
var (
	harmlessTokens = []string{"page", "continuation", "next", "sync", "progress", "stop", "max", "min", "num", "total", "end", "start", "cancellation", "delta"}
	secretKeys     = []string{"api", "access", "private", "secret", "auth", "encryption", "signing", "ssh", "license", "service", "account", "master", "shared", "deploy", "admin"}
)

// stems are texts of which one stands in every name that is that of a secret.
var stems = []string{"pass", "pwd", "secret", "credential", "authorization", "bearer", "cookie", "token", "key", "jwt", "otp"}

// Named reports whether the name of a member says that its value is a secret: token, password, secret, key and the like, as
// words of it however they are put together (API_KEY, apiKey, api-key). "nextPageToken", "maxTokens" and "sortKey" are none.
func Named(name string) bool {
	lower := strings.ToLower(name)
	if !slices.ContainsFunc(stems, func(stem string) bool { return strings.Contains(lower, stem) }) {
		return false // as most are, and there are many
	}
	list := words(name)
	if len(list) == 0 {
		return false
	}
	if slices.ContainsFunc(list, func(w string) bool { return slices.Contains(always, w) }) {
		return true
	}
	last, before := list[len(list)-1], ""
	if len(list) > 1 {
		before = list[len(list)-2]
	}
	switch last {
	case "token":
		return !slices.Contains(harmlessTokens, before)
	case "key":
		return before == "" || slices.Contains(secretKeys, before)
	}
	return false
}

// words parts a name into its words, in lower case.
func words(name string) []string {
	var list []string
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			list = append(list, strings.TrimRight(strings.ToLower(word.String()), "0123456789")) // "password1", "key2"
			word.Reset()
		}
	}
	signs := []rune(name)
	for i, r := range signs {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			end()
			continue
		}
		upper := unicode.IsUpper(r)
		// "apiKey" begins a word at K, "APIKey" too.
		if upper && i > 0 && (!unicode.IsUpper(signs[i-1]) || i+1 < len(signs) && unicode.IsLower(signs[i+1])) {
			end()
		}
		word.WriteRune(r)
	}
	end()
	return list
}

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
