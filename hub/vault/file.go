package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"filippo.io/age"

	"mcphub/hub/secret"
	"mcphub/hub/statedir"
)

// The files of a [File], all for their owner alone. There is one of the two keys.
const (
	secretsName   = "secrets.age" // all secrets, sealed for the key: JSON as in document
	keyName       = "key.txt"     // the key as it is
	sealedKeyName = "key.age"     // the key, sealed with a passphrase
	fileLockName  = "lock"
)

// documentVersion is the version of what is sealed. A file of a later one is refused, not guessed at.
const documentVersion = 1

// lockPatience is how long to wait for another process that writes.
const lockPatience = 10 * time.Second

// document is what secretsName holds, sealed.
type document struct {
	Version int               `json:"version"`
	Secrets map[string][]byte `json:"secrets"`
}

// FileOptions says where a [File] is and how it opens.
type FileOptions struct {
	Dir string // absolute; made when the first secret is kept
	// Passphrase seals the key. Without one the key of a new store lies beside it in a file.
	Passphrase secret.Text
	// From says where the passphrase comes from, for people, as in "MCP_HUB_PASSPHRASE".
	From string
}

// File is a store in one encrypted file, in the format of age (age-encryption.org/v1). It is a [Backend]. Each change
// writes the file anew and puts it in the place of the old one, so that a crash leaves the one or the other.
type File struct {
	dir  string
	from string
	cost int // of guessing a passphrase, as its logarithm

	mu         sync.Mutex
	passphrase secret.Text
	key        *age.X25519Identity // once it has been opened
}

// NewFile returns the store in a folder. It touches nothing.
func NewFile(o FileOptions) *File {
	return &File{dir: o.Dir, from: o.From, passphrase: o.Passphrase, cost: 17}
}

func (f *File) path(name string) string { return filepath.Join(f.dir, name) }

// Get implements secret.Store.
func (f *File) Get(_ context.Context, name string) (secret.Text, error) {
	d, err := f.read()
	if err != nil {
		return secret.Text{}, err
	}
	value, ok := d.Secrets[name]
	if !ok {
		return secret.Text{}, fmt.Errorf("%s: %w", name, secret.ErrNotFound)
	}
	return secret.New(string(value)), nil
}

// Set implements secret.Store.
func (f *File) Set(ctx context.Context, name string, value secret.Text) error {
	if err := secret.Check(name, value); err != nil {
		return err
	}
	return f.change(ctx, func(d *document) error {
		d.Secrets[name] = []byte(value.Reveal())
		return nil
	})
}

// Delete implements secret.Store.
func (f *File) Delete(ctx context.Context, name string) error {
	return f.change(ctx, func(d *document) error {
		if _, ok := d.Secrets[name]; !ok {
			return fmt.Errorf("%s: %w", name, secret.ErrNotFound)
		}
		delete(d.Secrets, name)
		return nil
	})
}

// List implements secret.Store.
func (f *File) List(context.Context) ([]string, error) {
	d, err := f.read()
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(d.Secrets)), nil
}

// Exists implements Backend.
func (f *File) Exists() (bool, error) {
	_, err := os.Stat(f.path(secretsName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Create implements Backend.
func (f *File) Create(ctx context.Context) error {
	return f.change(ctx, func(*document) error { return nil })
}

// Clear implements Backend.
func (f *File) Clear(ctx context.Context) error {
	return f.locked(ctx, func() error {
		f.key = nil
		for _, name := range []string{secretsName, sealedKeyName, keyName} {
			if err := os.Remove(f.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%w; remove it yourself", err)
			}
		}
		return nil
	})
}

// Where implements Backend.
func (f *File) Where() string {
	key := "its key in " + f.path(keyName)
	if _, err := os.Stat(f.path(sealedKeyName)); err == nil {
		key = "sealed with a passphrase"
		if f.from != "" {
			key += " from " + f.from
		}
	}
	return f.path(secretsName) + ", " + key
}

// change changes what the file holds, and makes the file if there is none yet.
func (f *File) change(ctx context.Context, edit func(*document) error) error {
	if err := statedir.MakePrivate(f.dir); err != nil {
		return fmt.Errorf("the folder of the secrets: %w", err)
	}
	return f.locked(ctx, func() error {
		d, key, err := f.open()
		if errors.Is(err, fs.ErrNotExist) {
			d = &document{Version: documentVersion, Secrets: map[string][]byte{}}
			key, err = f.newKey()
		}
		if err != nil {
			return err
		}
		if err := edit(d); err != nil {
			return err
		}
		text, err := json.Marshal(d)
		if err != nil {
			return err
		}
		sealed, err := seal(text, key.Recipient())
		if err != nil {
			return err
		}
		return statedir.WritePrivate(f.path(secretsName), sealed)
	})
}

// locked does what no other process may do at the same time.
func (f *File) locked(ctx context.Context, do func() error) error {
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	release, err := statedir.Lock(ctx, f.path(fileLockName))
	if err != nil {
		return err
	}
	defer release()
	f.mu.Lock()
	defer f.mu.Unlock()
	return do()
}

func (f *File) read() (*document, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, _, err := f.open()
	if errors.Is(err, fs.ErrNotExist) {
		return &document{}, nil
	}
	return d, err
}

// open returns what the file holds, and its key. It fails with fs.ErrNotExist if there is no file.
func (f *File) open() (*document, *age.X25519Identity, error) {
	path := f.path(secretsName)
	sealed, err := statedir.ReadPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	if err != nil {
		return nil, nil, unusable("the file of the secrets cannot be read", "correct that", err)
	}
	known := f.key
	if known == nil {
		if f.key, err = f.readKey(); err != nil {
			return nil, nil, err
		}
	}
	text, err := unseal(sealed, f.key)
	if errors.As(err, new(*age.NoIdentityMatchError)) && known != nil { // another process has made the store anew
		if f.key, err = f.readKey(); err != nil {
			return nil, nil, err
		}
		text, err = unseal(sealed, f.key)
	}
	switch {
	case errors.As(err, new(*age.NoIdentityMatchError)):
		f.key = nil
		return nil, nil, unusable(path+" was sealed for another key than the one beside it",
			"put the right key back from a copy, or move the file away to begin anew without its secrets", nil)
	case err != nil:
		return nil, nil, damaged(path, err)
	}
	d := &document{}
	if err := json.Unmarshal(text, d); err != nil || d.Version == 0 {
		return nil, nil, damaged(path, errors.New("what is sealed in it is no list of secrets"))
	}
	if d.Version > documentVersion {
		return nil, nil, unusable(path+" was written by a later version of MCP Hub", "update this one", nil)
	}
	if d.Secrets == nil {
		d.Secrets = map[string][]byte{}
	}
	return d, f.key, nil
}

func seal(text []byte, to age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("seal the secrets: %w", err)
	}
	return out.Bytes(), nil
}

func unseal(sealed []byte, with age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(sealed), with)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// unusable is an error of a store that cannot be used until a person acts.
func unusable(what, action string, cause error) error {
	return &secret.Problem{Kind: secret.ErrUnavailable, What: what, Action: action, Cause: cause}
}

func damaged(path string, cause error) error {
	return unusable(path+" is damaged", "put a copy of it back, or move it away to begin anew without its secrets", cause)
}
