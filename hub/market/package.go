package market

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// What names of packages may look like. Above all none begins with a dash: the programs would take it for an option.
var (
	identifiers = map[string]*regexp.Regexp{
		"npm":   regexp.MustCompile(`^(@[A-Za-z0-9~][A-Za-z0-9._~-]*/)?[A-Za-z0-9~][A-Za-z0-9._~-]*$`),
		"pypi":  regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`),
		"nuget": regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`),
		"oci":   regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*(:[0-9]+/[A-Za-z0-9._/-]+)?(:[A-Za-z0-9._-]+)?(@sha256:[a-f0-9]{64})?$`),
		"mcpb":  regexp.MustCompile(`^https://[^\s]+$`),
	}
	version = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.+_!~-]*$`)
	digest  = regexp.MustCompile(`^[a-f0-9]{64}$`)
	word    = regexp.MustCompile(`[^A-Za-z0-9]+`)
	braces  = regexp.MustCompile(`\{([^{}]+)\}`)
)

// ErrNotRunnable says that an install is of a kind, or for a system, that the hub cannot run here.
var ErrNotRunnable = errors.New("the hub cannot run it")

// install returns how the package is run: runner, its arguments, the package at its version, the package's arguments.
func (p *packageJSON) install() (Install, error) {
	allowed := identifiers[p.RegistryType]
	if allowed == nil || p.Transport.Type != "stdio" {
		return Install{}, ErrNotRunnable
	}
	if !allowed.MatchString(p.Identifier) || p.Version != "" && !version.MatchString(p.Version) {
		return Install{}, fmt.Errorf("%w: %q at %q is no %s package", ErrNotRunnable, p.Identifier, p.Version, p.RegistryType)
	}
	in := Install{
		Package:    Package{Type: p.RegistryType, Identifier: p.Identifier, Version: p.Version, SHA256: strings.ToLower(p.FileSHA256)},
		Transports: []string{"stdio"},
	}
	if in.Package.Version == "latest" {
		in.Package.Version = ""
	}
	var k keys
	runtime, arguments := k.arguments(p.RuntimeArguments), k.arguments(p.PackageArguments)
	t := &in.Template
	for _, v := range p.EnvironmentVariables {
		if v.Name != "" && !strings.ContainsAny(v.Name, "=\x00") {
			t.Env = append(t.Env, Pair{clean(v.Name, 200), k.value(v, v.Name)})
		}
	}
	one := func(words ...string) {
		for _, w := range words {
			t.Args = append(t.Args, Argument{w})
		}
	}
	at := ""
	if in.Package.Version != "" {
		at = "@" + in.Package.Version
	}
	switch p.RegistryType {
	case "npm":
		in.Name, in.Prerequisites, t.Command = "npx", []string{"Node.js"}, "npx"
		if p.RuntimeHint == "bunx" {
			in.Name, in.Prerequisites, t.Command = "bunx", []string{"Bun"}, "bunx"
		} else if !slices.ContainsFunc(runtime, func(a Argument) bool { return a[0] == "-y" || a[0] == "--yes" }) {
			one("-y")
		}
		t.Args = append(t.Args, runtime...)
		one(p.Identifier + at)
		t.Args = append(t.Args, arguments...)
	case "pypi":
		in.Name, in.Prerequisites, t.Command = "uvx", []string{"uv"}, "uvx"
		t.Args = append(t.Args, runtime...)
		one(p.Identifier + at)
		t.Args = append(t.Args, arguments...)
	case "nuget":
		in.Name, in.Prerequisites, t.Command = "dnx", []string{".NET 10 SDK"}, "dnx"
		t.Args = append(t.Args, runtime...)
		one(p.Identifier+at, "--yes")
		if len(arguments) > 0 {
			one("--")
		}
		t.Args = append(t.Args, arguments...)
	case "oci":
		in.Name, in.Prerequisites, t.Command = "Docker", []string{"Docker"}, "docker"
		if p.RuntimeHint == "podman" {
			in.Name, in.Prerequisites, t.Command = "Podman", []string{"Podman"}, "podman"
		}
		in.Package = image(p)
		one("run", "-i", "--rm")
		for _, e := range t.Env {
			t.Args = append(t.Args, Argument{"-e", e.Name})
		}
		for _, a := range runtime {
			if !slices.Contains([]string{"run", "-i", "--interactive", "--rm"}, a[0]) {
				t.Args = append(t.Args, a)
			}
		}
		one(in.Package.reference())
		t.Args = append(t.Args, arguments...)
	case "mcpb":
		if !digest.MatchString(in.Package.SHA256) {
			return Install{}, fmt.Errorf("%w: a bundle without its hash", ErrNotRunnable)
		}
		in.Name, in.Template = "Bundle", Template{}
		k.parameters = nil // its manifest has them
	}
	var err error
	in.Parameters, err = t.check(k.parameters)
	return in, err
}

// image splits an image reference into name and version; a digest is a version too. Without one in the reference that of
// the package counts.
func image(p *packageJSON) Package {
	pkg := Package{Type: "oci", Identifier: p.Identifier, Version: p.Version}
	if base, err := url.Parse(p.RegistryBaseURL); err == nil && base.Host != "" && base.Host != "docker.io" && !strings.ContainsAny(strings.SplitN(p.Identifier, "/", 2)[0], ".:") {
		pkg.Identifier = base.Host + "/" + pkg.Identifier
	}
	if name, version, found := strings.Cut(pkg.Identifier, "@"); found {
		pkg.Identifier, pkg.Version = name, version
	}
	if colon := strings.LastIndexByte(pkg.Identifier, ':'); colon > strings.LastIndexByte(pkg.Identifier, '/') {
		tag := pkg.Identifier[colon+1:]
		pkg.Identifier = pkg.Identifier[:colon]
		if !strings.HasPrefix(pkg.Version, "sha256:") {
			pkg.Version = tag
		}
	}
	return pkg
}

// reference returns the image as docker takes it.
func (p *Package) reference() string {
	switch {
	case p.Version == "":
		return p.Identifier
	case strings.HasPrefix(p.Version, "sha256:"):
		return p.Identifier + "@" + p.Version
	}
	return p.Identifier + ":" + p.Version
}

// install returns how the hub reaches the remote server.
func (r *remoteJSON) install() (Install, error) {
	if r.Type != "streamable-http" && r.Type != "sse" {
		return Install{}, ErrNotRunnable
	}
	var k keys
	in := Install{Name: "Remote", Transports: []string{r.Type}}
	if r.Type == "sse" {
		in.Name = "Remote (SSE)"
	}
	u, err := url.Parse(braces.ReplaceAllString(r.URL, "x"))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return Install{}, fmt.Errorf("%w: %q is no web address", ErrNotRunnable, r.URL)
	}
	in.Template = Template{Type: r.Type, URL: k.variables(clean(r.URL, 2000), r.Variables)}
	for _, h := range r.Headers {
		if h.Name != "" && word.ReplaceAllString(h.Name, "-") == h.Name {
			in.Template.Headers = append(in.Template.Headers, Pair{h.Name, k.value(h, h.Name)})
		}
	}
	in.Parameters, err = in.Template.check(k.parameters)
	return in, err
}

// keys makes parameters of inputs, each with a key of its own.
type keys struct{ parameters []Parameter }

func (k *keys) arguments(inputs []inputJSON) []Argument {
	var arguments []Argument
	for _, in := range inputs {
		name := clean(in.Name, 500)
		switch {
		case in.Type == "named" && name == "":
		case in.Type == "named" && (in.Value == in.Name || in.Value == "" && in.Default == "" && !in.IsRequired && in.ValueHint == "" && in.Description == "" && in.Placeholder == ""):
			arguments = append(arguments, Argument{name}) // a flag alone
		case in.Type == "named":
			arguments = append(arguments, Argument{name, k.value(in, in.Name)})
		default:
			arguments = append(arguments, Argument{k.value(in, cmp.Or(in.ValueHint, "argument"))})
		}
	}
	return arguments
}

// value returns the text for an input: fixed, with variables in braces, or ${key} of a new parameter.
func (k *keys) value(in inputJSON, name string) string {
	if in.Value != "" {
		return k.variables(clean(in.Value, 4000), in.Variables)
	}
	return "${" + k.add(in, name) + "}"
}

// variables puts ${key} where the text has {name} of a variable; other braces stay.
func (k *keys) variables(text string, variables map[string]inputJSON) string {
	made := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if strings.Contains(text, "{"+name+"}") {
			made[name] = k.value(variables[name], name)
		}
	}
	return braces.ReplaceAllStringFunc(text, func(found string) string {
		if value, ok := made[found[1:len(found)-1]]; ok {
			return value
		}
		return found
	})
}

func (k *keys) add(in inputJSON, name string) string {
	key := strings.ToUpper(strings.Trim(word.ReplaceAllString(name, "_"), "_"))
	if key == "" || key[0] >= '0' && key[0] <= '9' {
		key = "V_" + key
	}
	if strings.HasPrefix(name, "_") || parameter.MatchString(name) && !strings.ContainsAny(name, ".-") {
		key = name // a variable keeps its name
	}
	for base, n := key, 2; slices.ContainsFunc(k.parameters, func(p Parameter) bool { return p.Key == key }); n++ {
		key = fmt.Sprintf("%s_%d", base, n)
	}
	p := Parameter{
		Key: key, Name: line(name, 200), Description: clean(in.Description, 1000), Placeholder: line(in.Placeholder, 500),
		Default: clean(in.Default, 4000), Required: in.IsRequired, Secret: in.IsSecret || looksSecret(name), Multiple: in.IsRepeated,
		Format: line(in.Format, 20), Choices: lines(in.Choices),
	}
	// They go into the entry as they are: there the configuration would resolve a placeholder in them.
	if resolves(p.Default) {
		p.Default = ""
	}
	p.Choices = slices.DeleteFunc(p.Choices, resolves)
	k.parameters = append(k.parameters, p)
	return key
}
