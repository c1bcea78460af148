package hub_test

import (
	"testing"

	"mcphub/hub/hubtest"
)

// TestResetAndRefresh: a soft restart undoes what was switched by hand, and a refresh asks the server again.
func TestResetAndRefresh(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config(`{}`, "one", hubtest.Stdio(t, hubtest.Script{Name: "one", Tools: []string{hubtest.Tool("echo")}}))).Ready("one")
	s := h.Set().Get("one")
	before := s.Lists()
	if err := s.Refresh(t.Context()); err != nil || s.Lists() == before {
		t.Errorf("the lists were not read again: %v", err)
	}
	s.Stop()
	if err := s.Settled(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if err := s.Refresh(t.Context()); err == nil {
		t.Error("a stopped server was refreshed")
	}
	if err := h.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Settled(t.Context(), true); err != nil {
		t.Errorf("a server that was stopped by hand stays so over a restart: %v", err)
	}
}
