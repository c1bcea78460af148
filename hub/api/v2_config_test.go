package api_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"mcphub/hub/hubtest"
)

// TestV2Files: who edits a file that somebody else has changed loses neither.
func TestV2Files(t *testing.T) {
	const first, second = `{"mcpServers":{"a":{"command":"one","disabled":true}}}`, `{"mcpServers":{"b":{"command":"two","disabled":true}}}`
	h := hubtest.Start(t, first)
	var list struct {
		Files []struct {
			Index int
			Path  string
		}
	}
	if err := json.Unmarshal([]byte(wants(t, h, "GET", "config/files", "", 200, "diagnostics", "[]")), &list); err != nil || len(list.Files) != 1 || list.Files[0].Path != h.File {
		t.Fatalf("%v: %v", err, list)
	}
	status, header, text := ask(t, h, "GET", "config/files/0", "")
	tag := header.Get("Etag")
	var file struct{ Path, Text, ETag string }
	if err := json.Unmarshal([]byte(text), &file); err != nil || status != 200 || file.Text != first || file.Path != h.File || file.ETag != tag || !strings.HasPrefix(tag, `"`) {
		t.Fatalf("%v: %d %v %s", err, status, header, text)
	}
	put := func(text, match string) (int, string, string) {
		body, err := json.Marshal(map[string]string{"text": text})
		if err != nil {
			t.Fatal(err)
		}
		status, header, answer := ask(t, h, "PUT", "config/files/0", string(body), "If-Match", match)
		return status, header.Get("Etag"), answer
	}
	status, next, answer := put(second, tag)
	if status != 200 || next == tag || next == "" {
		t.Fatalf("%d %s %s", status, next, answer)
	}
	wants(t, h, "GET", "servers/b", "", 200, "state", `"disabled"`)
	wants(t, h, "GET", "servers/a", "", 404)
	if status, _, answer := put(first, tag); status != 412 || hubtest.Get(answer, "code") != `"CONFIG_CHANGED"` {
		t.Errorf("%d %s", status, answer)
	}
	if status, _, answer := put("{ x: ", next); status != 422 || hubtest.Get(answer, "code") != `"CONFIG_INVALID"` || hubtest.Get(answer, "data", "line") != "1" {
		t.Errorf("%d %s", status, answer)
	}
	h.Rewrite(first) // an editor, of which the hub may not have heard yet
	if status, _, answer := put(second, next); status != 412 {
		t.Errorf("%d %s", status, answer)
	}
	if got, err := os.ReadFile(h.File); err != nil || string(got) != first {
		t.Errorf("%v: %s", err, got)
	}
	h.Rewrite("{ broken")
	wants(t, h, "POST", "servers", `{"name":"c","config":{"command":"x"}}`, 409, "code", `"CONFIG_BROKEN"`)
}

func TestV2Validate(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}"))
	wants(t, h, "POST", "config/validate", `{"text":"{mcpServers:{a:{command:'x'}}}"}`, 200, "valid", "true", "diagnostics", "[]")
	text := wants(t, h, "POST", "config/validate", `{"text":"{mcpServers:{\n a:{}}}","path":"f.json"}`, 200, "valid", "false")
	var d struct {
		Diagnostics []struct {
			Server, File string
			Line         int
		}
	}
	if err := json.Unmarshal([]byte(text), &d); err != nil || len(d.Diagnostics) != 1 || d.Diagnostics[0].Server != "a" || d.Diagnostics[0].File != "f.json" || d.Diagnostics[0].Line != 2 {
		t.Errorf("%v: %s", err, text)
	}
}

