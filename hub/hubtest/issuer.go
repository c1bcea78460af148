package hubtest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Issuer is an OAuth authorization server that takes nothing that is not right, and whose person always agrees. Change its
// fields with [Issuer.Change] once it is in use.
type Issuer struct {
	URL string

	Life       time.Duration        // of access tokens; 0: it does not say
	NoRefresh  bool                 // it gives no refresh tokens
	Deny       string               // the error with which it refuses all people
	Downgrade  bool                 // what it gives lacks the scope "admin"
	Down       bool                 // its token endpoint is out of order
	Document   func(map[string]any) // changes its metadata
	Return     func(url.Values)     // changes what a browser comes back with
	Clients    map[string]string    // secrets by client id; those that register are added
	Supported  []string             // scopes in its metadata
	Rotates    bool                 // a refresh token serves once
	Log        []string             // what was asked, such as "register" or "token refresh_token"
	Registered []string             // bodies of registrations
	Asked      []url.Values         // authorization requests
	Verifiers  []string             // of PKCE, that came for codes

	Mint    func(what string) string // makes an "access", "refresh", "id" or "registration" token, a "code" or a "secret"; nil: at random
	Secrets bool                     // those who register get a secret, and a token to manage that with
	Repeats bool                     // its errors repeat all that it was told

	mu       sync.Mutex
	redirect map[string][]string // by client id, of those that registered
	codes    map[string]url.Values
	access   map[string]token // by access token
	refresh  map[string]token // by refresh token
}

type object = map[string]any

// token is what an access token or a refresh token is good for.
type token struct {
	client, resource string
	scopes           []string
	until            time.Time // zero for ever
}

