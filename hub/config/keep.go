package config

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"mcphub/hub/secret"
)

// keptPrefix begins the names of kept outputs in the store of secrets.
const keptPrefix = "command/"

// kept is the output of a command as the store of secrets holds it.
type kept struct {
	Text  string    `json:"text"`
	Of    string    `json:"of"` // hash of the command with its values: the name comes from what stands in the file
	At    time.Time `json:"at"`
	Until time.Time `json:"until"`
}

// parseTTL reads how long the output of a command is kept, see command.
func parseTTL(text string) (time.Duration, bool) {
	if text == "none" {
		return -1, true
	}
	hours := 1
	number := text
	if days, ok := strings.CutSuffix(text, "d"); ok {
		hours, number = 24, days+"h"
	}
	d, err := time.ParseDuration(number)
	switch {
	case err != nil || d < 0 || d > 10*365*24*time.Hour:
		return 0, false
	case d == 0:
		return -1, true
	}
	return d * time.Duration(hours), true
}

// keptName is where the output of a command is kept. It must not tell a value: a hash of a short one can be guessed. So it
// is made of what stands in the file, and of the server's name where values come in.
func keptName(dir, server string, p *placeholder) string {
	written := []string{dir, p.raw[len(p.head):]}
	if len(p.parts) > 1 || len(p.parts) == 1 && p.parts[0].placeholder != nil {
		written = append(written, server)
	}
	return keptPrefix + digest(strings.Join(written, "\x00"))[:32]
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// recall returns the output that the store of secrets holds, if it counts. If the store cannot be asked the command can.
func (c *commands) recall(ctx context.Context, cmd command) (text string, at time.Time, ok bool) {
	value, err := c.secrets.Get(ctx, cmd.name)
	if err != nil {
		if !errors.Is(err, secret.ErrNotFound) {
			c.log.Warn("kept output of a command cannot be read, so the command is run", "server", cmd.server, "err", err)
		}
		return "", time.Time{}, false
	}
	var k kept
	if json.Unmarshal([]byte(value.Reveal()), &k) != nil || k.Of != digest(cmd.key()) {
		return "", time.Time{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return k.Text, k.At, c.counts(cmd, k.At)
}

// keep puts an output into the store of secrets, and removes from it what nobody will ask for any more.
func (c *commands) keep(ctx context.Context, cmd command, text string, at time.Time) {
	value, err := json.Marshal(kept{text, digest(cmd.key()), at, at.Add(cmd.ttl)})
	if err == nil {
		err = c.secrets.Set(ctx, cmd.name, secret.New(string(value)))
	}
	if err != nil {
		c.log.Warn("output of a command is kept only until the hub stops", "server", cmd.server, "err", err)
		return
	}
	names, _ := c.secrets.List(ctx) // what is left this time goes the next time
	for _, name := range names {
		if !strings.HasPrefix(name, keptPrefix) {
			continue
		}
		var k kept
		value, err := c.secrets.Get(ctx, name)
		if err == nil && json.Unmarshal([]byte(value.Reveal()), &k) == nil && !c.now().Before(k.Until) {
			_ = c.secrets.Delete(ctx, name)
		}
	}
}

// Forget has the server's commands run again when it is started the next time, whatever is kept of them.
func (s *Server) Forget(ctx context.Context) error {
	c := s.values.commands
	c.mu.Lock()
	c.forgot[s.Name] = c.now()
	c.mu.Unlock()
	if c.secrets == nil {
		return nil
	}
	var errs []error
	s.spec.each(func(_ *field, p *placeholder) {
		if ttl := p.ttl(); ttl != "" {
			if err := c.secrets.Delete(ctx, keptName(s.values.dir, s.Name, p)); !errors.Is(err, secret.ErrNotFound) {
				errs = append(errs, err)
			}
		}
	})
	return errors.Join(errs...)
}

// UsesCommands reports whether starting the server takes the output of a command.
func (s *Server) UsesCommands() bool {
	uses := false
	s.spec.each(func(_ *field, p *placeholder) { uses = uses || p.command() })
	return uses
}

// ttl returns what a command says of how long its output is kept; empty if nothing.
func (p *placeholder) ttl() string {
	if match := commandHead.FindStringSubmatch(p.head); match != nil {
		return match[1]
	}
	return ""
}

// timeToLive reads the ttl of a command.
func (p *placeholder) timeToLive() (time.Duration, error) {
	if p.head == "cmd:" {
		return 0, nil
	}
	ttl, ok := parseTTL(p.ttl())
	if !ok {
		return 0, errors.New("ttl=" + strconv.Quote(p.ttl()) + " is no time")
	}
	return ttl, nil
}
