package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mcphub/test/rig"
)

// TestEditors walks through the days of two editors with mcphub.nvim that share a hub.
func TestEditors(t *testing.T) {
	t.Parallel()
	home, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(home, "project")
	if err := os.MkdirAll(filepath.Join(dir, ".mcphub"), 0o700); err != nil {
		t.Fatal(err)
	}
	// The plugin hands on the names as they are, so they are not made absolute or clean.
	global, project := filepath.Join(home, "servers.json"), dir+"/.mcphub/../.mcphub/servers.json"
	every := everything(t)
	every.Env = map[string]string{"KEY": "${input:api-key}"}
	configure(t, global, map[string]rig.Server{"everything": every, "fixture": {Command: "/nowhere"}, "off": {Command: "/nowhere", Disabled: true}})
	configure(t, project, map[string]rig.Server{"fixture": {Command: rig.Build(t, rig.Fixture)}})
	one := &editor{
		t: t, port: rig.FreePort(t), home: home, state: filepath.Join(home, "state", "mcp-hub"), dir: dir,
		configs: []string{global, project}, delay: time.Second,
	}
	other := *one

	one.probe()
	if rule := one.rule(); rule != toStart {
		t.Fatalf("without a hub: %s", rule)
	}
	live := one.listen() // begins before there is anything at the port, and tries again
	one.start()
	first := live.next()
	if first.name != "hub_state" || first.data["server_id"] != "mcp-hub" || first.data["pid"] != float64(one.hub.Pid()) || first.data["port"] != float64(one.port) {
		t.Fatalf("the first event is %v", first)
	}
	if first.data["state"] != "ready" {
		live.until("hub_state", "state", "ready")
	}
	attached := func(e *editor, pid int) {
		t.Helper()
		if rule := e.rule(); rule != toAttach {
			t.Fatalf("with a hub: %s", rule)
		}
		if entry := e.entry(); entry["pid"] != float64(pid) || entry["port"] != float64(e.port) || entry["cwd"] != dir || entry["state"] != "active" {
			t.Errorf("the hub stands in the register as %v", entry)
		}
	}
	attached(one, one.hub.Pid())
	healthy(t, one)
	browse(t, one)
	use(t, one, live)

	mine := other
	mine.configs = []string{global}
	if rule := mine.rule(); rule != toRestart+"other files" {
		t.Errorf("an editor with other files: %s", rule)
	}
	attached(&other, one.hub.Pid())
	second := other.listen()
	if e := second.next(); !e.is("hub_state", "state", "ready") {
		t.Fatalf("the first event of a hub that is ready is %v", e)
	}

	// One asks for a restart, and starts the next hub as soon as it has the answer. Both hear of it.
	old := one.hub
	if a := one.ask("POST", "hard-restart", ""); a.get("status") != "ok" {
		t.Errorf("hard restart: %v", a.body)
	}
	again := one.listen()
	one.start()
	for _, v := range []*events{live, second} {
		v.until("hub_state", "state", "restarting")
		if e := v.next(); !e.is("hub_state", "state", "stopping") {
			t.Errorf("after restarting came %v", e)
		}
		v.ends()
	}
	if code := old.Wait(t, 5*time.Second); code != 0 {
		t.Errorf("the old hub ended with exit code %d", code)
	}
	if e := again.next(); e.data["pid"] != float64(one.hub.Pid()) {
		t.Errorf("the first event of the new hub is %v", e)
	}
	attached(&other, one.hub.Pid())
	second = other.listen()
	second.until("hub_state", "state", "ready")

	// Nobody tells the hub that an editor has quit: it notices when it sends something, at the latest its heartbeat.
	one.quit(again)
	second.until("heartbeat", "connections", 1.0)
	attached(&other, one.hub.Pid()) // the editor that started it is gone
	other.quit(second)
	rig.Eventually(t, 15*time.Second, "the hub says that it is about to end", func() error {
		entry := other.entry()
		if entry["state"] != "shutting_down" || entry["shutdownDelay"] != 1000.0 || entry["shutdownStartedAt"] == nil {
			return fmt.Errorf("its entry is %v", entry)
		}
		return nil
	})
	if code := one.hub.Wait(t, 10*time.Second); code != 0 {
		t.Errorf("the hub ended with exit code %d", code)
	}
	if entry := other.entry(); entry != nil {
		t.Errorf("left in the register: %v", entry)
	}
}

