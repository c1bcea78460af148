package market

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"mcphub/hub/fetch"
)

// CommunityURL is where the community registry stands.
const CommunityURL = "https://ravitemer.github.io/mcp-registry/registry.json"

// communityLimit is the most that the community registry may be long: 200 times what it is.
const communityLimit = 16 << 20

// Community is a source in the shape of the original hub's registry: one file with all items.
type Community struct {
	name, url string
	client    *http.Client
}

// NewCommunity returns the source of that name which reads the file at the URL.
func NewCommunity(name, url string) *Community {
	return &Community{name: name, url: url, client: fetch.NewClient()}
}

// Name returns the name of the source.
func (c *Community) Name() string { return c.name }

// URL returns where it is read from.
func (c *Community) URL() string { return c.url }

// Fetch reads the file if it changed. The mark is its ETag.
func (c *Community) Fetch(ctx context.Context, mark string, put func(Batch) error) (Result, error) {
	body, etag, err := fetch.Get(ctx, c.client, c.url, mark, communityLimit)
	if err != nil {
		return Result{}, err
	}
	if body == nil {
		return Result{Mark: mark}, nil
	}
	var file struct {
		Servers []json.RawMessage `json:"servers"`
	}
	if err := json.Unmarshal(body, &file); err != nil {
		return Result{}, fmt.Errorf("read the registry: its JSON is broken: %w", err)
	}
	if len(file.Servers) == 0 {
		return Result{}, fmt.Errorf("read the registry: it lists no servers")
	}
	var batch Batch
	result := Result{Mark: etag, Full: true}
	for _, raw := range file.Servers {
		if item, ok := communityItem(raw); ok {
			batch.Items = append(batch.Items, item)
		} else {
			result.Skipped++
		}
	}
	return result, put(batch)
}

// communityItem reads one item. It reports false if it is not fit to show.
func communityItem(raw []byte) (Item, bool) {
	var s struct {
		ID, Name, Description, Author, URL, License, Category string
		Tags                                                  []string
		Stars                                                 int
		Featured, Verified                                    bool
		LastCommit, UpdatedAt                                 int64
		Installations                                         []struct {
			Name, Description, Config string
			Prerequisites, Transports []string
			Parameters                []struct {
				Name, Key, Description, Placeholder string
				Required                            *bool
			}
		}
	}
	if err := json.Unmarshal(raw, &s); err != nil || !validID(s.ID) || len(raw) > itemLimit {
		return Item{}, false
	}
	item := Item{
		ID: s.ID, Name: line(s.Name, 200), Description: clean(s.Description, 4000), Author: line(s.Author, 200), URL: page(s.URL),
		License: line(s.License, 100), Category: line(s.Category, 100), Tags: lines(s.Tags), Status: Active, Stars: s.Stars,
		Featured: s.Featured, Verified: s.Verified, LastCommit: fromSeconds(s.LastCommit), Updated: fromSeconds(s.UpdatedAt), Repository: page(s.URL),
	}
	if item.Name == "" {
		item.Name = item.ID
	}
	for _, in := range s.Installations {
		t, err := parseEntry([]byte(in.Config))
		if err != nil {
			continue
		}
		install := Install{
			Name: line(in.Name, 100), Description: clean(in.Description, 1000), Template: t, Config: clean(in.Config, itemLimit),
			Prerequisites: lines(in.Prerequisites), Transports: lines(in.Transports),
		}
		install.Package, _ = pinned(t.Command, slices.Concat(t.Args...))
		for _, p := range in.Parameters {
			install.Parameters = append(install.Parameters, Parameter{
				Key: clean(p.Key, 200), Name: line(p.Name, 200), Description: clean(p.Description, 1000), Placeholder: line(p.Placeholder, 500),
				Required: p.Required == nil || *p.Required, Secret: looksSecret(p.Key),
			})
		}
		if install.Parameters, err = t.check(install.Parameters); err == nil {
			item.Installs = append(item.Installs, install)
		}
	}
	return item, true
}

func fromSeconds(s int64) time.Time {
	if s <= 0 || s > 1<<40 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}
