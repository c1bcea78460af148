package market

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Update is a newer version of a package that a configured server is pinned to.
type Update struct {
	Item     string // id of the item that has it
	Source   string
	Package  Package // at the version that is configured
	Latest   string
	Argument int    // which of the server's arguments names the version, from 0
	Word     string // what stands in its place at the latest version
}

// Update returns the newer version of the package that a configured server starts, nil if there is none: also where it
// names no exact version, or the index does not know the package. A bundle has none: each is a file of its own.
func (x *Index) Update(ctx context.Context, c Configured) (*Update, error) {
	pkg, at := pinned(c.Command, c.Args)
	if pkg.Version == "" {
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
			if in.Package.key() != pkg.key() || !pkg.behind(latest) || found != nil && compareVersions(latest, found.Latest) <= 0 {
				continue
			}
			found = &Update{
				Item: item.ID, Source: item.Source, Package: pkg, Latest: latest,
				Argument: at, Word: strings.TrimSuffix(c.Args[at], pkg.Version) + latest,
			}
		}
	}
	return found, nil
}

// exact is a version that is none of those that stand for another, such as next, ^1.2 or ${VERSION}.
var exact = regexp.MustCompile(`^v?[0-9][A-Za-z0-9.+_!~-]*$`)

// behind reports whether the package is pinned to a version before the latest. "1" is not behind 1.2: where it is taken
// for a range or names an image, it stands for the newest of its kind; and an image's 1.2-slim has no newer 1.3.
func (p *Package) behind(latest string) bool {
	if !exact.MatchString(p.Version) || !exact.MatchString(latest) || strings.HasPrefix(latest, p.Version+".") {
		return false
	}
	if p.Type == "oci" {
		_, mine, _ := strings.Cut(p.Version, "-")
		if _, variant, _ := strings.Cut(latest, "-"); mine != variant {
			return false
		}
	}
	return compareVersions(latest, p.Version) > 0
}

// pinned returns the package that a command line starts, and which of its arguments names it. The package is empty if
// there is none that the hub knows.
func pinned(command string, args []string) (pkg Package, at int) {
	command = strings.TrimSuffix(strings.ToLower(command), ".cmd")
	i := 0
	if command == "cmd" && len(args) > 1 && strings.EqualFold(args[0], "/c") {
		command, i = args[1], 2
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
		if i == len(args) || args[i] != "run" {
			return Package{}, 0
		}
		kind, i = "oci", i+1
		withValue = []string{"-e", "--env", "-v", "--volume", "--mount", "--name", "--network", "-p", "--publish", "-w", "--workdir", "-u", "--user", "--env-file", "--platform", "--entrypoint", "--add-host"}
	default:
		return Package{}, 0
	}
	for ; i < len(args); i++ {
		name, value, joined := strings.Cut(args[i], "=")
		switch {
		case kind == "npm" && (name == "--package" || name == "-p") || kind == "pypi" && name == "--from":
			if !joined && i+1 < len(args) {
				i++
				value = args[i]
			}
			return named(kind, value), i
		case slices.Contains(withValue, args[i]):
			i++
		case !strings.HasPrefix(args[i], "-"):
			return named(kind, args[i]), i
		}
	}
	return Package{}, 0
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