func configure(t *testing.T, file string, servers map[string]rig.Server) {
	t.Helper()
	text, err := json.Marshal(map[string]any{"mcpServers": servers})
	if err == nil {
		err = os.WriteFile(file, text, 0o600) // in place, as the plugin does
	}
	if err != nil {
		t.Fatal(err)
	}
}

// server returns a server as the plugin shows it.
func (e *editor) server(name string) map[string]any {
	e.t.Helper()
	servers, _ := e.ask("GET", "health", "").get("servers").([]any)
	for _, s := range servers {
		if get(s, "name") == name {
			return s.(map[string]any)
		}
	}
	e.t.Fatalf("no server %s in %v", name, servers)
	return nil
}

func healthy(t *testing.T, e *editor) {
	a := e.ask("GET", "health", "")
	port := strconv.Itoa(e.port)
	if a.get("status") != "ok" || a.get("version") != "4.2.1" || a.get("workspaces", "current") != port || get(a.get("workspaces", "allActive"), port) == nil {
		t.Errorf("health is %v", a.body)
	}
	for name, want := range map[string]struct{ status, file string }{
		"everything": {"connected", e.configs[0]}, "fixture": {"connected", e.configs[1]}, "off": {"disabled", e.configs[0]},
	} {
		s := e.server(name)
		if s["status"] != want.status || s["config_source"] != want.file || s["displayName"] != name {
			t.Errorf("server %s is %v, want %v", name, s, want)
		}
		for _, kind := range []string{"tools", "resources", "resourceTemplates", "prompts"} {
			if _, ok := get(s, "capabilities", kind).([]any); !ok {
				t.Errorf("server %s: %s is no list: %v", name, kind, get(s, "capabilities", kind))
			}
		}
		tools, _ := get(s, "capabilities", "tools").([]any)
		for _, tool := range tools {
			if _, ok := get(tool, "inputSchema").(map[string]any); !ok || get(tool, "name") == nil {
				t.Errorf("server %s: tool %v", name, tool)
			}
		}
	}
	if a := e.ask("GET", "refresh", ""); len(a.get("servers").([]any)) != 3 {
		t.Errorf("refresh is %v", a.body)
	}
}

func browse(t *testing.T, e *editor) {
	a := e.ask("GET", "marketplace", "")
	items, _ := a.get("servers").([]any)
	if _, ok := a.get("timestamp").(string); !ok || len(items) == 0 {
		t.Fatalf("marketplace is %v", a.body)
	}
	for _, item := range items {
		for _, key := range []string{"id", "name", "description", "author", "url", "category"} {
			if _, ok := get(item, key).(string); !ok {
				t.Errorf("%v has no %s", item, key)
			}
		}
		installations, _ := get(item, "installations").([]any)
		for _, in := range installations {
			text, _ := get(in, "config").(string)
			if !json.Valid([]byte(text)) {
				t.Errorf("%v: config is no JSON", in)
			}
		}
	}
}

