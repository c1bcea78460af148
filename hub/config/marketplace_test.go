package config

import (
	"reflect"
	"strings"
	"testing"
)

func TestMarketSources(t *testing.T) {
	for marketplace, test := range map[string]struct {
		want    []MarketSource
		problem string // part of the only diagnostic; empty: there is none
	}{
		`{}`:            {},
		`{sources: []}`: {},
		`5`:             {nil, "must be an object"},
		`{sources: {}}`: {nil, "must be an array"},
		`{sources: [{name: "official", url: "https://r.example/"}, {name: "community", disabled: true}, {name: "ours", type: "community", url: "http://h/r.json?ref=main"}]}`: {
			[]MarketSource{{"official", RegistrySource, "https://r.example/", false}, {"community", CommunitySource, "", true}, {"ours", CommunitySource, "http://h/r.json?ref=main", false}}, "",
		},
		`{sources: [{name: "official", type: "community", url: "https://h/r.json"}, {name: "later", type: "registry", disabled: true}]}`: {
			[]MarketSource{{"official", CommunitySource, "https://h/r.json", false}, {"later", RegistrySource, "", true}}, "",
		},
		`{sources: [5, {name: "community"}]}`:                                       {[]MarketSource{{"community", CommunitySource, "", false}}, "must be an object"},
		`{sources: [{type: "registry", url: "https://h/"}]}`:                        {nil, "needs a name"},
		`{sources: [{name: "a b", type: "registry", url: "https://h/"}]}`:           {nil, "needs a name"},
		`{sources: [{name: "builtin", type: "registry", url: "https://h/"}]}`:       {nil, "needs a name"},
		`{sources: [{name: "a", url: "https://h/"}]}`:                               {nil, "needs a type"},
		`{sources: [{name: "a", type: "npm", url: "https://h/"}]}`:                  {nil, "needs a type"},
		`{sources: [{name: "a", type: "registry"}]}`:                                {nil, "needs a url"},
		`{sources: [{name: "official", type: "community"}]}`:                        {nil, "needs a url"},
		`{sources: [{name: "a", type: "registry", url: 5}]}`:                        {nil, "url must be a text"},
		`{sources: [{name: "a", type: "registry", url: "file:///x"}]}`:              {nil, "url must be"},
		`{sources: [{name: "a", type: "registry", url: "https://me:hunter2@h/"}]}`:  {nil, "without a user"},
		`{sources: [{name: "a", type: "registry", url: "https://h/?key=hunter2"}]}`: {nil, "without a query"},
		`{sources: [{name: "community", disabled: 1}]}`:                             {nil, "disabled must be"},
		`{sources: [{name: "community"}, {name: "community", url: "https://h/2"}]}`: {[]MarketSource{{"community", CommunitySource, "", false}}, "two sources"},
	} {
		text := "{hub: {marketplace: " + marketplace + "}}"
		snapshot := load(t, map[string]string{"a.json": text}, "a.json")
		if !reflect.DeepEqual(snapshot.Sources, test.want) {
			t.Errorf("%s: %+v, want %+v", marketplace, snapshot.Sources, test.want)
		}
		for _, problems := range [][]Diagnostic{snapshot.Diagnostics, Validate([]byte(text), "a.json")} {
			switch {
			case test.problem == "" && len(problems) == 0:
			case test.problem == "" || len(problems) != 1 || !strings.Contains(problems[0].Message, test.problem) || problems[0].Line != 1 || problems[0].Action == "":
				t.Errorf("%s: %v, want %q", marketplace, problems, test.problem)
			case strings.Contains(problems[0].Error(), "hunter2"):
				t.Errorf("%s: the diagnostic holds a secret: %v", marketplace, problems)
			}
		}
	}
}
