package store

import (
	"context"
	"fmt"
	"strings"
	"unicode"
)

// ranked is how many matches are put in order by how well they match. Words that more items hold say little about any of
// them: there the weight alone counts, and the search need not look at each match.
const ranked = 1000

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

// MarketSearch returns the bodies of the items that match, in order, and how many match in all.
func (d *DB) MarketSearch(ctx context.Context, q MarketQuery) (bodies [][]byte, total int, err error) {
	words := q.words()
	if len(words) == 0 && strings.TrimSpace(q.Words) != "" {
		return nil, 0, nil // signs only
	}
	from, matching, args := `market_item`, ``, []any{}
	if terms := append(words, q.facets()...); len(terms) > 0 {
		from, matching, args = `market_words`, ` WHERE market_words MATCH ?`, append(args, strings.Join(terms, " AND "))
	}
	if err := d.read.QueryRowContext(ctx, `SELECT count(*) FROM `+from+matching, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count marketplace items: %w", err)
	}
	rows := `SELECT rowid AS row FROM ` + from + matching
	switch {
	case q.Order == ByRelevance && len(words) > 0 && total <= ranked: // what has just that name comes first
		rows = `SELECT market_words.rowid AS row FROM market_words JOIN market_item ON market_item.rowid = market_words.rowid` + matching +
			` ORDER BY market_item.title = ? OR market_item.id = ? COLLATE NOCASE DESC, bm25(market_words, 10, 6, 4, 2, 1, 0), row`
		args = append(args, strings.TrimSpace(q.Words), strings.TrimSpace(q.Words))
	case q.Order != ByRelevance && len(args) > 0: // the words do not know titles, stars and times
		rows = `SELECT rowid AS row FROM market_item WHERE rowid IN (` + rows + `)` + orders[q.Order]
	default:
		rows += orders[q.Order]
	}
	if q.Limit == 0 {
		q.Limit = -1
	}
	// Rows are put in order and counted off before their bodies are read.
	bodies, err = d.bodies(ctx, `SELECT body FROM (`+rows+` LIMIT ? OFFSET ?) CROSS JOIN market_body ON market_body.rowid = row`, append(args, q.Limit, q.Offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("search the marketplace: %w", err)
	}
	return bodies, total, nil
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
