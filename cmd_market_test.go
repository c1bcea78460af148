package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"mcphub/hub/hubtest"
)

const secretKey = `,"environmentVariables":[{"name":"API_KEY","description":"Your\nkey","isSecret":true,"isRequired":true},{"name":"LEVEL","choices":["low","high"]}]`

// marketHub runs a hub whose marketplace is the registry, and tells the commands of it.
func marketHub(t *testing.T, r *hubtest.Registry, more string) *hubtest.Hub {
	t.Helper()
	h := hubtest.StartIn(t, t.TempDir(), "{\n  \"hub\": "+hubtest.Sources(r.Source("ours"))+",\n  // mine\n  \"mcpServers\": {"+more+"}\n}")
	t.Setenv("MCP_HUB_URL", h.URL)
	return h
}

func fileText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMarketCommands(t *testing.T) {
	hubtest.Programs(t, hubtest.Script{Tools: []string{hubtest.Tool("echo")}}, "npx")
	r := hubtest.NewRegistry(t, hubtest.NPM("io.a/one", "1.0.0", secretKey), hubtest.NPM("io.a/two", "2.0.0", `,"packageArguments":[{"type":"positional","valueHint":"folder","isRequired":true,"isRepeated":true}]`),
		`"name":"io.a/three","description":"`+strings.Repeat("far away ", 50)+`","version":"1","remotes":[{"type":"sse","url":"https://three.invalid/sse"},{"type":"streamable-http","url":"https://three.invalid/mcp"}]`,
		`"name":"io.a/none","description":"not for us","version":"1"`)
	h := marketHub(t, r, "")
	before := fileText(t, h.File)
	for _, x := range []struct {
		args   string
		code   int
		stdout string // parts of what is written, or none
		stderr string
	}{
		{"search", 0, "io.a/one", ""},
		{"search two", 0, "ID        WHAT         STARS  INSTALL  SOURCE\nio.a/two  Does things         npm      ours\n", ""},
		{"search far away", 0, strings.Repeat("far away ", 6) + "far a…  ", ""},
		{"search nothing at all", 0, "", "nothing found"},
		{"search --sort name --limit 1 --offset 1", 0, "io.a/one", "2 to 2 of 4; the next with --offset 2"},
		{"search --tag x", 0, "", "nothing found"},
		{"search two --json", 0, `"total": 1`, ""},
		{"search --sort size", 1, "", "query.sort"},
		{"install", exitArguments, "", "at least 1"},
		{"install io.a/nothing", 1, "", "search for its id"},
		{"install io.a/none", 1, "", "no way of installing it"},
		{"install io.a/three --use npm", exitArguments, "", "1 (remote, Remote (SSE)), 2 (remote, Remote)"},
		{"install io.a/three --use 2", 1, `"url": "https://three.invalid/mcp"`, "--yes"},
		{"install io.a/one LEVEL=low", 1, `"LEVEL": "low"`, "API_KEY is missing: give API_KEY=- and its value"},
		{"install io.a/one", 1, "required  API_KEY: Your key (secret)\noptional  LEVEL: LEVEL (one of low, high)\n", "API_KEY is missing"},
		{"install io.a/one LEVEL=middle API_KEY=${env:KEY}", 1, "", "LEVEL must be low or high"},
		{"install io.a/one OTHER=1", exitArguments, "", `it takes no "OTHER", but API_KEY, LEVEL`},
		{"install io.a/one API_KEY=hunter2", exitArguments, "", "API_KEY is secret"},
		{"install io.a/one hunter2", exitArguments, "", "KEY=VALUE"},
		{"install io.a/one API_KEY=${env:KEY} --json", 1, `"prerequisites": [`, "--yes"},
		{"install io.a/one API_KEY=${env:KEY} --file elsewhere", 1, "", "UNKNOWN_FILE"},
		{"updates", 0, "", "no server is behind"},
		{"update none", 1, "", "SERVER_NOT_FOUND"},
	} {
		var stdout, stderr hubtest.Output
		code := run(t.Context(), strings.Split(x.args, " "), &stdout, &stderr)
		if code != x.code || !strings.Contains(stdout.String(), x.stdout) || !strings.Contains(stderr.String(), x.stderr) {
			t.Errorf("%s: exit code %d, want %d\nstdout %s\nwant %s\nstderr %s, want %s", x.args, code, x.code, &stdout, x.stdout, &stderr, x.stderr)
		}
		if strings.Contains(stdout.String()+stderr.String(), "hunter2") {
			t.Errorf("%s: repeats a secret: %s %s", x.args, &stdout, &stderr)
		}
	}
	if got := fileText(t, h.File); got != before {
		t.Errorf("the file was changed: %s", got)
	}

	one := func(code int, wantOut, wantErr string, args ...string) {
		t.Helper()
		var stdout, stderr hubtest.Output
		if got := run(t.Context(), args, &stdout, &stderr); got != code || !strings.Contains(stdout.String(), wantOut) || !strings.Contains(stderr.String(), wantErr) {
			t.Errorf("%q: exit code %d, stdout %s, stderr %s", args, got, &stdout, &stderr)
		}
	}
	one(0, `"args": [
      "-y",
      "io.a-two@2.0.0",
      "/a b",
      "/c"
    ]`, "", "install", "io.a/two", "folder=/a b", "folder=/c", "--yes")
	one(1, "", `there is a server "two" already, choose another name with --name`, "install", "io.a/two", "folder=/a", "--yes")
	one(0, `"state": "ready"`, "This goes into", "install", "io.a/two", "folder=/a", "--yes", "--json", "--name", "again")
	r.Publish(hubtest.NPM("io.a/two", "2.1.0", ""))
	one(0, "io.a/two", "", "search", "--refresh")
	one(0, "again   npm:io.a-two  2.0.0    2.1.0   io.a/two\n", "", "updates")
	one(0, `"latest": "2.1.0"`, "", "updates", "--json")
	one(0, "two: connected\n", "two: io.a-two 2.0.0 -> 2.1.0\n", "update", "two")
	one(1, "", "NO_UPDATE", "update", "two")
	if got := fileText(t, h.File); !strings.Contains(got, "// mine") || strings.Count(got, "io.a-two@2.1.0") != 1 || strings.Count(got, "io.a-two@2.0.0") != 1 {
		t.Errorf("the file is %s", got)
	}

	r.Fail()
	one(0, "io.a/two", "the source ours cannot be read (", "search", "--refresh")
}

