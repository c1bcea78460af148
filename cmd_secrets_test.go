package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"mcphub/hub/hubtest"
)

// typed runs a command in a process of its own, with what it reads on its standard input.
func typed(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	var out, errs hubtest.Output
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = append(os.Environ(), childEnv+"=1"), strings.NewReader(stdin), &out, &errs
	_ = cmd.Run() // the code tells
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// noHub is a home without a hub, and without a desktop.
func noHub(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("the keyring there is this person's own")
	}
	home := t.TempDir()
	for name, value := range map[string]string{
		"HOME": home, "USERPROFILE": home, "XDG_STATE_HOME": home + "/state", "XDG_CONFIG_HOME": home + "/config",
		"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere", "MCP_HUB_URL": "http://127.0.0.1:1",
	} {
		t.Setenv(name, value)
	}
	if err := os.MkdirAll(filepath.Join(home, "config", "mcphub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "config", "mcphub", "servers.json"), []byte(`{mcpServers: {a: {url: "https://h/", headers: {X: "${secret:A} ${secret:B}"}}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestSecretsCommands runs the commands against a hub.
func TestSecretsCommands(t *testing.T) {
	const token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
	h := hubtest.StartIn(t, t.TempDir(), hubtest.Config("{}", "one", hubtest.Stdio(t, scripted)+`,"env":{"T":"${secret:my.token}"}`,
		"two", `"command":"x","disabled":true,"env":{"GITHUB_TOKEN":"`+token+`"}`))
	perform(t, h.URL, []step{
		{"secrets list", 0, "NAME      STATE    USED BY\nmy.token  missing  one\n", ""},
		{"secrets backend", 0, "state  unused", ""},
	})
	if code, out, errs := typed(t, "hunter2\n", "secrets", "set", "my.token"); code != 0 || !strings.HasPrefix(out, "my.token is set, used by one; kept in ") || errs != "" {
		t.Errorf("%d %s %s", code, out, errs)
	}
	h.Ready("one")
	perform(t, h.URL, []step{
		{"secrets list", 0, "my.token  set    one\n", ""},
		{"secrets list --json", 0, `"backend": "file"`, ""},
		{"secrets backend", 0, "because  there is no keyring\n", ""},
		{"secrets backend --json", 0, `"state": "ready"`, ""},
		{"secrets refresh", 0, "no server uses the output of a command\n", ""},
		{"secrets refresh nobody", 1, "", "There is no server"},
		{"secrets set a/b", exitArguments, "", "cannot be the name of a secret"},
		{"secrets set", exitArguments, "", "mcp-hub secrets set NAME"},
		{"secrets delete nobody", 1, "", `There is no secret "nobody"`},
		{"secrets migrate cloud", exitArguments, "", "choose keyring or file"},
		{"secrets migrate keyring", 1, "", "SECRETS_UNAVAILABLE"},
		{"secrets migrate file --passphrase --no-passphrase", exitArguments, "", "one of"},
		{"secrets list --hub http://hub.example", exitArguments, "", "https://"},
		{"secrets scan", 0, "two     env.GITHUB_TOKEN  GITHUB_TOKEN  it has the form of a token of a known service  " + h.File, ""},
		{"secrets scan --json", 0, `"name": "GITHUB_TOKEN"`, ""},
		{"secrets scan --move", 1, "two env.GITHUB_TOKEN becomes ${secret:GITHUB_TOKEN}\n", "nothing was changed, since nobody can be asked: say --yes"},
		{"secrets scan --move --yes", 0, "1 moved into ", ""},
		{"secrets scan", 0, "no secrets in plain text\n", ""},
		{"secrets delete GITHUB_TOKEN", 0, "", ""},
		{"secrets list", 0, "GITHUB_TOKEN  missing  two\n", ""},
		{"status", 0, "1 of 2 connected", ""},
	})
	if text := fileText(t, h.File); strings.Contains(text, token) || !strings.Contains(text, `"GITHUB_TOKEN":"${secret:GITHUB_TOKEN}"`) {
		t.Errorf("the file is %s", text)
	}

	// A passphrase, on standard input.
	if code, out, errs := typed(t, "correct horse", "secrets", "migrate", "file", "--passphrase"); code != 0 || !strings.Contains(out, "passphrase") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	if code, out, errs := typed(t, "correct horse\n", "secrets", "unlock"); code != 0 || !strings.Contains(out, "ready") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	if code, _, errs := typed(t, "", "secrets", "set", "empty"); code != 1 || !strings.Contains(errs, "nothing was changed: what was given is empty") {
		t.Errorf("%d %s", code, errs)
	}
}

// TestSecretsWithoutHub: the secrets can be looked after while no hub runs.
func TestSecretsWithoutHub(t *testing.T) {
	noHub(t)
	for _, x := range []struct {
		stdin, args string
		code        int
		stdout      string
		stderr      string
	}{
		{"", "secrets list", 0, "A     missing  a\nB     missing  a\n", ""},
		{"", "secrets backend", 0, "state  unused\n", ""},
		{"", "secrets delete A", 1, "", "no such secret"},
		{"multi\nline\n", "secrets set A", 0, "A is set, used by a; kept in ", ""},
		{"", "secrets list", 0, "A     set      a\nB     missing  a\n", ""},
		{"", "secrets list --json", 0, `"backend": "file"`, ""},
		{"", "secrets backend", 0, "key.txt\nbecause  ", ""},
		{"", "secrets migrate keyring", 1, "", "the secret store is not available"},
		{"correct horse", "secrets migrate file --passphrase", 0, "sealed with a passphrase", ""},
		{"", "secrets backend", 0, "state    locked\n", ""},
		{"x", "secrets set B", 1, "", "needs its passphrase"},
		{"x", "secrets refresh", exitNoHub, "", "no hub answers"},
		{"x", "secrets unlock", exitNoHub, "", "no hub answers"},
		{"", "secrets scan", 0, "no secrets in plain text\n", ""},
	} {
		if code, out, errs := typed(t, x.stdin, strings.Split(x.args, " ")...); code != x.code || !strings.Contains(out, x.stdout) || !strings.Contains(errs, x.stderr) || x.stderr == "" && errs != "" {
			t.Errorf("%s: %d %s %s", x.args, code, out, errs)
		}
	}
	t.Setenv(unlockEnv, "correct horse")
	if code, out, errs := typed(t, "x", "secrets", "set", "B"); code != 0 || !strings.Contains(out, "from MCP_HUB_PASSPHRASE") {
		t.Errorf("with the passphrase in the environment: %d %s %s", code, out, errs)
	}
	t.Setenv(unlockEnv, "")
	file := filepath.Join(t.TempDir(), "passphrase")
	t.Setenv(unlockFileEnv, file)
	if code, out, errs := typed(t, "", "secrets", "list"); code != exitArguments || !strings.Contains(errs, "no such file") {
		t.Errorf("with a file that is not there: %d %s %s", code, out, errs)
	}
	if err := os.WriteFile(file, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := typed(t, "", "secrets", "migrate", "file", "--no-passphrase"); code != 0 || !strings.Contains(out, "key.txt") {
		t.Errorf("back to a key file: %d %s %s", code, out, errs)
	}
	t.Setenv(unlockFileEnv, "")
	if code, out, errs := typed(t, "", "secrets", "delete", "A"); code != 0 || out != "" {
		t.Errorf("%d %s %s", code, out, errs)
	}
	if code, out, _ := typed(t, "", "secrets", "list"); code != 0 || !strings.Contains(out, "B     set      a\nA     missing  a\n") {
		t.Errorf("%d %s", code, out)
	}
}

// TestScanWithoutHub: secrets in plain text are found and moved while no hub runs.
func TestScanWithoutHub(t *testing.T) {
	const token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
	noHub(t)
	file := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "mcphub", "servers.json")
	const text = "{mcpServers: {\n  // mine\n  a: {command: \"x\", args: [\"--token\", \"abc123def456\"], env: {GITHUB_TOKEN: \"" + token + "\"}},\n}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		args           string
		code           int
		stdout, stderr string
	}{
		{"secrets scan", 0, "env.GITHUB_TOKEN  GITHUB_TOKEN  ", ""},
		{"secrets scan --json", 0, `"name": "a-token"`, ""},
		{"secrets scan --json --move", exitArguments, "", "do not go together"},
		{"secrets scan --move", 1, "a args.1 becomes ${secret:a-token}", "nothing was changed"}, // nobody says yes
	} {
		if code, out, errs := typed(t, "", strings.Split(x.args, " ")...); code != x.code || !strings.Contains(out, x.stdout) || !strings.Contains(errs, x.stderr) || strings.Contains(out+errs, token) {
			t.Errorf("%s: %d %s %s", x.args, code, out, errs)
		}
	}
	if got := fileText(t, file); got != text {
		t.Errorf("the file is changed: %s", got)
	}
	if code, out, errs := typed(t, "", "secrets", "scan", "--move", "--yes"); code != 0 || !strings.Contains(out, "2 moved into ") || strings.Contains(out+errs, token) {
		t.Errorf("%d %s %s", code, out, errs)
	}
	want := strings.NewReplacer(token, "${secret:GITHUB_TOKEN}", "abc123def456", "${secret:a-token}").Replace(text)
	if got := fileText(t, file); got != want {
		t.Errorf("the file is %s", got)
	}
	if code, out, errs := typed(t, "", "secrets", "list"); code != 0 || !strings.Contains(out, "GITHUB_TOKEN  set    a") || !strings.Contains(out, "a-token       set    a") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	// Of a file that cannot be read the scan says so, and nothing else is hindered.
	if err := os.WriteFile(file, []byte("{mcpServers"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := typed(t, "", "secrets", "scan"); code == 0 || !strings.Contains(errs, "servers.json") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	if code, _, errs := typed(t, "", "secrets", "list"); code != 0 {
		t.Errorf("%d %s", code, errs)
	}
}
