package access

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"mcphub/hub/peer"
)

// Options says how strict a guard is.
type Options struct {
	Keys *Keys
	Port int // that the hub listens on: cookies tell hosts apart, but not ports
	// Names are those by which the hub may be addressed, besides the loopback ones.
	Names []string
	// Certificate is the hub's own where it speaks TLS: its names count too.
	Certificate *x509.Certificate
	// Exposed says that other machines can connect. Any numeric address then is a name of the hub.
	Exposed bool
	// RequireToken asks everybody for a token, also the person whose hub it is.
	RequireToken bool
	// NoToken asks nobody for a token who connects from this machine, not even other users of it, nor the hub's own pages.
	NoToken bool
	// Open are the paths that anybody may GET, such as the one where a browser arrives after a sign-in somewhere else. Who
	// needs a token and has none is nobody there.
	Open []string
}

// Guard lets requests through to the routes or refuses them.
type Guard struct {
	Options
	cookie string
	pace   pace
}

// NewGuard returns a guard.
func NewGuard(o Options) *Guard {
	g := &Guard{Options: o, cookie: fmt.Sprintf("mcp-hub-%d", o.Port)}
	if o.Certificate != nil {
		g.cookie = "__Host-" + g.cookie // which browsers take from this host alone, and only over TLS
	}
	return g
}

// Refusal says why a request is refused.
type Refusal struct {
	Status int
	Code   string // a word
	Text   string // what is wrong and what to do
}

// ConnContext notes who is at the other end of a connection. It is for http.Server.
func (g *Guard) ConnContext(ctx context.Context, conn net.Conn) context.Context {
	return With(ctx, g.caller(conn))
}

// caller is who makes the requests on a connection that bring nothing with them that says otherwise.
func (g *Guard) caller(conn net.Conn) *Principal {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	who := peer.Of(conn)
	if a, ok := conn.LocalAddr().(*net.TCPAddr); ok {
		r, _ := conn.RemoteAddr().(*net.TCPAddr)
		if !a.IP.IsLoopback() || r == nil || !r.IP.IsLoopback() {
			return distant
		}
		if who == peer.Unknown {
			who = peer.Own // not every system tells
		}
	}
	switch {
	case who != peer.Own && !g.NoToken:
		return foreign
	case g.RequireToken:
		return nobody
	}
	return local
}

// Handler returns a handler that lets requests through to next, in a context that has their principal, or answers with
// refuse. It also serves /session, where browsers begin a session.
func (g *Guard) Handler(next http.Handler, refuse func(http.ResponseWriter, *http.Request, *Refusal)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if why := g.outside(r); why != nil {
			refuse(w, r, why)
			return
		}
		if r.URL.Path == sessionPath {
			g.serveSession(w, r)
			return
		}
		caller := From(r.Context())
		p, why := g.identify(r, caller)
		switch {
		case why != nil && g.open(r):
			next.ServeHTTP(w, r.WithContext(With(r.Context(), nobody)))
		case why != nil && why.Status == http.StatusUnauthorized && shows(r):
			g.door(w, r, why)
		case why != nil:
			why.advise(w, r)
			refuse(w, r, why)
		case p == caller:
			next.ServeHTTP(w, r)
		default:
			ctx, cancel := context.WithCancel(With(r.Context(), p))
			defer cancel()
			defer p.OnEnd(cancel)()
			next.ServeHTTP(w, r.WithContext(ctx))
		}
	})
}

// Landing returns a handler for a port where browsers come back from somewhere else, and where anybody may GET everything.
func (g *Guard) Landing(next http.Handler, refuse func(http.ResponseWriter, *http.Request, *Refusal)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		why := g.outside(r)
		if why == nil && !visits(r) {
			why = foreignPage
		}
		if why != nil {
			refuse(w, r, why)
			return
		}
		next.ServeHTTP(w, r.WithContext(With(r.Context(), nobody)))
	})
}

