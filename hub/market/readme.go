package market

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"mcphub/hub/fetch"
	"mcphub/hub/store"
)

const (
	// ReadmeURL is where the files of GitHub repositories stand.
	ReadmeURL = "https://raw.githubusercontent.com"

	readmeLimit = 1 << 20        // bytes that are read
	readmeAge   = 24 * time.Hour // how long one counts as fresh
)

// Details is all that is known of an item.
type Details struct {
	Item     Item
	Readme   string    // Markdown by a stranger: sanitise it before it is shown as HTML. Empty: there is none
	ReadAt   time.Time // when the README was fetched, zero if never
	ReadmeOK bool      // false: it could not be fetched now; Readme is what the cache has
}

// Details returns an item with its README. It fails with ErrUnknown for an item that is not in the index, never because
// of the README.
func (x *Index) Details(ctx context.Context, source, id string) (Details, error) {
	item, err := x.Item(ctx, source, id)
	if err != nil {
		return Details{}, err
	}
	d := Details{Item: item, ReadmeOK: true}
	address := readmeAddress(x.readme, item.Repository, item.Subfolder)
	if address == "" {
		return d, nil
	}
	cached, known, err := x.db.MarketReadme(ctx, address)
	if err != nil {
		return Details{}, err
	}
	if !known || time.Since(cached.FetchedAt) > readmeAge {
		fresh, err := x.fetchReadme(ctx, address, cached)
		if err != nil {
			x.log.Debug("cannot read a README", "item", id, "err", err)
			d.ReadmeOK = false
		} else {
			cached = fresh
			if err := x.db.MarketSetReadme(ctx, address, cached); err != nil {
				return Details{}, err
			}
		}
	}
	d.Readme, d.ReadAt = cached.Text, cached.FetchedAt
	return d, nil
}

func (x *Index) fetchReadme(ctx context.Context, address string, cached store.MarketReadme) (store.MarketReadme, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for _, name := range []string{"README.md", "readme.md"} {
		body, etag, err := fetch.Get(ctx, x.client, address+"/"+name, cached.ETag, readmeLimit)
		if e, ok := errors.AsType[*fetch.StatusError](err); ok && e.Code == http.StatusNotFound {
			continue
		}
		if err != nil {
			return store.MarketReadme{}, fmt.Errorf("read README: %w", err)
		}
		if body == nil {
			return store.MarketReadme{Text: cached.Text, ETag: etag, FetchedAt: time.Now()}, nil
		}
		return store.MarketReadme{Text: clean(string(body), readmeLimit), ETag: etag, FetchedAt: time.Now()}, nil
	}
	return store.MarketReadme{FetchedAt: time.Now()}, nil
}

// readmeAddress returns the folder with the README of a repository on GitHub: of none other, so that no item can make the
// hub ask an address of its choice. A page such as /tree/main/src/x names branch and folder.
func readmeAddress(base, repository, subfolder string) string {
	u, err := url.Parse(repository)
	if err != nil || u.Scheme != "https" || u.Host != "github.com" && u.Host != "www.github.com" {
		return ""
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) < 2 {
		return ""
	}
	branch := "HEAD"
	if len(parts) > 3 && parts[2] == "tree" {
		branch = parts[3]
		subfolder = cmp.Or(subfolder, strings.Join(parts[4:], "/"))
	}
	// Rooted and cleaned, so that no .. leaves the repository.
	clean := path.Clean("/" + subfolder)
	for _, p := range []string{parts[0], parts[1], branch} {
		if p == "" || p == "." || p == ".." {
			return ""
		}
	}
	address, err := url.JoinPath(base, url.PathEscape(parts[0]), url.PathEscape(strings.TrimSuffix(parts[1], ".git")), url.PathEscape(branch), (&url.URL{Path: clean}).EscapedPath())
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(address, "/")
}
