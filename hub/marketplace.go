package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"mcphub/hub/config"
	"mcphub/hub/market"
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
	log := h.options.Log.With("part", "marketplace")
	db, err := h.memory.database(ctx)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	if h.index != nil { // another was faster
		index = h.index
		h.mu.Unlock()
		return index, nil
	}
	index = market.New(market.Options{DB: db, Sources: h.sources(h.named), Bundles: h.bundles(), Log: log})
	h.index = index
	h.mu.Unlock()
	h.later(func(ctx context.Context) {
		if err := index.Run(ctx); err != nil && ctx.Err() == nil {
			log.Error("marketplace is not kept up to date", "err", err)
		}
		<-ctx.Done()
	})
	awaitSources(ctx, index)
	return index, nil
}

// awaitSources waits until each source of a new index has been tried, for a while at most: the first answer shall not
// be only what is built in.
func awaitSources(ctx context.Context, index *market.Index) {
	ctx, cancel := context.WithTimeout(ctx, firstLook)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		states, err := index.Sources(ctx)
		if err != nil || !slices.ContainsFunc(states, func(s market.State) bool { return s.TriedAt.IsZero() }) {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// configureMarket takes the sources that the configuration names.
func (h *Hub) configureMarket(named []config.MarketSource) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.index != nil && !slices.Equal(named, h.named) {
		h.index.Configure(h.sources(named))
	}
	h.named = named
}

// sources returns the sources of the marketplace: those that the hub has itself, as the configuration changes them, and
// then those that only the configuration names.
func (h *Hub) sources(named []config.MarketSource) []market.Source {
	all := slices.Clone(h.options.Sources)
	for _, n := range named {
		at := slices.IndexFunc(all, func(s market.Source) bool { return s.Name() == n.Name })
		switch {
		case n.Disabled && at >= 0:
			all = slices.Delete(all, at, at+1)
		case n.Disabled || n.URL == "":
		case at >= 0:
			all[at] = source(n)
		default:
			all = append(all, source(n))
		}
	}
	return all
}

func source(n config.MarketSource) market.Source {
	if n.Type == config.CommunitySource {
		return market.NewCommunity(n.Name, n.URL)
	}
	return market.NewRegistry(n.Name, n.URL)
}

// bundles is the folder that bundles are unpacked in.
func (h *Hub) bundles() string { return filepath.Join(h.options.StateDir, "bundles") }

// remove takes a server out of the configuration file that it comes from. A bundle that it was run from goes with it,
// unless a configuration still names it: one of this hub, or of another that runs on this machine.
func (h *Hub) remove(ctx context.Context, name string) error {
	dir, running := "", h.set.Get(name)
	if c, ok := h.store.Current().Server(name); ok && h.options.StateDir != "" {
		dir = market.Bundle(h.bundles(), c.Written().Cwd)
	}
	if err := h.store.DeleteServer(ctx, name); err != nil || dir == "" {
		return err
	}
	ctx = context.WithoutCancel(ctx) // it is half done
	if running != nil {
		ending, cancel := context.WithTimeout(ctx, restPatience)
		defer cancel()
		_ = running.Settled(ending, false) // its program is in the folder
	}
	if h.mentioned(ctx, filepath.Base(dir)) {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("server %q is removed, but its files are not: %w; remove %s", name, err, dir)
	}
	return nil
}

// mentioned reports whether one of the texts stands in a configuration file of a hub that runs on this machine.
func (h *Hub) mentioned(ctx context.Context, texts ...string) bool {
	for _, file := range h.allFiles(ctx) {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || slices.ContainsFunc(texts, func(part string) bool { return bytes.Contains(text, []byte(part)) }) { // what cannot be read may hold it
			return true
		}
	}
	return false
}

// allFiles returns the configuration files of the hubs that run on this machine, this one's among them.
func (h *Hub) allFiles(ctx context.Context) []string {
	var files []string
	add := func(dir string, paths []string) {
		for _, p := range paths {
			if !filepath.IsAbs(p) {
				p = filepath.Join(dir, p)
			}
			files = append(files, p)
		}
	}
	for _, f := range h.store.Current().Files {
		add(h.options.Config.Dir, []string{f.Path})
	}
	if h.workspaces != nil {
		entries, err := h.workspaces.List(ctx)
		if err != nil {
			h.options.Log.Warn("the register of running hubs cannot be read", "err", err)
		}
		for _, e := range entries {
			add(e.Dir, e.ConfigFiles)
		}
	}
	return files
}
