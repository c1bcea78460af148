package config

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mcphub/hub/secret"
	"mcphub/hub/vault"
)

// secrets is a store with what is given, as pairs of a name and a value.
func secrets(t *testing.T, pairs ...string) *vault.File {
	t.Helper()
	s := vault.NewFile(vault.FileOptions{Dir: filepath.Join(t.TempDir(), "secrets")})
	for i := 0; i < len(pairs); i += 2 {
		if err := s.Set(t.Context(), pairs[i], secret.New(pairs[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestSecretsInEveryField(t *testing.T) {
	needsShell(t)
	kept := secrets(t, "T", "to}ken ${T}", "host", "h.example", "N", "T", "dir", "sub", "program", "run")
	store := configure(t, `
		local: {command: "${secret:program}", args: ["--token=${keyring:T}", "${cmd: printf %s ${secret:T}}"], cwd: "${secret:dir}",
			env: {A: "<${secret:T}>", B: "${A}", C: "${secret:${N}}", N: "${secret:N}"}},
		remote: {url: "https://${secret:host}/mcp", headers: {Authorization: "Bearer ${keyring:T}"}},
		client: {url: "https://h/mcp", oauth: {clientId: "c", clientSecret: "${secret:T}"}},`, Options{
		Env: os.Environ(), Secrets: kept, Global: map[string]string{"secret:T": "a variable of that name"},
	})
	r, err := server(t, store, "local").Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const token = "to}ken ${T}"
	if r.Command != "run" || r.Args[0].Reveal() != "--token="+token || r.Args[1].Reveal() != token || filepath.Base(r.Cwd) != "sub" ||
		r.Env["A"].Reveal() != "<"+token+">" || r.Env["B"].Reveal() != "<"+token+">" || r.Env["C"].Reveal() != token {
		t.Errorf("resolved %q %v %v", r.Command, reveal(r.Env), r.Args)
	}
	r, err = server(t, store, "remote").Resolve(t.Context())
	if err != nil || r.URL.Reveal() != "https://h.example/mcp" || r.Headers["Authorization"].Reveal() != "Bearer "+token || r.Kept {
		t.Errorf("resolved %v %v", r, err)
	}
	r, err = server(t, store, "client").Resolve(t.Context())
	if err != nil || r.OAuth.ClientSecret.Reveal() != token || !slices.Equal(server(t, store, "client").Secrets(), []string{"T"}) {
		t.Errorf("resolved %v %v", r, err)
	}
	if got := server(t, store, "local").Secrets(); !slices.Equal(got, []string{"N", "T", "dir", "program"}) {
		t.Errorf("secrets = %q", got)
	}
}

// broken is a store that cannot be used.
type broken struct {
	secret.Store
	err error
}

func (b broken) Get(context.Context, string) (secret.Text, error) { return secret.Text{}, b.err }

func TestSecretsThatAreNotThere(t *testing.T) {
	locked := &secret.Problem{Kind: secret.ErrLocked, What: "it sleeps", Action: "wake it"}
	for name, tt := range map[string]struct {
		text    string
		secrets secret.Store
		kind    error
		want    string
		action  string
	}{
		"not set":    {"x${secret:API.KEY}", secrets(t), secret.ErrNotFound, "secret 'API.KEY' is not set", "run mcp-hub secrets set API.KEY"},
		"of values":  {"${secret:${V}}", secrets(t), secret.ErrNotFound, "secret '${V}' is not set", "run mcp-hub secrets set ${V}"},
		"locked":     {"${keyring:A}", broken{err: locked}, secret.ErrLocked, "it sleeps", "wake it"},
		"odd":        {"${keyring:A}", broken{err: errors.New("odd")}, nil, "odd", "secrets backend"},
		"no store":   {"${secret:A}", nil, secret.ErrUnavailable, "no store", "start the hub"},
		"the hub's":  {"${secret:oauth/x}", secrets(t, "oauth/x", "token"), nil, "cannot be the name", "letters"},
		"no name":    {"${secret:}", secrets(t), nil, "cannot be the name", "letters"},
		"bad values": {"${secret:a/${V}}", secrets(t), nil, "cannot be the name", "letters"},
	} {
		t.Run(name, func(t *testing.T) {
			store := configure(t, `s: {command: "c", args: ["`+tt.text+`"]}`, Options{Env: []string{"V=hunter2"}, Secrets: tt.secrets})
			_, err := server(t, store, "s").Resolve(t.Context())
			d, ok := errors.AsType[*Diagnostic](err)
			if !ok || d.Line == 0 || !strings.Contains(d.Message, tt.want) || !strings.Contains(d.Action, tt.action) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v", err)
			}
			missing, ok := errors.AsType[*SecretError](err)
			if ok != !strings.Contains(tt.want, "name") || ok && (tt.kind != nil && !errors.Is(err, tt.kind) || missing.Name == "") {
				t.Errorf("got %#v", err)
			}
		})
	}
}

func TestTimeToLive(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"8h": 8 * time.Hour, "90s": 90 * time.Second, "1h30m": 90 * time.Minute, "7d": 168 * time.Hour, "0": -1, "0s": -1, "none": -1,
	} {
		if got, ok := parseTTL(text); !ok || got != want {
			t.Errorf("%s is %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "h", "-1h", "8", "forever", "d", "1d12h", "9999999h", "99999d"} {
		if got, ok := parseTTL(text); ok {
			t.Errorf("%q is %v", text, got)
		}
	}
}

// clocked is a hub's configuration whose commands live by a clock of the test's own, and say how often they ran.
func clocked(t *testing.T, dir string, kept secret.Store, clock *time.Time, servers string) (*Store, func() int) {
	t.Helper()
	store := configure(t, servers, Options{Dir: dir, Env: append(os.Environ(), "V=1"), Secrets: kept})
	store.values.commands.now = func() time.Time { return *clock }
	return store, func() int {
		text, _ := os.ReadFile(filepath.Join(dir, "runs"))
		return strings.Count(string(text), "\n")
	}
}

func TestOutputsAreKeptForATime(t *testing.T) {
	needsShell(t)
	const servers = `s: {command: "${cmd ttl=8h: echo >> runs; echo out}"}, t: {command: "${cmd ttl=8h: echo >> runs; echo out}"}`
	kept, dir := secrets(t), t.TempDir()
	clock := time.Now()
	asks := func(store *Store, name string, runs func() int, want int, old bool) {
		t.Helper()
		r, err := server(t, store, name).Resolve(t.Context())
		if err != nil || r.Command != "out" || r.Kept != old || runs() != want {
			t.Errorf("%v, %v, %d runs, want %d", r, err, runs(), want)
		}
		clock = clock.Add(time.Minute)
	}
	store, runs := clocked(t, dir, kept, &clock, servers)
	asks(store, "s", runs, 1, false)
	asks(store, "s", runs, 1, true)
	asks(store, "t", runs, 1, true)
	store, runs = clocked(t, dir, kept, &clock, servers) // the hub starts anew
	asks(store, "s", runs, 1, true)
	clock = clock.Add(8 * time.Hour)
	asks(store, "s", runs, 2, false)
	store, runs = clocked(t, dir, kept, &clock, servers)
	asks(store, "t", runs, 2, true)
	clock = clock.Add(8 * time.Hour)
	store, runs = clocked(t, dir, kept, &clock, servers)
	asks(store, "s", runs, 3, false)

	// Forgotten by one server, it is fresh for the other one too.
	if err := server(t, store, "s").Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	asks(store, "t", runs, 3, true)
	asks(store, "s", runs, 4, false)
	asks(store, "t", runs, 4, true)
	if err := server(t, store, "s").Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	store, runs = clocked(t, dir, kept, &clock, servers)
	asks(store, "s", runs, 5, false)

	// What is no longer asked for goes with time.
	clock = clock.Add(9 * time.Hour)
	store, runs = clocked(t, dir, kept, &clock, `s: {command: "${cmd ttl=1h: echo >> runs; printf out}"}`)
	asks(store, "s", runs, 6, false)
	if names, err := kept.List(t.Context()); err != nil || len(names) != 1 || !strings.HasPrefix(names[0], "command/") {
		t.Errorf("kept: %q, %v", names, err)
	}
}

func TestOutputsThatAreNotKept(t *testing.T) {
	needsShell(t)
	clock := time.Now()
	kept := secrets(t)
	for _, ttl := range []string{"0", "none"} {
		store, runs := clocked(t, t.TempDir(), kept, &clock, `s: {command: "${cmd ttl=`+ttl+`: echo >> runs; echo out}", args: ["${cmd ttl=`+ttl+`: echo >> runs; echo out}"]}`)
		for n := range 3 {
			if r, err := server(t, store, "s").Resolve(t.Context()); err != nil || r.Command != "out" || r.Kept || runs() != n+1 {
				t.Errorf("%v, %v, %d runs", r, err, runs())
			}
		}
	}
	// Without a time nothing goes into the store, nor what fails.
	store, _ := clocked(t, t.TempDir(), kept, &clock, `s: {command: "${cmd: echo out}"}, t: {command: "${cmd ttl=1h: exit 1}"}`)
	for _, name := range []string{"s", "t"} {
		_, _ = server(t, store, name).Resolve(t.Context())
	}
	if names, err := kept.List(t.Context()); err != nil || len(names) > 0 {
		t.Errorf("kept: %q, %v", names, err)
	}
	store, _ = clocked(t, t.TempDir(), kept, &clock, `s: {command: "${cmd ttl=soon: echo}"}`)
	if _, err := server(t, store, "s").Resolve(t.Context()); err == nil || !strings.Contains(err.Error(), `ttl="soon"`) {
		t.Errorf("got %v", err)
	}
}

// TestKeptOutputsAreOfTheirValues: what a command printed for one value is nothing to another one, and the name under
// which it is kept tells neither.
func TestKeptOutputsAreOfTheirValues(t *testing.T) {
	needsShell(t)
	kept, dir, clock := secrets(t, "pin", "1234"), t.TempDir(), time.Now()
	const servers = `s: {command: "${cmd ttl=8h: echo ${secret:pin}}"}`
	name := func() string {
		t.Helper()
		names, err := kept.List(t.Context())
		if err != nil || len(names) != 2 {
			t.Fatalf("kept: %q, %v", names, err)
		}
		return names[0]
	}
	var before string
	for _, pin := range []string{"1234", "5678"} {
		if err := kept.Set(t.Context(), "pin", secret.New(pin)); err != nil {
			t.Fatal(err)
		}
		store, _ := clocked(t, dir, kept, &clock, servers)
		if r, err := server(t, store, "s").Resolve(t.Context()); err != nil || r.Command != pin {
			t.Errorf("%v, %v, want %s", r, err, pin)
		}
		if before != "" && name() != before {
			t.Errorf("the name tells the value: %s, %s", before, name())
		}
		before = name()
	}
}

// TestStoreThatCannotKeep: a command is run if what is kept of it cannot be read.
func TestStoreThatCannotKeep(t *testing.T) {
	needsShell(t)
	clock := time.Now()
	store, runs := clocked(t, t.TempDir(), unwilling{}, &clock, `s: {command: "${cmd ttl=8h: echo >> runs; echo out}"}`)
	for range 2 {
		if r, err := server(t, store, "s").Resolve(t.Context()); err != nil || r.Command != "out" || runs() != 1 {
			t.Errorf("%v, %v, %d runs", r, err, runs())
		}
	}
}

type unwilling struct{ secret.Store }

func (unwilling) Get(context.Context, string) (secret.Text, error) {
	return secret.Text{}, secret.ErrLocked
}
func (unwilling) Set(context.Context, string, secret.Text) error { return secret.ErrLocked }
