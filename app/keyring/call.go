package keyring

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/zalando/go-keyring"

	"mcphub/app/sessionbus"
	"mcphub/hub/secret"
)

// turn is taken by the one call to the keyring that may be under way in this process. A call that waits for a person
// cannot be called off: it keeps its turn until it ends, so that there is never more than one of them.
var turn = make(chan struct{}, 1)

type answer struct {
	value string
	err   error
}

// call makes a call to the keyring, and waits for its end only so long: the library waits for ever.
func call(ctx context.Context, patience time.Duration, do func() (string, error)) (string, error) {
	if !sessionbus.Reachable() {
		return "", unavailable("there is no desktop session whose keyring could be used", "log in to the desktop, or set DBUS_SESSION_BUS_ADDRESS", nil)
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case turn <- struct{}{}:
	case <-waiting.Done():
		return "", unanswered(ctx, patience)
	}
	done := make(chan answer, 1)
	go func() {
		defer func() { <-turn }()
		defer func() {
			if fault := recover(); fault != nil { // the library trusts what the other side sends
				done <- answer{err: fmt.Errorf("the keyring answered something strange: %v", fault)}
			}
		}()
		value, err := do()
		done <- answer{value, err}
	}()
	select {
	case a := <-done:
		return a.value, explained(a.err)
	case <-waiting.Done():
		return "", unanswered(ctx, patience)
	}
}

// unanswered says that the keyring did not answer in time. If it was the caller who gave up, the error is the caller's.
func unanswered(ctx context.Context, patience time.Duration) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return &secret.Problem{
		Kind: secret.ErrLocked, What: fmt.Sprintf("the keyring has not answered within %v, maybe because it waits for you", patience),
		Action: "unlock it in the window that asks for its password", Cause: context.DeadlineExceeded,
	}
}

// explained puts an error of the library into words.
func explained(err error) error {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keyring.ErrNotFound):
		return secret.ErrNotFound
	case strings.Contains(err.Error(), "failed to unlock"): // Secret Service; the library has no better sign
		return locked(err)
	case errors.As(err, &exit) && slices.Contains([]int{36, 51, 128}, exit.ExitCode()):
		return locked(err) // macOS: may not ask a person, wrong password, person said no
	case strings.Contains(err.Error(), "org.freedesktop.secrets was not provided"):
		return unavailable("no program keeps a keyring here", "install and start one, such as gnome-keyring, KWallet or KeePassXC", nil)
	}
	return unavailable("it does not answer as it should", "see whether the system's own keyring program works", err)
}

func locked(cause error) error {
	return &secret.Problem{
		Kind: secret.ErrLocked, What: "the keyring is locked, and could not ask anybody for its password",
		Action: "unlock it with the system's keyring program, or log in to the desktop", Cause: cause,
	}
}

func refused() error {
	return &secret.Problem{Kind: secret.ErrLocked, What: "the keyring did not do it, maybe because it asked and you said no", Action: "try again and agree"}
}

func unavailable(what, action string, cause error) error {
	return &secret.Problem{Kind: secret.ErrUnavailable, What: what, Action: action, Cause: cause}
}
