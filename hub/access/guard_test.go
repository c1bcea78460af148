package access

import (
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// elsewhere is a connection from another machine.
type elsewhere struct{ net.Conn }

func (elsewhere) LocalAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(192, 168, 1, 2), Port: 37373}
}

func (elsewhere) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(192, 168, 1, 9), Port: 50000}
}

// TestOtherMachines: who comes over the network needs a token, or a session that was begun with one.
func TestOtherMachines(t *testing.T) {
	k := OpenKeys("", nil, slog.New(slog.DiscardHandler))
	token := create(t, k, Client{Name: "a"})
	cookie, err := k.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	code, _ := k.NewCode()
	text, _, err := makeCertificate([]string{"hub.example", "*.lan.example"})
	if err != nil {
		t.Fatal(err)
	}
	leaf := parse(t, text)
	open, tls := Options{Keys: k, Port: 37373, Exposed: true}, Options{Keys: k, Port: 37373, Exposed: true, Certificate: leaf}
	closed := Options{Keys: k, Port: 37373, Names: []string{"named.example"}}
	for _, x := range []struct {
		name    string
		options Options
		host    string
		headers string
		want    string
	}{
		{"nothing", open, "192.168.1.2:37373", "", "TOKEN_REQUIRED"},
		{"token", open, "192.168.1.2:37373", "Authorization: Bearer " + token, "a"},
		{"token, by another number", open, "10.0.0.1", "Authorization: Bearer " + token, "a"},
		{"token, by IPv6", open, "[fd00::1]:37373", "Authorization: Bearer " + token, "a"},
		{"number where nobody can come from outside", closed, "192.168.1.2", "Authorization: Bearer " + token, "FORBIDDEN_HOST"},
		{"no number", open, "0.0.0.0", "Authorization: Bearer " + token, "FORBIDDEN_HOST"},
		{"foreign name", open, "evil.example", "Authorization: Bearer " + token, "FORBIDDEN_HOST"},
		{"given name", closed, "NAMED.example:1", "Authorization: Bearer " + token, "a"},
		{"certified name", tls, "hub.example", "Authorization: Bearer " + token, "a"},
		{"certified pattern", tls, "x.lan.example.", "Authorization: Bearer " + token, "a"},
		{"name that is not certified", tls, "evil.example", "Authorization: Bearer " + token, "FORBIDDEN_HOST"},
		{"says that it is here", open, "localhost", "X-Forwarded-For: 127.0.0.1", "TOKEN_REQUIRED"},
		{"session", open, "192.168.1.2", "Cookie: mcp-hub-37373=" + cookie + "|Origin: http://192.168.1.2", "browser"},
		{"session over TLS", tls, "hub.example", "Cookie: __Host-mcp-hub-37373=" + cookie + "|Origin: https://hub.example|Sec-Fetch-Site: same-origin", "browser"},
		{"session over TLS, set by somebody else", tls, "hub.example", "Cookie: mcp-hub-37373=" + cookie + "|Origin: https://hub.example|Sec-Fetch-Site: same-origin", "NO_SESSION"},
		{"session for another page", open, "192.168.1.2", "Cookie: mcp-hub-37373=" + cookie + "|Origin: http://192.168.1.3", "FORBIDDEN_ORIGIN"},
		{"session of another hub", open, "192.168.1.2", "Cookie: mcp-hub-37374=" + cookie + "|Origin: http://192.168.1.2", "NO_SESSION"},
	} {
		t.Run(x.name, func(t *testing.T) {
			g := NewGuard(x.options)
			got := ""
			h := g.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = From(r.Context()).Name() }),
				func(_ http.ResponseWriter, _ *http.Request, why *Refusal) { got = why.Code })
			r := httptest.NewRequestWithContext(g.ConnContext(t.Context(), elsewhere{}), "GET", "/api/health", nil)
			r.Host = x.host
			for line := range strings.SplitSeq(x.headers, "|") {
				if name, value, ok := strings.Cut(line, ": "); ok {
					r.Header.Add(name, value)
				}
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if got != x.want {
				t.Errorf("%s, want %s", got, x.want)
			}
		})
	}
	w := httptest.NewRecorder()
	g := NewGuard(tls)
	r := httptest.NewRequestWithContext(g.ConnContext(t.Context(), elsewhere{}), "GET", SessionPath(code), nil)
	r.Host = "hub.example"
	g.Handler(nil, nil).ServeHTTP(w, r)
	c, err := http.ParseSetCookie(w.Header().Get("Set-Cookie"))
	if err != nil || !c.Secure || c.Name != "__Host-mcp-hub-37373" || c.Path != "/" || c.Domain != "" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestNobody(t *testing.T) {
	p := From(t.Context())
	if p.May(Use) || p.May(Read) || p.May(Change) || p.Policy() == nil || p.Policy().Server("s") || p.Policy().Tool("s", "t", true) || !p.May(Open) {
		t.Error("who did not pass the guard may something")
	}
}

// FuzzHost: a name that the hub takes for its own is one that a browser on this machine finds here.
func FuzzHost(f *testing.F) {
	for _, host := range []string{"localhost:37373", "LOCALHOST.", "127.0.0.1", "[::1]:1", "[::ffff:127.0.0.1]", "localhost@evil.example", "[localhost]", "127.0.0.1.evil.example:1", "", "[", "evil.example:localhost"} {
		f.Add(host)
	}
	g := NewGuard(Options{})
	f.Fuzz(func(t *testing.T, host string) {
		u, err := url.Parse("http://" + host + "/")
		if err != nil || !g.known(hostOf(host)) {
			return
		}
		name := strings.TrimSuffix(u.Hostname(), ".")
		if ip := net.ParseIP(name); !strings.EqualFold(name, "localhost") && (ip == nil || !ip.IsLoopback()) {
			t.Errorf("%q is %q", host, name)
		}
	})
}

// BenchmarkGuard is what the guard costs a program of the person's on this machine, and one with a token.
func BenchmarkGuard(b *testing.B) {
	k := OpenKeys("", nil, slog.New(slog.DiscardHandler))
	token, err := k.Create(b.Context(), Client{Name: "a"})
	if err != nil {
		b.Fatal(err)
	}
	h := NewGuard(Options{Keys: k}).Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil)
	for name, authorization := range map[string]string{"plain": "", "token": "Bearer " + token.Reveal()} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequestWithContext(With(b.Context(), Local()), "POST", "/mcp", nil)
			r.Host = "127.0.0.1:37373"
			for _, h := range []string{"Content-Type", "Accept", "User-Agent", "Mcp-Session-Id", "Mcp-Protocol-Version"} {
				r.Header.Set(h, "x")
			}
			if authorization != "" {
				r.Header.Set("Authorization", authorization)
			}
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(nil, r)
			}
		})
	}
}

func parse(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(text)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
