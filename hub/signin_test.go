package hub_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mcphub/hub"
	"mcphub/hub/hubtest"
	"mcphub/hub/oauth"
	"mcphub/hub/secret"
	"mcphub/hub/upstream"
)

var secured = hubtest.Script{Name: "secured", Tools: []string{hubtest.Tool("headers"), hubtest.Tool("write")}, Answers: map[string]string{
	"write": `"result":{"content":[{"type":"text","text":"written"}]}`,
}}

// kept has a hub keep its sign-ins.
func kept(s secret.Store) func(*hub.Options) { return func(o *hub.Options) { o.Secrets = s } }

// ask asks a route, and returns the status and the body of the answer.
func ask(t *testing.T, h *hubtest.Hub, method, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, h.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// begin begins a sign-in to the server one, and returns the address.
func begin(t *testing.T, h *hubtest.Hub) string {
	t.Helper()
	status, body := ask(t, h, "POST", "/api/v2/servers/one/sign-in", "")
	var address string
	if status == 200 {
		address = strings.Trim(strings.ReplaceAll(hubtest.Get(body, "authorizationUrl"), `\u0026`, "&"), `"`)
	}
	if address == "" {
		t.Fatalf("no sign-in: %d %s", status, body)
	}
	return address
}

func in(t *testing.T, h *hubtest.Hub, state upstream.State) {
	t.Helper()
	hubtest.Eventually(t, "server one is "+string(state), func() bool {
		s := h.Set().Get("one")
		return s != nil && s.Status().State == state
	})
}

// signedIn signs in to the server one.
func signedIn(t *testing.T, h *hubtest.Hub) {
	t.Helper()
	in(t, h, upstream.Authorizing)
	if status, page := hubtest.Browse(t, begin(t, h)); status != 200 {
		t.Fatalf("sign-in ended at %d %s", status, page)
	}
	h.Ready("one")
}

func auth(t *testing.T, h *hubtest.Hub, key string) string {
	t.Helper()
	_, body := ask(t, h, "GET", "/api/v2/servers/one/auth", "")
	return strings.Trim(hubtest.Get(body, key), `"`)
}

func TestSignIn(t *testing.T) {
	i, store := hubtest.NewIssuer(t), &oauth.Memory{}
	i.Life, i.Supported = time.Hour, []string{"read", "offline_access"}
	text := hubtest.Config("{}", "one", hubtest.Protected(t, secured, i, []string{"read"}, nil))
	redact := secret.NewRedactor()
	h := hubtest.Start(t, text, kept(store), func(o *hub.Options) { o.Redact = redact })
	in(t, h, upstream.Authorizing)
	if st := h.Set().Get("one").Status(); !strings.HasPrefix(st.Health.Action, "Sign in") || st.Health.Level != upstream.LevelError {
		t.Errorf("health is %+v", st.Health)
	}
	// Clients of mcp-hub are shown the address; it stays the same while they look again and again.
	_, old := ask(t, h, "POST", "/api/servers/info", `{"server_name":"one"}`)
	_, again := ask(t, h, "POST", "/api/servers/info", `{"server_name":"one"}`)
	shown := hubtest.Get(old, "server", "authorizationUrl")
	if hubtest.Get(old, "server", "status") != `"unauthorized"` || !strings.Contains(shown, i.URL+"/authorize?") || shown != hubtest.Get(again, "server", "authorizationUrl") {
		t.Errorf("old view: %s", old)
	}
	if auth(t, h, "state") != "needed" || auth(t, h, "issuer") != i.URL {
		t.Error("the sign-in is not shown as needed")
	}
	address := begin(t, h)
	status, page := hubtest.Browse(t, address)
	if status != 200 || !strings.Contains(page, "signed in to one") || !strings.Contains(page, "window.close()") {
		t.Fatalf("the page: %d %s", status, page)
	}
	h.Ready("one")
	q := i.Asked[0]
	if q.Get("scope") != "read offline_access" || !strings.HasSuffix(q.Get("resource"), "/mcp") || len(q.Get("state")) < 22 ||
		q.Get("redirect_uri") != fmt.Sprintf("http://localhost:%d/api/oauth/callback?server_name=one", h.Port()) {
		t.Errorf("asked for %v", q)
	}
	if i.Count("register") != 1 {
		t.Errorf("registered %d times", i.Count("register"))
	}
	// The server gets the token, and nothing that the client showed.
	c := h.Modern("/mcp/one")
	c.Header.Set("Cookie", "key=the-client's-own")
	headers := c.Tool("headers", "{}").Text()
	if !strings.Contains(headers, "Bearer ") || strings.Contains(headers, "the-client's-own") {
		t.Errorf("the server got the headers %s", headers)
	}
	for key, want := range map[string]string{"state": "signed-in", "client": "registered", "renewable": "true", "lasting": "true", "scopes": `["read","offline_access"]`} {
		if got := auth(t, h, key); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	if redact.Mask(headers) == headers {
		t.Error("the token would not be masked if the server repeated it")
	}
	// No token is shown anywhere.
	for _, path := range []string{"/api/health", "/api/v2/servers", "/api/v2/servers/one/auth", "/api/v2/servers/one/logs", "/api/v2/config/effective"} {
		_, body := ask(t, h, "GET", path, "")
		for _, token := range i.Tokens() {
			if strings.Contains(body, token) {
				t.Errorf("%s shows a token: %s", path, body)
			}
		}
	}
	// The address serves once.
	if status, page := hubtest.Browse(t, address); status != 400 || strings.Contains(page, "window.close()") {
		t.Errorf("the same address again: %d %s", status, page)
	}
	// Another hub with the same secrets needs no sign-in.
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}
	h = hubtest.Start(t, text, kept(store)).Ready("one")
	if status, body := ask(t, h, "POST", "/api/v2/servers/one/sign-out", ""); status != 200 || hubtest.Get(body, "state") != `"needed"` {
		t.Errorf("sign out: %d %s", status, body)
	}
	in(t, h, upstream.Authorizing)
	left, err := store.List(t.Context())
	if err != nil || slices.ContainsFunc(left, func(name string) bool { return strings.HasPrefix(name, "oauth/token/") }) {
		t.Errorf("the store still has %v (%v)", left, err)
	}
	if i.Count("revoke refresh_token") != 1 || i.Count("revoke access_token") != 1 || len(i.Tokens()) != 0 {
		t.Errorf("not revoked: %v", i.Log)
	}
}

// TestSignInIsRenewed: many calls that find the token refused renew it once, and it is renewed before it ends.
func TestSignInIsRenewed(t *testing.T) {
	i := hubtest.NewIssuer(t)
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Protected(t, secured, i, nil, nil)))
	signedIn(t, h)
	i.Forget(false)
	var work sync.WaitGroup
	for range 20 {
		work.Go(func() {
			if a := h.Modern("/mcp/one").Tool("write", "{}"); !strings.Contains(a.Text(), "written") {
				t.Errorf("a call: %s", a.Text())
			}
		})
	}
	work.Wait()
	if n := i.Count("token refresh_token"); n != 1 {
		t.Errorf("renewed %d times", n)
	}
	if st := h.Set().Get("one").Status(); st.State != upstream.Ready {
		t.Errorf("state is %s", st.State)
	}
	i.Change(func(i *hubtest.Issuer) { i.Life = 2 * time.Second })
	i.Forget(false)
	h.Modern("/mcp/one").Tool("write", "{}")
	before := i.Count("token refresh_token")
	hubtest.Eventually(t, "it is renewed in time, again and again", func() bool { return i.Count("token refresh_token") >= before+2 })
	if st := h.Set().Get("one").Status(); st.State != upstream.Ready || st.Failures != 0 {
		t.Errorf("state is %s", st.State)
	}
}

