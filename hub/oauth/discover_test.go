package oauth

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		resource, server string
		want             bool
	}{
		{"https://h/mcp", "https://h/mcp", true},
		{"https://h/mcp/", "https://h/mcp", true},
		{"https://h", "https://h/mcp", true},
		{"https://h/", "https://h/mcp/v1", true},
		{"https://h/mcp", "https://h/mcp/v1", true},
		{"HTTPS://H:443/mcp", "https://h/mcp", true},
		{"https://h/mc", "https://h/mcp", false},
		{"https://h/mcp/v1", "https://h/mcp", false},
		{"https://h/other", "https://h/mcp", false},
		{"http://h/mcp", "https://h/mcp", false},
		{"https://h:8443/mcp", "https://h/mcp", false},
		{"https://evil/mcp", "https://h/mcp", false},
		{"https://h.evil/mcp", "https://h/mcp", false},
		{"https://h/mcp#x", "https://h/mcp", false},
		{"https://h/mcp?a=1", "https://h/mcp?a=1", true},
		{"https://h/mcp?a=2", "https://h/mcp?a=1", false},
		{"nonsense", "https://h/mcp", false},
	} {
		u, err := url.Parse(c.server)
		if err != nil {
			t.Fatal(err)
		}
		if got := covers(c.resource, u); got != c.want {
			t.Errorf("%s for %s: %v", c.resource, c.server, got)
		}
	}
}

// site answers with documents by their path, in which SELF stands for its own address, and takes down what is asked for.
func site(t *testing.T, documents map[string]string) (address string, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	server := httptest.NewServer(nil)
	t.Cleanup(server.Close)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.Path)
		text, ok := documents[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(strings.ReplaceAll(text, "SELF", server.URL)))
	})
	return server.URL, asked
}

const (
	endpoints = `"authorization_endpoint":"SELF/a","token_endpoint":"SELF/t","code_challenge_methods_supported":["plain","S256"]`
	protected = "/.well-known/oauth-protected-resource"
	asServer  = "/.well-known/oauth-authorization-server"
	openid    = "/.well-known/openid-configuration"
)

