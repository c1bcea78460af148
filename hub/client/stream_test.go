package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"mcphub/hub/client"
)

var errDone = errors.New("done")

// TestFollow: a follower is told what is, and then what happens.
func TestFollow(t *testing.T) {
	h, c := start(t)
	last := ""
	err := c.Follow(t.Context(), func(e client.Event) error {
		if e.ID == "" || e.ID == last || e.Raw == nil {
			t.Errorf("event %+v after %s", e, last)
		}
		last = e.ID
		switch e.Name {
		case client.EventSnapshot:
			if len(e.Servers) != 3 || e.Hub.PID == 0 || e.Hub.Port != h.Port() {
				t.Errorf("snapshot %s", e.Raw)
			}
			h.Set().Get("one").Stop()
		case client.EventState:
			if len(e.Servers) != 1 || e.Server != "one" || e.Servers[0].Name != "one" || e.Time.IsZero() {
				t.Errorf("change %s", e.Raw)
			}
			if e.Servers[0].State == client.StateIdle {
				return errDone
			}
		}
		return nil
	})
	if !errors.Is(err, errDone) {
		t.Error(err)
	}
}

// TestFollowBroken: a stream that breaks goes on where it ended, and so it does when the follower could not reach the hub.
func TestFollowBroken(t *testing.T) {
	var asked []string
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Last-Event-ID"))
		switch len(asked) {
		case 1:
			_, _ = fmt.Fprint(w, "id: x-1\nevent: snapshot\ndata: {}\n\nid: x-2\nevent: server_lists\ndata: {}\n\n:\n\nid: x-3\nevent: server_lists\nda")
		case 2, 3:
			_, _ = fmt.Fprint(w, "event: gap\ndata: {\"lost\":3}\n\nid: x-9\nevent: snapshot\ndata: {}\n\n")
		default:
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprint(w, `{"error":"not you","code":"FORBIDDEN"}`)
		}
	}))
	defer hub.Close()
	var told []string
	err := client.New(hub.URL).Follow(t.Context(), func(e client.Event) error {
		told = append(told, e.Name+" "+e.ID)
		if e.ID == "x-9" && len(asked) == 2 {
			return fmt.Errorf("read the log: %w", client.ErrUnreachable)
		}
		return nil
	})
	var refused *client.Error
	if !errors.As(err, &refused) || refused.Status != http.StatusForbidden || refused.Code != "FORBIDDEN" {
		t.Errorf("the end is %v", err)
	}
	if want := []string{"", "x-2", "x-2", "x-9"}; !slices.Equal(asked, want) {
		t.Errorf("asked from %q, want %q", asked, want)
	}
	want := []string{"snapshot x-1", "server_lists x-2", "away ", "gap ", "snapshot x-9", "away ", "gap ", "snapshot x-9", "away "}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

func TestFollowNothing(t *testing.T) {
	dead := httptest.NewServer(nil)
	dead.Close()
	if err := client.New(dead.URL).Follow(t.Context(), nil); !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("nothing there: %v", err)
	}
	_, c := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := c.Follow(ctx, func(client.Event) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
