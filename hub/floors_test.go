package hub_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "mcphub"

// floors is the table of docs/architecture.md: a package imports only from lower floors, never from its own.
var floors = map[string]int{
	"mcphub/hub/jsonrpc":    0,
	"mcphub/hub/event":      0,
	"mcphub/hub/record":     0,
	"mcphub/hub/secret":     0,
	"mcphub/hub/watch":      0,
	"mcphub/hub/sse":        0,
	"mcphub/hub/json5":      0,
	"mcphub/hub/statedir":   0,
	"mcphub/hub/peer":       0,
	"mcphub/hub/fetch":      0,
	"mcphub/frontend":       0,
	"mcphub/hub/config":     1,
	"mcphub/hub/store":      1,
	"mcphub/hub/redact":     1,
	"mcphub/hub/telemetry":  1,
	"mcphub/hub/editors":    1,
	"mcphub/hub/client":     1,
	"mcphub/hub/workspace":  1,
	"mcphub/hub/logfile":    1,
	"mcphub/hub/vault":      1,
	"mcphub/hub/access":     1,
	"mcphub/hub/release":    1,
	"mcphub/hub/oauth":      2,
	"mcphub/hub/market":     2,
	"mcphub/hub/upstream":   3,
	"mcphub/hub/catalog":    4,
	"mcphub/hub/gateway":    5,
	"mcphub/hub/api":        6,
	"mcphub/hub":            7,
	"mcphub/app/sessionbus": 7,
	"mcphub/app/tray":       8,
	"mcphub/app/keyring":    8,
	"mcphub/app/window":     8,
	"mcphub/app/notify":     8,
	"mcphub/app/autostart":  8,
	"mcphub/app/loginpath":  8,
	"mcphub/app":            9,
	"mcphub":                10,
	"mcphub/hub/hubtest":    testSupport,
	// A command that tests start.
	"mcphub/hub/hubtest/past": testSupport,
}

// testSupport stands beside the floors: it may import all of hub, and only test files import it.
const testSupport = -1

// appMayUse is all that the desktop app knows of the hub: it is a client of it, and app itself also starts it.
var appMayUse = []string{"mcphub/hub", "mcphub/hub/client", "mcphub/hub/event", "mcphub/hub/secret", "mcphub/hub/statedir", "mcphub/frontend"}

// gui are the import paths (and their sub-packages) that only app/ may use.
var gui = []string{"github.com/wailsapp", "fyne.io/systray", "github.com/getlantern/systray", "github.com/energye/systray"}

// pkg is what the check needs to know of one package: its path, the synopsis of its package comment, and the imports of
// its files that are not tests, whatever system and build tags they are for.
type pkg struct {
	Path    string
	Doc     string
	Imports []string
}

// violations returns one line for each broken rule, in the order of the packages.
func violations(pkgs []pkg) []string {
	var broken []string
	fault := func(format string, args ...any) { broken = append(broken, fmt.Sprintf(format, args...)) }
	for _, p := range pkgs {
		floor, known := floors[p.Path]
		if !known {
			fault("%s is not in the table: give it a floor in docs/architecture.md and hub/floors_test.go", p.Path)
		}
		if strings.TrimSpace(p.Doc) == "" {
			fault("%s has no package comment: say what it owns and what it must not know", p.Path)
		}
		inApp := within(p.Path, module+"/app")
		for _, imported := range p.Imports {
			if !inApp && slices.ContainsFunc(gui, func(root string) bool { return within(imported, root) }) {
				fault("%s imports %s: only app/ shows windows and a tray", p.Path, imported)
			}
			if !known || !within(imported, module) {
				continue
			}
			target, targetKnown := floors[imported]
			switch {
			case !targetKnown:
				fault("%s imports %s, which is not in the table", p.Path, imported)
			case target == testSupport:
				fault("%s imports %s: only test files may", p.Path, imported)
			case floor == testSupport && target > floors["mcphub/hub"]:
				fault("%s imports %s: test support starts a hub, not an app", p.Path, imported)
			case floor != testSupport && target > floor:
				fault("%s (floor %d) imports upward: %s (floor %d)", p.Path, floor, imported, target)
			case floor != testSupport && target == floor:
				fault("%s (floor %d) imports sideways: %s", p.Path, floor, imported)
			case inApp && !within(imported, module+"/app") && !slices.Contains(appMayUse, imported):
				fault("%s imports %s: the app is a client, it reaches the engine through hub/client", p.Path, imported)
			}
		}
	}
	return broken
}

// within reports whether the import path is root or a package below it.
func within(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }

