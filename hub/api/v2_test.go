package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"mcphub/hub/hubtest"
	"mcphub/hub/upstream"
)

// ask sends a request to a route under /api/v2 and returns the status, the header and the body of the answer.
func ask(t *testing.T, h *hubtest.Hub, method, path, body string, header ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, h.URL+"/api/v2/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(text)
}

// wants asks and compares the status, and the raw values at dotted paths in the answer.
func wants(t *testing.T, h *hubtest.Hub, method, path, body string, status int, values ...string) string {
	t.Helper()
	got, _, text := ask(t, h, method, path, body)
	if got != status {
		t.Errorf("%s %s %s: %d %s, want %d", method, path, body, got, text, status)
	}
	for i := 0; i < len(values); i += 2 {
		if v := hubtest.Get(text, strings.Split(values[i], ".")...); v != values[i+1] {
			t.Errorf("%s %s %s: %s is %s in %s, want %s", method, path, body, values[i], v, text, values[i+1])
		}
	}
	return text
}

func is(h *hubtest.Hub, server string, state upstream.State) bool {
	s := h.Set().Get(server)
	return s != nil && s.Status().State == state
}

func TestV2Errors(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config(`{}`, "A b/c", hubtest.Stdio(t, hubtest.Script{Name: "a"})))
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"GET", "nowhere", "", 404, "NOT_FOUND"},
		{"PUT", "servers", "{}", 404, "NOT_FOUND"},
		{"GET", "servers/none", "", 404, "SERVER_NOT_FOUND"},
		{"GET", "servers/a%20b%2Fc", "", 404, "SERVER_NOT_FOUND"},
		{"PATCH", "servers/none", `{"disabled":true}`, 404, "SERVER_NOT_FOUND"},
		{"DELETE", "servers/none", "", 404, "SERVER_NOT_FOUND"},
		{"POST", "servers/none/start", "", 404, "SERVER_NOT_FOUND"},
		{"POST", "servers/none/stop", "", 404, "SERVER_NOT_FOUND"},
		{"POST", "servers/none/restart", "", 404, "SERVER_NOT_FOUND"},
		{"GET", "servers/none/logs", "", 404, "SERVER_NOT_FOUND"},
		{"GET", "servers/hub/logs?lines=0", "", 422, "VALIDATION_ERROR"},
		{"GET", "servers/hub/logs?lines=many", "", 422, "VALIDATION_ERROR"},
		{"POST", "servers", ``, 400, "VALIDATION_ERROR"},
		{"POST", "servers", `{`, 400, "VALIDATION_ERROR"},
		{"POST", "servers", `{"name":"x"}`, 422, "VALIDATION_ERROR"},
		{"POST", "servers", `{"name":"","config":{"command":"x"}}`, 422, "VALIDATION_ERROR"},
		{"POST", "servers", `{"name":"x","config":{"command":"x"},"more":1}`, 422, "VALIDATION_ERROR"},
		{"POST", "servers", `{"name":"x","config":[]}`, 422, "INVALID_SERVER"},
		{"POST", "servers", `{"name":"x","config":{}}`, 422, "INVALID_SERVER"},
		{"POST", "servers", `{"name":"x","config":{"command":"x"},"file":"/elsewhere"}`, 422, "UNKNOWN_FILE"},
		{"POST", "servers", `{"name":"A b/c","config":{"command":"x"}}`, 409, "SERVER_EXISTS"},
		{"POST", "servers", `{"name":"hub","config":{"command":"x"}}`, 409, "SERVER_EXISTS"},
		{"PATCH", "servers/hub", `{"disabled":true}`, 409, "BUILTIN_SERVER"},
		{"DELETE", "servers/hub", "", 409, "BUILTIN_SERVER"},
		{"PATCH", "servers/A%20b%2Fc", `{}`, 422, "VALIDATION_ERROR"},
		{"PATCH", "servers/A%20b%2Fc", `{"disabled":"yes"}`, 422, "VALIDATION_ERROR"},
		{"PATCH", "servers/A%20b%2Fc", `{"config":{"url":7}}`, 422, "INVALID_SERVER"},
		{"GET", "config/files/1", "", 404, "FILE_NOT_FOUND"},
		{"GET", "config/files/-1", "", 422, "VALIDATION_ERROR"},
		{"PUT", "config/files/1", `{"text":""}`, 404, "FILE_NOT_FOUND"},
		{"PUT", "config/files/0", `{"text":"{}"}`, 428, "IF_MATCH_REQUIRED"},
		{"POST", "config/validate", `{}`, 422, "VALIDATION_ERROR"},
	} {
		text := wants(t, h, c.method, c.path, c.body, c.status, "code", `"`+c.code+`"`)
		for _, key := range []string{"error", "data", "timestamp"} {
			if hubtest.Get(text, key) == "" {
				t.Errorf("%s %s: no %s in %s", c.method, c.path, key, text)
			}
		}
	}
	if status, _, text := ask(t, h, "POST", "config/validate", `{"text":"{}"}`, "Content-Type", "text/plain"); status != 415 || hubtest.Get(text, "code") != `"UNSUPPORTED_MEDIA_TYPE"` {
		t.Errorf("a body that is no JSON: %d %s", status, text)
	}
	if text := wants(t, h, "POST", "servers", `{"name":7,"config":{},"token":"hush"}`, 422); strings.Contains(text, "hush") {
		t.Errorf("the error repeats a value: %s", text)
	}
}

