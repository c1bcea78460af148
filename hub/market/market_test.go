package market

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mcphub/hub/fetch"
	"mcphub/hub/store"
)

// site is an HTTP server whose answers a test changes.
type site struct {
	*httptest.Server
	handler atomic.Pointer[http.HandlerFunc]
	asked   atomic.Int64
}

func newSite(t *testing.T, h http.HandlerFunc) *site {
	t.Helper()
	s := &site{}
	s.handler.Store(&h)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		(*s.handler.Load())(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) answer(h http.HandlerFunc) { s.handler.Store(&h) }

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

func openDB(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "hub.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func newIndex(t *testing.T, db *store.DB, sources ...Source) *Index {
	t.Helper()
	return New(Options{DB: db, Sources: sources, Bundles: filepath.Join(t.TempDir(), "bundles"), Log: slog.New(slog.DiscardHandler)})
}

func ids(t *testing.T, x *Index, q Query) string {
	t.Helper()
	page, err := x.Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, i := range page.Items {
		all = append(all, i.ID)
	}
	return strings.Join(all, " ")
}

func state(t *testing.T, x *Index) State {
	t.Helper()
	states, err := x.Sources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return states[0]
}

const threeItems = `{"version":"1.0.0","servers":[` + communityText + `,
	{"id":"beta","name":"Beta","description":"second","author":"b","url":"https://gitlab.invalid/b","category":"web","tags":["y"],"installations":[],"stars":50,"lastCommit":100},
	{"id":"gamma","name":"gamma","description":"mentions ALPHA","author":"c","url":"https://gitlab.invalid/c","category":"dev","tags":[],"installations":[]},
	{"id":"../evil","name":"x"}, {"id":"broken","stars":"many"}, 7]}`

func TestCommunity(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"one"`)
		if r.Header.Get("If-None-Match") == `"one"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, threeItems)
	})
	x := newIndex(t, openDB(t), NewCommunity("community", s.URL))
	for range 2 { // the second time nothing has changed
		if err := x.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// As the original answers: recorded from it.
	for _, tt := range []struct {
		q    Query
		want string
	}{
		{Query{}, "alpha beta gamma"},
		{Query{Words: "alpha"}, "alpha gamma"},
		{Query{Category: "dev"}, "alpha gamma"},
		{Query{Tags: []string{"x", "y"}}, "alpha"},
		{Query{Sort: "stars"}, "beta alpha gamma"},
		{Query{Sort: "name"}, "alpha beta gamma"},
		{Query{Sort: "newest"}, "alpha beta gamma"},
		{Query{Words: "zzz"}, ""},
		{Query{Source: "community", Offset: 1, Limit: 1}, "beta"},
	} {
		if got := ids(t, x, tt.q); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.q, got, tt.want)
		}
	}
	if st := state(t, x); st.Items != 3 || st.Error != "" || st.FetchedAt.IsZero() {
		t.Errorf("state %+v", st)
	}
	if s.asked.Load() != 2 {
		t.Errorf("asked %d times", s.asked.Load())
	}

	s.answer(text(`{"servers":[{"id":"delta","name":"Delta","description":"new"}]}`))
	if err := x.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := ids(t, x, Query{}); got != "delta" {
		t.Errorf("after a change: %q", got)
	}
	if _, err := x.Item(t.Context(), "", "alpha"); !errors.Is(err, ErrUnknown) {
		t.Errorf("error %v", err)
	}
}

func TestFailingSourceServesItsCache(t *testing.T) {
	release := make(chan struct{})
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"500":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, "500 Internal Server Error"},
		"404":        {http.NotFound, "404 Not Found"},
		"not JSON":   {text("<html>sign in to the hotel's network</html>"), "JSON is broken"},
		"other JSON": {text(`{"message":"ok"}`), "lists no servers"},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			_, _ = io.WriteString(w, `{"servers":[`)
		}, "unexpected EOF"},
		"huge": {func(w http.ResponseWriter, _ *http.Request) {
			block := strings.Repeat(" ", 1<<20)
			for range communityLimit>>20 + 2 {
				if _, err := io.WriteString(w, block); err != nil {
					return
				}
			}
		}, fetch.ErrTooLarge.Error()},
		"round in a circle": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) }, "too many redirects"},
		"silent":            {func(_ http.ResponseWriter, r *http.Request) { <-release; _ = r }, "reach 127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, text(threeItems))
			source := NewCommunity("community", s.URL+"/registry.json?key=hunter2")
			source.client.Transport.(*http.Transport).ResponseHeaderTimeout = 300 * time.Millisecond
			x := newIndex(t, openDB(t), source)
			if err := x.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.answer(tt.answer)
			if name == "silent" {
				defer close(release)
			}
			err := x.Refresh(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if got := ids(t, x, Query{}); got != "alpha beta gamma" {
				t.Errorf("serves %q", got)
			}
			if st := state(t, x); st.Items != 3 || !strings.Contains(st.Error, tt.want) || !st.TriedAt.After(st.FetchedAt) {
				t.Errorf("state %+v", st)
			}
		})
	}
}

