package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mcphub/hub/client"
	"mcphub/hub/hubtest"
)

// fixture is a server with one of everything.
var fixture = hubtest.Script{
	Tools:     []string{hubtest.Tool("echo"), hubtest.Tool("wait")},
	Resources: []string{`{"uri":"memo://a","name":"a"}`}, Prompts: []string{`{"name":"greet"}`},
	Answers: map[string]string{
		"echo":     `"result":{"content":[{"type":"text","text":"big 12345678901234567890"}]}`,
		"memo://a": `"result":{"contents":[{"uri":"memo://a","text":"note"}]}`,
	},
}

func start(t *testing.T) (*hubtest.Hub, *client.Client) {
	t.Helper()
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Stdio(t, fixture), "off", `"command":"x","disabled":true`)).Ready("one")
	c := client.New(h.URL)
	t.Cleanup(c.Close)
	return h, c
}

func TestRoutes(t *testing.T) {
	h, c := start(t)
	ctx := t.Context()
	health, err := c.Health(ctx)
	if err != nil || health.Version != "test" || len(health.Servers) != 2 || !strings.Contains(string(health.Raw), `"server_id":"mcp-hub"`) {
		t.Errorf("health: %s, %v", health.Raw, err)
	}
	servers, err := c.Servers(ctx)
	if err != nil || len(servers) != 2 || servers[0].Status != "disabled" || servers[1].Name != "one" {
		t.Errorf("%d servers, %v", len(servers), err)
	}
	s, err := c.Info(ctx, "one")
	if err != nil || s.Name != "one" || s.Status != "connected" || s.ConfigSource != h.File || len(s.Capabilities.Tools) != 2 || !strings.HasPrefix(string(s.Raw), `{"name":"one"`) {
		t.Errorf("info: %s, %v", s.Raw, err)
	}
	if hubs, err := c.Workspaces(ctx); err != nil || string(hubs) != "{}" {
		t.Errorf("workspaces: %s, %v", hubs, err)
	}
}

func TestCalls(t *testing.T) {
	_, c := start(t)
	for _, x := range []struct {
		name string
		do   func(context.Context, client.Call) (_ []byte, err error)
		call client.Call
		want string
	}{
		{"tool", func(ctx context.Context, q client.Call) ([]byte, error) { return c.CallTool(ctx, q) }, client.Call{Name: "echo", Arguments: []byte(`{"a":1}`)}, "big 12345678901234567890"},
		{"resource", func(ctx context.Context, q client.Call) ([]byte, error) { return c.ReadResource(ctx, q) }, client.Call{Name: "memo://a"}, `"note"`},
		{"prompt", func(ctx context.Context, q client.Call) ([]byte, error) { return c.GetPrompt(ctx, q) }, client.Call{Name: "greet"}, `"messages":[]`},
	} {
		x.call.Server = "one"
		if text, err := x.do(t.Context(), x.call); err != nil || !strings.Contains(string(text), x.want) {
			t.Errorf("%s: %s, %v", x.name, text, err)
		}
	}
	_, err := c.CallTool(t.Context(), client.Call{Server: "one", Name: "wait", Timeout: 30 * time.Millisecond})
	var refused *client.Error
	if !errors.As(err, &refused) || refused.Code != "-32001" || !strings.Contains(refused.Message, "timed out") {
		t.Errorf("call that takes too long: %v", err)
	}
	_, err = c.CallTool(t.Context(), client.Call{Server: "nobody", Name: "echo"})
	if !errors.As(err, &refused) || refused.Code != "SERVER_ERROR" || refused.Message != "Server not found" || !strings.Contains(string(refused.Data), "nobody") {
		t.Errorf("call of an unknown server: %v", err)
	}
}

func TestNoHub(t *testing.T) {
	dead := httptest.NewServer(nil)
	dead.Close()
	if _, err := client.New(dead.URL).Health(t.Context()); !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("nothing there: %v", err)
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/health" {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = w.Write([]byte("<html>"))
	}))
	defer other.Close()
	c := client.New(strings.TrimPrefix(other.URL, "http://") + "/")
	if c.URL() != other.URL {
		t.Errorf("address %s, want %s", c.URL(), other.URL)
	}
	var refused *client.Error
	if _, err := c.Health(t.Context()); !errors.As(err, &refused) || refused.Status != http.StatusTeapot {
		t.Errorf("another program: %v", err)
	}
	if _, err := c.Servers(t.Context()); !errors.As(err, &refused) || !strings.Contains(refused.Message, "not MCP Hub") {
		t.Errorf("another program: %v", err)
	}
}
