package oauth

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/oauth2"

	"mcphub/hub/config"
)

const (
	flowLife = 10 * time.Minute // that a person has to sign in, from the moment the address is made
	flowUse  = 5 * time.Minute  // for which the same address is shown to those who ask
)

// offer is a sign-in that a person can take up.
type offer struct {
	*authority
	client   registration
	redirect string
	scopes   []string
	step     string // the further scopes that it is for; empty for none
}

// flow is one address at which a person signs in, and what must come back from there. It serves once.
type flow struct {
	*offer
	of       *Client
	state    string
	verifier string // of PKCE
	made     time.Time
}

func (f *flow) expires() time.Time { return f.made.Add(flowLife) }

// address is where the person signs in (OAuth 2.1, section 4.1.1; RFC 8707, section 2.1).
func (f *flow) address() string {
	q := oauth2.Config{
		ClientID: f.client.ID, RedirectURL: f.redirect, Scopes: f.scopes, Endpoint: oauth2.Endpoint{AuthURL: f.Authorization},
	}
	return q.AuthCodeURL(f.state, oauth2.S256ChallengeOption(f.verifier), oauth2.SetAuthURLParam("resource", f.resource))
}

// prepare makes the offer. Call it in one's turn.
func (c *Client) prepare(ctx context.Context) {
	o, err := c.prepared(ctx)
	c.offered(o, err)
}

// offered makes an offer known, or why there is none.
func (c *Client) offered(o *offer, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offer, c.why, c.flow = o, why, nil
}

func (c *Client) prepared(ctx context.Context) (*offer, error) {
	a, err := c.find(ctx)
	if err != nil {
		return nil, err
	}
	if a.Authorization == "" {
		return nil, fmt.Errorf("at the authorization server %s no person can sign in: its operator must say whom it is for", hostOf(a.Issuer))
	}
	if r := c.present(); r != nil && r.Issuer != "" && r.Issuer != a.Issuer {
		if r.Client.Kind == kindConfigured && c.oauth.Issuer == "" {
			return nil, fmt.Errorf("the server now names %s as its authorization server, and oauth.clientId of its configuration was used with %s: if that is right, sign out of the server and in again", hostOf(a.Issuer), hostOf(r.Issuer))
		}
		// Tokens go only to a server that still trusts who gave them.
		if err := c.lose(ctx, errors.New("the server has changed its authorization server")); err != nil {
			return nil, err
		}
		c.asked = nil
	}
	redirect := c.redirect()
	client, err := c.client(ctx, a, redirect)
	if err != nil {
		return nil, err
	}
	return &offer{authority: a, client: client, redirect: redirect, scopes: c.scopes(a), step: c.step()}, nil
}

// redirect is where the browser comes back. The plugin mcphub.nvim looks for the server's name in it.
func (c *Client) redirect() string {
	port, path := c.m.port(), "/api/oauth/callback?server_name="+url.QueryEscape(c.name)
	return "http://localhost:" + strconv.Itoa(cmp.Or(c.oauth.RedirectPort, port)) + cmp.Or(c.oauth.RedirectPath, path)
}

// mint returns the address of the offer: one that was made a moment ago, or a new one. It returns nil without an offer.
func (c *Client) mint(fresh bool) *flow {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.offer == nil {
		return nil
	}
	if c.flow == nil || fresh || time.Since(c.flow.made) > flowUse {
		c.flow = &flow{offer: c.offer, of: c, state: rand.Text(), verifier: oauth2.GenerateVerifier(), made: time.Now()}
		c.m.await(c.flow)
	}
	return c.flow
}

// errState says that what came back belongs to no sign-in that the hub has begun.
var errState = errors.New("this sign-in was not begun here, or too long ago, or is over already: begin it again")

// verify looks whether an answer comes from the authorization server that was asked (RFC 9207, section 2.4). Nothing else
// in the answer counts before that.
func (f *flow) verify(q url.Values) error {
	switch iss, sent := q.Get("iss"), q.Has("iss"); {
	case sent && iss != f.Issuer:
		return errors.New("the answer comes from another authorization server than the one that was asked: somebody may have tampered with the sign-in")
	case !sent && f.SendsIssuer:
		return errors.New("the answer does not say which authorization server it comes from, although that one always does: somebody may have tampered with the sign-in")
	}
	return nil
}

// complete takes what came back, and signs in.
func (f *flow) complete(ctx context.Context, q url.Values) error {
	if err := f.verify(q); err != nil {
		return err
	}
	if code := q.Get("error"); code != "" {
		return fmt.Errorf("%s did not sign you in%s", hostOf(f.Issuer), fault{code, q.Get("error_description")}.masked(f.of.m.redact).text())
	}
	_, err := inTurn(ctx, f.of, func(ctx context.Context) (bool, error) { return true, f.redeem(ctx, q.Get("code")) })
	return err
}

// redeem gets the tokens for a code.
func (f *flow) redeem(ctx context.Context, code string) error {
	c := f.of
	r := &record{
		Issuer: f.Issuer, Resource: f.resource, Token: f.Token, Revocation: f.Revocation, Client: f.client,
		Grant: config.GrantPerson, Requested: f.scopes,
	}
	t, err := c.issuing(ctx, r).ask(ctx, string(config.GrantPerson), nil, url.Values{
		"code": {code}, "redirect_uri": {f.redirect}, "code_verifier": {f.verifier},
	})
	if err != nil {
		var no *refusal
		if errors.As(err, &no) && no.Code == "invalid_client" && f.client.Kind == kindRegistered {
			err = errors.Join(err, c.m.vault.remove(ctx, clientName(f.Issuer, f.redirect))) // the next sign-in registers anew
		}
		return fmt.Errorf("token exchange failed: %w", err)
	}
	if f.step != "" {
		c.steps[f.step]++
	}
	c.wants = nil
	c.keep(ctx, r.with(t, time.Now()))
	return nil
}
