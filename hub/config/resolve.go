package config

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"mcphub/hub/secret"
)

// Resolve replaces the placeholders of the server and returns what it is started or reached with. It may run commands
// (${cmd: …}), each for 30 seconds at most. An error that a person can correct is a [*Diagnostic]; it names variables and
// never holds a value.
func (s *Server) Resolve(ctx context.Context) (*Resolved, error) {
	if s.Err != nil {
		return nil, s.Err
	}
	r := &resolution{spec: &s.spec, server: s.Name, values: s.values, known: map[string]*call{}}
	for {
		resolved, err := r.pass()
		if !errors.Is(err, errWaiting) {
			return resolved, err
		}
		if err := r.runWanted(ctx); err != nil {
			return nil, err
		}
	}
}

// resolution is one call of Resolve. It goes over the fields again and again: a pass that needs the output of commands
// collects them all, they run side by side, and the next pass gets further. So commands wait only for those whose output
// they contain, and all the rest is plain code in one goroutine.
type resolution struct {
	spec   *spec
	server string
	values *values
	known  map[string]*call  // finished commands by key
	wanted map[string]script // commands the pass waits for

	env  map[string]field   // variables of the entry
	done map[string]outcome // those of them that the pass has resolved
	path []string           // those that the pass is resolving, each needed by the one before
}

type outcome struct {
	text string
	err  error
}

// errWaiting says that a value needs a command that has not run yet.
var errWaiting = errors.New("waiting for a command")

func (r *resolution) runWanted(ctx context.Context) error {
	var all sync.WaitGroup
	for key, s := range r.wanted {
		result := &call{}
		r.known[key] = result
		all.Go(func() { result.text, result.err = r.values.commands.run(ctx, s) })
	}
	all.Wait()
	return ctx.Err()
}

// pass resolves all fields, in the order in which their errors are reported.
func (r *resolution) pass() (*Resolved, error) {
	r.wanted, r.done, r.env = map[string]script{}, map[string]outcome{}, map[string]field{}
	for _, f := range r.spec.env {
		r.env[envName(f.name)] = f
	}
	resolved := &Resolved{Env: r.values.childEnv()}
	for _, f := range r.spec.env {
		text, err := r.variable(f)
		if err := r.failed(err); err != nil {
			return nil, err
		}
		resolved.Env[r.values.existing(resolved.Env, f.name)] = secret.New(text)
	}
	for _, f := range r.spec.args {
		text, err := r.argument(f)
		if err := r.failed(err); err != nil {
			return nil, err
		}
		resolved.Args = append(resolved.Args, secret.New(text))
	}
	var url string
	for _, single := range []struct {
		field  field
		target *string
	}{{r.spec.command, &resolved.Command}, {r.spec.cwd, &resolved.Cwd}, {r.spec.url, &url}} {
		text, err := r.expand(single.field)
		if err := r.failed(err); err != nil {
			return nil, err
		}
		*single.target = text
	}
	resolved.Headers = make(map[string]secret.Text, len(r.spec.headers))
	for _, f := range r.spec.headers {
		text, err := r.expand(f)
		if err == nil && strings.ContainsAny(text, "\r\n\x00") {
			err = r.problem(f, "header '"+f.name+"' has a value of more than one line", "make it one line")
		}
		if err := r.failed(err); err != nil {
			return nil, err
		}
		resolved.Headers[f.name] = secret.New(text)
	}
	var err error
	if resolved.OAuth, err = r.oauth(); err != nil {
		return nil, err
	}
	if len(r.wanted) > 0 {
		return nil, errWaiting
	}
	if r.spec.url.text != "" && !validURL(url) {
		return nil, r.problem(r.spec.url, "url is no address of a server once its placeholders are replaced", urlAction)
	}
	resolved.URL = secret.New(url)
	if !filepath.IsAbs(resolved.Cwd) {
		resolved.Cwd = filepath.Join(r.values.dir, resolved.Cwd)
	}
	return resolved, nil
}

