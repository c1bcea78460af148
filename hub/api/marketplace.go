package api

import (
	"errors"
	"net/http"
	"strings"

	"mcphub/hub/market"
)

type catalogue struct {
	Servers   []market.LegacyItem `json:"servers"`
	Timestamp string              `json:"timestamp"`
}

// marketplace lists what can be installed, from all sources in the one shape that clients of mcp-hub read.
func (a *rest) marketplace(r *http.Request) (any, error) {
	index, err := a.Market(r.Context())
	if err != nil {
		return nil, failed("MARKETPLACE_ERROR", "The marketplace cannot be opened: "+err.Error(), nil)
	}
	q := r.URL.Query()
	query := market.Query{Words: q.Get("search"), Category: q.Get("category"), Sort: q.Get("sort")}
	if tags := q.Get("tags"); tags != "" {
		query.Tags = strings.Split(tags, ",")
	}
	page, err := index.Search(r.Context(), query)
	if err != nil {
		return nil, failed("MARKETPLACE_ERROR", "The marketplace cannot be searched: "+err.Error(), nil)
	}
	found, seen := catalogue{Servers: []market.LegacyItem{}, Timestamp: now()}, map[string]bool{}
	for _, item := range page.Items {
		if !seen[item.ID] { // clients know an item by its id alone
			seen[item.ID] = true
			found.Servers = append(found.Servers, item.Legacy())
		}
	}
	return found, nil
}

// details is one item with its README.
func (a *rest) details(r *http.Request) (any, error) {
	b, err := read(r)
	if err != nil {
		return nil, err
	}
	id := b.text("mcpId")
	if id == "" {
		return nil, invalid("Missing mcpId in request body", nil)
	}
	index, err := a.Market(r.Context())
	if err != nil {
		return nil, failed("MARKETPLACE_ERROR", "The marketplace cannot be opened: "+err.Error(), nil)
	}
	d, err := index.Details(r.Context(), "", id)
	switch {
	case errors.Is(err, market.ErrUnknown):
		return nil, invalid("Server not found", object{"mcpId": id})
	case err != nil:
		return nil, failed("MARKETPLACE_ERROR", err.Error(), object{"mcpId": id})
	}
	var readme any // null if there is none
	if d.Readme != "" {
		readme = d.Readme
	}
	return object{"server": object{"server": d.Item.Legacy(), "readmeContent": readme}, "timestamp": now()}, nil
}
