package api

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"mcphub/hub/access"
)

// nothing stands for parts that these tests do not use.
type nothing struct{ http.Handler }

func (nothing) Register(mux *http.ServeMux) {
	mux.HandleFunc("/mcp", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
}

func TestErrorsAreJSON(t *testing.T) {
	guard := access.NewGuard(access.Options{Keys: access.OpenKeys("", nil, slog.New(slog.DiscardHandler))})
	for host, status := range map[string]int{"localhost": 404, "evil.example": 403} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(access.With(t.Context(), access.Local()), "GET", "/api/nowhere", nil)
		r.Host = host
		Handler(Deps{Endpoint: nothing{}, Live: nothing{}, Guard: guard}).ServeHTTP(w, r)
		var body struct {
			Error, Code, Timestamp string
			Data                   map[string]any
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != status || body.Error == "" || body.Code == "" || body.Data == nil || body.Timestamp == "" {
			t.Errorf("%d %s (%v)", w.Code, w.Body, err)
		}
	}
}
