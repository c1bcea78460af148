package hub

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"mcphub/hub/market"
	"mcphub/hub/store"
)

// firstLook is how long the first question to the marketplace waits for its sources.
const firstLook = 8 * time.Second

// market returns the marketplace. It is opened when somebody first asks: a hub that nobody browses with asks no
// registry and keeps no database open.
func (h *Hub) market(ctx context.Context) (*market.Index, error) {
	h.mu.Lock()
	index := h.index
	h.mu.Unlock()
	if index != nil {
		return index, nil
	}
	if h.options.StateDir == "" {
		return nil, errors.New("this hub has no folder to keep a marketplace in")
	}
	log := h.options.Log.With("part", "marketplace")
	db, err := store.Open(ctx, filepath.Join(h.options.StateDir, "hub.db"), log)
	if err != nil {
		return nil, err
	}
	index = market.New(market.Options{
		DB: db, Sources: h.options.Sources, Bundles: filepath.Join(h.options.StateDir, "bundles"), Log: log,
	})
	h.mu.Lock()
	if h.index != nil { // another was faster
		index = h.index
		h.mu.Unlock()
		return index, db.Close()
	}
	h.index = index
	h.mu.Unlock()
	h.later(func(ctx context.Context) {
		defer db.Close()
		if err := index.Run(ctx); err != nil && ctx.Err() == nil {
			log.Error("marketplace is not kept up to date", "err", err)
		}
		<-ctx.Done()
	})
	h.awaitSources(ctx, index)
	return index, nil
}

// awaitSources waits until each source of a new index has been tried, for a while at most: the first answer shall not
// be only what is built in.
func (h *Hub) awaitSources(ctx context.Context, index *market.Index) {
	ctx, cancel := context.WithTimeout(ctx, firstLook)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		tried := 0
		states, err := index.Sources(ctx)
		for _, s := range states {
			if !s.TriedAt.IsZero() {
				tried++
			}
		}
		if err != nil || tried >= len(h.options.Sources) {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
