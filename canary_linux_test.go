package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"mcphub/hub/config"
	"mcphub/hub/hubtest"
)

// canary is a secret that is found wherever it leaks.
func canary(name string) string { return "canary-" + name + "-7f3Kq9Zx" }

// witness collects all that a hub lets out.
type witness struct {
	t   *testing.T
	url string
	all map[string]string // what was let out, by where
}

func (w *witness) saw(where, text string) { w.all[where] += text + "\n" }

// asks sends a request and keeps the answer.
func (w *witness) asks(method, path, body string) string {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	w.saw(method+" "+path, fmt.Sprint(resp.Header)+string(text))
	return string(text)
}

// follows keeps what a stream sends until the test ends.
func (w *witness) follows(path string) *hubtest.Output {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	out, begun := &hubtest.Output{}, make(chan error, 1)
	go func() {
		resp, err := http.DefaultClient.Do(r)
		if begun <- err; err != nil {
			return
		}
		defer func() { _ = resp.Body.Close() }()
		_, _ = io.Copy(out, resp.Body) // until the hub ends
	}()
	if err := <-begun; err != nil {
		w.t.Fatal(err)
	}
	return out
}

// signsIn signs in to a server as a browser would, keeps the page at the end and returns it.
func (w *witness) signsIn(server string, issuer *hubtest.Issuer) string {
	w.t.Helper()
	var begun struct{ AuthorizationURL string }
	hubtest.Eventually(w.t, "a person can sign in to "+server, func() bool {
		return json.Unmarshal([]byte(w.asks("POST", "/api/v2/servers/"+server+"/sign-in", "{}")), &begun) == nil && strings.HasPrefix(begun.AuthorizationURL, issuer.URL)
	})
	_, page := hubtest.Browse(w.t, begun.AuthorizationURL)
	w.saw("the page after signing in", page)
	return page
}

