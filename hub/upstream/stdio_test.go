package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"mcphub/hub/config"
	"mcphub/hub/event"
	"mcphub/hub/jsonrpc"
	"mcphub/hub/secret"
)

func TestStdioEra(t *testing.T) {
	modern := script{Discover: "hello"}
	both := script{Discover: "hello", Legacy: true}
	pin := func(p config.Protocol) func(*changes) { return func(c *changes) { c.o.protocol = p } }
	// Time enough for a busy machine to ask at all.
	hurry := func(c *changes) { c.o.limits.headStart = 500 * time.Millisecond }
	knows := func(c *changes) { c.o.known.legacy = true }
	tests := []struct {
		name    string
		script  script
		change  func(*changes)
		modern  bool
		asked   string // all methods in order, with what follows the handshake by itself
		failure string
	}{
		{"legacy", script{Legacy: true}, nil, false, "server/discover initialize notifications/initialized", ""},
		{"legacy that ignores what it does not know", script{Legacy: true, Discover: "nothing"}, hurry, false, "server/discover initialize notifications/initialized notifications/cancelled", ""},
		{"legacy that is slow", script{Legacy: true, Pause: time.Second}, hurry, false, "server/discover initialize notifications/initialized", ""},
		{"modern", modern, nil, true, "server/discover subscriptions/listen", ""},
		{"modern although initialize was right before", modern, knows, false, "initialize", "only 2026-07-28"},
		{"both", both, nil, true, "server/discover subscriptions/listen", ""},
		{"both, known to be legacy", both, knows, false, "initialize notifications/initialized", ""},
		{"both, pinned to legacy", both, pin(config.ProtocolLegacy), false, "initialize notifications/initialized", ""},
		{"both, pinned to modern", both, pin(config.ProtocolModern), true, "server/discover subscriptions/listen", ""},
		{"known to be legacy, pinned to modern", modern, func(c *changes) { knows(c); pin(config.ProtocolModern)(c) }, true, "server/discover subscriptions/listen", ""},
		{"legacy, pinned to modern", script{Legacy: true}, pin(config.ProtocolModern), false, "server/discover", "method not found"},
		{"modern, pinned to legacy", modern, pin(config.ProtocolLegacy), false, "initialize", "only 2026-07-28"},
		{"neither", script{}, nil, false, "server/discover initialize", "only 2026-07-28"},
		{"dies at once", script{Die: true}, nil, false, "", "exit status 3; it last said: no reason to live"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			noLeaks(t)
			test.script.Journal = filepath.Join(t.TempDir(), "journal")
			k := &known{}
			c, _, _, err := start(t, test.script, func(c *changes) {
				if test.change != nil {
					test.change(c)
				}
				*k = *c.o.known
				c.o.known = k
			})
			switch {
			case test.failure != "":
				if err == nil || !strings.Contains(err.Error(), test.failure) {
					t.Errorf("error %v", err)
				}
				if k.legacy && test.name != "dies at once" {
					t.Error("an attempt that failed taught that the server is a legacy one")
				}
			case err != nil:
				t.Fatal(err)
			case c.Hello().Modern != test.modern || k.legacy == test.modern:
				t.Errorf("hello %+v, known %+v", c.Hello(), k)
			}
			asked := func() string {
				var methods []string
				for _, line := range test.script.journal(t, "") {
					if method, _, _ := strings.Cut(line, " "); method != "start" && method != "eof" {
						methods = append(methods, method)
					}
				}
				return strings.Join(methods, " ")
			}
			if test.asked != "" {
				eventually(t, "the handshake is "+test.asked, func() bool { return asked() == test.asked })
			}
		})
	}
}

// TestStdioDeathByQuestion: a server that dies of server/discover is greeted with initialize in the next attempt, and a
// modern one that died once is asked again as if unknown.
func TestStdioDeathByQuestion(t *testing.T) {
	k := &known{}
	keep := func(c *changes) { c.o.known = k }
	if _, _, _, err := start(t, script{Legacy: true, Discover: "death"}, keep); !errors.Is(err, ErrClosed) || !k.legacy {
		t.Fatal(err, k)
	}
	c, _, _ := mustStart(t, script{Legacy: true, Discover: "death"}, keep)
	if c.Hello().Modern || c.Hello().Version != "2025-06-18" || c.Hello().Instructions != "be kind" {
		t.Errorf("%+v", c.Hello())
	}
	if _, _, _, err := start(t, script{Discover: "hello"}, keep); err == nil || k.legacy {
		t.Fatal(err, k)
	}
	if c, _, _ := mustStart(t, script{Discover: "hello"}, keep); !c.Hello().Modern {
		t.Errorf("%+v", c.Hello())
	}
}

