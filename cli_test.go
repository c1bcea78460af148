package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mcphub/hub"
	"mcphub/hub/client"
	"mcphub/hub/hubtest"
)

// childEnv makes the test binary the program itself.
const childEnv = "MCP_HUB_TEST_PROGRAM"

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(childEnv) != "":
		main()
	case len(os.Args) == 3 && os.Args[1] == counterArg:
		count(os.Args[2])
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

// step is one command and what comes of it.
type step struct {
	args   string // parted by single spaces
	code   int
	stdout string // parts of what is written; of nothing at all if empty
	stderr string
}

// perform runs commands one after the other against a hub.
func perform(t *testing.T, hub string, steps []step) {
	t.Helper()
	t.Setenv("MCP_HUB_URL", hub)
	for _, x := range steps {
		var stdout, stderr hubtest.Output
		code := run(t.Context(), strings.Split(x.args, " "), &stdout, &stderr)
		check(t, x, code, &stdout, &stderr)
	}
}

func check(t *testing.T, x step, code int, stdout, stderr *hubtest.Output) {
	t.Helper()
	fits := func(got *hubtest.Output, want string) bool {
		return strings.Contains(got.String(), want) && (want != "" || got.String() == "")
	}
	if code != x.code || !fits(stdout, x.stdout) || !fits(stderr, x.stderr) {
		t.Errorf("%s: exit code %d, want %d\nstdout %s\nwant %s\nstderr %s, want %s", x.args, code, x.code, stdout, x.stdout, stderr, x.stderr)
	}
}

// TestCommands runs the commands one after the other against one hub.
func TestCommands(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Stdio(t, scripted), "off", hubtest.Stdio(t, scripted)+`,"disabled":true`,
		"sick", `"command":"/there/is/no/such/program","disabled":true`)).Ready("one")
	const unknown = `There is no server "nobody" (SERVER_NOT_FOUND); "mcp-hub list" shows those that there are`
	perform(t, h.URL, []step{
		{"status", 0, "1 of 3 connected", ""},
		{"status --json", 0, `"server_id": "mcp-hub"`, ""},
		{"list", 0, "one   connected  3      2          1", ""},
		{"list --json", 0, `"name": "off"`, ""},
		{"tools", 0, "one     echo    Say it again.\n", ""},
		{"tools one --json", 0, `"echo"`, ""},
		{"tools nobody", 1, "", `Server not found (SERVER_ERROR); "mcp-hub list" shows`},
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
		{"call one", exitArguments, "", "at least 2 arg(s), only received 1; use it as mcp-hub call SERVER TOOL"},
		{"call one bad", 1, "no luck\n", "failed"},
		{"call one nothing", 1, "", "Tool not found"},
		{"read one memo://a", 0, "a note", ""},
		{"read one memo://b", 0, "bytes", ""},
		{"prompt one greet a=1", 0, "user:\ngood day\n", ""},
		{"logs one", 0, "", "The log is empty.\n"},
		{"logs one --json -n 1000", 0, "[]\n", ""},
		{"logs one -n -1", exitArguments, "", "--lines"},
		{"logs nobody", 1, "", unknown},
		{"logs nobody -f", 1, "", unknown},
		{"stop one", 0, "one: disconnected\n", ""},
		{"start one", 0, "one: connected\n", ""},
		{"restart one", 0, "one: connected\n", ""},
		{"restart nobody", 1, "", unknown},
		{"restart", exitArguments, "", "mcp-hub restart SERVER"},
		{"disable one --json", 0, `"state": "disabled"`, ""},
		{"enable off", 0, "off: connected\n", ""},
		{"stop off", 0, "off: disconnected\n", ""},
		{"enable off", 0, "off: connected\n", ""}, // the file says so already
		{"disable hub", 1, "", `set "builtin" to false`},
		{"enable sick", 1, "", "mcp-hub: sick does not start"},
		{"logs sick -n 1", 0, "  hub: ", ""},
		{"logs sick -n 0", 0, "", "The log is empty."},
		{"logs sick --json", 0, `"text": "hub: `, ""},
		{"start sick", 1, "", `("mcp-hub logs sick" tells more)`},
		{"status --unknown", exitArguments, "", "unknown flag"},
	})
	if text, err := os.ReadFile(h.File); err != nil || strings.Count(string(text), `"disabled": true`)+strings.Count(string(text), `"disabled":true`) != 1 {
		t.Errorf("the file holds %s, %v", text, err)
	}
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}
	var steps []step
	for _, args := range []string{"status", "call one echo", "logs one", "logs one -f", "events", "add a b", "remove one", "config show", "config files"} {
		steps = append(steps, step{args, exitNoHub, "", "no hub answers at " + h.URL})
	}
	perform(t, h.URL, steps)
}

