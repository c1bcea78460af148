package gateway

import (
	"context"
	"log/slog"
	"sync"
	"testing"

	"mcphub/hub/access"
	"mcphub/hub/catalog"
	"mcphub/hub/config"
	"mcphub/hub/upstream"
)

// TestReady: who has learned that a server is ready sees its tools, and who has learned that it is gone does not, although
// whatever keeps the views up to date has not come to it yet: here it does not run at all.
func TestReady(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	set := upstream.NewSet(upstream.Options{Version: "test", Log: log, Dial: dialEcho})
	cat := catalog.New(set, config.DefaultSettings(), log)
	New(set, cat, "test", log) // which is told of the changes
	set.OnChange(cat.Touch)
	ctx, cancel := context.WithCancel(access.With(t.Context(), access.Local()))
	var work sync.WaitGroup
	work.Go(func() { _ = set.Run(ctx) })
	defer work.Wait()
	defer cancel()
	for range 100 {
		set.Apply([]*config.Server{{Name: "s", Transport: upstream.Local}})
		if err := set.Get("s").Settled(ctx, true); err != nil {
			t.Fatal(err)
		}
		if cat.All().Item(catalog.Tools, "s__echo") == nil || cat.View("s", nil).Item(catalog.Tools, "echo") == nil {
			t.Fatal("the server is ready, but its tool is not there")
		}
		set.Apply(nil)
		if cat.All().Item(catalog.Tools, "s__echo") != nil || cat.View("s", nil) != nil {
			t.Fatal("the server is gone, but its tool is there")
		}
	}
}
