// Package keyring owns keeping secrets in the system's keyring: the Secret Service, the Keychain of macOS, the Credential
// Manager of Windows. Each secret is one item that the person finds there under the service "MCP Hub"; only what is too
// long for an item is sealed in a file, under a key that is itself an item.
//
// It must not know what the secrets are for, nor what to do on a machine without a keyring.
package keyring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/zalando/go-keyring"

	"mcphub/hub/secret"
	"mcphub/hub/statedir"
)

// service is what all items are filed under; the account of an item is the name of its secret.
const service = "MCP Hub"

// Items that are no secrets of anybody.
const (
	masterKey = "hub/master-key" // seals what is too long for an item
	probe     = "hub/probe"      // is there for a moment, to see whether the keyring works
)

// The files in the folder. The hub follows changes of the index, which every change of a secret writes.
const (
	indexName = "keyring.json"
	lockName  = "keyring.lock"
	sealedDir = "sealed"
)

// How long things may take.
const (
	patience     = 15 * time.Second // of one call: the system may be asking a person to unlock the keyring
	lockPatience = 20 * time.Second // for another process that is changing something
)

// Store keeps secrets in the keyring.
type Store struct {
	dir      string
	limit    int // bytes of one item
	patience time.Duration
}

// New returns the store whose index is in a folder, an absolute path. It touches nothing.
func New(dir string) *Store {
	limit := secret.MaxValue
	switch runtime.GOOS {
	case "windows":
		limit = 2560
	case "darwin": // the command of 4096 bytes holds the name too, and the value in base64
		limit = 2000
	}
	return &Store{dir: dir, limit: limit, patience: patience}
}

// index is which secrets there are: a keyring cannot be asked by all the systems alike.
type index struct {
	Version int              `json:"version"`
	Secrets map[string]entry `json:"secrets"`
}

type entry struct {
	Sealed bool `json:"sealed,omitempty"` // in a file
	// Unsure: the item was about to be written or removed. Only the keyring knows how that ended if nobody noted it.
	Unsure bool `json:"unsure,omitempty"`
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

// Get implements secret.Store.
func (s *Store) Get(ctx context.Context, name string) (secret.Text, error) {
	for {
		x, err := s.index()
		if err != nil {
			return secret.Text{}, err
		}
		sealed := x.Secrets[name].Sealed
		var value string
		if sealed {
			value, err = s.unseal(ctx, name)
		} else {
			value, err = s.item(ctx, name)
		}
		if err == nil || !errors.Is(err, secret.ErrNotFound) && !errors.Is(err, fs.ErrNotExist) {
			return secret.New(value), err
		}
		// It may just have moved from the item into the file, or back.
		if now, err := s.index(); err == nil && now.Secrets[name].Sealed != sealed {
			continue
		}
		if sealed {
			err = unavailable("the file of the secret "+name+" is missing from "+s.path(sealedDir), "set the secret again", nil)
		}
		return secret.Text{}, err
	}
}

// Set implements secret.Store.
func (s *Store) Set(ctx context.Context, name string, value secret.Text) error {
	if err := secret.Check(name, value); err != nil {
		return err
	}
	return s.change(ctx, func(x *index) error {
		old := x.Secrets[name]
		text := value.Reveal()
		if len(text) > s.limit {
			if err := s.seal(ctx, x, name, text); err != nil {
				return err
			}
			if err := s.note(x, name, entry{Sealed: true}); err != nil || old.Sealed {
				return err
			}
			return missingIsFine(s.remove(ctx, name))
		}
		if err := s.note(x, name, entry{Sealed: old.Sealed, Unsure: true}); err != nil {
			return err
		}
		if err := s.put(ctx, name, text); err != nil {
			return err
		}
		if err := s.note(x, name, entry{}); err != nil || !old.Sealed {
			return err
		}
		return os.Remove(s.sealed(name))
	})
}

// Delete implements secret.Store.
func (s *Store) Delete(ctx context.Context, name string) error {
	return s.change(ctx, func(x *index) error {
		e, known := x.Secrets[name]
		if known {
			if err := s.note(x, name, entry{Sealed: e.Sealed, Unsure: true}); err != nil {
				return err
			}
		}
		err := s.remove(ctx, name)
		if !known || err != nil && !errors.Is(err, secret.ErrNotFound) {
			return err
		}
		delete(x.Secrets, name)
		if err := s.write(x); err != nil || !e.Sealed {
			return err
		}
		return os.Remove(s.sealed(name))
	})
}

// List implements secret.Store.
func (s *Store) List(ctx context.Context) ([]string, error) {
	x, err := s.index()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(x.Secrets)) {
		if e := x.Secrets[name]; e.Unsure && !e.Sealed {
			if _, err := s.Get(ctx, name); errors.Is(err, secret.ErrNotFound) {
				continue
			} else if err != nil {
				return nil, err
			}
		}
		names = append(names, name)
	}
	return names, nil
}

