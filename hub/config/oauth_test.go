package config

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mcphub/hub/secret"
)

func TestOAuth(t *testing.T) {
	for name, c := range map[string]struct {
		entry string
		want  OAuth
		err   string // of the entry, or else of what Resolve says
	}{
		"nothing": {`{"url":"https://h"}`, OAuth{Grant: GrantPerson}, ""},
		"null":    {`{"url":"https://h","oauth":null}`, OAuth{Grant: GrantPerson}, ""},
		"all": {
			`{"url":"https://h","env":{"ID":"me"},"oauth":{"clientId":"${ID}","clientSecret":"${SECRET}","issuer":"https://${SECRET}","scopes":["a","b"],"redirectPort":3118,"redirectPath":"/callback?x=1"}}`,
			OAuth{ClientID: "me", ClientSecret: secret.New("hunter2"), Issuer: "https://hunter2", Scopes: []string{"a", "b"}, Grant: GrantPerson, RedirectPort: 3118, RedirectPath: "/callback?x=1"},
			"",
		},
		"a machine": {
			`{"url":"https://h","oauth":{"grant":"client_credentials","clientId":"me","privateKey":"${cmd: echo key}"}}`,
			OAuth{ClientID: "me", PrivateKey: secret.New("key"), Grant: GrantMachine},
			"",
		},
		"a document":         {`{"url":"https://h","oauth":{"clientMetadataUrl":"https://x/y.json"}}`, OAuth{MetadataURL: "https://x/y.json", Grant: GrantPerson}, ""},
		"unknown keys":       {`{"url":"https://h","oauth":{"enabled":true}}`, OAuth{Grant: GrantPerson}, ""},
		"of other programs":  {`{"url":"https://h","oauth":false}`, OAuth{Grant: GrantPerson}, ""},
		"a missing variable": {`{"url":"https://h","oauth":{"clientId":"${MISSING_ONE}"}}`, OAuth{}, "MISSING_ONE"},
		"a number":           {`{"url":"https://h","oauth":{"clientId":5}}`, OAuth{}, "oauth.clientId must be a text"},
		"an empty text":      {`{"url":"https://h","oauth":{"clientSecret":""}}`, OAuth{}, "oauth.clientSecret must be a text"},
		"only a secret":      {`{"url":"https://h","oauth":{"clientSecret":"x"}}`, OAuth{}, "no clientId"},
		"both proofs":        {`{"url":"https://h","oauth":{"clientId":"a","clientSecret":"x","privateKey":"y"}}`, OAuth{}, "both oauth.clientSecret and oauth.privateKey"},
		"a machine, bare":    {`{"url":"https://h","oauth":{"grant":"client_credentials","clientId":"a"}}`, OAuth{}, "needs oauth.clientId"},
		"an unknown grant":   {`{"url":"https://h","oauth":{"grant":"password"}}`, OAuth{}, "oauth.grant is not"},
		"scopes as a text":   {`{"url":"https://h","oauth":{"scopes":"a b"}}`, OAuth{}, "oauth.scopes must be"},
		"a scope with space": {`{"url":"https://h","oauth":{"scopes":["a b"]}}`, OAuth{}, "oauth.scopes must be"},
		"a port as a text":   {`{"url":"https://h","oauth":{"redirectPort":"3118"}}`, OAuth{}, "oauth.redirectPort must be"},
		"a port too high":    {`{"url":"https://h","oauth":{"redirectPort":65536}}`, OAuth{}, "oauth.redirectPort must be"},
		"a port and a half":  {`{"url":"https://h","oauth":{"redirectPort":1.5}}`, OAuth{}, "oauth.redirectPort must be"},
		"a path alone":       {`{"url":"https://h","oauth":{"redirectPath":"/x"}}`, OAuth{}, "needs oauth.redirectPort"},
		"a path elsewhere":   {`{"url":"https://h","oauth":{"redirectPort":1,"redirectPath":"//evil.example/"}}`, OAuth{}, "oauth.redirectPath must be a path"},
		"a document here":    {`{"url":"https://h","oauth":{"clientMetadataUrl":"http://localhost/x"}}`, OAuth{}, "oauth.clientMetadataUrl is no address"},
		"a document's root":  {`{"url":"https://h","oauth":{"clientMetadataUrl":"https://x/"}}`, OAuth{}, "oauth.clientMetadataUrl is no address"},
		"a document, later":  {`{"url":"https://h","oauth":{"clientMetadataUrl":"${SECRET}"}}`, OAuth{}, "once its placeholders are replaced"},
		"an odd issuer":      {`{"url":"https://h","oauth":{"issuer":"auth.example.com"}}`, OAuth{}, "oauth.issuer is no address"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "servers.json")
		writeFiles(t, dir, map[string]string{"servers.json": fmt.Sprintf(`{"mcpServers":{"s":%s}}`, c.entry)})
		store, err := open(t, Options{Paths: []string{path}, Dir: dir, Env: []string{"SECRET=hunter2", "PATH=/usr/bin:/bin"}})
		if err != nil {
			t.Fatal(err)
		}
		s, _ := store.Current().Server("s")
		r, err := s.Resolve(t.Context())
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: %v, want %s", name, err, c.err)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case !reflect.DeepEqual(r.OAuth, c.want):
			t.Errorf("%s: %+v, want %+v", name, r.OAuth, c.want)
		}
	}
}

func TestOAuthWarnings(t *testing.T) {
	for entry, want := range map[string]string{
		`{"command":"x","oauth":{}}`:       "works only for servers with a url",
		`{"url":"https://h","oauth":true}`: "is no object",
		`{"url":"https://h","headers":{"authorization":"Bearer x"},"oauth":{"scopes":["a"]}}`: "have an Authorization",
	} {
		found := Validate([]byte(`{"mcpServers":{"s":`+entry+`}}`), "file")
		if len(found) != 1 || found[0].Severity != Warning || !strings.Contains(found[0].Message, want) {
			t.Errorf("%s: %+v", entry, found)
		}
	}
}
