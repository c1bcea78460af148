package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"mcphub/app/keyring"
	"mcphub/hub/secret"
	"mcphub/hub/vault"
)

// The environment variables that give the passphrase of the encrypted file, or name a file that holds it.
const (
	unlockEnv     = "MCP_HUB_PASSPHRASE"
	unlockFileEnv = "MCP_HUB_PASSPHRASE_FILE"
)

// secretStore returns the secrets of this user, which all hubs share. It touches none of them.
func secretStore(stateDir string, log *slog.Logger) (*vault.Store, error) {
	passphrase, from, err := passphrase()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(stateDir, "secrets")
	return vault.New(vault.Options{
		Dir: dir, Keyring: keyring.New(dir), Log: log,
		File: vault.NewFile(vault.FileOptions{Dir: dir, Passphrase: passphrase, From: from}),
	}), nil
}

// passphrase returns the passphrase that the environment gives, and takes it out of there: no program that the hub starts
// is to read it.
func passphrase() (text secret.Text, from string, err error) {
	given, file := os.Getenv(unlockEnv), os.Getenv(unlockFileEnv)
	for _, name := range []string{unlockEnv, unlockFileEnv} {
		if err := os.Unsetenv(name); err != nil {
			return secret.Text{}, "", err
		}
	}
	switch {
	case given != "":
		return secret.New(given), unlockEnv, nil
	case file == "":
		return secret.Text{}, "", nil
	}
	read, err := os.ReadFile(file)
	if err == nil && strings.TrimSpace(string(read)) == "" {
		err = fmt.Errorf("%s is empty", file)
	}
	if err != nil {
		return secret.Text{}, "", badArgument("%s: %w", unlockFileEnv, err)
	}
	return secret.New(strings.TrimRight(string(read), "\r\n")), file, nil
}
