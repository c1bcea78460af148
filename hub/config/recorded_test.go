package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"mcphub/hub/secret"
)

// The cases in testdata were recorded from mcp-hub 4.2.1, the program this one replaces. Where it was wrong, the tests say
// what is right instead, and why; "bug N" is the number in the list of its bugs in the compatibility notes.

func readCases[T any](t *testing.T, name string) []T {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var cases []T
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return cases
}

func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func open(t *testing.T, options Options) (*Store, error) {
	t.Helper()
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	return Open(t.Context(), options)
}

type configCase struct {
	ID          string
	Files       map[string]string
	Paths       []string
	Expected    map[string]map[string]any
	Error       string
	ThenFiles   map[string]string `json:"then_files"`
	ThenChanges *changes          `json:"then_changes"`
	ThenError   string            `json:"then_error"`
}

type changes struct{ Added, Removed, Modified, Unchanged []string }

func diff(before, after *Snapshot) changes {
	c := changes{Added: []string{}, Removed: []string{}, Modified: []string{}, Unchanged: []string{}}
	for _, s := range after.Servers {
		switch old, ok := before.Server(s.Name); {
		case !ok:
			c.Added = append(c.Added, s.Name)
		case old.Fingerprint != s.Fingerprint:
			c.Modified = append(c.Modified, s.Name)
		default:
			c.Unchanged = append(c.Unchanged, s.Name)
		}
	}
	for _, s := range before.Servers {
		if _, ok := after.Server(s.Name); !ok {
			c.Removed = append(c.Removed, s.Name)
		}
	}
	return c
}

