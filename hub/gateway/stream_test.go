package gateway

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"mcphub/hub/access"
	"mcphub/hub/catalog"
)

// flushing calls back when the head of a response goes out.
type flushing struct {
	*httptest.ResponseRecorder
	then func()
}

func (f flushing) Flush() {
	f.ResponseRecorder.Flush()
	f.then()
}

// A client that knows of its stream may open another at once: that one counts, even if the first has not begun to be served.
func TestStreamOpenedAtOnce(t *testing.T) {
	g := &Gateway{sessions: map[string]*session{}}
	s := newSession("", transportHTTP, access.From(t.Context()))
	if !g.add(s) {
		t.Fatal("no session")
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/mcp", nil)
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set(headerSession, s.id)
	var second chan struct{}
	g.get(flushing{httptest.NewRecorder(), func() { second = s.out.attach() }}, r, &catalog.View{})
	if s.out.stream != second {
		t.Error("the first stream took the place of the second")
	}
}