func TestV2Servers(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}",
		"a", hubtest.Stdio(t, hubtest.Script{Name: "a", Tools: tools("x", "y"), Prompts: []string{`{"name":"p"}`}}),
		"m", hubtest.Remote(t, hubtest.Script{Name: "m", Modern: true, Tools: tools("x")}),
		"off", `"command":"none","disabled":true`,
		"sick", `"command":"${NO_SUCH_VARIABLE_HERE}"`,
	)).Ready("a", "m")
	hubtest.Eventually(t, "sick has failed", func() bool { return is(h, "sick", upstream.Failed) })
	text := wants(t, h, "GET", "servers", "", 200)
	var list struct{ Servers []json.RawMessage }
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list.Servers) != 5 {
		t.Fatalf("%v: %s", err, text)
	}
	wants(t, h, "GET", "servers/a", "", 200, "name", `"a"`, "builtin", "false", "disabled", "false", "transport", `"stdio"`, "state", `"ready"`,
		"health.level", `"ok"`, "failures", "0", "revision", `"2025-11-25"`, "era", `"legacy"`, "lists.tools", "2", "lists.prompts", "1",
		"serverInfo.x", "9007199254740993", "config.line", "1", "retryAt", "")
	wants(t, h, "GET", "servers/m", "", 200, "transport", `"remote"`, "revision", `"2026-07-28"`, "era", `"modern"`, "pid", "")
	wants(t, h, "GET", "servers/off", "", 200, "disabled", "true", "state", `"disabled"`, "health.level", `"off"`, "capabilities", "", "lists.tools", "0")
	wants(t, h, "GET", "servers/sick", "", 200, "state", `"failed"`, "health.level", `"error"`)
	wants(t, h, "GET", "servers/hub", "", 200, "builtin", "true", "transport", `"local"`, "state", `"ready"`, "config", "")

	pid := hubtest.Get(wants(t, h, "GET", "servers/a", "", 200), "pid")
	wants(t, h, "POST", "servers/a/stop", "", 200, "state", `"idle"`, "pid", "")
	wants(t, h, "POST", "servers/a/start", "", 200, "state", `"ready"`)
	again := hubtest.Get(wants(t, h, "POST", "servers/a/restart", "", 200, "state", `"ready"`), "pid")
	if again == pid || again == "" {
		t.Errorf("pid is %s after a restart, and was %s", again, pid)
	}
	wants(t, h, "POST", "servers/sick/start", "", 200, "state", `"failed"`)
}

func TestV2Log(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no shell")
	}
	h := hubtest.Start(t, hubtest.Config("{}", "noisy", `"command":"sh","args":["-c","echo one >&2; echo two >&2; exec sleep 60"]`))
	hubtest.Eventually(t, "both lines are in the log", func() bool {
		s := h.Set().Get("noisy")
		return s != nil && len(s.Log()) >= 2
	})
	var log struct {
		Lines []struct{ Time, Text string }
	}
	if err := json.Unmarshal([]byte(wants(t, h, "GET", "servers/noisy/logs", "", 200)), &log); err != nil || len(log.Lines) < 2 || log.Lines[0].Text != "one" || log.Lines[0].Time == "" {
		t.Errorf("%v: %v", err, log)
	}
	if err := json.Unmarshal([]byte(wants(t, h, "GET", "servers/noisy/logs?lines=1", "", 200)), &log); err != nil || len(log.Lines) != 1 || log.Lines[0].Text != "two" {
		t.Errorf("%v: %v", err, log)
	}
}

// TestV2Edit: what is created, changed and deleted stands in the file, and comments survive.
func TestV2Edit(t *testing.T) {
	h := hubtest.Start(t, "{\n  // mine\n  \"mcpServers\": {},\n}")
	entry := "{" + hubtest.Stdio(t, hubtest.Script{Name: "n", Tools: tools("x")}) + "}"
	status, header, text := ask(t, h, "POST", "servers", `{"name":"New 1","config":`+entry+`}`)
	if status != 201 || header.Get("Location") != "/api/v2/servers/New%201" || hubtest.Get(text, "name") != `"New 1"` {
		t.Errorf("%d %v %s", status, header, text)
	}
	h.Ready("New 1")
	wants(t, h, "PATCH", "servers/New%201", `{"disabled":true}`, 200, "disabled", "true")
	hubtest.Eventually(t, "it is disabled", func() bool { return is(h, "New 1", upstream.Disabled) })
	wants(t, h, "PATCH", "servers/New%201", `{"config":{"command":"other"},"disabled":true}`, 200, "disabled", "true")
	file, err := os.ReadFile(h.File)
	if err != nil || !strings.Contains(string(file), `"other"`) || !strings.Contains(string(file), "// mine") || !strings.Contains(string(file), `"disabled": true`) {
		t.Errorf("%v: %s", err, file)
	}
	wants(t, h, "DELETE", "servers/New%201", "", 200)
	wants(t, h, "GET", "servers/New%201", "", 404)
	if file, err := os.ReadFile(h.File); err != nil || strings.Contains(string(file), "New 1") || !strings.Contains(string(file), "// mine") {
		t.Errorf("%v: %s", err, file)
	}
}