// TestTwoHubsRenewOnce: hubs that share their secrets never use a refresh token twice, which would make it worthless for both.
func TestTwoHubsRenewOnce(t *testing.T) {
	i, store, dir := hubtest.NewIssuer(t), hubtest.Secrets(), t.TempDir()
	text := hubtest.Config("{}", "one", hubtest.Protected(t, secured, i, nil, nil))
	start := func() *hubtest.Hub { return hubtest.StartIn(t, dir, text, kept(store)) }
	first := start()
	signedIn(t, first)
	second := start().Ready("one")
	for round := 1; round <= 5; round++ {
		i.Forget(false)
		var work sync.WaitGroup
		for _, h := range []*hubtest.Hub{first, second, first, second} {
			work.Go(func() {
				if a := h.Modern("/mcp/one").Tool("write", "{}"); !strings.Contains(a.Text(), "written") {
					t.Errorf("round %d: %s", round, a.Text())
				}
			})
		}
		work.Wait()
		if n := i.Count("token refresh_token"); n != round {
			t.Fatalf("round %d: renewed %d times", round, n)
		}
	}
}

// TestRenewalFails: a server whose sign-in cannot be renewed is never ready in silence.
func TestRenewalFails(t *testing.T) {
	for name, c := range map[string]struct {
		life time.Duration
		call bool // else nobody calls
	}{
		"found by a call":      {0, true},
		"found by the renewal": {2 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := hubtest.NewIssuer(t)
			i.Life = c.life
			h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Protected(t, secured, i, nil, nil)))
			signedIn(t, h)
			i.Forget(true)
			if c.call {
				if a := h.Modern("/mcp/one").Tool("write", "{}"); !strings.Contains(a.Text(), "sign in") {
					t.Errorf("the call: %s", a.Text())
				}
			}
			in(t, h, upstream.Authorizing)
			if why := auth(t, h, "why"); !strings.Contains(why, "invalid_grant") {
				t.Errorf("why is %q", why)
			}
			_, body := ask(t, h, "POST", "/api/servers/info", `{"server_name":"one"}`)
			if hubtest.Get(body, "server", "authorizationUrl") == "null" {
				t.Errorf("there is no address to sign in at: %s", body)
			}
			i.Change(func(i *hubtest.Issuer) { i.Life = 0 })
			signedIn(t, h)
		})
	}
}

