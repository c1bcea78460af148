package api_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"mcphub/hub"
	"mcphub/hub/hubtest"
	"mcphub/hub/oauth"
	"mcphub/hub/secret"
)

// shut is a store that can be locked.
type shut struct {
	oauth.Memory
	locked atomic.Bool
}

func (s *shut) problem() error {
	if !s.locked.Load() {
		return nil
	}
	return &secret.Problem{Kind: secret.ErrLocked, What: "the keyring is locked", Action: "Unlock it"}
}

// Get implements secret.Store.
func (s *shut) Get(ctx context.Context, name string) (secret.Text, error) {
	if err := s.problem(); err != nil {
		return secret.Text{}, err
	}
	return s.Memory.Get(ctx, name)
}

// Set implements secret.Store.
func (s *shut) Set(ctx context.Context, name string, value secret.Text) error {
	return errors.Join(s.problem(), s.Memory.Set(ctx, name, value))
}

// holds reports whether the store has these secrets and no others.
func (s *shut) holds(t *testing.T, want ...string) {
	t.Helper()
	names, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, name := range names {
		value, err := s.Memory.Get(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, name+"="+value.Reveal())
	}
	if !slices.Equal(got, want) {
		t.Errorf("the store has %q, want %q", got, want)
	}
}

// TestSecretsOfNewServers: what is secret in a new entry goes into the store and nowhere else, or nothing is written.
func TestSecretsOfNewServers(t *testing.T) {
	store := &shut{}
	h := hubtest.Start(t, hubtest.Config("{}", "other", `"command":"x","disabled":true,"env":{"A":"${secret:two-API_KEY}"}`), func(o *hub.Options) { o.Secrets = store })
	const entry = `{"command":"x","disabled":true,"args":["--token","abc123def456"],"env":{"API_KEY":"zzz123zzz456","URL":"postgres://u:pa55word@h/db?api_key=q1w2e3r4t5","LEVEL":"high"}}`
	add := func(name, entry, more string, status int, values ...string) string {
		t.Helper()
		return wants(t, h, "POST", "servers", `{"name":"`+name+`","config":`+entry+more+`}`, status, values...)
	}
	// Nothing that fails leaves anything.
	before := file(t, h)
	add("one", `{"env":{"API_KEY":"zzz123zzz456"}}`, "", 422)
	add("one", entry, `,"file":"/nowhere.json"`, 422)
	add("other", entry, "", 409, "code", `"SERVER_EXISTS"`)
	store.locked.Store(true)
	text := add("one", entry, "", 423, "code", `"SECRETS_LOCKED"`, "data.action", `"Unlock it"`)
	for _, part := range []string{"API_KEY", "the keyring is locked", "plainSecrets"} {
		if !strings.Contains(text, part) || strings.Contains(text, "zzz123zzz456") {
			t.Errorf("%s is not in %s", part, text)
		}
	}
	store.locked.Store(false)
	store.holds(t)
	if file(t, h) != before {
		t.Errorf("the file is changed: %s", file(t, h))
	}

	text = add("one", entry, "", 201, "keptSecrets",
		`[{"key":"API_KEY","name":"one-API_KEY"},{"key":"URL","name":"one-URL"},{"key":"URL","name":"one-URL-2"},{"key":"token","name":"one-token"}]`)
	if strings.Contains(text, "zzz123") {
		t.Errorf("the answer shows a secret: %s", text)
	}
	store.holds(t, "one-API_KEY=zzz123zzz456", "one-URL=pa55word", "one-URL-2=q1w2e3r4t5", "one-token=abc123def456")
	for _, part := range []string{`"${secret:one-token}"`, `"${secret:one-API_KEY}"`, `postgres://u:${secret:one-URL}@h/db?api_key=${secret:one-URL-2}`, `"high"`} {
		if !strings.Contains(file(t, h), part) {
			t.Errorf("%s is not in %s", part, file(t, h))
		}
	}
	// A name that another entry waits for is not taken, nor one that has another value; the same secret is kept once.
	add("two", `{"command":"x","disabled":true,"env":{"API_KEY":"yyy123yyy456"}}`, "", 201, "keptSecrets", `[{"key":"API_KEY","name":"two-API_KEY-2"}]`)
	wants(t, h, "DELETE", "servers/two", "", 200, "removedSecrets", "[]", "remainingSecrets", `["two-API_KEY-2"]`)
	add("two", `{"command":"x","disabled":true,"env":{"API_KEY":"xxx123xxx456"}}`, "", 201, "keptSecrets", `[{"key":"API_KEY","name":"two-API_KEY-3"}]`)
	wants(t, h, "DELETE", "servers/two?secrets=true", "", 200, "removedSecrets", `["two-API_KEY-3"]`)
	add("two", `{"command":"x","disabled":true,"env":{"API_KEY":"yyy123yyy456"}}`, "", 201, "keptSecrets", `[{"key":"API_KEY","name":"two-API_KEY-2"}]`)

	// What was there before stays when writing fails, and what another entry names when a server goes.
	add("two", `{"command":"x","env":{"API_KEY":"yyy123yyy456"}}`, "", 409)
	add("three", `{"command":"x","disabled":true,"env":{"A":"${secret:two-API_KEY-2}"}}`, "", 201)
	wants(t, h, "DELETE", "servers/two?secrets=true", "", 200, "removedSecrets", "[]", "remainingSecrets", `["two-API_KEY-2"]`)
	wants(t, h, "DELETE", "servers/one?secrets=true", "", 200, "removedSecrets", `["one-API_KEY","one-URL","one-URL-2","one-token"]`)
	store.holds(t, "two-API_KEY-2=yyy123yyy456")

	// Plain text, as was asked for.
	add("plain", entry, `,"plainSecrets":true`, 201, "keptSecrets", "")
	if !strings.Contains(file(t, h), "zzz123zzz456") {
		t.Errorf("the file is %s", file(t, h))
	}
	store.holds(t, "two-API_KEY-2=yyy123yyy456")
}

// TestNewServersWithoutStore: where no secrets are kept nobody is told that they are.
func TestNewServersWithoutStore(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}"))
	text := wants(t, h, "POST", "servers", `{"name":"one","config":{"command":"x","env":{"API_KEY":"zzz123zzz456"}}}`, 503, "code", `"SECRETS_UNAVAILABLE"`)
	if !strings.Contains(text, "plainSecrets") || strings.Contains(file(t, h), "zzz123") {
		t.Errorf("%s\n%s", text, file(t, h))
	}
	wants(t, h, "POST", "servers", `{"name":"one","config":{"command":"x","disabled":true,"env":{"LEVEL":"high"}}}`, 201)
}
