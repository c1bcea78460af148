package json5

import (
	"strings"
	"testing"
)

func TestGet(t *testing.T) {
	d, err := Parse([]byte(`{"a": {"b": [1, {"c": 2}]}, "a/b": 3, "d": 4, "d": 5, "-1": 6}`))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"a b 0": "1", "a b 1 c": "2", "a/b": "3", "d": "5", "-1": "6",
		"x": "", "a x": "", "a b 2": "", "a b -1": "", "a b 01": "", "a b -": "", "a b c": "", "d e": "",
	} {
		got := ""
		if n := d.Get(strings.Fields(path)...); n != nil {
			got = n.Text
		}
		if got != want {
			t.Errorf("at %q is %q, want %q", path, got, want)
		}
	}
	if d.Get() != d.Root() {
		t.Error("the empty path is not the root")
	}
}

func TestTextsWithoutAValue(t *testing.T) {
	for _, text := range []string{"", "\ufeff", " \n", "// c", "/* c */\n// d\n"} {
		d, err := Parse([]byte(text))
		if err != nil || d.Root() != nil || d.Get() != nil || d.Get("a") != nil || d.Root().Get("a") != nil || d.Root().Is(Object) {
			t.Errorf("%q: %v, root %v", text, err, d.Root())
		}
		if err := d.Delete("a"); err != nil || string(d.Text()) != text {
			t.Errorf("%q became %q: %v", text, d.Text(), err)
		}
	}
}

func TestCanonicalFormIgnoresOrder(t *testing.T) {
	a, err := Parse([]byte(`{a: 1, b: {c: [2], d: 'x'}, a: 3}`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Parse([]byte(`{"b": {"d": "x", "c": [2]}, "a": 3}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(a.Root().Canonical()); got != `{"a":3,"b":{"c":[2],"d":"x"}}` || got != string(b.Root().Canonical()) {
		t.Errorf("canonical forms %s and %s", got, b.Root().Canonical())
	}
	if !same(a.Root(), b.Root()) || identical(a.Root(), b.Root()) {
		t.Error("the values are the same, but not identical")
	}
}
