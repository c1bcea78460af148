package config

import (
	"cmp"
	"errors"
	"slices"
)

// Validate returns what is wrong in the text of a configuration file, in the order in which it stands there, and nothing if
// all is well. The path is only named in the diagnostics. If the file as a whole cannot be used, that is the only diagnostic.
func Validate(text []byte, path string) []Diagnostic {
	f, entries, problems, err := checkFile(path, text)
	if failure, ok := errors.AsType[*FileError](err); ok {
		return []Diagnostic{{Severity: Error, File: path, Line: failure.Line, Column: failure.Column, Message: failure.Msg}}
	}
	holding := map[string]entry{}
	for _, e := range entries {
		holding[e.name] = e
	}
	for _, e := range holding {
		_, more := e.server()
		problems = append(problems, more...)
	}
	if hub := f.doc.Root().Get(hubKey); hub != nil {
		settings := DefaultSettings()
		problems = append(problems, settings.read(f, hub)...)
		_, more := readSources(f, hub)
		problems = append(problems, more...)
	}
	slices.SortStableFunc(problems, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return problems
}
