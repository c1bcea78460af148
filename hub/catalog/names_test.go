package catalog

import (
	"maps"
	"strings"
	"testing"
)

func TestPrefixes(t *testing.T) {
	got := prefixes([]string{"a-b", "a.b", "a_b", "a_b_1", "Ünï", "x y/z", "🙂"})
	want := map[string]string{"a-b": "a_b", "a.b": "a_b_1", "a_b": "a_b_2", "a_b_1": "a_b_1_1", "Ünï": "_n_", "x y/z": "x_y_z", "🙂": "_"}
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestShorten(t *testing.T) {
	long := strings.Repeat("x", 60)
	for _, c := range []struct {
		name string
		want string
	}{
		{"short", "short"},
		{long + "1234", long + "1234"},
		{long + "12345", strings.Repeat("x", 55) + "_d4f164dc"},
		{strings.Repeat("é", 40), strings.Repeat("é", 27) + "_84fe2e03"}, // never in the middle of a letter
	} {
		if got := shorten(c.name, 64); got != c.want || len(got) > 64 {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}
