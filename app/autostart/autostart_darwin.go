package autostart

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const label = "mcp-hub"

// Where says where the entry is, whether it is there or not.
func Where() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("start at login: %w", err)
	}
	return filepath.Join(home, "Library", "LaunchAgents", label+".plist"), nil
}

// On has the program started at login.
func On(e Entry) error {
	path, err := Where()
	if err != nil {
		return err
	}
	if err := e.Check(); err != nil {
		return err
	}
	var words strings.Builder
	for _, word := range append([]string{e.Program}, e.Args...) {
		words.WriteString("\t\t<string>")
		if err := xml.EscapeText(&words, []byte(word)); err != nil {
			return fmt.Errorf("start at login: %w", err)
		}
		words.WriteString("</string>\n")
	}
	return write(path, xml.Header+`<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>`+label+`</string>
	<key>ProgramArguments</key>
	<array>
`+words.String()+`	</array>
	<key>RunAtLoad</key>
	<true/>
	<key>ProcessType</key>
	<string>Interactive</string>
</dict>
</plist>
`)
}

// Off has it started no more.
func Off() error {
	path, err := Where()
	if err != nil {
		return err
	}
	return remove(path)
}

// Enabled reports whether it is started at login.
func Enabled() bool {
	path, err := Where()
	return err == nil && exists(path)
}

// ServiceOn is for systems with systemd.
func ServiceOn(context.Context, Entry) error {
	return errors.New("start at login: there is no systemd here: leave out --systemd")
}

// ServiceEnabled reports whether ServiceOn was called.
func ServiceEnabled() bool { return false }