// TestNoSecretLeaks plants secrets everywhere, has a real hub use them and its servers repeat them, and looks for them in
// all that the hub lets out.
func TestNoSecretLeaks(t *testing.T) {
	noHub(t)
	home := os.Getenv("HOME")
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // an error page that repeats all
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusInternalServerError)
		user, password, _ := r.BasicAuth()
		_, _ = fmt.Fprint(w, r.URL, r.Header, user, password, string(body))
	}))
	t.Cleanup(echo.Close)

	stored := []string{"env", "header", "dying", "command", "nested", "multi", "crash"}
	for _, name := range stored {
		value := canary(name)
		if name == "multi" {
			value = "-----BEGIN\n" + canary("multi") + "\nEND-----"
		}
		if code, _, errs := typed(t, value, "secrets", "set", name); code != 0 {
			t.Fatal(errs)
		}
	}
	talker := hubtest.Stdio(t, hubtest.Script{Name: "t", Tools: []string{
		`{"name":"params","inputSchema":{"type":"object","properties":{"password":{"type":"string","format":"password","writeOnly":true}}}}`, hubtest.Tool("die"),
	}})
	var fixture struct {
		Command string
		Args    []string
	}
	if err := json.Unmarshal([]byte("{"+talker+"}"), &fixture); err != nil {
		t.Fatal(err)
	}
	// An authorization server that knows no shame: its errors repeat what it was told, as does the server behind it.
	issuer, minted := hubtest.NewIssuer(t), 0
	issuer.Secrets, issuer.Mint = true, func(what string) string {
		minted++
		return canary(fmt.Sprint(what, minted))
	}
	signed := hubtest.Script{Name: "s", Tools: []string{hubtest.Tool("headers")}}
	protected, imported := hubtest.Protected(t, signed, issuer, nil, nil), hubtest.Protected(t, signed, issuer, nil, nil)
	servers := func(more string) string {
		return `{
	"mcpServers": {
		"talker": {
			"command": "/bin/sh",
			"args": ["-c", "env >&2; echo \"$*\" >&2; printf '{\"json\":\"%s\"}\\n' \"$MULTI\" >&2; exec ` + fixture.Command + " " + strings.Join(fixture.Args, " ") + `", "sh",
				"--token", "` + canary("arg") + `", "--api-key=` + canary("flag") + `", "${cmd ttl=8h: cat /proc/self/environ > '` + home + `/environ'; printf %s ` + canary("output") + `}"],
			"env": {"A": "${secret:env}", "PLAIN_PASSWORD": "` + canary("plain") + `", "MULTI": "${secret:multi}", "PIN": "${input:pin}",
				"URL": "postgres://me:` + canary("dsn") + `@h/db", "B": "${cmd: echo ${secret:nested}}"},
		},
		"dying": {"command": "/bin/sh", "args": ["-c", "echo dying with $T >&2; exit 3"], "env": {"T": "${secret:dying}"}},
		"nowhere": {"command": "/nowhere/${secret:command}"},
		"remote": {"url": "` + strings.Replace(echo.URL, "http://", "http://me:"+canary("userinfo")+"@", 1) + `/mcp?api_key=` + canary("query") + `", "headers": {"Authorization": "Bearer ${secret:header}", "X-Api-Key": "` + canary("key") + `"}},
		"quiet": {` + hubtest.Stdio(t, hubtest.Script{Name: "q"}) + `},
		"signed": {` + protected + `},
		"imported": {` + imported + `},` + more + `
	}
}`
	}
	file := write(t, "servers.json", servers(""))

	// The hub, a process of its own.
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var log hubtest.Output
	hub := exec.CommandContext(t.Context(), self, "--port", "0", "--config", file, "--watch", "--log-level", "debug")
	hub.Stderr, hub.Stdout = &log, &log
	hub.Env = append(os.Environ(), childEnv+"=1", `MCP_HUB_ENV={"input:pin":"`+canary("input")+`"}`, unlockEnv+"="+canary("passphrase"), "GOTRACEBACK=all")
	if err := hub.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hub.Process.Kill() })
	address := regexp.MustCompile(`http://localhost:(\d+)/mcp`)
	hubtest.Eventually(t, "the hub listens", func() bool { return address.MatchString(log.String()) })
	w := &witness{t: t, url: "http://127.0.0.1:" + address.FindStringSubmatch(log.String())[1], all: map[string]string{}}
	t.Setenv("MCP_HUB_URL", w.url)
	events, stream := w.follows("/api/events"), w.follows("/api/v2/stream")
	state := func(server string) string {
		return hubtest.Get(w.asks("GET", "/api/v2/servers/"+server, ""), "state")
	}
	for server, want := range map[string]string{"talker": `"ready"`, "quiet": `"ready"`, "nowhere": `"failed"`, "dying": `"retrying"`, "remote": `"retrying"`} {
		hubtest.Eventually(t, server+" is "+want, func() bool { return state(server) == want })
	}

	// The environment of each process below the hub.
	environs := environments(t, hub.Process.Pid)
	quiet := 0
	for pid, env := range environs {
		if strings.Contains(env, canary("env")) {
			continue // the one that it is for
		}
		quiet++
		w.saw("/proc/"+strconv.Itoa(pid)+"/environ", env)
	}
	if quiet == 0 || quiet == len(environs) {
		t.Errorf("of %d processes %d are not told the secret", len(environs), quiet)
	}
	w.saw("the environment of a command, but for MCP_HUB_ENV", strings.ReplaceAll(fileText(t, home+"/environ"), canary("input"), ""))

	// Signing in, renewing, and failing at both.
	w.signsIn("signed", issuer)
	hubtest.Eventually(t, "signed is ready", func() bool { return state("signed") == `"ready"` })
	issuer.Forget(false)
	if text := w.asks("POST", "/api/servers/tools", `{"server_name":"signed","tool":"headers","arguments":{}}`); !strings.Contains(text, "canary-access") {
		t.Errorf("the server was not told its token: %s", text)
	}
	if issuer.Count("token refresh_token") == 0 {
		t.Error("nothing was renewed")
	}
	issuer.Change(func(i *hubtest.Issuer) { i.Repeats = true })
	issuer.Forget(true)
	w.asks("POST", "/api/servers/tools", `{"server_name":"signed","tool":"headers","arguments":{}}`)
	hubtest.Eventually(t, "signed has to sign in again", func() bool { return state("signed") == `"authorizing"` })
	issuer.Change(func(i *hubtest.Issuer) { i.Return = func(q url.Values) { q.Set("code", canary("stolen")) } })
	if page := w.signsIn("signed", issuer); !strings.Contains(page, "invalid_grant") {
		t.Errorf("a stolen code ended at %s", page)
	}
	w.asks("POST", "/api/v2/oauth/import", `{`+strings.TrimPrefix(imported, `"url":`)+`: {"clientInfo": {"client_id": "old", "client_secret": "`+canary("oldsecret")+
		`"}, "tokens": {"access_token": "`+canary("oldaccess")+`", "refresh_token": "`+canary("oldrefresh")+`"}}}`)
	hubtest.Eventually(t, "the old tokens were tried", func() bool {
		return strings.Contains(w.asks("GET", "/api/v2/servers/imported/auth", ""), "invalid_client")
	})

	// All routes, with good questions and bad ones.
	for _, path := range []string{
		"/", "/api/health", "/api/servers", "/api/refresh", "/api/workspaces", "/api/v2/servers", "/api/v2/config/files", "/api/v2/config/effective",
		"/api/v2/secrets", "/api/v2/secrets/backend", "/api/v2/secrets/findings", "/api/v2/openapi.json",
	} {
		w.asks("GET", path, "")
	}
	for _, server := range []string{"talker", "dying", "nowhere", "remote", "quiet", "signed", "imported"} {
		w.asks("GET", "/api/v2/servers/"+server+"/auth", "")
		w.asks("GET", "/api/v2/servers/"+server+"/logs?lines=500", "")
		w.asks("POST", "/api/servers/info", `{"server_name":"`+server+`"}`)
		w.asks("POST", "/api/servers/start", `{"server_name":"`+server+`"}`)
		w.asks("POST", "/api/servers/tools", `{"server_name":"`+server+`","tool":"none"}`)
		w.asks("POST", "/api/v2/secrets/move", `{"server":"`+server+`","path":["env","PLAIN_PASSWORD"]}`)
	}
	w.asks("PUT", "/api/v2/secrets/crash", `{"value":["`+canary("crash")+`"]}`)
	w.asks("PUT", "/api/v2/secrets/crash", `{"value":"`+canary("crash")+`","more":"`+canary("crash")+`"}`)
	w.asks("PUT", "/api/v2/secrets/crash", `{"value":"`+canary("crash"))
	w.asks("POST", "/api/v2/secrets/unlock", `{"passphrase":"`+canary("crash")+`"}`)
	w.asks("POST", "/api/v2/config/validate", `{"text":"{mcpServers: {a: {env: {TOKEN: `+canary("crash")+`"}`)
	// The answer to a call is the caller's own; the secret in it is in nothing else.
	call := `{"server_name":"talker","tool":"params","arguments":{"password":"` + canary("argument") + `"}}`
	if text := w.asks("POST", "/api/servers/tools", call); !strings.Contains(text, canary("argument")) {
		t.Errorf("the tool was not told its argument: %s", text)
	}
	w.asks("POST", "/api/servers/tools", `{"server_name":"talker","tool":"die","arguments":{"password":"`+canary("argument")+`"}}`)
	// Where no name tells that it is one, the history knows a secret from the server that was given it.
	w.asks("POST", "/api/servers/tools", `{"server_name":"talker","tool":"params","arguments":{"text":"it is `+canary("env")+`, I think"}}`)
	delete(w.all, "POST /api/servers/tools")
	const export = "/api/v2/history/export"
	hubtest.Eventually(t, "the calls are in the history", func() bool { return strings.Count(w.asks("GET", export, ""), `"params"`) >= 2 })
	for _, path := range []string{"/api/v2/history/calls?q=talker", "/api/v2/history/events", "/api/v2/history/summary", "/api/v2/logs", "/api/v2/clients", "/metrics"} {
		w.asks("GET", path, "")
	}

	// Changes of the files, and a broken one.
	if err := os.WriteFile(file, []byte(servers(`"new": {"command": "x", "env": {"API_TOKEN": "`+canary("added")+`"}}`)), 0o600); err != nil {
		t.Fatal(err)
	}
	hubtest.Eventually(t, "the new server is there", func() bool { return state("new") == `"failed"` })
	if err := os.WriteFile(file, []byte(`{"mcpServers": {"talker": {"env": {"A": `+canary("broken")+` "}`), 0o600); err != nil {
		t.Fatal(err)
	}
	hubtest.Eventually(t, "the broken file is noticed", func() bool { return strings.Contains(events.String(), "CONFIG_RELOAD_ERROR") })

	for _, args := range []string{"status", "list", "list --json", "tools", "logs talker", "logs dying", "logs remote --json", "logs nowhere", "secrets list", "secrets scan", "secrets backend", "restart talker", "config show", "history"} {
		_, out, errs := typed(t, "", strings.Split(args, " ")...)
		w.saw("mcp-hub "+args, out+errs)
	}

	// A crash, with all that the runtime tells of it.
	if err := hub.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	_ = hub.Wait()
	if !strings.Contains(log.String(), "goroutine ") {
		t.Errorf("there is no trace of the crash: %s", log.String())
	}
	w.saw("the hub's output", log.String())
	w.saw("/api/events", events.String())
	w.saw("/api/v2/stream", stream.String())
	logged := 0
	err = filepath.WalkDir(home, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Name() == config.VersionsDir {
			return filepath.SkipDir // a person's own files, as they were
		}
		if err == nil && d.Type().IsRegular() && path != home+"/environ" {
			logged += strings.Count(fileText(t, path), "hub is listening")
			w.saw(path, fileText(t, path))
		}
		return err
	})
	if err != nil || logged == 0 {
		t.Errorf("%v: %d log files", err, logged)
	}

	if len(issuer.Verifiers) == 0 {
		t.Error("no code was exchanged")
	}
	masks := 0
	for where, text := range w.all {
		masks += strings.Count(text, "••••")
		for line := range strings.Lines(text) {
			if strings.Contains(line, "canary-") || slices.ContainsFunc(issuer.Verifiers, func(v string) bool { return strings.Contains(line, v) }) {
				t.Errorf("%s: %s", where, line)
			}
		}
	}
	for _, where := range []string{"the hub's output", "/api/events", "/api/v2/stream", "GET /api/v2/servers/talker/logs?lines=500", "GET /api/v2/servers/remote", "POST /api/servers/start", "GET " + export, "GET /api/v2/servers/signed/auth", "GET /api/v2/servers/imported/auth", "the page after signing in"} {
		if !strings.Contains(w.all[where], "••••") {
			t.Errorf("nothing is masked in %s, so it proves nothing: %s", where, w.all[where])
		}
	}
	t.Logf("%d places, %d masks", len(w.all), masks)
}

// environments returns the environment of each process below one, by its id.
func environments(t *testing.T, parent int) map[int]string {
	t.Helper()
	parents := map[int]int{}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range stats {
		f, err := os.Open(file)
		if err != nil {
			continue // it has ended
		}
		line, _ := bufio.NewReader(f).ReadString('\n')
		_ = f.Close()
		var pid, ppid int
		var rest string
		if _, after, ok := strings.Cut(line, ") "); ok {
			_, _ = fmt.Sscan(after, &rest, &ppid)
			_, _ = fmt.Sscan(line, &pid)
			parents[pid] = ppid
		}
	}
	all := map[int]string{}
	for pid := range parents {
		for p := parents[pid]; p > 1; p = parents[p] {
			if p == parent {
				if text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ"); err == nil {
					all[pid] = string(text)
				}
				break
			}
		}
	}
	return all
}
