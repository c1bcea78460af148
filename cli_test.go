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

// childEnv makes the test binary the program itself.
const childEnv = "MCP_HUB_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		main()
	}
	hubtest.Main(m)
}

var scripted = hubtest.Script{
	Tools: []string{
		`{"name":"echo","description":"Say it again.\nAnd more.","inputSchema":{"type":"object"}}`,
		`{"name":"params","inputSchema":{"type":"object","properties":{"text":{"type":"string"},"n":{"type":"integer"}}}}`,
		hubtest.Tool("bad"),
	},
	Resources: []string{`{"uri":"memo://a","name":"a"}`, `{"uri":"memo://b","name":"b"}`}, Prompts: []string{`{"name":"greet"}`},
	Answers: map[string]string{
		"echo":     `"result":{"content":[{"type":"text","text":"hello"},{"type":"image","mimeType":"image/png","data":"AAAA"}]}`,
		"bad":      `"result":{"content":[{"type":"text","text":"no luck"}],"isError":true}`,
		"memo://a": `"result":{"contents":[{"uri":"memo://a","text":"a note"}]}`,
		"memo://b": `"result":{"contents":[{"uri":"memo://b","blob":"Ynl0ZXM="}]}`,
		"greet":    `"result":{"messages":[{"role":"user","content":{"type":"text","text":"good day"}}]}`,
	},
}

// TestCommands runs the commands one after the other against one hub.
func TestCommands(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Stdio(t, scripted), "off", hubtest.Stdio(t, scripted)+`,"disabled":true`)).Ready("one")
	good, wrong := write(t, "good.json", `{"mcpServers":{"a":{"command":"x"}}}`), write(t, "wrong.json", "{\n\"mcpServers\":{\"a\":{}}}")
	for _, x := range []struct {
		args   string
		code   int
		stdout string // parts of what is written, or none
		stderr string
	}{
		{"status", 0, "1 of 2 connected", ""},
		{"status --json", 0, `"server_id": "mcp-hub"`, ""},
		{"list", 0, "one   connected  3      2          1", ""},
		{"list --json", 0, `"name": "off"`, ""},
		{"tools", 0, "one     echo    Say it again.\n", ""},
		{"tools one --json", 0, `"echo"`, ""},
		{"tools nobody", 1, "", "Server not found (SERVER_ERROR)"},
		{"call one echo", 0, "hello\n[image, image/png, 3 bytes]\n", ""},
		{"call one echo --json", 0, `"mimeType": "image/png"`, ""},
		{"call one params text=5 n=5 other=[true] plain=a=b", 0, `"arguments": {
    "n": 5,
    "other": [
      true
    ],
    "plain": "a=b",
    "text": "5"
  }`, ""},
		{`call one params {"big":12345678901234567890}`, 0, "12345678901234567890", ""},
		{`call one params {"big":`, exitArguments, "", "not valid JSON"},
		{"call one params text", exitArguments, "", "KEY=VALUE"},
		{"call one", exitArguments, "", "at least 2"},
		{"call one bad", 1, "no luck\n", "failed"},
		{"call one nothing", 1, "", "Tool not found"},
		{"read one memo://a", 0, "a note", ""},
		{"read one memo://b", 0, "bytes", ""},
		{"prompt one greet a=1", 0, "user:\ngood day\n", ""},
		{"logs one -n 3", 0, "The log is empty.\n", ""},
		{"stop one", 0, "one: ", ""},
		{"start one", 0, "one: connected\n", ""},
		{"restart one", 0, "one: connected\n", ""},
		{"disable one --json", 0, `"status": "disabled"`, ""},
		{"enable off", 0, "off: connected\n", ""},
		{"start", exitArguments, "", "mcp-hub start"},
		{"status --unknown", exitArguments, "", "unknown flag"},
		{"__complete start ", 0, "one\n", ""},
		{"config validate " + good, 0, "", ""},
		{"config validate " + good + " " + wrong, exitConfig, wrong + ":2:", "not valid"},
		{"config validate --json " + wrong, exitConfig, `"severity": "error"`, "not valid"},
		{"config validate nowhere.json", exitConfig, "", "nowhere.json"},
	} {
		args := strings.Split(x.args, " ")
		t.Setenv("MCP_HUB_URL", h.URL)
		var stdout, stderr output
		code := run(t.Context(), args, &stdout, &stderr)
		if code != x.code || !strings.Contains(stdout.String(), x.stdout) || !strings.Contains(stderr.String(), x.stderr) {
			t.Errorf("%s: exit code %d, want %d\nstdout %s\nwant %s\nstderr %s, want %s", x.args, code, x.code, &stdout, x.stdout, &stderr, x.stderr)
		}
	}
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"status"}, {"call", "one", "echo"}, {"logs", "one"}, {"events"}} {
		var stdout, stderr output
		if code := run(t.Context(), append(args, "--hub", h.URL), &stdout, &stderr); code != exitNoHub || !strings.Contains(stderr.String(), "no hub answers at "+h.URL) {
			t.Errorf("%q without a hub: exit code %d, %s", args, code, &stderr)
		}
	}
}

func TestEvents(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Stdio(t, scripted))).Ready("one")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stdout, stderr output
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"events", "--hub", h.URL}, &stdout, &stderr) }()
	hubtest.Eventually(t, "the state is told", func() bool { return strings.Contains(stdout.String(), "the hub is ") })
	h.Set().Get("one").Stop()
	hubtest.Eventually(t, "the change is told", func() bool { return strings.Contains(stdout.String(), "servers updated") })
	cancel()
	if code := <-ended; code != 0 || stderr.String() != "" {
		t.Errorf("exit code %d, %s", code, &stderr)
	}
}

// TestStdio drives the bridge as clients do, as a child process, through a restart of the hub.
func TestStdio(t *testing.T) {
	file := write(t, "servers.json", hubtest.Config("{}", "one", hubtest.Stdio(t, scripted)))
	port, stop := serve(t, file, 0)
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
	_, stop = serve(t, file, port)
	defer stop()
	ask("", "notifications/tools/list_changed")
	ask(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo"}}`, `"id":2,"result"`)
	ask(modern, `"id":"m","result":{`)
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("the bridge ended with: %v", err)
	}
}

// serve runs a hub on a port, 0 for any, and returns the port and what ends the hub.
func serve(t *testing.T, file string, port int) (int, func()) {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	h, err := hub.New(t.Context(), hub.Options{
		Config: config.Options{Paths: []string{file}, Env: os.Environ(), Dir: filepath.Dir(file), Log: log},
		Host:   "127.0.0.1", Port: port, Version: "test", Log: log,
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
