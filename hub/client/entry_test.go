package client_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"mcphub/hub"
	"mcphub/hub/access"
	"mcphub/hub/client"
	"mcphub/hub/hubtest"
	"mcphub/hub/secret"
)

// TestToken: a hub that asks for a token gets the one that was given, or the one that is kept where it is asked for.
func TestToken(t *testing.T) {
	store, dir := hubtest.Secrets(), t.TempDir()
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Stdio(t, fixture)), func(o *hub.Options) {
		o.RequireToken, o.Secrets, o.StateDir = true, store, dir
	})
	token, err := store.Get(t.Context(), "access/token")
	if err != nil {
		t.Fatal(err)
	}
	var refused *client.Error
	for name, o := range map[string][]client.Option{
		"none": nil, "wrong": {client.WithToken(secret.New("x"))},
		"nothing is kept": {client.WithStored(func(context.Context) (secret.Text, error) { return secret.Text{}, secret.ErrNotFound })},
	} {
		if _, err := client.New(h.URL, o...).Health(t.Context()); !errors.As(err, &refused) || refused.Status != 401 || !strings.Contains(refused.Message, "mcp-hub token") {
			t.Errorf("%s: %v", name, err)
		}
	}
	given := client.New(h.URL, client.WithToken(token))
	defer given.Close()
	hubtest.Eventually(t, "the hub is ready", func() bool {
		health, err := given.Health(t.Context())
		return err == nil && health.State == "ready"
	})
	var asked atomic.Int32
	stored := client.New(h.URL, client.WithStored(func(ctx context.Context) (secret.Text, error) {
		asked.Add(1)
		return store.Get(ctx, "access/token")
	}))
	defer stored.Close()
	call := client.Call{Server: "one", Name: "echo", Arguments: []byte(`{"a":1}`)}
	for range 3 {
		if text, err := stored.CallTool(t.Context(), call); err != nil || !strings.Contains(string(text), "big") {
			t.Errorf("%s, %v", text, err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked for the token %d times", n)
	}
	var out bytes.Buffer // of the bridge
	ask := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{` + hubtest.ModernMeta + `},"name":"echo"}}` + "\n"
	if err := client.NewBridge(stored, "one", slog.New(slog.DiscardHandler)).Run(t.Context(), strings.NewReader(ask), &out); err != nil || !strings.Contains(out.String(), "big") {
		t.Errorf("%v: %s", err, &out)
	}
	if _, err := access.OpenKeys(dir, store, nil).Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	hubtest.Eventually(t, "the old token is refused", func() bool {
		_, err := given.Health(t.Context())
		return errors.As(err, &refused) && refused.Code == "INVALID_TOKEN"
	})
	if _, err := stored.CallTool(t.Context(), call); err != nil || asked.Load() != 2 {
		t.Errorf("with another token: %v, asked %d times", err, asked.Load())
	}
}

// TestTokens: making and taking back clients' tokens.
func TestTokens(t *testing.T) {
	h, c := start(t)
	ctx := t.Context()
	token, err := c.CreateToken(ctx, client.Token{Name: "a b", Servers: []string{"one"}, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	limited := client.New(h.URL, client.WithToken(secret.New(token)))
	defer limited.Close()
	if servers, err := limited.List(ctx); err != nil || len(servers) != 1 || servers[0].Name != "one" {
		t.Errorf("%v, %v", servers, err)
	}
	if _, err := limited.Stop(ctx, "one"); err == nil || !strings.Contains(err.Error(), `"a b"`) {
		t.Errorf("%v", err)
	}
	if list, err := c.Tokens(ctx); err != nil || len(list) != 1 || list[0].Name != "a b" || !list[0].ReadOnly || list[0].LastUsed.IsZero() || list[0].Created.IsZero() {
		t.Errorf("%+v, %v", list, err)
	}
	if err := c.RevokeToken(ctx, "a b"); err != nil {
		t.Error(err)
	}
	if _, err := limited.List(ctx); err == nil {
		t.Error("a token that was taken back")
	}
	if address, err := c.SessionURL(ctx); err != nil || !strings.HasPrefix(address, h.URL+"/session?code=") {
		t.Errorf("%s, %v", address, err)
	}
}

func TestUnixSocket(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this system does not tell who connects")
	}
	socket := filepath.Join(t.TempDir(), "hub.sock")
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Stdio(t, fixture)), func(o *hub.Options) { o.Socket = socket }).Ready("one")
	for _, address := range []string{"unix://" + socket, "unix:" + socket} {
		c := client.New(address)
		defer c.Close()
		if text, err := c.CallTool(t.Context(), client.Call{Server: "one", Name: "echo"}); err != nil || !strings.Contains(string(text), "big") {
			t.Errorf("%s, %v", text, err)
		}
		if url, err := c.SessionURL(t.Context()); err != nil || !strings.HasPrefix(url, "http://localhost:"+strconv.Itoa(h.Port())+"/session?code=") {
			t.Errorf("%s, %v", url, err)
		}
	}
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
	if _, err := client.New("unix://" + socket).Health(t.Context()); !errors.Is(err, client.ErrUnreachable) || !strings.Contains(err.Error(), socket) {
		t.Errorf("%v", err)
	}
}

// TestTLS: a hub with a certificate of its own, and a client that trusts it.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Stdio(t, fixture)), func(o *hub.Options) { o.StateDir, o.TLS.SelfMade = dir, true })
	text, err := os.ReadFile(access.SelfMadeFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	for _, host := range []string{"localhost", "127.0.0.1"} {
		address := "https://" + host + ":" + strconv.Itoa(h.Port())
		c := client.New(address, client.WithRoots(roots))
		defer c.Close()
		hubtest.Eventually(t, "the hub is ready", func() bool {
			health, err := c.Health(t.Context())
			return err == nil && health.State == "ready"
		})
		if text, err := c.CallTool(t.Context(), client.Call{Server: "one", Name: "echo"}); err != nil || !strings.Contains(string(text), "big") {
			t.Errorf("%s, %v", text, err)
		}
		seen := errors.New("seen")
		if err := c.Follow(t.Context(), func(e client.Event) error { return seen }); !errors.Is(err, seen) { // a stream
			t.Errorf("%v", err)
		}
		if _, err := client.New(address).Health(t.Context()); !errors.Is(err, client.ErrUnreachable) || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("without trust: %v", err)
		}
	}
	if _, err := client.New("http://localhost:" + strconv.Itoa(h.Port())).Health(t.Context()); err == nil {
		t.Error("without TLS")
	}
}
