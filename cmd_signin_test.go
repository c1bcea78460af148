package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mcphub/hub"
	"mcphub/hub/hubtest"
	"mcphub/hub/oauth"
	"mcphub/hub/upstream"
)

// onTerminal runs a command that waits for a person, and returns its standard error as it grows, and its exit code.
func onTerminal(t *testing.T, args ...string) (stdout, stderr *hubtest.Output, code chan int) {
	t.Helper()
	stdout, stderr, code = &hubtest.Output{}, &hubtest.Output{}, make(chan int, 1)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go func() { code <- run(ctx, args, stdout, stderr) }()
	return stdout, stderr, code
}

// addressIn returns the address that a command has printed.
func addressIn(t *testing.T, o *hubtest.Output) string {
	t.Helper()
	address := ""
	hubtest.Eventually(t, "an address is printed", func() bool {
		for _, word := range strings.Fields(o.String()) {
			if strings.Contains(word, "/authorize?") {
				address = word
			}
		}
		return address != ""
	})
	return address
}

func TestSignInCommand(t *testing.T) {
	for _, name := range []string{"DISPLAY", "WAYLAND_DISPLAY"} { // no browser in tests
		t.Setenv(name, "")
	}
	t.Setenv("SSH_CONNECTION", "1")
	i := hubtest.NewIssuer(t)
	h := hubtest.Start(t, hubtest.Config("{}", "one", hubtest.Protected(t, scripted, i, nil, nil), "local", hubtest.Stdio(t, scripted)), func(o *hub.Options) {
		o.Secrets = &oauth.Memory{}
	}).Ready("local")
	hubtest.Eventually(t, "it wants a sign-in", func() bool { return h.Set().Get("one").Status().State == upstream.Authorizing })
	t.Setenv("MCP_HUB_URL", h.URL)

	stdout, stderr, code := onTerminal(t, "sign-in", "one")
	if status, _ := hubtest.Browse(t, addressIn(t, stderr)); status != http.StatusOK {
		t.Fatalf("the page: %d", status)
	}
	if got := <-code; got != 0 || stdout.String() != "one: connected\n" {
		t.Errorf("exit code %d: %s%s", got, stdout, stderr)
	}

	// Where the browser cannot reach the hub.
	redirect := ""
	client := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		redirect = r.URL.String()
		return http.ErrUseLastResponse
	}}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin := os.Stdin
	os.Stdin = reader
	stdout, stderr, code = onTerminal(t, "sign-in", "one", "--paste")
	resp, err := client.Get(addressIn(t, stderr))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if _, err := io.WriteString(writer, redirect+"\n"); err != nil {
		t.Fatal(err)
	}
	if got := <-code; got != 0 || stdout.String() != "one: connected\n" {
		t.Errorf("--paste: exit code %d: %s%s", got, stdout, stderr)
	}
	os.Stdin = stdin

	// A person who refuses.
	i.Change(func(i *hubtest.Issuer) { i.Deny = "access_denied" })
	_, stderr, code = onTerminal(t, "sign-in", "one")
	hubtest.Browse(t, addressIn(t, stderr))
	if got := <-code; got != exitFailure || !strings.Contains(stderr.String(), "access_denied") {
		t.Errorf("refused: exit code %d: %s", got, stderr)
	}

	old := filepath.Join(t.TempDir(), "oauth-storage.json")
	if err := os.WriteFile(old, []byte(`{"https://mcp.example.com/mcp":{"clientInfo":{"client_id":"a"},"tokens":{"access_token":"b"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	linked := filepath.Join(t.TempDir(), "linked") // what the file held is seen here when its own name is gone
	if err := os.Link(old, linked); err != nil {
		t.Fatal(err)
	}
	wrong := write(t, "wrong.json", "[]")
	for _, x := range []struct {
		args   string
		code   int
		stdout string
		stderr string
	}{
		{"oauth status", 0, "one     signed-in  " + i.URL + "          not told", ""},
		{"sign-out one", 0, "one: signed out\n", ""},
		{"oauth status one", 0, "one     needed", ""},
		{"oauth status --json", 0, `"state": "needed"`, ""},
		{"oauth status nobody", 1, "", "There is no server"},
		{"sign-out one --json", 0, `"state": "needed"`, ""},
		{"sign-in local", 1, "", "nobody signs in to this server"},
		{"sign-in nobody", 1, "", "There is no server"},
		{"sign-in", exitArguments, "", "sign-in SERVER"},
		{"oauth import " + wrong, 1, "", "no oauth-storage.json"},
		{"oauth import " + old, 0, "Taken over: mcp.example.com\n", ""},
		{"oauth import " + old, 1, "", "no such file"},
	} {
		var stdout, stderr hubtest.Output
		code := run(t.Context(), strings.Fields(x.args), &stdout, &stderr)
		if code != x.code || !strings.Contains(stdout.String(), x.stdout) || !strings.Contains(stderr.String(), x.stderr) {
			t.Errorf("%s: exit code %d, want %d\nstdout %s\nwant %s\nstderr %s, want %s", x.args, code, x.code, &stdout, x.stdout, &stderr, x.stderr)
		}
	}
	if text := fileText(t, linked); strings.Trim(text, "\x00") != "" || text == "" {
		t.Errorf("the file was removed and not overwritten: %q", text)
	}
	if _, err := os.Stat(wrong); err != nil {
		t.Error("a file that is no such file is gone")
	}
}

func TestBrowser(t *testing.T) {
	for _, x := range []struct {
		system string
		env    map[string]string
		name   string
	}{
		{"linux", nil, ""},
		{"linux", map[string]string{"DISPLAY": ":0"}, "xdg-open"},
		{"linux", map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, "xdg-open"},
		{"linux", map[string]string{"SSH_CONNECTION": "1", "DISPLAY": "localhost:10"}, "xdg-open"},
		{"darwin", nil, "open"},
		{"darwin", map[string]string{"SSH_CONNECTION": "1"}, ""},
		{"windows", nil, "rundll32"},
	} {
		name, _, ok := browser(x.system, func(key string) string { return x.env[key] })
		if name != x.name && ok || ok != (x.name != "") {
			t.Errorf("%s %v: %q %v", x.system, x.env, name, ok)
		}
	}
}
