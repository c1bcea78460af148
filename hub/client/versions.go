package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ConfigVersion is an earlier text of a configuration file.
type ConfigVersion struct {
	ID      string    `json:"id"`    // the same for the same text
	Until   time.Time `json:"until"` // when another text last took its place
	Size    int64     `json:"size"`  // in bytes
	Current bool      `json:"current"`
}

// ConfigVersions is the earlier texts of a file that are kept.
type ConfigVersions struct {
	Versions []ConfigVersion `json:"versions"` // the latest first
	Raw      json.RawMessage `json:"-"`        // the answer as the hub sent it
}

// ConfigPlan is what a text of a configuration file does to the servers, by name.
type ConfigPlan struct {
	Add     []string `json:"add"`
	Remove  []string `json:"remove"`
	Restart []string `json:"restart"`
	Start   []string `json:"start"`
	Stop    []string `json:"stop"`
	Update  []string `json:"update"` // without a restart
	Keep    []string `json:"keep"`   // nothing changes
}

// String says it in words.
func (p ConfigPlan) String() string {
	var parts []string
	for _, part := range []struct {
		word  string
		names []string
	}{{"restarts", p.Restart}, {"adds", p.Add}, {"removes", p.Remove}, {"starts", p.Start}, {"stops", p.Stop}, {"updates", p.Update}} {
		if len(part.names) > 0 {
			parts = append(parts, part.word+" "+strings.Join(part.names, ", "))
		}
	}
	if len(parts) == 0 {
		return "changes nothing about the servers"
	}
	return strings.Join(parts, "; ")
}

// ConfigVersions returns the earlier texts of a file of the hub's, counted from 0.
func (c *Client) ConfigVersions(ctx context.Context, file int) (v ConfigVersions, err error) {
	v.Raw, err = c.do(ctx, http.MethodGet, filePath(file)+"/versions", nil, &v)
	return v, err
}

// ConfigVersion returns an earlier text of a file. It may hold secrets.
func (c *Client) ConfigVersion(ctx context.Context, file int, id string) (string, error) {
	var answer struct{ Text string }
	_, err := c.do(ctx, http.MethodGet, filePath(file)+"/versions/"+url.PathEscape(id), nil, &answer)
	return answer.Text, err
}

// RestoreConfig puts an earlier text of a file in the place of the present one, and returns what that did to the servers.
func (c *Client) RestoreConfig(ctx context.Context, file int, id string) (p ConfigPlan, err error) {
	text, err := c.ConfigVersion(ctx, file, id)
	if err != nil {
		return p, err
	}
	var present struct{ ETag string }
	if _, err := c.do(ctx, http.MethodGet, filePath(file), nil, &present); err != nil {
		return p, err
	}
	body := map[string]string{"text": text}
	if _, err := c.do(ctx, http.MethodPost, filePath(file)+"/plan", body, &p); err != nil {
		return p, err
	}
	_, err = c.do(ctx, http.MethodPut, filePath(file), body, nil, "If-Match", present.ETag)
	return p, err
}

func filePath(file int) string { return fmt.Sprintf("/api/v2/config/files/%d", file) }
