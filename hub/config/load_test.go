package config

import (
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// load reads files from a fresh folder, in the order of their names' letters given in paths.
func load(t *testing.T, files map[string]string, paths ...string) *Snapshot {
	t.Helper()
	dir := t.TempDir()
	writeFiles(t, dir, files)
	store, err := open(t, Options{Dir: dir, Paths: paths})
	if err != nil {
		t.Fatal(err)
	}
	return store.Current()
}

func TestFilesAreMerged(t *testing.T) {
	snapshot := load(t, map[string]string{
		"global.json":  `{mcpServers: {one: {command: "a", env: {X: "1"}, disabled: true}, two: {command: "b"}}, nativeMCPServers: {n: 1}, hub: {pageSize: 5, builtin: false}, extra: 1}`,
		"project.json": "{\n  \"servers\": {\n    \"one\": {\"url\": \"https://h/\"}\n  },\n  \"mcpServers\": {\"three\": {\"command\": \"c\"}}, \"extra\": [2], \"hub\": {\"nameLimit\": 32}\n}",
	}, "global.json", "missing.json", "./project.json")

	var names []string
	for _, s := range snapshot.Servers {
		names = append(names, s.Name)
	}
	if !reflect.DeepEqual(names, []string{"one", "two"}) {
		t.Fatalf("servers = %v", names)
	}
	one, _ := snapshot.Server("one")
	if one.Transport != Remote || one.Disabled || one.Source != "./project.json" || one.File != (Position{"./project.json", 3, 5}) {
		t.Errorf("the later file does not replace the whole entry: %+v", one)
	}
	if _, ok := snapshot.Server("three"); ok {
		t.Error("mcpServers counts although there is servers")
	}
	hub := DefaultSettings()
	hub.NameLimit = 32
	if snapshot.Hub != hub {
		t.Errorf("hub = %+v, want %+v", snapshot.Hub, hub)
	}
	want := map[string]json.RawMessage{"nativeMCPServers": json.RawMessage(`{"n":1}`), "extra": json.RawMessage("[2]")}
	if !reflect.DeepEqual(snapshot.Extra, want) {
		t.Errorf("extra = %s", snapshot.Extra)
	}
	files := []File{{Path: "global.json"}, {Path: "missing.json", Missing: true}, {Path: "./project.json"}}
	if !reflect.DeepEqual(snapshot.Files, files) {
		t.Errorf("files = %+v", snapshot.Files)
	}
	if len(snapshot.Diagnostics) != 0 {
		t.Errorf("diagnostics = %v", snapshot.Diagnostics)
	}
}

func TestEntryIsReadWhole(t *testing.T) {
	folder := filepath.ToSlash(t.TempDir())
	snapshot := load(t, map[string]string{"a.json": `{mcpServers: {s: {
		name: "Shown", description: "What for", command: "run", protocol: "modern", timeout: 12345678901234567890, // kept
		dev: {cwd: "` + folder + `", watch: ["*.go"], enabled: false},
		disabled_tools: ["t", 1], disabled_prompts: ["p"], disabled_resources: ["r"], disabled_resourceTemplates: ["rt"],
	}}}`}, "a.json")
	s, _ := snapshot.Server("s")
	if s.Err != nil {
		t.Fatal(s.Err)
	}
	if s.DisplayName != "Shown" || s.Description != "What for" || s.Protocol != ProtocolModern || s.Transport != Stdio {
		t.Errorf("server = %+v", s)
	}
	if !reflect.DeepEqual(s.Dev, &Dev{Enabled: false, Watch: []string{"*.go"}, Cwd: folder}) {
		t.Errorf("dev = %+v", s.Dev)
	}
	lists := [][]string{s.DisabledTools, s.DisabledPrompts, s.DisabledResources, s.DisabledResourceTemplates}
	if !reflect.DeepEqual(lists, [][]string{{"t"}, {"p"}, {"r"}, {"rt"}}) {
		t.Errorf("disabled lists = %v", lists)
	}
	if !strings.HasPrefix(string(s.Raw), `{"name":"Shown","description"`) || !strings.Contains(string(s.Raw), `"timeout":12345678901234567890`) {
		t.Errorf("raw = %s", s.Raw)
	}
	if got := slog.AnyValue(s).Resolve().String(); got != "s" {
		t.Errorf("the log shows %s", got)
	}
}

func TestShapesOfOtherClients(t *testing.T) {
	tests := []struct {
		name, text string
		command    string
		args       int
		url        string
		disabled   bool
		bad        string
	}{
		{name: "Claude Desktop", text: `{"mcpServers": {"s": {"command": "npx", "args": ["-y", "x"], "env": {"K": "v"}}}, "globalShortcut": ""}`, command: "npx", args: 2},
		{name: "Cursor", text: `{"mcpServers": {"s": {"url": "https://h/mcp", "headers": {"A": "b"}}}}`, url: "https://h/mcp"},
		{name: "VS Code", text: `{"inputs": [], "servers": {"s": {"type": "http", "url": "https://h/mcp"}}}`, url: "https://h/mcp"},
		{name: "Windsurf", text: `{"mcpServers": {"s": {"serverUrl": "https://h/sse"}}}`, url: "https://h/sse"},
		{name: "Windsurf with null", text: `{"mcpServers": {"s": {"command": "c", "url": null}}}`, command: "c"},
		{name: "Zed", text: `{"theme": "x", "context_servers": {"s": {"source": "custom", "command": "c", "args": ["1"], "enabled": false}}}`, command: "c", args: 1, disabled: true},
		{name: "older Zed", text: `{"context_servers": {"s": {"command": {"path": "c", "args": ["1"], "env": {"K": "v"}}, "settings": {}}}}`, command: "c", args: 1},
		{name: "Zed remote", text: `{"context_servers": {"s": {"url": "https://h/mcp"}}}`, url: "https://h/mcp"},
		{name: "Zed extension", text: `{"context_servers": {"s": {"source": "extension", "settings": {}}}}`, bad: "extension of Zed"},
		{name: "array", text: `[{"name": "s", "command": "c"}]`, command: "c"},
		{name: "array under mcpServers", text: `{"mcpServers": [{"name": "s", "url": "https://h/"}]}`, url: "https://h/"},
		{name: "enabled elsewhere is unknown", text: `{"mcpServers": {"s": {"command": "c", "enabled": false}}}`, command: "c"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, ok := load(t, map[string]string{"a.json": test.text}, "a.json").Server("s")
			if !ok {
				t.Fatal("there is no server")
			}
			if test.bad != "" {
				if s.Err == nil || !strings.Contains(s.Err.Message, test.bad) {
					t.Errorf("Err = %v", s.Err)
				}
				return
			}
			if s.Err != nil || s.DisplayName != "s" {
				t.Fatalf("Err = %v, shown as %s", s.Err, s.DisplayName)
			}
			resolved, err := s.Resolve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if resolved.Command != test.command || len(resolved.Args) != test.args || resolved.URL.Reveal() != test.url || s.Disabled != test.disabled {
				t.Errorf("command %q, %d args, url %q, disabled %v", resolved.Command, len(resolved.Args), resolved.URL.Reveal(), s.Disabled)
			}
			if strings.Contains(test.text, `"K"`) && resolved.Env["K"].Reveal() != "v" {
				t.Error("env is lost")
			}
		})
	}
}

