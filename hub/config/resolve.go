package config

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"mcphub/hub/secret"
)

// Resolve replaces the placeholders of the server and returns what it is started or reached with. It may run commands
// (${cmd: …}), each for 30 seconds at most, and ask the store of secrets. An error that a person can correct is a
// [*Diagnostic], and a [*SecretError] if a secret is missing; they name variables and never hold a value.
func (s *Server) Resolve(ctx context.Context) (*Resolved, error) {
	if s.Err != nil {
		return nil, s.Err
	}
	r := &resolution{spec: &s.spec, server: s.Name, values: s.values, known: map[string]*call{}, begun: s.values.commands.now()}
	for {
		resolved, err := r.pass()
		if !errors.Is(err, errWaiting) {
			return resolved, err
		}
		if err := r.fetchWanted(ctx); err != nil {
			return nil, err
		}
	}
}

// resolution is one call of Resolve. It goes over the fields again and again: a pass that needs the output of commands, or
// secrets, collects them all, they are fetched side by side, and the next pass gets further. So commands wait only for those
// whose output they contain, and all the rest is plain code in one goroutine.
type resolution struct {
	spec   *spec
	server string
	values *values
	begun  time.Time
	known  map[string]*call                      // finished commands and secrets by key
	wanted map[string]func(context.Context) call // those that the pass waits for

	secrets map[string]bool // values that the pass has met and nobody should read

	env  map[string]field   // variables of the entry
	done map[string]outcome // those of them that the pass has resolved
	path []string           // those that the pass is resolving, each needed by the one before
}

type outcome struct {
	text string
	err  error
}

// errWaiting says that a value needs a command that has not run yet, or a secret that has not been read.
var errWaiting = errors.New("waiting for a command or a secret")

func (r *resolution) fetchWanted(ctx context.Context) error {
	var all sync.WaitGroup
	for key, fetch := range r.wanted {
		result := &call{}
		r.known[key] = result
		all.Go(func() { *result = fetch(ctx) })
	}
	all.Wait()
	return ctx.Err()
}

// pass resolves all fields, in the order in which their errors are reported.
func (r *resolution) pass() (*Resolved, error) {
	r.wanted, r.done, r.env = map[string]func(context.Context) call{}, map[string]outcome{}, map[string]field{}
	r.secrets = map[string]bool{}
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
	for _, c := range r.known {
		resolved.Kept = resolved.Kept || c.at.Before(r.begun) && !c.at.IsZero()
	}
	resolved.Exposed = r.exposed(resolved)
	if !filepath.IsAbs(resolved.Cwd) {
		resolved.Cwd = filepath.Join(r.values.dir, resolved.Cwd)
	}
	return resolved, nil
}

// failed drops errWaiting: the pass goes on, to find more commands to run and secrets to read.
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
	r.note(&placeholder{raw: name}, text)
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
		if err == nil {
			r.note(p.placeholder, text)
		}
		b.WriteString(text)
	}
	return b.String(), waiting
}

func (r *resolution) replace(f field, p *placeholder) (string, error) {
	if p.command() {
		return r.command(f, p)
	}
	name, err := r.join(f, p.parts)
	if err != nil {
		return "", err
	}
	// Only a prefix that stands in the file counts, not one that a value brings.
	if prefix := p.secretPrefix(); prefix != "" {
		return r.secret(f, name[len(prefix):], p.raw[len(prefix):])
	}
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
		if err == nil {
			r.note(part.placeholder, text)
		}
		pieces = append(pieces, shellPiece{text: text, value: true})
	}
	if waiting != nil {
		return "", waiting
	}
	if len(pieces) == 0 || len(pieces) == 1 && !pieces[0].value && strings.TrimSpace(pieces[0].text) == "" {
		return "", fail("Empty command in cmd", "write the command after cmd:")
	}
	ttl, err := p.timeToLive()
	if err != nil {
		return "", fail(err.Error(), "write a duration such as ttl=8h, 30m or 7d, or ttl=none")
	}
	name := firstWord(written.String())
	s, err := newScript(pieces, runtime.GOOS == "windows")
	if err != nil {
		return "", fail(fmt.Sprintf("%s: %v", name, err),
			"put the command in a script file, or have the shell read the variable itself: $NAME for ${NAME}")
	}
	key := fmt.Sprintf("%d %s", ttl, s.key())
	result, ran := r.known[key]
	if !ran {
		cmd := command{s, r.server, keptName(r.values.dir, r.server, p), ttl}
		r.wanted[key] = func(ctx context.Context) call { return r.values.commands.run(ctx, cmd) }
		return "", errWaiting
	}
	if result.err != nil {
		return "", fail(fmt.Sprintf("Command failed: %s: %v", name, result.err), "run the command in a terminal to see what it says")
	}
	return result.text, nil
}
