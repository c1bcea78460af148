package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// resourceDocument is the metadata of a protected resource (RFC 9728, section 2).
type resourceDocument struct {
	Resource string   `json:"resource"`
	Servers  []string `json:"authorization_servers"`
	Scopes   []string `json:"scopes_supported"`
}

// serverDocument is the metadata of an authorization server (RFC 8414, section 2; RFC 9207, section 3; OpenID Connect
// Discovery 1.0, section 3).
type serverDocument struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Registration  string   `json:"registration_endpoint"`
	Revocation    string   `json:"revocation_endpoint"`
	Scopes        []string `json:"scopes_supported"`
	Methods       []string `json:"token_endpoint_auth_methods_supported"`
	Challenges    []string `json:"code_challenge_methods_supported"`
	SendsIssuer   bool     `json:"authorization_response_iss_parameter_supported"`
	TakesDocument bool     `json:"client_id_metadata_document_supported"`
}

// authority is where one signs in to a server.
type authority struct {
	serverDocument
	resource string   // what the tokens are for (RFC 8707)
	scopes   []string // that the server suggests
}

// finder finds out where one signs in to a server.
type finder struct {
	*guard
	server *url.URL
	issuer string // the only one that is wanted; empty for any
}

// find looks where the challenge points and where the specification says. Its errors name hosts, never whole addresses.
func (f *finder) find(ctx context.Context, c challenge) (*authority, error) {
	doc, err := f.resource(ctx, c.metadata)
	if err != nil {
		return nil, err
	}
	if doc == nil { // as servers of revision 2025-03-26: they are their own authorization servers
		a, err := f.own(ctx)
		if err != nil {
			return nil, err
		}
		return a, f.verify(a)
	}
	if len(doc.Servers) == 0 {
		return nil, errors.New("the server names no authorization server in its metadata: its operator must add one")
	}
	if f.issuer != "" && !slices.Contains(doc.Servers, f.issuer) {
		return nil, fmt.Errorf("the server does not name %s as its authorization server any more, but %s: if that is right, change oauth.issuer in its configuration", f.issuer, doc.Servers[0])
	}
	var failed []error
	for _, issuer := range doc.Servers {
		if f.issuer != "" && issuer != f.issuer {
			continue
		}
		meta, err := f.authorizationServer(ctx, issuer, func(said string) bool {
			// A slash at the end is let pass, as other clients do: it is often forgotten, and leads to the same place.
			return strings.TrimSuffix(said, "/") == strings.TrimSuffix(issuer, "/")
		})
		if err == nil && meta == nil {
			err = fmt.Errorf("the authorization server %s publishes no metadata: its operator must add it", hostOf(issuer))
		}
		if err == nil {
			a := &authority{serverDocument: *meta, resource: doc.Resource, scopes: doc.Scopes}
			if err = f.verify(a); err == nil {
				return a, nil
			}
		}
		failed = append(failed, err)
	}
	return nil, errors.Join(failed...)
}

// resource reads the metadata of the server, from the address in the challenge or else where it ought to be. It returns nil
// if there is none.
func (f *finder) resource(ctx context.Context, named string) (*resourceDocument, error) {
	const wellKnown = "/.well-known/oauth-protected-resource"
	addresses := []string{at(f.server, wellKnown)}
	if path := strings.TrimRight(f.server.EscapedPath(), "/"); path != "" {
		addresses = append([]string{at(f.server, wellKnown+path)}, addresses...)
	}
	if named != "" {
		addresses = append([]string{named}, addresses...)
	}
	var failed error
	for _, address := range addresses {
		doc := &resourceDocument{}
		found, err := f.get(ctx, address, doc)
		switch {
		case errors.Is(err, errForbidden):
			return nil, fmt.Errorf("the server names as the place of its metadata %w: it is misconfigured, or not to be trusted", err)
		case err != nil:
			failed = err
		case found && doc.Resource != "":
			if !covers(doc.Resource, f.server) {
				return nil, fmt.Errorf("the server's metadata is about another server (%s): it is misconfigured, or not to be trusted", hostOf(doc.Resource))
			}
			return doc, nil
		}
	}
	return nil, failed // a server that is out of order is not one without metadata
}

