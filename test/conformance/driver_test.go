package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// The suites' client mode starts a client per scenario, as a command with the address of a server. Here that client is the
// hub with a client of its own in front: this test binary, executed again, drives both. A sign-in that the server wants is
// done as a person would do it, but without a browser.

// The environment of the command.
const (
	scenarioEnv = "MCP_CONFORMANCE_SCENARIO"
	versionEnv  = "MCP_CONFORMANCE_PROTOCOL_VERSION"
	contextEnv  = "MCP_CONFORMANCE_CONTEXT"
)

// documentURL is what the suites take for the Client ID Metadata Document of a client.
const documentURL = "https://conformance-test.local/client-metadata.json"

// maxSignIns is how often the person signs in before giving up.
const maxSignIns = 4

// drive is the command. It returns the exit code.
func drive() int {
	ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second)
	defer cancel()
	if err := (&driver{scenario: os.Getenv(scenarioEnv)}).run(ctx, os.Args[len(os.Args)-1]); err != nil {
		log.Print(err)
		return 1
	}
	return 0
}

// driver runs one scenario.
type driver struct {
	scenario string
	given    struct { // by the suite
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		PrivateKey   string `json:"private_key_pem"`
		Issuer       string `json:"issuer"`
		ToolCalls    []struct {
			Name      string         `json:"name"`
			Arguments map[string]any `json:"arguments"`
		} `json:"toolCalls"`
	}
	hub     string // address
	signIns int
}

func (d *driver) run(ctx context.Context, server string) error {
	if text := os.Getenv(contextEnv); text != "" {
		if err := json.Unmarshal([]byte(text), &d.given); err != nil {
			return fmt.Errorf("read %s: %w", contextEnv, err)
		}
	}
	dir, err := os.MkdirTemp("", "mcp-hub-driver-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	stop, err := d.start(ctx, dir, server)
	if err != nil {
		return err
	}
	defer stop()
	if err := d.connected(ctx); err != nil {
		return err
	}
	return d.play(ctx)
}

// config is the hub's configuration with the one server of the scenario.
func (d *driver) config(server string) ([]byte, error) {
	oauth := map[string]any{}
	set := func(key, value string) {
		if value != "" {
			oauth[key] = value
		}
	}
	set("clientId", d.given.ClientID)
	set("clientSecret", d.given.ClientSecret)
	set("privateKey", d.given.PrivateKey)
	set("issuer", d.given.Issuer)
	if strings.HasPrefix(d.scenario, "auth/client-credentials-") {
		oauth["grant"] = "client_credentials"
	}
	if strings.HasPrefix(d.scenario, "auth/") {
		oauth["clientMetadataUrl"] = documentURL
	}
	return json.Marshal(map[string]any{
		"hub":        map[string]any{"builtin": false},
		"mcpServers": map[string]any{"s": map[string]any{"url": server, "oauth": oauth}},
	})
}

// start starts the hub, and returns what stops it.
func (d *driver) start(ctx context.Context, dir, server string) (stop func(), err error) {
	text, err := d.config(server)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "servers.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, os.Getenv("MCP_HUB_BIN"), "--port", "0", "--config", file, "--log-format", "json", "--log-level", "debug")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_STATE_HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 8 * time.Second
	logs, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
		_ = cmd.Wait()
	}
	lines := bufio.NewScanner(io.TeeReader(logs, os.Stderr))
	for lines.Scan() {
		var line struct{ Msg, Endpoint string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "hub is listening" {
			d.hub = strings.TrimSuffix(line.Endpoint, "/mcp")
			go func() { _, _ = io.Copy(os.Stderr, logs) }()
			return stop, nil
		}
	}
	stop()
	return nil, errors.New("the hub does not listen")
}

// connected waits until the server is ready, and signs in where it wants that.
func (d *driver) connected(ctx context.Context) error {
	for {
		var server struct {
			State  string `json:"state"`
			Health struct{ Summary string }
		}
		if err := d.ask(ctx, http.MethodGet, "/api/v2/servers/s", &server); err != nil {
			return err
		}
		switch server.State {
		case "ready":
			return nil
		case "authorizing":
			if err := d.signIn(ctx); err != nil {
				return err
			}
		case "failed":
			return errors.New(server.Health.Summary)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%w: %s", context.Cause(ctx), server.Health.Summary)
		}
	}
}

// signIn goes to the address at which a person would sign in, and from there back to the hub.
func (d *driver) signIn(ctx context.Context) error {
	if d.signIns++; d.signIns > maxSignIns {
		return errors.New("the server wants a sign-in again and again")
	}
	var auth struct {
		Why     string
		Offered bool
	}
	if err := d.ask(ctx, http.MethodGet, "/api/v2/servers/s/auth", &auth); err != nil {
		return err
	}
	if !auth.Offered {
		return fmt.Errorf("the hub offers no sign-in: %s", auth.Why)
	}
	var begun struct {
		AuthorizationURL string `json:"authorizationUrl"`
	}
	if err := d.ask(ctx, http.MethodPost, "/api/v2/servers/s/sign-in", &begun); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, begun.AuthorizationURL, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the sign-in ended at HTTP %s: %s", resp.Status, page)
	}
	return nil
}

