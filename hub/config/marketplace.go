package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"

	"mcphub/hub/json5"
)

// The types of sources of the marketplace: those with the API of the official MCP Registry, and those with one file in
// the shape of the community registry.
const (
	RegistrySource  = "registry"
	CommunitySource = "community"
)

// builtinSources are the types of the sources that the hub has without being told of them.
var builtinSources = map[string]string{"official": RegistrySource, "community": CommunitySource}

// MarketSource is one source of the marketplace, from the list "sources" of the object "marketplace" of the key "hub".
// One with the name of a source that the hub has without it, official or community, changes that one.
type MarketSource struct {
	Name     string // unique
	Type     string // RegistrySource or CommunitySource
	URL      string // http or https, it may hold a secret; empty: that of the source that it changes
	Disabled bool
}

// marketKeys are the keys of the object "marketplace".
type marketKeys struct {
	Sources *json5.Node `key:"sources"`
}

// sourceKeys are the keys of an item of its list "sources".
type sourceKeys struct {
	Name     *json5.Node `key:"name"`
	Type     *json5.Node `key:"type"`
	URL      *json5.Node `key:"url"`
	Disabled *json5.Node `key:"disabled"`
}

// sourceName is what a source may be called. What the hub brings along itself is in the index as "builtin".
var sourceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$`)

// readSources returns the sources of the object "hub". A wrong one is left out and becomes a diagnostic.
func readSources(f *source, hub *json5.Node) (sources []MarketSource, problems []Diagnostic) {
	complain := func(at *json5.Node, message, action string) {
		problems = append(problems, f.diagnostic(Error, "", at.Start, message, action))
	}
	var settings hubKeys
	var keys marketKeys
	fill(hub, &settings)
	fill(settings.Marketplace, &keys)
	switch {
	case settings.Marketplace != nil && settings.Marketplace.Kind != json5.Object:
		complain(settings.Marketplace, "hub.marketplace must be an object", `write {"sources": []}`)
		return nil, problems
	case keys.Sources == nil:
		return nil, nil
	case keys.Sources.Kind != json5.Array:
		complain(keys.Sources, "hub.marketplace.sources must be an array", "write [] for no sources but those that the hub has itself")
		return nil, problems
	}
	for _, item := range keys.Sources.Items {
		s, wrong, message := readSource(item)
		if message == "" && slices.ContainsFunc(sources, func(other MarketSource) bool { return other.Name == s.Name }) {
			wrong, message = item, fmt.Sprintf("there are two sources %q", s.Name)
		}
		if message != "" {
			complain(wrong, "hub.marketplace.sources: "+message, "correct it; until then the source is left out")
			continue
		}
		sources = append(sources, s)
	}
	return sources, problems
}

// readSource reads one source, and says what is wrong where if it cannot be used.
func readSource(item *json5.Node) (s MarketSource, wrong *json5.Node, message string) {
	if item.Kind != json5.Object {
		return s, item, "a source must be an object"
	}
	var keys sourceKeys
	fill(item, &keys)
	if !keys.Name.Is(json5.String) || !sourceName.MatchString(keys.Name.Text) || keys.Name.Text == "builtin" {
		return s, item, `a source needs a name of letters, digits, ".", "_" and "-", which is not "builtin"`
	}
	s.Name = keys.Name.Text
	own := builtinSources[s.Name]
	s.Type = own
	switch {
	case keys.Type == nil && own != "":
	case keys.Type.Is(json5.String) && (keys.Type.Text == RegistrySource || keys.Type.Text == CommunitySource):
		s.Type = keys.Type.Text
	default:
		return s, item, fmt.Sprintf("the source %q needs a type, \"registry\" or \"community\"", s.Name)
	}
	if keys.Disabled != nil && keys.Disabled.Kind != json5.Bool {
		return s, keys.Disabled, "disabled must be true or false"
	}
	s.Disabled = truthy(keys.Disabled)
	switch {
	case keys.URL.Is(json5.String):
		u, err := url.Parse(keys.URL.Text)
		if err != nil || !validURL(keys.URL.Text) || u.User != nil || s.Type == RegistrySource && u.RawQuery != "" {
			return s, keys.URL, "url must be an http or https address without a user, and of a registry without a query"
		}
		s.URL = keys.URL.Text
	case keys.URL != nil:
		return s, keys.URL, "url must be a text"
	case s.Type != own && !s.Disabled:
		return s, item, fmt.Sprintf("the source %q needs a url", s.Name)
	}
	return s, nil, ""
}
