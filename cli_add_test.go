package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"mcphub/hub/hubtest"
)

// fixture is a server that plays a script: its entry, and its command line or its address.
type fixture struct {
	entry   string
	Command string
	Args    []string
	URL     string
}

func newFixture(t *testing.T, entry string) fixture {
	t.Helper()
	f := fixture{entry: "{" + entry + "}"}
	if err := json.Unmarshal([]byte(f.entry), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestAdd adds servers in all ways, and looks at what then stands in the file.
func TestAdd(t *testing.T) {
	h := hubtest.Start(t, "{\n  // mine\n  \"mcpServers\": {}\n}")
	t.Setenv("MCP_HUB_URL", h.URL)
	local, remote := newFixture(t, hubtest.Stdio(t, scripted)), newFixture(t, hubtest.Remote(t, hubtest.Script{Tools: []string{hubtest.Tool("headers")}}))
	started := func(args ...string) []string { return append(append(args, local.Command), local.Args...) }
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	quoted := strconv.Quote
	for _, x := range []struct {
		args   []string
		code   int
		stdout string // parts of what is written; of nothing at all if empty
		stderr string
		file   string // a part of what the file then holds
	}{
		{
			started("add", "a", "-e", "K=V=W", "--env", "L=<${HOME}>", "--description", "does <it>", "--cwd", ".", "--"), 0,
			"a: added to " + h.File + ", waiting for it to start\na: connected\n", "", `"L": "<${HOME}>"`,
		},
		{[]string{"list"}, 0, "a     connected", "", `"description": "does <it>"`},
		{[]string{"call", "a", "echo"}, 0, "hello", "", `"cwd": ` + quoted(here)},
		{[]string{"add", "r", remote.URL, "-H", "X-One: 1", "--header", "X-Two=2:=", "-t", "http"}, 0, "r: connected\n", "", `"X-Two": "2:="`},
		{[]string{"call", "r", "headers"}, 0, `"X-One": [
    "1"
  ]`, "", `"url": ` + quoted(remote.URL)},
		{started("add", "off", "--disabled", "--cwd", "${HOME}"), 0, "off: disabled\n", "", `"cwd": "${HOME}"`},
		{started("add", "--file", h.File, "--json", "j", "--transport", "stdio", "--"), 0, `"state": "ready"`, "", "// mine"},
		{[]string{"add", "here", "-t", "http", "--disabled", "${HERE}/mcp"}, 0, "here: disabled\n", "", `"url": "${HERE}/mcp"`},
		{[]string{"add", "whole", "--json-config", "{'command': 'x', mine: [1, 2,], disabled: true}"}, 0, "whole: disabled\n", "", `"mine": [1, 2]`},
		{[]string{"add", "--json-config", `{"servers": {"v1": ` + local.entry + `, "v2": {"url": "http://localhost:1", "disabled": true}}}`}, 0, "v1: connected\nv2: disabled\n", "", `"v2"`},
		{[]string{"add", "sick", "--", "/there/is/no/such/program", "-x"}, 1, "sick: added to ", "mcp-hub: sick does not start", `"sick"`},
		{[]string{"add", "a", "x"}, 1, "", `There is a server "a" already`, ""},
		{[]string{"add", "b", "x", "--file", "other"}, 1, "", "choose one of " + h.File, ""},
		{[]string{"add", "b", "--json-config", "{}"}, 1, "", "neither command nor url is set", ""},
		{[]string{"add", "--json-config", `{"mcpServers": {"a": {"command": "x"}, "late": {"command": "x", "disabled": true}}}`}, 1, "late: disabled", "SERVER_EXISTS", `"late"`},

		{[]string{"add"}, exitArguments, "", "mcp-hub add NAME {[--] COMMAND", ""},
		{[]string{"add", "b"}, exitArguments, "", "a command or an address", ""},
		{[]string{"add", "b", "npx", "-y", "x"}, exitArguments, "", "-- must stand before a command", ""},
		{[]string{"add", "b", "-e", "hush", "x"}, exitArguments, "", "--env takes NAME=VALUE", ""},
		{[]string{"add", "b", "-H", "=hush", remote.URL}, exitArguments, "", "--header takes NAME=VALUE", ""},
		{[]string{"add", "b", "-H", "K=V", "x"}, exitArguments, "", `"x" is none`, ""},
		{[]string{"add", "b", "--cwd", ".", remote.URL}, exitArguments, "", "--cwd is for servers with a command", ""},
		{[]string{"add", "b", remote.URL, "more"}, exitArguments, "", `"more"`, ""},
		{[]string{"add", "b", "-t", "sse", "npx", "x"}, exitArguments, "", "nothing can follow the address", ""},
		{[]string{"add", "b", "-t", "tcp", remote.URL}, exitArguments, "", "must be stdio, http or sse", ""},
		{[]string{"add", "b", "x", "--json-config", "{}"}, exitArguments, "", "nothing can follow the name", ""},
		{[]string{"add", "b", "-e", "K=V", "--json-config", "{}"}, exitArguments, "", "--env and --json-config exclude each other", ""},
		{[]string{"add", "b", "--json-config", "{"}, exitArguments, "", "line 1, column 2", ""},
		{[]string{"add", "--json-config", `{"command": "x"}`}, exitArguments, "", "give the server a name", ""},
	} {
		var stdout, stderr hubtest.Output
		code := run(t.Context(), x.args, &stdout, &stderr)
		check(t, step{strings.Join(x.args, " "), x.code, x.stdout, x.stderr}, code, &stdout, &stderr)
		if text, err := os.ReadFile(h.File); err != nil || !strings.Contains(string(text), x.file) || strings.Contains(string(text), "hush") || strings.Contains(stderr.String(), "hush") {
			t.Errorf("%q: the file holds %s, %v; want %s\nstderr %s", x.args, text, err, x.file, &stderr)
		}
	}
}

// TestAddFails: who adds a server that does not run is told what it says itself.
func TestAddFails(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no shell")
	}
	h := hubtest.Start(t, `{"mcpServers":{}}`)
	var stdout, stderr hubtest.Output
	code := run(t.Context(), []string{"add", "a", "--hub", h.URL, "--", "sh", "-c", "echo the reason >&2; exit 3"}, &stdout, &stderr)
	check(t, step{"add", 1, "a: added to ", "\n  It wrote:\n    the reason\n  Its entry stays in " + h.File + ", line 1"}, code, &stdout, &stderr)
	if strings.Contains(stderr.String(), "    hub: ") {
		t.Errorf("the reason is told twice: %s", &stderr)
	}
}

// TestAddStdin pastes a configuration.
func TestAddStdin(t *testing.T) {
	h := hubtest.Start(t, `{"mcpServers":{}}`)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		args         []string
		stdin, wants string
	}{
		{nil, "// copied\n{mcpServers: {one: {command: 'x', disabled: true}, two: {url: 'http://localhost:1', disabled: true},}}", "one: disabled\ntwo: disabled\n"},
		{[]string{"three"}, `{"command": "x", "disabled": true}`, "three: disabled\n"},
	} {
		cmd := exec.CommandContext(t.Context(), self, append([]string{"add", "--hub", h.URL, "--json-config", "-"}, x.args...)...)
		cmd.Env = append(os.Environ(), childEnv+"=1")
		cmd.Stdin, cmd.Stderr = strings.NewReader(x.stdin), t.Output()
		if text, err := cmd.Output(); err != nil || !strings.HasSuffix(string(text), x.wants) {
			t.Errorf("%q: %s, %v", x.args, text, err)
		}
	}
	if text, err := os.ReadFile(h.File); err != nil || strings.Count(string(text), `"disabled":true`) != 3 {
		t.Errorf("the file holds %s, %v", text, err)
	}
}