// pages serves servers as the official registry does, two a page.
type pages struct {
	entries []string
	failAt  int // the page that answers 500; 0: none
	since   []string
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if r.URL.Path != "/v0.1/servers" || q.Get("limit") != "100" || q.Get("version") != "latest" {
		http.Error(w, "bad request "+r.URL.String(), http.StatusBadRequest)
		return
	}
	p.since = append(p.since, q.Get("updated_since"))
	n, _ := strconv.Atoi(q.Get("cursor"))
	if p.failAt > 0 && n == p.failAt {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	end, next := min(2*n+2, len(p.entries)), strconv.Itoa(n+1)
	if end == len(p.entries) {
		next = ""
	}
	_, _ = fmt.Fprintf(w, `{"servers":[%s],"metadata":{"nextCursor":%q}}`, strings.Join(p.entries[2*n:end], ","), next)
}

func server(name, status, updated string, latest bool) string {
	return fmt.Sprintf(`{"server":{"name":%q,"description":"does things","version":"1.2.0","repository":{"url":"https://github.com/a/b","source":"github"},
		"packages":[{"registryType":"npm","identifier":%q,"version":"1.2.0","transport":{"type":"stdio"}}]},
		"_meta":{"io.modelcontextprotocol.registry/official":{"status":%q,"statusMessage":"use another","updatedAt":%q,"isLatest":%t}}}`, name, strings.ReplaceAll(name, "/", "-"), status, updated, latest)
}

func TestRegistryPages(t *testing.T) {
	p := &pages{entries: []string{
		server("a/one", "active", "2025-01-01T00:00:00Z", true), server("a/two", "active", "2025-03-01T00:00:00Z", true),
		server("a/three", "active", "2025-02-01T00:00:00Z", true), server("a/three", "active", "2025-02-02T00:00:00Z", false),
		`{"server":{"name":""}}`, server("a/old", "deprecated", "2025-01-05T00:00:00Z", true),
		server("a/gone", "deleted", "2025-01-05T00:00:00Z", true),
	}}
	s := newSite(t, p.ServeHTTP)
	x := newIndex(t, openDB(t), NewRegistry("official", s.URL+"/"))

	p.failAt = 2
	if err := x.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "500") {
		t.Fatalf("error %v", err)
	}
	if st := state(t, x); st.Items != 3 || st.Error == "" || !st.FetchedAt.IsZero() {
		t.Errorf("after the first page: %+v", st)
	}
	p.failAt = 0
	if err := x.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := ids(t, x, Query{Sort: "newest"}); got != "a/two a/three a/old a/one" {
		t.Errorf("items %q", got)
	}
	all := strings.Fields(ids(t, x, Query{}))
	if all[len(all)-1] != "a/old" {
		t.Errorf("a deprecated item is not the last: %q", all)
	}
	old, err := x.Item(t.Context(), "", "a/old")
	if err != nil || old.Status != Deprecated || old.StatusMessage != "use another" {
		t.Errorf("%+v, %v", old, err)
	}

	p.since = nil
	p.entries = []string{server("a/one", "deleted", "2025-04-01T00:00:00Z", true), server("a/four", "active", "2025-03-05T00:00:00Z", true)}
	if err := x.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(p.since) != "[2025-03-01T00:00:00Z]" {
		t.Errorf("asked for changes since %q", p.since)
	}
	if got := ids(t, x, Query{Sort: "newest"}); got != "a/four a/two a/three a/old" {
		t.Errorf("items %q", got)
	}

	u, err := x.Update(t.Context(), Configured{Command: "npx", Args: []string{"-y", "--package=a-four@1.1.9", "four"}})
	if err != nil || u == nil || u.Item != "a/four" || u.Latest != "1.2.0" || u.Package.Version != "1.1.9" || u.Argument != 1 || u.Word != "--package=a-four@1.2.0" {
		t.Errorf("update %+v, %v", u, err)
	}
	for _, args := range [][]string{{"a-four@1.2.0"}, {"a-four"}, {"other@1.0.0"}, nil} {
		if u, err := x.Update(t.Context(), Configured{Command: "npx", Args: args}); u != nil || err != nil {
			t.Errorf("%s: update %+v, %v", args, u, err)
		}
	}

	s.answer(text(`{"servers":[],"metadata":{"nextCursor":"again"}}`))
	if err := x.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "circle") {
		t.Errorf("error %v", err)
	}
}