// NewIssuer starts an authorization server.
func NewIssuer(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{
		Rotates: true, Clients: map[string]string{}, redirect: map[string][]string{}, codes: map[string]url.Values{},
		access: map[string]token{}, refresh: map[string]token{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", i.metadata)
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /register", i.register)
	mux.HandleFunc("POST /token", i.token)
	mux.HandleFunc("POST /revoke", i.revoke)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	i.URL = server.URL
	return i
}

func (i *Issuer) mint(what string) string {
	if i.Mint == nil {
		return rand.Text()
	}
	return i.Mint(what)
}

// Change has f change the issuer.
func (i *Issuer) Change(f func(*Issuer)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	f(i)
}

// Count returns how often something was asked, such as "token refresh_token".
func (i *Issuer) Count(what string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := 0
	for _, line := range i.Log {
		if line == what {
			n++
		}
	}
	return n
}

// Forget makes all access tokens worthless, and the refresh tokens too if it shall be so.
func (i *Issuer) Forget(refresh bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	clear(i.access)
	if refresh {
		clear(i.refresh)
	}
}

// Protect returns a server that wants the issuer's tokens for a resource, an address at which it is reached, with these
// scopes, and for calls of tools with those in needed by the tool's name.
func (i *Issuer) Protect(next http.Handler, resource func() string, scopes []string, needed map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		here := resource()
		u, _ := url.Parse(here) // it is an address
		document := u.Scheme + "://" + u.Host + "/.well-known/oauth-protected-resource" + u.Path
		if r.Method == http.MethodGet && r.URL.Path == "/.well-known/oauth-protected-resource"+u.Path {
			writeJSON(w, http.StatusOK, object{"resource": here, "authorization_servers": []string{i.URL}, "scopes_supported": scopes})
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		text, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		i.mu.Lock()
		t, known := i.access[text]
		i.mu.Unlock()
		var call struct {
			Params struct{ Name string }
		}
		_ = json.Unmarshal(body, &call) // other requests name nothing
		scope := needed[call.Params.Name]
		switch {
		case !known || t.resource != here || !t.until.IsZero() && time.Now().After(t.until):
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token", resource_metadata="`+document+`"`)
			w.WriteHeader(http.StatusUnauthorized)
		case scope != "" && !slices.Contains(t.scopes, scope):
			w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="`+scope+`", resource_metadata="`+document+`"`)
			w.WriteHeader(http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // if not, the hub is gone
}

func (i *Issuer) metadata(w http.ResponseWriter, _ *http.Request) {
	doc := object{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
		"registration_endpoint": i.URL + "/register", "revocation_endpoint": i.URL + "/revoke",
		"code_challenge_methods_supported": []string{"S256"}, "authorization_response_iss_parameter_supported": true,
		"token_endpoint_auth_methods_supported": []string{"none", "client_secret_basic"}, "scopes_supported": i.Supported,
	}
	if i.Document != nil {
		i.Document(doc)
	}
	writeJSON(w, http.StatusOK, doc)
}

func (i *Issuer) register(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	i.Log, i.Registered = append(i.Log, "register"), append(i.Registered, string(body))
	var q struct {
		Redirects []string `json:"redirect_uris"`
		Type      string   `json:"application_type"`
	}
	if json.Unmarshal(body, &q) != nil || len(q.Redirects) == 0 || q.Type != "native" {
		writeJSON(w, http.StatusBadRequest, object{"error": "invalid_client_metadata"})
		return
	}
	id := "client-" + rand.Text()
	i.Clients[id], i.redirect[id] = "", q.Redirects
	answer := object{"client_id": id, "redirect_uris": q.Redirects, "token_endpoint_auth_method": "none"}
	if i.Secrets {
		i.Clients[id] = i.mint("secret")
		answer["client_secret"], answer["registration_access_token"] = i.Clients[id], i.mint("registration")
		answer["token_endpoint_auth_method"] = "client_secret_post"
	}
	writeJSON(w, http.StatusCreated, answer)
}

func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	i.Log, i.Asked = append(i.Log, "authorize"), append(i.Asked, q)
	_, known := i.Clients[q.Get("client_id")]
	to, err := url.Parse(q.Get("redirect_uri"))
	registered, own := i.redirect[q.Get("client_id")]
	if !known || err != nil || own && !slices.Contains(registered, to.String()) {
		http.Error(w, "unknown client or redirect URI", http.StatusBadRequest) // never a redirection
		return
	}
	back := to.Query()
	back.Set("state", q.Get("state"))
	back.Set("iss", i.URL)
	switch {
	case i.Deny != "":
		back.Set("error", i.Deny)
	case q.Get("response_type") != "code", q.Get("code_challenge_method") != "S256", q.Get("code_challenge") == "", q.Get("resource") == "":
		back.Set("error", "invalid_request")
	default:
		code := i.mint("code")
		i.codes[code] = q
		back.Set("code", code)
	}
	if i.Return != nil {
		i.Return(back)
	}
	to.RawQuery = back.Encode()
	http.Redirect(w, r, to.String(), http.StatusFound)
}

// client returns the client that makes a request, empty if it does not show that it is one.
func (i *Issuer) client(r *http.Request) string {
	id, shown, basic := r.BasicAuth()
	if basic { // RFC 6749, section 2.3.1
		id, _ = url.QueryUnescape(id)
		shown, _ = url.QueryUnescape(shown)
	} else {
		id, shown = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if secret, known := i.Clients[id]; !known || secret != shown {
		return ""
	}
	return id
}

func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	grant := r.PostFormValue("grant_type")
	i.Log = append(i.Log, "token "+grant)
	client := i.client(r)
	fail := func(code string) {
		said := "no"
		if i.Repeats {
			said += " " + r.PostForm.Encode()
		}
		writeJSON(w, http.StatusBadRequest, object{"error": code, "error_description": said})
	}
	t := token{client: client, resource: r.PostFormValue("resource"), scopes: strings.Fields(r.PostFormValue("scope"))}
	switch {
	case i.Down:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case client == "":
		fail("invalid_client")
		return
	case grant == "authorization_code":
		code := r.PostFormValue("code")
		q := i.codes[code]
		delete(i.codes, code)
		i.Verifiers = append(i.Verifiers, r.PostFormValue("code_verifier"))
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if q == nil || q.Get("client_id") != client || q.Get("redirect_uri") != r.PostFormValue("redirect_uri") ||
			q.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) || q.Get("resource") != t.resource {
			fail("invalid_grant")
			return
		}
		t.scopes = slices.DeleteFunc(strings.Fields(q.Get("scope")), func(scope string) bool { return i.Downgrade && scope == "admin" })
	case grant == "refresh_token":
		old, ok := i.refresh[r.PostFormValue("refresh_token")]
		if !ok || old.client != client || old.resource != t.resource {
			fail("invalid_grant")
			return
		}
		if i.Rotates {
			delete(i.refresh, r.PostFormValue("refresh_token"))
		}
		t.scopes = old.scopes
	case grant == "client_credentials" && i.Clients[client] != "":
	default:
		fail("unauthorized_client")
		return
	}
	answer := object{"access_token": i.mint("access"), "token_type": "Bearer", "scope": strings.Join(t.scopes, " ")}
	if !i.NoRefresh && grant != "client_credentials" {
		answer["refresh_token"], answer["id_token"] = i.mint("refresh"), i.mint("id")
		i.refresh[answer["refresh_token"].(string)] = t
	}
	if i.Life > 0 {
		answer["expires_in"] = i.Life.Seconds()
		t.until = time.Now().Add(i.Life)
	}
	i.access[answer["access_token"].(string)] = t
	writeJSON(w, http.StatusOK, answer)
}

func (i *Issuer) revoke(w http.ResponseWriter, r *http.Request) {
	i.Log = append(i.Log, "revoke "+r.PostFormValue("token_type_hint"))
	if i.client(r) == "" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	delete(i.access, r.PostFormValue("token"))
	delete(i.refresh, r.PostFormValue("token"))
}

// Tokens returns all tokens that the issuer has given and that are still good.
func (i *Issuer) Tokens() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append(slices.Collect(maps.Keys(i.access)), slices.Collect(maps.Keys(i.refresh))...)
}

// Protected starts a server that plays the script over streamable HTTP for those who have the issuer's tokens, and returns
// its configuration entry.
func Protected(t testing.TB, s Script, i *Issuer, scopes []string, needed map[string]string) string {
	t.Helper()
	var address string
	address = serve(t, s, func(next http.Handler) http.Handler {
		return i.Protect(next, func() string { return address + "/mcp" }, scopes, needed)
	})
	return `"url":` + quote(address+"/mcp")
}

// Browse goes where a browser would go from an address, and returns the page at the end.
func Browse(t testing.TB, address string) (status int, page string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
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
