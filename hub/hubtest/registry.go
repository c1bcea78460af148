package hubtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

// Registry is a source of the marketplace with the API of the official registry.
type Registry struct {
	*httptest.Server
	servers atomic.Pointer[[]string] // nil: it fails
}

// NewRegistry starts a registry with these servers, each the inside of a "server" object.
func NewRegistry(t testing.TB, servers ...string) *Registry {
	t.Helper()
	r := &Registry{}
	r.Publish(servers...)
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP implements http.Handler. Whatever is asked for, it answers with all servers on one page.
func (r *Registry) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	list := r.servers.Load()
	if list == nil {
		http.Error(w, "no luck", http.StatusServiceUnavailable)
		return
	}
	var entries []string
	for i, s := range *list {
		entries = append(entries, fmt.Sprintf(`{"server":{%s},"_meta":{"io.modelcontextprotocol.registry/official":{"status":"active","updatedAt":"2025-01-%02dT00:00:00Z","isLatest":true}}}`, s, i+1))
	}
	_, _ = io.WriteString(w, `{"servers":[`+strings.Join(entries, ",")+`],"metadata":{}}`)
}

// Publish changes what the registry has; a later server was updated later.
func (r *Registry) Publish(servers ...string) { r.servers.Store(&servers) }

// Fail has the registry answer with errors, until something is published.
func (r *Registry) Fail() { r.servers.Store(nil) }

// Source is the registry as an item of "sources" in a configuration.
func (r *Registry) Source(name string) string {
	return fmt.Sprintf(`{"name":%s,"type":"registry","url":%s}`, quote(name), quote(r.URL))
}

// Sources is the object "hub" of a configuration, with these sources of the marketplace.
func Sources(sources ...string) string {
	return `{"marketplace":{"sources":[` + strings.Join(sources, ",") + `]}}`
}

// NPM is a server of a registry that is installed from npm, as the package with the name's slash as a dash; more goes into
// the package.
func NPM(name, version, more string) string {
	return fmt.Sprintf(`"name":%s,"description":"Does things","version":%s,"repository":{"url":"https://github.com/a/b","source":"github"},
		"packages":[{"registryType":"npm","identifier":%s,"version":%s,"transport":{"type":"stdio"}%s}]`,
		quote(name), quote(version), quote(strings.ReplaceAll(name, "/", "-")), quote(version), more)
}

// Programs puts programs of these names into the PATH. Each is a server that plays the script, whatever its arguments are.
func Programs(t *testing.T, s Script, names ...string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the programs are scripts of a shell")
	}
	var self struct {
		Command string
		Args    []string
	}
	if err := json.Unmarshal([]byte("{"+Stdio(t, s)+"}"), &self); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range names {
		text := fmt.Sprintf("#!/bin/sh\nexec '%s' '%s'\n", self.Command, strings.Join(self.Args, "' '"))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil { //nolint:gosec // G306: it is a program
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}
