package hub_test

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"mcphub/hub"
	"mcphub/hub/access"
	"mcphub/hub/hubtest"
)

// TestUnsafe: a hub does not begin with options that would let others in whom nobody asked for.
func TestUnsafe(t *testing.T) {
	for name, x := range map[string]struct {
		change func(*hub.Options)
		want   string
	}{
		"everywhere":       {func(o *hub.Options) { o.Host = "0.0.0.0" }, "--tls-self-made"},
		"everywhere, IPv6": {func(o *hub.Options) { o.Host = "::" }, "--tls-self-made"},
		"another address":  {func(o *hub.Options) { o.Host = "192.0.2.1" }, "192.0.2.1"},
		"another, no token": {func(o *hub.Options) {
			o.Host, o.NoToken, o.TLS.SelfMade, o.StateDir = "192.0.2.1", true, true, t.TempDir()
		}, "--no-token"},
		"another, nothing":       {func(o *hub.Options) { o.Host, o.NoToken, o.InsecureHTTP = "192.0.2.1", true, true }, "--no-token"},
		"tokens and none":        {func(o *hub.Options) { o.NoToken, o.RequireToken = true, true }, "contradict"},
		"half a certificate":     {func(o *hub.Options) { o.TLS.Cert = "cert.pem" }, "together"},
		"two certificates":       {func(o *hub.Options) { o.TLS = hub.TLS{Cert: "a", Key: "b", SelfMade: true} }, "--tls-cert"},
		"nowhere to keep it":     {func(o *hub.Options) { o.TLS.SelfMade = true }, "no folder"},
		"certificate not there":  {func(o *hub.Options) { o.TLS = hub.TLS{Cert: "none.pem", Key: "none.pem"} }, "none.pem"},
		"socket in no folder":    {func(o *hub.Options) { o.Socket = filepath.Join(t.TempDir(), "none", "s") }, "--socket"},
		"socket that is no such": {func(o *hub.Options) { o.Socket = t.TempDir() }, "--socket"},
	} {
		o := options(t, 0)
		x.change(&o)
		_, err := hub.New(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v", name, err)
		}
		if unsafe := !strings.HasPrefix(name, "certificate") && !strings.HasPrefix(name, "socket"); errors.Is(err, hub.ErrOptions) != unsafe {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCertificates: the hub's own certificate stays the same, and one in files can be renewed.
func TestCertificates(t *testing.T) {
	dir := t.TempDir()
	presented := func(h *hubtest.Hub) string {
		t.Helper()
		conn, err := tls.Dial("tcp", "127.0.0.1:"+strconv.Itoa(h.Port()), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if s := conn.ConnectionState(); s.NegotiatedProtocol != "h2" {
			t.Errorf("protocol %q", s.NegotiatedProtocol)
		}
		return access.Fingerprint(conn.ConnectionState().PeerCertificates[0])
	}
	begin := func(change func(*hub.Options)) *hubtest.Hub {
		return hubtest.Start(t, hubtest.Config("{}"), func(o *hub.Options) { o.StateDir = dir; change(o) })
	}
	own := func(o *hub.Options) { o.TLS.SelfMade = true }
	first := presented(begin(own))
	if again := presented(begin(own)); again != first || len(first) != 95 {
		t.Errorf("%s became %s", first, again)
	}
	key := filepath.Join(dir, "access", "tls-key.pem")
	if info, err := os.Stat(key); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	h := begin(func(o *hub.Options) { o.TLS = hub.TLS{Cert: access.SelfMadeFile(dir), Key: key} })
	if got := presented(h); got != first {
		t.Errorf("from files: %s", got)
	}
	other := t.TempDir()
	if _, err := access.SelfMade(t.Context(), other, []string{"other.example"}); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{filepath.Join(other, "access", "tls-key.pem"): key, access.SelfMadeFile(other): access.SelfMadeFile(dir)} {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(to, time.Time{}, time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if got := presented(h); got == first {
		t.Error("a new certificate is not taken up")
	}
}

// TestSocketLeft: a socket that a hub left when it was killed is no obstacle, and that of a running one is.
func TestSocketLeft(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this system does not tell who connects")
	}
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	_ = l.Close()
	h := hubtest.Start(t, hubtest.Config("{}"), func(o *hub.Options) { o.Socket = socket })
	if info, err := os.Stat(socket); err != nil || info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("%v, %v", info, err)
	}
	o := options(t, 0)
	o.Socket = socket
	if _, err := hub.New(t.Context(), o); err == nil || !strings.Contains(err.Error(), "another hub") {
		t.Errorf("%v", err)
	}
	hubtest.Eventually(t, "the hub is ready", func() bool { return h.State() == "ready" })
	if err := h.HardRestart(); err != nil { // the next one can begin at once
		t.Fatal(err)
	}
	hubtest.Start(t, hubtest.Config("{}"), func(o *hub.Options) { o.Socket = socket })
}
