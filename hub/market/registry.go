package market

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mcphub/hub/fetch"
)

// RegistryURL is where the official MCP Registry stands.
const RegistryURL = "https://registry.modelcontextprotocol.io"

const (
	pageLimit = 8 << 20 // bytes of one page of 100 servers
	pageCount = 5000
)

// Registry is a source with the API of the official MCP Registry, version 0.1.
type Registry struct {
	name, url string
	client    *http.Client
}

// NewRegistry returns the source of that name which asks the registry at the URL, without /v0.1.
func NewRegistry(name, url string) *Registry {
	return &Registry{name: name, url: strings.TrimRight(url, "/"), client: fetch.NewClient()}
}

// Name returns the name of the source.
func (r *Registry) Name() string { return r.name }

// URL returns where it is read from.
func (r *Registry) URL() string { return r.url }

// Fetch reads all pages of what changed since the mark, which is the latest change that was seen; without a mark it
// reads everything.
func (r *Registry) Fetch(ctx context.Context, mark string, put func(Batch) error) (Result, error) {
	result := Result{Mark: mark, Full: mark == ""}
	query := url.Values{"limit": {"100"}, "version": {"latest"}}
	if mark != "" {
		query.Set("updated_since", mark)
	}
	seen := map[string]bool{}
	for range pageCount {
		body, _, err := fetch.Get(ctx, r.client, r.url+"/v0.1/servers?"+query.Encode(), "", pageLimit)
		if err != nil {
			return Result{}, err
		}
		var page struct {
			Servers  []json.RawMessage `json:"servers"`
			Metadata struct {
				NextCursor string `json:"nextCursor"`
			} `json:"metadata"`
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return Result{}, fmt.Errorf("read the registry: its JSON is broken: %w", err)
		}
		var batch Batch
		for _, raw := range page.Servers {
			switch item, updated, ok := registryItem(raw); {
			case !ok:
				result.Skipped++
			case item.Status == deleted:
				batch.Deleted = append(batch.Deleted, item.ID)
				result.Mark = max(result.Mark, updated)
			default:
				batch.Items = append(batch.Items, item)
				result.Mark = max(result.Mark, updated)
			}
		}
		if err := put(batch); err != nil {
			return Result{}, err
		}
		next := page.Metadata.NextCursor
		if next == "" {
			return result, nil
		}
		if seen[next] {
			return Result{}, errors.New("read the registry: its pages go round in a circle")
		}
		seen[next] = true
		query.Set("cursor", next)
	}
	return Result{}, fmt.Errorf("read the registry: more than %d pages", pageCount)
}

// serverJSON is what the hub reads of a server.json, schema 2025-12-11.
type serverJSON struct {
	Name, Title, Description, Version, WebsiteURL string
	Repository                                    struct{ URL, Subfolder string }
	Packages                                      []packageJSON
	Remotes                                       []remoteJSON
}

type packageJSON struct {
	RegistryType, RegistryBaseURL, Identifier, Version, FileSHA256, RuntimeHint string
	Transport                                                                   remoteJSON
	RuntimeArguments, PackageArguments                                          []inputJSON
	EnvironmentVariables                                                        []inputJSON
}

type remoteJSON struct {
	Type, URL string
	Headers   []inputJSON
	Variables map[string]inputJSON
}

// inputJSON is an argument, a variable or a header.
type inputJSON struct {
	Type, Name, Value, Default, ValueHint, Description, Placeholder, Format string
	IsRequired, IsSecret, IsRepeated                                        bool
	Choices                                                                 []string
	Variables                                                               map[string]inputJSON
}

// registryItem reads one entry of a page, and when it last changed. It reports false for what is not fit to show and
// for versions that are not the latest.
func registryItem(raw []byte) (item Item, updated string, ok bool) {
	var e struct {
		Server serverJSON
		Meta   struct {
			Official struct {
				Status, StatusMessage, PublishedAt, UpdatedAt string
				IsLatest                                      *bool
			} `json:"io.modelcontextprotocol.registry/official"`
		} `json:"_meta"`
	}
	if err := json.Unmarshal(raw, &e); err != nil || !validID(e.Server.Name) || len(raw) > itemLimit {
		return Item{}, "", false
	}
	s, o := e.Server, e.Meta.Official
	if o.IsLatest != nil && !*o.IsLatest {
		return Item{}, "", false
	}
	space, short, _ := strings.Cut(s.Name, "/")
	item = Item{
		ID: s.Name, Name: cmp.Or(line(s.Title, 200), line(short, 200), s.Name), Description: clean(s.Description, 4000),
		Author: line(space, 200), URL: cmp.Or(page(s.Repository.URL), page(s.WebsiteURL)), Version: line(s.Version, 255),
		Status: Status(cmp.Or(line(o.Status, 20), string(Active))), StatusMessage: clean(o.StatusMessage, 1000),
		Repository: page(s.Repository.URL), Subfolder: line(s.Repository.Subfolder, 500),
	}
	if at, err := time.Parse(time.RFC3339, o.UpdatedAt); err == nil {
		item.Updated = at.UTC()
		updated = item.Updated.Format(time.RFC3339Nano)
	}
	for i := range s.Packages {
		if install, err := s.Packages[i].install(); err == nil {
			item.Installs = append(item.Installs, install)
		}
	}
	for i := range s.Remotes {
		if install, err := s.Remotes[i].install(); err == nil {
			item.Installs = append(item.Installs, install)
		}
	}
	return item, updated, true
}
