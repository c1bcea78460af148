package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"mcphub/hub/market"
)

func (a *v2) marketRoutes(api huma.API) {
	huma.Register(api, operation(http.MethodGet, "marketplace", "search-marketplace", "What can be installed, and how the sources of it are doing", 503), a.searchMarket)
	huma.Register(api, operation(http.MethodGet, "marketplace/categories", "list-categories", "The categories of what can be installed", 503), a.categories)
	huma.Register(api, operation(http.MethodGet, "marketplace/item", "get-item", "All of one item, with its README", 404, 503), a.getItem)
	huma.Register(api, operation(http.MethodPost, "marketplace/refresh", "refresh-marketplace",
		"Read all sources now. What cannot be read is no error of this route: the states of the sources tell", 503), a.refreshMarket)
	plan := operation(http.MethodPost, "marketplace/plan", "plan-install", "What an installation would write, and what it lacks", 404, 422, 502, 503)
	plan.Description = "Writes nothing into the configuration. A bundle is downloaded, verified and unpacked: only then is it known what it needs."
	huma.Register(api, plan, a.planInstall)
	install := operation(http.MethodPost, "marketplace/install", "install-item", "Install an item as a new server in a configuration file", 404, 409, 422, 423, 502, 503)
	install.Description = "Secret values go into the secret store, and placeholders into the file. Refuses what a plan says is missing, invalid or unknown. That a program is not found on this machine is no error: the server's state tells."
	install.DefaultStatus = http.StatusCreated
	huma.Register(api, install, a.install)
	huma.Register(api, operation(http.MethodGet, "marketplace/updates", "list-updates", "The servers whose pinned package is behind the marketplace", 503), a.listUpdates)
	huma.Register(api, operation(http.MethodPost, "servers/{name}/update", "update-server",
		"Pin a server's package to its latest version; nothing else in the file changes", 404, 409, 503), a.updateServer)
}

// marketSource is how a source of the marketplace is doing.
type marketSource struct {
	Name      string     `json:"name"`
	URL       string     `json:"url" doc:"Where it is read from, without a query"`
	Items     int        `json:"items" doc:"How many of its items are in the index"`
	FetchedAt *time.Time `json:"fetchedAt,omitempty" doc:"When it was last read; absent: never"`
	TriedAt   *time.Time `json:"triedAt,omitempty" doc:"When it was last tried; absent: never, or it is being read for the first time"`
	Error     string     `json:"error,omitempty" doc:"Why it could not be read then. Its items are those of the last time"`
}

// MarketItem is an item as a list shows it. It is exported because the library that describes the routes leaves out what is
// embedded from a type that is not.
type MarketItem struct {
	ID            string     `json:"id" doc:"Unique within its source"`
	Source        string     `json:"source" doc:"builtin for what the hub brings along until a source could be read"`
	Name          string     `json:"name" doc:"To show"`
	Description   string     `json:"description" doc:"All texts of an item are a stranger's: plain text without control signs"`
	Author        string     `json:"author"`
	URL           string     `json:"url" doc:"A page about it, http or https; empty if there is none"`
	License       string     `json:"license"`
	Category      string     `json:"category"`
	Tags          []string   `json:"tags" nullable:"false"`
	Version       string     `json:"version"`
	Status        string     `json:"status" enum:"active,deprecated"`
	StatusMessage string     `json:"statusMessage,omitempty" doc:"Why it is deprecated, and what to use instead"`
	Stars         int        `json:"stars"`
	Featured      bool       `json:"featured"`
	Verified      bool       `json:"verified"`
	Updated       *time.Time `json:"updated,omitempty" doc:"When it last changed, if that is known"`
	Kinds         []string   `json:"kinds" nullable:"false" doc:"The ways to install it, in order: npm, pypi, oci, nuget, mcpb, remote or command"`
	Installed     []string   `json:"installed" nullable:"false" doc:"The configured servers that are of it, as far as their entries tell"`
}

// marketInstall is one way to install an item.
type marketInstall struct {
	Kind          string            `json:"kind" enum:"npm,pypi,oci,nuget,mcpb,remote,command"`
	Name          string            `json:"name"`
	Description   string            `json:"description"`
	Package       string            `json:"package,omitempty" doc:"The identifier of the package, or the address of the bundle"`
	Version       string            `json:"version,omitempty" doc:"Of the package; absent: whatever is newest when it starts"`
	URL           string            `json:"url,omitempty" doc:"Of a remote server, with ${key} for parameters"`
	Prerequisites []string          `json:"prerequisites" nullable:"false" doc:"In the words of the source"`
	Transports    []string          `json:"transports" nullable:"false"`
	Parameters    []marketParameter `json:"parameters" nullable:"false" doc:"Of a bundle (mcpb) only a plan knows them"`
}