// TestInstallReadsStandardInput: secrets come from a pipe, one on each line.
func TestInstallReadsStandardInput(t *testing.T) {
	hubtest.Programs(t, hubtest.Script{}, "npx")
	h := marketHub(t, hubtest.NewRegistry(t, hubtest.NPM("io.a/one", "1.0.0", secretKey)), "")
	for _, x := range []struct {
		stdin, want string
		code        int
	}{
		{"", "API_KEY", 1},
		{"hunter2\nhigh", "one: connected", 0},
	} {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), self, "install", "io.a/one", "API_KEY=-", "LEVEL=-", "--yes")
		cmd.Env = append(os.Environ(), childEnv+"=1")
		cmd.Stdin = strings.NewReader(x.stdin)
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != x.code || !strings.Contains(string(out), x.want) || strings.Contains(string(out), "hunter2") {
			t.Errorf("%q: exit code %d, %s", x.stdin, code, out)
		}
	}
	var file struct {
		Servers map[string]struct{ Env map[string]string } `json:"mcpServers"`
	}
	text := strings.Replace(fileText(t, h.File), "// mine", "", 1)
	if err := json.Unmarshal([]byte(text), &file); err != nil || file.Servers["one"].Env["API_KEY"] != "${secret:one-API_KEY}" || file.Servers["one"].Env["LEVEL"] != "high" {
		t.Errorf("%v: %s", err, text)
	}
}

// TestProxy: sources elsewhere are read through the proxy that the environment names, those on this machine are not.
func TestProxy(t *testing.T) {
	here, there := hubtest.NewRegistry(t, hubtest.NPM("io.a/near", "1.0.0", "")), hubtest.NewRegistry(t, hubtest.NPM("io.a/far", "1.0.0", ""))
	var asked atomic.Pointer[string]
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		address := r.URL.Scheme + "://" + r.URL.Host + r.URL.Path
		asked.Store(&address)
		there.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	file := write(t, "servers.json", `{"hub":`+hubtest.Sources(here.Source("here"), `{"name":"there","type":"registry","url":"http://registry.invalid"}`,
		`{"name":"official","disabled":true}`, `{"name":"community","disabled":true}`)+`}`)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	cmd := exec.CommandContext(ctx, self, "--port", "0", "--config", file)
	cmd.Env = append(os.Environ(), childEnv+"=1", "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL, "NO_PROXY=", "no_proxy=", "XDG_STATE_HOME="+t.TempDir(), "HOME="+t.TempDir())
	var log hubtest.Output
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		stop()
		_ = cmd.Wait()
	}()
	listening := regexp.MustCompile(`http://localhost:\d+`)
	hubtest.Eventually(t, "the hub listens", func() bool { return listening.MatchString(log.String()) })
	var stdout, stderr hubtest.Output
	if code := run(t.Context(), []string{"search", "--hub", listening.FindString(log.String())}, &stdout, &stderr); code != 0 {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
	if got := stdout.String(); !strings.Contains(got, "io.a/near") || !strings.Contains(got, "io.a/far") || strings.Count(got, "\n") != 3 {
		t.Errorf("found %s\n%s", got, &stderr)
	}
	if got := asked.Load(); got == nil || *got != "http://registry.invalid/v0.1/servers" {
		t.Errorf("the proxy was asked for %v", got)
	}
}
