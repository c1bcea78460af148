// Package release owns releases of the hub: the feed that tells of them, looking there once a day, which file is for this
// machine, how this program was installed, and putting another in its place.
//
// It must not know routes, settings, or what a hub does. It tells nobody anything about this machine.
package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"mcphub/hub/fetch"
)

// feedLimit is how many bytes a feed may have.
const feedLimit = 1 << 20

// fileLimit is how many bytes a file of a release may have.
const fileLimit = 1 << 30

// ErrFeed says that what was read is no feed that can be used.
var ErrFeed = errors.New("the feed cannot be used")

// Release is one release of the hub, as a feed tells of it. Only the latest stands in a feed.
type Release struct {
	Version string `json:"version"` // of Semantic Versioning, without a v
	Date    string `json:"date"`    // such as 2026-11-28
	Notes   string `json:"notes"`   // https address of a page about it, or empty
	Files   []File `json:"files"`   // they lie beside the feed

	feed string
}

// File is one file of a release.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`   // bytes
	SHA256 string `json:"sha256"` // 64 hexadecimal digits in lower case
}

// Compare returns whether version a is before (-1), as good as (0) or after (1) version b. Every version is after what is
// none of Semantic Versioning.
func Compare(a, b string) int { return semver.Compare("v"+a, "v"+b) }

// Read reads a feed. It is at an https address, at an http address of this machine, or in a file.
func Read(ctx context.Context, feed string) (*Release, error) {
	var text []byte
	var err error
	if isURL(feed) {
		if err := checkURL(feed); err != nil {
			return nil, err
		}
		text, _, err = fetch.Get(ctx, fetch.NewClient(), feed, "", feedLimit)
	} else {
		text, err = os.ReadFile(feed)
	}
	if err != nil {
		return nil, fmt.Errorf("read the feed: %w", err)
	}
	r := &Release{feed: feed}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFeed, err)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFeed, err)
	}
	return r, nil
}

func isURL(feed string) bool { return strings.Contains(feed, "://") }

// checkURL refuses addresses where somebody on the way could put another release.
func checkURL(feed string) error {
	u, err := url.Parse(feed)
	if err == nil && u.Host != "" && u.User == nil {
		ip := net.ParseIP(u.Hostname())
		if u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()) {
			return nil
		}
	}
	return fmt.Errorf("%w: its address must begin with https:// and have no user in it", ErrFeed)
}

var (
	fileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+~-]{0,199}$`)
	fileHash = regexp.MustCompile(`^[0-9a-f]{64}$`)
	fullDate = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
)

func (r *Release) check() error {
	if v := "v" + r.Version; len(v) > 100 || !semver.IsValid(v) || semver.Canonical(v)+semver.Build(v) != v {
		return fmt.Errorf("%q is no version such as 1.2.3", r.Version)
	}
	if !fullDate.MatchString(r.Date) {
		return fmt.Errorf("%q is no date such as 2026-11-28", r.Date)
	}
	if u, err := url.Parse(r.Notes); r.Notes != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		return fmt.Errorf("%q is no https address", r.Notes)
	}
	for _, f := range r.Files {
		if !fileName.MatchString(f.Name) || !fileHash.MatchString(f.SHA256) || f.Size <= 0 || f.Size > fileLimit {
			return fmt.Errorf("the file %q lacks a usable name, size or sha256", f.Name)
		}
	}
	return nil
}

// Archive returns the archive with the program for a system and architecture, as Go names them.
func (r *Release) Archive(system, arch string, desktop bool) (File, error) {
	name := "mcp-hub-" + r.Version + "-" + system + "-" + arch
	if desktop {
		name += "-desktop"
	}
	for _, ending := range []string{".tar.gz", ".zip"} {
		if f, err := r.file(func(n string) bool { return n == name+ending }, ""); err == nil {
			return f, nil
		}
	}
	return File{}, fmt.Errorf("the release %s has no archive %s", r.Version, name)
}

func (r *Release) file(named func(name string) bool, what string) (File, error) {
	i := slices.IndexFunc(r.Files, func(f File) bool { return named(f.Name) })
	if i < 0 {
		return File{}, fmt.Errorf("the release %s has no %s", r.Version, what)
	}
	return r.Files[i], nil
}

// At returns where a file of the release is: an address, or a path if the feed is a file.
func (r *Release) At(f File) string {
	if !isURL(r.feed) {
		return filepath.Join(filepath.Dir(r.feed), f.Name)
	}
	u, err := url.Parse(r.feed)
	if err != nil {
		return f.Name // Read has parsed it
	}
	return u.ResolveReference(&url.URL{Path: "./" + f.Name}).String()
}

// open returns the content of a file. Reading it fails after as many bytes as the feed says.
func (r *Release) open(ctx context.Context, f File) (io.ReadCloser, error) {
	if isURL(r.feed) {
		answer, err := fetch.Open(ctx, fetch.NewClient(), r.At(f), "", f.Size)
		if err != nil {
			return nil, err
		}
		return answer.Body, nil
	}
	file, err := os.Open(r.At(f))
	if err != nil {
		return nil, err
	}
	return fetch.Limit(file, f.Size), nil
}
