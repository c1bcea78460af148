package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mcphub/hub"
	"mcphub/hub/config"
	"mcphub/hub/hubtest"
)

// TestStdio drives the bridge as clients do, as a child process, through a restart of the hub.
func TestStdio(t *testing.T) {
	file := write(t, "servers.json", hubtest.Config("{}", "one", hubtest.Stdio(t, scripted)))
	port, stop := serve(t, []string{file}, 0)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "stdio", "--server", "one", "--hub", "127.0.0.1:"+strconv.Itoa(port))
	cmd.Env = append(os.Environ(), childEnv+"=1")
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(2*hubtest.Patience, func() { _ = cmd.Process.Kill() })
	defer limit.Stop()
	lines := bufio.NewReader(out)
	ask := func(text, want string) {
		t.Helper()
		if text != "" {
			if _, err := io.WriteString(in, text+"\n"); err != nil {
				t.Fatal(err)
			}
		}
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatalf("waiting for %s: %v", want, err)
			}
			if strings.Contains(line, want) {
				return
			}
		}
	}
	modern := `{"jsonrpc":"2.0","id":"m","method":"tools/call","params":{"_meta":{` + hubtest.ModernMeta + `},"name":"echo"}}`
	ask(modern, `"id":"m","result":{`)
	ask(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`, `"protocolVersion":"2025-06-18"`)
	_, _ = io.WriteString(in, `{"jsonrpc":"2.0","method":"notifications/initialized"}`+"\n")
	ask(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}`, `"id":1,"result":{"content":[{"type":"text","text":"hello"}`)
	stop()
	_, stop = serve(t, []string{file}, port)
	defer stop()
	ask("", "notifications/tools/list_changed")
	ask(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo"}}`, `"id":2,"result"`)
	ask(modern, `"id":"m","result":{`)
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("the bridge ended with: %v", err)
	}
}

// serve runs a hub on a port, 0 for any, and returns the port and what ends the hub. Its register is
// that of the test's commands too.
func serve(t *testing.T, files []string, port int) (int, func()) {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	state := t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	t.Setenv("HOME", t.TempDir()) // an older folder of state in the person's own would count before
	h, err := hub.New(t.Context(), hub.Options{
		StateDir: filepath.Join(state, "mcp-hub"),
		Config:   config.Options{Paths: files, Env: os.Environ(), Dir: filepath.Dir(files[0]), Log: log},
		Host:     "127.0.0.1", Port: port, Version: "test", Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	return h.Port(), func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the hub ended with: %v", err)
		}
	}
}