func TestConfigCommands(t *testing.T) {
	h := hubtest.Start(t, "{\n\"hub\": {\"pageSize\": 7},\n\"mcpServers\": {\n\"a\": {\"command\":\"x\",\"args\":[\"hush\"],\"disabled\":true},\n\"b\": {}}}")
	good, wrong := write(t, "good.json", `{"mcpServers":{"a":{"command":"x"}}}`), write(t, "wrong.json", "{\n\"mcpServers\":{\"a\":{}}}")
	perform(t, h.URL, []step{
		{"config show", 0, `{
  // ` + h.File + `:2
  "hub": {
    "pageSize": 7
  },
  "mcpServers": {
    // ` + h.File + `:4
    "a": {
      "args": [
        "••••"
      ],
      "command": "x",
      "disabled": true
    },
    // ` + h.File + `:5
    "b": {},
  },
}
`, ""},
		{"config show --json", 0, `"pageSize": 7`, ""},
		{"config files", 0, h.File + "\n" + h.File + ":5:1: error: neither command nor url is set", ""},
		{"config files --json", 0, `"missing": false`, ""},
		{"config validate " + good + " " + wrong, exitConfig, wrong + ":2:", "not valid"},
		{"config validate " + good, 0, "", ""},
		{"config validate --json " + wrong, exitConfig, `"severity": "error"`, "not valid"},
		{"config validate nowhere.json", exitConfig, "", "nowhere.json"},
		{"config validate", exitArguments, "", "mcp-hub config validate FILE..."},
	})
}

// TestConfigVersions: what a command replaced is listed, shown and put back.
func TestConfigVersions(t *testing.T) {
	const text = `{"mcpServers": {"a": {"command": "x", "disabled": true}}} // mine`
	h := hubtest.StartIn(t, t.TempDir(), text)
	perform(t, h.URL, []step{
		{"config history", 0, "ID", ""},
		{"remove a", 0, "a", ""},
	})
	list, err := client.New(h.URL).ConfigVersions(t.Context(), 0)
	if err != nil || len(list.Versions) != 1 {
		t.Fatal(list, err)
	}
	id := list.Versions[0].ID
	perform(t, h.URL, []step{
		{"config history", 0, id, ""},
		{"config history --json --file " + h.File, 0, id, ""},
		{"config history " + id, 0, text, ""},
		{"config history 0000000000000000", exitFailure, "", "no such version"},
		{"config history --file nowhere.json", exitArguments, "", "is no configuration file of the hub"},
		{"config restore " + id, 0, "restored: adds a", ""},
		{"config restore " + id, 0, "restored: changes nothing about the servers", ""},
		{"config history", 0, "as it is now", ""},
	})
	if got, err := os.ReadFile(h.File); err != nil || string(got) != text {
		t.Errorf("%v: %s", err, got)
	}
}

// TestCompletion: the shell is told what there is, and what it is.
func TestCompletion(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Stdio(t, scripted), "off", `"command":"x","disabled":true`)).Ready("one")
	t.Setenv("MCP_HUB_URL", h.URL)
	const nothing = ":4\n" // and no files either
	for args, want := range map[string]string{
		"start ":       "off\tdisabled\none\tconnected\n" + nothing,
		"start one ":   nothing,
		"remove off ":  "one\tconnected\n" + nothing,
		"tools ":       "off\tdisabled\none\tconnected\n" + nothing,
		"call ":        "off\tdisabled\none\tconnected\n" + nothing,
		"call one ":    "echo\tSay it again.\nparams\nbad\n" + nothing,
		"call one x ":  nothing,
		"call nobody ": nothing,
		"read one ":    "memo://a\nmemo://b\n" + nothing,
		"prompt one ":  "greet\n" + nothing,
		"add ":         nothing,
		"add x ":       ":0\n", // a program
		"add --file ":  h.File + "\n" + nothing,
	} {
		var stdout, stderr hubtest.Output
		code := run(t.Context(), append([]string{"__complete"}, strings.Split(args, " ")...), &stdout, &stderr)
		if code != 0 || stdout.String() != want {
			t.Errorf("%s: exit code %d, %q, want %q", args, code, stdout.String(), want)
		}
	}
}