// failed drops errWaiting: the pass goes on, to find more commands to run.
func (r *resolution) failed(err error) error {
	if errors.Is(err, errWaiting) {
		return nil
	}
	return err
}

func (r *resolution) problem(f field, message, action string) error {
	d := r.spec.file.diagnostic(Error, r.server, f.at, message, action)
	return &d
}

// variable resolves one variable of the entry's env, once per pass.
func (r *resolution) variable(f field) (string, error) {
	key := envName(f.name)
	if known, ok := r.done[key]; ok {
		return known.text, known.err
	}
	r.path = append(r.path, key)
	var o outcome
	if f.text == "" || f.literal && f.text == "null" {
		var found bool
		if o.text, found = r.values.lookup(f.name); !found {
			o.err = r.notFound(f, "Variable", f.name)
		}
	} else {
		o.text, o.err = r.expand(f)
	}
	r.path = r.path[:len(r.path)-1]
	r.done[key] = o
	return o.text, o.err
}

// argument resolves one argument.
func (r *resolution) argument(f field) (string, error) {
	if !f.legacy() {
		return r.expand(f)
	}
	name := f.text[1:]
	text, found, err := r.lookup(f, name)
	switch {
	case err != nil:
		return "", err
	case !found:
		return "", r.notFound(f, "Legacy variable", name)
	case text == "":
		return f.text, nil
	}
	return text, nil
}

// expand replaces the placeholders in a field. What they stand for is not looked at again.
func (r *resolution) expand(f field) (string, error) {
	if f.literal {
		return f.text, nil
	}
	return r.join(f, parseTemplate(f.text))
}

func (r *resolution) join(f field, parts []part) (string, error) {
	var b strings.Builder
	var waiting error
	for _, p := range parts {
		if p.placeholder == nil {
			b.WriteString(p.text)
			continue
		}
		text, err := r.replace(f, p.placeholder)
		if r.failed(err) != nil {
			return "", err
		}
		waiting = cmp.Or(waiting, err)
		b.WriteString(text)
	}
	return b.String(), waiting
}

func (r *resolution) replace(f field, p *placeholder) (string, error) {
	if p.command {
		return r.command(f, p)
	}
	name, err := r.join(f, p.parts)
	if err != nil {
		return "", err
	}
	// Only a prefix that stands in the file counts, not one that a value brings.
	if len(p.parts) > 0 && strings.HasPrefix(p.parts[0].text, envPrefix) {
		name = name[len(envPrefix):]
	}
	text, found, err := r.lookup(f, name)
	if err == nil && !found {
		// As written, because a name made of values would show them.
		err = r.notFound(f, "Variable", strings.TrimPrefix(p.raw, envPrefix))
	}
	return text, err
}

func (r *resolution) notFound(f field, what, name string) error {
	action := "set it in the environment of the hub, in MCP_HUB_ENV or in the server's env"
	if before, _, found := strings.Cut(name, ":-"); found {
		name = before + ":-…" // what follows may be a secret
		action = "defaults after :- are not supported; set the variable"
	}
	return r.problem(f, what+" '"+name+"' not found", action)
}

// lookup finds a variable in the entry's env, and else outside of it. A variable that refers to its own name means the one
// outside.
func (r *resolution) lookup(f field, name string) (text string, found bool, err error) {
	key := envName(name)
	sibling, ok := r.env[key]
	if !ok || len(r.path) > 0 && r.path[len(r.path)-1] == key {
		text, found = r.values.lookup(name)
		return text, found, nil
	}
	if i := slices.Index(r.path, key); i >= 0 {
		circle := strings.Join(append(slices.Clone(r.path[i:]), key), " → ")
		return "", false, r.problem(f, "env variables refer to each other in a circle: "+circle, "give one of them a value of its own")
	}
	text, err = r.variable(sibling)
	return text, true, err
}