// TestV2Stream: a hub tells what happens to its servers, and ends the stream when it ends.
func TestV2Stream(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}", "a", hubtest.Stdio(t, hubtest.Script{Name: "a"}))).Ready("a")
	s := h.Raw("/api/v2/stream").Listen()
	if first := s.Next(); hubtest.Get(first, "hub", "state") == "" || hubtest.Get(first, "servers") == "" || hubtest.Get(first, "seq") == "" {
		t.Errorf("first message is %s", first)
	}
	wants(t, h, "POST", "servers/a/stop", "", 200)
	for hubtest.Get(s.Next(), "data", "to") != `"idle"` {
	}
	if err := h.Stop(); err != nil {
		t.Error(err)
	}
	if rest := s.Rest(); !slices.ContainsFunc(rest, func(text string) bool { return hubtest.Get(text, "data", "state") == `"stopping"` }) {
		t.Errorf("nothing of the hub's end in %s", rest)
	}
}

func TestV2OpenAPI(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}"))
	_, _, text := ask(t, h, "GET", "openapi.json", "")
	want, err := os.ReadFile("openapi.json")
	if err != nil || strings.TrimSpace(text) != strings.TrimSpace(string(want)) {
		t.Errorf("%v: %.200s", err, text)
	}
}

// TestV2Offers: what is hidden from clients is still told, and can be shown again.
func TestV2Offers(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}", "a", hubtest.Stdio(t, hubtest.Script{Name: "a", Tools: tools("x", "y"), Prompts: []string{`{"name":"p"}`}}))).Ready("a")
	wants(t, h, "PATCH", "servers/a", `{"tools":{"x":false,"y":true},"prompts":{"p":false}}`, 200, "state", `"ready"`)
	var got struct {
		Tools, Prompts, Resources, ResourceTemplates []struct {
			Name       string
			Offered    bool
			Definition struct{ Name string }
		}
	}
	for _, path := range []string{"tools", "prompts", "resources"} {
		if err := json.Unmarshal([]byte(wants(t, h, "GET", "servers/a/"+path, "", 200)), &got); err != nil {
			t.Fatal(err)
		}
	}
	if len(got.Tools) != 2 || got.Tools[0].Offered || !got.Tools[1].Offered || got.Tools[0].Definition.Name != "x" || len(got.Prompts) != 1 || got.Prompts[0].Offered || got.Resources == nil || got.ResourceTemplates == nil {
		t.Errorf("%+v", got)
	}
	hubtest.Eventually(t, "clients see y alone", func() bool {
		list := h.Modern("/mcp/a").Call("1", "tools/list", "{}").Text()
		return strings.Contains(list, `"name":"y"`) && !strings.Contains(list, `"name":"x"`)
	})
	wants(t, h, "PATCH", "servers/a", `{"tools":{"x":true}}`, 200)
	if file, err := os.ReadFile(h.File); err != nil || strings.Contains(string(file), "disabled_tools") || !strings.Contains(string(file), "disabled_prompts") {
		t.Errorf("%v: %s", err, file)
	}
	wants(t, h, "GET", "servers/none/tools", "", 404)
	wants(t, h, "PATCH", "servers/a", `{"tools":{}}`, 422)
}

// TestV2Trial: a trial tells what a server offers or why it fails, and leaves nothing behind.
func TestV2Trial(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}"))
	entry := "{" + hubtest.Stdio(t, hubtest.Script{Name: "n", Tools: tools("x")}) + "}"
	wants(t, h, "POST", "trials", `{"name":"n","config":`+entry+`}`, 200, "server.state", `"ready"`, "server.lists.tools", "1", "server.config", "")
	wants(t, h, "POST", "trials", `{"name":"n","config":{"command":"/no/such/program"}}`, 200, "server.health.level", `"error"`, "tools", "[]")
	wants(t, h, "POST", "trials", `{"name":"n","config":{}}`, 200, "server.state", `"failed"`)
	wants(t, h, "POST", "trials", `{"name":"n","config":[]}`, 422, "code", `"INVALID_SERVER"`)
	wants(t, h, "GET", "servers/n", "", 404)
	wants(t, h, "GET", "config/schema", "", 200, "title", `"MCP Hub configuration"`)
}
