package api

import (
	"testing"
)

// FuzzCursor: whatever a client sends as a cursor is refused or is one that the hub could have given.
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", "1", "1764291345123456", "-1", "01", "1764291345123456789-3", "1-0", "9223372036854775808"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := Page{Cursor: text}
		if id, err := p.before(); err == nil && (id < 0 || id == 0 != (text == "")) {
			t.Errorf("%q is the call %d", text, id)
		}
		if place, ok := placeOf(text); ok && text != "" && (place.String() != text || place.had < 0) {
			t.Errorf("%q is %v", text, place)
		}
	})
}
