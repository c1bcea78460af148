package hub

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"mcphub/hub/access"
	"mcphub/hub/api"
	"mcphub/hub/peer"
	"mcphub/hub/secret"
)

// ErrOptions says that the options contradict each other, or would let others in whom nobody asked for.
var ErrOptions = errors.New("the hub does not start with these options")

// TLS says with which certificate the hub speaks TLS, if it does.
type TLS struct {
	Cert, Key string // PEM files, read again when they change
	SelfMade  bool   // make a certificate, and keep it in the StateDir
}

func (t TLS) on() bool { return t.SelfMade || t.Cert != "" || t.Key != "" }

// check looks for options that contradict each other.
func (o *Options) check() error {
	switch {
	case o.NoToken && o.RequireToken:
		return fmt.Errorf("%w: --no-token and --require-token contradict each other", ErrOptions)
	case o.TLS.SelfMade && (o.TLS.Cert != "" || o.TLS.Key != ""):
		return fmt.Errorf("%w: --tls-self-made makes a certificate, so there is none to be given with --tls-cert", ErrOptions)
	case (o.TLS.Cert == "") != (o.TLS.Key == ""):
		return fmt.Errorf("%w: --tls-cert and --tls-key are needed together", ErrOptions)
	case o.TLS.SelfMade && o.StateDir == "":
		return fmt.Errorf("%w: there is no folder to keep a self-made certificate in", ErrOptions)
	}
	return nil
}

