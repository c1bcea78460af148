package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mcphub/hub/secret"
	"mcphub/hub/watch"
)

// tokenName is the name of the token that may do anything, in the secret store.
const tokenName = "access/token"

// tokenPrefix begins all tokens, so that people and programs that look for leaked secrets know them.
const tokenPrefix = "mcphub_"

const (
	storePatience = 10 * time.Second // how long a secret store may take
	settle        = 50 * time.Millisecond
	useInterval   = time.Minute // how exactly it is kept when a token was last used
)

// What can be wrong with a client's token.
var (
	ErrExists  = errors.New("there is a client of that name already: revoke its token first, or choose another name")
	ErrUnknown = errors.New("there is no client of that name")
	ErrInvalid = errors.New("the client cannot be created")
)

// ErrNoStore says that there is no secret store to keep a token in.
var ErrNoStore = errors.New("there is no secret store to keep the token in; a hub that needs one prints its own when it starts")

// Client is a client that has a token of its own.
type Client struct {
	Name string `json:"name"`
	Policy
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires,omitzero"`  // zero: never
	LastUsed time.Time `json:"lastUsed,omitzero"` // zero: never, as far as is known; to the minute
}

// Keys are all tokens and browser sessions. Hubs and commands of one person share them by way of a folder.
type Keys struct {
	path  string // of the file; empty: they live as long as this value
	store secret.Store
	log   *slog.Logger

	known atomic.Pointer[known]

	mu    sync.Mutex
	state *state      // the last one that could be read
	file  fs.FileInfo // that was read last; nil if there was none
	own   []*key      // the tokens of this value alone
	codes []code      // that can be turned into sessions
}

// known is the keys of one moment.
type known struct {
	tokens   []*key
	sessions []*key
}

// key is one token or session.
type key struct {
	ending
	hash      [sha256.Size]byte
	principal *Principal
	expires   time.Time // zero: never
	used      atomic.Int64
	timer     *time.Timer // ends it; nil if it does not expire
}

// OpenKeys reads the keys that are kept in the folder of the hubs' state, or begins with none where dir is empty. The store
// keeps the token that may do anything; it may be nil. If the keys cannot be read, that is logged, and none counts until
// they can be.
func OpenKeys(dir string, store secret.Store, log *slog.Logger) *Keys {
	k := &Keys{store: store, log: log, state: &state{}}
	if dir != "" {
		k.path = filepath.Join(dir, folder, fileName)
	}
	k.known.Store(&known{})
	k.reload()
	return k
}