// covers reports whether a resource is the server, or what the server is a part of: many publish only the latter.
func covers(resource string, server *url.URL) bool {
	u, err := url.Parse(resource)
	if err != nil || u.Fragment != "" || !strings.EqualFold(u.Scheme, server.Scheme) || !strings.EqualFold(hostPort(u), hostPort(server)) {
		return false
	}
	whole, part := strings.TrimRight(server.EscapedPath(), "/")+"/", strings.TrimRight(u.EscapedPath(), "/")+"/"
	return strings.HasPrefix(whole, part) && (u.RawQuery == "" || u.RawQuery == server.RawQuery)
}

// authorizationServer reads the metadata of an issuer in the order of the specification (2026-07-28, "Authorization Server
// Metadata Discovery"), and has is judge what it says that it is. It returns nil if there is none.
func (f *finder) authorizationServer(ctx context.Context, issuer string, is func(said string) bool) (*serverDocument, error) {
	u, err := f.check(issuer)
	if err != nil {
		return nil, fmt.Errorf("the server names as its authorization server %w: it is misconfigured, or not to be trusted", err)
	}
	const oauth, openID = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"
	addresses := []string{at(u, oauth), at(u, openID)}
	if path := strings.TrimRight(u.EscapedPath(), "/"); path != "" {
		addresses = []string{at(u, oauth+path), at(u, openID+path), at(u, path+openID)}
	}
	var failed error
	for _, address := range addresses {
		doc := &serverDocument{}
		found, err := f.get(ctx, address, doc)
		switch {
		case err != nil:
			failed = fmt.Errorf("the metadata of the authorization server cannot be read: %w", err)
		case found && doc.Token != "":
			if !is(doc.Issuer) {
				return nil, fmt.Errorf("the authorization server %s says that it is another one (%s): it is misconfigured, or not to be trusted", u.Host, hostOf(doc.Issuer))
			}
			return doc, nil
		}
	}
	return nil, failed
}

// own is the authority of a server without metadata of its own, as of revision 2025-03-26: the root of its host is the
// authorization server, which need not have metadata either.
func (f *finder) own(ctx context.Context) (*authority, error) {
	root := at(f.server, "")
	doc, err := f.authorizationServer(ctx, root, func(said string) bool { // that revision does not say which path it has
		u, err := url.Parse(said)
		return err == nil && at(u, "") == root
	})
	if err != nil {
		return nil, err
	}
	if doc == nil {
		// Whether such a server knows of PKCE cannot be found out. It never names another host than its own.
		doc = &serverDocument{
			Issuer: root, Authorization: root + "/authorize", Token: root + "/token", Registration: root + "/register",
			Challenges: []string{"S256"},
		}
	}
	if f.issuer != "" && doc.Issuer != f.issuer {
		return nil, fmt.Errorf("the server names no authorization server, and is none under the name of oauth.issuer in its configuration (%s): check that", f.issuer)
	}
	resource := *f.server // a query could hold secrets
	resource.User, resource.RawQuery, resource.Fragment = nil, "", ""
	return &authority{serverDocument: *doc, resource: strings.TrimSuffix(resource.String(), "/")}, nil
}

// verify refuses what is not safe, before anything is sent there.
func (f *finder) verify(a *authority) error {
	if !slices.Contains(a.Challenges, "S256") {
		return fmt.Errorf("the authorization server %s does not say that it supports PKCE with S256, without which a sign-in can be stolen: its operator must add it", hostOf(a.Issuer))
	}
	for _, endpoint := range []string{a.Authorization, a.Token, a.Registration, a.Revocation} {
		if endpoint == "" {
			continue
		}
		if _, err := f.check(endpoint); err != nil {
			return fmt.Errorf("the authorization server %s names %w: it is misconfigured, or not to be trusted", hostOf(a.Issuer), err)
		}
	}
	return nil
}

// at is an address on the host of another one.
func at(u *url.URL, path string) string { return u.Scheme + "://" + u.Host + path }

// hostOf is what an error shows of an address.
func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return "(no address)"
}
