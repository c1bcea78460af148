package config

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mcphub/hub/json5"
)

const (
	maxFileSize  = 16 << 20 // bytes
	minNameLimit = 16
)

var errTooLarge = fmt.Errorf("it is larger than %d MiB", maxFileSize>>20)

// source is one file that was read.
type source struct {
	path string // exactly as given
	doc  *json5.Document
}

func (f *source) position(offset int) Position {
	line, column := f.doc.Position(offset)
	return Position{Path: f.path, Line: line, Column: column}
}

// fail returns an error about the place where the value begins.
func (f *source) fail(at *json5.Node, msg string) *FileError {
	place := f.position(at.Start)
	return &FileError{Path: f.path, Line: place.Line, Column: place.Column, Msg: msg}
}

// diagnostic returns a diagnostic about the place at the offset.
func (f *source) diagnostic(severity Severity, server string, offset int, message, action string) Diagnostic {
	place := f.position(offset)
	return Diagnostic{
		Severity: severity, Server: server, File: f.path, Line: place.Line, Column: place.Column,
		Message: message, Action: action,
	}
}

// load reads and merges all files: a later file replaces whole servers and whole top-level keys of the earlier ones.
func (s *Store) load(ctx context.Context, read func(path string) (text []byte, missing bool, err error)) (*Snapshot, error) {
	snapshot := &Snapshot{Hub: DefaultSettings(), Extra: map[string]json.RawMessage{}, texts: map[string][]byte{}}
	hash := sha256.New()
	servers := map[string][]entry{} // all of a name; the last one holds
	keys := map[string][]entry{}    // the same of the other top-level keys
	for _, path := range s.options.Paths {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		text, missing, err := read(path)
		if err != nil {
			return nil, err
		}
		snapshot.texts[path] = text
		snapshot.Files = append(snapshot.Files, File{Path: path, Missing: missing})
		sum := sha256.Sum256(text)
		fmt.Fprintf(hash, "%q %t %x\n", path, missing, sum)
		if missing {
			continue
		}
		f, entries, problems, err := checkFile(path, text)
		if err != nil {
			return nil, err
		}
		snapshot.Diagnostics = append(snapshot.Diagnostics, problems...)
		for _, e := range entries {
			servers[e.name] = append(servers[e.name], e)
		}
		for _, e := range f.keys() {
			keys[e.name] = append(keys[e.name], e)
		}
	}
	snapshot.Hash = hex.EncodeToString(hash.Sum(nil))
	for key, all := range keys {
		if e := all[len(all)-1]; key == hubKey {
			snapshot.Diagnostics = append(snapshot.Diagnostics, snapshot.Hub.read(e.file, e.value)...)
			sources, problems := readSources(e.file, e.value)
			snapshot.Sources, snapshot.Diagnostics = sources, append(snapshot.Diagnostics, problems...)
		} else {
			snapshot.Extra[key] = e.value.Strict()
		}
	}
	for _, all := range servers {
		server, problems := all[len(all)-1].server()
		server.values = s.values
		snapshot.Servers = append(snapshot.Servers, server)
		snapshot.Diagnostics = append(snapshot.Diagnostics, problems...)
	}
	snapshot.effective = Effective{Servers: settings(servers), Keys: settings(keys)}
	slices.SortFunc(snapshot.Servers, func(a, b *Server) int { return strings.Compare(a.Name, b.Name) })
	slices.SortStableFunc(snapshot.Diagnostics, func(a, b Diagnostic) int { return strings.Compare(a.Server, b.Server) })
	return snapshot, nil
}

// read reads one of the files. A missing one is empty. The error is a *FileError.
func (s *Store) read(path string) (text []byte, missing bool, err error) {
	text, err = readFile(s.absolute(path))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, true, nil
	case err != nil:
		return nil, false, &FileError{Path: path, Msg: fmt.Sprintf("cannot be read: %v; make it a readable file", err), err: err}
	}
	return text, false, nil
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxFileSize+1))
	if err == nil && len(text) > maxFileSize {
		err = errTooLarge
	}
	return text, err
}

