package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mcphub/hub/client"
	"mcphub/hub/config"
	"mcphub/hub/secret"
	"mcphub/hub/statedir"
	"mcphub/hub/vault"
)

// localKeeper is the secrets of this machine without a hub. All hubs and this share them.
type localKeeper struct {
	store *vault.Store
	users map[string][]string // servers of the default configuration that ask for a secret
	files *config.Store       // that configuration; nil if it cannot be read,
	why   error               // and why
}

// openLocal opens the secrets. If a passphrase opens them, a person is asked for it.
func openLocal(ctx context.Context, d *dialog) (*localKeeper, error) {
	dir, err := statedir.Path()
	if err != nil {
		return nil, err
	}
	quiet := slog.New(slog.DiscardHandler) // what is in use is told by the commands
	k := &localKeeper{users: map[string][]string{}}
	if k.store, err = secretStore(dir, quiet); err != nil {
		return nil, err
	}
	if st := k.store.Status(ctx); st.Backend == vault.InFile && errors.Is(st.Err, secret.ErrLocked) && d.asks() {
		passphrase, err := d.whole(ctx, "Passphrase:")
		if err != nil {
			return nil, err
		}
		if err := k.store.Unlock(ctx, secret.New(passphrase)); err != nil {
			return nil, err
		}
	}
	wd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	configured, err := config.Open(ctx, config.Options{Dir: wd, Log: quiet, Versions: filepath.Join(dir, config.VersionsDir)})
	if k.why = err; err == nil { // else the secrets can be looked after all the same
		k.files, k.users = configured, configured.Current().SecretUsers()
	}
	return k, nil
}

// Findings implements keeper.
func (k *localKeeper) Findings(context.Context) ([]client.Finding, error) {
	if k.files == nil {
		return nil, k.why
	}
	found := []client.Finding{}
	for _, f := range k.files.Findings() {
		found = append(found, shownFinding(f))
	}
	return found, nil
}

func shownFinding(f config.Finding) client.Finding {
	return client.Finding{
		Server: f.Server, Path: f.Path, Key: f.Key, Name: f.Name, Why: f.Why, From: client.Position{File: f.From.Path, Line: f.From.Line, Column: f.From.Column},
	}
}

// MoveSecret implements keeper.
func (k *localKeeper) MoveSecret(ctx context.Context, f client.Finding, apply bool) (client.Moved, error) {
	if k.files == nil {
		return client.Moved{}, k.why
	}
	var keep func(context.Context, string, secret.Text) error
	if apply {
		keep = func(ctx context.Context, name string, value secret.Text) error {
			_, err := secret.Keep(ctx, k.store, name, value)
			return err
		}
	}
	m, err := k.files.MoveSecret(ctx, f.Server, f.Path, f.Key, f.Name, keep)
	return client.Moved{Finding: shownFinding(m.Finding), After: m.After, Applied: apply && err == nil}, err
}

// Secrets implements keeper.
func (k *localKeeper) Secrets(ctx context.Context) (client.Secrets, error) {
	list := client.Secrets{Backend: k.store.Backend(), Secrets: []client.SecretUse{}, Missing: []client.SecretUse{}}
	names, err := k.store.List(ctx)
	if err != nil {
		return list, err
	}
	for _, name := range names {
		if !strings.Contains(name, "/") {
			list.Secrets = append(list.Secrets, client.SecretUse{Name: name, Servers: append([]string{}, k.users[name]...)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(k.users)) {
		if !slices.Contains(names, name) {
			list.Missing = append(list.Missing, client.SecretUse{Name: name, Servers: append([]string{}, k.users[name]...)})
		}
	}
	return list, nil
}

// SetSecret implements keeper.
func (k *localKeeper) SetSecret(ctx context.Context, name, value string) (client.SecretUse, error) {
	return client.SecretUse{Name: name, Servers: append([]string{}, k.users[name]...)}, k.store.Set(ctx, name, secret.New(value))
}

// DeleteSecret implements keeper.
func (k *localKeeper) DeleteSecret(ctx context.Context, name string) error {
	if err := secret.CheckGiven(name); err != nil {
		return badArgument("%w", err)
	}
	return k.store.Delete(ctx, name)
}

// SecretsBackend implements keeper.
func (k *localKeeper) SecretsBackend(ctx context.Context) (client.Backend, error) {
	st := k.store.Status(ctx)
	b := client.Backend{Backend: st.Backend, Where: st.Where, Why: st.Why, State: st.State()}
	if st.Err != nil {
		b.Problem, b.Action = secret.Explain(st.Err)
	}
	return b, nil
}

// MigrateSecrets implements keeper.
func (k *localKeeper) MigrateSecrets(ctx context.Context, to string, passphrase *string) (client.Backend, error) {
	var text *secret.Text
	if passphrase != nil {
		t := secret.New(*passphrase)
		text = &t
	}
	if err := k.store.Migrate(ctx, to, text); err != nil {
		return client.Backend{}, fmt.Errorf("migrate: %w", err)
	}
	return k.SecretsBackend(ctx)
}