func TestFloorsCheck(t *testing.T) {
	tests := map[string]struct {
		pkg  pkg
		want string // part of the only line; empty: nothing is wrong
	}{
		"downward":              {pkg{"mcphub/hub/gateway", "doc", []string{"net/http", "mcphub/hub/catalog", "mcphub/hub/jsonrpc"}}, ""},
		"upward":                {pkg{"mcphub/hub/upstream", "doc", []string{"mcphub/hub/catalog"}}, "imports upward"},
		"sideways":              {pkg{"mcphub/hub/config", "doc", []string{"mcphub/hub/store"}}, "imports sideways"},
		"no comment":            {pkg{"mcphub/hub/sse", " \n", nil}, "has no package comment"},
		"unknown package":       {pkg{"mcphub/hub/util", "doc", nil}, "is not in the table"},
		"unknown import":        {pkg{"mcphub/hub/api", "doc", []string{"mcphub/hub/util"}}, "which is not in the table"},
		"module of a like name": {pkg{"mcphub/hub/event", "doc", []string{"mcphubris/hub"}}, ""},
		"window in the hub":     {pkg{"mcphub/hub", "doc", []string{"github.com/wailsapp/wails/v2"}}, "only app/ shows windows"},
		"window in main":        {pkg{"mcphub", "doc", []string{"github.com/wailsapp/wails/v2"}}, "only app/ shows windows"},
		"tray in the hub":       {pkg{"mcphub/hub/api", "doc", []string{"fyne.io/systray"}}, "only app/ shows windows"},
		"tray in the app":       {pkg{"mcphub/app/tray", "doc", []string{"fyne.io/systray", "mcphub/hub/client"}}, ""},
		"app into the engine":   {pkg{"mcphub/app", "doc", []string{"mcphub/hub/upstream"}}, "the app is a client"},
		"app starts the hub":    {pkg{"mcphub/app", "doc", []string{"mcphub/hub", "mcphub/app/tray"}}, ""},
		"main takes all":        {pkg{"mcphub", "doc", []string{"mcphub/hub", "mcphub/app", "mcphub/app/keyring"}}, ""},
		"hub starts the app":    {pkg{"mcphub/hub", "doc", []string{"mcphub/app"}}, "imports upward"},
		"test support":          {pkg{"mcphub/hub/hubtest", "doc", []string{"mcphub/hub", "mcphub/hub/api"}}, ""},
		"test support of app":   {pkg{"mcphub/hub/hubtest", "doc", []string{"mcphub/app"}}, "not an app"},
		"test support in use":   {pkg{"mcphub", "doc", []string{"mcphub/hub/hubtest"}}, "only test files may"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := violations([]pkg{tt.pkg})
			switch {
			case tt.want == "" && len(got) > 0:
				t.Errorf("unexpected: %q", got)
			case tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)):
				t.Errorf("got %q, want one line with %q", got, tt.want)
			}
		})
	}
}

func TestFloors(t *testing.T) {
	pkgs := modulePackages(t)
	if len(pkgs) == 0 {
		t.Fatal("go list found no package: the check would prove nothing")
	}
	for _, line := range violations(pkgs) {
		t.Error(line)
	}
}

// TestFloorsHeadless follows the imports of the headless binary to the end: no library drags a GUI package in.
func TestFloorsHeadless(t *testing.T) {
	for _, p := range goList(t, "-deps", "./...") {
		if within(p.ImportPath, module+"/app") || p.ImportPath == module {
			continue // app/ may; main's headless flavour is checked below
		}
		if slices.ContainsFunc(p.Deps, isGUI) {
			t.Errorf("%s depends on a GUI package: only app/ may", p.ImportPath)
		}
	}
	for _, p := range goList(t, ".") {
		if slices.ContainsFunc(p.Deps, isGUI) {
			t.Errorf("the headless %s depends on a GUI package: it belongs behind the desktop build tags", p.ImportPath)
		}
	}
}

func isGUI(path string) bool {
	return slices.ContainsFunc(gui, func(root string) bool { return within(path, root) })
}

// listed holds the fields of `go list -json` that the checks read.
type listed struct {
	ImportPath     string
	Dir            string
	Doc            string
	Standard       bool
	Module         *struct{ Path string }
	GoFiles        []string
	CgoFiles       []string
	IgnoredGoFiles []string
	Deps           []string
}

// goList runs `go list -json` at the root of the module and returns the packages of this module.
func goList(t *testing.T, args ...string) []listed {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-e", "-json=ImportPath,Dir,Doc,Standard,Module,GoFiles,CgoFiles,IgnoredGoFiles,Deps"}, args...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("decode go list: %v", err)
		}
		if !p.Standard && p.Module != nil && p.Module.Path == module {
			all = append(all, p)
		}
	}
}

// modulePackages returns every package of the module that has a file beside its tests. It reads the imports from the
// files themselves, so that a file for another system or behind a build tag is bound too.
func modulePackages(t *testing.T) []pkg {
	t.Helper()
	var pkgs []pkg
	for _, p := range goList(t, "./...") {
		var files []string
		for _, f := range slices.Concat(p.GoFiles, p.CgoFiles, p.IgnoredGoFiles) {
			if !strings.HasSuffix(f, "_test.go") {
				files = append(files, f)
			}
		}
		if len(files) == 0 {
			continue
		}
		seen := map[string]bool{}
		fset := token.NewFileSet()
		for _, f := range files {
			parsed, err := parser.ParseFile(fset, filepath.Join(p.Dir, f), nil, parser.ImportsOnly)
			if err != nil {
				t.Fatalf("parse imports: %v", err)
			}
			for _, spec := range parsed.Imports {
				path, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatalf("%s: import %s: %v", f, spec.Path.Value, err)
				}
				seen[path] = true
			}
		}
		imports := make([]string, 0, len(seen))
		for path := range seen {
			imports = append(imports, path)
		}
		slices.Sort(imports)
		pkgs = append(pkgs, pkg{p.ImportPath, p.Doc, imports})
	}
	return pkgs
}
