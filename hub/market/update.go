package market

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Update is a newer version of a package that a configured server is pinned to.
type Update struct {
	Item    string // id of the item that has it
	Source  string
	Package Package // at the version that is configured
	Latest  string
}

// Update returns the newer version of the package that a configuration entry starts, nil if there is none: also where the
// entry names no version, or the index does not know the package.
func (x *Index) Update(ctx context.Context, entry json.RawMessage) (*Update, error) {
	t, err := parseEntry(entry)
	if err != nil {
		return nil, nil //nolint:nilerr // an entry that is no server has no package
	}
	pkg := t.pinned()
	if pkg.Version == "" || strings.HasPrefix(pkg.Version, "sha256:") {
		return nil, nil
	}
	bodies, err := x.db.MarketByPackage(ctx, pkg.key())
	if err != nil {
		return nil, err
	}
	var found *Update
	for _, body := range bodies {
		var item Item
		if err := json.Unmarshal(body, &item); err != nil {
			return nil, fmt.Errorf("read cached item: %w", err)
		}
		for _, in := range item.Installs {
			latest := in.Package.Version
			if in.Package.key() != pkg.key() || compareVersions(latest, pkg.Version) <= 0 || found != nil && compareVersions(latest, found.Latest) <= 0 {
				continue
			}
			found = &Update{Item: item.ID, Source: item.Source, Package: pkg, Latest: latest}
		}
	}
	return found, nil
}

// pinned returns the package that the template starts, found in its command line. It is empty if there is none that the
// hub knows.
func (t *Template) pinned() Package {
	var words []string
	for _, a := range t.Args {
		words = append(words, a...)
	}
	command := strings.TrimSuffix(strings.ToLower(t.Command), ".cmd")
	if command == "cmd" && len(words) > 1 && strings.EqualFold(words[0], "/c") {
		command, words = words[1], words[2:]
	}
	kind, withValue := "", []string(nil)
	switch command {
	case "npx", "bunx":
		kind = "npm"
	case "uvx":
		kind, withValue = "pypi", []string{"--python", "-p", "--with", "--index", "--index-url", "--from"}
	case "dnx":
		kind, withValue = "nuget", []string{"--source", "--version"}
	case "docker", "podman":
		if len(words) == 0 || words[0] != "run" {
			return Package{}
		}
		kind, words = "oci", words[1:]
		withValue = []string{"-e", "--env", "-v", "--volume", "--mount", "--name", "--network", "-p", "--publish", "-w", "--workdir", "-u", "--user", "--env-file", "--platform", "--entrypoint", "--add-host"}
	default:
		return Package{}
	}
	for i := 0; i < len(words); i++ {
		name, value, joined := strings.Cut(words[i], "=")
		switch {
		case kind == "npm" && (name == "--package" || name == "-p") || kind == "pypi" && name == "--from":
			if !joined && i+1 < len(words) {
				value = words[i+1]
			}
			return named(kind, value)
		case slices.Contains(withValue, words[i]):
			i++
		case !strings.HasPrefix(words[i], "-"):
			return named(kind, words[i])
		}
	}
	return Package{}
}

// named splits what a runner takes for a package.
func named(kind, s string) Package {
	p := Package{Type: kind, Identifier: s}
	switch at := strings.LastIndexByte(s, '@'); {
	case kind == "oci":
		p = image(&packageJSON{Identifier: s})
	case kind == "pypi" && strings.Contains(s, "=="):
		p.Identifier, p.Version, _ = strings.Cut(s, "==")
	case at > 0:
		p.Identifier, p.Version = s[:at], s[at+1:]
	}
	if !identifiers[kind].MatchString(p.Identifier) {
		return Package{}
	}
	if p.Version == "latest" {
		p.Version = ""
	}
	return p
}

// compareVersions orders versions as Semantic Versioning does (section 11), and takes any number of parts: numbers by
// their value, a version before its releases, and what is no version at all by its text.
func compareVersions(a, b string) int {
	a, b = strings.TrimPrefix(a, "v"), strings.TrimPrefix(b, "v")
	a, _, _ = strings.Cut(a, "+")
	b, _, _ = strings.Cut(b, "+")
	a, preA, isPreA := strings.Cut(a, "-")
	b, preB, isPreB := strings.Cut(b, "-")
	if c := compareParts(a, b, "0"); c != 0 {
		return c
	}
	switch {
	case isPreA && !isPreB:
		return -1
	case !isPreA && isPreB:
		return 1
	}
	return compareParts(preA, preB, "")
}

// compareParts compares part by part; missing stands for parts that one has and the other has not.
func compareParts(a, b, missing string) int {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(as), len(bs)) {
		x, y := missing, missing
		if i < len(as) {
			x = as[i]
		}
		if i < len(bs) {
			y = bs[i]
		}
		m, errX := strconv.ParseUint(x, 10, 64)
		n, errY := strconv.ParseUint(y, 10, 64)
		c := 0
		switch {
		case errX == nil && errY == nil:
			c = cmp.Compare(m, n)
		case errX == nil && y != "":
			c = -1 // numbers stand before words
		case errY == nil && x != "":
			c = 1
		default:
			c = strings.Compare(x, y)
		}
		if c != 0 {
			return c
		}
	}
	return 0
}
