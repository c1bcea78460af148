package release

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// site serves files, and keeps what was asked.
func site(t *testing.T, files map[string]string) (address string, asked func() []*http.Request) {
	t.Helper()
	requests := make(chan *http.Request, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests <- r
		text, ok := files[strings.TrimPrefix(r.URL.Path, "/files/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/files/release.json", func() []*http.Request {
		var all []*http.Request
		for len(requests) > 0 {
			all = append(all, <-requests)
		}
		return all
	}
}

func sum(text string) string {
	hash := sha256.Sum256([]byte(text))
	return hex.EncodeToString(hash[:])
}

// feedOf returns the text of a feed whose files are named and hold these texts.
func feedOf(t *testing.T, version string, files map[string]string) string {
	t.Helper()
	r := Release{Version: version, Date: "2026-11-28", Files: []File{}}
	for name, text := range files {
		r.Files = append(r.Files, File{name, int64(len(text)), sum(text)})
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestReadRefuses(t *testing.T) {
	const good = `"version":"1.2.3","date":"2026-11-28"`
	file := func(name, sha string, size string) string {
		return `{` + good + `,"files":[{"name":"` + name + `","sha256":"` + sha + `","size":` + size + `}]}`
	}
	for name, text := range map[string]string{
		"":                     `{` + good + `,"files":[]}`,
		"invalid character":    `<html>`,
		"cannot unmarshal":     `[]`,
		`"" is no version`:     `{}`,
		`"1.2" is no version`:  `{"version":"1.2","date":"2026-11-28"}`,
		`"v1.2.3" is no versi`: `{"version":"v1.2.3","date":"2026-11-28"}`,
		"is no date":           `{"version":"1.2.3","date":"soon"}`,
		"is no https address":  `{` + good + `,"notes":"javascript:alert(1)"}`,
		`"../x" lacks`:         file("../x", sum(""), "1"),
		`"a b" lacks`:          file("a b", sum(""), "1"),
		`"hash" lacks`:         file("hash", "abc", "1"),
		`"size" lacks`:         file("size", sum(""), "0"),
		`"more" lacks`:         file("more", sum(""), "2000000000"),
	} {
		feed := filepath.Join(t.TempDir(), "release.json")
		if err := os.WriteFile(feed, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Read(t.Context(), feed)
		if name == "" && err != nil || name != "" && (!errors.Is(err, ErrFeed) || !strings.Contains(err.Error(), name)) {
			t.Errorf("%s: %v, want %q", text, err, name)
		}
	}
	for _, address := range []string{"http://example.com/release.json", "ftp://example.com/x", "https://me:pw@example.com/x", "https:///x"} {
		if _, err := Read(t.Context(), address); !errors.Is(err, ErrFeed) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestCompare(t *testing.T) {
	order := []string{"", "0.1.0-dev.9+gabc", "0.1.0-dev.10+gabc", "0.1.0", "0.1.1-rc.1", "0.1.1-rc.1.dev.3", "0.1.1", "0.10.0", "1.0.0"}
	for i, a := range order {
		for j, b := range order {
			if got := Compare(a, b); got != min(1, max(-1, i-j)) {
				t.Errorf("Compare(%q, %q) = %d", a, b, got)
			}
		}
	}
}

// TestReplaceRefuses: a file that is not the one of the feed, or not a program for this machine, changes nothing.
func TestReplaceRefuses(t *testing.T) {
	var zipped bytes.Buffer
	z := zip.NewWriter(&zipped)
	for name, text := range map[string]string{"x/completions/mcp-hub": "the wrong one", "x/mcp-hub": "#!/bin/sh\nprintf '4.2.1\\nMCP Hub 9.9.9\\n'\n"} {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"good.zip": zipped.String(), "none.tar.gz": "this is no gzip"}
	for name, c := range map[string]struct {
		change  func(*File)
		version string
	}{
		"":                        {func(*File) {}, "9.9.9"},
		"holds version 9.9.9":     {func(*File) {}, "1.0.0"},
		"SHA-256 is another":      {func(f *File) { f.SHA256 = sum("other") }, "9.9.9"},
		"and not":                 {func(f *File) { f.Size++ }, "9.9.9"},
		"the answer is too large": {func(f *File) { f.Size-- }, "9.9.9"},
		"404 Not Found":           {func(f *File) { f.Name = "gone.zip" }, "9.9.9"},
		"gzip: invalid header":    {func(f *File) { *f = File{"none.tar.gz", 15, sum("this is no gzip")} }, "9.9.9"},
	} {
		dir := t.TempDir()
		program := filepath.Join(dir, "renamed")
		if err := os.WriteFile(program, []byte("old"), 0o700); err != nil {
			t.Fatal(err)
		}
		address, _ := site(t, files)
		r := &Release{Version: c.version, feed: address}
		f := File{"good.zip", int64(zipped.Len()), sum(zipped.String())}
		c.change(&f)
		err := r.Replace(t.Context(), f, program)
		now, readErr := os.ReadFile(program)
		if readErr != nil {
			t.Fatal(readErr)
		}
		if name == "" {
			if err != nil || !strings.Contains(string(now), "9.9.9") {
				t.Errorf("replaced: %v, the program is %q", err, now)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), name) || string(now) != "old" {
			t.Errorf("%s: %v, the program is %q", name, err, now)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
}

func TestCommands(t *testing.T) {
	npm := strings.Replace(runtime.GOOS, "windows", "win32", 1) + "-" + strings.Replace(runtime.GOARCH, "amd64", "x64", 1)
	machine := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	files := map[string]string{"mcp-hub_1.2.3-1_" + runtime.GOARCH + ".deb": "d", "mcp-hub-1.2.3-1." + machine + ".rpm": "r", "mcp-hub-1.2.3.tgz": "l", "scope-" + npm + "-1.2.3.tgz": "p"}
	contents := map[string]string{"release.json": feedOf(t, "1.2.3+g1", files)}
	address, _ := site(t, contents)
	r, err := Read(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	base := strings.TrimSuffix(address, "release.json")
	for m, want := range map[Manager]string{
		Dpkg: "curl -fLO BASEmcp-hub_1.2.3-1_" + runtime.GOARCH + ".deb\nsudo apt install ./mcp-hub_1.2.3-1_" + runtime.GOARCH + ".deb",
		RPM:  "curl -fLO BASEmcp-hub-1.2.3-1." + machine + ".rpm\nsudo dnf install ./mcp-hub-1.2.3-1." + machine + ".rpm",
		NPM: "curl -fLO BASEmcp-hub-1.2.3.tgz\ncurl -fLO BASEscope-" + npm + "-1.2.3.tgz\n" +
			"npm install --global --offline ./mcp-hub-1.2.3.tgz ./scope-" + npm + "-1.2.3.tgz",
	} {
		got, err := r.Commands(m)
		if want = strings.ReplaceAll(want, "BASE", base); err != nil || strings.Join(got, "\n") != want {
			t.Errorf("%s: %q, %v, want %q", m, got, err, want)
		}
	}
	r.Files = nil
	if _, err := r.Commands(Dpkg); err == nil || !strings.Contains(err.Error(), "has no .deb for "+runtime.GOARCH) {
		t.Errorf("without a .deb: %v", err)
	}
}

func TestManagerOf(t *testing.T) {
	want := map[string]Manager{"/x/lib/node_modules/@scope/linux-x64/mcp-hub": NPM, filepath.Join(t.TempDir(), "mcp-hub"): None}
	if dpkg, err := exec.LookPath("dpkg"); err == nil {
		if dpkg, err = filepath.EvalSymlinks(dpkg); err == nil {
			want[dpkg] = Dpkg
		}
	}
	for program, manager := range want {
		if got := ManagerOf(t.Context(), program); got != manager {
			t.Errorf("%s: %q, want %q", program, got, manager)
		}
	}
}

func TestNext(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	patience := now.Add(5 * time.Minute)
	for name, c := range map[string]struct {
		found Found
		want  time.Time
	}{
		"never looked":             {Found{}, time.Time{}},
		"an hour ago":              {Found{Tried: now.Add(-time.Hour), Wait: 25 * time.Hour}, now.Add(24 * time.Hour)},
		"fell due while all slept": {Found{Tried: now.Add(-99 * time.Hour), Wait: 25 * time.Hour}, patience},
	} {
		if got := next(c.found, patience); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestChecker: it looks once, tells nothing about who asks, and hubs share what it found.
func TestChecker(t *testing.T) {
	files := map[string]string{"release.json": feedOf(t, "2.0.0", nil)}
	address, asked := site(t, files)
	dir := t.TempDir()
	start := func(own string) *Checker {
		t.Helper()
		c := NewChecker(own, dir, slog.New(slog.DiscardHandler))
		c.Configure(address)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = c.Run(ctx)
		}()
		t.Cleanup(func() {
			cancel()
			<-done
		})
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			if found, _ := c.Found(); !found.Tried.IsZero() {
				return c
			}
			if time.Now().After(deadline) {
				t.Fatal("it does not look")
			}
		}
	}
	if found, newer := start("1.0.0").Found(); found.Version != "2.0.0" || !newer || found.Error != "" || found.Wait < every || found.Wait > every+jitter {
		t.Errorf("found %+v, newer %t", found, newer)
	}
	if _, newer := start("2.0.0").Found(); newer { // out of the file
		t.Error("it is newer than itself")
	}
	requests := asked()
	if len(requests) != 1 {
		t.Fatalf("it has asked %d times", len(requests))
	}
	var names []string
	for name := range requests[0].Header {
		names = append(names, name)
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "Accept-Encoding User-Agent" || requests[0].UserAgent() != "mcp-hub" || requests[0].URL.RawQuery != "" {
		t.Errorf("it sends %v", requests[0].Header)
	}
	later := start("1.0.0")
	later.Configure("")
	if found, newer := later.Found(); newer || found.Feed != "" {
		t.Errorf("switched off it still tells of %+v", found)
	}
	broken := Checker{feed: address + "x", log: slog.New(slog.DiscardHandler)}
	broken.look(t.Context())
	if found, newer := broken.Found(); newer || !strings.Contains(found.Error, "404") || found.Tried.IsZero() {
		t.Errorf("of a feed that is not there: %+v", found)
	}
}
