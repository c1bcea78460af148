// Package market owns the marketplace: the sources of servers that can be installed, their cache and search, and the plan
// of what an installation would write.
//
// It must not know the configuration of the hub, which it only proposes entries for, nor who asks.
package market

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"sync"
	"time"

	"mcphub/hub/fetch"
	"mcphub/hub/store"
)

const (
	refreshEvery = 6 * time.Hour
	fullEvery    = 7 * 24 * time.Hour // a source that only tells changes may have lost some
	firstRetry   = time.Minute
)

// ErrUnknown says that the index has no such item.
var ErrUnknown = errors.New("no such item in the marketplace")

var errDropped = errors.New("it is no source any more")

// Options are what an index is made of.
type Options struct {
	DB      *store.DB
	Sources []Source // in the order in which they are asked for an id; see [DefaultSources]
	Readme  string   // where the files of GitHub repositories stand; empty: ReadmeURL
	Bundles string   // the folder that bundles are unpacked in
	Log     *slog.Logger
}

// Index is the searchable whole of all sources. Its methods may be called at any time, also without Run: they answer from
// the cache.
type Index struct {
	db      *store.DB
	readme  string
	bundles string
	client  *http.Client
	log     *slog.Logger
	change  chan []Source // holds the sources to go over to

	mu    sync.RWMutex // held while the cache is written, so that nothing is written of a source that is gone
	feeds []*feed
}

// feed is a source that is read by one goroutine at a time.
type feed struct {
	Source
	mu sync.Mutex
}

// Query is what to look for; empty fields match everything.
type Query struct {
	Words    string
	Category string
	Tags     []string // all of them
	Source   string
	Sort     string // name, newest, stars; anything else: by relevance
	Offset   int
	Limit    int // 0: no limit
}

// Page is a part of the items that match.
type Page struct {
	Items []Item
	Total int  // how many items match in all
	More  bool // more than Total do, which are not counted; there are 10,000 then
}

// State is how a source is doing. Its items are served whatever it says.
type State struct {
	Name      string
	URL       string // to show: without what may be a secret in it
	Items     int
	FetchedAt time.Time // when it was last read; zero: never
	TriedAt   time.Time
	Error     string // why it could not be read the last time; empty: it could
}

// DefaultSources returns the community registry and the official one.
func DefaultSources() []Source {
	return []Source{NewCommunity("community", CommunityURL), NewRegistry("official", RegistryURL)}
}

// New returns an index over the cache in the database.
func New(o Options) *Index {
	x := &Index{db: o.DB, readme: o.Readme, bundles: o.Bundles, client: fetch.NewClient(), log: o.Log, change: make(chan []Source, 1), feeds: feeds(o.Sources)}
	if x.readme == "" {
		x.readme = ReadmeURL
	}
	return x
}

func feeds(sources []Source) []*feed {
	list := make([]*feed, len(sources))
	for i, s := range sources {
		list[i] = &feed{Source: s}
	}
	return list
}

// Configure has Run go over to other sources: what is cached of those that go is forgotten, those that stay keep theirs.
// It returns at once. It must not be called by two at the same time.
func (x *Index) Configure(sources []Source) {
	select {
	case <-x.change: // Run has not come to it, and need not any more
	default:
	}
	x.change <- sources
}

// Run keeps the index up to date until the context ends: it forgets sources that are no longer configured, fills an empty
// index with the built-in catalog, and reads each source when it is due. A failing source is tried again, less and less often.
func (x *Index) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := x.prepare(ctx); err != nil {
			return fmt.Errorf("marketplace: %w", err)
		}
		round, stop := context.WithCancel(ctx)
		var group sync.WaitGroup
		for _, f := range x.current() {
			group.Go(func() { x.keep(round, f) })
		}
		select {
		case sources := <-x.change:
			x.mu.Lock()
			x.feeds = feeds(sources)
			x.mu.Unlock()
		case <-ctx.Done():
		}
		stop()
		group.Wait()
	}
	return nil
}

// current returns the sources that are read now. The list does not change.
func (x *Index) current() []*feed {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.feeds
}

func (x *Index) prepare(ctx context.Context) error {
	urls := map[string]string{builtin: ""}
	for _, f := range x.current() {
		urls[f.Name()] = f.URL()
	}
	if err := x.db.MarketKeep(ctx, urls); err != nil {
		return err
	}
	states, err := x.db.MarketSources(ctx)
	if err != nil {
		return err
	}
	for _, s := range states {
		if s.Items > 0 {
			return nil
		}
	}
	return x.put(ctx, builtin, time.Now().UnixNano(), Batch{Items: builtinItems()})
}