// TestIssuerOutOfOrder: that passes by itself, so nobody has to sign in again.
func TestIssuerOutOfOrder(t *testing.T) {
	i := hubtest.NewIssuer(t)
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Protected(t, secured, i, nil, nil)))
	signedIn(t, h)
	i.Change(func(i *hubtest.Issuer) { i.Down = true })
	i.Forget(false)
	if a := h.Modern("/mcp/one").Tool("write", "{}"); !strings.Contains(a.Text(), "503") {
		t.Errorf("a call: %s", a.Text())
	}
	h.Set().Get("one").Restart()
	in(t, h, upstream.Retrying)
	i.Change(func(i *hubtest.Issuer) { i.Down = false })
	h.Ready("one")
}

// TestStepUp: a call that needs more than the sign-in reaches fails, and works after a sign-in that asks for all of it.
func TestStepUp(t *testing.T) {
	i := hubtest.NewIssuer(t)
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Protected(t, secured, i, []string{"read"}, map[string]string{"write": "write"})))
	signedIn(t, h)
	c := h.Modern("/mcp/one")
	if a := c.Tool("write", "{}"); !strings.Contains(a.Text(), "sign in again") {
		t.Errorf("the call: %s", a.Text())
	}
	if a := c.Tool("headers", "{}"); a.Get("error") != "" {
		t.Errorf("another call: %s", a.Text())
	}
	hubtest.Eventually(t, "it is shown", func() bool {
		st := h.Set().Get("one").Status()
		return st.State == upstream.Ready && st.Health.Action == "Sign in again." && auth(t, h, "state") == "more"
	})
	if got := auth(t, h, "missing"); got != `["write"]` {
		t.Errorf("missing is %s", got)
	}
	if status, page := hubtest.Browse(t, begin(t, h)); status != 200 {
		t.Fatalf("%d %s", status, page)
	}
	if got := i.Asked[1].Get("scope"); got != "read write" {
		t.Errorf("asked for %q", got)
	}
	if a := c.Tool("write", "{}"); !strings.Contains(a.Text(), "written") {
		t.Errorf("the call after it: %s", a.Text())
	}
	hubtest.Eventually(t, "nothing is missing", func() bool {
		return h.Set().Get("one").Status().Health.Level == upstream.LevelOK && auth(t, h, "state") == "signed-in"
	})
	// A server that is never satisfied is not asked for ever.
	endless := hubtest.Protected(t, secured, i, []string{"read"}, map[string]string{"write": "admin"})
	h.Rewrite(hubtest.Config("{}", "one", endless))
	i.Change(func(i *hubtest.Issuer) { i.Return = nil })
	signedIn(t, h)
	for n := 0; ; n++ {
		h.Modern("/mcp/one").Tool("write", "{}")
		status, body := ask(t, h, "POST", "/api/servers/authorize", `{"server_name":"one"}`)
		if n == 0 && status == 200 {
			i.Change(func(i *hubtest.Issuer) { i.Downgrade = true })
		}
		if strings.Contains(auth(t, h, "why"), "signing in again does not give") {
			break
		}
		if n > 2 || status != 200 {
			t.Fatalf("sign-in %d: %d %s", n, status, body)
		}
		hubtest.Browse(t, begin(t, h))
	}
}

