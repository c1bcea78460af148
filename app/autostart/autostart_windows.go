package autostart

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/windows/registry"
)

const (
	runKey    = `Software\Microsoft\Windows\CurrentVersion\Run`
	valueName = "MCP Hub"
)

// Where says where the entry is, whether it is there or not.
func Where() (string, error) { return `HKEY_CURRENT_USER\` + runKey + `\` + valueName, nil }

// On has the program started at login.
func On(e Entry) error {
	if err := e.Check(); err != nil {
		return err
	}
	key, _, err := registry.CreateKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if err != nil {
		return fmt.Errorf("start at login: %w", err)
	}
	defer key.Close()
	line := syscall.EscapeArg(e.Program)
	for _, arg := range e.Args {
		line += " " + syscall.EscapeArg(arg)
	}
	if err := key.SetStringValue(valueName, line); err != nil {
		return fmt.Errorf("start at login: %w", err)
	}
	return nil
}

// Off has it started no more.
func Off() error {
	key, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("start at login: %w", err)
	}
	defer key.Close()
	if err := key.DeleteValue(valueName); err != nil && !errors.Is(err, registry.ErrNotExist) {
		return fmt.Errorf("start at login: %w", err)
	}
	return nil
}

// Enabled reports whether it is started at login.
func Enabled() bool {
	key, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.QUERY_VALUE)
	if err != nil {
		return false
	}
	defer key.Close()
	_, _, err = key.GetStringValue(valueName)
	return err == nil
}

// ServiceOn is for systems with systemd.
func ServiceOn(context.Context, Entry) error {
	return errors.New("start at login: there is no systemd here: leave out --systemd")
}

// ServiceEnabled reports whether ServiceOn was called.
func ServiceEnabled() bool { return false }
