package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// damagedSuffix is what the name of a database that was moved aside goes on with, before the time.
const damagedSuffix = ".damaged-"

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

// mend begins a new database because the one that the pool belongs to turned out to be damaged, and returns why that which
// was asked of it was not done. It does nothing if another has done so already.
func (d *DB) mend(ctx context.Context, pool *sql.DB, why error) error {
	d.mending.Lock()
	defer d.mending.Unlock()
	if current := d.write.Load(); pool != current && pool != d.read.Load() {
		return why
	}
	_ = d.Close() // of what cannot be read nothing can be lost
	return errors.Join(why, d.begin(context.WithoutCancel(ctx), why))
}

// begin moves the file aside and begins a new one.
func (d *DB) begin(ctx context.Context, why error) error {
	aside, err := moveAside(d.path)
	if err != nil {
		return fmt.Errorf("open database: %s is damaged and cannot be moved away, delete it by hand: %w", d.path, errors.Join(why, err))
	}
	d.log.Warn("database was damaged, a new one is begun", "path", d.path, "kept", aside, "err", why)
	return d.open(ctx)
}

// moveAside renames the file and drops what belongs to it, and returns the new name.
func moveAside(path string) (string, error) {
	aside := path + damagedSuffix + time.Now().UTC().Format("20060102T150405.000")
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

// setAside returns the files that were moved aside and are still there, oldest first.
func (d *DB) setAside() []string {
	var files []string
	entries, _ := os.ReadDir(filepath.Dir(d.path)) // sorted, which is by time here
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filepath.Base(d.path)+damagedSuffix) {
			files = append(files, filepath.Join(filepath.Dir(d.path), e.Name()))
		}
	}
	return files
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
