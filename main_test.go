package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mcphub/hub/hubtest"
)

func TestJoinConfigs(t *testing.T) {
	for args, want := range map[string]string{
		"":                                      "",
		"--config a b":                          "--config a --config b",
		"-c a b c -w":                           "-c a --config b --config c -w",
		"--config a --config b":                 "--config a --config b",
		"--config=a b --port 1":                 "--config=a --config b --port 1",
		"--port 1 --config a b --auto-shutdown": "--port 1 --config a --config b --auto-shutdown",
		"-c a -p 1 x":                           "-c a -p 1 x",
		"--config":                              "--config",
		"-- --config a b":                       "-- --config a b",
	} {
		if got := strings.Join(joinConfigs(strings.Fields(args)), " "); got != want {
			t.Errorf("%q: %q, want %q", args, got, want)
		}
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestExitCodes(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	taken := fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
	good, broken := write(t, "good.json", `{"mcpServers":{}}`), write(t, "broken.json", `{"mcpServers":{`)
	for _, x := range []struct {
		args   []string
		code   int
		stdout string // parts of what is written
		stderr string
	}{
		{[]string{"--version"}, 0, "4.2.1\nMCP Hub " + version + "\n", ""},
		{[]string{"--help"}, 0, "Exit codes:", ""},
		{[]string{"-h"}, 0, "--config", ""},
		{[]string{"--port", "x"}, exitArguments, "", "--port"},
		{[]string{"--port", "70000"}, exitArguments, "", "65535"},
		{[]string{"--port", "-1"}, exitArguments, "", "65535"},
		{[]string{"serve"}, exitArguments, "", `unknown command "serve" (see`},
		{[]string{"lst"}, exitArguments, "", "do you mean list?"},
		{[]string{"--log-level", "loud"}, exitArguments, "", "loud"},
		{[]string{"--log-format", "xml"}, exitArguments, "", "xml"},
		{[]string{"--config"}, exitArguments, "", "--config"},
		{[]string{"--port", "0", "--config", broken}, exitConfig, "", broken},
		{[]string{"--port", "0", "--config", good, broken}, exitConfig, "", broken},
		{[]string{"-p", taken, "-c", good}, exitPort, "", "EADDRINUSE"},
		{[]string{"--port", "0", "--host", "nowhere.invalid", "--config", good}, exitFailure, "", "nowhere.invalid"},
	} {
		var stdout, stderr hubtest.Output
		code := run(t.Context(), x.args, &stdout, &stderr)
		if code != x.code || !strings.Contains(stdout.String(), x.stdout) || !strings.Contains(stderr.String(), x.stderr) {
			t.Errorf("%q: exit code %d, want %d\nstdout %q, want %q\nstderr %q, want %q", x.args, code, x.code, &stdout, x.stdout, &stderr, x.stderr)
		}
		if code == 0 && stderr.String() != "" || code != 0 && stdout.String() != "" {
			t.Errorf("%q: stdout %q, stderr %q", x.args, &stdout, &stderr)
		}
	}
}

func TestGlobalEnvironment(t *testing.T) {
	t.Setenv("MCP_HUB_ENV", `{"SECRET":`)
	var stdout, stderr hubtest.Output
	if code := run(t.Context(), []string{"--port", "0"}, &stdout, &stderr); code != exitArguments || !strings.Contains(stderr.String(), "MCP_HUB_ENV") || strings.Contains(stderr.String(), "SECRET") {
		t.Errorf("exit code %d, stderr %q", code, &stderr)
	}
}

// TestRuns starts the program with the arguments of an editor, unknown ones among them, and stops it.
func TestRuns(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir()) // the register of running hubs is not the person's own
	t.Setenv("HOME", t.TempDir())
	one := write(t, "one.json", `{"mcpServers":{"a":{"command":"x","disabled":true},"b":{"command":"x","disabled":true}}}`)
	two := write(t, "two.json", `{"mcpServers":{"b":{"url":"http://localhost:1","disabled":true},"c":{"command":"x","disabled":true}}}`)
	for _, args := range [][]string{
		{"--port", "0", "--config", one, two, "--log-level", "info", "--watch"},
		{"-p", "0", "-c", one, "-c", two, "-w", "--shutdown-delay", "300000", "--auto-shutdown", "--unknown", "--other=1"},
		{"-p=0", "--config=" + one, two, "--log-format", "text"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		var stdout, stderr hubtest.Output
		ended := make(chan int, 1)
		go func() { ended <- run(ctx, args, &stdout, &stderr) }()
		listening := regexp.MustCompile(`http://localhost:(\d+)/mcp servers=(\d)`)
		var found []string
		for end := time.Now().Add(20 * time.Second); found == nil && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			found = listening.FindStringSubmatch(stderr.String())
		}
		if found == nil || found[2] != "4" { // a, b, c and the hub itself
			t.Fatalf("%q: %v\n%s", args, found, &stderr)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+found[1]+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatalf("%q: %v", args, err)
		}
		_ = resp.Body.Close()
		cancel()
		select {
		case code := <-ended:
			if code != 0 {
				t.Errorf("%q: exit code %d\n%s", args, code, &stderr)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%q: does not end\n%s", args, &stderr)
		}
		log, err := os.ReadFile(filepath.Join(os.Getenv("XDG_STATE_HOME"), "mcp-hub", "logs", "mcp-hub.log"))
		if err != nil || !strings.Contains(string(log), `"msg":"hub has stopped"`) {
			t.Errorf("%q: log file %s, %v", args, log, err)
		}
		if stdout.String() != "" {
			t.Errorf("%q: stdout %q", args, &stdout)
		}
	}
}
