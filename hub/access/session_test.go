package access_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"mcphub/hub"
	"mcphub/hub/access"
	"mcphub/hub/hubtest"
)

// TestSessionBegins: a code opens one session, whose cookie is for the hub's pages alone, and leaves no trace.
func TestSessionBegins(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}"))
	path := codePath(t, h)
	refused := func(what string, a answer, status int) {
		t.Helper()
		if a.status != status || a.header.Get("Set-Cookie") != "" || strings.Contains(a.body, "<script") {
			t.Errorf("%s: %d %v %s", what, a.status, a.header, a.body)
		}
	}
	// What looks at an address before the person does must not use it up.
	refused("HEAD", ask(t, addressOf(h), "HEAD "+path, browser...), 401)
	refused("prefetch", ask(t, addressOf(h), "GET "+path, append(browser, "Sec-Purpose: prefetch;prerender")...), 401)
	refused("image of a page", ask(t, addressOf(h), "GET "+path, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"), 401)
	refused("POST", ask(t, addressOf(h), "POST "+path), 401)
	refused("foreign host", ask(t, addressOf(h), "GET "+path, append(browser, "Host: evil.example")...), 403)
	refused("made up", ask(t, addressOf(h), "GET /session?code=%3Cscript%3Ealert(1)%3C/script%3E", browser...), 401)
	refused("none", ask(t, addressOf(h), "GET /session?code=", browser...), 401)
	refused("cut off", ask(t, addressOf(h), "GET "+path[:len(path)-1], browser...), 401)

	a := ask(t, addressOf(h), "GET "+path, append(browser, "Cookie: mcp-hub-1=x")...)
	c, err := http.ParseSetCookie(a.header.Get("Set-Cookie"))
	if err != nil || a.status != http.StatusSeeOther || a.header.Get("Location") != "/" {
		t.Fatalf("%v: %d %v", err, a.status, a.header)
	}
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.Name != fmt.Sprintf("mcp-hub-%d", h.Port()) || len(c.Value) < 26 {
		t.Errorf("cookie: %+v", c)
	}
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Referrer-Policy") != "same-origin" {
		t.Errorf("headers: %v", a.header)
	}
	refused("used already", ask(t, addressOf(h), "GET "+path, browser...), 401)
}

// TestSessionEnds: a session outlives the hub that began it, and ends with the token.
func TestSessionEnds(t *testing.T) {
	dir, store := t.TempDir(), hubtest.Secrets()
	options := func(o *hub.Options) { o.StateDir, o.Secrets = dir, store }
	first := hubtest.Start(t, hubtest.Config("{}"), options)
	_, cookie, _ := strings.Cut(session(t, first), "=")
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	h := hubtest.Start(t, hubtest.Config("{}"), func(o *hub.Options) { options(o); o.RequireToken = true })
	cookie = fmt.Sprintf("Cookie: mcp-hub-%d=stale; mcp-hub-%d=%s", h.Port(), h.Port(), cookie)
	status := func(headers ...string) int {
		return ask(t, addressOf(h), "GET /api/v2/config/files", append(headers, cookie)...).status
	}
	for _, own := range []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: none", "Origin: http://$HOST", "X: old browser"} {
		if got := status(own); got != 200 {
			t.Errorf("%s: %d", own, got)
		}
	}
	stream := h.Raw("/api/v2/stream")
	stream.Header.Set("Cookie", strings.TrimPrefix(cookie, "Cookie: "))
	events := stream.Listen()
	if _, err := access.OpenKeys(dir, store, nil).Renew(t.Context()); err != nil { // as a command does
		t.Fatal(err)
	}
	events.Rest()
	if got := status("Sec-Fetch-Site: same-origin"); got != 401 {
		t.Errorf("with the session of an old token: %d", got)
	}
}

// TestDoor: a person who comes without a session is told how to get in, and can use the token.
func TestDoor(t *testing.T) {
	store := hubtest.Secrets()
	h := hubtest.Start(t, hubtest.Config("{}"), func(o *hub.Options) { o.Secrets, o.StateDir = store, t.TempDir() })
	limited := h.Token("reader", `"readOnly":true`)
	h = hubtest.Start(t, hubtest.Config("{}"), func(o *hub.Options) { o.Secrets, o.StateDir, o.RequireToken = store, t.TempDir(), true })
	token, err := store.Get(t.Context(), "access/token")
	if err != nil {
		t.Fatal(err)
	}
	a := ask(t, addressOf(h), "GET /", browser...)
	if a.status != 401 || !strings.Contains(a.body, "mcp-hub open") || !strings.Contains(a.body, "<form") || !strings.Contains(a.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	// The browser leaves the cookie out when another site leads here; asked again by this page it does not.
	a = ask(t, addressOf(h), "GET /", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Accept: text/html")
	if a.status != 200 || !strings.Contains(a.body, `http-equiv="refresh"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	sign := func(token string, headers ...string) answer {
		return ask(t, addressOf(h), "POST /session?body=token="+token, append(headers, "Content-Type: application/x-www-form-urlencoded")...)
	}
	for _, x := range []struct {
		token  string
		origin string
		status int
	}{
		{token.Reveal(), "Origin: http://evil.example", 403},
		{token.Reveal(), "Sec-Fetch-Site: cross-site", 401},
		{token.Reveal(), "X: no page", 401},
		{"mcphub_WRONG", "Origin: http://$HOST", 401},
		{limited, "Origin: http://$HOST", 401},
		{token.Reveal(), "Origin: http://$HOST", 303},
	} {
		a := sign(x.token, x.origin)
		if a.status != x.status || (a.header.Get("Set-Cookie") != "") != (x.status == 303) {
			t.Errorf("%s: %d %v %s", x.origin, a.status, a.header, a.body)
		}
	}
	// A code is for who may do anything already.
	if a := ask(t, addressOf(h), "POST /api/v2/session-codes", "Authorization: Bearer "+token.Reveal()); a.status != 201 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestGuessing: who tries tokens is slowed down and then turned away, and nobody else is.
func TestGuessing(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}"))
	good := "Authorization: Bearer " + h.Token("good", "")
	results := make(chan int, 100)
	for i := range cap(results) {
		go func() {
			results <- ask(t, addressOf(h), "GET /api/health", fmt.Sprintf("Authorization: Bearer mcphub_%d", i)).status
		}()
	}
	var seen []int
	for range cap(results) / 2 {
		seen = append(seen, <-results)
	}
	if a := ask(t, addressOf(h), "GET /api/health", good); a.status != 200 {
		t.Errorf("the right token, meanwhile: %d %s", a.status, a.body)
	}
	if a := ask(t, addressOf(h), "GET /api/health"); a.status != 200 {
		t.Errorf("the person, meanwhile: %d %s", a.status, a.body)
	}
	for range cap(results) / 2 {
		seen = append(seen, <-results)
	}
	if !slices.Contains(seen, 429) || !slices.Contains(seen, 401) || slices.Contains(seen, 200) {
		t.Errorf("guesses got %v", seen)
	}
}