// Run follows what other hubs and commands change, and keeps when tokens were last used, until ctx ends.
func (k *Keys) Run(ctx context.Context) error {
	defer k.close()
	if k.path == "" {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	var work sync.WaitGroup
	work.Go(func() {
		tick := time.NewTicker(useInterval)
		defer tick.Stop()
		for ctx.Err() == nil {
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
			k.keepUses(context.WithoutCancel(ctx))
		}
	})
	watch.Files(ctx, k.log, []string{k.path}, settle, k.reload)
	work.Wait()
	<-ctx.Done()
	return context.Cause(ctx)
}

// close ends all keys.
func (k *Keys) close() {
	all := k.known.Swap(&known{})
	for _, key := range slices.Concat(all.tokens, all.sessions) {
		key.end()
	}
}

func (k *Keys) reload() {
	if k.path == "" {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.file = k.stat()
	s, err := read(k.path)
	if err != nil {
		k.log.Error("tokens cannot be read, those known so far stay", "err", err)
		return
	}
	k.adopt(s)
}

// stat tells one file from the next one that takes its place.
func (k *Keys) stat() fs.FileInfo {
	info, err := os.Stat(k.path)
	if err != nil {
		return nil
	}
	return info
}

// outdated reports whether there is another file than the one that was read.
func (k *Keys) outdated() bool {
	if k.path == "" {
		return false
	}
	now := k.stat()
	k.mu.Lock()
	defer k.mu.Unlock()
	return now != nil && (k.file == nil || !os.SameFile(now, k.file) || !now.ModTime().Equal(k.file.ModTime()))
}

// edit changes what is kept. It is called without the lock.
func (k *Keys) edit(ctx context.Context, do func(*state) error) error {
	if k.path != "" {
		if err := change(ctx, k.path, do); err != nil {
			return err
		}
		k.reload() // others may have changed more meanwhile
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	s := &state{Token: k.state.Token, Clients: slices.Clone(k.state.Clients), Sessions: slices.Clone(k.state.Sessions)}
	if err := do(s); err != nil {
		return err
	}
	k.adopt(s)
	return nil
}

// adopt makes what is kept count. Keys that stay the same stay the same values, and those that are gone end.
func (k *Keys) adopt(s *state) {
	if k.state.Token != "" && s.Token != k.state.Token {
		k.codes = nil
	}
	k.state = s
	old, fresh := k.known.Load(), &known{}
	before := slices.Concat(old.tokens, old.sessions)
	add := func(list *[]*key, hash string, who Principal, expires time.Time) {
		var sum [sha256.Size]byte
		if n, err := hex.Decode(sum[:], []byte(hash)); n != len(sum) || err != nil || !expires.IsZero() && time.Now().After(expires) {
			return
		}
		for _, b := range before {
			if b.hash == sum && b.principal.name == who.name && b.principal.policy.Key() == who.policy.Key() && b.expires.Equal(expires) {
				*list = append(*list, b)
				return
			}
		}
		*list = append(*list, newKey(sum, who, expires))
	}
	fresh.tokens = append(fresh.tokens, k.own...)
	if s.Token != "" {
		add(&fresh.tokens, s.Token, Principal{name: "token"}, time.Time{})
	}
	for _, c := range s.Clients {
		policy := &c.Policy
		if policy.key = policy.Key(); !policy.limited() {
			policy = nil
		}
		add(&fresh.tokens, c.Hash, Principal{name: c.Name, client: true, policy: policy}, c.Expires)
	}
	for _, e := range s.Sessions {
		add(&fresh.sessions, e.Hash, Principal{name: "browser"}, e.Expires)
	}
	k.known.Store(fresh)
	for _, b := range before {
		if !slices.Contains(fresh.tokens, b) && !slices.Contains(fresh.sessions, b) {
			b.end()
		}
	}
}

func newKey(hash [sha256.Size]byte, who Principal, expires time.Time) *key {
	key := &key{hash: hash, expires: expires}
	who.key, key.principal = key, &who
	if !expires.IsZero() {
		key.timer = time.AfterFunc(time.Until(expires), key.ending.end)
	}
	return key
}

func (key *key) end() {
	if key.timer != nil {
		key.timer.Stop()
	}
	key.ending.end()
}

// token returns whose token it is, nil if it is nobody's. One that was made elsewhere just now counts at once.
func (k *Keys) token(text string) *Principal {
	p := find(k.known.Load().tokens, text)
	if p == nil && k.outdated() {
		k.reload()
		p = find(k.known.Load().tokens, text)
	}
	return p
}

// session returns whose session a cookie stands for, nil if it is nobody's.
func (k *Keys) session(cookie string) *Principal { return find(k.known.Load().sessions, cookie) }

// find takes the same time whether a text is almost a key or not at all: only hashes are compared, and all of them.
func find(keys []*key, text string) *Principal {
	sum := sha256.Sum256([]byte(text))
	var found *key
	for _, key := range keys {
		if subtle.ConstantTimeCompare(key.hash[:], sum[:]) == 1 {
			found = key
		}
	}
	now := time.Now()
	if found == nil || !found.expires.IsZero() && now.After(found.expires) {
		return nil
	}
	found.used.Store(now.Unix())
	return found.principal
}

// Token returns the token that may do anything, and makes it if there is none.
func (k *Keys) Token(ctx context.Context) (secret.Text, error) {
	return k.keepToken(ctx, false)
}

// Renew makes another token that may do anything. The old one counts no more, nor do browser sessions.
func (k *Keys) Renew(ctx context.Context) (secret.Text, error) {
	return k.keepToken(ctx, true)
}

func (k *Keys) keepToken(ctx context.Context, renew bool) (secret.Text, error) {
	if k.store == nil {
		return secret.Text{}, ErrNoStore
	}
	ctx, cancel := context.WithTimeout(ctx, storePatience)
	defer cancel()
	var token secret.Text
	return token, k.edit(ctx, func(s *state) (err error) { // under the lock of all hubs, so that they agree on one
		token, err = k.store.Get(ctx, tokenName)
		if err != nil && !errors.Is(err, secret.ErrNotFound) {
			return fmt.Errorf("read the hub's token: %w", err)
		}
		if err != nil || renew {
			token = newToken()
			if err := k.store.Set(ctx, tokenName, token); err != nil {
				return fmt.Errorf("keep the hub's token: %w", err)
			}
		}
		if renew {
			s.Sessions = nil
		}
		s.Token = hashOf(token)
		return nil
	})
}

// Ensure sees to it that there is a token that may do anything. If none can be kept, it makes one that counts for this
// value alone, and returns that, and why.
func (k *Keys) Ensure(ctx context.Context) (secret.Text, error) {
	k.mu.Lock()
	kept := k.state.Token != ""
	k.mu.Unlock()
	if kept {
		return secret.Text{}, nil
	}
	_, err := k.Token(ctx)
	if err == nil {
		return secret.Text{}, nil
	}
	return k.Pass(), err
}

// Pass makes a token that may do anything, is kept nowhere, and counts for this value alone.
func (k *Keys) Pass() secret.Text {
	token := newToken()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.own = append(k.own, newKey(sha256.Sum256([]byte(token.Reveal())), Principal{name: "token"}, time.Time{}))
	k.adopt(k.state)
	return token
}

// newToken makes a token that nobody can guess: it has 130 random bits.
func newToken() secret.Text { return secret.New(tokenPrefix + rand.Text()) }

func hashOf(t secret.Text) string {
	sum := sha256.Sum256([]byte(t.Reveal()))
	return hex.EncodeToString(sum[:])
}