// marketParameter is a value that the person who installs may or must give.
type marketParameter struct {
	Key         string   `json:"key"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Placeholder string   `json:"placeholder,omitempty" doc:"An example"`
	Default     string   `json:"default,omitempty"`
	Required    bool     `json:"required"`
	Secret      bool     `json:"secret"`
	Multiple    bool     `json:"multiple,omitempty" doc:"Several values, one on each line"`
	Format      string   `json:"format,omitempty" doc:"string, number, boolean, filepath or directory"`
	Choices     []string `json:"choices,omitempty" nullable:"false"`
}

// openMarket opens the marketplace.
func (a *v2) openMarket(ctx context.Context) (*market.Index, error) {
	index, err := a.Market(ctx)
	if err != nil {
		return nil, &failure{status: http.StatusServiceUnavailable, code: "MARKETPLACE_UNAVAILABLE", text: "The marketplace cannot be opened: " + err.Error()}
	}
	return index, nil
}

// marketFailure is what an error of the marketplace means to a client.
func marketFailure(err error) error {
	f := &failure{text: err.Error()}
	switch {
	case errors.Is(err, market.ErrUnknown):
		f.status, f.code = http.StatusNotFound, "ITEM_NOT_FOUND"
	case errors.Is(err, market.ErrNoInstall):
		f.status, f.code = http.StatusUnprocessableEntity, "INSTALL_NOT_FOUND"
	case errors.Is(err, market.ErrBundle), errors.Is(err, market.ErrHash), errors.Is(err, market.ErrNotRunnable):
		f.status, f.code = http.StatusUnprocessableEntity, "BUNDLE_REFUSED"
	case errors.Is(err, market.ErrDownload):
		f.status, f.code = http.StatusBadGateway, "DOWNLOAD_FAILED"
	default:
		f.status, f.code = http.StatusInternalServerError, "MARKETPLACE_ERROR"
	}
	return f
}

// inMarket returns the configured servers as the marketplace compares them.
func (a *v2) inMarket() []market.Configured {
	var all []market.Configured
	for _, s := range a.Config.Current().Servers {
		w := s.Written()
		all = append(all, market.Configured{Name: s.Name, Command: w.Command, Args: w.Args, Cwd: w.Cwd, URL: w.URL})
	}
	return all
}

func showItem(i *market.Item, servers []market.Configured) MarketItem {
	v := MarketItem{
		ID: i.ID, Source: i.Source, Name: i.Name, Description: i.Description, Author: i.Author, URL: i.URL, License: i.License,
		Category: i.Category, Tags: append([]string{}, i.Tags...), Version: i.Version, Status: string(i.Status), StatusMessage: i.StatusMessage,
		Stars: i.Stars, Featured: i.Featured, Verified: i.Verified, Updated: known(i.Changed()), Kinds: []string{}, Installed: []string{},
	}
	for _, in := range i.Installs {
		if kind := in.Kind(); !slices.Contains(v.Kinds, kind) {
			v.Kinds = append(v.Kinds, kind)
		}
	}
	for _, s := range servers {
		if i.Has(s) {
			v.Installed = append(v.Installed, s.Name)
		}
	}
	return v
}

func showInstall(in *market.Install) marketInstall {
	v := marketInstall{
		Kind: in.Kind(), Name: in.Name, Description: in.Description, Package: in.Package.Identifier, Version: in.Package.Version, URL: in.Template.URL,
		Prerequisites: append([]string{}, in.Prerequisites...), Transports: append([]string{}, in.Transports...), Parameters: []marketParameter{},
	}
	for _, p := range in.Parameters {
		v.Parameters = append(v.Parameters, marketParameter(p))
	}
	return v
}

// known returns nil for a time that is not known.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// sources returns how each source is doing.
func sources(ctx context.Context, index *market.Index) ([]marketSource, error) {
	states, err := index.Sources(ctx)
	if err != nil {
		return nil, marketFailure(err)
	}
	list := make([]marketSource, len(states))
	for i, s := range states {
		list[i] = marketSource{s.Name, s.URL, s.Items, known(s.FetchedAt), known(s.TriedAt), s.Error}
	}
	return list, nil
}

type marketQuery struct {
	Words    string   `query:"q" doc:"Words, each of which must begin one of the item's"`
	Category string   `query:"category"`
	Tags     []string `query:"tag,explode" doc:"All of them"`
	Source   string   `query:"source"`
	Sort     string   `query:"sort" enum:"relevance,name,newest,stars" default:"relevance"`
	Offset   int      `query:"offset" minimum:"0"`
	Limit    int      `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type marketPage struct {
	Body struct {
		Items   []MarketItem   `json:"items" nullable:"false"`
		Total   int            `json:"total" doc:"How many match, on all pages"`
		Sources []marketSource `json:"sources" nullable:"false"`
	}
}

func (a *v2) searchMarket(ctx context.Context, in *marketQuery) (*marketPage, error) {
	index, err := a.openMarket(ctx)
	if err != nil {
		return nil, err
	}
	page, err := index.Search(ctx, market.Query{
		Words: in.Words, Category: in.Category, Tags: in.Tags, Source: in.Source, Sort: in.Sort, Offset: in.Offset, Limit: in.Limit,
	})
	if err != nil {
		return nil, marketFailure(err)
	}
	servers, out := a.inMarket(), &marketPage{}
	out.Body.Items, out.Body.Total = make([]MarketItem, len(page.Items)), page.Total
	for i := range page.Items {
		out.Body.Items[i] = showItem(&page.Items[i], servers)
	}
	out.Body.Sources, err = sources(ctx, index)
	return out, err
}

type category struct {
	Name  string `json:"name"`
	Items int    `json:"items" doc:"How many items are in it"`
}

type categoryList struct {
	Body struct {
		Categories []category `json:"categories" nullable:"false" doc:"Sorted by name"`
	}
}

func (a *v2) categories(ctx context.Context, _ *struct{}) (*categoryList, error) {
	index, err := a.openMarket(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := index.Categories(ctx)
	if err != nil {
		return nil, marketFailure(err)
	}
	out := &categoryList{}
	out.Body.Categories = []category{}
	for name, n := range counts {
		out.Body.Categories = append(out.Body.Categories, category{name, n})
	}
	slices.SortFunc(out.Body.Categories, func(a, b category) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

type itemQuery struct {
	Source string `query:"source" doc:"Without it, the first source that has such an item"`
	ID     string `query:"id" required:"true"`
	Readme bool   `query:"readme" default:"true" doc:"Whether to look for the README, which may have to be fetched first"`
}

type itemDetails struct {
	Body struct {
		MarketItem
		Repository  string          `json:"repository,omitempty" doc:"Of its source code, http or https"`
		Installs    []marketInstall `json:"installs" nullable:"false" doc:"The ways to install it, which a plan names by their index"`
		Readme      string          `json:"readme" doc:"Markdown by a stranger: sanitise it before it is shown as HTML. Empty if there is none"`
		ReadAt      *time.Time      `json:"readAt,omitempty" doc:"When the README was fetched; absent: never"`
		ReadmeStale bool            `json:"readmeStale" doc:"The README is not fresh and could not be fetched now"`
	}
}

func (a *v2) getItem(ctx context.Context, in *itemQuery) (*itemDetails, error) {
	index, err := a.openMarket(ctx)
	if err != nil {
		return nil, err
	}
	d := market.Details{ReadmeOK: true}
	if in.Readme {
		d, err = index.Details(ctx, in.Source, in.ID)
	} else {
		d.Item, err = index.Item(ctx, in.Source, in.ID)
	}
	if err != nil {
		return nil, marketFailure(err)
	}
	out := &itemDetails{}
	b := &out.Body
	b.MarketItem, b.Repository, b.Installs = showItem(&d.Item, a.inMarket()), d.Item.Repository, []marketInstall{}
	b.Readme, b.ReadAt, b.ReadmeStale = d.Readme, known(d.ReadAt), !d.ReadmeOK
	for i := range d.Item.Installs {
		b.Installs = append(b.Installs, showInstall(&d.Item.Installs[i]))
	}
	return out, nil
}

type sourceList struct {
	Body struct {
		Sources []marketSource `json:"sources" nullable:"false"`
	}
}

func (a *v2) refreshMarket(ctx context.Context, _ *struct{}) (*sourceList, error) {
	index, err := a.openMarket(ctx)
	if err != nil {
		return nil, err
	}
	_ = index.Refresh(ctx) // the states tell
	out := &sourceList{}
	out.Body.Sources, err = sources(ctx, index)
	return out, err
}
