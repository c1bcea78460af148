package hub_test

import (
	"net/url"
	"strings"
	"testing"

	"mcphub/hub/hubtest"
	"mcphub/hub/upstream"
)

// TestForgedAnswers: what comes back from another place than the one that was asked signs nobody in.
func TestForgedAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*hubtest.Issuer)
		status int
		page   string
		token  bool // a token was asked for
	}{
		"as it should be":    {func(*hubtest.Issuer) {}, 200, "signed in", true},
		"another issuer":     {func(i *hubtest.Issuer) { i.Return = set("iss", "https://evil.example") }, 400, "tampered", false},
		"a slash more":       {func(i *hubtest.Issuer) { i.Return = set("iss", i.URL+"/") }, 400, "tampered", false},
		"no issuer":          {func(i *hubtest.Issuer) { i.Return = unset("iss") }, 400, "tampered", false},
		"an error of others": {func(i *hubtest.Issuer) { i.Deny, i.Return = "<b>gone</b>", set("iss", "https://evil.example") }, 400, "tampered", false},
		"another issuer, not announced": {func(i *hubtest.Issuer) {
			i.Document, i.Return = announceNothing, set("iss", "https://evil.example")
		}, 400, "tampered", false},
		"no issuer, not announced":  {func(i *hubtest.Issuer) { i.Document, i.Return = announceNothing, unset("iss") }, 200, "signed in", true},
		"the person refuses":        {func(i *hubtest.Issuer) { i.Deny = "access_denied" }, 400, "access_denied", false},
		"an error with markup":      {func(i *hubtest.Issuer) { i.Deny = "<script>alert(1)</script>" }, 400, "&lt;script&gt;", false},
		"another state":             {func(i *hubtest.Issuer) { i.Return = set("state", "GUESSED") }, 400, "not begun here", false},
		"no state":                  {func(i *hubtest.Issuer) { i.Return = unset("state") }, 400, "not begun here", false},
		"another server":            {func(i *hubtest.Issuer) { i.Return = set("server_name", "two") }, 400, "not begun here", false},
		"a code of another sign-in": {func(i *hubtest.Issuer) { i.Return = set("code", "STOLEN") }, 400, "invalid_grant", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := hubtest.NewIssuer(t)
			c.change(i)
			h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Protected(t, secured, i, nil, nil), "two", `"command":"x","disabled":true`))
			in(t, h, upstream.Authorizing)
			status, page := hubtest.Browse(t, begin(t, h))
			if status != c.status || !strings.Contains(page, c.page) || strings.Contains(page, "<script>alert") || strings.Contains(page, "evil.example") {
				t.Errorf("%d %s", status, page)
			}
			if got := i.Count("token authorization_code") > 0; got != c.token {
				t.Errorf("a token was asked for: %v, want %v", got, c.token)
			}
		})
	}
}

func set(key, value string) func(url.Values) { return func(q url.Values) { q.Set(key, value) } }
func unset(key string) func(url.Values)      { return func(q url.Values) { q.Del(key) } }

func announceNothing(doc map[string]any) {
	delete(doc, "authorization_response_iss_parameter_supported")
}

// TestMixUp: a code of one authorization server never goes to another.
func TestMixUp(t *testing.T) {
	honest, evil := hubtest.NewIssuer(t), hubtest.NewIssuer(t)
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Protected(t, secured, evil, nil, nil), "two", hubtest.Protected(t, secured, honest, nil, nil)))
	in(t, h, upstream.Authorizing)
	hubtest.Eventually(t, "two too", func() bool {
		s := h.Set().Get("two")
		return s != nil && s.Status().State == upstream.Authorizing
	})
	// The person begins with the evil one, which sends the browser on to the honest one, in the hub's name there.
	evilState := stateOf(t, begin(t, h))
	_, body := ask(t, h, "POST", "/api/v2/servers/two/sign-in", "")
	address, err := url.Parse(strings.Trim(strings.ReplaceAll(hubtest.Get(body, "authorizationUrl"), `\u0026`, "&"), `"`))
	if err != nil {
		t.Fatal(err)
	}
	q := address.Query()
	q.Set("state", evilState)
	address.RawQuery = q.Encode()
	if status, page := hubtest.Browse(t, address.String()); status != 400 {
		t.Errorf("%d %s", status, page)
	}
	if evil.Count("token authorization_code") != 0 {
		t.Error("the code went to the evil one")
	}
}

func stateOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("state")
}
