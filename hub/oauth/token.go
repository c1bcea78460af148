package oauth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"mcphub/hub/config"
	"mcphub/hub/secret"
)

// fault is an error as OAuth endpoints tell it (RFC 6749, section 5.2).
type fault struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

// text is what an error shows of it. Strangers wrote it.
func (f fault) text() string {
	text := ""
	for _, part := range []string{f.Code, f.Description} {
		if part = plain(part); part != "" {
			text += ": " + part
		}
	}
	return text
}

// masked is the fault without secrets that the hub has told who reports it.
func (f fault) masked(r *secret.Redactor) fault { return fault{r.Mask(f.Code), r.Mask(f.Description)} }

// plain is the beginning of a stranger's text on one line.
func plain(text string) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, ""), func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
	if runes := []rune(text); len(runes) > 200 {
		text = string(runes[:200]) + "…"
	}
	return text
}

// refusal is an authorization server's word that it gives no token. Asking again does not help.
type refusal struct {
	host   string
	status int
	fault
}

// final reports whether an authorization server has really said so. Who is in its place, such as the page of a network that
// wants a sign-in of its own, or what is in front of it, does not use its words.
func (r *refusal) final() bool {
	return r.Code != "" && r.status < 500 && r.status != http.StatusTooManyRequests && r.Code != "temporarily_unavailable" && r.Code != "server_error"
}

// Error tells what the authorization server said.
func (r *refusal) Error() string {
	return fmt.Sprintf("%s answers HTTP %d%s", r.host, r.status, r.text())
}

// issuing is an authorization server that gives tokens, and who the hub is there.
type issuing struct {
	*guard
	of                         *Client
	issuer, endpoint, resource string
	client                     registration
	oauth                      *config.OAuth // the secrets of a client that is configured
}

// secret is what the client shows to the authorization server that it is the client.
func (i *issuing) secret() string {
	if i.client.Kind == kindConfigured {
		return i.oauth.ClientSecret.Reveal()
	}
	return i.client.Secret
}

func (i *issuing) learn(lists ...[]string) { i.of.m.learn(i.of.name, slices.Concat(lists...)...) }

// ask asks for tokens (RFC 6749, section 3.2; RFC 8707, section 2.2). Its error is a *refusal if it is final.
func (i *issuing) ask(ctx context.Context, grant string, scopes []string, more url.Values) (*oauth2.Token, error) {
	if _, err := i.check(i.endpoint); err != nil {
		return nil, err
	}
	q := clientcredentials.Config{
		ClientID: i.client.ID, TokenURL: i.endpoint, Scopes: scopes, AuthStyle: oauth2.AuthStyleInParams,
		EndpointParams: url.Values{"grant_type": {grant}, "resource": {i.resource}},
	}
	for key, values := range more {
		q.EndpointParams[key] = values
	}
	switch i.client.Method {
	case methodBasic:
		q.AuthStyle, q.ClientSecret = oauth2.AuthStyleInHeader, i.secret()
	case methodPost:
		q.ClientSecret = i.secret()
	case methodKey:
		if err := i.assert(q.EndpointParams); err != nil {
			return nil, err
		}
	}
	i.learn(more["code"], more["code_verifier"], q.EndpointParams["client_assertion"])
	t, err := q.Token(context.WithValue(ctx, oauth2.HTTPClient, i.http))
	if err == nil {
		idToken, _ := t.Extra("id_token").(string)
		i.learn([]string{t.AccessToken, t.RefreshToken, idToken})
	}
	if err == nil && t.Type() != "Bearer" {
		err = fmt.Errorf("%s gives tokens of the type %s, which the hub does not know", hostOf(i.endpoint), plain(i.of.m.redact.Mask(t.Type())))
	}
	var said *oauth2.RetrieveError
	switch {
	case err == nil:
		return t, nil
	case errors.As(err, &said): // its own text has the whole answer
		no := &refusal{hostOf(i.endpoint), said.Response.StatusCode, fault{said.ErrorCode, said.ErrorDescription}.masked(i.of.m.redact)}
		if !no.final() {
			return nil, errors.New(no.Error())
		}
		return nil, no
	}
	return nil, fmt.Errorf("ask %s for a token: %w", hostOf(i.endpoint), unwrapURL(err))
}

// revoke tells the authorization server that a token is not needed any more (RFC 7009).
func (i *issuing) revoke(ctx context.Context, endpoint, token, hint string) error {
	if _, err := i.check(endpoint); err != nil {
		return err
	}
	form := url.Values{"token": {token}, "token_type_hint": {hint}}
	if i.client.Method != methodBasic {
		form.Set("client_id", i.client.ID)
	}
	switch i.client.Method {
	case methodPost:
		form.Set("client_secret", i.secret())
	case methodKey:
		if err := i.assert(form); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if i.client.Method == methodBasic {
		req.SetBasicAuth(url.QueryEscape(i.client.ID), url.QueryEscape(i.secret()))
	}
	status, _, err := i.do(req)
	if err == nil && status/100 != 2 {
		err = fmt.Errorf("%s answers HTTP %d", req.URL.Host, status)
	}
	return err
}

// assertionLife is how long an assertion may be used. Clocks differ.
const assertionLife = 2 * time.Minute

// assert adds to a form that the client is who it says, signed with its key (RFC 7523, section 2.2).
func (i *issuing) assert(form url.Values) error {
	key, method, err := signer(i.oauth.PrivateKey.Reveal())
	if err != nil {
		return err
	}
	now := time.Now()
	signed, err := jwt.NewWithClaims(method, jwt.RegisteredClaims{
		Issuer: i.client.ID, Subject: i.client.ID, Audience: jwt.ClaimStrings{i.issuer}, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(assertionLife)),
	}).SignedString(key)
	if err != nil {
		return errors.New("oauth.privateKey cannot sign: check it in the server's configuration")
	}
	form.Set("client_id", i.client.ID)
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", signed)
	return nil
}

// signer reads a private key and says how it signs. No error shows anything of it.
func signer(text string) (any, jwt.SigningMethod, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, nil, errors.New(`oauth.privateKey is no PEM text: it must begin with "-----BEGIN"`)
	}
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, nil, errors.New("oauth.privateKey is no private key that the hub can read: it must be RSA, EC or Ed25519, without a passphrase")
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return key, jwt.SigningMethodRS256, nil
	case ed25519.PrivateKey:
		return key, jwt.SigningMethodEdDSA, nil
	case *ecdsa.PrivateKey:
		switch k.Curve.Params().BitSize {
		case 256:
			return key, jwt.SigningMethodES256, nil
		case 384:
			return key, jwt.SigningMethodES384, nil
		case 521:
			return key, jwt.SigningMethodES512, nil
		}
	}
	return nil, nil, errors.New("oauth.privateKey is of a kind that cannot be used: it must be RSA, EC or Ed25519")
}
