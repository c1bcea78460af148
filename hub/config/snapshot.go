package config

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"

	"mcphub/hub/secret"
)

// Snapshot is the whole configuration at one moment. It never changes once it is published; a change makes a new one.
type Snapshot struct {
	Servers     []*Server                  // sorted by name
	Hub         Settings                   // the top-level key "hub", but for the marketplace
	Sources     []MarketSource             // of the marketplace, besides those that the hub has itself
	Diagnostics []Diagnostic               // everything that is wrong, servers' errors included
	Files       []File                     // the files it was read from, in merge order
	Extra       map[string]json.RawMessage // the other top-level keys of all files, the later file wins
	Hash        string                     // changes when the content of any file changes

	effective Effective
	texts     map[string][]byte // of the files, by path
}

// Server returns the server of that name.
func (s *Snapshot) Server(name string) (*Server, bool) {
	i, found := slices.BinarySearchFunc(s.Servers, name, func(s *Server, name string) int {
		return strings.Compare(s.Name, name)
	})
	if !found {
		return nil, false
	}
	return s.Servers[i], true
}

// File is one configuration file of a [Snapshot].
type File struct {
	Path    string // exactly as given
	Missing bool   // there is no such file (yet); it counts as empty
}

// Transport says how the hub reaches a server.
type Transport string

// The transports: a child process over its standard streams, or a URL.
const (
	Stdio  Transport = "stdio"
	Remote Transport = "remote"
)

// Protocol says which era of MCP the hub speaks with a server.
type Protocol string

// The protocols: find out by asking, the handshake revisions up to 2025-11-25, and 2026-07-28 and later.
const (
	ProtocolAuto   Protocol = "auto"
	ProtocolLegacy Protocol = "legacy"
	ProtocolModern Protocol = "modern"
)

// Position is a place in a configuration file.
type Position struct {
	Path   string // exactly as given
	Line   int    // from 1
	Column int    // from 1, in characters
}

// Server is one configured server as it stands in its file, placeholders unresolved.
type Server struct {
	Name        string          // the key of its entry
	DisplayName string          // the entry's "name", or Name
	Description string          // the entry's "description"
	Source      string          // the path of its file exactly as given
	File        Position        // where its entry begins
	Raw         json.RawMessage // the entry as strict JSON, unknown keys and all; it may hold secrets
	Transport   Transport       // empty if Err says that it has none
	Disabled    bool            // the entry's "disabled"
	Protocol    Protocol        // the entry's "protocol"
	Dev         *Dev            // nil without the entry's "dev"
	History     Recording       // the entry's "history"

	DisabledTools             []string // names hidden from clients
	DisabledPrompts           []string // names hidden from clients
	DisabledResources         []string // URIs hidden from clients
	DisabledResourceTemplates []string // URI templates hidden from clients

	Err         *Diagnostic // why this entry cannot run, nil if it can
	Fingerprint string      // changes exactly when the server has to be connected anew; Disabled is not in it

	spec   spec
	values *values
}

// LogValue shows only the name, because the entry may hold secrets.
func (s *Server) LogValue() slog.Value { return slog.StringValue(s.Name) }

// Written is what a server is started or reached with as it stands in its file, placeholders and all. It may hold secrets.
type Written struct {
	Command string
	Args    []string
	Cwd     string
	URL     string
}

// Written returns what the server's entry says.
func (s *Server) Written() Written {
	w := Written{Command: s.spec.command.text, Cwd: s.spec.cwd.text, URL: s.spec.url.text}
	for _, arg := range s.spec.args {
		w.Args = append(w.Args, arg.text)
	}
	return w
}

// Dev is the development mode of a stdio server: it restarts when a watched file changes.
type Dev struct {
	Enabled bool     // default true
	Watch   []string // glob patterns below Cwd, with **
	Cwd     string   // absolute folder
}

// Settings are the hub's own settings, the top-level key "hub".
type Settings struct {
	Builtin           bool // whether the hub offers its own tools, default true
	NameLimit         int  // longest name of a tool or prompt in bytes, default 64, at least 16
	PageSize          int  // items on one page of a list, default 2000, at least 1
	InstructionsLimit int  // longest instructions in bytes, default 16384, 0 for none

	CompatibleVersion string // of mcp-hub, which the hub passes for; empty for that whose routes it has
	History           History
	Updates           Updates
}

// DefaultSettings returns the settings that hold where no file says otherwise.
func DefaultSettings() Settings {
	return Settings{Builtin: true, NameLimit: 64, PageSize: 2000, InstructionsLimit: 16384, History: History{Enabled: true, Days: 30, MaxMB: 500, Bodies: true, BodyLimit: 16384}}
}

// Resolved is what a server needs to be started or reached, all placeholders replaced. See [Server.Resolve].
type Resolved struct {
	Command string
	Args    []secret.Text
	Env     map[string]secret.Text // the complete environment of the child process
	Cwd     string                 // absolute folder
	URL     secret.Text
	Headers map[string]secret.Text
	OAuth   OAuth
	Exposed []secret.Text // what of it seems to be secret, to be masked in all that is shown
	Kept    bool          // some of it is the output of a command that was run before, see [Server.Forget]
}

// lacks reports whether a file is gone that was there before.
func (s *Snapshot) lacks(before *Snapshot) bool {
	for i, file := range s.Files {
		if file.Missing && !before.Files[i].Missing {
			return true
		}
	}
	return false
}
