package hub_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"mcphub/hub"
	"mcphub/hub/hubtest"
)

// TestUpdates: a hub looks for newer versions where its configuration says so, tells of them, and does nothing else.
func TestUpdates(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, `{"version":"1.2.3","date":"2026-11-28","notes":"https://example.com/notes","files":[]}`)
	}))
	t.Cleanup(site.Close)
	h := hubtest.Start(t, hubtest.Config(`{}`), func(o *hub.Options) { o.Version, o.Feed = "1.2.2", site.URL })
	told := func() string {
		resp, err := http.Get(h.URL + "/api/v2/version")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if got := told(); got != `{"version":"1.2.2","compatible":"4.2.1","feed":""}`+"\n" || asked.Load() != 0 {
		t.Errorf("switched off it says %s and has asked %d times", got, asked.Load())
	}
	h.Rewrite(hubtest.Config(`{"updates":{"check":true}}`))
	const newer = `"newer":{"version":"1.2.3","date":"2026-11-28","notes":"https://example.com/notes"}`
	hubtest.Eventually(t, "the hub tells of the newer version", func() bool { return strings.Contains(told(), newer) })
	if asked.Load() != 1 {
		t.Errorf("it has asked %d times", asked.Load())
	}
	h.Rewrite(hubtest.Config(`{"updates":{"check":false}}`))
	hubtest.Eventually(t, "it is switched off", func() bool { return strings.Contains(told(), `"feed":""`) })
}
