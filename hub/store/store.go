// Package store owns the hub's database: it is the only user of SQLite, and all SQL of the hub stands here.
//
// It keeps what the packages above hand it and gives it back. It must not know what the bytes in it mean, where they come
// from or who may see them.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrNewer says that a later version of the hub wrote the database.
var ErrNewer = errors.New("database of a newer MCP Hub")

//go:embed migrations/*.sql
var migrations embed.FS

// DB is an open database. Any number of goroutines may use it: one writes at a time, readers see the last commit and wait
// for nobody. Several processes may have the same file open.
type DB struct {
	write *sql.DB
	read  *sql.DB
}

// Open opens the database in the file at path and brings its tables up to date; file and folder are made if they are not
// there, readable by this user only. A file that holds no sound database is moved aside and a new one begun, which is
// logged. Where a newer hub wrote the file the error is ErrNewer.
func Open(ctx context.Context, path string, log *slog.Logger) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open database: make its folder: %w", err)
	}
	db, err := open(ctx, path)
	if !corrupt(err) {
		return db, err
	}
	aside, moveErr := moveAside(path)
	if moveErr != nil {
		return nil, fmt.Errorf("open database: %s is damaged and cannot be moved away, delete it by hand: %w", path, errors.Join(err, moveErr))
	}
	log.Warn("database was damaged, a new one is begun", "path", path, "kept", aside, "err", err)
	return open(ctx, path)
}

// Close closes the database. Queries under way end first.
func (d *DB) Close() error {
	return errors.Join(d.read.Close(), d.write.Close())
}

func open(ctx context.Context, path string) (*DB, error) {
	// SQLite gives the files it puts beside the database the mode of the database.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := errors.Join(file.Chmod(0o600), file.Close()); err != nil {
		return nil, fmt.Errorf("open database: keep it from others: %w", err)
	}
	unclean := exists(path + "-wal") // a process has it open, or had it when it was killed
	d := &DB{}
	if d.write, err = sql.Open("sqlite", dsn(path, "immediate")); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	d.write.SetMaxOpenConns(1)
	if d.read, err = sql.Open("sqlite", dsn(path, "deferred", "query_only(1)")); err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), d.write.Close())
	}
	d.read.SetMaxOpenConns(4)
	if err := d.prepare(ctx, unclean); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), d.Close())
	}
	return d, nil
}

func dsn(path, lock string, pragmas ...string) string {
	query := url.Values{"_txlock": {lock}}
	for _, p := range append([]string{"busy_timeout(10000)", "journal_mode(WAL)", "foreign_keys(1)", "synchronous(NORMAL)", "cache_size(-16000)"}, pragmas...) {
		query.Add("_pragma", p)
	}
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/… is /C:/… in a URI
	}
	return (&url.URL{Scheme: "file", Path: slashed, RawQuery: query.Encode()}).String()
}

func (d *DB) prepare(ctx context.Context, check bool) error {
	if check {
		var verdict string
		if err := d.write.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
			return err
		}
		if verdict != "ok" {
			return &damage{verdict}
		}
	}
	return d.migrate(ctx)
}

// migrate runs the numbered files that the database has not seen. Another process may do the same at the same time: the
// version is read under the write lock.
func (d *DB) migrate(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	return d.change(ctx, func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if version > len(names) {
			return fmt.Errorf("%w: its tables are at version %d, this hub knows %d: update MCP Hub, or move the file away to begin anew",
				ErrNewer, version, len(names))
		}
		for _, name := range names[version:] {
			text, err := migrations.ReadFile(name)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, string(text)); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		_, err := tx.ExecContext(ctx, "PRAGMA user_version = "+strconv.Itoa(len(names)))
		return err
	})
}

// change runs do in a write transaction: all of it happens or nothing.
func (d *DB) change(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// damage is what the check of a database found.
type damage struct{ verdict string }

func (e *damage) Error() string { return "damaged: " + e.verdict }

func corrupt(err error) bool {
	if _, ok := errors.AsType[*damage](err); ok {
		return true
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code()&0xff == sqlite3.SQLITE_CORRUPT || e.Code()&0xff == sqlite3.SQLITE_NOTADB)
}

// moveAside renames the file and drops what belongs to it, and returns the new name.
func moveAside(path string) (string, error) {
	aside := path + ".damaged-" + time.Now().UTC().Format("20060102T150405.000")
	if err := os.Rename(path, aside); err != nil {
		return "", err
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return aside, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
