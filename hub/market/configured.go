package market

import (
	"path/filepath"
	"regexp"
	"strings"
)

// Configured is a server as it stands in a configuration, placeholders and all.
type Configured struct {
	Name    string
	Command string
	Args    []string
	Cwd     string
	URL     string
}

// Has reports whether a configured server is one of the item's: whether it starts a package or a bundle of the item, or
// reaches an address of it. Where the item has neither, the name that an installation proposes and the command tell.
func (i *Item) Has(c Configured) bool {
	pkg, _ := pinned(c.Command, c.Args)
	for _, in := range i.Installs {
		switch {
		case in.Package.Type == "mcpb":
			if c.Cwd != "" && filepath.Base(c.Cwd) == in.Package.SHA256 {
				return true
			}
		case in.Package.Identifier != "":
			if in.Package.key() == pkg.key() {
				return true
			}
		case in.Template.URL != "":
			if c.URL != "" && fits(in.Template.URL, c.URL) {
				return true
			}
		case in.Template.Command == c.Command && i.serverName() == c.Name:
			return true
		}
	}
	return false
}

// fits reports whether an address is the template with values put in, or as it is.
func fits(template, address string) bool {
	literal := placeholder.Split(template, -1)
	if len(literal) == 1 {
		return address == template
	}
	for i, text := range literal {
		literal[i] = regexp.QuoteMeta(text)
	}
	return regexp.MustCompile("^" + strings.Join(literal, ".*") + "$").MatchString(address)
}

// Bundle returns the folder, of those that bundles are unpacked in, that a server with the working folder cwd is run from.
// It is empty if there is none.
func Bundle(bundles, cwd string) string {
	if dir := filepath.Clean(cwd); filepath.Dir(dir) == filepath.Clean(bundles) && digest.MatchString(filepath.Base(dir)) {
		return dir
	}
	return ""
}
