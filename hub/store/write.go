package store

import (
	"context"
	"database/sql"
	"errors"
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

// origin is what calls of one client to one server have in common.
type origin struct {
	client, version, token, session string
	era                             record.Era
	via                             record.Via
	server                          string
	kind                            record.Kind
}

// label is what tells how many calls are found, of which a batch has few.
type label struct {
	origin  origin
	name    string
	outcome record.Outcome
}

// labelled is what is made of a label.
type labelled struct {
	name  string   // as it is kept
	words []string // of the index
}

// batchWriter writes the calls of one transaction.
type batchWriter struct {
	*putter
	history *History
	free    freeIDs
	last    map[origin]int64 // the id of the newest call
	labels  map[label]labelled
	sums    sums
}

// write writes a batch in one transaction.
func (h *History) write(ctx context.Context, db *DB, batch []*entry) error {
	// The index takes ids in ascending order only without a detour.
	slices.SortStableFunc(batch, func(a, b *entry) int { return a.Time.Compare(b.Time) })
	err := db.change(ctx, func(tx *sql.Tx) error {
		w := batchWriter{
			putter: &putter{tx: tx, statements: map[string]*sql.Stmt{}}, history: h, last: map[origin]int64{}, labels: map[label]labelled{}, sums: sums{},
		}
		if len(batch) > 0 {
			w.free.span = batch[len(batch)-1].Time.Sub(batch[0].Time).Microseconds() + 1000
		}
		forgotten := h.forgotten.Load()
		var calls []*entry
		for _, e := range batch {
			var err error
			if id := e.Time.UnixMicro(); id < forgotten {
				continue
			} else if e.happening != nil {
				err = w.happening(ctx, id, e.happening)
			} else if e.id, err = w.free.from(ctx, w.putter, id); err == nil {
				w.last[e.origin()] = e.id
				w.sums.add(&e.Call)
				calls = append(calls, e)
			}
			if err != nil {
				return err
			}
		}
		if err := w.calls(ctx, calls); err != nil {
			return err
		}
		return w.sums.write(ctx, w.putter)
	})
	if err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	return nil
}

// happening writes what happened, with the first id from the given one on that is free.
func (p *putter) happening(ctx context.Context, id int64, e *Happening) error {
	for ; ; id++ {
		n, err := affected(p.exec(ctx, `INSERT OR IGNORE INTO happening (id, kind, server, level, text) VALUES (?, ?, ?, ?, ?)`, id, e.Kind, e.Server, e.Level, e.Text))
		if err != nil || n == 1 {
			return err
		}
	}
}

// freeIDs finds ids for new calls, in ascending order: other hubs may have written calls of the same time.
type freeIDs struct {
	span  int64          // how many it looks at together
	next  int64          // the lowest that may be given
	known int64          // up to here, without it, taken is known
	taken map[int64]bool // ids of calls in the database
}

// from returns the first id from the given one on that is free.
func (f *freeIDs) from(ctx context.Context, p *putter, id int64) (int64, error) {
	for id = max(id, f.next); ; id++ {
		if id >= f.known {
			f.known, f.taken = id+f.span, map[int64]bool{}
			find, err := p.prepare(ctx, `SELECT id FROM call WHERE id >= ? AND id < ?`)
			if err != nil {
				return 0, err
			}
			list, err := find.QueryContext(ctx, id, f.known)
			if err != nil {
				return 0, err
			}
			for list.Next() {
				var id int64
				if err := list.Scan(&id); err != nil {
					return 0, errors.Join(err, list.Close())
				}
				f.taken[id] = true
			}
			if err := errors.Join(list.Err(), list.Close()); err != nil {
				return 0, err
			}
		}
		if !f.taken[id] {
			f.next = id + 1
			return id, nil
		}
	}
}

func (e *entry) origin() origin {
	return origin{e.Client, e.Version, e.Token, e.Session, e.Era, e.Via, e.Server, e.Kind}
}

// rowsAtOnce is how many calls one statement writes at most: to begin and end one takes longer than to write a call.
const rowsAtOnce = 32

// calls writes calls in the order of their ids: first their rows, as the index would have to write what it has gathered
// before each statement that writes several, and then their words.
func (w *batchWriter) calls(ctx context.Context, calls []*entry) error {
	ids := map[origin]int64{}
	for o, last := range w.last {
		find, err := w.prepare(ctx, `INSERT INTO call_origin (client, version, token, session, era, via, server, kind, last) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET last = max(last, excluded.last) RETURNING id`)
		if err != nil {
			return err
		}
		var id int64
		if err := find.QueryRowContext(ctx, o.client, o.version, o.token, o.session, string(o.era), string(o.via), o.server, string(o.kind), last).Scan(&id); err != nil {
			return err
		}
		ids[o] = id
	}
	var blocks []block
	var values []any
	rows := 0
	for i, e := range calls {
		l := w.label(e)
		e.Err = w.history.text(e.Err, longestError, e.margin)
		args, argsState := w.history.body(e, e.Definition, e.Args)
		result, resultState := w.history.body(e, nil, e.Result)
		values = append(values, e.id, ids[e.origin()], l.name, string(e.Outcome), e.Err, e.Took.Microseconds(), e.InServer.Microseconds(),
			int64(e.RequestSize), int64(e.ResultSize), args, argsState, result, resultState)
		if rows++; rows == rowsAtOnce || i == len(calls)-1 {
			if _, err := w.exec(ctx, `INSERT INTO call (id, origin, name, outcome, error, took, in_server, request_size, result_size, args, args_state, result, result_state)
				VALUES `+strings.Repeat(`(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), `, rows-1)+`(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, values...); err != nil {
				return err
			}
			values, rows = values[:0], 0
		}
		if len(blocks) == 0 || !blocks[len(blocks)-1].room(e.id) {
			blocks = append(blocks, newBlock())
		}
		b := &blocks[len(blocks)-1]
		b.add(e.id)
		for _, word := range l.words {
			b.word(word)
		}
		b.text(e.Err)
		if text, ok := args.(string); ok {
			b.text(text[:min(len(text), indexed)])
		}
	}
	for i := range blocks {
		if err := blocks[i].write(ctx, w.putter); err != nil {
			return err
		}
	}
	return nil
}

// label returns what is made of a call's label.
func (w *batchWriter) label(e *entry) labelled {
	key := label{e.origin(), e.Name, e.Outcome}
	l, known := w.labels[key]
	if !known {
		l.name = w.history.text(e.Name, longestName, e.margin)
		l.words = callFacets(e.Server, l.name, e.Client, e.Token, e.Kind, e.Outcome, e.Outcome.Failed())
		for _, text := range []string{e.Server, l.name, e.Client, e.Token} {
			for word := range words(text) {
				l.words = append(l.words, string(fold(nil, word)))
			}
		}
		w.labels[key] = l
	}
	return l
}

// text makes of a name or an error what is kept of it.
func (h *History) text(text string, limit, margin int) string {
	if text == "" {
		return ""
	}
	redacted, _ := h.options.Redact(nil, []byte(text))
	kept, whole := beginning(redacted, len(text), limit, margin)
	if !whole {
		kept += "…"
	}
	return kept
}

// body makes of arguments or of a result what is kept of it: a text, nil if there are none.
func (h *History) body(e *entry, definition, text []byte) (kept any, state int64) {
	if text == nil {
		return nil, 0
	}
	redacted, changed := h.options.Redact(definition, text)
	kept, whole := beginning(redacted, len(text), e.limit, e.margin)
	if !whole {
		state |= stateTruncated
	}
	if changed {
		state |= stateRedacted
	}
	return kept, state
}

// beginning returns what may be kept of a redacted text that had size bytes before: all of it if that was within the limit.
// Of its last bytes nobody knows whether they began a secret.
func beginning(redacted string, size, limit, margin int) (text string, whole bool) {
	if size > limit {
		redacted = redacted[:max(0, min(limit, len(redacted)-margin/2))]
		for len(redacted) > 0 && !utf8.ValidString(redacted[max(0, len(redacted)-utf8.UTFMax):]) && !utf8.RuneStart(redacted[len(redacted)-1]) {
			redacted = redacted[:len(redacted)-1]
		}
	}
	if !utf8.ValidString(redacted) { // which is faster than to look for what is not valid
		redacted = strings.ToValidUTF8(redacted, "")
	}
	return redacted, size <= limit
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
