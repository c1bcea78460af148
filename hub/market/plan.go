package market

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"

	"mcphub/hub/secret"
)

// ErrNoInstall says that an item has no such way to install it.
var ErrNoInstall = errors.New("no such way to install it")

// ErrNotUnpacked says that a bundle must be unpacked first, see [Index.Unpack].
var ErrNotUnpacked = errors.New("the bundle is not unpacked yet")

// Choices are what the person who installs has chosen.
type Choices struct {
	Install int               // which of the item's installs
	Name    string            // of the server in the configuration; empty: the plan proposes one
	Values  map[string]string // by the key of the parameter

	// Secret returns what is written instead of a secret that was given in plain text, as a value of that parameter of
	// that server. Nil: it is written as it is.
	Secret func(server, key string, value secret.Text) string
}

// Plan is what an installation would do.
type Plan struct {
	Name          string          // of the server in the configuration
	Entry         json.RawMessage // what goes into the configuration; secrets as Choices.Secret has it
	Preview       json.RawMessage // the same to show: secrets are masked
	Missing       []Parameter     // required and without a value; the entry has ${key} in their place
	Invalid       []Parameter     // with a value that is not of their format, or not among their choices
	Unknown       []string        // keys of values that no parameter has, sorted
	Prerequisites []Prerequisite
	Unpinned      bool // the package has no version: what runs may change at any start
}

// Prerequisite is a program that the server needs on this machine.
type Prerequisite struct {
	Program string // as it is started
	Path    string // where it is; empty: it is not found
	Hint    string // how to get it
}

// hints say how to get the programs that servers are started with.
var hints = map[string]string{
	"npx":     "install Node.js from https://nodejs.org",
	"node":    "install Node.js from https://nodejs.org",
	"bunx":    "install Bun from https://bun.sh",
	"uvx":     "install uv from https://docs.astral.sh/uv",
	"uv":      "install uv from https://docs.astral.sh/uv",
	"python":  "install Python from https://www.python.org",
	"python3": "install Python from https://www.python.org",
	"docker":  "install Docker from https://docs.docker.com/get-docker and start it",
	"podman":  "install Podman from https://podman.io",
	"dnx":     "install the .NET 10 SDK from https://dotnet.microsoft.com",
}

// Plan works out the configuration entry of an install. It writes nothing. Programs are looked for in this process's PATH.
func (i *Item) Plan(c Choices) (Plan, error) {
	if c.Install < 0 || c.Install >= len(i.Installs) {
		return Plan{}, fmt.Errorf("plan %s: %w: it has %d", i.ID, ErrNoInstall, len(i.Installs))
	}
	in := &i.Installs[c.Install]
	if in.Template.empty() {
		return Plan{}, fmt.Errorf("plan %s: %w", i.ID, ErrNotUnpacked)
	}
	plan := Plan{Name: c.Name, Unpinned: in.Package.Identifier != "" && in.Package.Version == ""}
	if plan.Name == "" {
		plan.Name = i.serverName()
	}
	values, masked := map[string]string{}, map[string]string{}
	for _, p := range in.Parameters {
		value := c.Values[p.Key]
		if value == "" {
			value = p.Default
		}
		if value == "" {
			if p.Required {
				plan.Missing = append(plan.Missing, p)
			}
			continue
		}
		if !p.accepts(value) {
			plan.Invalid = append(plan.Invalid, p)
		}
		if p.Secret && c.Secret != nil {
			value = p.each(value, func(value string) string {
				if strings.Contains(value, "${") {
					return value // it says where it is
				}
				return c.Secret(plan.Name, p.Key, secret.New(value))
			})
		}
		values[p.Key], masked[p.Key] = value, value
		if p.Secret && !p.hidden(value) {
			masked[p.Key] = secret.Mask
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c.Values)) {
		if !slices.ContainsFunc(in.Parameters, func(p Parameter) bool { return p.Key == key }) {
			plan.Unknown = append(plan.Unknown, key)
		}
	}
	var err error
	e := in.Template.render(in.Parameters, values)
	if plan.Entry, err = encode(e); err != nil {
		return Plan{}, fmt.Errorf("plan %s: %w", i.ID, err)
	}
	if plan.Preview, err = encode(in.Template.render(in.Parameters, masked)); err != nil {
		return Plan{}, fmt.Errorf("plan %s: %w", i.ID, err)
	}
	if e.Command != "" {
		plan.Prerequisites = prerequisites(e)
	}
	return plan, nil
}

// accepts reports whether a value is fit for the parameter. One that says where the value is may turn out to be anything.
func (p *Parameter) accepts(value string) bool {
	if reference(value) {
		return true
	}
	values := []string{value}
	if p.Multiple {
		values = several(value)
	}
	for _, v := range values {
		switch {
		case len(p.Choices) > 0 && !slices.Contains(p.Choices, v):
			return false
		case p.Format == "boolean" && v != "true" && v != "false":
			return false
		case p.Format == "number":
			if _, err := strconv.ParseFloat(v, 64); err != nil {
				return false
			}
		}
	}
	return true
}

// each changes a value, or each of several.
func (p *Parameter) each(value string, change func(string) string) string {
	if !p.Multiple {
		return change(value)
	}
	values := several(value)
	for i := range values {
		values[i] = change(values[i])
	}
	return strings.Join(values, "\n")
}

// hidden reports whether a value, or each of several, only says where the secret is.
func (p *Parameter) hidden(value string) bool {
	if !p.Multiple {
		return reference(value)
	}
	return !slices.ContainsFunc(several(value), func(v string) bool { return !reference(v) })
}

// reference reports whether a value only says where the secret is, as ${env:TOKEN} does.
func reference(value string) bool {
	return placeholder.FindString(value) == value
}

// prerequisites looks for the program of the entry, and for the one that cmd /c starts.
func prerequisites(e entry) []Prerequisite {
	programs := []string{e.Command}
	if e.Command == "cmd" && len(e.Args) > 1 && strings.EqualFold(e.Args[0], "/c") {
		programs = append(programs, e.Args[1])
	}
	var found []Prerequisite
	for _, p := range programs {
		if strings.Contains(p, "${") {
			continue
		}
		at, err := exec.LookPath(p)
		if err != nil {
			at = ""
		}
		hint := hints[p]
		if hint == "" {
			hint = "install " + p + " and make sure it is in the PATH of the hub"
		}
		found = append(found, Prerequisite{Program: p, Path: at, Hint: hint})
	}
	return found
}

// serverName proposes a name for the configuration: the id, which marks the item as installed in older clients; of an id
// with a namespace only what follows it.
func (i *Item) serverName() string {
	return path.Base(i.ID)
}
