package store

import (
	"context"
	"database/sql"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"unicode/utf8"

	"mcphub/hub/record"
)

// Bits of a body's state.
const (
	stateTruncated = 1 << iota
	stateRedacted
)

// indexed is how many bytes of arguments can be found by their words.
const indexed = 1000

// write writes a batch in one transaction.
func (h *History) write(ctx context.Context, db *DB, batch []*entry) error {
	// The index takes ids in ascending order only without a detour.
	slices.SortStableFunc(batch, func(a, b *entry) int { return a.Time.Compare(b.Time) })
	err := db.change(ctx, func(tx *sql.Tx) error {
		p := putter{tx: tx, statements: map[string]*sql.Stmt{}}
		sums := sums{}
		forgotten, last := h.forgotten.Load(), int64(0)
		for _, e := range batch {
			id := e.Time.UnixMicro()
			if id < forgotten {
				continue
			}
			id = max(id, last+1)
			var err error
			if e.happening != nil {
				last, err = p.happening(ctx, id, e.happening)
			} else {
				sums.add(&e.Call)
				last, err = h.call(ctx, &p, id, e)
			}
			if err != nil {
				return err
			}
		}
		return sums.write(ctx, &p)
	})
	if err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	return nil
}

// insert runs an INSERT OR IGNORE with the first id from the given one on that is free, and returns that.
func (p *putter) insert(ctx context.Context, query string, id int64, args ...any) (int64, error) {
	args = append([]any{id}, args...)
	for {
		args[0] = id
		res, err := p.exec(ctx, query, args...)
		if err != nil {
			return 0, err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return id, err
		}
		id++
	}
}

func (p *putter) happening(ctx context.Context, id int64, e *Happening) (int64, error) {
	return p.insert(ctx, `INSERT OR IGNORE INTO happening (id, kind, server, level, text) VALUES (?, ?, ?, ?, ?)`, id, e.Kind, e.Server, e.Level, e.Text)
}

// call writes one call and returns its id.
func (h *History) call(ctx context.Context, p *putter, id int64, e *entry) (int64, error) {
	e.Name, e.Err = h.text(e.Name, longestName, e.margin), h.text(e.Err, longestError, e.margin)
	id, err := p.insert(ctx, `INSERT OR IGNORE INTO call
		(id, client, version, token, session, era, via, server, kind, name, outcome, error, took, in_server, request_size, result_size)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id, e.Client, e.Version, e.Token, e.Session, e.Era, e.Via, e.Server, e.Kind, e.Name, e.Outcome, e.Err,
		e.Took.Microseconds(), e.InServer.Microseconds(), e.RequestSize, e.ResultSize)
	if err != nil {
		return 0, err
	}
	args, argsState := h.body(e, e.Definition, e.Args)
	result, resultState := h.body(e, nil, e.Result)
	if e.Args != nil || e.Result != nil {
		if _, err := p.exec(ctx, `INSERT INTO call_body (id, args, args_state, result, result_state) VALUES (?, ?, ?, ?, ?)`,
			id, args, argsState, result, resultState); err != nil {
			return 0, err
		}
	}
	facets := callFacets(e.Server, e.Name, e.Client, e.Token, e.Kind, e.Outcome, e.Outcome.Failed())
	words := strings.Join(append(facets, e.Server, e.Name, e.Client, e.Token, e.Err, args.String[:min(len(args.String), indexed)]), " ")
	_, err = p.exec(ctx, `INSERT INTO call_words (rowid, words) VALUES (?, ?)`, id, words)
	return id, err
}

// text makes of a name or an error what is kept of it.
func (h *History) text(text string, limit, margin int) string {
	redacted, _ := h.options.Redact(nil, []byte(text))
	kept, whole := beginning(redacted, len(text), limit, margin)
	if !whole {
		kept += "…"
	}
	return kept
}

// body makes of arguments or of a result what is kept of it.
func (h *History) body(e *entry, definition, text []byte) (kept sql.NullString, state int) {
	if text == nil {
		return kept, 0
	}
	redacted, changed := h.options.Redact(definition, text)
	kept.Valid = true
	var whole bool
	if kept.String, whole = beginning(redacted, len(text), e.limit, e.margin); !whole {
		state |= stateTruncated
	}
	if changed {
		state |= stateRedacted
	}
	return kept, state
}

// beginning returns what may be kept of a redacted text that had size bytes before: all of it if that was within the limit.
// Of its last bytes nobody knows whether they began a secret.
func beginning(redacted []byte, size, limit, margin int) (text string, whole bool) {
	if size > limit {
		redacted = redacted[:max(0, min(limit, len(redacted)-margin/2))]
		for len(redacted) > 0 && !utf8.Valid(redacted[max(0, len(redacted)-utf8.UTFMax):]) && !utf8.RuneStart(redacted[len(redacted)-1]) {
			redacted = redacted[:len(redacted)-1]
		}
	}
	return strings.ToValidUTF8(string(redacted), ""), size <= limit
}

// callFacets returns what calls are filtered by as words of the index; empty values have none.
func callFacets(server, name, client, token string, kind record.Kind, outcome record.Outcome, failed bool) []string {
	var words []string
	add := func(sign byte, value string) {
		if value != "" {
			words = append(words, callFacet(sign, value))
		}
	}
	add('s', server)
	add('n', name)
	add('c', client)
	add('t', token)
	add('k', string(kind))
	add('o', string(outcome))
	if failed {
		add('f', "failed")
	}
	return words
}

// callFacet writes a value as a word that no text holds and nobody can search for: it begins with a sign for private use,
// which parts words in queries but not in the index.
func callFacet(sign byte, value string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(value))
	return fmt.Sprintf("\ue000%c%016x", sign, h.Sum64())
}
