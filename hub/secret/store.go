package secret

import (
	"context"
	"errors"
	"fmt"
	"strings"
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

// MaxValue is how many bytes a secret may have in every [Store].
const MaxValue = 1 << 20

// Check reports what is wrong with a name or a value that is to be stored.
func Check(name string, value Text) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if n := len(value.Reveal()); n > MaxValue {
		return fmt.Errorf("the value of %s has %d bytes: a secret may have %d", name, n, MaxValue)
	}
	return nil
}

// CheckName reports what is wrong with the name of a secret.
func CheckName(name string) error {
	if name == "" || len(name) > 200 {
		return fmt.Errorf("the name of a secret has 1 to 200 characters, not %d", len(name))
	}
	for i := range len(name) {
		if name[i] < ' ' || name[i] > '~' {
			return fmt.Errorf("%q cannot be the name of a secret: use letters, digits and signs of ASCII", name)
		}
	}
	return nil
}

// CheckGiven reports what is wrong with a name that a person gives to a secret: it holds no sign that parts the hub's own
// names, or that means something in a placeholder or a shell.
func CheckGiven(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if strings.ContainsAny(name, "/\\{}$ '\"`") || name[0] == '-' {
		return fmt.Errorf("%q cannot be the name of a secret: use letters, digits, and signs such as _ - . : @", name)
	}
	return nil
}

// ErrTaken says that a secret of that name has another value.
var ErrTaken = errors.New("there is a secret of that name with another value: choose another name")

// Keep sets a secret that must not take the place of another one, and looks that it is there. It reports whether there was
// none of that name. It fails with ErrTaken.
func Keep(ctx context.Context, s Store, name string, value Text) (created bool, err error) {
	old, err := s.Get(ctx, name)
	if errors.Is(err, ErrNotFound) {
		if err := s.Set(ctx, name, value); err != nil {
			return false, err
		}
		created = true
		old, err = s.Get(ctx, name)
	}
	if err == nil && !old.Equal(value) {
		err = ErrTaken
	}
	return created, err
}

// Problem says that a store cannot be used now, and what a person can do about it.
type Problem struct {
	Kind   error  // ErrLocked or ErrUnavailable
	What   string // what is wrong, as the end of a sentence without its full stop
	Action string // what to do, a sentence without its full stop
	Cause  error  // nil if What tells it all
}

// Error returns all of it in one line.
func (p *Problem) Error() string {
	text := p.Kind.Error() + ": " + p.What
	if p.Cause != nil {
		text += ": " + p.Cause.Error()
	}
	return text + "; " + p.Action
}

// Unwrap returns the kind and the cause.
func (p *Problem) Unwrap() []error { return []error{p.Kind, p.Cause} }

// Explain parts an error of a store into what is wrong and what to do about it, which is empty if the error does not say.
func Explain(err error) (problem, action string) {
	if p, ok := errors.AsType[*Problem](err); ok {
		return strings.TrimSuffix(err.Error(), "; "+p.Action), p.Action
	}
	return err.Error(), ""
}