// advise adds the headers that tell programs what to do (RFC 6750, section 3; RFC 9110, section 10.2.3).
func (why *Refusal) advise(w http.ResponseWriter, r *http.Request) {
	switch why.Status {
	case http.StatusUnauthorized:
		challenge := `Bearer realm="MCP Hub"`
		if r.Header.Get("Authorization") != "" {
			challenge += `, error="invalid_token"`
		}
		w.Header().Set("WWW-Authenticate", challenge)
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "2")
	}
}

// outside refuses what no credential makes good.
func (g *Guard) outside(r *http.Request) *Refusal {
	// DNS rebinding: a foreign page's own name can be made to point at this machine, and then the browser takes the hub for
	// that page's own server. The name still stands in Host.
	if !g.known(hostOf(r.Host)) {
		return &Refusal{Status: http.StatusForbidden, Code: "FORBIDDEN_HOST", Text: "The hub does not answer under the name " + r.Host + ": use localhost, or a name that the hub was given with --host"}
	}
	// Browsers open websockets to other sites without asking those first. The hub has none.
	if slices.ContainsFunc(r.Header["Upgrade"], func(v string) bool { return strings.Contains(strings.ToLower(v), "websocket") }) {
		return &Refusal{Status: http.StatusForbidden, Code: "FORBIDDEN_UPGRADE", Text: "The hub has no websockets: use HTTP"}
	}
	if r.URL.RawQuery != "" && tokenIn(r.URL.Query()) {
		return &Refusal{
			Status: http.StatusBadRequest, Code: "TOKEN_IN_URL",
			Text: "A token in an address ends up in logs and histories, so the hub takes none there: send it in the header Authorization, as \"Bearer …\". If the address was seen by others, replace the token",
		}
	}
	// A page says in Origin where it comes from; "null" is a page that hides it. Programs that are no browsers send none.
	if origin := r.Header["Origin"]; len(origin) > 0 {
		u, err := url.Parse(origin[0])
		if len(origin) > 1 || err != nil || u.Scheme != "http" && u.Scheme != "https" || !g.known(u.Hostname()) {
			return foreignPage
		}
	}
	return nil
}

var foreignPage = &Refusal{Status: http.StatusForbidden, Code: "FORBIDDEN_ORIGIN", Text: "The hub does not answer web pages from elsewhere"}

func tokenIn(query url.Values) bool {
	for name, values := range query {
		switch strings.ToLower(name) {
		case "token", "access_token":
			return true
		}
		if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, tokenPrefix) }) {
			return true
		}
	}
	return false
}

// identify finds out who makes a request, or why it is refused.
func (g *Guard) identify(r *http.Request, caller *Principal) (*Principal, *Refusal) {
	if given := r.Header["Authorization"]; len(given) > 0 { // whoever names a token is not taken for somebody else
		return g.bearer(r, given)
	}
	trusted := caller.May(Use) && (g.NoToken || plain(r))
	from := sender(r)
	switch {
	case from == otherPage && entrance(r):
		return nil, needsSession
	case from == otherPage:
		return nil, foreignPage
	case trusted && (from == noPage || g.NoToken):
		return caller, nil
	case caller == foreign: // the person's own browser would not be somebody else
		return nil, g.needsToken(r, caller)
	}
	// Browsers say where the methods that change something come from.
	if from == ownPage || r.Method == http.MethodGet || r.Method == http.MethodHead {
		for _, c := range r.CookiesNamed(g.cookie) { // another program on this machine may have set one of that name too
			if p := g.Keys.session(c.Value); p != nil {
				return p, nil
			}
		}
	}
	if from == ownPage {
		return nil, needsSession
	}
	return nil, g.needsToken(r, caller)
}

func (g *Guard) bearer(r *http.Request, given []string) (*Principal, *Refusal) {
	scheme, token, _ := strings.Cut(given[0], " ")
	if len(given) == 1 && strings.EqualFold(scheme, "Bearer") {
		if p := g.Keys.token(strings.TrimSpace(token)); p != nil {
			return p, nil
		}
	}
	if why := g.pace.wait(r.Context()); why != nil {
		return nil, why
	}
	return nil, &Refusal{
		Status: http.StatusUnauthorized, Code: "INVALID_TOKEN",
		Text: "The hub does not know this token: it may have been revoked or have expired. The header must be \"Authorization: Bearer …\"; mcp-hub token prints the token",
	}
}

