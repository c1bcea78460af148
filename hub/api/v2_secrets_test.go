package api_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"mcphub/hub/hubtest"
	"mcphub/hub/secret"
	"mcphub/hub/upstream"
	"mcphub/hub/vault"
)

// TestV2Secrets: a server that waits for a secret starts when it is set, and nothing tells the value.
func TestV2Secrets(t *testing.T) {
	h := hubtest.StartIn(t, t.TempDir(), hubtest.Config("{}", "a", hubtest.Stdio(t, hubtest.Script{Name: "a"})+`,"env":{"TOKEN":"${secret:my.token}","B":"${keyring:other}"}`))
	wants(t, h, "GET", "secrets/backend", "", 200, "backend", `""`, "state", `"unused"`)
	hubtest.Eventually(t, "the server has failed", func() bool { return is(h, "a", upstream.Failed) })
	wants(t, h, "GET", "servers/a", "", 200, "secret", `"my.token"`, "health.action", `"Run mcp-hub secrets set my.token. The server then starts by itself."`)
	wants(t, h, "GET", "secrets", "", 200, "backend", `""`, "secrets", "[]", "missing", `[{"name":"my.token","servers":["a"]},{"name":"other","servers":["a"]}]`)

	wants(t, h, "PUT", "secrets/my.token", `{"value":"hunter2"}`, 200, "name", `"my.token"`, "servers", `["a"]`)
	hubtest.Eventually(t, "it waits for the other one", func() bool { return h.Set().Get("a").Status().Secret == "other" })
	wants(t, h, "PUT", "secrets/other", `{"value":"hunter3"}`, 200)
	h.Ready("a")
	wants(t, h, "PUT", "secrets/unused", `{"value":"x"}`, 200, "servers", "[]")
	all := wants(t, h, "GET", "secrets", "", 200, "backend", `"file"`, "missing", "[]",
		"secrets", `[{"name":"my.token","servers":["a"]},{"name":"other","servers":["a"]},{"name":"unused","servers":[]}]`)
	all += wants(t, h, "GET", "secrets/backend", "", 200, "backend", `"file"`, "state", `"ready"`, "why", `"there is no keyring"`)
	all += wants(t, h, "GET", "servers", "", 200) + wants(t, h, "GET", "config/effective", "", 200)
	if strings.Contains(all, "hunter") || !strings.Contains(all, "${secret:my.token}") {
		t.Errorf("shown: %s", all)
	}
	wants(t, h, "DELETE", "secrets/unused", "", 204)
	wants(t, h, "DELETE", "secrets/unused", "", 404, "code", `"SECRET_NOT_FOUND"`)
	wants(t, h, "DELETE", "secrets/a%2Fb", "", 404, "code", `"SECRET_NOT_FOUND"`)
	wants(t, h, "GET", "secrets/my.token", "", 404) // never comes back out

	for path, body := range map[string]string{
		"secrets/a%2Fb": `{"value":"x"}`, "secrets/a%20b": `{"value":"x"}`, "secrets/a": `{"value":""}`, "secrets/b": `{}`, "secrets/c": `{"value":5}`,
		"secrets/d": `{"value":"` + strings.Repeat("x", secret.MaxValue+1) + `"}`,
	} {
		if status, _, text := ask(t, h, "PUT", path, body); status != 422 || strings.Contains(text, "xxxx") {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
}

// TestV2SecretSetElsewhere: another process sets the secret that a server waits for.
func TestV2SecretSetElsewhere(t *testing.T) {
	dir := t.TempDir()
	h := hubtest.StartIn(t, dir, hubtest.Config("{}", "a", hubtest.Stdio(t, hubtest.Script{Name: "a"})+`,"env":{"TOKEN":"${secret:my.token}"}`))
	hubtest.Eventually(t, "the server has failed", func() bool { return is(h, "a", upstream.Failed) })
	other := vault.New(vault.Options{Dir: dir + "/secrets", File: vault.NewFile(vault.FileOptions{Dir: dir + "/secrets"}), Log: slog.New(slog.DiscardHandler)})
	if err := other.Set(t.Context(), "my.token", secret.New("hunter2")); err != nil {
		t.Fatal(err)
	}
	h.Ready("a")
}

func TestV2SecretsBackend(t *testing.T) {
	dir := t.TempDir()
	h := hubtest.StartIn(t, dir, hubtest.Config("{}", "a", hubtest.Stdio(t, hubtest.Script{Name: "a"})+`,"env":{"TOKEN":"${secret:my.token}"}`))
	wants(t, h, "POST", "secrets/unlock", `{"passphrase":"p"}`, 409, "code", `"NOTHING_TO_UNLOCK"`)
	wants(t, h, "PUT", "secrets/my.token", `{"value":"hunter2"}`, 200)
	h.Ready("a")
	wants(t, h, "POST", "secrets/migrate", `{"backend":"keyring"}`, 503, "code", `"SECRETS_UNAVAILABLE"`) // this hub has none
	wants(t, h, "POST", "secrets/migrate", `{"backend":"cloud"}`, 422)
	wants(t, h, "POST", "secrets/migrate", `{"backend":"file","passphrase":"correct horse"}`, 200, "backend", `"file"`, "state", `"ready"`)
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}

	// The next hub does not have the passphrase.
	text, err := os.ReadFile(h.File)
	if err != nil {
		t.Fatal(err)
	}
	h = hubtest.StartIn(t, dir, string(text))
	hubtest.Eventually(t, "the server waits", func() bool { return is(h, "a", upstream.Retrying) })
	wants(t, h, "GET", "servers/a", "", 200, "secret", `"my.token"`, "health.level", `"error"`)
	answer := wants(t, h, "GET", "secrets/backend", "", 200, "state", `"locked"`)
	if !strings.Contains(hubtest.Get(answer, "action"), "mcp-hub secrets unlock") {
		t.Errorf("what to do: %s", answer)
	}
	wants(t, h, "GET", "secrets", "", 423, "code", `"SECRETS_LOCKED"`)
	wants(t, h, "PUT", "secrets/b", `{"value":"hunter3"}`, 423, "code", `"SECRETS_LOCKED"`)
	wants(t, h, "DELETE", "secrets/b", "", 423)
	wants(t, h, "POST", "secrets/unlock", `{"passphrase":"wrong"}`, 423)
	wants(t, h, "POST", "secrets/unlock", `{"passphrase":"correct horse"}`, 200, "state", `"ready"`)
	h.Ready("a")

	without := hubtest.Start(t, hubtest.Config("{}"))
	for _, path := range []string{"GET secrets", "GET secrets/backend", "DELETE secrets/a"} {
		method, path, _ := strings.Cut(path, " ")
		wants(t, without, method, path, "", 503, "code", `"SECRETS_UNAVAILABLE"`)
	}
	wants(t, without, "PUT", "secrets/a", `{"value":"x"}`, 503)
	wants(t, without, "POST", "secrets/move", `{"server":"a","path":["env"]}`, 503)
}

func TestV2RefreshSecrets(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a POSIX shell")
	}
	runs := filepath.Join(t.TempDir(), "runs")
	h := hubtest.StartIn(t, t.TempDir(), hubtest.Config("{}",
		"a", hubtest.Stdio(t, hubtest.Script{Name: "a"})+`,"env":{"T":"${cmd ttl=8h: echo >> '`+runs+`'; echo x}"}`,
		"b", hubtest.Stdio(t, hubtest.Script{Name: "b"}), "c", hubtest.Stdio(t, hubtest.Script{Name: "c"})+`,"disabled":true,"env":{"T":"${cmd: echo c}"}`)).Ready("a", "b")
	ran := func() int {
		text, _ := os.ReadFile(runs)
		return len(text)
	}
	wants(t, h, "POST", "servers/a/restart", "", 200, "state", `"ready"`)
	if ran() != 1 {
		t.Errorf("%d runs after a restart", ran())
	}
	wants(t, h, "POST", "secrets/refresh", `{}`, 200, "servers", `["a","c"]`)
	hubtest.Eventually(t, "the command has run again", func() bool { return ran() == 2 })
	h.Ready("a")
	if !is(h, "c", upstream.Disabled) {
		t.Error("one that is switched off is started")
	}
	wants(t, h, "POST", "secrets/refresh", `{"server":"b"}`, 200, "servers", `[]`)
	wants(t, h, "POST", "secrets/refresh", `{"server":"none"}`, 404, "code", `"SERVER_NOT_FOUND"`)
}