func TestDiagnosticsSayWhere(t *testing.T) {
	tests := []struct {
		entry, message string
		line, column   int
		severity       Severity
	}{
		{`{"command": "c", "url": "https://h/"}`, "both command and url", 2, 29, Error},
		{`{}`, "neither command nor url", 2, 2, Error},
		{`5`, "must be an object", 2, 5, Error},
		{`{"command": ""}`, "command must be a text", 2, 17, Error},
		{`{"url": "nope"}`, "url is no address", 2, 13, Error},
		{`{"url": "http://"}`, "url is no address", 2, 13, Error},
		{`{"url": "https://h/", "headers": []}`, "headers must be an object", 2, 38, Error},
		{`{"command": "c", "cwd": 5}`, "cwd must be a text", 2, 29, Error},
		{`{"command": "c", "dev": []}`, "dev must be an object", 2, 29, Error},
		{`{"command": "c", "dev": {}}`, "dev.cwd must be", 2, 29, Error},
		{`{"command": "c", "args": 5}`, "args is no array", 2, 30, Warning},
		{`{"command": "c", "args": ["x", "$A"]}`, "older way", 2, 36, Warning},
		{`{"command": "c", "disabled": 0}`, "disabled is neither", 2, 34, Warning},
		{`{"command": "c", "protocol": "http"}`, "protocol is not", 2, 34, Warning},
	}
	for _, test := range tests {
		snapshot := load(t, map[string]string{"a.json": "{mcpServers: {good: {command: 'c'},\n é: " + test.entry + "}}"}, "a.json")
		if len(snapshot.Diagnostics) != 1 {
			t.Errorf("%s: diagnostics = %v", test.entry, snapshot.Diagnostics)
			continue
		}
		d := snapshot.Diagnostics[0]
		if d.Server != "é" || d.File != "a.json" || d.Line != test.line || d.Column != test.column || d.Severity != test.severity ||
			!strings.Contains(d.Message, test.message) || d.Action == "" {
			t.Errorf("%s: %+v", test.entry, d)
		}
		s, _ := snapshot.Server("é")
		if (s.Err != nil) != (test.severity == Error) {
			t.Errorf("%s: Err = %v", test.entry, s.Err)
		}
		if _, err := s.Resolve(t.Context()); s.Err != nil && !errors.Is(err, s.Err) {
			t.Errorf("%s: Resolve = %v", test.entry, err)
		}
		if good, _ := snapshot.Server("good"); good.Err != nil {
			t.Errorf("%s: its neighbour has %v", test.entry, good.Err)
		}
	}
}