func TestRunOfflineShowsTheBuiltinCatalog(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	db := openDB(t)
	x := newIndex(t, db, NewCommunity("community", s.URL))
	stop := start(t, x)
	until(t, func() bool { return state(t, x).Error != "" })
	page, err := x.Search(t.Context(), Query{Words: "file"})
	if err != nil || page.Total == 0 || page.Items[0].Source != builtin {
		t.Errorf("%+v, %v", page, err)
	}
	if _, err := x.Item(t.Context(), "", "filesystem"); err != nil {
		t.Error(err)
	}
	s.answer(text(threeItems))
	if err := x.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := ids(t, x, Query{}); got != "alpha beta gamma" {
		t.Errorf("with a source: %q", got)
	}
	stop()

	// The next start finds the cache and asks nobody, and another source in its place makes it go.
	s.asked.Store(0)
	stop = start(t, newIndex(t, db, NewCommunity("community", s.URL)))
	stop()
	if s.asked.Load() != 0 {
		t.Errorf("asked %d times", s.asked.Load())
	}
	x = newIndex(t, db)
	stop = start(t, x)
	until(t, func() bool { return !strings.Contains(ids(t, x, Query{}), "alpha") })
	stop()
}

// TestOtherSources: a running index goes over to other sources, keeps what is cached of those that stay, and forgets what
// came from elsewhere under the same name.
func TestOtherSources(t *testing.T) {
	one, two := newSite(t, text(threeItems)), newSite(t, text(`{"servers":[{"id":"delta","name":"Delta","description":"new"}]}`))
	slow := make(chan struct{})
	other := newSite(t, func(_ http.ResponseWriter, r *http.Request) {
		close(slow)
		<-r.Context().Done()
	})
	x := newIndex(t, openDB(t), NewCommunity("a", one.URL))
	defer start(t, x)()
	until(t, func() bool { return ids(t, x, Query{}) == "alpha beta gamma" })

	x.Configure([]Source{NewCommunity("a", one.URL), NewCommunity("b", two.URL+"/list.json?key=hunter2"), NewCommunity("c", other.URL)})
	until(t, func() bool { return ids(t, x, Query{Source: "b"}) == "delta" })
	states, err := x.Sources(t.Context())
	if err != nil || len(states) != 3 || states[1].URL != two.URL+"/list.json" || one.asked.Load() != 1 {
		t.Errorf("%+v, %v; the first was asked %d times", states, err, one.asked.Load())
	}

	<-slow // c is being read when it goes
	x.Configure([]Source{NewCommunity("b", one.URL)})
	until(t, func() bool { return ids(t, x, Query{}) == "alpha beta gamma" })
	if got := ids(t, x, Query{Source: "a"}) + ids(t, x, Query{Source: "c"}); got != "" {
		t.Errorf("of sources that are gone: %q", got)
	}
	if st := state(t, x); st.Name != "b" || st.Items != 3 || st.Error != "" {
		t.Errorf("state %+v", st)
	}
}

// start runs the index; the function that it returns stops it.
func start(t *testing.T, x *Index) func() {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- x.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

func until(t *testing.T, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come")
		}
	}
}