// command returns the output of a command, or errWaiting if it has to run first.
func (r *resolution) command(f field, p *placeholder) (string, error) {
	fail := func(reason, action string) error {
		return r.problem(f, "cmd execution failed: "+reason, action)
	}
	var pieces []shellPiece
	var written strings.Builder
	var waiting error
	for _, part := range p.parts {
		if part.placeholder == nil {
			written.WriteString(part.text)
			pieces = append(pieces, shellPiece{text: part.text})
			continue
		}
		written.WriteString(opening)
		text, err := r.replace(f, part.placeholder)
		if r.failed(err) != nil {
			return "", err
		}
		waiting = cmp.Or(waiting, err)
		pieces = append(pieces, shellPiece{text: text, value: true})
	}
	if waiting != nil {
		return "", waiting
	}
	if len(pieces) == 0 || len(pieces) == 1 && !pieces[0].value && strings.TrimSpace(pieces[0].text) == "" {
		return "", fail("Empty command in cmd", "write the command after cmd:")
	}
	name := firstWord(written.String())
	s, err := newScript(pieces, runtime.GOOS == "windows")
	if err != nil {
		return "", fail(fmt.Sprintf("%s: %v", name, err),
			"put the command in a script file, or have the shell read the variable itself: $NAME for ${NAME}")
	}
	result, ran := r.known[s.key()]
	if !ran {
		r.wanted[s.key()] = s
		return "", errWaiting
	}
	if result.err != nil {
		return "", fail(fmt.Sprintf("Command failed: %s: %v", name, result.err), "run the command in a terminal to see what it says")
	}
	return result.text, nil
}

// values are what placeholders stand for outside of an entry, and the outputs of the commands of one snapshot.
type values struct {
	dir      string
	standard map[string]string // always there
	process  map[string]string
	global   map[string]string
	commands *commands
}

func newValues(options Options) *values {
	v := &values{
		dir:      options.Dir,
		process:  make(map[string]string, len(options.Env)),
		global:   options.Global,
		commands: &commands{dir: options.Dir, env: options.Env, limit: commandLimit, calls: map[string]*call{}},
	}
	for _, variable := range options.Env {
		if name, value, ok := strings.Cut(variable, "="); ok && name != "" {
			v.process[envName(name)] = value
		}
	}
	v.standard = map[string]string{
		"workspaceFolder":         options.Dir,
		"workspaceFolderBasename": filepath.Base(options.Dir),
		"cwd":                     options.Dir,
		"pathSeparator":           string(filepath.Separator),
		"/":                       string(filepath.Separator),
	}
	if home, ok := v.process[homeVariable]; ok {
		v.standard["userHome"] = home
	}
	return v
}

// lookup finds a variable: MCP_HUB_ENV before the hub's environment before what is always there.
func (v *values) lookup(name string) (string, bool) {
	if value, ok := v.global[name]; ok {
		return value, true
	}
	if value, ok := v.process[envName(name)]; ok {
		return value, true
	}
	value, ok := v.standard[name]
	return value, ok
}

// childEnv returns what every child gets: the inherited minimum and MCP_HUB_ENV without the answers to input prompts.
func (v *values) childEnv() map[string]secret.Text {
	env := map[string]secret.Text{}
	for _, name := range inherited {
		// A value that begins with () is a function of a shell.
		if value, ok := v.process[name]; ok && !strings.HasPrefix(value, "()") {
			env[name] = secret.New(value)
		}
	}
	for name, value := range v.global {
		if !strings.HasPrefix(name, "input:") {
			env[v.existing(env, name)] = secret.New(value)
		}
	}
	return env
}

// existing returns the name under which env already holds the variable, where names ignore case, or name.
func (v *values) existing(env map[string]secret.Text, name string) string {
	if foldEnv {
		for known := range maps.Keys(env) {
			if strings.EqualFold(known, name) {
				return known
			}
		}
	}
	return name
}

// envName is the name by which variables are compared.
func envName(name string) string {
	if foldEnv {
		return strings.ToUpper(name)
	}
	return name
}
