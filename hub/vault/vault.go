// Package vault owns where secrets are kept: [File], an encrypted file for machines without a keyring, and [Store], which
// remembers whether that file or a keyring holds them and moves them from one to the other.
//
// It must not know what the secrets are for, nor any keyring but as a [Backend].
package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"mcphub/hub/secret"
	"mcphub/hub/statedir"
	"mcphub/hub/watch"
)

// The backends by name.
const (
	InKeyring = "keyring"
	InFile    = "file"
)

const (
	recordName     = "backend.json" // which backend holds the secrets
	recordLockName = "backend.lock"
	indexName      = "keyring.json" // of app/keyring, which writes it at each change of a secret
	probe          = "hub/probe"    // no secret has this name
	settle         = 100 * time.Millisecond
)

// Backend holds secrets.
type Backend interface {
	secret.Store
	// Exists reports whether the backend has been made, without waiting for anybody.
	Exists() (bool, error)
	// Create makes the backend if need be, and fails if it could hold no secrets.
	Create(ctx context.Context) error
	// Clear removes all secrets of the hub, and what they are sealed with. There may be none.
	Clear(ctx context.Context) error
	// Where says in a few words what holds the secrets, and what opens it.
	Where() string
}

// Options says what a [Store] is made of.
type Options struct {
	Dir     string  // folder of the secrets, absolute; made when the first secret is kept
	Keyring Backend // nil: there is none
	File    *File
	Log     *slog.Logger
}

// Store keeps secrets in the backend that was chosen when the first one was kept: the keyring if there is one that works,
// and else the file. The choice is remembered for all processes that share the folder, so that a backend that is missing is
// an error and never a fresh store. Nothing is touched before it is used.
type Store struct{ options Options }

// New returns the store. It touches nothing.
func New(o Options) *Store { return &Store{o} }

// record is what is remembered.
type record struct {
	Backend  string `json:"backend"`
	Why      string `json:"why,omitempty"`      // the file was chosen, for people
	Copying  string `json:"copying,omitempty"`  // backend that a move was copying to: what it holds are copies
	Clearing string `json:"clearing,omitempty"` // backend that is to be cleared: what it holds are copies
}

func (s *Store) path(name string) string { return filepath.Join(s.options.Dir, name) }

// recall returns what is remembered, the zero record if nothing is.
func (s *Store) recall() (record, error) {
	var r record
	text, err := statedir.ReadPrivate(s.path(recordName))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, unusable("it cannot be told which backend holds the secrets", "correct that", err)
	}
	if json.Unmarshal(text, &r) != nil || r.Backend != InKeyring && r.Backend != InFile {
		return r, damaged(s.path(recordName), errors.New("it names no backend"))
	}
	return r, nil
}

func (s *Store) remember(r record) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return statedir.WritePrivate(s.path(recordName), append(text, '\n'))
}

// backend returns a backend by its name. If it is remembered it must be there.
func (s *Store) backend(name string, remembered bool) (Backend, error) {
	var b Backend = s.options.File
	if name == InKeyring {
		if b = s.options.Keyring; b == nil {
			return nil, unusable("the secrets are in the keyring, which this program cannot use", "use the program that kept them there", nil)
		}
	}
	if !remembered {
		return b, nil
	}
	exists, err := b.Exists()
	if err == nil && !exists {
		err = unusable("what the hub knows of its secrets in the "+name+" is missing from "+s.options.Dir,
			"put a copy of that folder back, or remove "+s.path(recordName)+" to begin anew without them", nil)
	}
	return b, err
}

// Get implements secret.Store. As long as no secret has been kept there is none, wherever it would be kept.
func (s *Store) Get(ctx context.Context, name string) (value secret.Text, err error) {
	err = s.read(func(b Backend) error {
		value, err = b.Get(ctx, name)
		return err
	})
	if errors.Is(err, errNothing) {
		err = fmt.Errorf("%s: %w", name, secret.ErrNotFound)
	}
	return value, err
}

// List implements secret.Store.
func (s *Store) List(ctx context.Context) (names []string, err error) {
	err = s.read(func(b Backend) error {
		names, err = b.List(ctx)
		return err
	})
	if errors.Is(err, errNothing) {
		err = nil
	}
	return names, err
}

// errNothing says that no secret has ever been kept.
var errNothing = errors.New("no secrets have been kept yet")

// read does what changes nothing. It takes no lock, so it looks again if the secrets were moved meanwhile.
func (s *Store) read(do func(Backend) error) error {
	for {
		r, err := s.recall()
		if err != nil {
			return err
		}
		if r.Backend == "" {
			return errNothing
		}
		b, err := s.backend(r.Backend, true)
		if err == nil {
			err = do(b)
		}
		if err == nil {
			return nil
		}
		if now, changed := s.recall(); changed != nil || now.Backend == r.Backend {
			return err
		}
	}
}

