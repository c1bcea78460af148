package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// MarketQuery is what to look for in the marketplace; empty fields match everything.
type MarketQuery struct {
	Words    string // each must begin a word of the item
	Category string
	Tags     []string // all of them
	Source   string
	Sort     string // relevance, name, newest or stars; empty: by relevance
	Offset   int
	Limit    int // at most 200; 0: as many as the hub likes
}

// MarketPage is a part of the items that match.
type MarketPage struct {
	Items   []MarketItem    `json:"items"`
	Total   int             `json:"total"`
	Sources []MarketSource  `json:"sources"`
	Raw     json.RawMessage `json:"-"` // the object as the hub sent it
}

// MarketItem is something that can be installed. Its texts are a stranger's, without control signs.
type MarketItem struct {
	ID            string    `json:"id"`
	Source        string    `json:"source"` // "builtin" for what the hub brings along itself
	Name          string    `json:"name"`
	Description   string    `json:"description"`
	Author        string    `json:"author"`
	URL           string    `json:"url"`
	License       string    `json:"license"`
	Category      string    `json:"category"`
	Tags          []string  `json:"tags"`
	Version       string    `json:"version"`
	Status        string    `json:"status"` // active or deprecated
	StatusMessage string    `json:"statusMessage"`
	Stars         int       `json:"stars"`
	Featured      bool      `json:"featured"`
	Verified      bool      `json:"verified"`
	Updated       time.Time `json:"updated"`   // zero: not known
	Kinds         []string  `json:"kinds"`     // the ways to install it, in order
	Installed     []string  `json:"installed"` // names of the configured servers that are of it
}

// MarketSource is how a source of the marketplace is doing. Its items are served whatever it says.
type MarketSource struct {
	Name      string    `json:"name"`
	URL       string    `json:"url"`
	Items     int       `json:"items"`
	FetchedAt time.Time `json:"fetchedAt"` // when it was last read; zero: never
	TriedAt   time.Time `json:"triedAt"`   // zero: never, or it is being read for the first time
	Error     string    `json:"error"`     // why it could not be read the last time
}

// MarketCategory is a category with the number of items in it.
type MarketCategory struct {
	Name  string `json:"name"`
	Items int    `json:"items"`
}

// MarketDetails is all of one item.
type MarketDetails struct {
	MarketItem
	Repository  string          `json:"repository"`
	Installs    []MarketInstall `json:"installs"`
	Readme      string          `json:"readme"` // Markdown by a stranger
	ReadAt      time.Time       `json:"readAt"` // when the README was fetched; zero: never
	ReadmeStale bool            `json:"readmeStale"`
	Raw         json.RawMessage `json:"-"` // the object as the hub sent it
}

// MarketInstall is one way to install an item.
type MarketInstall struct {
	Kind          string            `json:"kind"` // npm, pypi, oci, nuget, mcpb, remote or command
	Name          string            `json:"name"`
	Description   string            `json:"description"`
	Package       string            `json:"package"`
	Version       string            `json:"version"` // empty: whatever is newest when it starts
	URL           string            `json:"url"`     // of a remote server
	Prerequisites []string          `json:"prerequisites"`
	Transports    []string          `json:"transports"`
	Parameters    []MarketParameter `json:"parameters"` // of a bundle (mcpb) only a plan knows them
}

