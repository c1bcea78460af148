package release

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Manager is what installs a program and replaces it.
type Manager string

// The managers. A program of none of them is its owner's own, out of an archive or built.
const (
	None Manager = ""
	Dpkg Manager = "dpkg"
	RPM  Manager = "rpm"
	NPM  Manager = "npm"
)

// ManagerOf finds what installed the program at a path, which has no symbolic links in it.
func ManagerOf(ctx context.Context, program string) Manager {
	if slices.Contains(strings.Split(filepath.ToSlash(program), "/"), "node_modules") {
		return NPM
	}
	for m, ask := range map[Manager][]string{Dpkg: {"dpkg-query", "--search"}, RPM: {"rpm", "--query", "--file"}} {
		if exec.CommandContext(ctx, ask[0], append(ask[1:], program)...).Run() == nil {
			return m
		}
	}
	return None
}

// Commands returns what installs the release with a manager, one command a line. The files are downloaded first where the
// feed is at an address.
func (r *Release) Commands(m Manager) ([]string, error) {
	arch := runtime.GOARCH
	var files []File
	add := func(named func(string) bool, what string) error {
		f, err := r.file(named, what)
		files = append(files, f)
		return err
	}
	var install string
	switch m {
	case Dpkg:
		install = "sudo apt install"
		if err := add(func(n string) bool { return strings.HasSuffix(n, "_"+arch+".deb") }, ".deb for "+arch); err != nil {
			return nil, err
		}
	case RPM:
		install = "sudo dnf install"
		machine := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[arch]
		if err := add(func(n string) bool { return strings.HasSuffix(n, "."+machine+".rpm") }, ".rpm for "+arch); err != nil {
			return nil, err
		}
	case NPM:
		install = "npm install --global --offline"
		version, _, _ := strings.Cut(r.Version, "+")
		platform := strings.Replace(runtime.GOOS, "windows", "win32", 1) + "-" + strings.Replace(arch, "amd64", "x64", 1)
		if err := add(func(n string) bool { return n == "mcp-hub-"+version+".tgz" }, "npm package mcp-hub"); err != nil {
			return nil, err
		}
		if err := add(func(n string) bool { return strings.HasSuffix(n, "-"+platform+"-"+version+".tgz") }, "npm package for "+platform); err != nil {
			return nil, err
		}
	}
	var fetching []string
	for _, f := range files {
		at := r.At(f)
		if isURL(r.feed) {
			fetching = append(fetching, "curl -fLO "+at)
			at = "./" + f.Name
		} else if abs, err := filepath.Abs(at); err == nil {
			at = abs
		}
		install += " " + at
	}
	return append(fetching, install), nil
}

// Self returns the path of the running program, without symbolic links in it.
func Self() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}
