package store

import (
	"context"
	"fmt"
	"strings"
	"unicode"
)

const (
	// ranked is how many matches are put in order by how well they match. Words that more items hold say little about
	// any of them: there the weight alone counts, and the search need not look at each match.
	ranked = 1000
	// counted is how many matches are counted: nobody turns that many pages.
	counted = 10_000
)

// MarketOrder is the order of search results.
type MarketOrder int

// The orders of search results.
const (
	ByRelevance MarketOrder = iota // how well the words match; without words, by weight
	ByStars
	ByTitle
	ByUpdated // newest first
)

var orders = map[MarketOrder]string{
	ByRelevance: ` ORDER BY rowid`,
	ByStars:     ` ORDER BY stars DESC, rowid`,
	ByTitle:     ` ORDER BY title, rowid`,
	ByUpdated:   ` ORDER BY updated DESC, rowid`,
}

// MarketQuery is what to look for. Empty fields match everything.
type MarketQuery struct {
	Words    string   // all must begin a word of the item; case and accents do not count
	Category string   // all of it
	Tags     []string // all of them
	Source   string
	Order    MarketOrder
	Offset   int
	Limit    int // 0: no limit
}

// MarketFound is a part of the items that match.
type MarketFound struct {
	Bodies [][]byte // in order
	Total  int      // how many items match in all
	More   bool     // more than Total do, which are not counted; there are 10,000 then
}

const (
	matching = `SELECT rowid AS row FROM market_words WHERE market_words MATCH ?`
	// best puts what has just the name that was asked for first.
	best = `SELECT market_words.rowid AS row FROM market_words JOIN market_item ON market_item.rowid = market_words.rowid WHERE market_words MATCH ?
		ORDER BY market_item.title = ? OR market_item.id = ? COLLATE NOCASE DESC, bm25(market_words, 10, 6, 4, 2, 1, 0), row`
)

// MarketSearch looks for items.
func (d *DB) MarketSearch(ctx context.Context, q MarketQuery) (found MarketFound, err error) {
	words := q.words()
	if len(words) == 0 && strings.TrimSpace(q.Words) != "" {
		return found, nil // signs only
	}
	if q.Limit == 0 {
		q.Limit = -1
	}
	match := strings.Join(append(words, q.facets()...), " AND ")
	if match == "" {
		if err = d.read.QueryRowContext(ctx, `SELECT count(*) FROM market_item`).Scan(&found.Total); err == nil {
			found.Bodies, err = d.page(ctx, `SELECT rowid AS row FROM market_item`+orders[q.Order], q.Limit, q.Offset)
		}
	} else if found.Total, err = d.count(ctx, match, counted+1); err == nil {
		found.More = found.Total > counted
		found.Total = min(found.Total, counted)
		switch {
		case q.Order == ByRelevance && len(words) > 0 && found.Total <= ranked:
			name := strings.TrimSpace(q.Words)
			found.Bodies, err = d.page(ctx, best, q.Limit, q.Offset, match, name, name)
		case q.Order == ByRelevance:
			found.Bodies, err = d.page(ctx, matching+orders[q.Order], q.Limit, q.Offset, match)
		case found.More && q.Limit > 0:
			found.Bodies, err = d.banded(ctx, q, match)
		default: // the words do not know titles, stars and times
			found.Bodies, err = d.page(ctx, `SELECT rowid AS row FROM market_item WHERE rowid IN (`+matching+`)`+orders[q.Order], q.Limit, q.Offset, match)
		}
	}
	if err != nil {
		return MarketFound{}, fmt.Errorf("search the marketplace: %w", err)
	}
	return found, nil
}

// count counts the items that match, up to a limit.
func (d *DB) count(ctx context.Context, match string, limit int) (n int, err error) {
	err = d.read.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM market_words WHERE market_words MATCH ? LIMIT ?)`, match, limit).Scan(&n)
	return n, err
}

// page returns the bodies of some of the rows that a query gives; they are counted off before their bodies are read.
func (d *DB) page(ctx context.Context, rows string, limit, offset int, args ...any) ([][]byte, error) {
	return d.bodies(ctx, `SELECT body FROM (`+rows+` LIMIT ? OFFSET ?) CROSS JOIN market_body ON market_body.rowid = row`, append(args, limit, offset)...)
}

// words writes the words in the query language of FTS5: each in quotes, where no sign means anything, and as the
// beginning of a word. One letter alone begins too many.
func (q *MarketQuery) words() []string {
	var terms []string
	for word := range strings.FieldsFuncSeq(q.Words, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) }) {
		term := `- facets : "` + word + `"`
		if len(word) > 1 {
			term += "*"
		}
		terms = append(terms, term)
	}
	return terms
}

// facets writes source, category and tags in the query language of FTS5.
func (q *MarketQuery) facets() []string {
	var terms []string
	add := func(kind byte, value string) {
		if value != "" {
			terms = append(terms, `facets : `+facet(kind, value))
		}
	}
	add('s', q.Source)
	add('c', q.Category)
	for _, tag := range q.Tags {
		add('t', tag)
	}
	return terms
}
