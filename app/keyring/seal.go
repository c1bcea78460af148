package keyring

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"path/filepath"

	"mcphub/hub/secret"
	"mcphub/hub/statedir"
)

// sealed returns the file of a secret that is too long for an item. Its name does not show that of the secret.
func (s *Store) sealed(name string) string {
	sum := sha256.Sum256([]byte(name))
	return filepath.Join(s.path(sealedDir), hex.EncodeToString(sum[:]))
}

// seal writes a secret into its file: AES-256-GCM under the master key, with the name as additional data, so that no file
// passes for another one's. The first one makes the key.
func (s *Store) seal(ctx context.Context, x *index, name, value string) error {
	aead, err := s.aead(ctx)
	if errors.Is(err, secret.ErrNotFound) {
		for other, e := range x.Secrets {
			if e.Sealed && other != name { // a new key would lose it
				return unavailable("the item "+masterKey+" is missing from the keyring, without which "+other+" cannot be opened",
					"bring the item back, or delete the secrets that need it", nil)
			}
		}
		key := make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		if err := s.put(ctx, masterKey, base64.StdEncoding.EncodeToString(key)); err != nil {
			return err
		}
		aead, err = s.aead(ctx)
	}
	if err != nil {
		return err
	}
	if err := statedir.MakePrivate(s.path(sealedDir)); err != nil {
		return err
	}
	return statedir.WritePrivate(s.sealed(name), aead.Seal(nil, nil, []byte(value), []byte(name)))
}

// unseal reads a secret from its file. It fails with fs.ErrNotExist if there is none.
func (s *Store) unseal(ctx context.Context, name string) (string, error) {
	text, err := statedir.ReadPrivate(s.sealed(name))
	if err != nil {
		return "", err
	}
	aead, err := s.aead(ctx)
	if errors.Is(err, secret.ErrNotFound) {
		return "", unavailable("the item "+masterKey+" is missing from the keyring, without which "+name+" cannot be opened",
			"bring the item back, or set the secret again", nil)
	}
	if err != nil {
		return "", err
	}
	value, err := aead.Open(nil, nil, text, []byte(name))
	if err != nil {
		return "", unavailable("the file of the secret "+name+" is damaged, or was sealed for another keyring", "set the secret again", nil)
	}
	return string(value), nil
}

// aead returns the cipher with the master key. It fails with ErrNotFound if there is none.
func (s *Store) aead(ctx context.Context) (cipher.AEAD, error) {
	text, err := s.item(ctx, masterKey)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != 32 {
		return nil, unavailable("the item "+masterKey+" in the keyring is no key", "bring back what it was", nil)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
