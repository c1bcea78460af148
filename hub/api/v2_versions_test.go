package api_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"mcphub/hub/hubtest"
)

// TestV2Versions: what was replaced can be seen, compared and put back, and the way back is one of the versions too.
func TestV2Versions(t *testing.T) {
	const first, second = `{"mcpServers":{"a":{"command":"one","disabled":true}}}`, `{"mcpServers":{"b":{"command":"two","disabled":true}}}`
	h := hubtest.StartIn(t, t.TempDir(), first)
	versions := func() (ids []string, current int) {
		var list struct {
			Versions []struct {
				ID, Until string
				Size      int
				Current   bool
			}
		}
		if err := json.Unmarshal([]byte(wants(t, h, "GET", "config/files/0/versions", "", 200)), &list); err != nil {
			t.Fatal(err)
		}
		current = -1
		for i, v := range list.Versions {
			ids = append(ids, v.ID)
			if v.Current {
				current = i
			}
		}
		return ids, current
	}
	put := func(text string) {
		t.Helper()
		_, header, _ := ask(t, h, "GET", "config/files/0", "")
		body, err := json.Marshal(map[string]string{"text": text})
		if err != nil {
			t.Fatal(err)
		}
		if status, _, answer := ask(t, h, "PUT", "config/files/0", string(body), "If-Match", header.Get("Etag")); status != 200 {
			t.Fatal(answer)
		}
	}
	text := func(id string) (text string) {
		answer := wants(t, h, "GET", "config/files/0/versions/"+id, "", 200)
		if err := json.Unmarshal([]byte(hubtest.Get(answer, "text")), &text); err != nil {
			t.Fatal(err)
		}
		return text
	}
	if ids, _ := versions(); len(ids) != 0 {
		t.Fatal(ids)
	}
	put(second)
	ids, current := versions()
	if len(ids) != 1 || current != -1 || text(ids[0]) != first {
		t.Fatal(ids, current)
	}
	put(text(ids[0]))
	ids, current = versions()
	if len(ids) != 2 || current != 1 || text(ids[0]) != second {
		t.Fatal(ids, current)
	}
	if got, err := os.ReadFile(h.File); err != nil || string(got) != first {
		t.Errorf("%v: %s", err, got)
	}
	wants(t, h, "GET", "config/files/0/versions/"+strings.Repeat("0", 16), "", 404, "code", `"VERSION_NOT_FOUND"`)
	for _, path := range []string{"/versions", "/versions/" + ids[0]} {
		wants(t, h, "GET", "config/files/7"+path, "", 404, "code", `"FILE_NOT_FOUND"`)
	}
}

// TestV2Plan: the hub says beforehand what a change does.
func TestV2Plan(t *testing.T) {
	h := hubtest.Start(t, `{"mcpServers":{
		"off":{"command":"x","disabled":true}, "on":{"command":"no such program"}, "other":{"command":"no such program"}, "same":{"command":"no such program"},
		"gone":{"command":"x","disabled":true}, "described":{"command":"x","disabled":true}}}`)
	body := func(text string) string {
		b, err := json.Marshal(map[string]string{"text": text})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	wants(t, h, "POST", "config/files/0/plan", body(`{"mcpServers":{
		"off":{"command":"no such program"}, "on":{"command":"no such program","disabled":true}, "other":{"command":"no other program"}, "same":{"command":"no such program"},
		"new":{"command":"x"}, "described":{"command":"x","disabled":true,"description":"new"}}}`), 200,
		"start", `["off"]`, "stop", `["on"]`, "restart", `["other"]`, "keep", `["same"]`, "add", `["new"]`, "remove", `["gone"]`, "update", `["described"]`)
	wants(t, h, "POST", "config/files/0/plan", body("{"), 422, "code", `"CONFIG_INVALID"`)
	wants(t, h, "POST", "config/files/7/plan", body("{}"), 404, "code", `"FILE_NOT_FOUND"`)
	wants(t, h, "GET", "servers/new", "", 404)
	wants(t, h, "GET", "servers/on", "", 200, "disabled", "false")
}
