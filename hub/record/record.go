// Package record owns what there is to tell of a client's request to a server once it is over: who asked whom for what, on
// which way, how it ended and how long it took.
//
// It must not know who keeps such records, counts them or shows them.
package record

import "time"

// Call is one request that is over.
type Call struct {
	Time     time.Time // when the hub had the request
	Client   string    // the client's name as it gave it; empty if it gave none
	Version  string    // the client's own, likewise
	Token    string    // the name of the client's token that let it in; empty if it needed none of its own
	Session  string    // tells sessions apart and opens none; empty if the client has none
	Era      Era       // empty if the client does not speak MCP
	Via      Via
	Server   string // the name in the configuration
	Kind     Kind
	Name     string // the server's own name of what was asked for, of a resource its URI; may be empty for a completion
	Outcome  Outcome
	Err      string        // why it did not end well; empty if it did
	Took     time.Duration // from when the hub had the request until it had answered
	InServer time.Duration // the part of it in which the server had the request

	// The arguments of a tool or prompt and the result, raw JSON, nil if there are none. They may change once whoever is
	// told of the request has returned.
	Args, Result            []byte
	RequestSize, ResultSize int // in bytes, of the whole params and of the result or error

	Definition []byte // of the tool, raw JSON that never changes; nil if it is not known

	Span any // of whoever traces the request, from its beginning to its end
}

// Kind says what was asked for.
type Kind string

// The kinds.
const (
	Tool       Kind = "tool"
	Resource   Kind = "resource"
	Prompt     Kind = "prompt"
	Completion Kind = "completion"
)

// Era says which era of MCP the client spoke.
type Era string

// The eras, in the words of the specification.
const (
	Legacy Era = "legacy"
	Modern Era = "modern"
)

// Via says how the request came to the hub.
type Via string

// The ways: the MCP endpoint; the REST routes, of which the command line and the dashboard are told apart.
const (
	MCP       Via = "mcp"
	REST      Via = "rest"
	CLI       Via = "cli"
	Dashboard Via = "dashboard"
)

// Outcome says how a request ended.
type Outcome string

// The outcomes.
const (
	OK            Outcome = "ok"
	ToolError     Outcome = "tool_error"     // the tool says that it failed
	ProtocolError Outcome = "protocol_error" // the server answered with an error of JSON-RPC, or with what the client cannot take
	Timeout       Outcome = "timeout"        // no answer in the time that there was
	Cancelled     Outcome = "cancelled"      // nobody waited for the answer any more
	Disconnected  Outcome = "disconnected"   // the server was not there, or its connection ended
)

// Failed reports whether something went wrong; that a client changed its mind is nothing wrong.
func (o Outcome) Failed() bool { return o != OK && o != Cancelled }