func TestWrongSettingsKeepTheirDefault(t *testing.T) {
	tests := []struct {
		hub      string
		want     func(*Settings)
		problems int
	}{
		{`{builtin: false, nameLimit: 16, pageSize: 1, instructionsLimit: 0}`, func(s *Settings) { *s = Settings{false, 16, 1, 0, "", s.History, s.Updates} }, 0},
		{`{builtin: "no", nameLimit: 15, pageSize: "9", instructionsLimit: -1}`, func(*Settings) {}, 4},
		{`{compatibleVersion: "4.10.0"}`, func(s *Settings) { s.CompatibleVersion = "4.10.0" }, 0},
		{`{compatibleVersion: "4.2"}`, func(*Settings) {}, 1},
		{`{compatibleVersion: 4}`, func(*Settings) {}, 1},
		{`{builtin: null, nameLimit: 1.5, pageSize: 0, instructionsLimit: 1e99, other: 1}`, func(*Settings) {}, 4},
		{`[]`, func(*Settings) {}, 1},
		{`{history: {enabled: false, days: 1, maxMB: 10, bodies: false, bodyLimit: 0}}`, func(s *Settings) { s.History = History{false, 1, 10, false, 0} }, 0},
		{`{history: {enabled: 1, days: 0, maxMB: 9, bodies: "no", bodyLimit: -1, other: 1}}`, func(*Settings) {}, 5},
		{`{history: {days: 7, maxMB: 1e9}}`, func(s *Settings) { s.History.Days = 7 }, 1},
		{`{history: false}`, func(*Settings) {}, 1},
		{`{updates: {check: true, feed: "https://x.example/f"}}`, func(s *Settings) { s.Updates = Updates{true, "https://x.example/f"} }, 0},
		{`{updates: {check: 1, feed: "https://me:pw@x.example/f", other: 1}}`, func(*Settings) {}, 2},
		{`{updates: {feed: "/etc/feed"}}`, func(*Settings) {}, 1},
		{`{updates: true}`, func(*Settings) {}, 1},
	}
	for _, test := range tests {
		snapshot := load(t, map[string]string{"a.json": "{hub: " + test.hub + "}"}, "a.json")
		want := DefaultSettings()
		test.want(&want)
		if snapshot.Hub != want || len(snapshot.Diagnostics) != test.problems {
			t.Errorf("%s: %+v, %v", test.hub, snapshot.Hub, snapshot.Diagnostics)
		}
	}
}

