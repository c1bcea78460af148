package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"mcphub/hub"
	"mcphub/hub/hubtest"
	"mcphub/hub/market"
)

// TestMarketplace: the routes of mcp-hub 4.2.1 answer from the sources, and from the cache when these are gone.
func TestMarketplace(t *testing.T) {
	var asked, down atomic.Int32
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		if down.Load() > 0 {
			http.Error(w, "gone", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, `{"version":"1","generatedAt":1,"totalServers":2,"servers":[
			{"id":"alpha","name":"Alpha","description":"first server","author":"a","url":"https://gitlab.invalid/a","category":"dev","tags":["x"],
			 "installations":[{"name":"npx","config":"{\"command\":\"npx\",\"args\":[\"-y\",\"alpha\"]}","parameters":[]}],"stars":5,"lastCommit":200,"featured":true},
			{"id":"beta","name":"Beta","description":"second","author":"b","url":"https://gitlab.invalid/b","category":"web","tags":[],"installations":[],"stars":50,"lastCommit":100}]}`)
	}))
	defer registry.Close()
	o := options(t, 0)
	o.StateDir = t.TempDir()
	for round := range 2 {
		o.Sources = []market.Source{market.NewCommunity("community", registry.URL)}
		h, err := hub.New(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.Run(ctx) }()
		url := "http://127.0.0.1:" + strconv.Itoa(h.Port())
		get := func(query string) string {
			var page struct {
				Servers []struct {
					ID            string
					Installations []any
				}
			}
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/marketplace"+query, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if err := json.NewDecoder(resp.Body).Decode(&page); err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("%s: %d %v", query, resp.StatusCode, err)
			}
			var ids []string
			for _, s := range page.Servers {
				ids = append(ids, s.ID)
				if s.Installations == nil {
					t.Errorf("%s: installations is no list", s.ID)
				}
			}
			return strings.Join(ids, " ")
		}
		if round == 0 && asked.Load() != 0 {
			t.Error("a source was asked before anybody wanted to know")
		}
		for query, want := range map[string]string{"?sort=name": "alpha beta", "?sort=stars": "beta alpha", "?search=first": "alpha", "?category=web": "beta", "?tags=x": "alpha", "?search=zzz": ""} {
			if got := get(query); got != want {
				t.Errorf("round %d, %s: %q, want %q", round, query, got, want)
			}
		}
		details := post(t, url+"/api/marketplace/details", `{"mcpId":"beta"}`)
		if !strings.Contains(details, `"server":{"readmeContent":null,"server":{"id":"beta"`) {
			t.Errorf("details: %s", details)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		down.Store(1) // the next hub has only the cache
	}
}

// TestMarketSources: the configuration changes the sources that the hub has itself and adds others, also while it runs.
func TestMarketSources(t *testing.T) {
	asked := make(chan string, 100)
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		_, _ = io.WriteString(w, `{"servers":[{"id":"a","name":"A"}]}`)
	}))
	defer registry.Close()
	o := options(t, 0)
	o.StateDir, o.Watch = t.TempDir(), true
	o.Sources = []market.Source{market.NewCommunity("community", registry.URL+"/own"), market.NewCommunity("other", registry.URL+"/other")}
	file := filepath.Join(o.Config.Dir, "none.json")
	configure := func(sources string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(`{"hub":{"marketplace":{"sources":[`+sources+`]}}}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	configure(`{"name":"community","url":"` + registry.URL + `/theirs"},{"name":"other","type":"community","disabled":true},{"name":"third","type":"community","disabled":true}`)
	h, err := hub.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	hubtest.Background(t, h.Run)
	url := "http://127.0.0.1:" + strconv.Itoa(h.Port()) + "/api/v2/marketplace/refresh"
	states := func() string {
		var answer struct {
			Sources []struct {
				Name, URL string
				Items     int
			}
		}
		if err := json.Unmarshal([]byte(post(t, url, "")), &answer); err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, s := range answer.Sources {
			all = append(all, fmt.Sprintf("%s %s %d", s.Name, strings.TrimPrefix(s.URL, registry.URL), s.Items))
		}
		return strings.Join(all, ", ")
	}
	if got := states(); got != "community /theirs 1" {
		t.Errorf("sources %q", got)
	}
	for len(asked) > 0 {
		if path := <-asked; path != "/theirs" {
			t.Errorf("%s was asked", path)
		}
	}
	configure(`{"name":"third","type":"community","url":"` + registry.URL + `/third"}`)
	hubtest.Eventually(t, "the hub has its own sources and a third", func() bool {
		return states() == "community /own 1, other /other 1, third /third 1"
	})
}