func TestRecordedConfigurations(t *testing.T) {
	// Entries that were refused and are good.
	nowGood := map[string]string{
		"url-placeholder-only": "bug 15: a url is checked after its placeholders are replaced",
		"url-placeholder-port": "bug 15: a url is checked after its placeholders are replaced",
		"dev-null":             "bug 15: dev null crashed; it means no dev mode",
	}
	// Entries that were taken and cannot work: told at once, with file and line, not by a failing start.
	nowBad := map[string]string{
		"number-command": "a number cannot be started",
		"env-array":      "its items became variables named 0, 1, …, as with an array in MCP_HUB_ENV",
		"url-ftp":        "no transport speaks ftp",
	}
	nowUnchanged := map[string]string{
		"diff-disabled-true":        "the fingerprint leaves disabled out, which is compared by itself",
		"diff-disabled-added-false": "notes 1.7: a toggle both writes the file and starts the server, which must not start twice",
	}
	place := regexp.MustCompile(` at (\d+:\d+)$`)
	serverError := regexp.MustCompile(`^Server '(\w+)' `)

	for _, c := range readCases[configCase](t, "config_cases.json") {
		t.Run(c.ID, func(t *testing.T) {
			if runtime.GOOS == "windows" && strings.Contains(c.Files["a.json"], `"cwd"`) {
				t.Skip("recorded with POSIX paths")
			}
			dir := t.TempDir()
			writeFiles(t, dir, c.Files)
			store, err := open(t, Options{Dir: dir, Paths: c.Paths})

			badServer := serverError.FindStringSubmatch(c.Error)
			if c.ID == "dev-null" {
				badServer = []string{"", "s"}
			}
			if c.Error != "" && badServer == nil {
				failure, ok := errors.AsType[*FileError](err)
				if !ok || failure.Path != c.Paths[0] || failure.Msg == "" {
					t.Fatalf("error = %v, want a file error about %s", err, c.Paths[0])
				}
				if want := place.FindStringSubmatch(c.Error); want != nil && want[1] != fmt.Sprintf("%d:%d", failure.Line, failure.Column) {
					t.Errorf("error is at %d:%d, want %s", failure.Line, failure.Column, want[1])
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			snapshot := store.Current()

			if badServer != nil { // bug 15: one bad entry took down the whole file
				s, ok := snapshot.Server(badServer[1])
				if !ok {
					t.Fatalf("there is no server %s", badServer[1])
				}
				_, good := nowGood[c.ID]
				if good != (s.Err == nil) {
					t.Errorf("Err = %v", s.Err)
				}
				if !good && (s.Err.Line == 0 || s.Err.File != "a.json" || s.Err.Action == "") {
					t.Errorf("Err does not say where and what to do: %#v", s.Err)
				}
				for _, other := range snapshot.Servers {
					if other != s && other.Err != nil {
						t.Errorf("%s suffers from it: %v", other.Name, other.Err)
					}
				}
				return
			}
			if len(snapshot.Servers) != len(c.Expected) {
				t.Errorf("%d servers, want %d", len(snapshot.Servers), len(c.Expected))
			}
			for name, want := range c.Expected {
				s, ok := snapshot.Server(name)
				if !ok {
					t.Errorf("server %s is missing", name)
					continue
				}
				if _, bad := nowBad[c.ID]; bad != (s.Err != nil) {
					t.Errorf("Err = %v", s.Err)
				}
				compareEntry(t, s, want)
			}
			if c.ThenFiles == nil {
				return
			}
			writeFiles(t, dir, c.ThenFiles)
			err = store.Reload(t.Context())
			if c.ThenError != "" {
				if _, ok := errors.AsType[*FileError](err); !ok {
					t.Errorf("error = %v, want a file error", err)
				}
				if store.Current() != snapshot {
					t.Error("the last good snapshot is gone")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := *c.ThenChanges
			if _, ok := nowUnchanged[c.ID]; ok {
				want.Modified, want.Unchanged = want.Unchanged, want.Modified
			}
			if got := diff(snapshot, store.Current()); !reflect.DeepEqual(got, want) {
				t.Errorf("changes = %+v, want %+v", got, want)
			}
		})
	}
}

// compareEntry compares with what the original made of an entry: the entry with a transport, a source and args of its own.
func compareEntry(t *testing.T, s *Server, want map[string]any) {
	t.Helper()
	transport := map[any]Transport{"stdio": Stdio, "sse": Remote}[want["type"]]
	if s.Transport != transport || s.Source != want["config_source"] {
		t.Errorf("transport %s of %s, want %s of %s", s.Transport, s.Source, transport, want["config_source"])
	}
	var raw map[string]any
	if err := json.Unmarshal(s.Raw, &raw); err != nil {
		t.Fatalf("raw entry is no JSON: %v", err)
	}
	want = maps.Clone(want)
	delete(want, "config_source")
	if _, isArray := raw["args"].([]any); !isArray {
		if len(s.spec.args) != 0 {
			t.Errorf("args = %v, want none", s.spec.args)
		}
		delete(want, "args")
		delete(raw, "args")
	}
	delete(want, "type") // the original writes its own over it
	delete(raw, "type")
	if !reflect.DeepEqual(raw, want) {
		t.Errorf("entry = %v, want %v", raw, want)
	}
}

type envCase struct {
	ID         string
	Strict     bool
	Config     json.RawMessage
	ProcessEnv map[string]string `json:"process_env"`
	Global     string
	Expected   map[string]any
	Error      string
}

func TestRecordedPlaceholders(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("recorded with a POSIX shell and / between folders")
	}
	type outcome struct {
		reason string
		env    map[string]string // instead of the recorded one
		err    string
	}
	const sibling = "siblings in env see each other (broken in the original, though its documentation uses it)"
	corrected := map[string]outcome{
		"env-is-array":                         {reason: "refused, see the configurations", err: "env must be an object"},
		"env-is-string":                        {reason: "refused, as the original does on loading", err: "env must be an object"},
		"other-fields-untouched":               {reason: "the placeholder in dev.cwd is refused on loading, as the original does", err: "dev.cwd must be an absolute path"},
		"ph-proto":                             {reason: "a function of JavaScript", err: "Variable 'toString' not found"},
		"ph-default-syntax":                    {reason: "a default may be a secret and is not shown", err: "Variable 'NOPE_X:-…' not found"},
		"ph-constructor":                       {reason: "a function of JavaScript", err: "Variable 'constructor' not found"},
		"env-refers-to-sibling":                {reason: sibling, env: map[string]string{"X": "one", "Y": "one"}},
		"env-refers-to-sibling-in-process-too": {reason: sibling, env: map[string]string{"A": "override", "Y": "override"}},
		"env-circular":                         {reason: sibling, err: "env variables refer to each other in a circle: X → Y → X"},
		"cmd-brace-in-command":                 {reason: "a } in quotes ended the command", env: map[string]string{"K": "{x}"}},
		"cmd-awk-braces":                       {reason: "a } in quotes ended the command", env: map[string]string{"K": "b"}},
		"cmd-resolved-from-variable":           {reason: "a value became a command", err: "Variable '${WHICH}' not found"},
		"cmd-value-injection":                  {reason: "a value became shell text", env: map[string]string{"K": "a; echo injected"}},
		"input-also-passed-to-child":           {reason: "an input prompt's answer is no variable", env: map[string]string{}},
		"global-array":                         {reason: "an array became variables named 0, 1, …", env: map[string]string{}},
	}
	// MCP_HUB_ENV is refused as a whole; the original went on with parts of it.
	badGlobal := []string{"global-invalid-json", "global-array", "global-null", "global-string", "global-nonstring"}
	standardEnv := map[string]string{
		"A": "aval", "B": "bval", "EMPTY": "", "SPACED": "two words", "DOLLAR": "x${A}y", "BRACE": "p}q",
	}

	for _, c := range readCases[envCase](t, "env_cases.json") {
		t.Run(c.ID, func(t *testing.T) {
			if !c.Strict {
				t.Skip("resolving is always strict: a server never starts with half of its placeholders replaced")
			}
			t.Parallel()
			global, err := ParseGlobal(c.Global)
			if slices.Contains(badGlobal, c.ID) != (err != nil) {
				t.Fatalf("ParseGlobal = %v", err)
			}
			if c.ID == "global-nonstring" {
				return // nothing to compare without it
			}

			root, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(root, "ws")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			home := filepath.Join(root, "home")
			fill := strings.NewReplacer("<CWD>", dir, "<HOME>", home)
			process := map[string]string{"HOME": home, "PATH": os.Getenv("PATH")}
			if c.ProcessEnv == nil {
				c.ProcessEnv = standardEnv
			}
			maps.Copy(process, c.ProcessEnv)
			writeFiles(t, dir, map[string]string{"a.json": `{"mcpServers":{"s":` + string(c.Config) + `}}`})
			var environ []string
			for name, value := range process {
				environ = append(environ, name+"="+value)
			}
			store, err := open(t, Options{Dir: dir, Paths: []string{"a.json"}, Env: environ, Global: global})
			if err != nil {
				t.Fatal(err)
			}
			s, _ := store.Current().Server("s")
			if c.ID == "cmd-timeout" { // recorded with a short limit too
				s.values.commands.limit = 100 * time.Millisecond
			}
			resolved, err := s.Resolve(t.Context())

			want := map[string]string{}
			env, _ := c.Expected["env"].(map[string]any)
			for name, value := range env {
				// The original hands the answers of input prompts to the child.
				if !strings.HasPrefix(name, "input:") {
					want[name] = fill.Replace(text(t, value))
				}
			}
			if right, ok := corrected[c.ID]; ok {
				want, c.Error = right.env, right.err
			}
			if c.Error != "" {
				// Of a command only the first word is shown, because the rest and what it says may hold secrets.
				message, _, _ := strings.Cut(strings.TrimSpace(c.Error), "\n")
				if command, failed := strings.CutPrefix(message, "cmd execution failed: Command failed: "); failed {
					message = strings.TrimSuffix(message, command) + strings.Fields(command)[0]
				}
				message = strings.TrimSuffix(message, ": cmd:") // of the empty command
				problem, ok := errors.AsType[*Diagnostic](err)
				if !ok || !strings.HasPrefix(problem.Message, message) {
					t.Fatalf("error = %v, want %s", err, message)
				}
				if problem.Line == 0 || problem.Action == "" {
					t.Errorf("the error does not say where and what to do: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := reveal(resolved.Env)
			for _, name := range []string{"HOME", "PATH"} { // inherited
				if _, ok := want[name]; !ok {
					delete(got, name)
				}
			}
			if !maps.Equal(got, want) {
				t.Errorf("env = %v, want %v", got, want)
			}
			compareResolved(t, resolved, c.Expected, fill)
		})
	}
}

func compareResolved(t *testing.T, got *Resolved, want map[string]any, fill *strings.Replacer) {
	t.Helper()
	if command, ok := want["command"]; ok && got.Command != fill.Replace(text(t, command)) {
		t.Errorf("command = %s, want %v", got.Command, command)
	}
	if cwd, ok := want["cwd"]; ok && got.Cwd != fill.Replace(text(t, cwd)) {
		t.Errorf("cwd = %s, want %v", got.Cwd, cwd)
	}
	if url, ok := want["url"]; ok && got.URL.Reveal() != text(t, url) {
		t.Errorf("url = %s, want %v", got.URL.Reveal(), url)
	}
	args, _ := want["args"].([]any)
	if len(got.Args) != len(args) {
		t.Fatalf("%d args, want %v", len(got.Args), args)
	}
	for i, arg := range args {
		if got.Args[i].Reveal() != text(t, arg) {
			t.Errorf("args[%d] = %s, want %v", i, got.Args[i].Reveal(), arg)
		}
	}
	headers := map[string]string{}
	wantHeaders, _ := want["headers"].(map[string]any)
	for name, value := range wantHeaders {
		headers[name] = text(t, value)
	}
	if !maps.Equal(reveal(got.Headers), headers) {
		t.Errorf("headers = %v, want %v", reveal(got.Headers), headers)
	}
}

// text is what a value of the file becomes in the child's environment or arguments.
func text(t *testing.T, value any) string {
	t.Helper()
	if s, ok := value.(string); ok {
		return s
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func reveal(texts map[string]secret.Text) map[string]string {
	plain := map[string]string{}
	for name, value := range texts {
		plain[name] = value.Reveal()
	}
	return plain
}
