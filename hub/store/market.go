package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"
)

// MaxMarketWeight is the highest weight of an item; what is beyond it counts as this.
const MaxMarketWeight = 1<<31 - 1

// MarketItem is one entry of a marketplace source: what it is found by, and a body that only the marketplace reads.
type MarketItem struct {
	Source      string
	ID          string // unique within the source
	Title       string
	Description string
	Author      string
	Category    string
	Tags        []string
	Packages    []string // the packages it can be installed from, by a name that MarketByPackage is asked for
	Weight      int64    // the order of items where no other is asked for, highest first; 0 to MaxMarketWeight
	Stars       int
	Updated     time.Time
	Body        []byte
}

// MarketSource is what is known of one source.
type MarketSource struct {
	Name      string
	URL       string    // where it is read from
	Mark      string    // what the source wants to be told next time
	FetchedAt time.Time // the last success; zero: never
	FullAt    time.Time // the last success that brought everything; zero: never
	TriedAt   time.Time // the last attempt
	Failures  int       // attempts since the last success
	Error     string    // of the last attempt, empty if it went well
	Items     int       // how many are cached; only read, never written
}

// MarketReadme is a cached README.
type MarketReadme struct {
	Text      string // empty: there is none
	ETag      string
	FetchedAt time.Time
}