func use(t *testing.T, e *editor, live *events) {
	text := func(a answer) string {
		content, _ := a.get("result", "content").([]any)
		if len(content) == 0 {
			t.Fatalf("no content in %v", a.body)
		}
		return fmt.Sprint(get(content[0], "text"))
	}
	if got := text(e.call("everything", "echo", `{"message":"hello"}`)); got != "Echo: hello" {
		t.Errorf("echo says %q", got)
	}
	s := e.server("everything")
	named := func(kind, wanted, key string) string {
		items, _ := get(s, "capabilities", kind).([]any)
		for _, item := range items {
			if name, _ := get(item, key).(string); strings.Contains(strings.ToLower(name), wanted) {
				return name
			}
		}
		t.Fatalf("no %s among the %s %v", wanted, kind, items)
		return ""
	}
	if got := text(e.call("everything", named("tools", "env", "name"), `{}`)); !strings.Contains(got, `"from the editor"`) || !strings.Contains(got, `"PLAIN"`) || strings.Contains(got, "input:api-key") {
		t.Errorf("the server's environment is %s", got)
	}
	if a, err := e.request("POST", "servers/tools", `{"server_name":"fixture","tool":"echo","arguments":{"text":"late","delayMs":20000},"request_options":{"timeout":300}}`, 5300*time.Millisecond); err != nil ||
		a.status != 500 || a.get("code") != -32001.0 || a.get("error") != "MCP error -32001: Request timed out" {
		t.Errorf("a call that takes too long: %d %v, %v", a.status, a.body, err)
	}

	uri := named("resources", "", "uri")
	a := e.ask("POST", "servers/resources", fmt.Sprintf(`{"server_name":"everything","uri":%q,"request_options":{"timeout":30000}}`, uri))
	if contents, _ := a.get("result", "contents").([]any); len(contents) == 0 || get(contents[0], "uri") != uri {
		t.Errorf("resource %s is %v", uri, a.body)
	}
	prompt := named("prompts", "simple", "name")
	a = e.ask("POST", "servers/prompts", fmt.Sprintf(`{"server_name":"everything","prompt":%q,"arguments":{},"request_options":{"timeout":30000}}`, prompt))
	if messages, _ := a.get("result", "messages").([]any); len(messages) == 0 || get(messages[0], "content", "type") != "text" {
		t.Errorf("prompt %s is %v", prompt, a.body)
	}

	e.refused("servers/tools", `{"server_name":"nobody","tool":"x","arguments":{}}`, 500, "Server not found")
	e.refused("servers/authorize", `{"server_name":"nobody"}`, 500, "Server not found")
	e.refused("oauth/manual_callback", `{}`, 400, "Missing URL parameter")
	e.refused("oauth/manual_callback", `{"url":"http://localhost/api/oauth/callback?code=x&server_name=nobody"}`, 500, "Server not found")

	// A server is switched off and on; what is told then is so already. The plugin also writes into the file that it is on.
	fixture := map[string]rig.Server{"fixture": {Command: rig.Build(t, rig.Fixture)}}
	for _, x := range []struct{ path, status string }{{"servers/stop?disable=true", "disabled"}, {"servers/start", "connected"}} {
		if x.status == "connected" {
			configure(t, e.configs[1], fixture)
		}
		a := e.ask("POST", x.path, `{"server_name":"fixture"}`)
		if a.get("status") != "ok" || a.get("server", "status") != x.status {
			t.Errorf("%s: %v", x.path, a.body)
		}
		for settled := false; !settled; {
			event := live.until("subscription_event", "type", "servers_updated")
			settled = reflect.DeepEqual(get(event.data, "changes", "modified"), []any{"fixture"}) && e.server("fixture")["status"] == x.status
		}
		if file, err := os.ReadFile(e.configs[1]); err != nil || strings.Contains(string(file), `"disabled":true`) != (x.status == "disabled") {
			t.Errorf("%s: the file is %s, %v", x.path, file, err)
		}
	}
	pid := text(e.call("fixture", "pid", `{}`))

	// A server gets a tool.
	e.call("fixture", "add_tool", `{"name":"brand_new"}`)
	changed := live.until("subscription_event", "type", "tool_list_changed")
	if tools, _ := changed.data["tools"].([]any); changed.data["server"] != "fixture" || !slices.ContainsFunc(tools, func(tool any) bool { return get(tool, "name") == "brand_new" }) {
		t.Errorf("told %v", changed)
	}

	// The plugin writes the file in place, and what follows comes in this order.
	fixture["more"] = fixture["fixture"]
	configure(t, e.configs[1], fixture)
	live.until("subscription_event", "type", "config_changed")
	updating := live.until("subscription_event", "type", "servers_updating")
	if !reflect.DeepEqual(get(updating.data, "changes", "added"), []any{"more"}) {
		t.Errorf("told %v", updating)
	}
	for {
		updated := live.until("subscription_event", "type", "servers_updated")
		if added, ok := get(updated.data, "changes", "added").([]any); ok && len(added) > 0 {
			break
		}
	}
	if s := e.server("more"); s["status"] != "connected" || s["config_source"] != e.configs[1] {
		t.Errorf("the new server is %v", s)
	}
	if now := text(e.call("fixture", "pid", `{}`)); now != pid {
		t.Errorf("the fixture was process %s and is %s", pid, now)
	}
}
