package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
)

// nothing stands for parts that these tests do not use.
type nothing struct{ http.Handler }

func (nothing) Register(mux *http.ServeMux) {
	mux.HandleFunc("/mcp", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
}

func TestWhoIsLetIn(t *testing.T) {
	h := Handler(Deps{Endpoint: nothing{}, Live: nothing{}, Hosts: []string{"hub.lan"}})
	for _, c := range []struct {
		host   string
		origin []string
		status int
	}{
		{"localhost:37373", nil, 204},
		{"LOCALHOST", nil, 204},
		{"localhost.:37373", nil, 204},
		{"127.0.0.1:37373", nil, 204},
		{"127.1.2.3", nil, 204},
		{"[::1]:37373", nil, 204},
		{"[::1]", nil, 204},
		{"hub.lan:1", nil, 204},
		{"localhost:1", []string{"http://localhost:6274"}, 204},
		{"localhost:1", []string{"https://127.0.0.1"}, 204},
		{"localhost:1", []string{"http://[::1]:5"}, 204},
		{"evil.example", nil, 403},
		{"", nil, 403},
		{"localhost.evil.example", nil, 403},
		{"127.0.0.1.evil.example:37373", nil, 403},
		{"192.168.1.2", nil, 403},
		{"localhost:1", []string{"http://evil.example"}, 403},
		{"localhost:1", []string{"http://localhost.evil.example"}, 403},
		{"localhost:1", []string{"null"}, 403},
		{"localhost:1", []string{""}, 403},
		{"localhost:1", []string{"file://"}, 403},
		{"localhost:1", []string{"http://localhost@evil.example"}, 403},
		{"localhost:1", []string{"http://localhost", "http://evil.example"}, 403},
	} {
		r := httptest.NewRequest("POST", "/mcp", nil)
		r.Host = c.host
		for _, o := range c.origin {
			r.Header.Add("Origin", o)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("Host %q, Origin %q: %d, want %d", c.host, c.origin, w.Code, c.status)
		}
	}
}

func TestErrorsAreJSON(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/api/nowhere", nil)
	r.Host = "localhost"
	Handler(Deps{Endpoint: nothing{}, Live: nothing{}}).ServeHTTP(w, r)
	var body struct {
		Error, Code, Timestamp string
		Data                   map[string]any
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != 404 || body.Error == "" || body.Code == "" || body.Data == nil || body.Timestamp == "" {
		t.Errorf("%d %s (%v)", w.Code, w.Body, err)
	}
}
