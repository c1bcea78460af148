package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// get asks a mux that has a site for what a browser asks for.
func get(t *testing.T, s site, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	other := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", s.page(other))
	mux.Handle("GET /assets/{file}", s.asset(other))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w
}

func TestSite(t *testing.T) {
	built := site{fstest.MapFS{"index.html": {Data: []byte("<p>page")}, "assets/a-1.js": {Data: []byte("run()")}, "secret.txt": {}}}
	const browser = "text/html,application/xhtml+xml,*/*;q=0.8"
	for _, c := range []struct {
		site   site
		path   string
		accept string
		status int
		cache  string
		kind   string
		body   string
	}{
		{built, "/", browser, 200, "no-store", "text/html", "<p>page"},
		{built, "/", "*/*", 418, "", "", ""},
		{built, "/assets/a-1.js", "*/*", 200, "immutable", "text/javascript", "run()"},
		{built, "/assets/b-1.js", "*/*", 418, "", "", ""},
		{built, "/secret.txt", "*/*", 404, "", "", ""},
		{site{}, "/", browser, 200, "no-store", "text/html", "make build"},
		{site{}, "/assets/a-1.js", "*/*", 418, "", "", ""},
	} {
		w := get(t, c.site, c.path, "Accept", c.accept)
		h := w.Header()
		if w.Code != c.status || !strings.Contains(h.Get("Cache-Control"), c.cache) || !strings.HasPrefix(h.Get("Content-Type"), c.kind) || !strings.Contains(w.Body.String(), c.body) {
			t.Errorf("%s for %s: %d %v %s", c.path, c.accept, w.Code, h, w.Body)
		}
		if policy := h.Get("Content-Security-Policy"); w.Code == http.StatusOK && (!strings.Contains(policy, "default-src 'none'") || h.Get("X-Content-Type-Options") != "nosniff") {
			t.Errorf("%s: headers are %v", c.path, h)
		}
	}
	tag := get(t, built, "/assets/a-1.js").Header().Get("Etag")
	if w := get(t, built, "/assets/a-1.js", "If-None-Match", tag); w.Code != http.StatusNotModified || tag == "" {
		t.Errorf("the tag %s: %d", tag, w.Code)
	}
}