var needsSession = &Refusal{
	Status: http.StatusUnauthorized, Code: "NO_SESSION",
	Text: "This browser has no session with the hub: run \"mcp-hub open\", or use the address that \"mcp-hub open --no-browser\" prints",
}

// needsToken says why somebody is asked for a token.
func (g *Guard) needsToken(r *http.Request, caller *Principal) *Refusal {
	why := "this hub was started with --require-token"
	switch {
	case caller == foreign:
		why = "this hub belongs to another user of this machine, or the program that asks is gone"
	case caller == distant:
		why = "the request comes from another machine"
	case !plain(r):
		why = "the request was forwarded by a proxy"
	}
	return &Refusal{
		Status: http.StatusUnauthorized, Code: "TOKEN_REQUIRED",
		Text: "A token is needed, because " + why + ". Send it as \"Authorization: Bearer …\", or set MCP_HUB_TOKEN for mcp-hub's own commands. On the hub's machine \"mcp-hub token\" prints it",
	}
}

// plain reports whether a request comes straight from the program that connected: a proxy on this machine stands for
// strangers.
func plain(r *http.Request) bool {
	h := r.Header
	return h["Forwarded"] == nil && h["X-Forwarded-For"] == nil && h["X-Real-Ip"] == nil && h["Via"] == nil
}

// origin is what a browser says of the page that makes a request.
type origin int

const (
	noPage    origin = iota // it says nothing, or it is no browser
	ownPage                 // the hub's own, or the person by hand
	otherPage               // somebody else's, also of another port of this machine
)

// sender tells which page makes a request. It is http.CrossOriginProtection that also looks at methods which only read,
// since a page of another port of this machine comes with the cookies too. Sec-Fetch-Mode alone means nothing: Node.js
// sends it.
func sender(r *http.Request) origin {
	site, from := r.Header["Sec-Fetch-Site"], r.Header["Origin"]
	if site == nil && from == nil {
		return noPage
	}
	if site != nil && (len(site) > 1 || site[0] != "same-origin" && site[0] != "none") {
		return otherPage
	}
	if from != nil {
		if u, err := url.Parse(from[0]); err != nil || !strings.EqualFold(u.Host, r.Host) {
			return otherPage
		}
	}
	return ownPage
}

// navigates reports whether a browser is about to show what the request gets, in a window of its own.
func navigates(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// shows reports whether what the request gets is shown to a person as it is.
func shows(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// entrance reports whether a person comes to the hub's first page, maybe from a page of somebody else.
func entrance(r *http.Request) bool { return r.URL.Path == "/" && navigates(r) }

// open reports whether anybody may make the request.
func (g *Guard) open(r *http.Request) bool { return slices.Contains(g.Open, r.URL.Path) && visits(r) }

// visits reports whether the request only reads, and no page of somebody else hides it in itself.
func visits(r *http.Request) bool {
	return r.Method == http.MethodGet && (sender(r) != otherPage || navigates(r))
}

// known reports whether the hub may be addressed by a name.
func (g *Guard) known(host string) bool {
	if inner, ok := strings.CutPrefix(host, "["); ok && strings.HasSuffix(inner, "]") {
		host = inner[:len(inner)-1]
	}
	host = strings.TrimSuffix(host, ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		// Nobody can make a number point elsewhere.
		return ip.IsLoopback() || g.Exposed && !ip.IsUnspecified()
	}
	return strings.EqualFold(host, "localhost") ||
		slices.ContainsFunc(g.Names, func(name string) bool { return strings.EqualFold(name, host) }) ||
		g.Certificate != nil && g.Certificate.VerifyHostname(host) == nil
}

// hostOf returns the name in a Host header, without the port.
func hostOf(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return host
}
