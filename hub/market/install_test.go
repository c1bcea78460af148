package market

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// registryEntry wraps packages and remotes as a registry's page does.
func registryEntry(body string) []byte {
	return []byte(`{"server":{"name":"io.github.a/b","description":"d","version":"1.0.0",` + body + `},"_meta":{"io.modelcontextprotocol.registry/official":{"status":"active","isLatest":true}}}`)
}

func TestRegistryInstalls(t *testing.T) {
	for name, tt := range map[string]struct {
		body   string
		values map[string]string
		want   string // the entry; empty: it cannot be installed
		miss   string // keys of missing parameters
	}{
		"npm": {
			`"packages":[{"registryType":"npm","identifier":"@21st-dev/magic","version":"0.0.46","transport":{"type":"stdio"},"environmentVariables":[{"name":"API_KEY","isSecret":true,"isRequired":true}]}]`,
			nil, `{"command":"npx","args":["-y","@21st-dev/magic@0.0.46"],"env":{"API_KEY":"${API_KEY}"}}`, "API_KEY",
		},
		"npm, optional variable": {
			`"packages":[{"registryType":"npm","identifier":"a","version":"1.0.0","transport":{"type":"stdio"},"environmentVariables":[{"name":"K"},{"name":"L","default":"1"}]}]`,
			nil, `{"command":"npx","args":["-y","a@1.0.0"],"env":{"L":"1"}}`, "",
		},
		"npm latest":       {`"packages":[{"registryType":"npm","identifier":"a","version":"latest","transport":{"type":"stdio"}}]`, nil, `{"command":"npx","args":["-y","a"]}`, ""},
		"npm runtime args": {`"packages":[{"registryType":"npm","identifier":"a","version":"1","transport":{"type":"stdio"},"runtimeHint":"npx","runtimeArguments":[{"type":"named","name":"--yes"}]}]`, nil, `{"command":"npx","args":["--yes","a@1"]}`, ""},
		"pypi": {
			`"packages":[{"registryType":"pypi","identifier":"adfinmcp","version":"0.1.0","transport":{"type":"stdio"},"packageArguments":[
				{"type":"positional","valueHint":"folder","isRequired":true},{"type":"named","name":"--level","default":"info","choices":["info","debug"]},
				{"type":"named","name":"--opt","description":"some option"},{"type":"named","name":"--flag"}]}]`,
			map[string]string{"folder": "/a b"},
			`{"command":"uvx","args":["adfinmcp@0.1.0","/a b","--level","info","--flag"]}`, "",
		},
		"pypi, optional argument given": {
			`"packages":[{"registryType":"pypi","identifier":"a","version":"1","transport":{"type":"stdio"},"packageArguments":[{"type":"named","name":"--opt","description":"some option","isRepeated":true}]}]`,
			map[string]string{"OPT": "x\ny\n"},
			`{"command":"uvx","args":["a@1","--opt","x","--opt","y"]}`, "",
		},
		"oci": {
			`"packages":[{"registryType":"oci","identifier":"ghcr.io/a/b:2.1","transport":{"type":"stdio"},"environmentVariables":[{"name":"T","default":"x"}],
				"runtimeArguments":[{"type":"named","name":"-v","value":"{dir}:/data","variables":{"dir":{"isRequired":true,"format":"filepath"}}}],"packageArguments":[{"type":"positional","value":"serve"}]}]`,
			map[string]string{"dir": "/d"},
			`{"command":"docker","args":["run","-i","--rm","-e","T","-v","/d:/data","ghcr.io/a/b:2.1","serve"],"env":{"T":"x"}}`, "",
		},
		"oci with version and host apart": {`"packages":[{"registryType":"oci","registryBaseUrl":"https://ghcr.io","identifier":"a/b","version":"3","transport":{"type":"stdio"}}]`, nil, `{"command":"docker","args":["run","-i","--rm","ghcr.io/a/b:3"]}`, ""},
		"oci with a digest":               {`"packages":[{"registryType":"oci","identifier":"docker.io/a/b@sha256:` + strings.Repeat("a", 64) + `","transport":{"type":"stdio"}}]`, nil, `{"command":"docker","args":["run","-i","--rm","docker.io/a/b@sha256:` + strings.Repeat("a", 64) + `"]}`, ""},
		"nuget":                           {`"packages":[{"registryType":"nuget","identifier":"A.Mcp","version":"1.2.3","transport":{"type":"stdio"},"packageArguments":[{"type":"positional","value":"x"}]}]`, nil, `{"command":"dnx","args":["A.Mcp@1.2.3","--yes","--","x"]}`, ""},
		"remote": {
			`"remotes":[{"type":"streamable-http","url":"https://{tenant}.example.com/mcp?a={b}","variables":{"tenant":{"isRequired":true,"default":"eu"}},"headers":[{"name":"X-API-Key","isRequired":true,"isSecret":true},{"name":"X-Trace"}]}]`,
			map[string]string{"X_API_KEY": "${env:MY_KEY}"},
			`{"type":"streamable-http","url":"https://eu.example.com/mcp?a={b}","headers":{"X-API-Key":"${env:MY_KEY}"}}`, "",
		},
		"option for a name":             {`"packages":[{"registryType":"npm","identifier":"--call=id","version":"1","transport":{"type":"stdio"}}]`, nil, "", ""},
		"image with options":            {`"packages":[{"registryType":"oci","identifier":"a --privileged","version":"1","transport":{"type":"stdio"}}]`, nil, "", ""},
		"shell in the version":          {`"packages":[{"registryType":"npm","identifier":"a","version":"1 && id","transport":{"type":"stdio"}}]`, nil, "", ""},
		"command in a value":            {`"packages":[{"registryType":"npm","identifier":"a","version":"1","transport":{"type":"stdio"},"environmentVariables":[{"name":"A","value":"${cmd: id}"}]}]`, nil, "", ""},
		"secret of another in a header": {`"remotes":[{"type":"sse","url":"https://a.example/sse","headers":[{"name":"X","value":"${env:AWS_SECRET_ACCESS_KEY}"}]}]`, nil, "", ""},
		"nested placeholder":            {`"remotes":[{"type":"sse","url":"https://a.example/${${x}}"}]`, nil, "", ""},
		"older way of a placeholder":    {`"packages":[{"registryType":"npm","identifier":"a","version":"1","transport":{"type":"stdio"},"packageArguments":[{"type":"positional","value":"$AWS_SECRET_ACCESS_KEY"}]}]`, nil, "", ""},
		"command in a default":          {`"packages":[{"registryType":"npm","identifier":"a","version":"1","transport":{"type":"stdio"},"environmentVariables":[{"name":"A","default":"${cmd: id}"}]}]`, nil, `{"command":"npx","args":["-y","a@1"]}`, ""},
		"command among choices":         {`"packages":[{"registryType":"npm","identifier":"a","version":"1","transport":{"type":"stdio"},"environmentVariables":[{"name":"A","choices":["${cmd: id}","$HOME","x"],"isRequired":true}]}]`, map[string]string{"A": "x"}, `{"command":"npx","args":["-y","a@1"],"env":{"A":"x"}}`, ""},
		"variable of the hub in a URL":  {`"remotes":[{"type":"sse","url":"https://a.example/${HOME}"}]`, nil, `{"type":"sse","url":"https://a.example/${HOME}"}`, "HOME"},
		"script address":                {`"remotes":[{"type":"sse","url":"javascript:alert(1)"}]`, nil, "", ""},
		"unknown kind":                  {`"packages":[{"registryType":"unknown","identifier":"a","version":"1","transport":{"type":"stdio"}}]`, nil, "", ""},
		"bundle without a hash":         {`"packages":[{"registryType":"mcpb","identifier":"https://a.example/x.mcpb","transport":{"type":"stdio"}}]`, nil, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			item, _, ok := registryItem(registryEntry(tt.body))
			if !ok {
				t.Fatal("the item is refused")
			}
			if tt.want == "" {
				if len(item.Installs) > 0 {
					t.Errorf("installs %+v", item.Installs)
				}
				return
			}
			plan, err := item.Plan(Choices{Values: tt.values})
			if err != nil {
				t.Fatal(err)
			}
			if string(plan.Entry) != tt.want {
				t.Errorf("entry %s\n want %s", plan.Entry, tt.want)
			}
			var missing []string
			for _, p := range plan.Missing {
				missing = append(missing, p.Key)
			}
			if got := strings.Join(missing, " "); got != tt.miss {
				t.Errorf("missing %q, want %q", got, tt.miss)
			}
		})
	}
}

