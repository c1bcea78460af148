package oauth

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

func TestReach(t *testing.T) {
	for address, want := range map[string]reach{
		"8.8.8.8": public, "2606:4700::1111": public, "172.32.0.1": public,
		"10.1.2.3": private, "172.16.0.1": private, "192.168.1.1": private, "100.64.0.1": private, "fd12::1": private, "198.18.0.1": private, "240.0.0.1": private,
		"127.0.0.1": loopback, "127.8.8.8": loopback, "::1": loopback, "::ffff:127.0.0.1": loopback,
		"169.254.169.254": nowhere, "::ffff:169.254.169.254": nowhere, "fe80::1": nowhere, "fe80::1%eth0": nowhere, "fd00:ec2::254": nowhere, "fd20:ce::254": nowhere,
		"0.0.0.0": nowhere, "::": nowhere, "0.1.2.3": nowhere, "100.100.100.200": nowhere, "168.63.129.16": nowhere, "192.0.0.192": nowhere,
		"255.255.255.255": nowhere, "224.0.0.1": nowhere, "ff02::1": nowhere,
		"64:ff9b::a9fe:a9fe": nowhere, "64:ff9b::7f00:1": loopback, "64:ff9b::808:808": public, "2002:a9fe:a9fe::1": nowhere, "2002:0a00:0001::": private,
	} {
		if got := reachOf(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %d, want %d", address, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		address                   string
		fromPublic, private, here bool // whether a server there may name it
	}{
		{"https://auth.example.com/x", true, true, true},
		{"https://8.8.8.8/", true, true, true},
		{"http://auth.example.com/", false, false, false},
		{"http://10.0.0.1/", false, false, false},
		{"https://10.0.0.1/", false, true, true},
		{"https://[fd12::1]/", false, true, true},
		{"http://localhost:8080/", false, false, true},
		{"https://localhost/", false, false, true},
		{"http://LOCALHOST./", false, false, true},
		{"http://auth.localhost:1/", false, false, true},
		{"http://127.0.0.1:1/", false, false, true},
		{"http://[::1]:1/", false, false, true},
		{"https://169.254.169.254/latest/meta-data/", false, false, false},
		{"http://169.254.169.254/latest/meta-data/", false, false, false},
		{"https://[fd00:ec2::254]/", false, false, false},
		{"https://[::ffff:169.254.169.254]/", false, false, false},
		{"https://user:password@auth.example.com/", false, false, false},
		{"https:///x", false, false, false},
		{"https:auth.example.com", false, false, false},
		{"javascript:alert(1)", false, false, false},
		{"file:///etc/passwd", false, false, false},
		{"ftp://localhost/", false, false, false},
		{"/relative", false, false, false},
		{"", false, false, false},
		{"https://a b/", false, false, false},
	} {
		for limit, want := range map[reach]bool{public: c.fromPublic, private: c.private, loopback: c.here} {
			_, err := newGuard(limit).check(c.address)
			if (err == nil) != want {
				t.Errorf("%s, from a server of reach %d: %v", c.address, limit, err)
			}
		}
	}
}

// TestNoPacket: an address is refused when the connection is made, whatever name has led there, and before it is.
func TestNoPacket(t *testing.T) {
	for address, limits := range map[string][]reach{
		"169.254.169.254:80": {public, private, loopback}, "[fd00:ec2::254]:80": {public, private, loopback},
		"127.0.0.1:80": {public, private}, "[::1]:80": {public, private}, "10.0.0.1:443": {public}, "[fe80::1%lo]:1": {public, private, loopback},
	} {
		for _, limit := range limits {
			if err := newGuard(limit).control("tcp", address, nil); !errors.Is(err, errForbidden) {
				t.Errorf("%s from reach %d: %v", address, limit, err)
			}
		}
	}
	var packets atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { packets.Add(1) }))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	// As if a name that looks public had led to this machine.
	if _, _, err := newGuard(public).do(req); !errors.Is(err, errForbidden) || packets.Load() != 0 {
		t.Errorf("%v, after %d requests", err, packets.Load())
	}
	if _, _, err := newGuard(loopback).do(req); err != nil || packets.Load() != 1 {
		t.Errorf("a server on this machine: %v, after %d requests", err, packets.Load())
	}
}

func TestRedirections(t *testing.T) {
	var asked []string
	server := httptest.NewServer(nil)
	defer server.Close()
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		switch r.URL.Path {
		case "/there":
			_, _ = w.Write([]byte(`{"issuer":"x"}`))
		case "/large":
			_, _ = w.Write([]byte(`{"issuer":"` + strings.Repeat("x", maxDocument) + `"}`))
		case "/broken":
			w.WriteHeader(http.StatusInternalServerError)
		case "/page":
			_, _ = w.Write([]byte(`<html>`))
		case "/gone":
			http.NotFound(w, r)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		default:
			http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusTemporaryRedirect)
		}
	})
	g := newGuard(loopback)
	for _, c := range []struct {
		path  string
		found bool
		err   string
	}{
		{"/there", true, ""},
		{"/?to=/there", true, ""},
		{"/gone", false, ""},
		{"/page", false, ""},
		{"/large", false, ""},
		{"/broken", false, "HTTP 500"},
		{"/loop", false, "too many"},
		{"/?to=http://169.254.169.254/latest/meta-data/", false, "may not send the hub to"},
		{"/?to=http://metadata.example/", false, "not https"},
		{"/?to=file:///etc/passwd", false, "may not send the hub to"},
	} {
		var doc serverDocument
		found, err := g.get(t.Context(), server.URL+c.path, &doc)
		if found != c.found || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v %v", c.path, found, err)
		}
	}
	// What is posted goes nowhere else.
	asked = nil
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/?to=/there", strings.NewReader("client_secret=x"))
	if err != nil {
		t.Fatal(err)
	}
	if status, _, err := g.do(req); err != nil || status != http.StatusTemporaryRedirect || len(asked) != 1 {
		t.Errorf("%v, asked %v", err, asked)
	}
}

// TestProxy: the person's proxy may be anywhere.
func TestProxy(t *testing.T) {
	for address, want := range map[string]string{
		"http://proxy:3128": "proxy:3128", "http://proxy": "proxy:80", "https://proxy": "proxy:443", "socks5://[::1]": "[::1]:1080",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := hostPort(u); got != want {
			t.Errorf("%s: %s", address, got)
		}
	}
}