func TestDiscovery(t *testing.T) {
	resource := `{"resource":"SELF/mcp","authorization_servers":["SELF"],"scopes_supported":["a"]}`
	for name, c := range map[string]struct {
		documents map[string]string
		challenge string // path of the metadata, or an address
		issuer    string // of the configuration
		asked     []string
		err       string
	}{
		"by path": {
			map[string]string{protected + "/mcp": resource, asServer: `{"issuer":"SELF",` + endpoints + `}`},
			"", "",
			[]string{protected + "/mcp", asServer},
			"",
		},
		"by root": {
			map[string]string{protected: `{"resource":"SELF","authorization_servers":["SELF"]}`, openid: `{"issuer":"SELF/",` + endpoints + `}`},
			"", "",
			[]string{protected + "/mcp", protected, asServer, openid},
			"",
		},
		"by the challenge": {
			map[string]string{"/meta": resource, asServer: `{"issuer":"SELF",` + endpoints + `}`},
			"/meta", "",
			[]string{"/meta", asServer},
			"",
		},
		"a challenge that leads nowhere": {
			map[string]string{protected + "/mcp": resource, asServer: `{"issuer":"SELF",` + endpoints + `}`},
			"/meta", "",
			[]string{"/meta", protected + "/mcp", asServer},
			"",
		},
		"an issuer with a path": {
			map[string]string{"/meta": `{"resource":"SELF/mcp","authorization_servers":["SELF/t1"]}`, "/t1" + openid: `{"issuer":"SELF/t1",` + endpoints + `}`},
			"/meta", "",
			[]string{"/meta", asServer + "/t1", openid + "/t1", "/t1" + openid},
			"",
		},
		"the second of two": {
			map[string]string{"/meta": `{"resource":"SELF/mcp","authorization_servers":["SELF/t1","SELF/t2"]}`, asServer + "/t2": `{"issuer":"SELF/t2",` + endpoints + `}`},
			"/meta", "",
			[]string{"/meta", asServer + "/t1", openid + "/t1", "/t1" + openid, asServer + "/t2"},
			"",
		},
		"the one that is wanted": {
			map[string]string{"/meta": `{"resource":"SELF/mcp","authorization_servers":["SELF/t1","SELF/t2"]}`, asServer + "/t2": `{"issuer":"SELF/t2",` + endpoints + `}`},
			"/meta", "SELF/t2",
			[]string{"/meta", asServer + "/t2"},
			"",
		},
		"not the one that is wanted":         {map[string]string{"/meta": resource}, "/meta", "https://auth.example.com", []string{"/meta"}, "does not name https://auth.example.com"},
		"about another server":               {map[string]string{protected + "/mcp": `{"resource":"https://evil.example/mcp","authorization_servers":["SELF"]}`}, "", "", []string{protected + "/mcp"}, "another server (evil.example)"},
		"no authorization server":            {map[string]string{"/meta": `{"resource":"SELF/mcp"}`}, "/meta", "", []string{"/meta"}, "names no authorization server"},
		"no metadata there":                  {map[string]string{"/meta": resource}, "/meta", "", []string{"/meta", asServer, openid}, "publishes no metadata"},
		"another issuer":                     {map[string]string{"/meta": resource, asServer: `{"issuer":"https://evil.example",` + endpoints + `}`}, "/meta", "", []string{"/meta", asServer}, "another one (evil.example)"},
		"no PKCE":                            {map[string]string{"/meta": resource, asServer: `{"issuer":"SELF","authorization_endpoint":"SELF/a","token_endpoint":"SELF/t"}`}, "/meta", "", []string{"/meta", asServer}, "PKCE"},
		"PKCE in the clear":                  {map[string]string{"/meta": resource, asServer: `{"issuer":"SELF","token_endpoint":"SELF/t","code_challenge_methods_supported":["plain"]}`}, "/meta", "", []string{"/meta", asServer}, "PKCE"},
		"metadata of a cloud":                {nil, "http://169.254.169.254/latest/meta-data/", "", nil, "not to be trusted"},
		"an authorization server of a cloud": {map[string]string{"/meta": `{"resource":"SELF/mcp","authorization_servers":["http://169.254.169.254/"]}`}, "/meta", "", []string{"/meta"}, "not to be trusted"},
		"a token endpoint of a cloud": {
			map[string]string{"/meta": resource, asServer: `{"issuer":"SELF","token_endpoint":"http://169.254.169.254/","code_challenge_methods_supported":["S256"]}`},
			"/meta", "",
			[]string{"/meta", asServer},
			"not to be trusted",
		},
		"a script for a page": {
			map[string]string{"/meta": resource, asServer: `{"issuer":"SELF","authorization_endpoint":"javascript:alert(1)","token_endpoint":"SELF/t","code_challenge_methods_supported":["S256"]}`},
			"/meta", "",
			[]string{"/meta", asServer},
			"not to be trusted",
		},
		"older, with metadata": {
			map[string]string{asServer: `{"issuer":"SELF/oauth",` + endpoints + `}`},
			"", "",
			[]string{protected + "/mcp", protected, asServer},
			"",
		},
		"older, of another host": {
			map[string]string{asServer: `{"issuer":"https://evil.example",` + endpoints + `}`},
			"", "",
			[]string{protected + "/mcp", protected, asServer},
			"another one",
		},
		"older, without metadata": {nil, "", "", []string{protected + "/mcp", protected, asServer, openid}, ""},
		"older, not the one that is wanted": {
			nil, "", "https://auth.example.com",
			[]string{protected + "/mcp", protected, asServer, openid},
			"oauth.issuer",
		},
	} {
		t.Run(name, func(t *testing.T) {
			self, asked := site(t, c.documents)
			server, err := url.Parse(self + "/mcp?key=secret")
			if err != nil {
				t.Fatal(err)
			}
			named := c.challenge
			if strings.HasPrefix(named, "/") {
				named = self + named
			}
			f := &finder{guard: newGuard(loopback), server: server, issuer: strings.ReplaceAll(c.issuer, "SELF", self)}
			a, err := f.find(t.Context(), challenge{metadata: named})
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%v, want %q", err, c.err)
			}
			if !slices.Equal(*asked, c.asked) {
				t.Errorf("asked for %v, want %v", *asked, c.asked)
			}
			if err == nil && (!strings.HasPrefix(a.Token, self+"/t") || strings.Contains(a.resource, "secret") || !strings.HasPrefix(a.resource, self)) {
				t.Errorf("found %+v", a)
			}
		})
	}
}

func FuzzDocuments(f *testing.F) {
	f.Add(`{"issuer":"http://localhost/x","token_endpoint":"http://localhost/t","code_challenge_methods_supported":["S256"]}`)
	f.Add(`{"resource":"https://h/mcp","authorization_servers":["https://x"]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var doc serverDocument
		var resource resourceDocument
		if json.Unmarshal([]byte(text), &doc) != nil || json.Unmarshal([]byte(text), &resource) != nil {
			return
		}
		finder := &finder{guard: newGuard(public), server: &url.URL{Scheme: "https", Host: "h", Path: "/mcp"}}
		if finder.verify(&authority{serverDocument: doc}) == nil {
			for _, endpoint := range []string{doc.Authorization, doc.Token, doc.Registration, doc.Revocation} {
				if endpoint != "" && !strings.HasPrefix(strings.ToLower(endpoint), "https://") {
					t.Errorf("let %q pass", endpoint)
				}
			}
		}
		if u, err := url.Parse(resource.Resource); covers(resource.Resource, finder.server) && (err != nil || !strings.EqualFold(u.Hostname(), "h")) {
			t.Errorf("%q is taken for the server", resource.Resource)
		}
	})
}