// Exists reports whether secrets have been kept, or the keyring was found to work. It does not ask the keyring.
func (s *Store) Exists() (bool, error) {
	_, err := os.Stat(s.path(indexName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Create finds out whether the keyring works, and begins the index if there is none.
func (s *Store) Create(ctx context.Context) error {
	return s.change(ctx, func(x *index) error {
		if err := s.put(ctx, probe, "MCP Hub tries whether this works"); err != nil {
			return err
		}
		if err := s.remove(ctx, probe); err != nil {
			return err
		}
		return s.write(x)
	})
}

// Clear removes all secrets and the index.
func (s *Store) Clear(ctx context.Context) error {
	exists, err := s.Exists()
	if err != nil || !exists {
		return err
	}
	return s.change(ctx, func(x *index) error {
		for name := range x.Secrets {
			if err := missingIsFine(s.remove(ctx, name)); err != nil {
				return err
			}
		}
		if err := os.RemoveAll(s.path(sealedDir)); err != nil {
			return err
		}
		if err := missingIsFine(s.remove(ctx, masterKey)); err != nil {
			return err
		}
		return os.Remove(s.path(indexName))
	})
}

// Where says what holds the secrets.
func (s *Store) Where() string {
	program := "the keyring of the desktop (Secret Service)"
	switch runtime.GOOS {
	case "windows":
		program = "the Credential Manager of Windows"
	case "darwin":
		program = "the login keychain of macOS"
	}
	return program + `, as items of "` + service + `"`
}

// index reads the index; it is empty if there is none.
func (s *Store) index() (*index, error) {
	text, err := statedir.ReadPrivate(s.path(indexName))
	if errors.Is(err, fs.ErrNotExist) {
		return &index{Version: 1, Secrets: map[string]entry{}}, nil
	}
	if err != nil {
		return nil, unavailable("the list of the secrets in the keyring cannot be read", "correct that", err)
	}
	x := &index{}
	if err := json.Unmarshal(text, x); err != nil || x.Version != 1 || x.Secrets == nil {
		return nil, unavailable(s.path(indexName)+", which lists the secrets in the keyring, is damaged or of a later version of MCP Hub",
			`put a copy of it back, or write {"version":1,"secrets":{"NAME":{}}} with the names that the keyring shows under `+service, err)
	}
	return x, nil
}

func (s *Store) write(x *index) error {
	text, err := json.MarshalIndent(x, "", "  ")
	if err != nil {
		return err
	}
	return statedir.WritePrivate(s.path(indexName), append(text, '\n'))
}

// note writes down what is known of a secret.
func (s *Store) note(x *index, name string, e entry) error {
	x.Secrets[name] = e
	return s.write(x)
}

// change does what no other process may do at the same time.
func (s *Store) change(ctx context.Context, edit func(*index) error) error {
	if err := statedir.MakePrivate(s.dir); err != nil {
		return unavailable("the folder of the secrets cannot be used", "correct that", err)
	}
	waiting, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	release, err := statedir.Lock(waiting, s.path(lockName))
	if err != nil {
		return err
	}
	defer release()
	x, err := s.index()
	if err != nil {
		return err
	}
	return edit(x)
}

// item returns what an item holds.
func (s *Store) item(ctx context.Context, name string) (string, error) {
	value, err := call(ctx, s.patience, func() (string, error) { return keyring.Get(service, name) })
	if errors.Is(err, secret.ErrNotFound) {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return value, err
}

// put writes an item and reads it back: where a person was asked and refused, the library says that all is well.
func (s *Store) put(ctx context.Context, name, value string) error {
	_, err := call(ctx, s.patience, func() (string, error) { return "", keyring.Set(service, name, value) })
	if err != nil {
		return err
	}
	if now, err := s.item(ctx, name); err != nil && !errors.Is(err, secret.ErrNotFound) {
		return err
	} else if err != nil || now != value {
		return refused()
	}
	return nil
}

// remove removes an item, and looks that it is gone.
func (s *Store) remove(ctx context.Context, name string) error {
	_, err := call(ctx, s.patience, func() (string, error) { return "", keyring.Delete(service, name) })
	if err != nil {
		if errors.Is(err, secret.ErrNotFound) {
			err = fmt.Errorf("%s: %w", name, err)
		}
		return err
	}
	if _, err = s.item(ctx, name); err == nil {
		return refused()
	}
	return missingIsFine(err)
}

func missingIsFine(err error) error {
	if errors.Is(err, secret.ErrNotFound) {
		return nil
	}
	return err
}
