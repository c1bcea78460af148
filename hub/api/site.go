package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// pagePolicy is the content policy of the dashboard: it runs its own scripts only, and talks to the hub alone. The styles of
// elements are free, because the editor sets them.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src data:; " +
	"font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// notBuilt is the dashboard of a hub that was compiled without one.
const notBuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>MCP Hub</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem}</style>
<h1>Dashboard not built</h1>
<p>The hub runs, but this program was compiled without its dashboard. Run <code>make build</code> where Node.js is
installed, and start the hub again.</p>
<p>MCP clients connect to <code>/mcp</code> all the same.</p>
</html>
`

// mediaTypes are those of the dashboard's files. The system's own tables may tell others.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
}

// site serves the dashboard.
type site struct {
	files fs.FS // nil if it was not built
}

// page answers browsers with the dashboard, and other clients with what is at "/" for them.
func (s site) page(other http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept")
		if !strings.Contains(r.Header.Get("Accept"), "text/html") {
			other.ServeHTTP(w, r)
			return
		}
		text := []byte(notBuilt)
		if s.files != nil {
			var err error
			if text, err = fs.ReadFile(s.files, "index.html"); err != nil {
				refuse(w, fmt.Errorf("read the dashboard: %w", err))
				return
			}
		}
		// The page names the files of one build, so a page that was kept would look for files that are gone.
		send(w, r, mediaTypes[".html"], "no-store", text)
	}
}

// asset answers with a file of the dashboard whose name changes with its content.
func (s site) asset(missing http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		if s.files == nil {
			missing.ServeHTTP(w, r)
			return
		}
		text, err := fs.ReadFile(s.files, name)
		if err != nil {
			missing.ServeHTTP(w, r)
			return
		}
		send(w, r, mediaTypes[path.Ext(name)], "public, max-age=31536000, immutable", text)
	}
}

func send(w http.ResponseWriter, r *http.Request, kind, cache string, text []byte) {
	sum := sha256.Sum256(text)
	h := w.Header()
	h.Set("Cache-Control", cache)
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Content-Type", kind)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
}
