package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"

	"mcphub/hub/peer"
	"mcphub/hub/secret"
)

// Option says how a client gets into the hub.
type Option func(*entry)

// WithToken has the client send a token with every request.
func WithToken(token secret.Text) Option { return func(e *entry) { e.token = token } }

// WithStored has the client ask for a token when a hub on this machine wants one, or another one. Only a hub of the same
// user gets it, as far as the system tells whose the other end is.
func WithStored(ask func(context.Context) (secret.Text, error)) Option {
	return func(e *entry) { e.ask = ask }
}

// WithRoots has the client trust these certificates, and those that they vouch for, in place of the system's.
func WithRoots(roots *x509.CertPool) Option {
	return func(e *entry) { e.next.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12} }
}

// entry sends requests with what gets them past the hub's guard.
type entry struct {
	next *http.Transport
	ask  func(context.Context) (secret.Text, error) // nil: there is nobody to ask

	mu    sync.Mutex
	token secret.Text // empty while none is needed
}

// newEntry returns the way to the hub at an address, and the address to put before the paths of requests.
func newEntry(address string, options []Option) (*entry, string) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 32
	t.DisableCompression = true // the hub is on this machine
	base := address
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		if rest, ok := strings.CutPrefix(path, "//"); ok {
			path = rest
		}
		t.Proxy = nil
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
		base = "http://localhost"
	}
	e := &entry{next: t}
	for _, o := range options {
		o(e)
	}
	return e, base
}

// CloseIdleConnections is for http.Client.
func (e *entry) CloseIdleConnections() { e.next.CloseIdleConnections() }

// RoundTrip implements http.RoundTripper.
func (e *entry) RoundTrip(r *http.Request) (*http.Response, error) {
	var conn net.Conn
	ctx := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) { conn = got.Conn }})
	e.mu.Lock()
	token := e.token
	e.mu.Unlock()
	resp, err := e.next.RoundTrip(signed(r.Clone(ctx), token))
	if err != nil || resp.StatusCode != http.StatusUnauthorized || e.ask == nil || r.Body != nil && r.GetBody == nil {
		return resp, err
	}
	if !ours(conn) {
		return resp, nil
	}
	fresh, err := e.ask(r.Context())
	if err != nil || fresh.Reveal() == "" || fresh.Equal(token) {
		return resp, nil //nolint:nilerr // what the hub says is of more use
	}
	again := r.Clone(r.Context())
	if r.GetBody != nil {
		if again.Body, err = r.GetBody(); err != nil {
			return resp, nil //nolint:nilerr // as above
		}
	}
	_ = resp.Body.Close()
	e.mu.Lock()
	e.token = fresh
	e.mu.Unlock()
	return e.next.RoundTrip(signed(again, fresh))
}

// ours reports whether a connection leads to this machine, and not to somebody else who has taken the hub's port there,
// maybe to be given the token.
func ours(conn net.Conn) bool {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok && !a.IP.IsLoopback() {
		return false
	}
	return peer.Of(conn) != peer.Foreign
}

func signed(r *http.Request, token secret.Text) *http.Request {
	if text := token.Reveal(); text != "" {
		r.Header.Set("Authorization", "Bearer "+text)
	}
	return r
}
