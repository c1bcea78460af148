package oauth

import (
	"slices"
	"strings"
	"testing"
)

func TestParseChallenge(t *testing.T) {
	for name, c := range map[string]struct {
		headers []string
		want    challenge
	}{
		"none":             {nil, challenge{}},
		"only the scheme":  {[]string{"Bearer"}, challenge{}},
		"all":              {[]string{`Bearer error="insufficient_scope", scope="a b", resource_metadata="https://x/y?a=1,2"`}, challenge{"https://x/y?a=1,2", []string{"a", "b"}, "insufficient_scope"}},
		"tokens":           {[]string{`bearer scope=a,error=invalid_token`}, challenge{"", []string{"a"}, "invalid_token"}},
		"spaces":           {[]string{"Bearer  realm = \"r\" ,\tscope = \"a\""}, challenge{"", []string{"a"}, ""}},
		"case":             {[]string{`BEARER Scope="a"`}, challenge{"", []string{"a"}, ""}},
		"quotes":           {[]string{`Bearer realm="a \"b\", scope=no", scope="s"`}, challenge{"", []string{"s"}, ""}},
		"other schemes":    {[]string{`Negotiate abc==, Basic realm="x", scope="no", Bearer scope="a", Digest scope="no"`}, challenge{"", []string{"a"}, ""}},
		"several headers":  {[]string{`Basic realm="x"`, `Bearer scope="a"`}, challenge{"", []string{"a"}, ""}},
		"the first counts": {[]string{`Bearer scope="a"`, `Bearer scope="b"`}, challenge{"", []string{"a"}, ""}},
		"no scope at all":  {[]string{`Bearer scope=""`}, challenge{"", []string{}, ""}},
		"not closed":       {[]string{`Bearer scope="a b`}, challenge{"", []string{"a", "b"}, ""}},
		"nonsense":         {[]string{`,,=";\`, "=", `"`, "Bearer =x"}, challenge{}},
	} {
		got := parseChallenge(c.headers)
		if got.metadata != c.want.metadata || got.fault != c.want.fault || !slices.Equal(got.scopes, c.want.scopes) || (got.scopes == nil) != (c.want.scopes == nil) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func FuzzParseChallenge(f *testing.F) {
	for _, seed := range []string{`Bearer scope="a b", error=x`, `Negotiate a==, Bearer resource_metadata="https://x"`, `"`, `Bearer a = "\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		c := parseChallenge([]string{header})
		if strings.ContainsAny(strings.Join(c.scopes, ""), " \t\n") || len(c.metadata)+len(c.fault) > len(header) {
			t.Errorf("%q: %+v", header, c)
		}
	})
}

func TestScopes(t *testing.T) {
	if got := union([]string{"a", "b"}, nil, []string{"b", "c", "a"}); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("union is %v", got)
	}
}
