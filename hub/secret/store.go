package secret

import (
	"context"
	"errors"
)

// What can be wrong with a [Store]. Errors wrap one of these and say what a person can do.
var (
	// ErrNotFound says that the store has no secret of that name.
	ErrNotFound = errors.New("no such secret")
	// ErrLocked says that the store is there, and opens only when a person unlocks it.
	ErrLocked = errors.New("the secret store is locked")
	// ErrUnavailable says that the store cannot be reached, such as a keyring on a machine without one.
	ErrUnavailable = errors.New("the secret store is not available")
)

// Store keeps secrets by name. It is safe for concurrent use, by several processes too. Each call returns when its context
// ends, also where the system behind it waits for a person. A name is 1 to 200 bytes of printable ASCII; a "/" in it parts
// what the hub keeps for itself ("oauth/…", "access/…", "command/…") from what a person has set, whose names have none.
type Store interface {
	// Get returns a secret. It fails with ErrNotFound.
	Get(ctx context.Context, name string) (Text, error)
	// Set creates or replaces a secret.
	Set(ctx context.Context, name string, value Text) error
	// Delete removes a secret. It fails with ErrNotFound.
	Delete(ctx context.Context, name string) error
	// List returns the names of all secrets, sorted.
	List(ctx context.Context) ([]string, error)
}
