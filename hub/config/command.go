package config

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"strings"
	"sync"
	"time"

	"mcphub/hub/secret"
)

const (
	commandLimit   = 30 * time.Second
	maxCommandText = 1 << 20 // bytes of output
)

// commands runs each distinct command once and keeps what it printed: until the hub stops, or for as long as the command
// says. A command that failed is tried again by the next one who asks, because what it lacked may be there by then.
type commands struct {
	dir     string
	env     []string // environment of the hub's process
	limit   time.Duration
	secrets secret.Store // for what is kept for a time, over a restart of the hub too; nil: nothing is
	log     *slog.Logger
	now     func() time.Time

	mu     sync.Mutex
	calls  map[string]*call
	forgot map[string]time.Time // by server: outputs from before do not count
}

func newCommands(o Options) *commands {
	return &commands{
		dir: o.Dir, env: o.Env, limit: commandLimit, secrets: o.Secrets, log: o.Log, now: time.Now,
		calls: map[string]*call{}, forgot: map[string]time.Time{},
	}
}

// command is what a placeholder asks for.
type command struct {
	script
	server string
	name   string        // under which the output is kept in the store of secrets, if it has a ttl
	ttl    time.Duration // how long the output is kept: 0 until the hub stops, less than 0 not at all
}

// call is one run of a command; its results are valid once done is closed.
type call struct {
	done chan struct{}
	text string
	at   time.Time // when the command was started
	err  error
}

// run returns what the command printed, white space at both ends removed. Callers that ask for the same command at the
// same time share one run, unless its output is not to be kept.
func (c *commands) run(ctx context.Context, cmd command) call {
	if cmd.ttl < 0 {
		at := c.now()
		text, err := c.execute(ctx, cmd.script)
		return call{text: text, at: at, err: err}
	}
	key := cmd.key()
	for {
		c.mu.Lock()
		running, found := c.calls[key]
		if found && running.ended() && !c.counts(cmd, running.at) {
			found = false
		}
		if !found {
			running = &call{done: make(chan struct{})}
			c.calls[key] = running
		}
		c.mu.Unlock()
		if !found {
			running.text, running.at, running.err = c.obtain(ctx, cmd)
			if running.err != nil {
				c.mu.Lock()
				delete(c.calls, key)
				c.mu.Unlock()
			}
			close(running.done)
			return *running
		}
		select {
		case <-running.done:
		case <-ctx.Done():
			return call{err: ctx.Err()}
		}
		// Whoever ran it may have been called off; that says nothing about the command.
		if !errors.Is(running.err, context.Canceled) || ctx.Err() != nil {
			return *running
		}
	}
}

func (c *call) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// counts reports whether an output of that age may still be used. The caller holds mu.
func (c *commands) counts(cmd command, at time.Time) bool {
	return !at.Before(c.forgot[cmd.server]) && (cmd.ttl == 0 || c.now().Before(at.Add(cmd.ttl)))
}

// obtain returns the output that is kept, or runs the command and keeps what it prints.
func (c *commands) obtain(ctx context.Context, cmd command) (string, time.Time, error) {
	if cmd.ttl > 0 && c.secrets != nil {
		if text, at, ok := c.recall(ctx, cmd); ok {
			return text, at, nil
		}
	}
	at := c.now()
	text, err := c.execute(ctx, cmd.script)
	if err == nil && cmd.ttl > 0 && c.secrets != nil {
		c.keep(ctx, cmd, text, at)
	}
	return text, at, err
}

func (c *commands) execute(ctx context.Context, s script) (string, error) {
	limited, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	cmd := shellCommand(limited, s.text)
	cmd.Dir = c.dir
	cmd.Env = append(append(make([]string, 0, len(c.env)+len(s.env)), c.env...), s.env...)
	cmd.WaitDelay = time.Second // for a daemon that it started and that keeps the output open
	output := &limitedBuffer{}
	cmd.Stdout = output
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case limited.Err() != nil:
		return "", fmt.Errorf("not finished after %s", c.limit)
	case output.full:
		return "", fmt.Errorf("printed more than %d bytes", maxCommandText)
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return "", err
	}
	return strings.TrimSpace(string(output.text)), nil
}

// key is the same for the same text with the same values.
func (s script) key() string { return strings.Join(append([]string{s.text}, s.env...), "\x00") }

// limitedBuffer refuses to grow without end.
type limitedBuffer struct {
	text []byte
	full bool
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if len(b.text)+len(p) > maxCommandText {
		b.full = true
		return 0, errors.New("buffer is full")
	}
	b.text = append(b.text, p...)
	return len(p), nil
}

// firstWord names a command in an error. The rest of it may hold a secret, and so may an assignment before it.
func firstWord(text string) string {
	words := strings.Fields(text)
	if len(words) == 0 {
		return ""
	}
	word := words[0]
	if strings.ContainsAny(word, "=\"'`$<>|&;(){}\\@") {
		word = ""
	}
	if len(words) > 1 || word == "" {
		word = strings.TrimSpace(word + " …")
	}
	return word
}
