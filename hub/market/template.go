package market

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"mcphub/hub/secret"
)

// Template is a configuration entry with ${key} where the values of parameters go.
type Template struct {
	Command string     `json:"command,omitempty"`
	Args    []Argument `json:"args,omitempty"`
	Env     []Pair     `json:"env,omitempty"`
	Cwd     string     `json:"cwd,omitempty"`
	Type    string     `json:"type,omitempty"` // of a remote server: streamable-http or sse
	URL     string     `json:"url,omitempty"`
	Headers []Pair     `json:"headers,omitempty"`
}

// Argument is one or more words of a command line that belong together: without a value for an optional parameter in
// them all are left out.
type Argument []string

// Pair is an environment variable or a header.
type Pair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// entry is a server in a configuration file.
type entry struct {
	Command string   `json:"command,omitempty"`
	Args    []string `json:"args,omitempty"`
	Env     object   `json:"env,omitempty"`
	Cwd     string   `json:"cwd,omitempty"`
	Type    string   `json:"type,omitempty"`
	URL     string   `json:"url,omitempty"`
	Headers object   `json:"headers,omitempty"`
}

// object is a JSON object of strings that keeps its order.
type object []Pair

func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := encode(p.Name)
		if err != nil {
			return nil, err
		}
		value, err := encode(p.Value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encode writes JSON for people: & and < stay what they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

var (
	placeholder = regexp.MustCompile(`\$\{([^{}]*)\}`)
	parameter   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)
)

// resolves reports whether the configuration would see a placeholder in a text, in the older way of writing, $NAME, too.
func resolves(text string) bool { return strings.HasPrefix(text, "$") || strings.Contains(text, "${") }

// harmless are the placeholders of the configuration that say where things are and nothing else.
var harmless = []string{"workspaceFolder", "workspaceFolderBasename", "userHome", "cwd", "pathSeparator", "/"}

var errUnsafe = errors.New("it would run commands or read variables that it does not name")

// check makes sure that the template, which a stranger wrote, holds no placeholder but those of its parameters. The
// configuration would run ${cmd: …} as a shell command, and ${NAME} and ${env:NAME} would send any variable of the hub,
// also a secret one, to whatever address the template names. Names that stand in none become required parameters.
func (t *Template) check(parameters []Parameter) ([]Parameter, error) {
	known := func(key string) bool {
		return slices.Contains(harmless, key) || slices.ContainsFunc(parameters, func(p Parameter) bool { return p.Key == key })
	}
	texts := []string{t.Command, t.Cwd, t.URL}
	for _, a := range t.Args {
		for _, word := range a {
			if strings.HasPrefix(word, "$") && !strings.HasPrefix(word, "${") {
				return nil, fmt.Errorf("%w: %q", errUnsafe, word) // $NAME is a placeholder too
			}
			texts = append(texts, word)
		}
	}
	for _, p := range slices.Concat(t.Env, t.Headers) {
		texts = append(texts, p.Value)
		if strings.Contains(p.Name, "${") {
			return nil, fmt.Errorf("%w: %q", errUnsafe, p.Name)
		}
	}
	for _, text := range texts {
		for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
			if known(m[1]) {
				continue
			}
			if !parameter.MatchString(m[1]) {
				return nil, fmt.Errorf("%w: %q", errUnsafe, m[0])
			}
			parameters = append(parameters, Parameter{Key: m[1], Name: m[1], Required: true, Secret: looksSecret(m[1])})
		}
		if strings.Contains(placeholder.ReplaceAllString(text, ""), "${") {
			return nil, fmt.Errorf("%w: %q", errUnsafe, text) // nested, or never closed
		}
	}
	return parameters, nil
}

func (t *Template) empty() bool { return t.Command == "" && t.URL == "" }

