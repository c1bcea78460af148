package api

import (
	"context"
	"errors"
	"strings"

	"mcphub/hub/config"
	"mcphub/hub/secret"
)

// keptSecret is a secret that was given in plain text and does not go into a configuration file.
type keptSecret struct {
	Key  string `json:"key" doc:"What it belongs to: a parameter, a variable, a header, a flag"`
	Name string `json:"name" doc:"Under which it is kept, for ${secret:NAME}"`
}

// safekeeping is the secrets of a server that is to be written, on their way into the store.
type safekeeping struct {
	store  secret.Store // nil: there is none
	users  map[string][]string
	server string
	kept   []keptSecret
	values []secret.Text // of kept
	err    error         // why the store cannot be used
}

func (a *v2) safekeeping(server string) *safekeeping {
	return &safekeeping{store: a.Secrets, users: a.Config.Current().SecretUsers(), server: server}
}

// take finds a name for a secret, and returns what is written instead of it. One value has one name, also if it is there
// already.
func (k *safekeeping) take(ctx context.Context, key string, value secret.Text) string {
	name := config.SecretName(k.server, key, func(name string) bool { return k.free(ctx, name, value) })
	k.kept, k.values = append(k.kept, keptSecret{key, name}), append(k.values, value)
	return config.Placeholder(name)
}

// free reports whether a name has that value or none, and nobody waits for another one.
func (k *safekeeping) free(ctx context.Context, name string, value secret.Text) bool {
	for i, other := range k.kept {
		if other.Name == name {
			return k.values[i].Equal(value)
		}
	}
	if k.store == nil {
		k.err = errNoSecrets
	}
	if k.err != nil {
		return true
	}
	old, err := k.store.Get(ctx, name)
	switch {
	case errors.Is(err, secret.ErrNotFound):
		return len(k.users[name]) == 0
	case err != nil:
		k.err = err
		return true
	}
	return old.Equal(value)
}

// around keeps the secrets while do writes what needs them. If do fails, nothing is left of those that were not there
// before.
func (k *safekeeping) around(ctx context.Context, do func() error) (err error) {
	if k.err != nil {
		return k.refusal()
	}
	var created []string
	defer func() {
		if err == nil {
			return
		}
		for _, name := range created {
			if gone := k.store.Delete(context.WithoutCancel(ctx), name); gone != nil {
				err = errors.Join(err, errors.New("secret "+quoted(name)+" is left in the store: "+gone.Error()))
			}
		}
	}()
	for i, s := range k.kept {
		fresh, err := secret.Keep(ctx, k.store, s.Name, k.values[i])
		if fresh {
			created = append(created, s.Name)
		}
		if err != nil {
			k.err = err
			return k.refusal()
		}
	}
	return do()
}

// refusal says why nothing is written, and what can be done.
func (k *safekeeping) refusal() error {
	var f *failure
	if !errors.As(k.err, &f) {
		_ = errors.As(secretFailure(k.err), &f) // which is one
	}
	keys := make([]string, len(k.kept))
	for i, s := range k.kept {
		keys[i] = s.Key
	}
	return &failure{
		status: f.status, code: f.code, data: f.data,
		text: "Nothing is written, since there is no place for the secrets of " + quoted(k.server) + " (" + strings.Join(keys, ", ") + "): " + f.text +
			". Mend that, write placeholders such as ${env:NAME} instead, or ask for plain text (plainSecrets, on the command line --plain-secrets)",
	}
}

// removal says which server to remove.
type removal struct {
	Name    string `path:"name" doc:"The server's name in the configuration"`
	Secrets bool   `query:"secrets" doc:"Remove the secrets that its entry names too, but those that another entry names"`
}

type removed struct {
	Body struct {
		Removed   []string `json:"removedSecrets" nullable:"false" doc:"The secrets that were removed with it"`
		Remaining []string `json:"remainingSecrets" nullable:"false" doc:"The secrets that its entry named and that are still kept, or waited for by others"`
	}
}

func (a *v2) deleteServer(ctx context.Context, in *removal) (*removed, error) {
	c, err := a.findConfigured(in.Name)
	if err != nil {
		return nil, err
	}
	if err := a.Remove(ctx, in.Name); err != nil {
		return nil, editFailure(err)
	}
	out := &removed{}
	out.Body.Removed, out.Body.Remaining = []string{}, []string{}
	users := a.Config.Current().SecretUsers()
	for _, name := range c.Secrets() {
		used := len(users[name]) > 0 || a.Mentioned(ctx, "secret:"+name+"}", "keyring:"+name+"}")
		if in.Secrets && !used && a.Secrets != nil {
			err := a.Secrets.Delete(context.WithoutCancel(ctx), name)
			if err == nil {
				out.Body.Removed = append(out.Body.Removed, name)
			}
			if err == nil || errors.Is(err, secret.ErrNotFound) {
				continue
			}
		}
		out.Body.Remaining = append(out.Body.Remaining, name)
	}
	return out, nil
}
