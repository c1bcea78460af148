package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Limits of requests to addresses that others name.
const (
	maxDocument    = 1 << 20 // bytes
	maxHeader      = 64 << 10
	maxRedirects   = 3
	dialTimeout    = 5 * time.Second
	requestTimeout = 15 * time.Second
)

// reach is how near to this machine an address is. A server on the internet must not have the hub look at what only this
// machine or its network can see.
type reach uint8

const (
	public   reach = iota
	private        // this network
	loopback       // this machine
	nowhere        // never to be asked: among them where clouds tell machines their credentials
)

var (
	noRouting = prefixes("0.0.0.0/8", "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32", "255.255.255.255/32", "fd00:ec2::/32", "fd20:ce::/32")
	noPublic  = prefixes("100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "fec0::/10")
	holdsIPv4 = map[netip.Prefix]int{ // and at which byte
		netip.MustParsePrefix("64:ff9b::/96"): 12,
		netip.MustParsePrefix("2002::/16"):    2,
	}
)

func prefixes(texts ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

func reachOf(ip netip.Addr) reach {
	ip = ip.Unmap().WithZone("")
	for prefix, at := range holdsIPv4 {
		if prefix.Contains(ip) {
			b := ip.As16()
			return reachOf(netip.AddrFrom4([4]byte(b[at : at+4])))
		}
	}
	in := func(list []netip.Prefix) bool {
		for _, prefix := range list {
			if prefix.Contains(ip) {
				return true
			}
		}
		return false
	}
	switch {
	case ip.IsUnspecified(), ip.IsMulticast(), ip.IsLinkLocalUnicast(), in(noRouting):
		return nowhere
	case ip.IsLoopback():
		return loopback
	case ip.IsPrivate(), in(noPublic):
		return private
	}
	return public
}

// reachOfHost is the reach of a host that needs no looking up. A name in general may be anywhere.
func reachOfHost(host string) (reach, bool) {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return loopback, true
	}
	ip, err := netip.ParseAddr(host)
	return reachOf(ip), err == nil
}

// serverReach is the reach of a managed server. That of a name is the nearest to the internet of its addresses.
func serverReach(ctx context.Context, u *url.URL) reach {
	if r, known := reachOfHost(u.Hostname()); known {
		return r
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil || len(ips) == 0 {
		return public // perhaps only a proxy can look it up
	}
	nearest := loopback
	for _, ip := range ips {
		nearest = min(nearest, reachOf(ip))
	}
	return nearest
}

// guard makes requests to addresses that a server, or what a server named, has told, and only to those that it may send the
// hub to. Names are looked at again when they have become addresses, as the connection is made.
type guard struct {
	limit reach // the nearest that may be asked
	http  *http.Client
}

func newGuard(limit reach) *guard {
	g := &guard{limit: min(limit, loopback)}
	var proxies sync.Map // host:port
	plain := &net.Dialer{Timeout: dialTimeout}
	checked := &net.Dialer{Timeout: dialTimeout, Control: g.control}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxResponseHeaderBytes = maxHeader
	t.Proxy = func(r *http.Request) (*url.URL, error) {
		u, err := http.ProxyFromEnvironment(r)
		if u != nil {
			proxies.Store(hostPort(u), true)
		}
		return u, err
	}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if _, proxy := proxies.Load(address); proxy { // it is the person's, wherever it is
			return plain.DialContext(ctx, network, address)
		}
		return checked.DialContext(ctx, network, address)
	}
	g.http = &http.Client{Transport: t, Timeout: requestTimeout, CheckRedirect: g.redirect}
	return g
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// control looks at an address before a packet goes there.
func (g *guard) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", errForbidden, address)
	}
	if r := reachOf(ap.Addr()); r > g.limit {
		return fmt.Errorf("%w: %s", errForbidden, ap.Addr())
	}
	return nil
}

// errForbidden says that a server named an address to which it must not send the hub.
var errForbidden = errors.New("an address that the server may not send the hub to")

// check parses an address that somebody else named, and refuses what the specification forbids: it must be https, or on
// this machine.
func (g *guard) check(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the server names something that is no address")
	}
	return u, g.checkURL(u)
}

func (g *guard) checkURL(u *url.URL) error {
	r, known := reachOfHost(u.Hostname())
	switch {
	case u.Hostname() == "", u.User != nil, u.Opaque != "":
		return fmt.Errorf("%w: it has no plain host", errForbidden)
	case known && r > g.limit:
		return fmt.Errorf("%w: %s", errForbidden, u.Host)
	case u.Scheme != "https" && !(u.Scheme == "http" && known && r == loopback):
		return fmt.Errorf("%w: %s://%s is not https", errForbidden, u.Scheme, u.Host)
	}
	return nil
}

// redirect follows redirections of what only reads, and checks where they lead.
func (g *guard) redirect(req *http.Request, via []*http.Request) error {
	switch {
	case via[0].Method != http.MethodGet:
		return http.ErrUseLastResponse
	case len(via) > maxRedirects:
		return errors.New("there are too many redirections")
	case via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https":
		return fmt.Errorf("%w: it redirects away from https", errForbidden)
	}
	return g.checkURL(req.URL)
}

// get reads a JSON document into one. It reports whether there is such a document.
func (g *guard) get(ctx context.Context, address string, into any) (bool, error) {
	if _, err := g.check(address); err != nil {
		return false, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false, err
	}
	req.Header.Set("Accept", "application/json")
	status, body, err := g.do(req)
	switch {
	case err != nil:
		return false, err
	case status >= 500:
		return false, fmt.Errorf("%s answers HTTP %d", req.URL.Host, status)
	}
	return status == http.StatusOK && json.Unmarshal(body, into) == nil, nil // some answer everything with a page
}

// do makes a request whose address has been checked, and reads the answer.
func (g *guard) do(req *http.Request) (status int, body []byte, err error) {
	resp, err := g.http.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("ask %s: %w", req.URL.Host, unwrapURL(err))
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(io.LimitReader(resp.Body, maxDocument)); err != nil {
		return 0, nil, fmt.Errorf("read the answer of %s: %w", req.URL.Host, err)
	}
	return resp.StatusCode, body, nil
}

// unwrapURL takes the address out of an error of the HTTP client: it may hold what others need not know.
func unwrapURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
