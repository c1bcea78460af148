package main

import (
	"context"
	"os"
	"os/exec"
	"runtime"
)

// openPage shows a page in the browser of the person at this machine, and reports whether there is one. The address is one
// that the hub has checked, and no shell sees it.
func openPage(address string) bool {
	name, args, ok := browser(runtime.GOOS, os.Getenv)
	if !ok {
		return false
	}
	cmd := exec.CommandContext(context.Background(), name, append(args, address)...)
	detach(cmd) // the browser is not to end with this program
	if cmd.Start() != nil {
		return false
	}
	go func() { _ = cmd.Wait() }() // its end is nobody's business, but somebody must take note of it
	return true
}

// browser is the command that shows a page. There is none where no person sits: on a machine without a screen, or at the
// other end of a remote session.
func browser(system string, env func(string) string) (name string, args []string, ok bool) {
	if env("SSH_CONNECTION") != "" && env("DISPLAY") == "" && env("WAYLAND_DISPLAY") == "" {
		return "", nil, false
	}
	switch system {
	case "windows":
		return "rundll32", []string{"url.dll,FileProtocolHandler"}, true
	case "darwin":
		return "open", nil, true
	}
	return "xdg-open", nil, env("DISPLAY") != "" || env("WAYLAND_DISPLAY") != ""
}
