package hub_test

import (
	"strconv"
	"testing"

	"mcphub/hub"
	"mcphub/hub/hubtest"
)

// TestOpenURL: only web pages are opened, and it is told if there is no browser.
func TestOpenURL(t *testing.T) {
	var opened []string
	browser := true
	h := hubtest.Start(t, hubtest.Config("{}"), func(o *hub.Options) {
		o.OpenURL = func(address string) bool { opened = append(opened, address); return browser }
	})
	for url, want := range map[string]string{
		"https://example.com/a?b=c#d": "https://example.com/a?b=c#d", "http://localhost:1/": "http://localhost:1/",
		"HTTPS://example.com/ü $(x)": "https://example.com/%C3%BC%20$%28x%29",
		"file:///etc/passwd":         "", "javascript:alert(1)": "", "vscode://x/y": "", "https:///path": "", "//example.com": "", "--help": "",
		"https://me:secret@example.com/": "", "": "",
	} {
		opened = nil
		status, body := ask(t, h, "POST", "/api/v2/open-url", `{"url":`+strconv.Quote(url)+`}`)
		switch {
		case want == "" && (status != 422 || len(opened) > 0):
			t.Errorf("%q: %d %s, opened %q", url, status, body, opened)
		case want != "" && (status != 204 || len(opened) != 1 || opened[0] != want):
			t.Errorf("%q: %d %s, opened %q, want %q", url, status, body, opened, want)
		}
	}
	browser = false
	if status, body := ask(t, h, "POST", "/api/v2/open-url", `{"url":"https://example.com/"}`); status != 409 || hubtest.Get(body, "code") != `"NO_BROWSER"` {
		t.Errorf("without a browser: %d %s", status, body)
	}
	bare := hubtest.Start(t, hubtest.Config("{}"))
	if status, body := ask(t, bare, "POST", "/api/v2/open-url", `{"url":"https://example.com/"}`); status != 409 {
		t.Errorf("with none ever: %d %s", status, body)
	}
}