func TestStdioListens(t *testing.T) {
	s := script{Discover: "hello", Caps: `{"tools":{"listChanged":true},"prompts":{}}`, Journal: filepath.Join(t.TempDir(), "journal")}
	mustStart(t, s)
	eventually(t, "it listens", func() bool { return len(s.journal(t, "subscriptions/listen")) == 1 })
	if line := s.journal(t, "subscriptions/listen")[0]; !strings.Contains(line, `"notifications":{"toolsListChanged":true}`) {
		t.Error(line)
	}
}

func TestStdioFraming(t *testing.T) {
	note := func(data string) string {
		return `{"jsonrpc":"2.0","method":"notifications/x","params":` + data + `}`
	}
	const limit = 4096
	tests := []struct {
		name, raw string
		events    []string // their params
		log       string   // what the log says of it
	}{
		{"messages", note("{}") + "\n" + note(`{"a":1}`) + "\n", []string{"{}", `{"a":1}`}, ""},
		{"blank lines and CRLF", "\n\r\n  \t\n" + note("{}") + "\r\n\r\n", []string{"{}"}, ""},
		{"spaces around", " \t" + note(" {} ") + " \n", []string{"{}"}, ""},
		{"garbage", "Listening on port 80\n" + note("{}") + "\n{\"half\": \n", []string{"{}"}, "Listening on port 80"},
		{"JSON that is no message", "42\n\"x\"\n{}\nnull\n" + note("{}") + "\n", []string{"{}"}, "42"},
		{"a batch", "[" + note(`{"a":1}`) + "," + note(`{"a":2}`) + "]\n", []string{`{"a":1}`, `{"a":2}`}, ""},
		{"a batch with garbage", "[1," + note(`{"a":1}`) + ",[]]\n[]\n", []string{`{"a":1}`}, "1"},
		{"not UTF-8", note("{\"a\":\"\xff\xfeé\"}") + "\n", []string{`{"a":"` + "\uFFFD" + `é"}`}, ""},
		{"too long", note(`{"a":"`+strings.Repeat("x", limit)+`"}`) + "\n" + note("{}") + "\n", []string{"{}"}, "more than 4096 bytes was skipped"},
		{"big numbers and unknown members", `{"x":1,"params":{"n":90071992547409931},"method":"notifications/x","jsonrpc":"2.0"}` + "\n", []string{`{"n":90071992547409931}`}, ""},
	}
	for _, test := range tests {
		for _, when := range []string{"first", "later"} {
			t.Run(test.name+" "+when, func(t *testing.T) {
				s := legacyScript(t)
				if when == "first" || len(test.raw) > limit {
					s.Noise = b64(test.raw)
				}
				c, events, log := mustStart(t, s, func(c *changes) { c.o.limits.line = limit })
				if s.Noise == "" {
					result(t, c, tool("raw", arguments{Raw: b64(test.raw)}))
				}
				result(t, c, tool("echo", arguments{}))
				var got []string
				for _, text := range events.texts() {
					m, err := jsonrpc.Scan([]byte(text))
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, string(m.Params.In(m.Raw)))
				}
				if !slices.Equal(got, test.events) {
					t.Errorf("events %q, want %q", got, test.events)
				}
				noted := strings.Join(texts(log), "\n")
				if !strings.Contains(noted, test.log) || test.log == "" && strings.Contains(noted, "stdout") {
					t.Errorf("log: %s", noted)
				}
			})
		}
	}
}

// TestStdioEnds: how the connection ends when the process does, and what it then says.
func TestStdioEnds(t *testing.T) {
	tests := []struct{ tool, why string }{
		{"crash", "exit status 3; it last said: boom: it hurts"},
		{"exit", "the process exited by itself with code 0; it last said: fixture at work"},
		{"mute", "closed its output"},
	}
	for _, test := range tests {
		t.Run(test.tool, func(t *testing.T) {
			noLeaks(t)
			c, _, _ := mustStart(t, legacyScript(t))
			_, err := doCall(t, c, tool(test.tool, arguments{}))
			if !errors.Is(err, ErrClosed) || errors.Is(err, ErrNotSent) || !strings.Contains(err.Error(), test.why) {
				t.Error(err)
			}
			<-c.Done()
			if _, err := doCall(t, c, tool("echo", arguments{})); !errors.Is(err, ErrNotSent) {
				t.Error(err)
			}
			if err := c.Notify(t.Context(), "notifications/x", nil); test.tool != "mute" && !errors.Is(err, ErrClosed) {
				t.Error(err)
			}
		})
	}
	t.Run("half a message", func(t *testing.T) {
		c, _, log := mustStart(t, legacyScript(t))
		req := tool("raw", arguments{Raw: b64(`{"jsonrpc":"2.0","met`)})
		done := make(chan error, 1)
		go func() {
			_, err := doCall(t, c, req)
			done <- err
		}()
		eventually(t, "the half is seen with what came after it", func() bool { return strings.Contains(strings.Join(texts(log), "\n"), `"met{`) })
		_ = c.Close(t.Context())
		if err := <-done; !errors.Is(err, ErrClosed) || !errors.Is(err, errStopped) {
			t.Error(err)
		}
	})
}

