package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"

	"mcphub/hub/config"
	"mcphub/hub/secret"
)

func pemOf(t *testing.T, kind string, der []byte, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func TestAssertion(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec := func(curve elliptic.Curve) *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	p256, p384 := ec(elliptic.P256()), ec(elliptic.P384())
	pkcs8 := func(key any) string {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		return pemOf(t, "PRIVATE KEY", der, err)
	}
	sec1, err := x509.MarshalECPrivateKey(p256)
	for name, c := range map[string]struct {
		pem, alg string
		public   crypto.PublicKey
	}{
		"RSA":              {pkcs8(rsaKey), "RS256", rsaKey.Public()},
		"RSA, older form":  {pemOf(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), nil), "RS256", rsaKey.Public()},
		"P-256":            {pkcs8(p256), "ES256", p256.Public()},
		"P-256, SEC 1":     {pemOf(t, "EC PRIVATE KEY", sec1, err), "ES256", p256.Public()},
		"P-384":            {pkcs8(p384), "ES384", p384.Public()},
		"Ed25519":          {pkcs8(edKey), "EdDSA", edKey.Public()},
		"on a single line": {strings.TrimSpace(pkcs8(p256)), "ES256", p256.Public()},
	} {
		i := &issuing{issuer: "https://auth.example.com/t", client: registration{ID: "me"}, oauth: &config.OAuth{PrivateKey: secret.New(c.pem)}}
		form := url.Values{}
		if err := i.assert(form); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var claims jwt.RegisteredClaims
		_, err := jwt.ParseWithClaims(form.Get("client_assertion"), &claims, func(*jwt.Token) (any, error) { return c.public, nil },
			jwt.WithValidMethods([]string{c.alg}), jwt.WithAudience("https://auth.example.com/t"), jwt.WithIssuer("me"), jwt.WithSubject("me"), jwt.WithExpirationRequired())
		if err != nil || claims.ID == "" || time.Until(claims.ExpiresAt.Time) > assertionLife {
			t.Errorf("%s: %v %+v", name, err, claims)
		}
	}
	for name, text := range map[string]string{
		"no PEM": "hunter2", "empty": "", "public": pemOf(t, "PUBLIC KEY", []byte("hunter2"), nil), "no key": pemOf(t, "PRIVATE KEY", []byte("hunter2"), nil),
	} {
		if _, _, err := signer(text); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// tokenEndpoint answers with a status, a type and a body, and keeps the last request.
func tokenEndpoint(t *testing.T, status int, media, body string) (i *issuing, last *http.Request) {
	t.Helper()
	last = &http.Request{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		*last = *r
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return &issuing{
		of:    &Client{m: &Manager{}},
		guard: newGuard(loopback), issuer: server.URL, endpoint: server.URL + "/token", resource: "https://mcp.example.com/mcp",
		client: registration{ID: "a b", Secret: "p:w&", Method: methodNone}, oauth: &config.OAuth{},
	}, last
}

func TestAsk(t *testing.T) {
	const good = `{"access_token":"t","token_type":"bearer","expires_in":3600,"refresh_token":"r","scope":"a b"}`
	for method, check := range map[string]func(*http.Request) bool{
		methodNone: func(r *http.Request) bool {
			return r.PostForm.Get("client_id") == "a b" && !r.PostForm.Has("client_secret") && r.Header.Get("Authorization") == ""
		},
		methodPost: func(r *http.Request) bool {
			return r.PostForm.Get("client_id") == "a b" && r.PostForm.Get("client_secret") == "p:w&"
		},
		methodBasic: func(r *http.Request) bool {
			id, pass, ok := r.BasicAuth()
			return ok && id == "a+b" && pass == "p%3Aw%26" && !r.PostForm.Has("client_secret")
		},
	} {
		i, r := tokenEndpoint(t, 200, "application/json", good)
		i.client.Method = method
		token, err := i.ask(t.Context(), "refresh_token", []string{"a", "b"}, url.Values{"refresh_token": {"old"}})
		if err != nil || token.AccessToken != "t" || token.RefreshToken != "r" || token.Extra("scope") != "a b" || time.Until(token.Expiry) < 50*time.Minute {
			t.Errorf("%s: %+v %v", method, token, err)
		}
		f := r.PostForm
		if !check(r) || f.Get("grant_type") != "refresh_token" || f.Get("resource") != i.resource || f.Get("scope") != "a b" || f.Get("refresh_token") != "old" {
			t.Errorf("%s: asked with %v %v", method, r.Header, f)
		}
	}
	for name, c := range map[string]struct {
		status      int
		media, body string
		final       bool // there is no use in asking again
		says        string
	}{
		"refused":          {400, "application/json", `{"error":"invalid_grant","error_description":"gone\n\u0007for good"}`, true, "HTTP 400: invalid_grant: gone for good"},
		"refused, a page":  {403, "text/html", "<b>the-token</b>", false, "HTTP 403"},
		"refused with 200": {200, "application/json", `{"error":"bad_code"}`, true, "bad_code"},
		"out of order":     {503, "text/html", "the-token", false, "HTTP 503"},
		"too many":         {429, "application/json", `{"error":"slow_down"}`, false, "HTTP 429"},
		"not now":          {400, "application/json", `{"error":"temporarily_unavailable"}`, false, "temporarily_unavailable"},
		"no token":         {200, "application/json", `{}`, false, "access_token"},
		"another type":     {200, "application/json", `{"access_token":"the-token","token_type":"DPoP"}`, false, "DPoP"},
		"not followed":     {307, "", "", false, "HTTP 307"},
	} {
		i, _ := tokenEndpoint(t, c.status, c.media, c.body)
		_, err := i.ask(t.Context(), "authorization_code", nil, nil)
		var no *refusal
		if err == nil || errors.As(err, &no) != c.final || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "the-token") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// As some answer that do not know JSON.
	i, _ := tokenEndpoint(t, 200, "application/x-www-form-urlencoded", "access_token=t&token_type=bearer&expires_in=60")
	if token, err := i.ask(t.Context(), "authorization_code", nil, nil); err != nil || token.AccessToken != "t" {
		t.Errorf("a form: %+v %v", token, err)
	}
	i.endpoint = "http://169.254.169.254/token"
	if _, err := i.ask(t.Context(), "refresh_token", nil, nil); !errors.Is(err, errForbidden) {
		t.Errorf("a forbidden address: %v", err)
	}
}

// TestRevoke: a token is given up by the client that it belongs to, as the authorization server wants to see that.
func TestRevoke(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	keyText := pemOf(t, "PRIVATE KEY", der, err)
	for method, check := range map[string]func(*http.Request) bool{
		methodNone: func(r *http.Request) bool {
			return r.PostForm.Get("client_id") == "a b" && !r.PostForm.Has("client_secret")
		},
		methodPost: func(r *http.Request) bool {
			return r.PostForm.Get("client_id") == "a b" && r.PostForm.Get("client_secret") == "p:w&"
		},
		methodBasic: func(r *http.Request) bool {
			id, password, ok := r.BasicAuth()
			return ok && id == "a+b" && password == "p%3Aw%26" && !r.PostForm.Has("client_id")
		},
		methodKey: func(r *http.Request) bool {
			return r.PostForm.Get("client_assertion") != "" && r.PostForm.Get("client_id") == "a b"
		},
	} {
		i, last := tokenEndpoint(t, 200, "", "")
		i.client.Method, i.oauth.PrivateKey = method, secret.New(keyText)
		if err := i.revoke(t.Context(), i.endpoint, "the-token", "refresh_token"); err != nil {
			t.Errorf("%s: %v", method, err)
		}
		if f := last.PostForm; last.Method != "POST" || f.Get("token") != "the-token" || f.Get("token_type_hint") != "refresh_token" || !check(last) {
			t.Errorf("%s: asked with %v %v", method, last.Header, f)
		}
	}
	i, _ := tokenEndpoint(t, 503, "", "the-token")
	if err := i.revoke(t.Context(), i.endpoint, "the-token", "access_token"); err == nil || !strings.Contains(err.Error(), "503") || strings.Contains(err.Error(), "the-token") {
		t.Errorf("out of order: %v", err)
	}
	if err := i.revoke(t.Context(), "http://169.254.169.254/", "the-token", "access_token"); !errors.Is(err, errForbidden) {
		t.Errorf("a forbidden address: %v", err)
	}
}

func TestConfigured(t *testing.T) {
	some := secret.New("x")
	for name, c := range map[string]struct {
		oauth   config.OAuth
		methods []string
		want    string
	}{
		"nothing to show": {config.OAuth{}, nil, methodNone},
		"a secret":        {config.OAuth{ClientSecret: some}, nil, methodBasic},
		"either":          {config.OAuth{ClientSecret: some}, []string{methodPost, methodBasic}, methodBasic},
		"only post":       {config.OAuth{ClientSecret: some}, []string{methodNone, methodPost}, methodPost},
		"a key":           {config.OAuth{PrivateKey: some}, []string{methodPost}, methodKey},
	} {
		if got := configured(&c.oauth, &authority{serverDocument: serverDocument{Methods: c.methods}}); got.Method != c.want || got.Secret != "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestRecord(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		record       record
		due, expired time.Duration // from now; 0: never
	}{
		"an hour":                {record{Refresh: "r", Issued: now, Expiry: now.Add(time.Hour)}, 59 * time.Minute, time.Hour},
		"ten seconds":            {record{Refresh: "r", Issued: now, Expiry: now.Add(10 * time.Second)}, 9 * time.Second, 10 * time.Second},
		"no end told":            {record{Refresh: "r", Issued: now}, 0, 0},
		"not to be renewed":      {record{Issued: now, Expiry: now.Add(time.Hour)}, time.Hour, time.Hour},
		"renewed by the machine": {record{Grant: config.GrantMachine, Issued: now, Expiry: now.Add(time.Hour)}, 59 * time.Minute, time.Hour},
	} {
		for _, at := range []struct {
			what string
			is   func(time.Time) bool
			at   time.Duration
		}{{"due", c.record.due, c.due}, {"expired", c.record.expired, c.expired}} {
			if at.at == 0 {
				if at.is(now.Add(1e6 * time.Hour)) {
					t.Errorf("%s: is %s at some time", name, at.what)
				}
			} else if at.is(now.Add(at.at-time.Second/2)) || !at.is(now.Add(at.at+time.Second/2)) {
				t.Errorf("%s: is not %s after %v", name, at.what, at.at)
			}
		}
	}
	r := record{Refresh: "old", Requested: []string{"a"}}
	fresh := r.with((&oauth2.Token{AccessToken: "t"}).WithExtra(map[string]any{"scope": "b c"}), now)
	if fresh.Refresh != "old" || !slices.Equal(fresh.Granted, []string{"b", "c"}) || r.Access != "" {
		t.Errorf("%+v", fresh)
	}
	if fresh := r.with(&oauth2.Token{AccessToken: "t", Expiry: now.Add(-time.Second)}, now); !fresh.Expiry.IsZero() {
		t.Errorf("an end in the past is believed: %v", fresh.Expiry)
	}
	if fresh := r.with(&oauth2.Token{AccessToken: "t", RefreshToken: "new"}, now); fresh.Refresh != "new" || !slices.Equal(fresh.Granted, []string{"a"}) {
		t.Errorf("%+v", fresh)
	}
}

func TestNames(t *testing.T) {
	a, b := recordName("my server/ö", "https://h/mcp"), recordName("my server/ö", "https://h/other")
	if a == b || a == recordName("my_server_ö", "https://h/mcp") || !strings.HasPrefix(a, "oauth/token/my_server__-") || len(recordName(strings.Repeat("x", 500), "")) > 200 {
		t.Errorf("%q %q", a, b)
	}
	for _, r := range a {
		if r <= ' ' || r > '~' {
			t.Errorf("%q holds %q", a, r)
		}
	}
}
