package window

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mcphub/hub/client"
	"mcphub/hub/hubtest"
)

func TestMain(m *testing.M) { hubtest.Main(m) }

// ask asks the page's loader how far the hub is.
func ask(t *testing.T, l *loader) progress {
	t.Helper()
	w := httptest.NewRecorder()
	l.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/state", nil))
	var p progress
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLoader(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(log, []byte(strings.Repeat("line\n", 100)+"last\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	retried := 0
	l := newLoader(Options{Hub: client.New("http://localhost:1"), LogFile: log, Retry: func() { retried++ }})
	if p := ask(t, l); p.State != "waiting" || p.Error != "" || p.URL != "" || l.target() != "/" {
		t.Errorf("at first: %+v", p)
	}
	if l.show("/market"); l.target() != "/market" {
		t.Errorf("the first page is %s", l.target())
	}
	l.begun = time.Now().Add(-2 * late)
	if p := ask(t, l); p.State != "waiting" || !strings.Contains(p.Error, "no hub answers") || len(p.Log) != shownLines || p.Log[shownLines-1] != "last" {
		t.Errorf("later: %+v", p)
	}
	l.fail("it is broken")
	if p := ask(t, l); p.State != "failed" || p.Error != "it is broken" || !p.Retry || len(p.Log) != shownLines {
		t.Errorf("failed: %+v", p)
	}
	l.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/retry", nil))
	if p := ask(t, l); p.State != "waiting" || retried != 1 {
		t.Errorf("tried again %d times: %+v", retried, p)
	}

	h := hubtest.Start(t, hubtest.Config("{}"))
	l.ask(client.New(h.URL))
	p := ask(t, l)
	if p.State != "ready" || !strings.HasPrefix(p.URL, h.URL+"/session?code=") {
		t.Fatalf("ready: %+v", p)
	}
	// The code lets a browser in, once.
	for _, want := range []int{http.StatusSeeOther, http.StatusUnauthorized} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("HTTP %d, want %d", resp.StatusCode, want)
		}
	}
	if again := ask(t, l); again.URL == p.URL {
		t.Error("the same code twice")
	}
	for path, want := range map[string]int{"/": 200, "/page.js": 200, "/page/inside.js": 404, "/../window.go": 404} {
		w := httptest.NewRecorder()
		l.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("%s: HTTP %d, want %d", path, w.Code, want)
		}
	}
}

func TestFree(t *testing.T) {
	dir := t.TempDir()
	for _, one := range []struct{ name, want string }{
		{"calls.jsonl", "calls.jsonl"},
		{"calls.jsonl", "calls (1).jsonl"},
		{"calls.jsonl", "calls (2).jsonl"},
		{"../../etc/passwd", "passwd"},
		{".bashrc", "download.bashrc"},
		{"", "download"},
		{"..", "download (1)"},
	} {
		path := free(dir, one.name)
		if path != filepath.Join(dir, one.want) {
			t.Errorf("%q is saved as %s", one.name, path)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWebView2(t *testing.T) {
	if err := webView2("120.0.2210.91", nil); err != nil {
		t.Error(err)
	}
	why := errors.New("access denied")
	for _, err := range []error{webView2("", nil), webView2("", why)} {
		if !errors.Is(err, ErrNoWebView2) || !strings.Contains(err.Error(), "https://") {
			t.Error(err)
		}
	}
	if !errors.Is(webView2("", why), why) {
		t.Error("it does not say why")
	}
}
