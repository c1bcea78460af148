// Package frontend owns the dashboard as it was built: the files that a browser loads from the hub.
//
// It must not know who serves them, nor anything of the hub: its scripts talk to the hub's routes as any client does.
package frontend

import (
	"embed"
	"io/fs"
)

// What the build leaves stands below dist/site. A clone in which nothing was built has the folder's .gitignore alone,
// which is why names with a dot are embedded too.
//
//go:embed all:dist
var dist embed.FS

// Site returns the files of the dashboard, index.html among them, and those that never change below assets/. It is nil if
// the program was compiled without the dashboard.
func Site() fs.FS {
	site, err := fs.Sub(dist, "dist/site")
	if err != nil {
		return nil
	}
	if _, err := fs.Stat(site, "index.html"); err != nil {
		return nil
	}
	return site
}
