package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	callColumns = `call.id, client, version, token, session, era, via, server, kind, name, outcome, error, took, in_server, request_size, result_size`
	bodyColumns = `, args, args_state, result, result_state`
)

// Calls returns calls that match, newest first.
func (h *History) Calls(ctx context.Context, q CallQuery) (calls []Call, err error) {
	err = h.query(ctx, func(db *DB) error {
		calls, err = db.calls(ctx, q)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	return calls, nil
}

func (d *DB) calls(ctx context.Context, q CallQuery) ([]Call, error) {
	terms, err := d.terms(ctx, q.Words)
	if err != nil || len(terms) == 0 && strings.TrimSpace(q.Words) != "" {
		return nil, err // signs only
	}
	for _, facet := range callFacets(q.Server, q.Name, q.Client, q.Token, q.Kind, q.Outcome, q.Failed) {
		terms = append(terms, term{words: []string{facet}})
	}
	first, end := bounds(q.Since, q.Until, q.Before)
	which, args := `call.id >= ? AND call.id < ? ORDER BY call.id DESC LIMIT ?`, []any{first, end, q.Limit}
	if len(terms) > 0 {
		found, err := d.find(ctx, terms, first, end, q.Limit)
		if err != nil {
			return nil, err
		}
		list, err := json.Marshal(found)
		if err != nil {
			return nil, err
		}
		which, args = `call.id IN (SELECT value FROM json_each(?)) ORDER BY call.id DESC`, []any{list}
	}
	columns := callColumns
	if q.Bodies {
		columns += bodyColumns
	}
	rows, err := d.read.QueryContext(ctx, `SELECT `+columns+` FROM call CROSS JOIN call_origin ON call_origin.id = origin WHERE `+which, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var calls []Call
	for rows.Next() {
		var c Call
		if err := c.scan(rows, q.Bodies); err != nil {
			return nil, err
		}
		calls = append(calls, c)
	}
	return calls, rows.Err()
}

const (
	// mostWords is how many words of a query are looked at.
	mostWords = 20
	// mostEndings is how many words one that is not typed to its end may stand for, to be looked for one by one.
	mostEndings = 500
)

// terms makes terms of words. A word that is in no call may be one that is not typed to its end: it stands for those that
// begin with it, unless it is one letter. To look for the beginnings of all words would take long where there are many calls.
func (d *DB) terms(ctx context.Context, text string) (terms []term, err error) {
	for word := range words(text) {
		word = string(fold(nil, word))
		if word == "" {
			continue // accents only
		}
		t := term{words: []string{word}}
		var row int64
		err := d.read.QueryRowContext(ctx, `SELECT rowid FROM call_words WHERE call_words MATCH ? LIMIT 1`, t.String()).Scan(&row)
		if errors.Is(err, sql.ErrNoRows) && utf8.RuneCountInString(word) > 1 {
			t, err = d.endings(ctx, word)
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
		if terms = append(terms, t); len(terms) == mostWords {
			break
		}
	}
	return terms, nil
}

// endings returns what stands for all words that begin in some way: the words themselves if they are not too many, since of
// a beginning FTS5 first makes a list of all calls that have it, and then takes the newest.
func (d *DB) endings(ctx context.Context, beginning string) (term, error) {
	var words []string
	for next := beginning; len(words) < mostEndings; next += "\x01" { // just behind the one before
		// Asked for one at a time: the table has a row for each block with the word.
		err := d.read.QueryRowContext(ctx, `SELECT term FROM call_term WHERE term >= ? LIMIT 1`, next).Scan(&next)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return term{}, err
		}
		if err != nil || !strings.HasPrefix(next, beginning) {
			if len(words) == 0 {
				break
			}
			return term{words: words}, nil
		}
		words = append(words, next)
	}
	return term{beginning: beginning}, nil
}

// Call returns one call with its bodies. The error is ErrNoCall if there is none.
func (h *History) Call(ctx context.Context, id int64) (c Call, err error) {
	err = h.query(ctx, func(db *DB) error {
		c = Call{}
		return c.scan(db.read.QueryRowContext(ctx, `SELECT `+callColumns+bodyColumns+` FROM call CROSS JOIN call_origin ON call_origin.id = origin WHERE call.id = ?`, id), true)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return Call{}, ErrNoCall
	}
	if err != nil {
		return Call{}, fmt.Errorf("read the history: %w", err)
	}
	return c, nil
}

func (c *Call) scan(row interface{ Scan(into ...any) error }, bodies bool) error {
	var took, inServer int64
	into := []any{
		&c.ID, &c.Client, &c.Version, &c.Token, &c.Session, &c.Era, &c.Via, &c.Server, &c.Kind, &c.Name, &c.Outcome, &c.Err, &took, &inServer,
		&c.RequestSize, &c.ResultSize,
	}
	var args, result sql.NullString
	var argsState, resultState sql.NullInt64
	if bodies {
		into = append(into, &args, &argsState, &result, &resultState)
	}
	if err := row.Scan(into...); err != nil {
		return err
	}
	c.Time = time.UnixMicro(c.ID).UTC()
	c.Took, c.InServer = time.Duration(took)*time.Microsecond, time.Duration(inServer)*time.Microsecond
	c.KeptArgs, c.KeptResult = bodyOf(args, argsState.Int64), bodyOf(result, resultState.Int64)
	return nil
}

func bodyOf(text sql.NullString, state int64) *Body {
	if !text.Valid {
		return nil
	}
	return &Body{text.String, state&stateTruncated != 0, state&stateRedacted != 0}
}

// bounds returns the ids from first up to but without end that times and a cursor leave.
func bounds(since, until time.Time, before int64) (first, end int64) {
	end = math.MaxInt64
	if !since.IsZero() {
		first = since.UnixMicro()
	}
	if !until.IsZero() {
		end = until.UnixMicro()
	}
	if before > 0 {
		end = min(end, before)
	}
	return first, end
}

// Happenings returns what happened, newest first.
func (h *History) Happenings(ctx context.Context, q HappeningQuery) (list []Happening, err error) {
	first, end := bounds(q.Since, q.Until, q.Before)
	query, args := `SELECT id, kind, server, level, text FROM happening WHERE id >= ? AND id < ?`, []any{first, end}
	if q.Server != "" {
		query, args = query+` AND server = ?`, append(args, q.Server)
	}
	if q.Kind != "" {
		query, args = query+` AND kind = ?`, append(args, q.Kind)
	}
	err = h.query(ctx, func(db *DB) error {
		list = nil
		rows, err := db.read.QueryContext(ctx, query+` ORDER BY id DESC LIMIT ?`, append(args, q.Limit)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var e Happening
			if err := rows.Scan(&e.ID, &e.Kind, &e.Server, &e.Level, &e.Text); err != nil {
				return err
			}
			e.Time = time.UnixMicro(e.ID).UTC()
			list = append(list, e)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	return list, nil
}