// exposed reports whether other machines can connect, and fails if the options do not allow for that.
func (o *Options) exposed(ctx context.Context) (bool, error) {
	if o.Host == "" {
		return false, nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", o.Host)
	switch {
	case err != nil:
		return false, fmt.Errorf("listen on %s: %w", o.Host, err)
	case !slices.ContainsFunc(ips, func(ip netip.Addr) bool { return !ip.IsLoopback() }):
		return false, nil
	case o.NoToken:
		return true, fmt.Errorf("%w: with --no-token everybody who can reach %s could use the servers: leave out --host, or --no-token", ErrOptions, o.Host)
	case !o.TLS.on() && !o.InsecureHTTP:
		return true, fmt.Errorf("%w: other machines can reach %s, and would send tokens that anybody on the way can read: add --tls-self-made, or --tls-cert and --tls-key, or leave out --host. "+
			"Where something else encrypts, as in front of a container, --insecure-http listens all the same", ErrOptions, o.Host)
	}
	return true, nil
}

// open takes the port, and returns who may come in.
func (h *Hub) open(ctx context.Context) (*access.Guard, error) {
	o := &h.options
	exposed, err := o.exposed(ctx)
	if err != nil {
		return nil, err
	}
	config, leaf, err := o.certificate(ctx)
	if err != nil {
		return nil, err
	}
	h.tls = config
	if h.listeners, err = listen(ctx, o.Host, o.Port); err != nil {
		return nil, err
	}
	if o.Socket != "" {
		socket, err := listenUnix(ctx, o.Socket)
		if err != nil {
			for _, l := range h.listeners {
				_ = l.Close()
			}
			return nil, err
		}
		h.listeners = append(h.listeners, socket)
	}
	h.keys = access.OpenKeys(o.StateDir, o.Secrets, o.Log)
	if o.RequireToken || exposed {
		if h.ownToken, err = h.keys.Ensure(ctx); err != nil {
			o.Log.Warn("the hub's token is only good for this run", "err", err)
		}
	}
	if o.TLS.SelfMade {
		o.Log.Info("the hub's own certificate", "sha256", access.Fingerprint(leaf), "file", access.SelfMadeFile(o.StateDir))
	}
	g := access.Options{
		Keys: h.keys, Port: h.Port(), Certificate: leaf, Exposed: exposed, Open: api.OpenPaths(),
		RequireToken: o.RequireToken, NoToken: o.NoToken,
	}
	if ip := net.ParseIP(o.Host); o.Host != "" && (ip == nil || !ip.IsUnspecified()) {
		g.Names = []string{o.Host}
	}
	return access.NewGuard(g), nil
}

// serve serves one listener. Over a Unix socket nobody listens in.
func (h *Hub) serve(l net.Listener) error {
	if h.tls != nil && l.Addr().Network() == "tcp" {
		return h.server.ServeTLS(l, "", "")
	}
	return h.server.Serve(l)
}

// Address returns the address by which a program on this machine reaches the hub, without a slash at its end.
func (h *Hub) Address() string {
	scheme, host := "http", "localhost"
	if h.tls != nil {
		scheme = "https"
	}
	if a := h.listeners[0].Addr().(*net.TCPAddr); !a.IP.IsLoopback() && !a.IP.IsUnspecified() {
		host = h.options.Host
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(h.Port()))
}

// OwnToken returns the token that the hub made for this run because it could not keep one; empty if it did not. Whoever
// starts the hub has to show it to the person.
func (h *Hub) OwnToken() secret.Text { return h.ownToken }

// Pass makes a token for a program that belongs to this hub, as the window does. It ends with the hub, and no secret store
// has to be open for it.
func (h *Hub) Pass() secret.Text { return h.keys.Pass() }

// PortError says that the port is taken.
type PortError struct {
	Port   int
	Holder string // the process that has it, as "name (pid 42)"; empty if it cannot be told
	Err    error
}

// Error holds the word EADDRINUSE, for which mcphub.nvim looks.
func (e *PortError) Error() string {
	text := fmt.Sprintf("EADDRINUSE: port %d is taken", e.Port)
	if e.Holder != "" {
		text += " by " + e.Holder
	}
	return text + ": end it, or choose another port with --port"
}

// Unwrap returns the error of the system.
func (e *PortError) Unwrap() error { return e.Err }

// listen takes the port on the host's address, or on both loopback addresses: clients try either for "localhost".
func listen(ctx context.Context, host string, port int) ([]net.Listener, error) {
	hosts := []string{host}
	if host == "" || host == "localhost" {
		hosts = []string{"127.0.0.1", "::1"}
	}
	var out []net.Listener
	for i, h := range hosts {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(h, strconv.Itoa(port)))
		switch {
		case err == nil:
			out = append(out, l)
			port = l.Addr().(*net.TCPAddr).Port // the second address gets the same one
		case isTaken(err):
			for _, l := range out {
				_ = l.Close()
			}
			return nil, &PortError{Port: port, Holder: holder(port), Err: err}
		case i == 0:
			return nil, fmt.Errorf("listen on %s: %w", h, err)
		default: // this machine has no IPv6
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no address to listen on")
	}
	return out, nil
}

// listenUnix takes a Unix socket, for this user alone.
func listenUnix(ctx context.Context, path string) (net.Listener, error) {
	if !peer.TellsUnix {
		return nil, fmt.Errorf("listen on %s: on this system the hub cannot tell who connects to a Unix socket: leave out --socket", path)
	}
	if c, err := new(net.Dialer).DialContext(ctx, "unix", path); err == nil {
		_ = c.Close()
		return nil, fmt.Errorf("listen on %s: another hub does: end it, or choose another path with --socket", path)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket != 0 {
		_ = os.Remove(path) // of a hub that was killed
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; choose another path with --socket", path, err)
	}
	// Who gets in before this is asked for its user, as all are.
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	return l, nil
}

// certificate returns what the hub speaks TLS with, and the certificate that it begins with; nil if it does not.
func (o *Options) certificate(ctx context.Context) (*tls.Config, *x509.Certificate, error) {
	if !o.TLS.on() {
		return nil, nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if !o.TLS.SelfMade {
		pair := &keyPair{cert: o.TLS.Cert, key: o.TLS.Key}
		first, err := pair.get(nil)
		if err != nil {
			return nil, nil, fmt.Errorf("the certificate: %w", err)
		}
		c.GetCertificate = pair.get
		return c, first.Leaf, nil
	}
	names := []string{"localhost", "127.0.0.1", "::1"}
	if name, err := os.Hostname(); err == nil {
		names = append(names, name)
	}
	if ip := net.ParseIP(o.Host); o.Host != "" && (ip == nil || !ip.IsUnspecified()) {
		names = append(names, o.Host)
	}
	made, err := access.SelfMade(ctx, o.StateDir, names)
	if err != nil {
		return nil, nil, err
	}
	c.Certificates = []tls.Certificate{made}
	return c, made.Leaf, nil
}

// keyPair is a certificate in files. Who renews it need not restart the hub.
type keyPair struct {
	cert, key string

	mu     sync.Mutex
	loaded *tls.Certificate
	of     time.Time // when the file was changed that was loaded
}

func (k *keyPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	info, err := os.Stat(k.cert)
	if err == nil && (k.loaded == nil || !info.ModTime().Equal(k.of)) {
		var fresh tls.Certificate
		if fresh, err = tls.LoadX509KeyPair(k.cert, k.key); err == nil {
			k.loaded, k.of = &fresh, info.ModTime()
		}
	}
	if k.loaded != nil { // files that are just being replaced do not fit together
		return k.loaded, nil
	}
	return nil, err
}
