package api

import (
	"net/http/httptest"
	"strings"
	"testing"

	"mcphub/hub/jsonrpc"
)

// FuzzRead: whatever a client sends is read as valid JSON with the required fields, or refused.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		``, ` `, `[]`, `{}`, `"x"`, `{"server_name":"a"}`, `{"server_name":"a","request_options":{"timeout":1e9}}`, `{"server_name":`,
		`{"server_name":"\ud800"}`, "\ufeff{}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(text))
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
		b, err := read(r, serverField)
		if err != nil {
			return
		}
		if err := jsonrpc.Valid(b); err != nil {
			t.Errorf("%q was read: %v", text, err)
		}
		if b.text("server_name") == "" {
			t.Errorf("%q was read without a name", text)
		}
		if l := limitsOf(b); l.timeout <= 0 || l.total < 0 {
			t.Errorf("%q: limits %+v", text, l)
		}
	})
}
