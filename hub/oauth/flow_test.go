package oauth

import (
	"errors"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"mcphub/hub/config"
	"mcphub/hub/secret"
)

// TestStateEnds: an answer counts only within the time that the person had, once, and for the server as it is configured.
func TestStateEnds(t *testing.T) {
	m := New(Options{Port: func() int { return 1 }, Log: slog.New(slog.DiscardHandler)})
	client := func(address string) *Client {
		c, err := m.Client("one", &config.Resolved{URL: secret.New(address)})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := client("https://one.example/mcp")
	begin := func(made time.Time) url.Values {
		f := &flow{offer: &offer{authority: &authority{serverDocument: serverDocument{Issuer: "https://as.example"}}}, of: c, state: "STATE", verifier: "v", made: made}
		m.await(f)
		return url.Values{"state": {"STATE"}, "error": {"access_denied"}, "iss": {"https://as.example"}}
	}
	finish := func(q url.Values) error {
		_, err := m.Finish(t.Context(), q)
		return err
	}
	if err := finish(begin(time.Now().Add(-flowLife - time.Second))); !errors.Is(err, errState) {
		t.Errorf("too late: %v", err)
	}
	q := begin(time.Now().Add(-flowLife + time.Minute))
	if err := finish(q); err == nil || errors.Is(err, errState) {
		t.Errorf("in time: %v", err)
	}
	if err := finish(q); !errors.Is(err, errState) {
		t.Errorf("twice: %v", err)
	}
	q = begin(time.Now())
	client("https://two.example/mcp") // the entry has another address now
	if err := finish(q); !errors.Is(err, errState) {
		t.Errorf("of another address: %v", err)
	}
	// What nobody came back from is forgotten when the next one begins.
	begin(time.Now().Add(-flowLife - time.Second))
	m.await(&flow{of: c, state: "OTHER", made: time.Now()})
	if len(m.flows) != 1 {
		t.Errorf("%d sign-ins are waited for", len(m.flows))
	}
}
