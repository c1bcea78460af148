package gateway

import (
	"context"
	"errors"
	"testing"
	"time"

	"mcphub/hub/access"
)

// TestEarlyCancellation: a cancellation and its request come on different connections, so either may be first.
func TestEarlyCancellation(t *testing.T) {
	s := newSession("", transportHTTP, access.Local())
	call := func(id string) context.Context {
		ctx, cancel := context.WithCancelCause(t.Context())
		if !s.begin(id, &cancel) {
			t.Fatal("the session has not ended")
		}
		t.Cleanup(func() { s.finish(id, &cancel); cancel(nil) })
		return ctx
	}
	s.cancel(`"1"`, "")
	if ctx := call(`1`); ctx.Err() != nil {
		t.Error(`a cancellation of "1" ended 1`)
	}
	if ctx := call(`"1"`); !errors.Is(context.Cause(ctx), errCancelled) {
		t.Error("a cancellation that overtook its request was lost")
	}
	first, second := context.CancelCauseFunc(func(error) {}), context.CancelCauseFunc(func(error) {})
	if s.begin("3", &first); !s.begin("3", &second) {
		t.Error("an id that is in use was refused")
	}
	if s.finish("3", &first); s.calls["3"] != &second {
		t.Error("the end of a call took away another of the same id")
	}
	s.early["2"] = time.Now().Add(-earlyAge)
	if ctx := call("2"); ctx.Err() != nil {
		t.Error("an old cancellation ended a call")
	}
	for range 3 * earlyLimit {
		s.cancel(time.Now().String(), "")
	}
	if len(s.early) > earlyLimit {
		t.Errorf("%d cancellations are kept", len(s.early))
	}
}
