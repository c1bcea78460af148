package market

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"mcphub/hub/fetch"
)

const manifestText = `{"manifest_version":"0.3","name":"b","version":"1.0.0","description":"d","author":{"name":"a"},
	"server":{"type":"node","entry_point":"server/index.js","mcp_config":{"command":"node","args":["${__dirname}/server/index.js","${user_config.folders}"],
		"env":{"KEY":"${user_config.api_key}"},"platform_overrides":{"win32":{"args":["win.js"]},"darwin":{"env":{"A":"b"}}}}},
	"user_config":{"folders":{"type":"directory","title":"Folders","multiple":true,"required":true,"default":["/x","/y z"]},
		"api_key":{"type":"string","title":"API Key","sensitive":true,"required":true}}}`

// archive returns a zip of the files; a name with a trailing @ is a symbolic link to its content.
func archive(t *testing.T, files ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		header := &zip.FileHeader{Name: f[0], Method: zip.Deflate}
		header.SetMode(0o755)
		if name, link := strings.CutSuffix(f[0], "@"); link {
			header.Name = name
			header.SetMode(fs.ModeSymlink | 0o777)
		}
		out, err := w.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write([]byte(f[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func bundle(address string, content []byte) Item {
	sum := sha256.Sum256(content)
	return Item{ID: "a/b", Installs: []Install{{Name: "Bundle", Package: Package{Type: "mcpb", Identifier: address, SHA256: hex.EncodeToString(sum[:])}}}}
}

func TestUnpack(t *testing.T) {
	content := archive(t, [2]string{"manifest.json", manifestText}, [2]string{"server/index.js", "// hello"})
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) })
	x := newIndex(t, openDB(t))
	item := bundle(s.URL, content)
	if _, err := item.Plan(Choices{}); !errors.Is(err, ErrNotUnpacked) {
		t.Errorf("error %v", err)
	}
	for range 2 { // the second time it is there
		ready, err := x.Unpack(t.Context(), item, 0)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := ready.Plan(Choices{Values: map[string]string{"api_key": "hunter2"}})
		if err != nil || len(plan.Missing) > 0 {
			t.Fatalf("%+v, %v", plan, err)
		}
		dir := filepath.Join(x.bundles, item.Installs[0].Package.SHA256)
		want, err := encode(entry{Command: "node", Args: []string{dir + "/server/index.js", "/x", "/y z"}, Env: object{{"KEY", "hunter2"}}, Cwd: dir})
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS == "linux" && string(plan.Entry) != string(want) {
			t.Errorf("entry %s\n want %s", plan.Entry, want)
		}
		if text, err := os.ReadFile(filepath.Join(dir, "server", "index.js")); err != nil || string(text) != "// hello" {
			t.Errorf("%q, %v", text, err)
		}
	}
	if s.asked.Load() != 1 {
		t.Errorf("downloaded %d times", s.asked.Load())
	}
	if left, err := filepath.Glob(filepath.Join(x.bundles, ".unpack-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

func TestHostileBundles(t *testing.T) {
	manifest := func(s string) [2]string { return [2]string{"manifest.json", s} }
	good := manifest(manifestText)
	for name, tt := range map[string]struct {
		content []byte
		want    error
	}{
		"parent folder":      {archive(t, good, [2]string{"../evil", "x"}), ErrBundle},
		"root folder":        {archive(t, good, [2]string{"/evil", "x"}), ErrBundle},
		"deep parent":        {archive(t, good, [2]string{"a/../../evil", "x"}), ErrBundle},
		"backslashes":        {archive(t, good, [2]string{`..\evil`, "x"}), ErrBundle},
		"drive":              {archive(t, good, [2]string{"C:evil", "x"}), ErrBundle},
		"symbolic link":      {archive(t, good, [2]string{"link@", "/"}, [2]string{"link/evil", "x"}), ErrBundle},
		"same file twice":    {archive(t, good, good), ErrBundle},
		"file as folder":     {archive(t, good, [2]string{"manifest.json/evil", "x"}), ErrBundle},
		"no zip":             {[]byte("hello"), ErrBundle},
		"no manifest":        {archive(t, [2]string{"a", "x"}), ErrBundle},
		"huge manifest":      {archive(t, manifest(strings.Repeat(" ", itemLimit+1))), ErrBundle},
		"broken manifest":    {archive(t, manifest("{")), ErrBundle},
		"nothing to run":     {archive(t, manifest(`{"server":{}}`)), ErrBundle},
		"command in a value": {archive(t, manifest(`{"server":{"mcp_config":{"command":"node","env":{"A":"${cmd: id}"}}}}`)), errUnsafe},
		"another platform":   {archive(t, manifest(`{"compatibility":{"platforms":["amiga"]},"server":{"mcp_config":{"command":"x"}}}`)), ErrNotRunnable},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(tt.content) })
			x := newIndex(t, openDB(t))
			if _, err := x.Unpack(t.Context(), bundle(s.URL, tt.content), 0); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			for _, outside := range []string{x.bundles, filepath.Dir(x.bundles)} {
				if _, err := os.Lstat(filepath.Join(outside, "evil")); err == nil {
					t.Errorf("a file in %s", outside)
				}
			}
		})
	}
	t.Run("another file", func(t *testing.T) {
		s := newSite(t, text("something else"))
		x := newIndex(t, openDB(t))
		item := bundle(s.URL, archive(t, good))
		if _, err := x.Unpack(t.Context(), item, 0); !errors.Is(err, ErrHash) {
			t.Errorf("error %v", err)
		}
		if _, err := os.Stat(filepath.Join(x.bundles, item.Installs[0].Package.SHA256)); err == nil {
			t.Error("it was unpacked")
		}
	})
}

func TestUnzipStopsAtItsLimit(t *testing.T) {
	dir := t.TempDir()
	content := archive(t, [2]string{"zeros", strings.Repeat("\x00", 1<<20)})
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if n, err := unzipFile(root, r.File[0], "zeros", 1000); !errors.Is(err, fetch.ErrTooLarge) || n != 1001 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestManifestOfEachType(t *testing.T) {
	for name, tt := range map[string]struct{ manifest, system, want string }{
		"entry point of node":   {`{"server":{"type":"node","entry_point":"a.js"}}`, "linux", "node DIR/a.js"},
		"entry point of uv":     {`{"server":{"type":"uv","entry_point":"src/a.py"}}`, "linux", "uv run --directory DIR DIR/src/a.py"},
		"entry point of binary": {`{"server":{"type":"binary","entry_point":"bin/a"}}`, "linux", "DIR/bin/a"},
		"path to a program":     {`{"server":{"type":"binary","mcp_config":{"command":"bin/a","args":["x"]}}}`, "linux", "DIR/bin/a x"},
		"another platform's":    {`{"server":{"mcp_config":{"command":"a","platform_overrides":{"win32":{"command":"a.exe"}}}}}`, "linux", "a"},
		"this platform's":       {`{"server":{"mcp_config":{"command":"a","args":["1"],"platform_overrides":{"win32":{"command":"b"}}}}}`, "windows", "b 1"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(tt.manifest), 0o600); err != nil {
				t.Fatal(err)
			}
			in, err := readManifest(dir, tt.system)
			if err != nil {
				t.Fatal(err)
			}
			words := []string{in.Template.Command}
			for _, a := range in.Template.Args {
				words = append(words, a...)
			}
			if got := filepath.ToSlash(strings.ReplaceAll(strings.Join(words, " "), dir, "DIR")); got != tt.want {
				t.Errorf("runs %q, want %q", got, tt.want)
			}
		})
	}
}