// Set implements secret.Store. The first secret chooses where all are kept.
func (s *Store) Set(ctx context.Context, name string, value secret.Text) error {
	if err := secret.Check(name, value); err != nil {
		return err
	}
	return s.locked(ctx, func() error {
		r, err := s.recall()
		if err == nil && r.Backend == "" {
			r, err = s.choose(ctx)
		}
		if err != nil {
			return err
		}
		b, err := s.backend(r.Backend, true)
		if err != nil {
			return err
		}
		s.tidy(ctx, r)
		return b.Set(ctx, name, value)
	})
}

// Delete implements secret.Store.
func (s *Store) Delete(ctx context.Context, name string) error {
	return s.locked(ctx, func() error {
		err := s.read(func(b Backend) error { return b.Delete(ctx, name) })
		if errors.Is(err, errNothing) {
			err = fmt.Errorf("%s: %w", name, secret.ErrNotFound)
		}
		return err
	})
}

// locked does what no other process may do at the same time.
func (s *Store) locked(ctx context.Context, do func() error) error {
	if err := statedir.MakePrivate(s.options.Dir); err != nil {
		return unusable("the folder of the secrets cannot be used", "correct that", err)
	}
	waiting, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	release, err := statedir.Lock(waiting, s.path(recordLockName))
	if err != nil {
		return err
	}
	defer release()
	return do()
}

// choose picks the backend for the first secret. What is there already was chosen once, even if that is forgotten.
func (s *Store) choose(ctx context.Context) (record, error) {
	inFile, err := s.options.File.Exists()
	inKeyring := false
	if s.options.Keyring != nil && err == nil {
		inKeyring, err = s.options.Keyring.Exists()
	}
	r := record{Backend: InFile}
	switch {
	case err != nil:
		return record{}, err
	case inFile && inKeyring:
		return record{}, unusable("there are secrets in the keyring and in "+s.path(secretsName)+", and "+s.path(recordName)+" is missing, which says which count",
			`write {"backend": "keyring"} or {"backend": "file"} into it, with mode 600`, nil)
	case inFile:
	case inKeyring:
		r.Backend = InKeyring
	case s.options.File.wanted():
		r.Why = "a passphrase was given"
	case s.options.Keyring == nil:
		r.Why = "there is no keyring"
	default:
		err := s.options.Keyring.Create(ctx)
		if errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return record{}, err // a person was asked, and may yet answer
		}
		if err == nil {
			r.Backend = InKeyring
		} else {
			r.Why = err.Error()
		}
	}
	if r.Backend == InFile {
		if err := s.options.File.Create(ctx); err != nil {
			return record{}, err
		}
		s.options.Log.Warn("secrets are kept in an encrypted file, not in a keyring", "file", s.options.File.Where(), "reason", r.Why)
	}
	return r, s.remember(r)
}

// Backend returns what holds the secrets; empty if nothing does, or it cannot be told.
func (s *Store) Backend() string {
	r, _ := s.recall() // what is wrong with it Status tells
	return r.Backend
}

// Status is how the store is.
type Status struct {
	Backend string // InKeyring or InFile; empty if no secret has been kept yet
	Where   string // what holds the secrets and what opens it; empty if nothing does yet
	Why     string // the file was chosen instead of the keyring
	Err     error  // why the store cannot be used now
}

// State is the status in a word: unused, ready, locked or unavailable.
func (s Status) State() string {
	switch {
	case errors.Is(s.Err, secret.ErrLocked):
		return "locked"
	case s.Err != nil:
		return "unavailable"
	case s.Backend == "":
		return "unused"
	}
	return "ready"
}

// Status looks how the store is. It may have the system ask a person to unlock it.
func (s *Store) Status(ctx context.Context) Status {
	r, err := s.recall()
	st := Status{Backend: r.Backend, Why: r.Why, Err: err}
	if err != nil || r.Backend == "" {
		return st
	}
	b, err := s.backend(r.Backend, true)
	if err == nil {
		_, err = b.Get(ctx, probe)
	}
	if b != nil {
		st.Where = b.Where()
	}
	if !errors.Is(err, secret.ErrNotFound) {
		st.Err = err
	}
	return st
}

// ErrNotSealed says that there is nothing that a passphrase would open.
var ErrNotSealed = errors.New("no passphrase is needed")

// Unlock opens the file if it is sealed with a passphrase.
func (s *Store) Unlock(_ context.Context, passphrase secret.Text) error {
	r, err := s.recall()
	switch {
	case err != nil:
		return err
	case r.Backend == InKeyring:
		return fmt.Errorf("%w: the secrets are in the keyring, which the system unlocks", ErrNotSealed)
	}
	return s.options.File.unlock(passphrase)
}

// Watch calls changed when any process may have changed the secrets, until ctx ends.
func (s *Store) Watch(ctx context.Context, changed func()) {
	paths := []string{s.path(secretsName), s.path(indexName), s.path(recordName)}
	watch.Files(ctx, s.options.Log, paths, settle, changed)
}
