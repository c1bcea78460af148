package vault

import (
	"context"
	"errors"
	"fmt"

	"mcphub/hub/secret"
)

// Migrate moves all secrets into another backend. Each is read back before any is removed, and a crash at any moment loses
// none: the old backend counts until the new one is complete. A passphrase seals the key of the file, an empty one has the
// key lie in a file, and nil leaves that to the one in [FileOptions]. To move into the file what is in the file changes how
// its key is kept.
func (s *Store) Migrate(ctx context.Context, to string, passphrase *secret.Text) error {
	if to != InKeyring && to != InFile {
		return fmt.Errorf("there is no backend %q: choose %s or %s", to, InKeyring, InFile)
	}
	return s.locked(ctx, func() error {
		r, err := s.recall()
		if err != nil {
			return err
		}
		target, err := s.backend(to, false)
		if err != nil {
			return err
		}
		r = s.tidy(ctx, r)
		if r.Backend == to {
			if to == InFile {
				return s.options.File.reseal(ctx, passphrase)
			}
			return nil
		}
		if exists, err := target.Exists(); err != nil {
			return err
		} else if exists {
			return unusable("there are secrets in the "+to+" already, which nothing tells to be copies",
				"move what is in "+s.options.Dir+" of them away, but for "+recordName, nil)
		}
		if to == InFile && passphrase != nil {
			s.options.File.sealWith(*passphrase)
		}
		if r.Backend == "" {
			if err := target.Create(ctx); err != nil {
				return err
			}
			return s.remember(record{Backend: to})
		}
		return s.move(ctx, r, target, to)
	})
}

// move copies all secrets, has the new backend count, and clears the old one. The record is up to date, and tidy.
func (s *Store) move(ctx context.Context, r record, target Backend, to string) error {
	source, err := s.backend(r.Backend, true)
	if err != nil {
		return err
	}
	r.Copying = to
	if err := s.remember(r); err != nil {
		return err
	}
	if err := copyAll(ctx, source, target); err != nil {
		s.tidy(context.WithoutCancel(ctx), r)
		return fmt.Errorf("move the secrets into the %s: %w (they all stay where they are)", to, err)
	}
	moved := record{Backend: to, Clearing: r.Backend}
	if err := s.remember(moved); err != nil {
		return err
	}
	if err := source.Clear(ctx); err != nil {
		return fmt.Errorf("the secrets are in the %s, but the old ones are not removed, which will be tried again: %w", to, err)
	}
	return s.remember(record{Backend: to})
}

// copyAll copies all secrets and reads each one back.
func copyAll(ctx context.Context, from, to Backend) error {
	if err := to.Create(ctx); err != nil {
		return err
	}
	names, err := from.List(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		value, err := from.Get(ctx, name)
		if errors.Is(err, secret.ErrNotFound) {
			continue // somebody has removed it from the keyring by hand
		}
		if err != nil {
			return err
		}
		if err := to.Set(ctx, name, value); err != nil {
			return err
		}
		if copied, err := to.Get(ctx, name); err != nil {
			return err
		} else if !copied.Equal(value) {
			return fmt.Errorf("%s reads back as something else", name)
		}
	}
	return nil
}

// tidy removes the copies that a move has left which did not come to its end, and returns what is remembered then. If that
// does not work it is tried again by the next one who writes. The caller holds the lock.
func (s *Store) tidy(ctx context.Context, r record) record {
	for _, name := range []string{r.Copying, r.Clearing} {
		if name == "" {
			continue
		}
		b, err := s.backend(name, false)
		if err == nil {
			err = b.Clear(ctx)
		}
		if err != nil {
			s.options.Log.Warn("copies of secrets are left from a move", "backend", name, "err", err)
			return r
		}
	}
	if r.Copying == "" && r.Clearing == "" {
		return r
	}
	r.Copying, r.Clearing = "", ""
	if err := s.remember(r); err != nil {
		s.options.Log.Warn("a move of the secrets is not ended", "err", err)
	}
	return r
}