// TestV2Effective: keys and origins are told, and no secrets.
func TestV2Effective(t *testing.T) {
	h := hubtest.Start(t, `{
  "hub": {"pageSize": 50},
  "inputs": [{"id": "k", "default": "hush"}],
  "mcpServers": {
    "a": {"command": "npx", "args": ["--token", "hush", "${TOKEN}", "${A:-hush}"], "disabled": true, "cwd": "/tmp",
      "env": {"K": "hush", "L": "${TOKEN}${env:OTHER}", "M": "${cmd: echo hush}", "N": null, "O": 123456, "P": "x${TOKEN}"}, "mine": {"deep": ["hush"]}},
    "b": {"url": "https://hush@example.com/?key=hush", "headers": {"Authorization": "Bearer hush"}, "oauth": {"clientId": "me", "clientSecret": "hush", "privateKey": "hush", "redirectPort": 3118, "scopes": ["read"]}, "disabled": true},
    "c": {"url": "${HERE}", "command": ["npx", "hush"], "disabled_tools": ["x"], "dev": {"watch": ["*.go"], "cwd": "/tmp"}, "disabled": true}
  }
}`)
	text := wants(t, h, "GET", "config/effective", "", 200)
	if strings.Contains(text, "hush") || strings.Contains(text, "123456") {
		t.Errorf("a secret is told: %s", text)
	}
	type setting struct {
		Name  string
		Value json.RawMessage
		From  struct {
			File string
			Line int
		}
	}
	var e struct{ Servers, Settings []setting }
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	got := map[string]setting{}
	for _, s := range append(e.Servers, e.Settings...) {
		got[s.Name] = s
	}
	for name, want := range map[string]struct {
		value string
		line  int
	}{
		"a": {`{"args":["••••","••••","${TOKEN}","••••"],"command":"npx","cwd":"/tmp","disabled":true,"env":{"K":"••••","L":"${TOKEN}${env:OTHER}","M":"••••","N":null,"O":"••••","P":"••••"},"mine":{"deep":["••••"]}}`, 5},
		"b": {`{"disabled":true,"headers":{"Authorization":"••••"},"oauth":{"clientId":"me","clientSecret":"••••","privateKey":"••••","redirectPort":3118,"scopes":["read"]},"url":"••••"}`, 7},
		"c": {`{"command":["••••","••••"],"dev":{"cwd":"/tmp","watch":["*.go"]},"disabled":true,"disabled_tools":["x"],"url":"${HERE}"}`, 8},

		"hub":    {`{"pageSize":50}`, 2},
		"inputs": {`[{"default":"••••","id":"••••"}]`, 3},
	} {
		if s := got[name]; string(s.Value) != want.value || s.From.Line != want.line || s.From.File != h.File {
			t.Errorf("%s: %s from %v, want %s from line %d", name, s.Value, s.From, want.value, want.line)
		}
	}
}

// TestV2Settings: a setting is changed in its file, and nobody's change is lost by that.
func TestV2Settings(t *testing.T) {
	const before = `{"hub":{"history":{"days":30 /* a month */}},"mcpServers":{}}`
	h := hubtest.Start(t, before)
	text := wants(t, h, "GET", "config/files", "", 200)
	_, rest, _ := strings.Cut(text, `"etag":"\"`)
	tag, _, _ := strings.Cut(rest, `\"`)
	patch := func(body, tag string) (int, string) {
		status, _, answer := ask(t, h, "PATCH", "config/files/0/settings", body, "If-Match", `"`+tag+`"`)
		return status, answer
	}
	if status, answer := patch(`{"key":"hub.history.days","value":0}`, tag); status != 422 || hubtest.Get(answer, "code") != `"INVALID_SETTING"` ||
		hubtest.Get(answer, "error") != `"hub.history.days must be a whole number from 1 to 3650"` {
		t.Errorf("%d %s", status, answer)
	}
	if status, answer := patch(`{"key":"hub.spoon","value":0}`, tag); status != 422 || hubtest.Get(answer, "code") != `"UNKNOWN_SETTING"` {
		t.Errorf("%d %s", status, answer)
	}
	wants(t, h, "PATCH", "config/files/0/settings", `{"key":"hub.history.days","value":7}`, 428)
	wants(t, h, "PATCH", "config/files/7/settings", `{"key":"hub.history.days","value":7}`, 404)
	status, answer := patch(`{"key":"hub.history.days","value":7}`, tag)
	if status != 200 || hubtest.Get(answer, "before") != "30" {
		t.Fatalf("%d %s", status, answer)
	}
	if now := wants(t, h, "GET", "config/effective", "", 200); !strings.Contains(now, `"days":7`) {
		t.Errorf("not applied: %s", now)
	}
	if status, answer := patch(`{"key":"hub.history.days","value":8}`, tag); status != 412 || hubtest.Get(answer, "code") != `"CONFIG_CHANGED"` {
		t.Errorf("%d %s", status, answer)
	}
	next := strings.Trim(hubtest.Get(answer, "etag"), `\"`)
	if status, answer := patch(`{"key":"hub.history.days","value":30}`, next); status != 200 || hubtest.Get(answer, "before") != "7" {
		t.Errorf("%d %s", status, answer)
	}
	if got, err := os.ReadFile(h.File); err != nil || string(got) != before {
		t.Errorf("%v: %s", err, got)
	}
	wants(t, h, "GET", "config/effective", "", 200, "flags", "[]")
}