// source returns the entry with ${key} for every parameter that is required or goes into a variable or header; optional
// arguments are left out, unless there is a default for them. It is what a person edits by hand.
func (t *Template) source(parameters []Parameter) []byte {
	e := entry{Command: t.Command, Cwd: t.Cwd, Type: t.Type, URL: t.URL, Env: t.Env, Headers: t.Headers}
	for _, a := range t.Args {
		if !slices.ContainsFunc(parameters, func(p Parameter) bool { return !p.Required && p.Default == "" && a.holds(p.Key) }) {
			e.Args = append(e.Args, a...)
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(e); err != nil {
		return nil // strings always encode
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

func (a Argument) holds(key string) bool {
	return slices.ContainsFunc(a, func(word string) bool { return strings.Contains(word, "${"+key+"}") })
}

// render returns the entry with the values put in. What has a parameter without a value is left out if the parameter is
// optional, and keeps its ${key} if it is required.
func (t *Template) render(parameters []Parameter, values map[string]string) entry {
	byKey := map[string]Parameter{}
	for _, p := range parameters {
		byKey[p.Key] = p
	}
	// fill reports false if an optional value is missing.
	fill := func(text string, values map[string]string) (string, bool) {
		complete := true
		text = placeholder.ReplaceAllStringFunc(text, func(found string) string {
			key := found[2 : len(found)-1]
			value, given := values[key]
			if !given {
				if p, known := byKey[key]; known && !p.Required {
					complete = false
				}
				return found
			}
			return value
		})
		return text, complete
	}
	pairs := func(from []Pair) object {
		var o object
		for _, p := range from {
			if value, ok := fill(p.Value, values); ok {
				o = append(o, Pair{p.Name, value})
			}
		}
		return o
	}
	e := entry{Type: t.Type, Env: pairs(t.Env), Headers: pairs(t.Headers)}
	e.Command, _ = fill(t.Command, values)
	e.Cwd, _ = fill(t.Cwd, values)
	e.URL, _ = fill(t.URL, values)
	for _, a := range t.Args {
		for _, one := range spread(a, byKey, values) {
			var words []string
			complete := true
			for _, word := range a {
				word, ok := fill(word, one)
				complete = complete && ok
				words = append(words, word)
			}
			if complete {
				e.Args = append(e.Args, words...)
			}
		}
	}
	return e
}

// spread returns the values once for each line of the parameter in the argument that may have several.
func spread(a Argument, parameters map[string]Parameter, values map[string]string) []map[string]string {
	for _, p := range parameters {
		value, given := values[p.Key]
		if !p.Multiple || !given || !a.holds(p.Key) {
			continue
		}
		var all []map[string]string
		for _, one := range several(value) {
			with := maps.Clone(values)
			with[p.Key] = one
			all = append(all, with)
		}
		return all
	}
	return []map[string]string{values}
}

// several returns the values of a parameter that may have several, one on each line.
func several(text string) (values []string) {
	for one := range strings.SplitSeq(text, "\n") {
		if one = strings.TrimSpace(one); one != "" {
			values = append(values, one)
		}
	}
	return values
}

// parseEntry reads a configuration entry as the community registry has it. A flag and a placeholder after it belong
// together.
func parseEntry(text []byte) (Template, error) {
	var raw struct {
		Command string
		Args    []string
		Env     map[string]string
		Cwd     string
		Type    string
		URL     string
		Headers map[string]string
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return Template{}, err
	}
	t := Template{Command: raw.Command, Cwd: raw.Cwd, Type: raw.Type, URL: raw.URL, Env: sorted(raw.Env), Headers: sorted(raw.Headers)}
	for i := 0; i < len(raw.Args); i++ {
		word := raw.Args[i]
		if strings.HasPrefix(word, "-") && i+1 < len(raw.Args) && placeholder.FindString(raw.Args[i+1]) == raw.Args[i+1] && raw.Args[i+1] != "" {
			t.Args = append(t.Args, Argument{word, raw.Args[i+1]})
			i++
			continue
		}
		t.Args = append(t.Args, Argument{word})
	}
	if t.empty() {
		return Template{}, errors.New("neither command nor url")
	}
	return t, nil
}

func sorted(m map[string]string) []Pair {
	var pairs []Pair
	for name, value := range m {
		pairs = append(pairs, Pair{name, value})
	}
	slices.SortFunc(pairs, func(a, b Pair) int { return strings.Compare(a.Name, b.Name) })
	return pairs
}

// looksSecret guesses from a name, where the source does not say whether a value is secret.
func looksSecret(name string) bool { return secret.Judge(name) >= secret.Weak }
