package market

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mcphub/hub/store"
)

// Status is what a source says of an item.
type Status string

// The statuses of the official registry. Items that are deleted there are not in the index.
const (
	Active     Status = "active"
	Deprecated Status = "deprecated"
	deleted    Status = "deleted"
)

// Item is one server that can be installed, whatever source it comes from. All texts are written by strangers: they are
// valid UTF-8 without control and direction signs and of limited length, and anything else may be in them.
type Item struct {
	ID            string    `json:"id"` // unique within the source
	Source        string    `json:"source"`
	Name          string    `json:"name"` // to show
	Description   string    `json:"description"`
	Author        string    `json:"author,omitempty"`
	URL           string    `json:"url,omitempty"` // a page about it, http or https
	License       string    `json:"license,omitempty"`
	Category      string    `json:"category,omitempty"`
	Tags          []string  `json:"tags,omitempty"`
	Version       string    `json:"version,omitempty"`
	Status        Status    `json:"status"`
	StatusMessage string    `json:"statusMessage,omitempty"`
	Stars         int       `json:"stars,omitempty"`
	Featured      bool      `json:"featured,omitempty"`
	Verified      bool      `json:"verified,omitempty"`
	LastCommit    time.Time `json:"lastCommit,omitzero"`
	Updated       time.Time `json:"updated,omitzero"`
	Repository    string    `json:"repository,omitempty"` // http or https
	Subfolder     string    `json:"subfolder,omitempty"`  // of the repository
	Installs      []Install `json:"installs,omitempty"`
}

// Install is one way to install an item.
type Install struct {
	Name          string      `json:"name"`
	Description   string      `json:"description,omitempty"`
	Package       Package     `json:"package,omitzero"`
	Template      Template    `json:"template,omitzero"` // empty for a bundle that is not unpacked yet, see [Index.Unpack]
	Parameters    []Parameter `json:"parameters,omitempty"`
	Prerequisites []string    `json:"prerequisites,omitempty"` // as the source words them
	Transports    []string    `json:"transports,omitempty"`
	Config        string      `json:"config,omitempty"` // the entry as the community registry has it, to answer with again
}

// Package is where the program of an install comes from. It is empty for remote servers.
type Package struct {
	Type       string `json:"type,omitempty"` // npm, pypi, oci, nuget or mcpb
	Identifier string `json:"identifier,omitempty"`
	Version    string `json:"version,omitempty"` // empty: whatever is newest when it starts
	SHA256     string `json:"sha256,omitempty"`  // of the file, in hex
}

// Parameter is a value that the person who installs may or must give.
type Parameter struct {
	Key         string   `json:"key"` // ${key} stands for it in the template
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Placeholder string   `json:"placeholder,omitempty"` // an example
	Default     string   `json:"default,omitempty"`
	Required    bool     `json:"required,omitempty"`
	Secret      bool     `json:"secret,omitempty"`
	Multiple    bool     `json:"multiple,omitempty"` // several values, one on each line
	Format      string   `json:"format,omitempty"`   // string, number, boolean, filepath or directory; empty: string
	Choices     []string `json:"choices,omitempty"`
}

// Kind returns what the install needs: the type of its package, "remote" for a server somewhere else, or "command" for a
// program that is there already.
func (in *Install) Kind() string {
	switch {
	case in.Package.Type != "":
		return in.Package.Type
	case in.Template.URL != "":
		return "remote"
	}
	return "command"
}

// LegacyItem is the shape in which the original hub answered, and which the Neovim plugin reads.
type LegacyItem struct {
	ID            string          `json:"id"`
	Name          string          `json:"name"`
	Description   string          `json:"description"`
	Author        string          `json:"author"`
	URL           string          `json:"url"`
	Category      string          `json:"category"`
	Tags          []string        `json:"tags"`
	Installations []LegacyInstall `json:"installations"`
	Stars         int             `json:"stars,omitempty"`
	LastCommit    int64           `json:"lastCommit,omitempty"` // Unix seconds
	UpdatedAt     int64           `json:"updatedAt,omitempty"`  // Unix seconds
	Featured      bool            `json:"featured,omitempty"`
	Verified      bool            `json:"verified,omitempty"`
	License       string          `json:"license,omitempty"`
}