// TestWorkspaces: the hub tells which hubs run, and the register does when none answers.
func TestWorkspaces(t *testing.T) {
	file := write(t, "servers.json", `{"mcpServers":{}}`)
	port, stop := serve(t, []string{file}, 0)
	dead := "http://127.0.0.1:1" // a port that nobody has
	row := fmt.Sprintf("%d  active  %d", port, os.Getpid())
	perform(t, fmt.Sprintf("127.0.0.1:%d", port), []step{
		{"workspaces", 0, row, ""},
		{"workspaces --json", 0, `"config_files": [
      "` + file + `"
    ]`, ""},
		{"workspaces --hub " + dead, 0, row, ""},
	})
	stop()
	perform(t, dead, []step{
		{"workspaces", 0, "", "No hub runs on this machine.\n"},
		{"workspaces --json", 0, "{}\n", ""},
	})
	perform(t, "http://hub.invalid:1", []step{{"workspaces", exitNoHub, "", "see whether the address is right"}})
}

// TestAccessCommands runs the commands against a hub that asks everybody for a token.
func TestAccessCommands(t *testing.T) {
	state := t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("MCP_HUB_TOKEN", "")
	store, err := secretStore(filepath.Join(state, "mcp-hub"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Stdio(t, scripted)), func(o *hub.Options) {
		o.RequireToken, o.Secrets, o.StateDir = true, store, filepath.Join(state, "mcp-hub")
	})
	t.Setenv("MCP_HUB_URL", h.URL)
	do := func(args string, code int, wants ...string) string {
		t.Helper()
		var stdout, stderr hubtest.Output
		got := run(t.Context(), strings.Split(args, " "), &stdout, &stderr)
		for _, want := range wants {
			if !strings.Contains(stdout.String()+stderr.String(), want) {
				t.Errorf("%s: no %q", args, want)
			}
		}
		if got != code {
			t.Errorf("%s: exit code %d, want %d", args, got, code)
		}
		if t.Failed() {
			t.Fatalf("stdout %s\nstderr %s", &stdout, &stderr)
		}
		return strings.TrimSpace(stdout.String())
	}
	hubtest.Eventually(t, "the server is ready", func() bool { s := h.Set().Get("one"); return s != nil && s.Status().State == "ready" })
	do("status", 0, "1 of 1 connected")
	do("call one echo", 0, "hello")
	do("__complete start ", 0, "one")
	token := do("token", 0, "mcphub_")
	if again := do("token", 0); again != token {
		t.Error("the token changed by itself")
	}
	do("token list", 0, "NAME")
	limited := do("token create ci --server one --tool *echo --read-only --expires 30d", 0, "mcphub_")
	do("token list", 0, "ci", "*echo", "read", "never")
	do("token list --json", 0, `"name": "ci"`)
	do("token create ci", 1, "TOKEN_EXISTS")
	do("token create a/b", 1, "VALIDATION_ERROR")
	do("token create b --expires 0d", exitArguments, "days")
	do("token create b --expires -1h", exitArguments, "more than nothing")
	do("open --no-browser", 0, h.URL+"/session?code=")

	t.Setenv("MCP_HUB_TOKEN", limited)
	do("list", 0, "one")
	do("call one bad", 1, "FORBIDDEN")
	do("stop one", 1, `"ci" may not change the hub`)
	do("open --no-browser", 1, "FORBIDDEN")
	t.Setenv("MCP_HUB_TOKEN", "mcphub_WRONG")
	do("list", 1, "INVALID_TOKEN")
	t.Setenv("MCP_HUB_TOKEN", "")

	do("token revoke ci", 0, "ci: revoked")
	do("token revoke ci", 1, "TOKEN_NOT_FOUND")
	if fresh := do("token --new", 0, "mcphub_"); fresh == token {
		t.Error("the token stayed")
	}
	do("status", 0)
	t.Setenv("XDG_STATE_HOME", t.TempDir()) // of a person with other hubs
	do("status", 1, "INVALID_TOKEN")
}