// TestMachine: with the grant for machines nobody signs in.
func TestMachine(t *testing.T) {
	i := hubtest.NewIssuer(t)
	i.Clients["robot"], i.Life = "s3cret &:", 2*time.Second
	t.Setenv("ROBOT_SECRET", "s3cret &:")
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Protected(t, secured, i, nil, map[string]string{"write": "write"})+
		`,"oauth":{"grant":"client_credentials","clientId":"robot","clientSecret":"${ROBOT_SECRET}","scopes":["read"]}`)).Ready("one")
	if a := h.Modern("/mcp/one").Tool("write", "{}"); !strings.Contains(a.Text(), "written") {
		t.Errorf("a call that needs more: %s", a.Text())
	}
	if auth(t, h, "machine") != "true" || auth(t, h, "state") != "signed-in" || auth(t, h, "clientId") != "robot" {
		t.Error("the sign-in is not shown")
	}
	n := i.Count("token client_credentials")
	hubtest.Eventually(t, "it is renewed", func() bool { return i.Count("token client_credentials") > n })
	if status, body := ask(t, h, "POST", "/api/v2/servers/one/sign-in", ""); status != 409 || !strings.Contains(body, "NO_SIGN_IN") {
		t.Errorf("sign in: %d %s", status, body)
	}
	i.Change(func(i *hubtest.Issuer) { i.Clients["robot"] = "another" })
	in(t, h, upstream.Authorizing)
	if why := h.Set().Get("one").Status().Err; !strings.Contains(why, "invalid_client") {
		t.Errorf("why is %q", why)
	}
}

// TestRedirectPort: a client that was registered by hand with an address of its own comes back there.
func TestRedirectPort(t *testing.T) {
	i := hubtest.NewIssuer(t)
	i.Clients["mine"] = "hush"
	port := freePort(t)
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Protected(t, secured, i, nil, nil)+
		fmt.Sprintf(`,"oauth":{"clientId":"mine","clientSecret":"hush","redirectPort":%d,"redirectPath":"/callback"}`, port)))
	in(t, h, upstream.Authorizing)
	if isOpen(port) {
		t.Error("the port is open although nobody signs in")
	}
	signedIn(t, h)
	if got := i.Asked[0].Get("redirect_uri"); got != fmt.Sprintf("http://localhost:%d/callback", port) {
		t.Errorf("the redirect URL is %s", got)
	}
	if i.Count("register") != 0 || auth(t, h, "client") != "configured" {
		t.Error("the hub registered itself")
	}
	hubtest.Eventually(t, "the port is closed", func() bool { return !isOpen(port) })
}

func isOpen(port int) bool {
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err == nil {
		_ = c.Close()
	}
	return err == nil
}

func freePort(t *testing.T) int {
	t.Helper()
	h := hubtest.Start(t, "{\"mcpServers\":{}}")
	defer func() { _ = h.Stop() }()
	return h.Port()
}

// TestManualCallback: where the browser cannot reach the hub, the person hands in the address at which it ended.
func TestManualCallback(t *testing.T) {
	i := hubtest.NewIssuer(t)
	var opened []string
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Protected(t, secured, i, nil, nil)), func(o *hub.Options) {
		o.OpenURL = func(address string) bool { opened = append(opened, address); return true }
	})
	in(t, h, upstream.Authorizing)
	if len(opened) != 0 {
		t.Errorf("a browser was opened unasked: %v", opened)
	}
	status, body := ask(t, h, "POST", "/api/servers/authorize", `{"server_name":"one"}`)
	address := strings.Trim(hubtest.Get(body, "authorizationUrl"), `"`)
	if status != 200 || len(opened) != 1 || opened[0] != address {
		t.Fatalf("authorize: %d %s, opened %v", status, body, opened)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	pasted := resp.Header.Get("Location")
	if !strings.Contains(pasted, "code=") || !strings.Contains(pasted, "server_name=one") { // the plugin looks for both
		t.Errorf("the address is %s", pasted)
	}
	status, body = ask(t, h, "POST", "/api/oauth/manual_callback", `{"url":"`+pasted+`"}`)
	if status != 200 || hubtest.Get(body, "message") != `"Authorization successful for server 'one'"` || hubtest.Get(body, "server_name") != `"one"` {
		t.Errorf("%d %s", status, body)
	}
	if h.Set().Get("one").Status().State != upstream.Ready {
		t.Error("the answer came before the server was ready")
	}
	status, body = ask(t, h, "POST", "/api/oauth/manual_callback", `{"url":"`+pasted+`"}`)
	if status != 500 || hubtest.Get(body, "code") != `"MANUAL_OAUTH_CALLBACK_ERROR"` || strings.Contains(body, "state=") {
		t.Errorf("the same again: %d %s", status, body)
	}
}

