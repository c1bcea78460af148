package oauth

import (
	"cmp"
	"slices"
	"time"
)

// State is how a sign-in to a server stands.
type State string

// The states.
const (
	Unneeded State = "none"      // the server has not asked for one
	Needed   State = "needed"    // a person has to sign in
	SignedIn State = "signed-in" // there are tokens that the server has not refused
	More     State = "more"      // there are tokens, but a call was refused for want of further scopes
)

// Status is a sign-in as it is at one moment. It holds no secret but the address, which is for the person who signs in.
type Status struct {
	State     State
	Offered   bool     // a person can sign in now
	Issuer    string   // authorization server; empty if it is not known yet
	Resource  string   // what the tokens are for
	Client    string   // how the hub is known there: configured, document or registered
	ClientID  string   //
	Machine   bool     // the hub signs in by itself
	Scopes    []string // that the tokens have
	Missing   []string // that they lack, while More
	Issued    time.Time
	Expires   time.Time // of the access token; zero if it is not known
	Renewable bool      // it is renewed without a person
	Lasting   bool      // it is still there after a restart of the hub
	Failed    string    // how the last attempt failed; empty if it did not, or another one has begun since
	Why       string    // what stands against signing in, or why the last sign-in has ended; empty if nothing
}

// Status returns how the sign-in to a server stands.
func (m *Manager) Status(server string) Status {
	c := m.known(server)
	if c == nil {
		return Status{State: Unneeded}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Status{State: Unneeded, Offered: c.offer != nil, Machine: c.machine(), Lasting: m.lasting}
	switch {
	case c.record != nil && !c.refused:
		s.State = SignedIn
	case c.record != nil && c.offer != nil && c.offer.step != "":
		s.State, s.Missing = More, slices.DeleteFunc(slices.Clone(c.offer.scopes), func(scope string) bool { return slices.Contains(c.record.Granted, scope) })
	case c.refused, c.lost != nil:
		s.State = Needed
	}
	if c.offer != nil {
		s.Issuer, s.Resource, s.Client, s.ClientID = c.offer.Issuer, c.offer.resource, c.offer.client.Kind, c.offer.client.ID
	}
	if r := c.record; r != nil {
		s.Issuer, s.Resource, s.Client, s.ClientID = r.Issuer, r.Resource, r.Client.Kind, r.Client.ID
		s.Scopes, s.Issued, s.Expires, s.Renewable = r.Granted, r.Issued, r.Expiry, r.renewable()
	}
	s.Failed, s.Why = text(c.failure), text(cmp.Or(c.why, c.lost))
	return s
}

// text is what an error says, empty for none.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Why returns what stands against signing in, nil if nothing does.
func (c *Client) Why() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.why
}

// used takes a flow out of what is shown: it serves once.
func (c *Client) used(f *flow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flow == f {
		c.flow = nil
	}
}

// ended notes how the last attempt of a person ended.
func (c *Client) ended(failure error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failure = failure
}