// TestStdioDeaf: a server that stops reading holds up no caller beyond its context, and is given up in time.
func TestStdioDeaf(t *testing.T) {
	noLeaks(t)
	s := legacyScript(t)
	c, _, _ := mustStart(t, s, func(c *changes) { c.o.limits.unread = 300 * time.Millisecond })
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	first := make(chan error, 1)
	go func() {
		_, err := c.Do(ctx, tool("deaf", arguments{}))
		first <- err
	}()
	eventually(t, "the server is deaf", func() bool { return len(s.journal(t, "tools/call")) == 1 })
	big := &Request{Method: "tools/call", Params: []byte(`{"x":"` + strings.Repeat("x", 1<<20) + `"}`)}
	second := make(chan error, 1)
	go func() {
		_, err := doCall(t, c, big)
		second <- err
	}()
	cancel(gone)
	if err := <-first; !errors.Is(err, gone) {
		t.Error(err)
	}
	if err := <-second; !errors.Is(err, ErrClosed) || !errors.Is(err, errNotReading) {
		t.Error(err)
	}
}

// TestStdioEnvironment: the child has what the configuration says, and nothing else.
func TestStdioEnvironment(t *testing.T) {
	t.Setenv("SECRET_OF_THE_HUB", "x")
	var want []string
	c, _, _ := mustStart(t, legacyScript(t), func(c *changes) {
		c.r.Env["EMPTY"], c.r.Env["SPACES"] = secret.New(""), secret.New(" a\nb=c ")
		for k, v := range c.r.Env {
			want = append(want, k+"="+v.Reveal())
		}
	})
	var got []string
	if err := json.Unmarshal([]byte(result(t, c, tool("env", arguments{}))), &got); err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	slices.Sort(got)
	if runtime.GOOS == "windows" { // which adds SYSTEMROOT
		got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(strings.ToUpper(s), "SYSTEMROOT=") })
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestStdioCannotStart: what a person must mend is permanent, and says what to do.
func TestStdioCannotStart(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("file modes of Unix")
	}
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := write("plain", "#!/bin/sh\n", 0o600)
	tests := []struct {
		name, want string
		change     func(*config.Resolved)
	}{
		{"unknown command", "install it", func(r *config.Resolved) { r.Command = "no-such-command" }},
		{"no such file", "no such file", func(r *config.Resolved) { r.Command = filepath.Join(dir, "nothing") }},
		{"not below cwd", "no such file", func(r *config.Resolved) { r.Command = "./plain" }},
		{"not executable", "is not executable", func(r *config.Resolved) { r.Command = plain }},
		{"a folder", "is a folder", func(r *config.Resolved) { r.Command = dir }},
		{"no interpreter", "no such file", func(r *config.Resolved) {
			r.Command = write("script", "#!/no/such/interpreter\n", 0o700)
		}},
		{"no program", "exec format error", func(r *config.Resolved) {
			r.Command = write("text", "hello", 0o700)
		}},
		{"no such cwd", "correct cwd", func(r *config.Resolved) { r.Cwd = filepath.Join(dir, "nowhere") }},
		{"cwd is a file", "correct cwd", func(r *config.Resolved) { r.Cwd = plain }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			noLeaks(t)
			_, _, _, err := start(t, script{}, func(c *changes) { test.change(c.r) })
			if outcomeOf(err) != outcomePermanent || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestStdioHandshakeIsCancelled: a server that never answers goes when its start is given up.
func TestStdioHandshakeIsCancelled(t *testing.T) {
	noLeaks(t)
	s := script{Discover: "nothing", Journal: filepath.Join(t.TempDir(), "journal")}
	g := newGuard(quiet())
	defer g.close()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := &config.Resolved{Command: exe, Cwd: t.TempDir(), Env: map[string]secret.Text{}}
	for k, v := range scriptEnv(s) {
		r.Env[k] = secret.New(v)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := dialStdio(ctx, r, newRing(event.New(1), "a", nil), g, dialOptions{log: quiet(), known: &known{}, limits: stdioLimits, events: func(Frame) {}})
		done <- err
	}()
	eventually(t, "it is asked", func() bool { return len(s.journal(t, "server/discover")) == 1 })
	gone := errors.New("gone")
	cancel(gone)
	if err := <-done; !errors.Is(err, gone) {
		t.Error(err)
	}
}

// TestStdioDiesDeaf: a command that has closed its input when it is greeted is told of by why it ended.
func TestStdioDiesDeaf(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no sh")
	}
	for range 20 { // most of them close it in time
		_, _, _, err := start(t, script{}, func(c *changes) {
			c.r.Command, c.r.Args = "sh", []secret.Text{secret.New("-c"), secret.New("exec <&-; echo no luck >&2; exit 3")}
		})
		if err == nil || !strings.Contains(err.Error(), "exit status 3; it last said: no luck") {
			t.Fatalf("error %v", err)
		}
	}
}