func TestDue(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for name, tt := range map[string]struct {
		s        store.MarketSource
		min, max time.Duration
	}{
		"never tried":  {store.MarketSource{}, 0, 0},
		"just read":    {store.MarketSource{TriedAt: now}, refreshEvery * 9 / 10, refreshEvery * 11 / 10},
		"long ago":     {store.MarketSource{TriedAt: now.Add(-24 * time.Hour)}, 0, 0},
		"failed once":  {store.MarketSource{TriedAt: now, Failures: 1}, 54 * time.Second, 66 * time.Second},
		"failed twice": {store.MarketSource{TriedAt: now, Failures: 2}, 108 * time.Second, 132 * time.Second},
		"failed often": {store.MarketSource{TriedAt: now, Failures: 1000}, refreshEvery * 9 / 10, refreshEvery * 11 / 10},
	} {
		if got := due(tt.s, now); got < tt.min || got > tt.max {
			t.Errorf("%s: %v, want %v to %v", name, got, tt.min, tt.max)
		}
	}
}

func TestReadmes(t *testing.T) {
	answers := map[string]http.HandlerFunc{}
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if h := answers[r.URL.Path]; h != nil {
			h(w, r)
			return
		}
		http.NotFound(w, r)
	})
	answers["/a/b/HEAD/README.md"] = text("# Hello\n<script>alert(1)</script>\x1b[2J\u202e\xff")
	answers["/a/c/main/src/x/readme.md"] = text("lower case")
	answers["/a/huge/HEAD/README.md"] = text(strings.Repeat("x", readmeLimit+1))
	db := openDB(t)
	x := newIndex(t, db)
	x.readme = s.URL
	for id, repository := range map[string]string{
		"b": "https://github.com/a/b.git", "c": "https://github.com/a/c/tree/main/src/x", "none": "https://github.com/a/none",
		"huge": "https://github.com/a/huge", "elsewhere": "http://127.0.0.1/a/b",
	} {
		if err := x.put(t.Context(), builtin, 1, Batch{Items: []Item{{ID: id, Name: id, Repository: repository}}}); err != nil {
			t.Fatal(err)
		}
	}
	for id, want := range map[string]Details{
		"b": {Readme: "# Hello\n<script>alert(1)</script>[2J", ReadmeOK: true}, "c": {Readme: "lower case", ReadmeOK: true},
		"none": {ReadmeOK: true}, "huge": {}, "elsewhere": {ReadmeOK: true},
	} {
		d, err := x.Details(t.Context(), "", id)
		if err != nil || d.Readme != want.Readme || d.ReadmeOK != want.ReadmeOK || d.Item.ID != id {
			t.Errorf("%s: %+v, %v", id, d, err)
		}
	}
	asked := s.asked.Load()
	s.Close()
	if d, err := x.Details(t.Context(), "", "b"); err != nil || !d.ReadmeOK || d.Readme == "" || s.asked.Load() != asked {
		t.Errorf("from the cache: %+v, %v", d, err)
	}
	address := readmeAddress(s.URL, "https://github.com/a/b", "")
	if err := db.MarketSetReadme(t.Context(), address, store.MarketReadme{Text: "old", FetchedAt: time.Now().Add(-48 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if d, err := x.Details(t.Context(), "", "b"); err != nil || d.ReadmeOK || d.Readme != "old" {
		t.Errorf("old and offline: %+v, %v", d, err)
	}
	if _, err := x.Details(t.Context(), "", "zzz"); !errors.Is(err, ErrUnknown) {
		t.Errorf("error %v", err)
	}
}

func TestReadmeAddress(t *testing.T) {
	for _, tt := range [][3]string{
		{"https://github.com/a/b", "", "https://raw.example/a/b/HEAD"},
		{"https://github.com/a/b.git", "src/c", "https://raw.example/a/b/HEAD/src/c"},
		{"https://github.com/a/b/tree/main/src/c", "", "https://raw.example/a/b/main/src/c"},
		{"https://github.com/a/b", "../../../x/y", "https://raw.example/a/b/HEAD/x/y"},
		{"https://github.com/a/b", "c?d#e", "https://raw.example/a/b/HEAD/c%3Fd%23e"},
		{"https://github.com/../b", "", ""},
		{"https://github.com/a", "", ""},
		{"https://github.com.evil.example/a/b", "", ""},
		{"http://169.254.169.254/a/b", "", ""},
		{"", "", ""},
	} {
		if got := readmeAddress("https://raw.example", tt[0], tt[1]); got != tt[2] {
			t.Errorf("%s %s: %q, want %q", tt[0], tt[1], got, tt[2])
		}
	}
}
