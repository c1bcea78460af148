package upstream

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"mcphub/hub/config"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/secret"
)

// Limits of the HTTP transports.
const (
	maxMessage   = 64 << 20         // bytes of one message from a server
	maxExcerpt   = 200              // bytes of a strange answer that an error shows
	maxRedirects = 5                // of one request
	reachTimeout = 10 * time.Second // to make a TCP connection
)

// remote is how a server is reached over HTTP: where it is, the headers it wants, and the client that it alone uses.
type remote struct {
	client *http.Client
	url    *url.URL
	host   string      // of the Host header, empty for the URL's own
	header http.Header // what every request carries
	auth   Authorizer  // nil if the hub does not sign in
	redact *secret.Redactor
}

func newRemote(r *config.Resolved, version string, auth Authorizer) (*remote, error) {
	u, err := url.Parse(r.URL.Reveal())
	switch { // no error shows the URL: it may hold secrets
	case err != nil:
		return nil, errors.New("the server's URL is not valid: check it in the configuration")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, errors.New("the server's URL must begin with http:// or https:// and name a host")
	}
	u.Fragment, u.RawFragment = "", ""
	m := &remote{url: u, auth: auth, header: http.Header{"User-Agent": {"mcp-hub/" + version}}}
	for name, value := range r.Headers {
		switch name = http.CanonicalHeaderKey(name); {
		case name == "Host":
			m.host = value.Reveal()
		case !protocolHeader(name):
			m.header.Set(name, value.Reveal())
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() // its proxy variables never count for loopback
	transport.MaxIdleConnsPerHost = 64
	transport.DialContext = (&net.Dialer{Timeout: reachTimeout, KeepAlive: 15 * time.Second}).DialContext
	transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: reachTimeout} // finds dead streams
	m.client = &http.Client{Transport: transport, CheckRedirect: checkRedirect}
	return m, nil
}

// protocolHeader reports whether a header (in canonical form) is the transport's own business.
func protocolHeader(name string) bool {
	switch name {
	case "Accept", "Content-Type", "Content-Length", mcp.HeaderProtocolVersion, mcp.HeaderSessionID, mcp.HeaderMethod,
		mcp.HeaderName, "Last-Event-Id":
		return true
	}
	return strings.HasPrefix(name, mcp.HeaderParamPrefix)
}

// checkRedirect follows a redirect only where it changes neither the origin nor the method: headers never go to
// another origin, and a POST never becomes a GET.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects || !sameOrigin(req.URL, via[0].URL) || req.Method != via[0].Method {
		return http.ErrUseLastResponse
	}
	return nil
}

func sameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && portOf(a) == portOf(b)
}

func portOf(u *url.URL) string {
	if p := u.Port(); p != "" || !strings.EqualFold(u.Scheme, "http") && !strings.EqualFold(u.Scheme, "https") {
		return p
	}
	if strings.EqualFold(u.Scheme, "http") {
		return "80"
	}
	return "443"
}

// send makes one HTTP request, and once more if it was refused and the hub could sign in meanwhile. The response is the
// caller's to close, whatever its status; the exceptions are errors: *UnauthorizedError, and a redirect that is not followed.
func (r *remote) send(ctx context.Context, method string, to *url.URL, own http.Header, body []byte) (*http.Response, error) {
	for again := false; ; again = true {
		var used secret.Text
		if r.auth != nil {
			var err error
			if used, err = r.auth.Authorization(ctx); err != nil {
				return nil, signInError(err)
			}
		}
		resp, err := r.once(ctx, method, to, own, used, body)
		if err != nil {
			return nil, err
		}
		if err = refused(resp); err == nil {
			return resp, nil
		}
		_ = resp.Body.Close()
		var unauthorized *UnauthorizedError
		if !errors.As(err, &unauthorized) {
			return nil, err
		}
		if r.auth == nil && r.header.Get("Authorization") != "" {
			unauthorized.Why = "it refuses the Authorization in its headers: replace that in its configuration, or remove it to sign in"
		}
		if r.auth == nil || method == http.MethodDelete {
			return nil, unauthorized
		}
		renewed, why, err := r.auth.Refused(ctx, used, resp.StatusCode, resp.Header.Values("WWW-Authenticate"), again)
		if err != nil {
			return nil, signInError(err)
		}
		if !renewed || again {
			unauthorized.Why = why
			return nil, unauthorized
		}
	}
}

func signInError(err error) error { return fmt.Errorf("sign in to the server: %w", err) }

func (r *remote) once(ctx context.Context, method string, to *url.URL, own http.Header, authorization secret.Text, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, permanent{errors.New("no HTTP request can be made for the server's URL")}
	}
	req.Host, req.Header = r.host, r.header.Clone()
	for name, values := range own {
		req.Header[name] = values
	}
	if text := authorization.Reveal(); text != "" {
		req.Header["Authorization"] = []string{text}
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, transportError(err)
	}
	return resp, nil
}

