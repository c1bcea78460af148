package store

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func openTest(tb testing.TB) *DB {
	tb.Helper()
	db, err := Open(tb.Context(), filepath.Join(tb.TempDir(), "state", "hub.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

// fill writes items that look like those of real sources: many share some words, most have few stars and some none, and
// they changed in the last four years. It returns the words that they are made of, the first ones being in more of them.
func fill(t *testing.T, db *DB, items int) []string {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	words := make([]string, 3000)
	for i := range words {
		words[i] = fmt.Sprintf("%c%c%c%d", 'a'+random.IntN(26), 'a'+random.IntN(26), 'a'+random.IntN(26), random.IntN(100))
	}
	pick := func() string { return words[min(random.IntN(len(words)), random.IntN(len(words)))] }
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	batch := make([]MarketItem, 0, 5000)
	for i := range items {
		item := MarketItem{
			Source: "a", ID: fmt.Sprintf("io.github.%s/%s-%d", pick(), pick(), i), Title: pick() + " server", Author: pick(),
			Description: fmt.Sprintf("An MCP server that lets assistants use %s, %s and %s with your %s", pick(), pick(), pick(), pick()),
			Category:    words[i%20], Tags: []string{words[i%50], pick()}, Body: fmt.Appendf(make([]byte, 1200), "%d", i),
		}
		if i%3 == 0 {
			item.Title = "MCP " + item.Title
		}
		if i%5 == 0 {
			item.Source, item.Stars = "b", int(50*random.ExpFloat64()*random.ExpFloat64())
		}
		if i%100 > 0 {
			item.Updated = now.Add(-time.Duration(random.IntN(4*365*24)) * time.Hour)
		}
		item.Weight = int64(2*item.Stars + i%2)
		if batch = append(batch, item); len(batch) == cap(batch) || i == items-1 {
			if err := db.MarketPut(t.Context(), 1, batch); err != nil {
				t.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	return words
}

// TestBands: the bands of an order give the pages that the whole order gives.
func TestBands(t *testing.T) {
	db := openTest(t)
	fill(t, db, 200)
	odd := []MarketItem{
		{Title: "", Stars: -3},
		{Title: "_", Stars: 31, Updated: time.Unix(-5, 0)},
		{Title: "É", Stars: 32, Updated: time.Unix(1, 0)},
		{Title: "Zz", Stars: 1 << 40, Updated: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Title: "zA", Updated: time.Date(2026, 11, 30, 23, 59, 59, 0, time.UTC)},
	}
	for i := range odd {
		odd[i].Source, odd[i].ID, odd[i].Description, odd[i].Body = "a", fmt.Sprint(i), "mcp", []byte(fmt.Sprint("odd ", i))
	}
	if err := db.MarketPut(t.Context(), 1, odd); err != nil {
		t.Fatal(err)
	}
	for _, order := range []MarketOrder{ByTitle, ByStars, ByUpdated} {
		for _, q := range []MarketQuery{{Source: "a"}, {Words: "mcp", Source: "b"}} {
			q.Order = order
			whole, err := db.MarketSearch(t.Context(), q)
			if err != nil || whole.Total < 40 {
				t.Fatalf("%+v: %d items, %v", q, whole.Total, err)
			}
			q.Limit = 61
			for q.Offset = 0; q.Offset < whole.Total+2*q.Limit; q.Offset += q.Limit {
				got, err := db.banded(t.Context(), q, strings.Join(append(q.words(), q.facets()...), " AND "))
				want := whole.Bodies[min(q.Offset, whole.Total):min(q.Offset+q.Limit, whole.Total)]
				if err != nil || !slices.EqualFunc(got, want, bytes.Equal) {
					t.Fatalf("%+v: %d items, %v, want %d", q, len(got), err, len(want))
				}
			}
		}
	}
}

// TestSearchOfManyItems searches 100,000 items (without the race detector); the aim is 20 ms a search, the bound ten times
// that.
func TestSearchOfManyItems(t *testing.T) {
	if testing.Short() {
		t.Skip("writing the items takes half a minute")
	}
	const aim = 20 * time.Millisecond
	db := openTest(t)
	begin := time.Now()
	words := fill(t, db, manyItems)
	t.Logf("%d items written in %v", manyItems, time.Since(begin))
	for _, tt := range []struct {
		name string
		q    MarketQuery
		none bool // perhaps nothing is found
	}{
		{name: "browse"},
		{name: "far page", q: MarketQuery{Offset: manyItems / 2}},
		{name: "by title", q: MarketQuery{Order: ByTitle}},
		{name: "by stars", q: MarketQuery{Order: ByStars}},
		{name: "newest", q: MarketQuery{Order: ByUpdated}},
		{name: "category", q: MarketQuery{Category: words[3]}},
		{name: "tag", q: MarketQuery{Tags: []string{words[3]}}},
		{name: "source", q: MarketQuery{Source: "a"}},
		{name: "source, by stars", q: MarketQuery{Source: "a", Order: ByStars}},
		{name: "source, by title", q: MarketQuery{Source: "a", Order: ByTitle}},
		{name: "source, newest", q: MarketQuery{Source: "a", Order: ByUpdated}},
		{name: "one word", q: MarketQuery{Words: words[700]}},
		{name: "two words", q: MarketQuery{Words: words[700] + " " + words[900]}, none: true},
		{name: "beginning", q: MarketQuery{Words: words[700][:2]}},
		{name: "common beginning", q: MarketQuery{Words: "se"}},
		{name: "word of every item", q: MarketQuery{Words: "server"}},
		{name: "words of every item", q: MarketQuery{Words: "mcp assistants"}},
		{name: "three words of every item", q: MarketQuery{Words: "mcp server assistants"}},
		{name: "common and rare", q: MarketQuery{Words: "server " + words[2500]}, none: true},
		{name: "common, tag", q: MarketQuery{Words: "server", Tags: []string{words[3]}}},
		{name: "common, source", q: MarketQuery{Words: "server", Source: "a"}},
		{name: "common, category, tags", q: MarketQuery{Words: "server", Category: words[3], Tags: []string{words[3]}}},
		{name: "common, by stars", q: MarketQuery{Words: "server", Order: ByStars}},
		{name: "common, by title", q: MarketQuery{Words: "server", Order: ByTitle}},
		{name: "common, newest", q: MarketQuery{Words: "server", Order: ByUpdated}},
		{name: "three common, by stars", q: MarketQuery{Words: "mcp server assistants", Order: ByStars}},
		{name: "common, source, by stars", q: MarketQuery{Words: "server", Source: "a", Order: ByStars}},
		{name: "common, far page", q: MarketQuery{Words: "server", Offset: manyItems * 9 / 10}},
		{name: "common, by stars, far page", q: MarketQuery{Words: "server", Order: ByStars, Offset: min(counted, manyItems) - 50}},
		{name: "common, by title, far page", q: MarketQuery{Words: "server", Order: ByTitle, Offset: min(counted, manyItems) - 50}},
		{name: "common, newest, far page", q: MarketQuery{Words: "server", Order: ByUpdated, Offset: min(counted, manyItems) - 50}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.q.Limit = 50
			var took []time.Duration
			var found MarketFound
			for range 5 {
				begin := time.Now()
				var err error
				if found, err = db.MarketSearch(t.Context(), tt.q); err != nil {
					t.Fatal(err)
				}
				took = append(took, time.Since(begin))
			}
			if n := len(found.Bodies); n == 0 && !tt.none || found.Total < n || found.More && found.Total != counted {
				t.Fatalf("%d of %d items, more %v", n, found.Total, found.More)
			}
			slices.Sort(took)
			t.Logf("%-28s median %9v, worst %9v", tt.name, took[2].Round(10*time.Microsecond), took[4].Round(10*time.Microsecond))
			if took[2] > 10*aim*slowness {
				t.Errorf("median %v, want under %v", took[2], 10*aim*slowness)
			}
		})
	}
}
