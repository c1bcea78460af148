package store

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
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

// TestSearchOfManyItems searches 100,000 items (without the race detector); the aim is 20 ms a search, the bound ten times
// that.
func TestSearchOfManyItems(t *testing.T) {
	if testing.Short() {
		t.Skip("writing the items takes half a minute")
	}
	const aim = 20 * time.Millisecond
	db := openTest(t)
	random := rand.New(rand.NewPCG(1, 2))
	words := make([]string, 3000)
	for i := range words {
		words[i] = fmt.Sprintf("%c%c%c%d", 'a'+random.IntN(26), 'a'+random.IntN(26), 'a'+random.IntN(26), random.IntN(100))
	}
	batch := make([]MarketItem, 0, 5000)
	begin := time.Now()
	for i := range manyItems {
		pick := func() string { return words[min(random.IntN(len(words)), random.IntN(len(words)))] }
		batch = append(batch, MarketItem{
			Source: "a", ID: fmt.Sprintf("io.github.%s/%s-%d", pick(), pick(), i), Title: pick() + " server", Author: pick(),
			Description: fmt.Sprintf("An MCP server that lets assistants use %s, %s and %s with your %s", pick(), pick(), pick(), pick()),
			Category:    words[i%20], Tags: []string{words[i%50], pick()}, Weight: int64(random.IntN(5000)), Stars: random.IntN(5000), Body: make([]byte, 1200),
		})
		if len(batch) == cap(batch) || i == manyItems-1 {
			if err := db.MarketPut(t.Context(), 1, batch); err != nil {
				t.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	t.Logf("%d items written in %v", manyItems, time.Since(begin))
	for name, q := range map[string]MarketQuery{
		"browse":               {},
		"far page":             {Offset: manyItems / 2},
		"by title":             {Order: ByTitle},
		"by stars":             {Order: ByStars},
		"newest":               {Order: ByUpdated},
		"category":             {Category: words[3]},
		"tag":                  {Tags: []string{words[3]}},
		"one word":             {Words: words[700]},
		"source":               {Source: "a"},
		"two words":            {Words: words[700] + " " + words[900]},
		"beginning":            {Words: words[700][:2]},
		"word of every item":   {Words: "server"},
		"words of every item":  {Words: "mcp assistants"},
		"common and rare":      {Words: "server " + words[2500]},
		"word, category, tags": {Words: "server", Category: words[3], Tags: []string{words[3]}},
	} {
		t.Run(name, func(t *testing.T) {
			q.Limit = 50
			var took []time.Duration
			for range 5 {
				begin := time.Now()
				bodies, total, err := db.MarketSearch(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				if name != "two words" && name != "common and rare" && (len(bodies) == 0 || total < len(bodies)) {
					t.Fatalf("%d of %d items", len(bodies), total)
				}
				took = append(took, time.Since(begin))
			}
			slices.Sort(took)
			t.Logf("median %v, worst %v", took[2], took[4])
			if took[2] > 10*aim*slowness {
				t.Errorf("median %v, want under %v", took[2], 10*aim*slowness)
			}
		})
	}
}