// MarketPut adds or replaces items and notes that the given pass of their source brought them. An item with the same body
// as before is taken to be the same in all.
func (d *DB) MarketPut(ctx context.Context, pass int64, items []MarketItem) error {
	err := d.change(ctx, func(tx *sql.Tx) error {
		p := putter{tx: tx, statements: map[string]*sql.Stmt{}, bands: map[string]bool{}}
		for i := range items {
			if err := p.put(ctx, pass, &items[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep marketplace items: %w", err)
	}
	return nil
}

// putter writes many items in one transaction; each statement is compiled once and ends with the transaction.
type putter struct {
	tx         *sql.Tx
	statements map[string]*sql.Stmt
	bands      map[string]bool // that have been written
}

func (p *putter) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	statement := p.statements[query]
	if statement == nil {
		var err error
		if statement, err = p.tx.PrepareContext(ctx, query); err != nil {
			return nil, err
		}
		p.statements[query] = statement
	}
	return statement, nil
}

func (p *putter) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	statement, err := p.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return statement.ExecContext(ctx, args...)
}

func (p *putter) put(ctx context.Context, pass int64, item *MarketItem) error {
	res, err := p.exec(ctx, `UPDATE market_item SET seen = ? WHERE source = ? AND id = ?
		AND (SELECT body FROM market_body WHERE market_body.rowid = market_item.rowid) = ?`, pass, item.Source, item.ID, item.Body)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	if _, err := p.exec(ctx, `DELETE FROM market_item WHERE source = ? AND id = ?`, item.Source, item.ID); err != nil {
		return err
	}
	row := itemRow(item)
	for { // two of 2^32 hashes may be alike
		res, err := p.exec(ctx, `INSERT OR IGNORE INTO market_item (rowid, source, id, title, stars, updated, seen) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			row, item.Source, item.ID, item.Title, max(item.Stars, 0), item.updated(), pass)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 1 {
			break
		}
		row++
	}
	facets := []string{facet('s', item.Source), facet('c', item.Category)}
	for _, tag := range item.Tags {
		facets = append(facets, facet('t', tag))
	}
	for _, band := range item.bands() {
		facets = append(facets, band)
		if !p.bands[band] {
			if _, err := p.exec(ctx, `INSERT OR IGNORE INTO market_band (name) VALUES (?)`, band); err != nil {
				return err
			}
			p.bands[band] = true
		}
	}
	if _, err := p.exec(ctx, `INSERT INTO market_words (rowid, title, id, tags, author, description, facets) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		row, item.Title, item.ID, strings.Join(item.Tags, " "), item.Author, item.Description, strings.Join(facets, " ")); err != nil {
		return err
	}
	if _, err := p.exec(ctx, `INSERT INTO market_body (rowid, body) VALUES (?, ?)`, row, item.Body); err != nil {
		return err
	}
	if item.Category != "" {
		if _, err := p.exec(ctx, `INSERT INTO market_category (category, item) VALUES (?, ?)`, item.Category, row); err != nil {
			return err
		}
	}
	for _, name := range item.Packages {
		if _, err := p.exec(ctx, `INSERT OR IGNORE INTO market_package (package, item) VALUES (?, ?)`, name, row); err != nil {
			return err
		}
	}
	return nil
}

// updated returns when the item changed, in Unix seconds; 0 if that is not known.
func (i *MarketItem) updated() int64 { return max(i.Updated.Unix(), 0) }

// itemRow returns the rowid to begin with: 31 bits of the weight upside down, then 32 bits that tell items apart.
func itemRow(item *MarketItem) int64 {
	weight := min(max(item.Weight, 0), MaxMarketWeight)
	h := fnv.New32a()
	_, _ = h.Write([]byte(item.Source + "\x00" + item.ID))
	return (MaxMarketWeight-weight)<<32 | int64(h.Sum32())
}

// facet writes a value as one word of letters and digits, whatever is in it; its first letter says what the value is.
// Case does not count, as everywhere in the index.
func facet(kind byte, value string) string {
	return string(kind) + hex.EncodeToString([]byte(strings.ToLower(value)))
}

// MarketDelete removes items of a source; unknown ids do no harm.
func (d *DB) MarketDelete(ctx context.Context, source string, ids []string) error {
	err := d.change(ctx, func(tx *sql.Tx) error {
		for _, id := range ids {
			if _, err := tx.ExecContext(ctx, `DELETE FROM market_item WHERE source = ? AND id = ?`, source, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove marketplace items: %w", err)
	}
	return nil
}

// MarketPrune removes the items of a source that no pass since the given one brought.
func (d *DB) MarketPrune(ctx context.Context, source string, pass int64) error {
	if _, err := d.write.ExecContext(ctx, `DELETE FROM market_item WHERE source = ? AND seen < ?`, source, pass); err != nil {
		return fmt.Errorf("remove old marketplace items: %w", err)
	}
	return nil
}

// MarketKeep forgets all sources but those named, with their items, and those that were read from another URL than theirs.
func (d *DB) MarketKeep(ctx context.Context, urls map[string]string) error {
	err := d.change(ctx, func(tx *sql.Tx) error {
		for name, url := range urls {
			res, err := tx.ExecContext(ctx, `DELETE FROM market_source WHERE name = ? AND url <> ?`, name, url)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil {
				return err
			} else if n == 0 {
				continue
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM market_item WHERE source = ?`, name); err != nil {
				return err
			}
		}
		named, args := list(slices.Collect(maps.Keys(urls)))
		//nolint:gosec // G202: only question marks are put together
		if _, err := tx.ExecContext(ctx, `DELETE FROM market_item WHERE source NOT IN `+named, args...); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM market_source WHERE name NOT IN `+named, args...) //nolint:gosec // G202: as above
		return err
	})
	if err != nil {
		return fmt.Errorf("forget marketplace sources: %w", err)
	}
	return nil
}

// MarketSources returns what is known of all sources, by name. A source that was never tried is not among them.
func (d *DB) MarketSources(ctx context.Context) (map[string]MarketSource, error) {
	rows, err := d.read.QueryContext(ctx, `SELECT name, url, mark, fetched_at, full_at, tried_at, failures, error,
		(SELECT count(*) FROM market_item WHERE source = name) FROM market_source`)
	if err != nil {
		return nil, fmt.Errorf("read marketplace sources: %w", err)
	}
	defer rows.Close()
	sources := map[string]MarketSource{}
	for rows.Next() {
		var s MarketSource
		var fetched, full, tried int64
		if err := rows.Scan(&s.Name, &s.URL, &s.Mark, &fetched, &full, &tried, &s.Failures, &s.Error, &s.Items); err != nil {
			return nil, fmt.Errorf("read marketplace sources: %w", err)
		}
		s.FetchedAt, s.FullAt, s.TriedAt = fromMillis(fetched), fromMillis(full), fromMillis(tried)
		sources[s.Name] = s
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read marketplace sources: %w", err)
	}
	return sources, nil
}

// MarketSetSource keeps what is known of a source.
func (d *DB) MarketSetSource(ctx context.Context, s MarketSource) error {
	if _, err := d.write.ExecContext(ctx, `INSERT OR REPLACE INTO market_source (name, url, mark, fetched_at, full_at, tried_at, failures, error)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, s.Name, s.URL, s.Mark, millis(s.FetchedAt), millis(s.FullAt), millis(s.TriedAt), s.Failures, s.Error); err != nil {
		return fmt.Errorf("keep marketplace source: %w", err)
	}
	return nil
}

// MarketBody returns the body of an item. It reports false if there is none.
func (d *DB) MarketBody(ctx context.Context, source, id string) ([]byte, bool, error) {
	bodies, err := d.bodies(ctx, `SELECT body FROM market_item JOIN market_body USING (rowid) WHERE source = ? AND id = ?`, source, id)
	if err != nil {
		return nil, false, fmt.Errorf("read marketplace item: %w", err)
	}
	if len(bodies) == 0 {
		return nil, false, nil
	}
	return bodies[0], true, nil
}

// MarketByPackage returns the bodies of the items that offer a package.
func (d *DB) MarketByPackage(ctx context.Context, name string) ([][]byte, error) {
	bodies, err := d.bodies(ctx, `SELECT body FROM market_package JOIN market_body ON market_body.rowid = item WHERE package = ?`, name)
	if err != nil {
		return nil, fmt.Errorf("find marketplace package: %w", err)
	}
	return bodies, nil
}

// MarketCategories returns the categories with the number of items in each.
func (d *DB) MarketCategories(ctx context.Context) (map[string]int, error) {
	rows, err := d.read.QueryContext(ctx, `SELECT category, count(*) FROM market_category GROUP BY category`)
	if err != nil {
		return nil, fmt.Errorf("count marketplace categories: %w", err)
	}
	defer rows.Close()
	counts := map[string]int{}
	for rows.Next() {
		var category string
		var n int
		if err := rows.Scan(&category, &n); err != nil {
			return nil, fmt.Errorf("count marketplace categories: %w", err)
		}
		counts[category] = n
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("count marketplace categories: %w", err)
	}
	return counts, nil
}

// MarketReadme returns the cached README that was fetched from the URL. It reports false if there is none.
func (d *DB) MarketReadme(ctx context.Context, url string) (MarketReadme, bool, error) {
	var r MarketReadme
	var fetched int64
	err := d.read.QueryRowContext(ctx, `SELECT text, etag, fetched_at FROM market_readme WHERE url = ?`, url).Scan(&r.Text, &r.ETag, &fetched)
	if errors.Is(err, sql.ErrNoRows) {
		return MarketReadme{}, false, nil
	}
	if err != nil {
		return MarketReadme{}, false, fmt.Errorf("read cached README: %w", err)
	}
	r.FetchedAt = fromMillis(fetched)
	return r, true, nil
}

// MarketSetReadme caches the README that was fetched from the URL, and keeps no more than the newest 500.
func (d *DB) MarketSetReadme(ctx context.Context, url string, r MarketReadme) error {
	err := d.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO market_readme (url, text, etag, fetched_at) VALUES (?, ?, ?, ?)`,
			url, r.Text, r.ETag, millis(r.FetchedAt)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM market_readme WHERE url NOT IN (SELECT url FROM market_readme ORDER BY fetched_at DESC LIMIT 500)`)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep README: %w", err)
	}
	return nil
}

// bodies runs a query of one column.
func (d *DB) bodies(ctx context.Context, query string, args ...any) ([][]byte, error) {
	rows, err := d.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var bodies [][]byte
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		bodies = append(bodies, body)
	}
	return bodies, rows.Err()
}

// list returns (?, ?, …) and the values for it.
func list(values []string) (string, []any) {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	return "(" + strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ") + ")", args
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