func TestHistoryOfAServer(t *testing.T) {
	for entry, want := range map[string]Recording{
		`{command: "c"}`:                         RecordAll,
		`{command: "c", history: true}`:          RecordAll,
		`{command: "c", history: null}`:          RecordAll,
		`{command: "c", history: "no bodies"}`:   RecordNoBodies,
		`{command: "c", history: false}`:         RecordNothing,
		`{command: "c", history: "none please"}`: RecordNothing,
	} {
		snapshot := load(t, map[string]string{"a.json": "{mcpServers: {s: " + entry + "}}"}, "a.json")
		s, _ := snapshot.Server("s")
		if s.History != want || s.Err != nil || (len(snapshot.Diagnostics) > 0) != strings.Contains(entry, "please") {
			t.Errorf("%s: %q, %v", entry, s.History, snapshot.Diagnostics)
		}
	}
}

func TestFingerprint(t *testing.T) {
	print := func(entry string) string {
		t.Helper()
		s, _ := load(t, map[string]string{"a.json": "{mcpServers: {s: " + entry + "}}"}, "a.json").Server("s")
		return s.Fingerprint
	}
	base := print(`{command: "c", args: ["1"], env: {A: "1", B: "2"}}`)
	for _, same := range []string{
		`{args: ['1',], env: {B: "2", A: "1"}, command: "c"}`,
		`{command: "c", args: ["1"], env: {A: "1", B: "2"}, disabled: false, protocol: "auto", cwd: null}`,
		`{command: "c", args: ["1"], env: {A: "1", B: "2"}, disabled: true}`,
		`{command: "c", args: ["1"], env: {A: "1", B: "2"}, description: "d", autoApprove: [], custom_instructions: {}, disabled_tools: ["x"], disabled_resourceTemplates: [], history: false, x: 1}`,
	} {
		if print(same) != base {
			t.Errorf("%s needs a new connection", same)
		}
	}
	for _, other := range []string{
		`{command: "d", args: ["1"], env: {A: "1", B: "2"}}`,
		`{command: "c", args: ["2"], env: {A: "1", B: "2"}}`,
		`{command: "c", args: ["1"], env: {A: "2", B: "1"}}`,
		`{command: "c", args: ["1"], env: {A: "1", B: "2"}, name: "n"}`,
		`{command: "c", args: ["1"], env: {A: "1", B: "2"}, cwd: "/x"}`,
		`{command: "c", args: ["1"], env: {A: "1", B: "2"}, protocol: "legacy"}`,
		`{command: "c", args: ["1"], env: {A: "1", B: "2"}, dev: {cwd: "/x"}}`,
		`{url: "http://h/"}`,
	} {
		if print(other) == base {
			t.Errorf("%s needs no new connection", other)
		}
	}
	if print(`{url: "http://h/"}`) == print(`{url: "http://h/", oauth: {clientId: "a"}}`) {
		t.Error("oauth needs no new connection")
	}
	if print(`{url: "http://h/", headers: {A: "1"}}`) == print(`{url: "http://h/", headers: {A: "2"}}`) {
		t.Error("headers need no new connection")
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "folder.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	big := filepath.Join(dir, "big.json")
	if err := os.WriteFile(big, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(big, maxFileSize+1); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"folder.json", "big.json"} {
		_, err := open(t, Options{Dir: dir, Paths: []string{path}})
		if failure, ok := errors.AsType[*FileError](err); !ok || failure.Path != path || failure.Line != 0 || errors.Unwrap(failure) == nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
