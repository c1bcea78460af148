package config

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mcphub/hub/secret"
)

// secretPrefixes begin the placeholders of secrets. Both mean the same store: what holds it, a keyring or a file, is not
// the configuration's business.
var secretPrefixes = []string{"secret:", "keyring:"}

// SecretError says that a server cannot be started because a secret is missing or cannot be read. It wraps the error of the
// store ([secret.ErrNotFound], [secret.ErrLocked], [secret.ErrUnavailable]) and the [*Diagnostic] that says where the
// secret is asked for.
type SecretError struct {
	Name string // of the secret
	*Diagnostic
	err error
}

// Unwrap returns both.
func (e *SecretError) Unwrap() []error { return []error{e.Diagnostic, e.err} }

// secretPrefix returns the prefix of a secret's placeholder; empty for all else.
func (p *placeholder) secretPrefix() string {
	if len(p.parts) == 0 {
		return ""
	}
	for _, prefix := range secretPrefixes {
		if strings.HasPrefix(p.parts[0].text, prefix) {
			return prefix
		}
	}
	return ""
}

// secret returns a secret, or errWaiting if it has to be read first. An error names it as it is written: a name that is
// made of values would show them.
func (r *resolution) secret(f field, name, written string) (string, error) {
	fail := func(message, action string, err error) error {
		d := r.spec.file.diagnostic(Error, r.server, f.at, message, action)
		return &SecretError{Name: written, Diagnostic: &d, err: err}
	}
	if secret.CheckGiven(name) != nil {
		return "", r.problem(f, "'"+written+"' cannot be the name of a secret", "use letters, digits, and signs such as _ - .")
	}
	if r.values.secrets == nil {
		return "", fail("secret '"+written+"' cannot be read, as there is no store of secrets here", "start the hub with one", secret.ErrUnavailable)
	}
	key := "secret\x00" + name
	result, known := r.known[key]
	if !known {
		r.wanted[key] = func(ctx context.Context) call {
			value, err := r.values.secrets.Get(ctx, name)
			return call{text: value.Reveal(), err: err}
		}
		return "", errWaiting
	}
	var problem *secret.Problem
	switch err := result.err; {
	case err == nil:
		return result.text, nil
	case errors.Is(err, secret.ErrNotFound):
		return "", fail("secret '"+written+"' is not set", "run mcp-hub secrets set "+written, err)
	case errors.As(err, &problem):
		return "", fail(fmt.Sprintf("secret '%s' cannot be read: %v: %s", written, problem.Kind, problem.What), problem.Action, err)
	default:
		return "", fail(fmt.Sprintf("secret '%s' cannot be read: %v", written, err), "see mcp-hub secrets backend", err)
	}
}

// Secrets returns the names of the secrets that the server asks for, sorted. One whose name is made of values is left out.
func (s *Server) Secrets() []string {
	var names []string
	s.spec.each(func(_ *field, p *placeholder) {
		if prefix := p.secretPrefix(); prefix != "" && len(p.parts) == 1 && secret.CheckGiven(p.raw[len(prefix):]) == nil {
			names = append(names, p.raw[len(prefix):])
		}
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// SecretUsers returns which servers ask for each secret that the configuration names, sorted.
func (s *Snapshot) SecretUsers() map[string][]string {
	users := map[string][]string{}
	for _, server := range s.Servers {
		for _, name := range server.Secrets() {
			users[name] = append(users[name], server.Name)
		}
	}
	return users
}
