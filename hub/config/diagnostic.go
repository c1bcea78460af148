package config

import (
	"fmt"
	"strings"
)

// Severity says how bad a [Diagnostic] is.
type Severity string

// The severities: an Error stops one server or one setting from working, a Warning does not.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Diagnostic is one thing that is wrong in the configuration, where it stands and what to do about it. It holds key names
// and never values, so it may be shown to anyone.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	Server   string   `json:"server,omitempty"` // name of the entry, empty for the file itself
	File     string   `json:"file,omitempty"`   // path exactly as given
	Line     int      `json:"line,omitempty"`   // from 1
	Column   int      `json:"column,omitempty"` // from 1, in characters
	Message  string   `json:"message"`          // what is wrong
	Action   string   `json:"action,omitempty"` // what to do
}

// Error returns the message, the place and what to do, in one line.
func (d *Diagnostic) Error() string {
	var b strings.Builder
	b.WriteString(d.Message)
	if d.File != "" {
		fmt.Fprintf(&b, " (%s:%d:%d)", d.File, d.Line, d.Column)
	}
	if d.Action != "" {
		b.WriteString("; ")
		b.WriteString(d.Action)
	}
	return b.String()
}

// FileError says that a whole file cannot be used: it cannot be read, is no JSON5, or holds no configuration.
type FileError struct {
	Path   string // exactly as given; empty for a text that is no file
	Line   int    // from 1; 0 if the file could not be read
	Column int    // from 1, in characters
	Msg    string // what is wrong and what to do
	err    error  // cause, when the file could not be read
}

// Error returns the path, the place and the message in one line.
func (e *FileError) Error() string {
	switch {
	case e.Line == 0:
		return fmt.Sprintf("config file %s: %s", e.Path, e.Msg)
	case e.Path == "":
		return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Msg)
	}
	return fmt.Sprintf("config file %s, line %d, column %d: %s", e.Path, e.Line, e.Column, e.Msg)
}

// Unwrap returns the error of the file system, if that was the cause.
func (e *FileError) Unwrap() error { return e.err }