func TestV2MoveSecrets(t *testing.T) {
	var sent atomic.Value // a string
	remote := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent.Store(r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(remote.Close)
	const token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
	h := hubtest.StartIn(t, t.TempDir(), `{"mcpServers":{"a":{"url":"`+remote.URL+`","headers":{"Authorization":"Bearer `+token+`"}} /* mine */}}`)
	found := wants(t, h, "GET", "secrets/findings", "", 200)
	var list struct {
		Findings []struct {
			Path []string
			Name string
			From struct{ Line int }
		}
	}
	if err := json.Unmarshal([]byte(found), &list); err != nil || len(list.Findings) != 1 || list.Findings[0].Name != "a-authorization" || list.Findings[0].From.Line != 1 {
		t.Fatalf("%v: %s", err, found)
	}
	const body = `{"server":"a","path":["headers","Authorization"],"name":"tok"`
	plan := wants(t, h, "POST", "secrets/move", body+`}`, 200, "after", `"Bearer ${secret:tok}"`, "applied", "false")
	wants(t, h, "GET", "secrets", "", 200, "secrets", "[]")
	wants(t, h, "PUT", "secrets/tok", `{"value":"another"}`, 200)
	wants(t, h, "POST", "secrets/move", body+`,"apply":true}`, 409, "code", `"SECRET_EXISTS"`)
	wants(t, h, "DELETE", "secrets/tok", "", 204)
	done := wants(t, h, "POST", "secrets/move", body+`,"apply":true}`, 200, "applied", "true")
	text, err := os.ReadFile(h.File)
	if err != nil || string(text) != `{"mcpServers":{"a":{"url":"`+remote.URL+`","headers":{"Authorization":"Bearer ${secret:tok}"}} /* mine */}}` {
		t.Errorf("%v: %s", err, text)
	}
	wants(t, h, "GET", "secrets", "", 200, "secrets", `[{"name":"tok","servers":["a"]}]`)
	wants(t, h, "GET", "secrets/findings", "", 200, "findings", "[]")
	sent.Store("")
	wants(t, h, "POST", "servers/a/restart", "", 200)
	if got := sent.Load(); got != "Bearer "+token {
		t.Errorf("the server was sent %q", got)
	}
	if strings.Contains(found+plan+done, token) {
		t.Errorf("shown: %s %s %s", found, plan, done)
	}
	wants(t, h, "POST", "secrets/move", body+`}`, 404, "code", `"FINDING_NOT_FOUND"`)
	wants(t, h, "POST", "secrets/move", `{"server":"none","path":["url"]}`, 404, "code", `"SERVER_NOT_FOUND"`)
	wants(t, h, "POST", "secrets/move", `{"server":"a","path":["url"],"name":"a/b"}`, 422)
}