func (d *driver) ask(ctx context.Context, method, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, d.hub+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: HTTP %s: %s", method, path, resp.Status, bytes.TrimSpace(body))
	}
	return json.Unmarshal(body, into)
}

// play lists and calls what the server has, through the hub.
func (d *driver) play(ctx context.Context) error {
	accept := func(context.Context, *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
		content := map[string]any{}
		if d.scenario == "sep-2322-client-request-state" {
			content["confirmed"] = true
		}
		return &mcp.ElicitResult{Action: "accept", Content: content}, nil
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "driver", Version: "1"}, &mcp.ClientOptions{ElicitationHandler: accept})
	version := os.Getenv(versionEnv)
	if version == "" { // the older suite knows only revisions with a handshake
		version = "2025-11-25"
	}
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: d.hub + "/mcp/s"}, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		return fmt.Errorf("connect to the hub: %w", err)
	}
	defer session.Close()
	tools, err := session.ListTools(ctx, nil)
	if err != nil {
		return fmt.Errorf("list tools: %w", err)
	}
	if d.given.ToolCalls != nil {
		for _, q := range d.given.ToolCalls {
			d.call(ctx, session, q.Name, q.Arguments)
		}
		return nil
	}
	for _, tool := range tools.Tools {
		d.call(ctx, session, tool.Name, d.arguments(tool, tools.Tools))
	}
	if resources, err := session.ListResources(ctx, nil); err == nil && len(resources.Resources) > 0 {
		_, _ = session.ReadResource(ctx, &mcp.ReadResourceParams{URI: resources.Resources[0].URI})
	}
	if prompts, err := session.ListPrompts(ctx, nil); err == nil && len(prompts.Prompts) > 0 {
		_, _ = session.GetPrompt(ctx, &mcp.GetPromptParams{Name: prompts.Prompts[0].Name})
	}
	return nil
}

// arguments are what the scenarios want their tools called with.
func (d *driver) arguments(tool *mcp.Tool, all []*mcp.Tool) map[string]any {
	switch tool.Name {
	case "add_numbers":
		return map[string]any{"a": 5, "b": 3}
	case "json_schema_echo":
		for _, other := range all {
			if other.Name == "json_schema_2020_12_tool" {
				return map[string]any{"schema": other.InputSchema}
			}
		}
	}
	if d.scenario == "http-invalid-tool-headers" {
		return map[string]any{"region": "us-west1"}
	}
	return map[string]any{}
}

// call calls a tool, and once more after each sign-in that the server wants for it. What the server makes of the calls is
// the suite's to judge.
func (d *driver) call(ctx context.Context, session *mcp.ClientSession, name string, arguments map[string]any) {
	for {
		_, err := session.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: arguments})
		if err == nil {
			return
		}
		log.Printf("call %s: %v", name, err)
		var auth struct{ State string }
		if d.ask(ctx, http.MethodGet, "/api/v2/servers/s/auth", &auth) != nil || auth.State != "more" && auth.State != "needed" {
			return
		}
		if err := d.signIn(ctx); err != nil {
			log.Printf("sign in: %v", err)
			return
		}
		if err := d.connected(ctx); err != nil {
			log.Printf("connect: %v", err)
			return
		}
	}
}
