package config

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"
)

const (
	commandLimit   = 30 * time.Second
	maxCommandText = 1 << 20 // bytes of output
)

// commands runs each distinct command once and keeps what it printed. A command that failed is tried again by the next
// one who asks, because what it lacked may be there by then.
type commands struct {
	dir   string
	env   []string // environment of the hub's process
	limit time.Duration

	mu    sync.Mutex
	calls map[string]*call
}

// call is one run of a command; its results are valid once done is closed.
type call struct {
	done chan struct{}
	text string
	err  error
}

// run returns what the command printed, white space at both ends removed. Callers that ask for the same command at the
// same time share one run.
func (c *commands) run(ctx context.Context, s script) (string, error) {
	key := s.key()
	for {
		c.mu.Lock()
		running, found := c.calls[key]
		if !found {
			running = &call{done: make(chan struct{})}
			c.calls[key] = running
		}
		c.mu.Unlock()
		if !found {
			running.text, running.err = c.execute(ctx, s)
			if running.err != nil {
				c.mu.Lock()
				delete(c.calls, key)
				c.mu.Unlock()
			}
			close(running.done)
			return running.text, running.err
		}
		select {
		case <-running.done:
		case <-ctx.Done():
			return "", ctx.Err()
		}
		// Whoever ran it may have been called off; that says nothing about the command.
		if !errors.Is(running.err, context.Canceled) || ctx.Err() != nil {
			return running.text, running.err
		}
	}
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
