package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"filippo.io/age"

	"mcphub/hub/secret"
	"mcphub/hub/statedir"
)

const keyComment = "# The key of the secrets of MCP Hub. Who has it can read them. Without it they are lost.\n"

// newKey makes the key of a new store, or returns the one that is there. The caller holds the lock.
func (f *File) newKey() (*age.X25519Identity, error) {
	key, err := f.readKey()
	if !errors.Is(err, fs.ErrNotExist) {
		f.key = key
		return key, err
	}
	if key, err = age.GenerateX25519Identity(); err != nil {
		return nil, err
	}
	if err := f.writeKey(key); err != nil {
		return nil, err
	}
	f.key = key
	return key, nil
}

// writeKey keeps a key, sealed if there is a passphrase, and then removes it in its other form. The caller holds the lock.
func (f *File) writeKey(key *age.X25519Identity) error {
	name, other := keyName, sealedKeyName
	text := []byte(keyComment + key.String() + "\n")
	if passphrase := f.passphrase.Reveal(); passphrase != "" {
		name, other = sealedKeyName, keyName
		recipient, err := age.NewScryptRecipient(passphrase)
		if err != nil {
			return err
		}
		recipient.SetWorkFactor(f.cost)
		if text, err = seal(text, recipient); err != nil {
			return err
		}
	}
	if err := statedir.WritePrivate(f.path(name), text); err != nil {
		return err
	}
	if err := os.Remove(f.path(other)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// readKey returns the key. It fails with fs.ErrNotExist if there is none, nor a store that needs one. Of two forms of the
// key the one that was being made when somebody pulled the plug is as good as the other: it is the same key.
func (f *File) readKey() (*age.X25519Identity, error) {
	sealed, err := statedir.ReadPrivate(f.path(sealedKeyName))
	if err == nil {
		return f.unsealKey(sealed)
	}
	if errors.Is(err, fs.ErrNotExist) {
		var text []byte
		if text, err = statedir.ReadPrivate(f.path(keyName)); err == nil {
			return parseKey(f.path(keyName), text)
		}
	}
	if exists, _ := f.Exists(); errors.Is(err, fs.ErrNotExist) && exists {
		return nil, unusable("the key of "+f.path(secretsName)+" is missing",
			"put "+keyName+" or "+sealedKeyName+" back from a copy, or move that file away to begin anew without its secrets", nil)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		err = unusable("the key of the secrets cannot be read", "correct that", err)
	}
	return nil, err
}

func (f *File) unsealKey(sealed []byte) (*age.X25519Identity, error) {
	path := f.path(sealedKeyName)
	if f.passphrase.Reveal() == "" {
		return nil, &secret.Problem{
			Kind: secret.ErrLocked, What: path + " needs its passphrase",
			Action: "run mcp-hub secrets unlock, or start the hub with it in MCP_HUB_PASSPHRASE",
		}
	}
	identity, err := age.NewScryptIdentity(f.passphrase.Reveal())
	if err != nil {
		return nil, err
	}
	text, err := unseal(sealed, identity)
	switch {
	case errors.As(err, new(*age.NoIdentityMatchError)):
		from := "that was given"
		if f.from != "" {
			from = "from " + f.from
		}
		return nil, &secret.Problem{
			Kind: secret.ErrLocked, What: "the passphrase " + from + " does not open " + path,
			Action: "give the one that it was sealed with",
		}
	case err != nil:
		return nil, damaged(path, err)
	}
	return parseKey(path, text)
}

func parseKey(path string, text []byte) (*age.X25519Identity, error) {
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		key, err := age.ParseX25519Identity(line)
		if err != nil {
			break // whose error would show the key
		}
		return key, nil
	}
	return nil, damaged(path, errors.New("there is no key in it"))
}

// unlock takes the passphrase that the key is sealed with, and keeps it until the program ends.
func (f *File) unlock(passphrase secret.Text) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := os.Stat(f.path(sealedKeyName)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: no key is sealed in %s", ErrNotSealed, f.dir)
	}
	old, from := f.passphrase, f.from
	f.passphrase, f.from = passphrase, ""
	key, err := f.readKey()
	if err != nil {
		f.passphrase, f.from = old, from
		return err
	}
	f.key = key
	return nil
}

// wanted reports whether somebody has said that secrets belong into the file: who gives a passphrase does.
func (f *File) wanted() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.passphrase.Reveal() != ""
}

// sealWith sets the passphrase of a store that is about to be made; an empty one is none.
func (f *File) sealWith(passphrase secret.Text) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.passphrase, f.from = passphrase, ""
}

// reseal keeps the key in another form: sealed with the passphrase, as it is if that is empty, and as the file's options
// say if it is nil. The secrets stay as they are.
func (f *File) reseal(ctx context.Context, passphrase *secret.Text) error {
	return f.locked(ctx, func() error {
		_, key, err := f.open()
		if err != nil {
			return err
		}
		if passphrase != nil {
			f.passphrase, f.from = *passphrase, ""
		}
		return f.writeKey(key)
	})
}