// keep reads the source whenever it is due.
func (x *Index) keep(ctx context.Context, f *feed) {
	for {
		states, err := x.db.MarketSources(ctx)
		if err != nil && ctx.Err() == nil {
			x.log.Warn("cannot read the marketplace cache", "source", f.Name(), "err", err)
		}
		wait := due(states[f.Name()], time.Now())
		if err != nil {
			wait = firstRetry
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if err == nil {
			// Another process with the same cache may have been faster.
			if states, err = x.db.MarketSources(ctx); err == nil && due(states[f.Name()], time.Now()) <= 0 {
				_ = x.read(ctx, f) // kept in the state and logged there
			}
		}
	}
}

// due returns how long it is until the source is to be read. The times are spread, so that hubs do not ask all at once.
func due(s store.MarketSource, now time.Time) time.Duration {
	if s.TriedAt.IsZero() {
		return 0
	}
	wait := refreshEvery
	if s.Failures > 0 {
		wait = min(firstRetry<<min(s.Failures-1, 10), refreshEvery)
	}
	spread := time.Duration(s.TriedAt.UnixNano() % int64(wait/5)) // the same for each that looks
	return max(0, s.TriedAt.Add(wait-wait/10+spread).Sub(now))
}

// Refresh reads all sources now and returns what went wrong.
func (x *Index) Refresh(ctx context.Context) error {
	all := x.current()
	errs := make([]error, len(all))
	var group sync.WaitGroup
	for i, f := range all {
		group.Go(func() { errs[i] = x.read(ctx, f) })
	}
	group.Wait()
	return errors.Join(errs...)
}

// read reads one source and keeps what it brought and how it went.
func (x *Index) read(ctx context.Context, f *feed) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	states, err := x.db.MarketSources(ctx)
	if err != nil {
		return err
	}
	state, begin := states[f.Name()], time.Now()
	if state.URL != f.URL() { // it is the first time; what will have come is to be known as of this address, if it comes to no end
		state = store.MarketSource{Name: f.Name(), URL: f.URL()}
		if err := x.write(f, func() error { return x.db.MarketSetSource(ctx, state) }); err != nil {
			return err
		}
	}
	mark := state.Mark
	if state.Items == 0 || begin.Sub(state.FullAt) > fullEvery {
		mark = ""
	}
	pass := begin.UnixNano()
	result, err := f.Fetch(ctx, mark, func(b Batch) error {
		return x.write(f, func() error { return x.put(ctx, f.Name(), pass, b) })
	})
	if err == nil && result.Full {
		err = x.write(f, func() error { return x.db.MarketPrune(ctx, f.Name(), pass) })
	}
	if ctx.Err() != nil || errors.Is(err, errDropped) {
		return fmt.Errorf("marketplace source %s: %w", f.Name(), cmp.Or(ctx.Err(), err))
	}
	state.TriedAt = time.Now()
	if err != nil {
		state.Failures++
		state.Error = err.Error()
		x.log.Warn("cannot read a marketplace source, its cache is served", "source", f.Name(), "failures", state.Failures, "err", err)
	} else {
		state.Failures, state.Error, state.Mark, state.FetchedAt = 0, "", result.Mark, begin
		if result.Full {
			state.FullAt = begin
		}
		x.log.Debug("read a marketplace source", "source", f.Name(), "full", result.Full, "skipped", result.Skipped, "took", time.Since(begin))
		err = x.db.MarketPrune(ctx, builtin, math.MaxInt64) // there is something better now
	}
	if err := errors.Join(err, x.write(f, func() error { return x.db.MarketSetSource(ctx, state) })); err != nil {
		return fmt.Errorf("marketplace source %s: %w", f.Name(), err)
	}
	return nil
}

// write does what writes to the cache in the name of a source, unless the source is gone.
func (x *Index) write(f *feed, do func() error) error {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if !slices.Contains(x.feeds, f) {
		return errDropped
	}
	return do()
}

func (x *Index) put(ctx context.Context, source string, pass int64, b Batch) error {
	items := make([]store.MarketItem, 0, len(b.Items))
	for i := range b.Items {
		b.Items[i].Source = source
		item, err := b.Items[i].stored()
		if err != nil {
			return fmt.Errorf("keep item %s: %w", b.Items[i].ID, err)
		}
		items = append(items, item)
	}
	if len(b.Deleted) > 0 {
		if err := x.db.MarketDelete(ctx, source, b.Deleted); err != nil {
			return err
		}
	}
	return x.db.MarketPut(ctx, pass, items)
}

// Search returns the items that match. Deprecated ones come last, unless words rank them.
func (x *Index) Search(ctx context.Context, q Query) (Page, error) {
	order := map[string]store.MarketOrder{"name": store.ByTitle, "newest": store.ByUpdated, "stars": store.ByStars}[q.Sort]
	found, err := x.db.MarketSearch(ctx, store.MarketQuery{
		Words: q.Words, Category: q.Category, Tags: q.Tags, Source: q.Source, Order: order, Offset: q.Offset, Limit: q.Limit,
	})
	if err != nil {
		return Page{}, err
	}
	page := Page{Items: make([]Item, len(found.Bodies)), Total: found.Total, More: found.More}
	for i, body := range found.Bodies {
		if err := json.Unmarshal(body, &page.Items[i]); err != nil {
			return Page{}, fmt.Errorf("read cached item: %w", err)
		}
	}
	return page, nil
}

// Categories returns the categories with the number of items in each.
func (x *Index) Categories(ctx context.Context) (map[string]int, error) {
	return x.db.MarketCategories(ctx)
}

// Item returns an item of a source, or of the first source that has it if source is empty. It fails with ErrUnknown.
func (x *Index) Item(ctx context.Context, source, id string) (Item, error) {
	sources := []string{source}
	if source == "" {
		sources = sources[:0]
		for _, f := range x.current() {
			sources = append(sources, f.Name())
		}
		sources = append(sources, builtin)
	}
	for _, s := range sources {
		body, found, err := x.db.MarketBody(ctx, s, id)
		if err != nil {
			return Item{}, err
		}
		if !found {
			continue
		}
		var item Item
		if err := json.Unmarshal(body, &item); err != nil {
			return Item{}, fmt.Errorf("read cached item: %w", err)
		}
		return item, nil
	}
	return Item{}, fmt.Errorf("%q: %w; search for its id", id, ErrUnknown)
}

// Sources returns how each source is doing, in their order.
func (x *Index) Sources(ctx context.Context) ([]State, error) {
	known, err := x.db.MarketSources(ctx)
	if err != nil {
		return nil, err
	}
	all := x.current()
	states := make([]State, len(all))
	for i, f := range all {
		s := known[f.Name()]
		states[i] = State{Name: f.Name(), URL: shown(f.URL()), Items: s.Items, FetchedAt: s.FetchedAt, TriedAt: s.TriedAt, Error: s.Error}
	}
	return states, nil
}
