package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

const (
	tidyEvery = time.Minute // while there is something new, otherwise every hour
	// tidyChunk is how many calls are forgotten in one transaction, so that those who write do not wait long.
	tidyChunk = 2000
)

// tidy forgets what is too old, and the oldest calls if the database is too large. It leaves alone a database that this hub
// has not opened, and for an hour one that it has not written to, so that nothing of it need stay in memory.
func (h *History) tidy(ctx context.Context) {
	written := h.written.Load()
	h.mu.Lock()
	opened := h.opened
	h.mu.Unlock()
	if !opened || written == h.tidied && time.Since(h.tidiedAt) < time.Hour {
		return
	}
	h.tidied, h.tidiedAt = written, time.Now()
	db, err := h.db(ctx)
	if err == nil {
		err = db.tidyHistory(ctx, *h.settings.Load(), time.Now())
	}
	if err != nil && ctx.Err() == nil {
		h.options.Log.Warn("history is not tidied up", "err", err)
	}
}

func (d *DB) tidyHistory(ctx context.Context, s HistorySettings, now time.Time) error {
	oldest := now.AddDate(0, 0, -s.Days)
	if _, _, err := d.forget(ctx, oldest.UnixMicro()); err != nil {
		return err
	}
	for _, step := range steps {
		from := oldest
		if unused := now.Add(-2 * step.used); step.used > 0 && unused.After(oldest) { // twice, as buckets begin before what was asked for
			from = unused
		}
		if _, err := d.write.ExecContext(ctx, `DELETE FROM call_sum WHERE step = ? AND start < ?`, int64(step.length/time.Second), from.Add(-step.length).Unix()); err != nil {
			return fmt.Errorf("forget old sums of calls: %w", err)
		}
	}
	size, err := d.used(ctx)
	for limit := s.MaxBytes; err == nil && size > limit; size, err = d.used(ctx) {
		limit = s.MaxBytes - s.MaxBytes/10 // so that it need not be done again at once
		var next int64
		err = d.read.QueryRowContext(ctx, `SELECT ifnull(max(id), 0) FROM (SELECT id FROM call ORDER BY id LIMIT ?)`, tidyChunk).Scan(&next)
		if err != nil || next == 0 {
			break
		}
		if _, _, err = d.forget(ctx, next+1); err != nil {
			break
		}
	}
	return err
}

// used returns how many bytes of the file hold something. What was deleted leaves room in the file, which is used again.
func (d *DB) used(ctx context.Context) (bytes int64, err error) {
	err = d.read.QueryRowContext(ctx, `SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size`).Scan(&bytes)
	if err != nil {
		return 0, fmt.Errorf("measure the database: %w", err)
	}
	return bytes, nil
}

// forget removes calls and happenings with lower ids, but not what they came to in sums.
func (d *DB) forget(ctx context.Context, id int64) (calls, happenings int64, err error) {
	for {
		var n int64
		err := d.change(ctx, func(tx *sql.Tx) (err error) {
			var end int64
			if err := tx.QueryRowContext(ctx, `SELECT ifnull(max(id), 0) + 1 FROM (SELECT id FROM call WHERE id < ? ORDER BY id LIMIT ?)`, id, tidyChunk).Scan(&end); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM call_words WHERE rowid IN (SELECT id FROM call WHERE id < ?)`, end); err != nil {
				return err
			}
			for _, query := range []string{`DELETE FROM call_block WHERE last < ?`, `DELETE FROM call_origin WHERE last < ?`} {
				if _, err := tx.ExecContext(ctx, query, end); err != nil {
					return err
				}
			}
			if err := cutBlocks(ctx, tx, end); err != nil {
				return err
			}
			n, err = affected(tx.ExecContext(ctx, `DELETE FROM call WHERE id < ?`, end))
			return err
		})
		if err != nil {
			return calls, 0, fmt.Errorf("forget old calls: %w", err)
		}
		if calls += n; n < tidyChunk {
			break
		}
	}
	if happenings, err = affected(d.write.ExecContext(ctx, `DELETE FROM happening WHERE id < ?`, id)); err != nil {
		return calls, 0, fmt.Errorf("forget old events: %w", err)
	}
	return calls, happenings, nil
}

func affected(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Clear forgets what is older than before, or all if that is zero, and returns how many calls and happenings that were. The
// file then holds nothing of it any more.
func (h *History) Clear(ctx context.Context, before time.Time) (calls, happenings int64, err error) {
	all := before.IsZero()
	if all {
		before = time.Now()
	}
	h.forgotten.Store(before.UnixMicro())
	err = h.query(ctx, func(db *DB) (err error) {
		if all {
			calls, happenings, err = db.forgetAll(ctx)
		} else if calls, happenings, err = db.forget(ctx, before.UnixMicro()); err == nil {
			_, err = db.write.ExecContext(ctx, `DELETE FROM call_sum WHERE start + step <= ?`, before.Unix())
		}
		if err != nil {
			return err
		}
		if _, err := db.write.ExecContext(ctx, `VACUUM`); err != nil {
			return err
		}
		_, err = db.write.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
		return err
	})
	if err != nil {
		return calls, happenings, fmt.Errorf("clear the history: %w", err)
	}
	return calls, happenings, nil
}

func (d *DB) forgetAll(ctx context.Context) (calls, happenings int64, err error) {
	err = d.change(ctx, func(tx *sql.Tx) (err error) {
		if calls, err = affected(tx.ExecContext(ctx, `DELETE FROM call`)); err != nil {
			return err
		}
		if happenings, err = affected(tx.ExecContext(ctx, `DELETE FROM happening`)); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM call_origin; DELETE FROM call_block; DELETE FROM call_sum; INSERT INTO call_words (call_words) VALUES ('delete-all')`)
		return err
	})
	return calls, happenings, err
}
