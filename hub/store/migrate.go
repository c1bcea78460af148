package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate runs the numbered files that the database has not seen. Another process may do the same at the same time: the
// version is read again under the write lock.
func (d *DB) migrate(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	var version int
	if err := d.write.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil || version == len(names) {
		return err
	}
	if version > 0 && version < len(names) {
		if err := d.backup(ctx, version); err != nil {
			return fmt.Errorf("make a copy before the tables change (there must be room for it): %w", err)
		}
	}
	tx, err := d.write.Load().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := migrate(ctx, tx, names); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func migrate(ctx context.Context, tx *sql.Tx, names []string) error {
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
}

// backup copies the database to a file beside it, which is named after the version of its tables, unless that is there
// already. Of copies only the newest is kept.
func (d *DB) backup(ctx context.Context, version int) error {
	kept := d.path + ".version-" + strconv.Itoa(version)
	if exists(kept) {
		return nil
	}
	part := fmt.Sprintf("%s.part-%d", kept, os.Getpid())
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := d.write.ExecContext(ctx, "VACUUM INTO ?", part); err != nil {
		return err
	}
	if err := errors.Join(os.Chmod(part, 0o600), os.Rename(part, kept)); err != nil {
		return err
	}
	for older := range version {
		if err := os.Remove(d.path + ".version-" + strconv.Itoa(older)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	d.log.Info("database was copied before its tables change", "copy", kept)
	return nil
}