// MarketParameter is a value that the person who installs may or must give.
type MarketParameter struct {
	Key         string   `json:"key"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Placeholder string   `json:"placeholder"` // an example
	Default     string   `json:"default"`
	Required    bool     `json:"required"`
	Secret      bool     `json:"secret"`
	Multiple    bool     `json:"multiple"` // several values, one on each line
	Format      string   `json:"format"`
	Choices     []string `json:"choices"`
}

// InstallRequest says what to install, and how.
type InstallRequest struct {
	Source  string            `json:"source,omitempty"` // empty: the first that has such an item
	ID      string            `json:"id"`
	Install int               `json:"install,omitempty"`      // which of the item's ways, from 0
	Name    string            `json:"name,omitempty"`         // of the server; empty: the hub proposes one
	Values  map[string]string `json:"values,omitempty"`       // by the key of the parameter; they may be secret
	File    string            `json:"file,omitempty"`         // configuration file; empty: the hub's first
	Plain   bool              `json:"plainSecrets,omitempty"` // write secrets into the file as they are, not into the store
}

// InstallPlan is what an installation would do.
type InstallPlan struct {
	ID            string          `json:"id"`
	Source        string          `json:"source"`
	Install       MarketInstall   `json:"install"`
	Name          string          `json:"name"`
	Taken         bool            `json:"taken"` // there is a server of that name already
	File          string          `json:"file"`
	Entry         json.RawMessage `json:"entry"` // what would be written, secrets in plain text masked
	Secrets       []KeptSecret    `json:"secrets"`
	KeptIn        string          `json:"keptIn"`  // what holds these, for people
	Problem       string          `json:"problem"` // why they cannot be kept; empty if they can
	Missing       []string        `json:"missing"`
	Invalid       []string        `json:"invalid"`
	Unknown       []string        `json:"unknown"`
	Prerequisites []Prerequisite  `json:"prerequisites"`
	Unpinned      bool            `json:"unpinned"` // what runs may change at any start
	Raw           json.RawMessage `json:"-"`        // the object as the hub sent it
}

// KeptSecret is a secret that goes into the store, and not into a configuration file.
type KeptSecret struct {
	Key  string `json:"key"`  // what it belongs to
	Name string `json:"name"` // for ${secret:NAME}
}

// Prerequisite is a program that a server needs on the hub's machine.
type Prerequisite struct {
	Program string `json:"program"`
	Path    string `json:"path"`
	Found   bool   `json:"found"`
	Hint    string `json:"hint"` // how to get it
}

// PackageUpdate is a newer version of the package that a server is pinned to.
type PackageUpdate struct {
	Server  string `json:"server"`
	Item    string `json:"item"`
	Source  string `json:"source"`
	Kind    string `json:"kind"`
	Package string `json:"package"`
	Current string `json:"current"`
	Latest  string `json:"latest"`
}

const market = "/api/v2/marketplace"

// SearchMarket looks for what can be installed.
func (c *Client) SearchMarket(ctx context.Context, q MarketQuery) (MarketPage, error) {
	v := url.Values{"tag": q.Tags}
	for key, value := range map[string]string{"q": q.Words, "category": q.Category, "source": q.Source, "sort": q.Sort} {
		if value != "" {
			v.Set(key, value)
		}
	}
	for key, n := range map[string]int{"offset": q.Offset, "limit": q.Limit} {
		if n != 0 {
			v.Set(key, strconv.Itoa(n))
		}
	}
	var page MarketPage
	var err error
	page.Raw, err = c.do(ctx, http.MethodGet, market+"?"+v.Encode(), nil, &page)
	return page, err
}

// MarketCategories lists the categories of what can be installed.
func (c *Client) MarketCategories(ctx context.Context) ([]MarketCategory, error) {
	var answer struct{ Categories []MarketCategory }
	_, err := c.do(ctx, http.MethodGet, market+"/categories", nil, &answer)
	return answer.Categories, err
}

// MarketItem returns an item of a source, or of the first that has it if source is empty, with its README if that is
// asked for, which may take some seconds.
func (c *Client) MarketItem(ctx context.Context, source, id string, readme bool) (MarketDetails, error) {
	q := url.Values{"id": {id}, "readme": {strconv.FormatBool(readme)}}
	if source != "" {
		q.Set("source", source)
	}
	var d MarketDetails
	var err error
	d.Raw, err = c.do(ctx, http.MethodGet, market+"/item?"+q.Encode(), nil, &d)
	return d, err
}

// RefreshMarket has the hub read all sources of the marketplace now. What could not be read stands in the states.
func (c *Client) RefreshMarket(ctx context.Context) ([]MarketSource, error) {
	var answer struct{ Sources []MarketSource }
	_, err := c.do(ctx, http.MethodPost, market+"/refresh", nil, &answer)
	return answer.Sources, err
}

// PlanInstall returns what an installation would do. A bundle is downloaded and unpacked for it.
func (c *Client) PlanInstall(ctx context.Context, r InstallRequest) (InstallPlan, error) {
	var p InstallPlan
	var err error
	p.Raw, err = c.do(ctx, http.MethodPost, market+"/plan", r, &p)
	return p, err
}

// Install installs an item and returns the new server. It returns before the server has started.
func (c *Client) Install(ctx context.Context, r InstallRequest) (s ManagedServer, err error) {
	_, err = c.do(ctx, http.MethodPost, market+"/install", r, &s)
	return s, err
}

// Updates lists the servers whose package is behind the marketplace. Raw is the answer as the hub sent it.
func (c *Client) Updates(ctx context.Context) (updates []PackageUpdate, raw json.RawMessage, err error) {
	var answer struct{ Updates []PackageUpdate }
	raw, err = c.do(ctx, http.MethodGet, market+"/updates", nil, &answer)
	return answer.Updates, raw, err
}

// Update pins a server's package to its latest version. It returns before the server has started anew.
func (c *Client) Update(ctx context.Context, server string) (ManagedServer, error) {
	return c.managed(ctx, http.MethodPost, server, "/update", nil)
}