// TestImport: tokens of mcp-hub are taken over, and renewed with the client that they were given to.
func TestImport(t *testing.T) {
	i, store := hubtest.NewIssuer(t), &oauth.Memory{}
	entry := hubtest.Protected(t, secured, i, nil, nil)
	first := hubtest.Start(t, hubtest.Config("{}", "one", entry), kept(store))
	signedIn(t, first)
	names, err := store.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var record string
	for _, name := range names {
		if text, err := store.Get(t.Context(), name); err == nil && strings.HasPrefix(name, "oauth/token/one-") {
			record = text.Reveal()
		}
	}
	address := strings.Trim(strings.TrimPrefix(entry, `"url":`), `"`)
	old := fmt.Sprintf(`{"http://127.0.0.1:9/mcp":{"clientInfo":null,"tokens":null,"codeVerifier":null},%q:{"clientInfo":{"client_id":%s,"token_endpoint_auth_method":"none"},"tokens":{"access_token":%s,"refresh_token":%s,"expires_in":3600,"scope":"mcp"},"codeVerifier":"x"}}`,
		address, hubtest.Get(record, "client", "id"), hubtest.Get(record, "accessToken"), hubtest.Get(record, "refreshToken"))
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	i.Forget(false) // it has ended long ago

	h := hubtest.Start(t, hubtest.Config("{}", "one", entry), kept(&oauth.Memory{}))
	in(t, h, upstream.Authorizing)
	for _, wrong := range []string{`[]`, `{"x":{}}`, `"text"`} {
		if status, body := ask(t, h, "POST", "/api/v2/oauth/import", wrong); status != 422 {
			t.Errorf("%s: %d %s", wrong, status, body)
		}
	}
	status, body := ask(t, h, "POST", "/api/v2/oauth/import", old)
	if status != 200 || hubtest.Get(body, "hosts") != `["`+strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/mcp")+`"]` {
		t.Errorf("%d %s", status, body)
	}
	h.Ready("one")
	if i.Count("token refresh_token") != 1 {
		t.Errorf("asked for %v", i.Log)
	}
}

// TestRegistrationPerPort: the redirect URL names the hub's port, so another port is another registration.
func TestRegistrationPerPort(t *testing.T) {
	i, store := hubtest.NewIssuer(t), &oauth.Memory{}
	text := hubtest.Config("{}", "one", hubtest.Protected(t, secured, i, nil, nil))
	shared := func(dir string) func(*hub.Options) {
		return func(o *hub.Options) { o.Secrets, o.StateDir = store, dir }
	}(t.TempDir())
	a := hubtest.Start(t, text, shared)
	in(t, a, upstream.Authorizing)
	b := hubtest.Start(t, text, shared)
	in(t, b, upstream.Authorizing)
	if i.Count("register") != 2 {
		t.Errorf("registered %d times", i.Count("register"))
	}
	signedIn(t, a)
	a.Set().Get("one").Restart()
	a.Ready("one")
	b.Set().Get("one").Start() // it finds what the other hub has left
	b.Ready("one")
	// Both renew with the same refresh token, which serves once.
	i.Forget(false)
	var work sync.WaitGroup
	for _, h := range []*hubtest.Hub{a, b} {
		work.Go(func() {
			if answer := h.Modern("/mcp/one").Tool("write", "{}"); !strings.Contains(answer.Text(), "written") {
				t.Errorf("a call: %s", answer.Text())
			}
		})
	}
	work.Wait()
}

// TestEventOfLostSignIn: those who watch are told.
func TestEventOfLostSignIn(t *testing.T) {
	i := hubtest.NewIssuer(t)
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Protected(t, secured, i, nil, nil)))
	signedIn(t, h)
	ctx, cancel := context.WithTimeout(t.Context(), hubtest.Patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.URL+"/api/v2/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	i.Forget(true)
	h.Modern("/mcp/one").Tool("write", "{}")
	var seen strings.Builder
	for b := make([]byte, 4096); !strings.Contains(seen.String(), `"authorizing"`); {
		n, err := resp.Body.Read(b)
		seen.Write(b[:n])
		if err != nil {
			t.Fatalf("the stream ended with %v: %s", err, &seen)
		}
	}
}
