package upstream

import "time"

// The kinds of events that a Set publishes, each with its server.
const (
	EventState  = "server_state"   // Data is a StateChange; the server's Status has it already
	EventHealth = "server_health"  // Data is a Health: it changed while the state did not
	EventLists  = "server_lists"   // Data is a ListsChange; the server's Lists have it already
	EventStderr = "server_stderr"  // Data is the line, a string; the server's Log has it already
	EventNote   = "server_note"    // Data is a line that the hub noted in the server's Log, a string
	EventSignIn = "server_sign_in" // Data is a SignInWanted; the server's Status has it already
)

// StateChange is a server's step from one state to another.
type StateChange struct {
	From, To State
	Reason   string        // why the last attempt or connection failed; empty while all is well
	Took     time.Duration // how long it was in From
	Health   Health        // in To
}

// SignInWanted says that a call to a ready server was refused because the sign-in does not reach far enough.
type SignInWanted struct {
	Reason string // what a person should know
}

// ListsChange says which lists of a ready server were read again because the server said that they changed.
type ListsChange struct {
	Tools, Resources, Prompts bool
}