// checkFile parses a file and finds its servers. The error is a *FileError: the file as a whole cannot be used.
func checkFile(path string, text []byte) (f *source, entries []entry, problems []Diagnostic, err error) {
	if f, err = parseFile(path, text); err != nil {
		return nil, nil, nil, err
	}
	entries, problems, err = f.entries()
	return f, entries, problems, err
}

// parseFile parses a file. The error is a *FileError.
func parseFile(path string, text []byte) (*source, error) {
	if len(text) > maxFileSize {
		return nil, &FileError{Path: path, Msg: errTooLarge.Error() + "; make it smaller", err: errTooLarge}
	}
	doc, err := json5.Parse(text)
	if syntax, ok := errors.AsType[*json5.SyntaxError](err); ok {
		return nil, &FileError{Path: path, Line: syntax.Line, Column: syntax.Column, Msg: syntax.Msg}
	}
	f := &source{path: path, doc: doc}
	if doc.Root() == nil {
		place := f.position(len(text))
		return nil, &FileError{Path: path, Line: place.Line, Column: place.Column, Msg: "the file is empty; begin with {\"mcpServers\": {}}"}
	}
	return f, nil
}

// keys returns the top-level keys of a file that hold no servers.
func (f *source) keys() (keys []entry) {
	for _, m := range f.doc.Root().Members {
		if !slices.Contains(serverLists, m.Key) {
			keys = append(keys, entry{name: m.Key, file: f, at: m.KeyStart, value: m.Value})
		}
	}
	return keys
}

const hubKey = "hub"

// hubKeys are the keys of the top-level object "hub".
type hubKeys struct {
	Builtin           *json5.Node `key:"builtin"`
	NameLimit         *json5.Node `key:"nameLimit"`
	PageSize          *json5.Node `key:"pageSize"`
	InstructionsLimit *json5.Node `key:"instructionsLimit"`
	CompatibleVersion *json5.Node `key:"compatibleVersion"`
	Marketplace       *json5.Node `key:"marketplace"`
	History           *json5.Node `key:"history"`
	Updates           *json5.Node `key:"updates"`
}

var fullVersion = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`)

// setBool sets a setting to what a node says, which may be nil, and complains if that is neither true nor false.
func setBool(field *bool, n *json5.Node, key string, complain func(at *json5.Node, message string)) {
	switch {
	case n.Is(json5.Bool):
		*field = truthy(n)
	case n != nil:
		complain(n, key+" must be true or false")
	}
}

// read sets what the file says. What has a wrong type keeps its default and becomes a diagnostic.
func (s *Settings) read(f *source, hub *json5.Node) (problems []Diagnostic) {
	complain := func(at *json5.Node, message string) {
		problems = append(problems, f.diagnostic(Error, "", at.Start, message, "correct it; until then the default holds"))
	}
	if hub.Kind != json5.Object {
		complain(hub, "hub must be an object")
		return problems
	}
	var keys hubKeys
	fill(hub, &keys)
	setBool(&s.Builtin, keys.Builtin, "hub.builtin", complain)
	if keys.History != nil {
		s.History.read(keys.History, complain)
	}
	if keys.Updates != nil {
		s.Updates.read(keys.Updates, complain)
	}
	for _, number := range []struct {
		name  string
		value *json5.Node
		least int
		field *int
	}{
		{"nameLimit", keys.NameLimit, minNameLimit, &s.NameLimit},
		{"pageSize", keys.PageSize, 1, &s.PageSize},
		{"instructionsLimit", keys.InstructionsLimit, 0, &s.InstructionsLimit},
	} {
		if number.value == nil {
			continue
		}
		n, err := strconv.Atoi(number.value.Text)
		if err != nil || number.value.Kind != json5.Number || n < number.least {
			complain(number.value, fmt.Sprintf("hub.%s must be a whole number of at least %d", number.name, number.least))
			continue
		}
		*number.field = n
	}
	if v := keys.CompatibleVersion; v.Is(json5.String) && fullVersion.MatchString(v.Text) {
		s.CompatibleVersion = v.Text
	} else if v != nil {
		complain(v, `hub.compatibleVersion must be a text like "4.2.1"`)
	}
	return problems
}
