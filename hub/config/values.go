package config

import (
	"maps"
	"path/filepath"
	"strings"

	"mcphub/hub/secret"
)

// values are what placeholders stand for outside of an entry.
type values struct {
	dir      string
	standard map[string]string // always there
	process  map[string]string
	global   map[string]string
	secrets  secret.Store // nil: there is none
	commands *commands
}

func newValues(options Options) *values {
	v := &values{
		dir:      options.Dir,
		process:  make(map[string]string, len(options.Env)),
		global:   options.Global,
		secrets:  options.Secrets,
		commands: newCommands(options),
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
