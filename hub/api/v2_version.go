package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

func (a *v2) versionRoute(api huma.API) {
	huma.Register(api, operation(http.MethodGet, "version", "get-version", "The version of the hub, and whether there is a newer one"), a.getVersionInfo)
}

// newerVersion is a release that is newer than the hub.
type newerVersion struct {
	Version string `json:"version"`
	Date    string `json:"date" doc:"Such as 2026-11-28"`
	Notes   string `json:"notes" doc:"An https address of a page about it; empty: there is none"`
}

type versionInfo struct {
	Body struct {
		Version    string        `json:"version" doc:"The hub's own"`
		Compatible string        `json:"compatible" doc:"The version of mcp-hub that it passes for"`
		Feed       string        `json:"feed" doc:"Where the hub looks for newer versions; empty: it does not"`
		CheckedAt  *time.Time    `json:"checkedAt,omitempty" doc:"When it last did; absent: never"`
		Error      string        `json:"error,omitempty" doc:"Why it could not then. What is said to be newer is what it found before"`
		Newer      *newerVersion `json:"newer,omitempty" doc:"The latest version, if it is newer than this one"`
	}
}

func (a *v2) getVersionInfo(context.Context, *struct{}) (*versionInfo, error) {
	found, newer := a.Updates.Found()
	out := &versionInfo{}
	out.Body.Version, out.Body.Compatible, out.Body.Feed, out.Body.Error = a.Version, a.compatible(), found.Feed, found.Error
	if !found.Tried.IsZero() {
		out.Body.CheckedAt = &found.Tried
	}
	if newer {
		out.Body.Newer = &newerVersion{found.Version, found.Date, found.Notes}
	}
	return out, nil
}