// LegacyInstall is one way to install a [LegacyItem].
type LegacyInstall struct {
	Name          string            `json:"name"`
	Description   string            `json:"description,omitempty"`
	Config        string            `json:"config"` // JSON, with ${key} for parameters
	Prerequisites []string          `json:"prerequisites,omitempty"`
	Parameters    []LegacyParameter `json:"parameters,omitempty"`
	Transports    []string          `json:"transports,omitempty"`
}

// LegacyParameter is a parameter of a [LegacyInstall]. Required is absent where the source does not say: then it is required.
type LegacyParameter struct {
	Name        string `json:"name"`
	Key         string `json:"key"`
	Description string `json:"description,omitempty"`
	Placeholder string `json:"placeholder,omitempty"`
	Required    *bool  `json:"required,omitempty"`
}

// Legacy returns the item in the shape of the original hub. Bundles are left out: what is in them is not known before they
// are unpacked, which the original's clients cannot ask for.
func (i *Item) Legacy() LegacyItem {
	old := LegacyItem{
		ID: i.ID, Name: i.Name, Description: i.Description, Author: i.Author, URL: i.URL, Category: i.Category,
		Tags: append([]string{}, i.Tags...), Installations: []LegacyInstall{}, Stars: i.Stars,
		LastCommit: seconds(i.LastCommit), UpdatedAt: seconds(i.Updated), Featured: i.Featured, Verified: i.Verified, License: i.License,
	}
	for _, in := range i.Installs {
		config := in.Config
		if config == "" {
			if in.Template.empty() {
				continue
			}
			config = string(in.Template.source(in.Parameters))
		}
		legacy := LegacyInstall{Name: in.Name, Description: in.Description, Config: config, Prerequisites: in.Prerequisites, Transports: in.Transports}
		for _, p := range in.Parameters {
			q := LegacyParameter{Name: p.Name, Key: p.Key, Description: p.Description, Placeholder: p.Placeholder}
			if q.Placeholder == "" {
				q.Placeholder = p.Default
			}
			q.Required = &p.Required
			legacy.Parameters = append(legacy.Parameters, q)
		}
		old.Installations = append(old.Installations, legacy)
	}
	return old
}

// Changed returns when the server itself last changed, or else what is said of it; zero if neither is known.
func (i *Item) Changed() time.Time {
	if !i.LastCommit.IsZero() {
		return i.LastCommit
	}
	return i.Updated
}

// stored returns the item as the database keeps it.
func (i *Item) stored() (store.MarketItem, error) {
	body, err := json.Marshal(i)
	if err != nil {
		return store.MarketItem{}, err
	}
	s := store.MarketItem{
		Source: i.Source, ID: i.ID, Title: i.Name, Description: i.Description, Author: i.Author, Category: i.Category,
		Tags: i.Tags, Weight: i.weight(), Stars: i.Stars, Updated: i.Changed(), Body: body,
	}
	for _, in := range i.Installs {
		if in.Package.Identifier != "" {
			s.Packages = append(s.Packages, in.Package.key())
		}
	}
	return s, nil
}

// weight puts featured items first, then those with most stars, then those that can be installed, and deprecated ones last.
func (i *Item) weight() int64 {
	w := 2 * int64(min(max(i.Stars, 0), 1<<28))
	if len(i.Installs) > 0 {
		w++
	}
	switch {
	case i.Status == Deprecated:
		return 0
	case i.Featured:
		w += 1 << 30
	}
	return 1 + w
}

// key names the package whatever its version is.
func (p *Package) key() string { return p.Type + ":" + p.Identifier }

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// clean makes a text of a stranger fit to store and show: no more than limit bytes of valid UTF-8, without signs that
// steer a terminal, hide text or turn its direction.
func clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff, r == utf8.RuneError:
			return -1
		}
		return r
	}, s)
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// line is clean for a text of one line.
func line(s string, limit int) string {
	return strings.TrimSpace(strings.Join(strings.Fields(clean(s, limit)), " "))
}

// page returns the address of a web page, or nothing if it is something else, such as javascript:.
func page(s string) string {
	u, err := url.Parse(strings.TrimSpace(clean(s, 2000)))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}
