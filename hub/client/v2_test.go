package client_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"mcphub/hub/client"
	"mcphub/hub/hubtest"
)

// TestServers takes a server from its creation to its end.
func TestServers(t *testing.T) {
	h, c := start(t)
	ctx := t.Context()
	list, err := c.List(ctx)
	if err != nil || len(list) != 3 || !list[0].Builtin || list[1].State != client.StateDisabled || list[2].State != client.StateReady {
		t.Fatalf("%+v, %v", list, err)
	}
	entry := []byte("{" + hubtest.Stdio(t, fixture) + "}")
	made, err := c.Create(ctx, "a b/c", entry, h.File, false)
	if err != nil || made.Name != "a b/c" || made.Config.File != h.File || made.Config.Line == 0 || !strings.HasPrefix(string(made.Raw), `{"name":"a b/c"`) {
		t.Fatalf("%s, %v", made.Raw, err)
	}
	for _, step := range []struct {
		name string
		do   func(context.Context, string) (client.ManagedServer, error)
		want string
	}{
		{"settled", func(ctx context.Context, _ string) (client.ManagedServer, error) { return c.Settled(ctx, made) }, client.StateReady},
		{"get", c.Get, client.StateReady},
		{"restart", c.Restart, client.StateReady},
		{"stop", c.Stop, client.StateIdle},
		{"start", c.Start, client.StateReady},
		{"disable", func(ctx context.Context, name string) (client.ManagedServer, error) {
			yes := true
			s, err := c.Change(ctx, name, client.Change{Disabled: &yes})
			if err != nil {
				return s, err
			}
			return c.Settled(ctx, s)
		}, client.StateDisabled},
		{"change", func(ctx context.Context, name string) (client.ManagedServer, error) {
			return c.Change(ctx, name, client.Change{Config: []byte(`{"command":"other","disabled":true}`)})
		}, client.StateDisabled},
	} {
		s, err := step.do(ctx, "a b/c")
		if err != nil || s.Name != "a b/c" || s.State != step.want || step.want == client.StateReady && s.Lists.Tools != 2 {
			t.Errorf("%s: %s, %v", step.name, s.Raw, err)
		}
	}
	if text, err := os.ReadFile(h.File); err != nil || !strings.Contains(string(text), `"other"`) {
		t.Errorf("%s, %v", text, err)
	}
	if gone, left, err := c.Delete(ctx, "a b/c", true); err != nil || len(gone)+len(left) > 0 {
		t.Error(gone, left, err)
	}
	var refused *client.Error
	if s, err := c.Get(ctx, "a b/c"); !errors.As(err, &refused) || refused.Status != 404 || refused.Code != "SERVER_NOT_FOUND" {
		t.Errorf("%s, %v", s.Raw, err)
	}
	if s, err := c.Create(ctx, "one", entry, "", false); !errors.As(err, &refused) || refused.Status != 409 {
		t.Errorf("%s, %v", s.Raw, err)
	}
}

func TestConfig(t *testing.T) {
	h := hubtest.Start(t, "{\n\"mcpServers\":{\"a\":{\"command\":\"x\",\"args\":[\"hush\"],\"disabled\":true},\n\"b\":{}}}")
	c := client.New(h.URL)
	files, err := c.ConfigFiles(t.Context())
	if err != nil || len(files.Files) != 1 || files.Files[0].Path != h.File || files.Files[0].Missing || len(files.Diagnostics) != 1 || files.Raw == nil {
		t.Fatalf("%+v, %v", files, err)
	}
	if d := files.Diagnostics[0]; d.Server != "b" || d.File != h.File || d.Line != 3 || d.Severity != "error" || d.Message == "" {
		t.Errorf("%+v", d)
	}
	e, err := c.EffectiveConfig(t.Context())
	if err != nil || len(e.Servers) != 2 || e.Servers[0].From != (client.Position{File: h.File, Line: 2, Column: 15}) || strings.Contains(string(e.Raw), "hush") {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestLog(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}", "none", `"command":"/there/is/no/such/program"`))
	c := client.New(h.URL)
	s, err := c.Get(t.Context(), "none")
	if err == nil {
		s, err = c.Settled(t.Context(), s)
	}
	if err != nil || s.State != client.StateFailed && s.State != client.StateRetrying {
		t.Errorf("%s, %v", s.Raw, err)
	}
	lines, err := c.Log(t.Context(), "none", 1)
	if err != nil || len(lines) != 1 || lines[0].ID == "" || lines[0].Time.IsZero() || !strings.Contains(lines[0].Text, "no/such/program") {
		t.Errorf("%+v, %v", lines, err)
	}
	if _, err := c.Log(t.Context(), "nobody", client.MaxLogLines); err == nil || !strings.Contains(err.Error(), `There is no server "nobody"`) {
		t.Errorf("log of an unknown server: %v", err)
	}
}