// TestRemove: what is removed is gone from its file, and one of an earlier file takes its place.
func TestRemove(t *testing.T) {
	first := write(t, "first.json", `{"mcpServers":{"a":{"command":"x","disabled":true}}}`)
	second := write(t, "second.json", "{\"mcpServers\":{\n// mine\n\"a\":{\"command\":\"y\",\"disabled\":true},\"b\":{\"command\":\"x\",\"disabled\":true}}}")
	port, stop := serve(t, []string{first, second}, 0)
	defer stop()
	perform(t, "127.0.0.1:"+strconv.Itoa(port), []step{
		{"config show", 0, "// " + second + ":3, in place of " + first + ":1\n    \"a\"", ""},
		{"remove a b nobody", 1, "a: removed from " + second + ", the one in " + first + " takes its place\nb: removed from " + second + "\n", "nobody"},
		{"config show", 0, "// " + first + ":1\n    \"a\"", ""},
		{"rm a --json", 0, "[\n  \"a\"\n]\n", ""},
		{"list --json", 0, "[]\n", ""},
		{"remove hub", 1, "", "BUILTIN_SERVER"},
		{"remove", exitArguments, "", "mcp-hub remove SERVER..."},
	})
	if text, err := os.ReadFile(second); err != nil || !strings.Contains(string(text), "// mine") || strings.Contains(string(text), `"y"`) {
		t.Errorf("the file holds %s, %v", text, err)
	}
}

// TestAddSecrets: what is secret in a new entry goes into the store, reaches the server, and goes with it if that is wanted.
func TestAddSecrets(t *testing.T) {
	h := hubtest.StartIn(t, t.TempDir(), "{\"mcpServers\": {}}")
	remote := newFixture(t, hubtest.Remote(t, hubtest.Script{Tools: []string{hubtest.Tool("headers")}}))
	stands := func(want bool, text string) {
		t.Helper()
		if got := fileText(t, h.File); strings.Contains(got, text) != want {
			t.Errorf("%q in the file, which is %s, should be %v", text, got, want)
		}
	}
	perform(t, h.URL, []step{
		{args: "add r " + remote.URL + " -H X-Api-Key=zzz123zzz456", stdout: "  X-Api-Key is secret: it is kept as r-X-Api-Key, and stands in the file as ${secret:r-X-Api-Key}\n"},
		{args: "call r headers", stdout: "zzz123zzz456"},
		{args: "secrets list", stdout: "r-X-Api-Key  set    r\n"},
	})
	stands(false, "zzz123")
	perform(t, h.URL, []step{{args: "remove r", stdout: "  its secret r-X-Api-Key remains; \"mcp-hub secrets delete r-X-Api-Key\" removes it\n"}})
	perform(t, h.URL, []step{
		{args: "add r " + remote.URL + " -H X-Api-Key=zzz123zzz456", stdout: "r-X-Api-Key"},
		{args: "add s " + remote.URL + " -H X-Api-Key=${secret:r-X-Api-Key}", stdout: "s: connected"},
		{args: "remove r --secrets", stdout: "  its secret r-X-Api-Key remains: another server needs it"},
		{args: "remove s --secrets", stdout: "  its secret r-X-Api-Key is removed too\n"},
		{args: "add p " + remote.URL + " -H X-Api-Key=zzz123zzz456 --plain-secrets", stdout: "p: connected"},
	})
	stands(true, "zzz123")
}
