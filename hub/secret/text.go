// Package secret owns what a secret is: [Text], the one string type that may hold a password, a token or a key and shows
// itself as dots wherever it is printed, logged or encoded; [Store], where secrets are kept; [Redactor], which masks those
// that are known in what others write; and [Judge], which says what names are those of secrets. It must not know where
// secrets come from or who uses them.
package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// Mask is what a non-empty [Text] shows instead of its value.
const Mask = "••••"

// Text is a string that cannot leak by accident: fmt verbs, slog, JSON and text encoding all show [Mask]. An empty Text
// shows as an empty string, so that "not set" stays visible. The zero value is empty. Compare with [Text.Equal], not ==.
type Text struct {
	// A pointer, because fmt prints the content of unexported fields without asking their methods; of a pointer it
	// prints only the address.
	value *string
}

// New returns s as a Text.
func New(s string) Text {
	if s == "" {
		return Text{}
	}
	return Text{value: &s}
}

// Reveal returns the value in the clear. Call it only where the value leaves for its destination: a child's environment,
// a request header, a key store.
func (t Text) Reveal() string {
	if t.value == nil {
		return ""
	}
	return *t.value
}

// Equal reports whether both hold the same value, in a time that does not depend on where they differ.
func (t Text) Equal(other Text) bool {
	return subtle.ConstantTimeCompare([]byte(t.Reveal()), []byte(other.Reveal())) == 1
}

// String returns [Mask], or the empty string for an empty Text.
func (t Text) String() string {
	if t.value == nil {
		return ""
	}
	return Mask
}

// GoString is [Text.String], so that %#v redacts too.
func (t Text) GoString() string { return t.String() }

// Format writes [Text.String] for every verb and flag.
func (t Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// LogValue makes slog handlers show [Text.String].
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText encodes [Text.String]; the value itself is never encoded. JSON uses it for map keys.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalJSON encodes [Text.String] as a JSON string; the value itself is never encoded.
func (t Text) MarshalJSON() ([]byte, error) { return []byte(`"` + t.String() + `"`), nil }
