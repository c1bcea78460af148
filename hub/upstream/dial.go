package upstream

import (
	"log/slog"
	"time"

	"mcphub/hub/config"
	"mcphub/hub/secret"
)

// dialOptions is what every transport needs to open a connection.
type dialOptions struct {
	protocol config.Protocol // the era that the person fixed, or auto
	version  string          // the hub's own, told to servers
	events   func(Frame)     // takes frames that belong to no call; must not block
	log      *slog.Logger    // names the server already
	known    *known
	auth     Authorizer                       // of a remote server; nil if the hub does not sign in to it
	more     func(error)                      // takes that the sign-in does not reach far enough for a call; must not block. Nil: nobody does
	limits   limits                           // of the stdio transport
	backoff  func(failures int) time.Duration // before a broken stream of the HTTP transport is opened again
	redact   *secret.Redactor                 // masks what a remote server repeats
}

// known is what earlier connections to the same server learned, so that the next one need not try. The owner of the
// server resets it when the server's configuration changes.
type known struct {
	legacy bool // the server speaks only revisions with a handshake
	sse    bool // the server speaks HTTP+SSE (2024-11-05), not streamable HTTP
}
