package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"mcphub/hub/config"
	"mcphub/hub/secret"
)

const (
	workTimeout = 45 * time.Second // for all that one step asks of others
	pause       = 5 * time.Second  // after which an authorization server that is out of order is asked again
	maxSteps    = 2                // sign-ins for the same further scopes that the server then says are still missing
)

// Client is the hub's sign-in to one server. It is safe for concurrent use.
type Client struct {
	m       *Manager
	name    string
	address string // of the server
	url     *url.URL
	oauth   config.OAuth
	key     string // name of its record in the store

	turn chan struct{} // held by whoever changes the sign-in, over all that it asks of others: so tokens are renewed once

	mu      sync.Mutex
	loaded  bool          // the store has been looked at
	record  *record       // nil while not signed in
	changed chan struct{} // closed at the next change of record, then replaced
	lost    error         // why there is no record any more
	refused bool          // the server does not take what there is
	rest    time.Time     // until when an authorization server that is out of order is left alone,
	resting error         // and how it is out of order
	offer   *offer        // a sign-in that a person can take up; nil if there is none
	why     error         // why there is none
	flow    *flow         // the latest of the offer
	failure error         // how the last attempt of a person failed

	// Of whoever has the turn:
	said   challenge      // what the server said last
	asked  []string       // scopes that sign-ins have asked for
	wants  []string       // scopes that a call was refused for
	steps  map[string]int // sign-ins, by the further scopes that they were for
	unkept bool           // the store did not take the record
}

func newClient(m *Manager, name string, u *url.URL, r *config.Resolved) *Client {
	return &Client{
		m: m, name: name, address: r.URL.Reveal(), url: u, oauth: r.OAuth, key: recordName(name, r.URL.Reveal()),
		turn: make(chan struct{}, 1), changed: make(chan struct{}), steps: map[string]int{},
	}
}

func (c *Client) machine() bool { return c.oauth.Grant == config.GrantMachine }

func (c *Client) guard(ctx context.Context) *guard { return c.m.guard(serverReach(ctx, c.url)) }

// inTurn waits for the client's turn and has do run in it. That is not broken off with ctx: others wait for it too, and a
// refresh token whose successor got lost is worth nothing.
func inTurn[T any](ctx context.Context, c *Client, do func(context.Context) (T, error)) (result T, err error) {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return result, context.Cause(ctx)
	}
	over := make(chan struct{})
	var done T
	var failed error
	err = c.m.spawn(ctx, func(ctx context.Context) {
		ctx, cancel := context.WithTimeoutCause(ctx, workTimeout, errors.New("signing in takes too long"))
		done, failed = do(ctx)
		cancel()
		<-c.turn
		close(over)
	})
	if err != nil {
		<-c.turn
		return result, err
	}
	select {
	case <-over:
		return done, failed
	case <-ctx.Done():
		return result, context.Cause(ctx)
	}
}

// Authorization returns the Authorization header for a request to the server, empty if there is no sign-in. It renews
// tokens that are about to end. Its error says that this cannot be done now, and passes by itself.
func (c *Client) Authorization(ctx context.Context) (secret.Text, error) {
	r, err := c.current(ctx)
	if r == nil {
		return secret.Text{}, err
	}
	return bearer(r), nil
}

func bearer(r *record) secret.Text { return secret.New("Bearer " + r.Access) }

// current returns the record with tokens that can be used.
func (c *Client) current(ctx context.Context) (*record, error) {
	if r, settled, err := c.held(); settled {
		return r, err
	}
	return inTurn(ctx, c, func(ctx context.Context) (*record, error) {
		if r, settled, err := c.held(); settled {
			return r, err
		}
		r, err := c.load(ctx)
		if err != nil || r == nil || !r.due(time.Now()) {
			return r, err
		}
		fresh, err := c.renew(ctx, r)
		if err != nil && !r.expired(time.Now()) {
			return r, nil // it is good for a while
		}
		return fresh, err
	})
}

// held returns the record if nothing has to be done for it.
func (c *Client) held() (r *record, settled bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	switch {
	case !c.loaded:
		return nil, false, nil
	case c.record == nil || !c.record.due(now):
		return c.record, true, nil
	case now.After(c.rest):
		return nil, false, nil
	case c.record.expired(now):
		return nil, true, c.resting
	}
	return c.record, true, nil
}