const communityText = `{"id":"alpha","name":"Alpha","description":"first server","author":"a","url":"https://gitlab.invalid/a","category":"dev","tags":["x","y"],
	"installations":[{"name":"npx","config":"{\"command\":\"npx\",\"args\":[\"-y\",\"alpha\",\"--url\",\"${U}\"],\"env\":{\"API_KEY\":\"${API_KEY}\"}}",
	"parameters":[{"name":"Key","key":"API_KEY","required":true},{"name":"U","key":"U","required":false}]}],"stars":5,"lastCommit":200,"updatedAt":1,"featured":true,"verified":true}`

func TestPlanMasksSecrets(t *testing.T) {
	item, ok := communityItem([]byte(communityText))
	if !ok {
		t.Fatal("the item is refused")
	}
	plan, err := item.Plan(Choices{Values: map[string]string{"API_KEY": "hunter2"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(plan.Entry); got != `{"command":"npx","args":["-y","alpha"],"env":{"API_KEY":"hunter2"}}` {
		t.Errorf("entry %s", got)
	}
	if strings.Contains(string(plan.Preview), "hunter2") || !strings.Contains(string(plan.Preview), "••••") {
		t.Errorf("preview %s", plan.Preview)
	}
	if plan.Name != "alpha" || !plan.Unpinned || len(plan.Prerequisites) != 1 || plan.Prerequisites[0].Program != "npx" || plan.Prerequisites[0].Hint == "" {
		t.Errorf("plan %+v", plan)
	}
	if _, err := item.Plan(Choices{Install: 1}); !errors.Is(err, ErrNoInstall) {
		t.Errorf("error %v", err)
	}
}

func TestPlanChecksValues(t *testing.T) {
	item, _, _ := registryItem(registryEntry(`"packages":[{"registryType":"npm","identifier":"a","version":"1","transport":{"type":"stdio"},"environmentVariables":[
		{"name":"N","format":"number"},{"name":"B","format":"boolean"},{"name":"C","choices":["x","y","${cmd: id}"]},{"name":"M","choices":["x","y"],"isRepeated":true}]}]`))
	for _, tt := range []struct{ key, value, invalid string }{
		{"N", "-1.5", ""},
		{"N", "many", "N"},
		{"N", "${env:N}", ""},
		{"B", "true", ""},
		{"B", "yes", "B"},
		{"C", "x", ""},
		{"C", "z", "C"},
		{"M", "x\ny\n", ""},
		{"M", "x\nz", "M"},
	} {
		plan, err := item.Plan(Choices{Values: map[string]string{tt.key: tt.value, "z": "1", "a": "2"}})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, p := range plan.Invalid {
			got += p.Key
		}
		if got != tt.invalid || fmt.Sprint(plan.Unknown) != "[a z]" {
			t.Errorf("%s=%q: invalid %q, unknown %q", tt.key, tt.value, got, plan.Unknown)
		}
	}
	if got := item.Installs[0].Parameters[2].Choices; fmt.Sprint(got) != "[x y]" {
		t.Errorf("choices %q", got)
	}
}

func TestLegacyShape(t *testing.T) {
	item, _ := communityItem([]byte(communityText))
	var want, got map[string]any
	if err := json.Unmarshal([]byte(communityText), &want); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(item.Legacy())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}

	official, _, _ := registryItem(registryEntry(`"packages":[{"registryType":"npm","identifier":"a","version":"1","transport":{"type":"stdio"},"environmentVariables":[{"name":"KEY","isSecret":true}],"packageArguments":[{"type":"named","name":"--o","description":"x"}]}]`))
	old := official.Legacy()
	if old.ID != "io.github.a/b" || old.Tags == nil || len(old.Installations) != 1 {
		t.Fatalf("legacy %+v", old)
	}
	in := old.Installations[0]
	var config map[string]any
	if err := json.Unmarshal([]byte(in.Config), &config); err != nil || fmt.Sprint(config) != "map[args:[-y a@1] command:npx env:map[KEY:${KEY}]]" {
		t.Errorf("config %s, %v", in.Config, err)
	}
	if len(in.Parameters) != 2 || *in.Parameters[0].Required {
		t.Errorf("parameters %+v", in.Parameters)
	}
	empty := Item{ID: "x"}
	if text, err := json.Marshal(empty.Legacy()); err != nil || string(text) != `{"id":"x","name":"","description":"","author":"","url":"","category":"","tags":[],"installations":[]}` {
		t.Errorf("empty %s, %v", text, err)
	}
}

func TestPackageOfAnEntry(t *testing.T) {
	for entry, want := range map[string]string{
		`{"command":"npx","args":["-y","@scope/a@1.2.3","--x"]}`:                            "npm:@scope/a 1.2.3",
		`{"command":"npx","args":["-y","--package=task@2","task"]}`:                         "npm:task 2",
		`{"command":"npx","args":["a@latest"]}`:                                             "npm:a ",
		`{"command":"cmd","args":["/c","npx","-y","a@1"]}`:                                  "npm:a 1",
		`{"command":"uvx","args":["--python","3.12","a==1.0","serve"]}`:                     "pypi:a 1.0",
		`{"command":"uvx","args":["--from","a@2","tool"]}`:                                  "pypi:a 2",
		`{"command":"docker","args":["run","-i","--rm","-e","K","--env","A=b","g.io/a:1"]}`: "oci:g.io/a 1",
		`{"command":"docker","args":["ps"]}`:                                                ": ",
		`{"command":"dnx","args":["A.B@1.0.0","--yes"]}`:                                    "nuget:A.B 1.0.0",
		`{"command":"node","args":["a.js"]}`:                                                ": ",
		`{"url":"https://a.example"}`:                                                       ": ",
	} {
		tmpl, err := parseEntry([]byte(entry))
		if err != nil {
			t.Fatal(err)
		}
		p, _ := pinned(tmpl.Command, slices.Concat(tmpl.Args...))
		if got := p.key() + " " + p.Version; got != want {
			t.Errorf("%s: %q, want %q", entry, got, want)
		}
	}
}

func TestBehind(t *testing.T) {
	for _, tt := range []struct {
		kind, pinned, latest string
		want                 bool
	}{
		{"npm", "1.0.0", "1.0.1", true},
		{"npm", "1.0.1", "1.0.1", false},
		{"npm", "1.1.0", "1.0.1", false},
		{"npm", "v1.0.0", "1.1.0", true},
		{"npm", "1", "1.2.0", false},
		{"npm", "1", "2.0.0", true},
		{"npm", "next", "1.0.0", false},
		{"npm", "^1.0.0", "2.0.0", false},
		{"npm", "${VERSION}", "2.0.0", false},
		{"npm", "1.0.0", "next", false},
		{"npm", "1.0.0", "", false},
		{"npm", "2.0.0-beta.1", "2.0.0", true},
		{"oci", "1.0", "1.1", true},
		{"oci", "1.0-slim", "1.1", false},
		{"oci", "1.0-slim", "1.1-slim", true},
		{"oci", "sha256:" + strings.Repeat("a", 64), "1.1", false},
	} {
		p := Package{Type: tt.kind, Identifier: "a", Version: tt.pinned}
		if got := p.behind(tt.latest); got != tt.want {
			t.Errorf("%s %s and %s: %v", tt.kind, tt.pinned, tt.latest, got)
		}
	}
}

func TestHas(t *testing.T) {
	item := Item{ID: "io.github.a/b", Installs: []Install{
		{Package: Package{Type: "npm", Identifier: "@a/b", Version: "2"}, Template: Template{Command: "npx"}},
		{Package: Package{Type: "mcpb", Identifier: "https://a.example/b.mcpb", SHA256: strings.Repeat("a", 64)}},
		{Template: Template{URL: "https://a.example/mcp"}},
		{Template: Template{URL: "https://${tenant}.example.com/mcp?a=${A}"}},
		{Template: Template{Command: "node"}},
	}}
	for name, tt := range map[string]struct {
		c    Configured
		want bool
	}{
		"its package at any version": {Configured{Command: "npx", Args: []string{"-y", "@a/b@1"}}, true},
		"another package":            {Configured{Command: "npx", Args: []string{"-y", "@a/c@1"}}, false},
		"its bundle":                 {Configured{Command: "node", Cwd: filepath.Join("x", strings.Repeat("a", 64))}, true},
		"another folder":             {Configured{Command: "node", Cwd: "x"}, false},
		"its address":                {Configured{URL: "https://a.example/mcp"}, true},
		"its address with values":    {Configured{URL: "https://eu.example.com/mcp?a="}, true},
		"another address":            {Configured{URL: "https://eu.example.org/mcp?a="}, false},
		"its command and name":       {Configured{Name: "b", Command: "node", Args: []string{"x.js"}}, true},
		"its command alone":          {Configured{Name: "c", Command: "node"}, false},
		"nothing":                    {Configured{}, false},
	} {
		if got := item.Has(tt.c); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestCompareVersions(t *testing.T) {
	order := []string{"0.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "v1.0.1", "1.2", "1.10", "2.0.0+build", "2025.1.3"}
	for i, a := range order {
		for j, b := range order {
			if got, want := compareVersions(a, b), compareInts(i, j); got != want {
				t.Errorf("%s and %s: %d, want %d", a, b, got, want)
			}
		}
	}
	if compareVersions("1.0", "1.0.0") != 0 {
		t.Error("1.0 is not 1.0.0")
	}
}

func compareInts(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func TestBuiltinCatalog(t *testing.T) {
	var raw []json.RawMessage
	if err := json.Unmarshal(builtinCatalog, &raw); err != nil {
		t.Fatal(err)
	}
	items := builtinItems()
	if len(items) != len(raw) || len(items) < 10 {
		t.Fatalf("%d of %d items are fit to show", len(items), len(raw))
	}
	for _, item := range items {
		if len(item.Installs) != len(item.Legacy().Installations) || len(item.Installs) == 0 || item.Description == "" || item.URL == "" || item.Category == "" {
			t.Errorf("%+v", item)
		}
		for n := range item.Installs {
			if plan, err := item.Plan(Choices{Install: n}); err != nil || len(plan.Missing) != len(item.Installs[n].Parameters) {
				t.Errorf("%s: %+v, %v", item.ID, plan, err)
			}
		}
	}
}

func TestTextsOfStrangers(t *testing.T) {
	for id, want := range map[string]bool{"context7": true, "io.github.a/b-c_d": true, "": false, "a/..": false, "../a": false, "a/": false, "a b": false, "-a": false} {
		if validID(id) != want {
			t.Errorf("id %q: %v", id, !want)
		}
	}
	if got := clean("a\x00b\x1b[31m\u202ec\u2066d\xffe\nf", 100); got != "ab[31mcde\nf" {
		t.Errorf("%q", got)
	}
	if got := clean("aé", 2); got != "a" {
		t.Errorf("%q", got)
	}
	for _, address := range []string{"javascript:alert(1)", "file:///etc/passwd", "https://", "https://user:pass@a.example/", "//a.example"} {
		if got := page(address); got != "" {
			t.Errorf("%s: %q", address, got)
		}
	}
	for _, name := range []string{"API_KEY", "apiKey", "TOKEN", "GITHUB_PAT", "X-Api-Key", "DB_PASSWORD", "Authorization"} {
		if !looksSecret(name) {
			t.Errorf("%s is not secret", name)
		}
	}
	for _, name := range []string{"PATH", "MONKEY", "KEYBOARD", "TOKENIZER_DIR"} {
		if looksSecret(name) {
			t.Errorf("%s is secret", name)
		}
	}
}

func FuzzRegistryItem(f *testing.F) {
	f.Add(registryEntry(`"packages":[{"registryType":"npm","identifier":"a","version":"1","transport":{"type":"stdio"},"packageArguments":[{"type":"named","name":"--a","value":"{b}${c}","variables":{"b":{"default":"$d"}}}]}]`))
	f.Add(registryEntry(`"remotes":[{"type":"sse","url":"https://{a}.example/${b}","variables":{"a":{"default":"${cmd: id}"}}}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if item, _, ok := registryItem(raw); ok {
			holdsOnlyParameters(t, &item)
		}
	})
}

func FuzzCommunityItem(f *testing.F) {
	f.Add([]byte(communityText))
	f.Add([]byte(`{"id":"a","installations":[{"config":"{\"command\":\"${cmd: id}\",\"args\":[\"$A\",\"${${A}}\"]}"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if item, ok := communityItem(raw); ok {
			holdsOnlyParameters(t, &item)
		}
	})
}

// holdsOnlyParameters checks that a plan without values has no placeholder but those that it asks for.
func holdsOnlyParameters(t *testing.T, item *Item) {
	t.Helper()
	item.Legacy()
	for n := range item.Installs {
		if item.Installs[n].Template.empty() {
			continue
		}
		plan, err := item.Plan(Choices{Install: n})
		if err != nil {
			t.Fatal(err)
		}
		var e struct {
			Command, Cwd, URL string
			Args              []string
			Env, Headers      map[string]string
		}
		if err := json.Unmarshal(plan.Entry, &e); err != nil {
			t.Fatalf("%s: %v", plan.Entry, err)
		}
		texts := append([]string{e.Command, e.Cwd, e.URL}, e.Args...)
		for _, m := range []map[string]string{e.Env, e.Headers} {
			for _, v := range m {
				texts = append(texts, v)
			}
		}
		for _, text := range texts {
			for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
				asked := slices.Contains(harmless, m[1]) || slices.ContainsFunc(item.Installs[n].Parameters, func(p Parameter) bool { return p.Key == m[1] })
				if !asked {
					t.Errorf("%q in %s", m[0], plan.Entry)
				}
			}
			if strings.Contains(placeholder.ReplaceAllString(text, ""), "${") {
				t.Errorf("a half placeholder in %s", plan.Entry)
			}
		}
	}
}