// refused tells the answers that no caller has to look at.
func refused(resp *http.Response) error {
	challenge := strings.Join(resp.Header.Values("WWW-Authenticate"), ", ")
	switch code := resp.StatusCode; {
	case code == http.StatusUnauthorized,
		code == http.StatusForbidden && strings.Contains(challenge, "insufficient_scope"): // RFC 6750, section 3.1
		return &UnauthorizedError{Challenge: challenge}
	case code >= 300 && code < 400:
		where := "to nowhere"
		if to, err := resp.Location(); err == nil {
			where = "to " + to.Scheme + "://" + to.Host
		}
		return permanent{fmt.Errorf("the server redirects %s (HTTP %d), which is not followed: put its final address into the configuration", where, code)}
	}
	return nil
}

// stepUp reports that the sign-in holds, but does not reach far enough for one call.
func (e *UnauthorizedError) stepUp() bool { return strings.Contains(e.Challenge, "insufficient_scope") }

// transportError takes the URL out of an error of the HTTP client, and marks what only a person can mend.
func transportError(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var (
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       tls.AlertError
	)
	switch {
	case errors.As(err, &certificate), errors.As(err, &alert):
		return permanent{fmt.Errorf("the server's TLS connection is not trusted: %w", err)}
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return permanent{errors.New("the server does not speak HTTPS there: check whether its URL should begin with http://")}
	}
	return err
}

// unreachable reports whether an error says that there is no server at the other end now.
func unreachable(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &dns) || errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect")
}

// isStream reports whether a response is a stream of server-sent events.
func isStream(resp *http.Response) bool {
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return err == nil && media == "text/event-stream" && resp.StatusCode == http.StatusOK
}

// succeeded reports whether a response has a status of success.
func succeeded(resp *http.Response) bool { return resp.StatusCode/100 == 2 }

// readBody reads a response to its end, up to maxMessage.
func readBody(resp *http.Response) ([]byte, error) {
	size := max(min(resp.ContentLength, 1<<20), 512)
	b := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	if _, err := b.ReadFrom(io.LimitReader(resp.Body, maxMessage+1)); err != nil {
		return nil, fmt.Errorf("read the server's answer (HTTP %d): %w", resp.StatusCode, err)
	}
	if b.Len() > maxMessage {
		return nil, &answerError{status: resp.StatusCode, why: fmt.Sprintf("the answer is longer than %d bytes", maxMessage)}
	}
	return b.Bytes(), nil
}

// answerError is an HTTP answer that is not the response it should be.
type answerError struct {
	status int
	why    string
	text   string         // how the body begins
	object []byte         // the error object of a JSON-RPC error in the body, nil if there is none
	fault  *jsonrpc.Fault // what it says
}

// badAnswer describes an answer by its status and body.
func (r *remote) badAnswer(resp *http.Response, body []byte) *answerError {
	e := &answerError{status: resp.StatusCode, why: http.StatusText(resp.StatusCode)}
	if object := errorObject(body); object != nil {
		m := jsonrpc.Message{Raw: object, Error: jsonrpc.All(object)}
		e.object, e.fault = object, m.Fault()
		return e
	}
	switch {
	case !succeeded(resp):
	case len(bytes.TrimSpace(body)) == 0:
		e.why = "the answer is empty"
	default:
		e.why = "the answer is no JSON-RPC response"
	}
	if text, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";"); text != "" && len(body) > 0 {
		e.why += ", but " + text
	}
	e.text = r.excerpt(body)
	return e
}

// excerpt returns the beginning of a body on one line. A server may repeat there what it was sent.
func (r *remote) excerpt(body []byte) string {
	text := strings.ToValidUTF8(r.redact.Cut(string(body[:min(len(body), maxExcerpt+1+r.redact.Margin())]), maxExcerpt), "")
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
}

// Error tells the status and what the body says.
func (e *answerError) Error() string {
	text := "the server did not answer"
	if e.status != 0 {
		text = fmt.Sprintf("the server answered HTTP %d", e.status)
	}
	for _, more := range []string{e.why, e.text} {
		if more != "" {
			text += ": " + more
		}
	}
	if e.fault != nil {
		text += ": " + e.fault.Error()
	}
	return text
}

// Unwrap returns the JSON-RPC error in the body, if there is one.
func (e *answerError) Unwrap() error {
	if e.fault == nil {
		return nil
	}
	return e.fault
}

// sessionGone reports whether the answer means that the server does not know the session any more. The specification
// says 404; servers that lost theirs in a restart often say 400.
func (e *answerError) sessionGone() bool {
	switch e.status {
	case http.StatusNotFound:
		return e.fault == nil || e.fault.Code != jsonrpc.CodeMethodNotFound
	case http.StatusBadRequest:
		text := e.text
		if e.fault != nil {
			text = e.fault.Message
		}
		text = strings.ToLower(text)
		return strings.Contains(text, "session") || strings.Contains(text, "not initialized")
	}
	return false
}

// errorObject returns the error object of a JSON-RPC error response, whatever its id and even without one; nil if the
// body is no such response.
func errorObject(body []byte) []byte {
	if jsonrpc.Valid(body) != nil {
		return nil
	}
	object := jsonrpc.Get(body, jsonrpc.All(body), "error").In(body)
	if _, ok := jsonrpc.Int(jsonrpc.Get(object, jsonrpc.All(object), "code").In(object)); !ok {
		return nil
	}
	return object
}