// load takes the record from the store, where other hubs may have put a newer one.
func (c *Client) load(ctx context.Context) (*record, error) {
	if c.unkept {
		return c.present(), nil
	}
	r := &record{}
	found, err := c.m.vault.read(ctx, c.key, r)
	if err == nil && !found {
		found, err = c.adopt(ctx, r)
	}
	c.m.learn(c.name, r.Client.Secret, r.Refresh, r.Access)
	if err != nil {
		return nil, err
	}
	byHand := r.Client.Kind == kindConfigured
	if !found || r.Access == "" || r.Grant != c.oauth.Grant || (byHand || c.oauth.ClientID != "") && r.Client.ID != c.oauth.ClientID ||
		c.oauth.Issuer != "" && r.Issuer != "" && r.Issuer != c.oauth.Issuer {
		r = nil // it is that of a client which the configuration does not have any more
	}
	c.set(r)
	return r, nil
}

// set makes a record the present one.
func (c *Client) set(r *record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loaded = true
	if same(c.record, r) {
		return
	}
	c.record, c.rest = r, time.Time{}
	if r != nil {
		c.lost, c.asked = nil, union(c.asked, r.Requested, r.Granted)
	} else if c.lost == nil {
		c.lost = errSignedOut // at another hub
	}
	if r != nil && len(c.wants) == 0 {
		c.refused, c.offer, c.why, c.flow = false, nil, nil, nil
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

// keep writes a record into the store and makes it the present one. One that cannot be written is used all the same.
func (c *Client) keep(ctx context.Context, r *record) {
	err := c.m.vault.write(ctx, c.key, r)
	if c.unkept = err != nil; c.unkept {
		c.m.log.Error("sign-in is kept only until the hub stops", "server", c.name, "err", err)
	}
	c.set(r)
}

// lose forgets the record, and why.
func (c *Client) lose(ctx context.Context, why error) error {
	c.mu.Lock()
	c.lost = why
	c.mu.Unlock()
	err := c.m.vault.remove(ctx, c.key)
	c.unkept = false
	c.set(nil)
	return err
}

// renew gets new tokens in place of those of a record. It returns nil if that needs a person. Call it in one's turn.
func (c *Client) renew(ctx context.Context, old *record) (*record, error) {
	// Another hub may have renewed them, and then the old ones are worth nothing.
	defer c.m.alone(ctx, c.key)()
	r, err := c.load(ctx)
	if err != nil || r == nil || !same(r, old) && !r.due(time.Now()) {
		return r, err
	}
	fresh, err := c.renewed(ctx, *r)
	var no *refusal
	switch {
	case err == nil:
		c.keep(ctx, fresh)
		return fresh, nil
	case errors.As(err, &no), errors.Is(err, errEnded):
		if newer, err := c.load(ctx); err != nil || newer != nil && !same(newer, r) {
			return newer, err // it was in the middle of that
		}
		c.m.log.Warn("sign-in has ended", "server", c.name, "err", err)
		return nil, c.lose(ctx, fmt.Errorf("the sign-in has ended: %w", err))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rest, c.resting = time.Now().Add(pause), fmt.Errorf("renew the sign-in: %w", err)
	return nil, c.resting
}

var (
	errEnded     = errors.New("its time is over, and it cannot be renewed")
	errSignedOut = errors.New("you have signed out")
)

// renewed asks the authorization server for the tokens that follow on those of a record.
func (c *Client) renewed(ctx context.Context, r record) (*record, error) {
	if !r.renewable() {
		return nil, errEnded
	}
	if r.Token == "" { // another program's, which did not write down where it was from
		a, err := c.find(ctx)
		if err != nil {
			return nil, err
		}
		r.Issuer, r.Resource, r.Token, r.Revocation = a.Issuer, a.resource, a.Token, a.Revocation
	}
	i := c.issuing(ctx, &r)
	if r.Grant == config.GrantMachine {
		t, err := i.ask(ctx, string(config.GrantMachine), r.Requested, nil)
		if err != nil {
			return nil, err
		}
		return r.with(t, time.Now()), nil
	}
	t, err := i.ask(ctx, "refresh_token", nil, url.Values{"refresh_token": {r.Refresh}})
	if err != nil {
		return nil, err
	}
	return r.with(t, time.Now()), nil
}

func (c *Client) issuing(ctx context.Context, r *record) *issuing {
	return &issuing{guard: c.guard(ctx), of: c, issuer: r.Issuer, endpoint: r.Token, resource: r.Resource, client: r.Client, oauth: &c.oauth}
}

func (c *Client) find(ctx context.Context) (*authority, error) {
	f := &finder{guard: c.guard(ctx), server: c.url, issuer: c.oauth.Issuer}
	return f.find(ctx, c.said)
}

// Refused is told that the server refused a request, with HTTP status 401, or with 403 because the sign-in does not reach
// far enough, once more after the answer to the first refusal was to try again. It renews the tokens or gets ready what a
// person needs to sign in, and reports whether the request should be made once more. If not, a person has to act; why says
// what stands against signing in, if something does. The error says that none of this can be done now, and passes by itself.
func (c *Client) Refused(ctx context.Context, used secret.Text, status int, headers []string, twice bool) (again bool, why string, err error) {
	again, err = inTurn(ctx, c, func(ctx context.Context) (bool, error) { return c.judge(ctx, used, status, headers, twice) })
	if err != nil || again {
		return again, "", err
	}
	return false, text(c.Why()), nil
}

// judge is Refused in the client's turn.
func (c *Client) judge(ctx context.Context, used secret.Text, status int, headers []string, twice bool) (again bool, err error) {
	r, err := c.load(ctx)
	if err != nil {
		return false, err
	}
	if r != nil && !bearer(r).Equal(used) && !r.expired(time.Now()) {
		return true, nil // it was renewed, or somebody signed in, meanwhile
	}
	c.said = parseChallenge(headers)
	further := status == http.StatusForbidden || c.said.fault == "insufficient_scope"
	if further {
		c.wants = union(c.wants, c.said.scopes)
	} else if r != nil && r.renewable() && !twice {
		fresh, err := c.renew(ctx, r)
		if err != nil {
			return false, err
		}
		if fresh != nil {
			return true, nil
		}
	}
	c.mu.Lock()
	c.refused = true
	c.mu.Unlock()
	switch step := c.step(); {
	case further && c.steps[step] >= maxSteps:
		c.offered(nil, fmt.Errorf("the server asks for more permission%s, which signing in again does not give: its operator must say what it needs", named(c.said.scopes)))
	case c.machine() && twice:
		c.offered(nil, errors.New("the server refuses the token that its authorization server has just given: its operator must mend that"))
	case c.machine():
		err := c.byMachine(ctx)
		if no := new(refusal); err != nil && !errors.As(err, &no) {
			return false, err
		}
		if err == nil {
			if further {
				c.steps[step]++
			}
			return true, nil
		}
		c.offered(nil, err)
	default:
		c.prepare(ctx)
	}
	return false, nil
}

// step names the further scopes that the server wants.
func (c *Client) step() string { return strings.Join(slices.Sorted(slices.Values(c.wants)), " ") }

// named is the end of a sentence about scopes.
func named(scopes []string) string {
	if len(scopes) == 0 {
		return ""
	}
	return " (" + plain(strings.Join(scopes, " ")) + ")"
}

func (c *Client) present() *record {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.record
}

// byMachine signs in without a person (RFC 6749, section 4.4).
func (c *Client) byMachine(ctx context.Context) error {
	a, err := c.find(ctx)
	if err != nil {
		return err
	}
	r := record{
		Issuer: a.Issuer, Resource: a.resource, Token: a.Token, Revocation: a.Revocation, Client: configured(&c.oauth, a),
		Grant: config.GrantMachine, Requested: c.scopes(a),
	}
	t, err := c.issuing(ctx, &r).ask(ctx, string(config.GrantMachine), r.Requested, nil)
	if err != nil {
		return fmt.Errorf("the hub cannot sign in with oauth.clientId of the server's configuration: %w", err)
	}
	c.wants = nil
	c.keep(ctx, r.with(t, time.Now()))
	return nil
}

// scopes is what a sign-in asks for: what the call needs, or else what the server suggests, and all that earlier ones asked
// for, so that none of it is lost.
func (c *Client) scopes(a *authority) []string {
	suggested := a.scopes
	if c.said.scopes != nil {
		suggested = c.said.scopes
	}
	if c.oauth.Scopes != nil {
		return union(c.oauth.Scopes, c.wants)
	}
	const refreshable = "offline_access" // 2026-07-28, "Refresh Tokens"
	if slices.Contains(a.Scopes, refreshable) && !c.machine() {
		return union(c.asked, suggested, c.wants, []string{refreshable})
	}
	return union(c.asked, suggested, c.wants)
}

// Keep renews the tokens in time until ctx ends, and then returns nil. It returns an error when the sign-in has ended and a
// person has to sign in again.
func (c *Client) Keep(ctx context.Context) error {
	for had := false; ctx.Err() == nil; {
		c.mu.Lock()
		r, changed, at, lost := c.record, c.changed, time.Time{}, c.lost
		if r != nil {
			if at = r.renewal(); at.Before(c.rest) && !at.IsZero() {
				at = c.rest
			}
		}
		c.mu.Unlock()
		if r == nil && had {
			_, _ = inTurn(ctx, c, func(ctx context.Context) (bool, error) { // a person will want to sign in again
				c.prepare(ctx)
				return true, nil
			})
			return lost
		}
		had = r != nil
		waiting, stop := ctx, context.CancelFunc(func() {})
		if !at.IsZero() {
			waiting, stop = context.WithDeadline(ctx, at.Add(10*time.Millisecond))
		}
		select {
		case <-changed:
		case <-waiting.Done():
		}
		stop()
		_, _ = c.current(ctx) // what came of it is seen above
	}
	return nil
}
