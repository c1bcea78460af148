package access

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mcphub/hub/secret"
)

// memory is a secret store.
type memory struct {
	secret.Store
	mu   sync.Mutex
	kept map[string]secret.Text
	err  error
}

func (m *memory) Get(_ context.Context, name string) (secret.Text, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return secret.Text{}, m.err
	}
	if value, ok := m.kept[name]; ok {
		return value, nil
	}
	return secret.Text{}, secret.ErrNotFound
}

func (m *memory) Set(_ context.Context, name string, value secret.Text) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept[name] = value
	return nil
}

func newMemory() *memory { return &memory{kept: map[string]secret.Text{}} }

// keys returns keys that follow what others change in the folder.
func keys(t *testing.T, dir string, store secret.Store) *Keys {
	t.Helper()
	k := OpenKeys(dir, store, slog.New(slog.NewTextHandler(t.Output(), nil)))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = k.Run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return k
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func create(t *testing.T, k *Keys, c Client) string {
	t.Helper()
	token, err := k.Create(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return token.Reveal()
}

// TestKeysAreShared: two hubs and a command know the same tokens, of which only hashes are kept.
func TestKeysAreShared(t *testing.T) {
	dir, store := t.TempDir(), newMemory()
	a, b := keys(t, dir, store), keys(t, dir, store)
	ci := create(t, a, Client{Name: "ci", Policy: Policy{Tools: []string{"files__*"}, ReadOnly: true}})
	full := create(t, a, Client{Name: "full"})
	eventually(t, "the other hub knows them", func() bool { return b.token(ci) != nil && b.token(full) != nil })
	if p := b.token(ci); p.Name() != "ci" || p.Policy().Key() != `[] ["files__*"] true` || p.May(Read) || p.May(Change) || !p.May(Use) {
		t.Errorf("%+v", p)
	}
	if p := b.token(full); p.Policy() != nil || !p.May(Change) {
		t.Errorf("%+v", p)
	}
	ended := make(chan struct{})
	b.token(ci).OnEnd(func() { close(ended) })
	before := b.token(full)
	if err := a.Revoke(t.Context(), "ci"); err != nil {
		t.Fatal(err)
	}
	<-ended
	if a.token(ci) != nil || b.token(ci) != nil || b.token(full) != before {
		t.Error("revoked is not what was to be revoked")
	}

	var got [8]secret.Text
	var work sync.WaitGroup
	for i := range got {
		work.Go(func() {
			got[i], _ = []*Keys{a, b, OpenKeys(dir, store, slog.New(slog.DiscardHandler))}[i%3].Token(context.Background())
		})
	}
	work.Wait()
	for _, token := range got {
		if !token.Equal(got[0]) || !strings.HasPrefix(token.Reveal(), tokenPrefix) {
			t.Errorf("hubs do not agree on the token")
		}
	}
	eventually(t, "both know the token", func() bool { return a.token(got[0].Reveal()) != nil && b.token(got[0].Reveal()) != nil })
	renewed, err := a.Renew(t.Context())
	if err != nil || renewed.Equal(got[0]) {
		t.Errorf("%v", err)
	}
	eventually(t, "the new token counts", func() bool {
		return b.token(renewed.Reveal()) != nil && b.token(got[0].Reveal()) == nil && a.token(got[0].Reveal()) == nil
	})
	if p := b.token(renewed.Reveal()); p.Name() != "token" || !p.May(Change) {
		t.Errorf("%+v", p)
	}

	text, err := os.ReadFile(filepath.Join(dir, folder, fileName))
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{ci, full, got[0].Reveal(), renewed.Reveal()} {
		if strings.Contains(string(text), token) || strings.Contains(string(text), strings.TrimPrefix(token, tokenPrefix)) {
			t.Errorf("the file holds a token: %s", text)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, folder, fileName)); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
}

// TestBrokenFile: what cannot be read is not taken for nothing, and not overwritten.
func TestBrokenFile(t *testing.T) {
	dir := t.TempDir()
	k := keys(t, dir, nil)
	token := create(t, k, Client{Name: "a"})
	file := filepath.Join(dir, folder, fileName)
	if err := os.WriteFile(file, []byte("{ broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	k.reload()
	if k.token(token) == nil {
		t.Error("a known token is forgotten")
	}
	if _, err := k.Create(t.Context(), Client{Name: "b"}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("%v", err)
	}
	if text, _ := os.ReadFile(file); string(text) != "{ broken" {
		t.Errorf("the file is now %s", text)
	}
	if OpenKeys(dir, nil, slog.New(slog.DiscardHandler)).token(token) != nil {
		t.Error("a token counts that cannot be known")
	}
}

func TestCreate(t *testing.T) {
	k := OpenKeys("", nil, slog.New(slog.DiscardHandler))
	create(t, k, Client{Name: "Zürich 1.2_a-b"})
	for name, x := range map[string]struct {
		client Client
		want   error
	}{
		"again":         {Client{Name: "Zürich 1.2_a-b"}, ErrExists},
		"no name":       {Client{}, ErrInvalid},
		"slash":         {Client{Name: "a/b"}, ErrInvalid},
		"line":          {Client{Name: "a\nb"}, ErrInvalid},
		"long":          {Client{Name: strings.Repeat("x", 65)}, ErrInvalid},
		"expired":       {Client{Name: "a", Expires: time.Now().Add(-time.Second)}, ErrInvalid},
		"empty pattern": {Client{Name: "a", Policy: Policy{Servers: []string{" "}}}, ErrInvalid},
	} {
		if _, err := k.Create(t.Context(), x.client); !errors.Is(err, x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := k.Revoke(t.Context(), "nobody"); !errors.Is(err, ErrUnknown) {
		t.Errorf("%v", err)
	}
}

// TestTime: what has its time ends in time.
func TestTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := OpenKeys("", nil, slog.New(slog.DiscardHandler))
		defer k.close()
		token := create(t, k, Client{Name: "a", Expires: time.Now().Add(time.Hour)})
		var ended atomic.Bool
		k.token(token).OnEnd(func() { ended.Store(true) })
		text, _ := k.NewCode()
		time.Sleep(codeLife + time.Second)
		if _, err := k.redeem(t.Context(), text); !errors.Is(err, errCode) {
			t.Errorf("an old code: %v", err)
		}
		text, _ = k.NewCode()
		time.Sleep(codeLife - time.Second)
		cookie, err := k.redeem(t.Context(), text)
		if err != nil || k.session(cookie) == nil || k.token(cookie) != nil || k.session(token) != nil {
			t.Errorf("a code in time: %v", err)
		}
		if _, err := k.redeem(t.Context(), text); !errors.Is(err, errCode) {
			t.Errorf("a code again: %v", err)
		}
		if ended.Load() || k.token(token) == nil || k.Clients()[0].LastUsed.IsZero() {
			t.Error("the token ended too early, or its use is not known")
		}
		time.Sleep(time.Hour)
		if !ended.Load() || k.token(token) != nil {
			t.Error("the token did not end")
		}
		time.Sleep(sessionLife)
		if k.session(cookie) != nil {
			t.Error("the session did not end")
		}
		for range 3 * maxSessions {
			if _, err := k.begin(t.Context()); err != nil {
				t.Fatal(err)
			}
			k.NewCode()
		}
		if len(k.state.Sessions) != maxSessions || len(k.codes) != maxCodes {
			t.Errorf("%d sessions, %d codes", len(k.state.Sessions), len(k.codes))
		}
	})
}

func TestLastUseIsKept(t *testing.T) {
	dir := t.TempDir()
	k := OpenKeys(dir, nil, slog.New(slog.DiscardHandler))
	token := create(t, k, Client{Name: "a"})
	k.token(token)
	k.keepUses(t.Context())
	again := OpenKeys(dir, nil, slog.New(slog.DiscardHandler))
	if used := again.Clients()[0].LastUsed; time.Since(used) > time.Minute {
		t.Errorf("last used %v", used)
	}
}

// TestEnsure: there is a token, whether one can be kept or not.
func TestEnsure(t *testing.T) {
	locked := newMemory()
	locked.err = secret.ErrLocked
	for name, store := range map[string]secret.Store{"none": nil, "locked": locked} {
		k := OpenKeys(t.TempDir(), store, slog.New(slog.DiscardHandler))
		token, why := k.Ensure(t.Context())
		if why == nil || k.token(token.Reveal()) == nil || k.token("") != nil {
			t.Errorf("%s: %v", name, why)
		}
		create(t, k, Client{Name: "a"})
		if k.token(token.Reveal()) == nil {
			t.Errorf("%s: the hub's own token is gone", name)
		}
	}
	dir, store := t.TempDir(), newMemory()
	k := OpenKeys(dir, store, slog.New(slog.DiscardHandler))
	if token, why := k.Ensure(t.Context()); why != nil || token.Reveal() != "" || k.token(store.kept[tokenName].Reveal()) == nil {
		t.Errorf("%v", why)
	}
	store.err = secret.ErrLocked // the hash is enough to know the token
	if _, why := OpenKeys(dir, store, slog.New(slog.DiscardHandler)).Ensure(t.Context()); why != nil {
		t.Errorf("%v", why)
	}
}

func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pace
		begun := time.Now()
		for range paceBurst {
			_ = p.wait(t.Context())
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("the first ones wait %v", took)
		}
		for range 20 {
			if why := p.wait(t.Context()); why != nil {
				t.Error("one after the other are turned away")
			}
		}
		if took := time.Since(begun); took < 19*pacePause {
			t.Errorf("the next ones took only %v", took)
		}
		var work sync.WaitGroup
		turned := make(chan *Refusal, 100)
		for range cap(turned) {
			work.Go(func() { turned <- p.wait(t.Context()) })
		}
		work.Wait()
		close(turned)
		n := 0
		for why := range turned {
			if why != nil && why.Status == http.StatusTooManyRequests {
				n++
			}
		}
		if n < 70 || n == cap(turned) {
			t.Errorf("%d of %d are turned away", n, cap(turned))
		}
	})
}

func TestMatches(t *testing.T) {
	for _, x := range []struct {
		pattern, name string
		want          bool
	}{
		{"a", "a", true},
		{"a", "ab", false},
		{"a", "ba", false},
		{"*", "", true},
		{"*", "a/b\nc", true},
		{"a*", "a", true},
		{"a*", "ab", true},
		{"a*", "ba", false},
		{"*b", "ab", true},
		{"*b", "ba", false},
		{"a*b*c", "abc", true},
		{"a*b*c", "axxbyyc", true},
		{"a*b*c", "acb", false},
		{"a*a", "a", false},
		{"a**b", "ab", true},
		{"*_read_*", "files__read_file", true},
		{"files__*", "files_2__x", false},
		{"[a]", "a", false},
		{"A", "a", false},
	} {
		if got := matches([]string{x.pattern}, x.name); got != x.want {
			t.Errorf("%q, %q: %v", x.pattern, x.name, got)
		}
	}
	if matches(nil, "a") || !matches([]string{"b", "a"}, "a") {
		t.Error("lists")
	}
}
