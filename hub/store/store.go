// Package store owns the hub's database: it is the only user of SQLite, and all SQL of the hub stands here.
//
// It keeps what the packages above hand it and gives it back. It must not know what the bytes in it mean, where they come
// from or who may see them.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ErrNewer says that a later version of the hub wrote the database.
var ErrNewer = errors.New("database of a newer MCP Hub")

const (
	// checkLimit is how many bytes a database may have to be looked through when it is opened after a crash. Of a larger
	// one that would take seconds, and SQLite notices damage where it meets it.
	checkLimit = 64 << 20
	// idleConn is how long a connection is kept that nobody uses: each has a cache of some megabytes.
	idleConn = 20 * time.Second
)

// DB is an open database. Any number of goroutines may use it: one writes at a time, readers see the last commit and wait
// for nobody. Several processes may have the same file open.
type DB struct {
	path  string // absolute
	log   *slog.Logger
	write pool
	read  pool

	mending sync.Mutex // held while a new file takes the place of a damaged one
}

// Open opens the database in the file at path and brings its tables up to date, after a copy of it was made; file and
// folder are made if they are not there, readable by this user only. A file that holds no sound database is moved aside and
// a new one begun, which is logged, and so it is where that turns out later. Where a newer hub wrote the file the error is
// ErrNewer.
func Open(ctx context.Context, path string, log *slog.Logger) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open database: make its folder: %w", err)
	}
	d := &DB{path: path, log: log}
	if err = d.open(ctx); corrupt(err) {
		err = d.begin(ctx, err)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Close closes the database. Queries under way end first.
func (d *DB) Close() error {
	return errors.Join(d.read.Close(), d.write.Close())
}

// Bytes returns how large the database is on disk.
func (d *DB) Bytes() int64 {
	var sum int64
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(d.path + suffix); err == nil {
			sum += info.Size()
		}
	}
	return sum
}

// open makes the pools those of the file.
func (d *DB) open(ctx context.Context) error {
	// SQLite gives the files it puts beside the database the mode of the database.
	file, err := os.OpenFile(d.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	info, err := file.Stat()
	if err := errors.Join(err, file.Chmod(0o600), file.Close()); err != nil {
		return fmt.Errorf("open database: keep it from others: %w", err)
	}
	unclean := exists(d.path + "-wal") // a process has it open, or had it when it was killed
	write, err := sql.Open("sqlite", dsn(d.path, "immediate", "cache_size(-4000)"))
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", dsn(d.path, "deferred", "cache_size(-16000)", "query_only(1)"))
	if err != nil {
		return errors.Join(fmt.Errorf("open database: %w", err), write.Close())
	}
	read.SetMaxOpenConns(4)
	for _, pool := range []*sql.DB{write, read} {
		pool.SetConnMaxIdleTime(idleConn)
	}
	d.write.Store(write)
	d.read.Store(read)
	if err := d.prepare(ctx, unclean && info.Size() <= checkLimit); err != nil {
		return errors.Join(fmt.Errorf("open database %s: %w", d.path, err), d.Close())
	}
	return nil
}

func dsn(path, lock string, pragmas ...string) string {
	query := url.Values{"_txlock": {lock}}
	for _, p := range append([]string{"busy_timeout(10000)", "journal_mode(WAL)", "foreign_keys(1)", "synchronous(NORMAL)"}, pragmas...) {
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

// change runs do in a write transaction: all of it happens or nothing.
func (d *DB) change(ctx context.Context, do func(*sql.Tx) error) error {
	pool := d.write.Load()
	tx, err := pool.BeginTx(ctx, nil)
	if err == nil {
		if err = do(tx); err != nil {
			err = errors.Join(err, tx.Rollback())
		} else {
			err = tx.Commit()
		}
	}
	if corrupt(err) {
		return d.mend(ctx, pool, err)
	}
	return err
}

// pool are the connections of one kind to the file that is the database now.
type pool struct{ atomic.Pointer[sql.DB] }

// ExecContext is that of sql.DB.
func (p *pool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return p.Load().ExecContext(ctx, query, args...)
}

// QueryContext is that of sql.DB.
func (p *pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return p.Load().QueryContext(ctx, query, args...)
}

// QueryRowContext is that of sql.DB.
func (p *pool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return p.Load().QueryRowContext(ctx, query, args...)
}

// Close is that of sql.DB.
func (p *pool) Close() error { return p.Load().Close() }
