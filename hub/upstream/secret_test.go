package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"mcphub/hub/config"
	"mcphub/hub/secret"
	"mcphub/hub/vault"
)

// secretive is a set whose servers may ask for secrets.
type secretive struct {
	*running
	store *vault.File
	dir   string
}

// withSecrets runs servers, given as JSON5, with a store of secrets.
func withSecrets(t *testing.T, servers string, secrets secret.Store, change ...func(*Set)) *secretive {
	t.Helper()
	r := &secretive{running: run(t, map[string]any{}, change...), dir: t.TempDir()}
	r.store = vault.NewFile(vault.FileOptions{Dir: filepath.Join(r.dir, "secrets")})
	if secrets == nil {
		secrets = r.store
	}
	file := filepath.Join(r.dir, "servers.json")
	if err := os.WriteFile(file, []byte("{mcpServers: {"+servers+"}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	configured, err := config.Open(t.Context(), config.Options{Paths: []string{file}, Env: os.Environ(), Dir: r.dir, Log: quiet(), Secrets: secrets})
	if err != nil {
		t.Fatal(err)
	}
	r.Apply(configured.Current().Servers)
	return r
}

func (r *secretive) set(name, value string) {
	r.t.Helper()
	if err := r.store.Set(r.t.Context(), name, secret.New(value)); err != nil {
		r.t.Fatal(err)
	}
}

func TestMissingSecret(t *testing.T) {
	s := newWebServer(t, nil)
	r := withSecrets(t, `s: {url: "`+s.URL+`", headers: {Authorization: "Bearer ${secret:my.token}"}}`, nil)
	st := r.reaches("s", Failed)
	if st.Secret != "my.token" || !strings.Contains(st.Health.Summary, "secret 'my.token' is not set") || st.Health.Action != "Run mcp-hub secrets set my.token. The server then starts by itself." {
		t.Errorf("%+v", st)
	}
	r.Get("s").Retry()
	r.reaches("s", Failed)
	r.set("my.token", "abcdef")
	r.Get("s").Retry()
	if st := r.reaches("s", Ready); st.Secret != "" || st.Err != "" {
		t.Errorf("%+v", st)
	}
	if got := s.requests("initialize")[0].header.Get("Authorization"); got != "Bearer abcdef" {
		t.Errorf("it was sent %q", got)
	}
	r.Get("s").Stop()
	r.reaches("s", Idle)
	r.Get("s").Retry()
	if err := r.Get("s").Settled(t.Context(), false); err != nil || r.Get("s").Status().State != Idle {
		t.Errorf("one that was stopped: %v", err)
	}
}

// lockable is a store that may be locked, and says when somebody asks.
type lockable struct {
	secret.Store
	locked atomic.Bool
	asked  chan struct{} // nil: nobody waits for it
	answer chan struct{}
}

func (l *lockable) Get(ctx context.Context, name string) (secret.Text, error) {
	if l.asked != nil {
		l.asked <- struct{}{}
		<-l.answer
	}
	if l.locked.Load() {
		return secret.Text{}, &secret.Problem{Kind: secret.ErrLocked, What: "it sleeps", Action: "wake it"}
	}
	if name == "token" {
		return secret.New("abcdef"), nil
	}
	return secret.Text{}, fmt.Errorf("%s: %w", name, secret.ErrNotFound)
}

func TestLockedStore(t *testing.T) {
	l := &lockable{}
	l.locked.Store(true)
	r := withSecrets(t, `s: {url: "`+newWebServer(t, nil).URL+`", headers: {X: "${secret:token}"}}`, l)
	st := r.reaches("s", Retrying)
	if st.Secret != "token" || st.Health.Level != LevelError || !strings.Contains(st.Health.Summary, "it sleeps") || !strings.HasPrefix(st.Health.Action, "Wake it.") {
		t.Errorf("%+v", st)
	}
	l.locked.Store(false)
	r.reaches("s", Ready) // by itself
}

// TestSecretSetMeanwhile: a server that was looking for its secret just before it was there is started all the same.
func TestSecretSetMeanwhile(t *testing.T) {
	l := &lockable{asked: make(chan struct{}), answer: make(chan struct{})}
	r := withSecrets(t, `s: {url: "`+newWebServer(t, nil).URL+`", headers: {X: "${secret:gone}"}}`, l)
	<-l.asked
	r.Get("s").Retry()
	_ = r.Get("s").await(t.Context(), func(*Status) (bool, error) { return true, nil }) // until that is obeyed
	l.answer <- struct{}{}
	<-l.asked // it looks again without being told
	l.answer <- struct{}{}
	r.reaches("s", Failed)
}

// TestRefusedCommandOutput: what a command printed is asked for anew when the server refuses it, once.
func TestRefusedCommandOutput(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a POSIX shell")
	}
	var good atomic.Value
	good.Store("Bearer one")
	guarded := func(answer func(*exchange)) func(*exchange) {
		return func(x *exchange) {
			if x.r.Header.Get("Authorization") != good.Load() {
				x.w.WriteHeader(http.StatusUnauthorized)
				return
			}
			answer(x)
		}
	}
	s := newWebServer(t, map[string]func(*exchange){
		"server/discover": guarded(discovered), "tools/list": guarded(func(x *exchange) { x.result(`{"tools":[]}`) }),
		"tools/call": guarded(func(x *exchange) { x.result(`{"content":[]}`) }), "resources/list": guarded(func(x *exchange) { x.result(`{"resources":[]}`) }),
	})
	r := withSecrets(t, `s: {url: "`+s.URL+`", protocol: "modern", headers: {Authorization: "Bearer ${cmd ttl=8h: echo >> runs; cat token}"}, disabled: true},
		plain: {url: "`+s.URL+`", protocol: "modern", headers: {Authorization: "Bearer wrong"}}`, nil)
	token := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(r.dir, "token"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	runs := func() int {
		text, _ := os.ReadFile(filepath.Join(r.dir, "runs"))
		return len(text)
	}
	r.reaches("plain", Authorizing)
	token("one")
	r.Get("s").Start()
	r.reaches("s", Ready)

	// The token ends while the server is in use.
	token("two")
	good.Store("Bearer two")
	var refused *UnauthorizedError
	if _, err := doCall(t, r.conn("s"), toolCall(nil)); !errors.As(err, &refused) {
		t.Errorf("with the old token: %v", err)
	}
	eventually(t, "the command has run again", func() bool { return runs() == 2 })
	r.reaches("s", Ready)
	if _, err := doCall(t, r.conn("s"), toolCall(nil)); err != nil {
		t.Errorf("with the new token: %v", err)
	}

	// A token that is refused again is not asked for again.
	good.Store("Bearer three")
	if _, err := doCall(t, r.conn("s"), toolCall(nil)); !errors.As(err, &refused) {
		t.Errorf("with the old token: %v", err)
	}
	r.reaches("s", Authorizing)
	if runs() != 2 {
		t.Errorf("%d runs", runs())
	}
	// A person says that it is to be asked for.
	token("three")
	if err := r.Get("s").Status().Config.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.Get("s").Restart()
	r.reaches("s", Ready)
	if runs() != 3 {
		t.Errorf("%d runs", runs())
	}
}

// TestWhatServersRepeat: what a server was told in secret is in nothing that the hub tells of it, even cut off.
func TestWhatServersRepeat(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a POSIX shell")
	}
	const token = "canary-9f8e7d6c5b4a39281706"
	filler := strings.Repeat("x", maxExcerpt-10)
	s := newWebServer(t, map[string]func(*exchange){
		"server/discover": status(500, "text/plain", filler+token+token), "initialize": status(500, "text/plain", filler+token),
	})
	redact := secret.NewRedactor()
	r := withSecrets(t, `
		remote: {url: "`+s.URL+`", headers: {Authorization: "Bearer ${secret:token}"}},
		local: {command: "/bin/sh", args: ["-c", "echo \"$FILLER$TOKEN\" >&2; echo \"said $TOKEN\" >&2; echo \"out $TOKEN\"; exit 3"],
			env: {TOKEN: "${secret:token}", FILLER: "`+strings.Repeat("y", maxLogLine-5)+`"}},
		none: {command: "/nowhere/${secret:token}"},`, nil, func(set *Set) { set.options.Redact = redact })
	r.set("token", token)
	for _, name := range []string{"remote", "local", "none"} {
		r.Get(name).Retry()
	}
	r.reaches("none", Failed)
	for _, name := range []string{"remote", "local"} {
		eventually(t, name+" has failed", func() bool {
			st := r.Get(name).Status()
			return st.State == Retrying && st.Secret == "" && st.Failures > 1
		})
	}
	for _, name := range []string{"remote", "local", "none"} {
		st := r.Get(name).Status()
		shown := fmt.Sprintf("%+v %v", *st, texts(r.Get(name).said))
		if strings.Contains(shown, token[:8]) || !strings.Contains(shown, secret.Mask) && name != "remote" {
			t.Errorf("%s shows %s", name, shown)
		}
	}
}
