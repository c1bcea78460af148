package market

import (
	"context"
	"net/url"
	"regexp"
	"strings"
)

// Source is where items come from. Its methods may be called from one goroutine at a time.
type Source interface {
	// Name returns the name that items and states bear; no two sources have the same.
	Name() string
	// URL returns where items are read from: with another URL it is another source. It may hold a secret.
	URL() string
	// Fetch hands all items that are new or changed since the mark to put, in any number of batches, and returns the mark
	// for the next time. An empty mark asks for everything. What was put stays also if Fetch fails later.
	Fetch(ctx context.Context, mark string, put func(Batch) error) (Result, error)
}

// Batch is some items of a source, and the ids of some that are gone.
type Batch struct {
	Items   []Item
	Deleted []string
}

// Result is what a fetch came to.
type Result struct {
	Mark    string
	Full    bool // everything was put: what was not is gone
	Skipped int  // entries that are not fit to show
}

// itemLimit is the most that one entry of a source may be long, in bytes.
const itemLimit = 256 << 10

// shown returns an address without the parts in which a secret may stand.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

var id = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@/-]{0,254}$`)

// validID reports whether an id can be part of an address and name a server.
func validID(s string) bool {
	return id.MatchString(s) && !strings.Contains(s, "..") && !strings.HasSuffix(s, "/")
}

// lines cleans a list of short texts: at most 50, none empty.
func lines(texts []string) []string {
	var out []string
	for _, t := range texts[:min(len(texts), 50)] {
		if t = line(t, 100); t != "" {
			out = append(out, t)
		}
	}
	return out
}
