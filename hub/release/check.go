package release

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"mcphub/hub/statedir"
)

const (
	every      = 24 * time.Hour
	jitter     = 4 * time.Hour    // added to that, so that not all hubs ask at once
	settle     = 10 * time.Minute // at most until a look that fell due while no hub ran
	stateFile  = "update.json"
	checkLimit = 2 * time.Minute
)

// Found is what looking for releases has found.
type Found struct {
	Feed    string        `json:"feed"`    // where
	Tried   time.Time     `json:"tried"`   // when it was last looked; zero: never
	Wait    time.Duration `json:"wait"`    // until the next time, in nanoseconds
	Error   string        `json:"error"`   // why that failed
	Version string        `json:"version"` // the latest that was ever seen there
	Date    string        `json:"date"`
	Notes   string        `json:"notes"`
}

// Checker looks for releases once a day while it has a feed. It only tells.
type Checker struct {
	own, dir string
	log      *slog.Logger
	changed  chan struct{}

	mu    sync.Mutex
	feed  string
	found Found
	told  string // the version that the log tells of
}

// NewChecker returns a checker for a hub of a version. Hubs that share a folder share what was found; without one it is
// forgotten when the hub ends.
func NewChecker(version, dir string, log *slog.Logger) *Checker {
	return &Checker{own: version, dir: dir, log: log, changed: make(chan struct{}, 1)}
}

// Configure says where to look; empty: nowhere.
func (c *Checker) Configure(feed string) {
	c.mu.Lock()
	same := c.feed == feed
	c.feed = feed
	c.mu.Unlock()
	if same {
		return
	}
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// Found returns what is known of the feed that is looked at, and whether its version is newer than this hub's.
func (c *Checker) Found() (found Found, newer bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.found.Feed != c.feed {
		return Found{Feed: c.feed}, false
	}
	return c.found, c.found.Version != "" && Compare(c.found.Version, c.own) > 0
}

// Run looks for releases until ctx ends, and returns its error.
func (c *Checker) Run(ctx context.Context) error {
	patience := time.Now().Add(some(settle))
	for {
		c.load()
		var due <-chan time.Time
		if found, _ := c.Found(); found.Feed != "" {
			due = time.After(time.Until(next(found, patience)))
		}
		select {
		case <-due:
			if c.load(); time.Now().After(next(c.current(), patience)) { // else another hub was faster
				c.look(ctx)
			}
		case <-c.changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// some returns a part of a time by chance.
func some(of time.Duration) time.Duration { return rand.N(of) } //nolint:gosec // nobody gains by guessing when a hub looks

func (c *Checker) current() Found {
	found, _ := c.Found()
	return found
}

// next returns when to look again: at once at a feed that is new, and else not before patience.
func next(found Found, patience time.Time) time.Time {
	if found.Tried.IsZero() {
		return time.Time{}
	}
	if at := found.Tried.Add(found.Wait); at.After(patience) {
		return at
	}
	return patience
}

// look reads the feed, and keeps what it says.
func (c *Checker) look(ctx context.Context) {
	found := c.current()
	looking, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	r, err := Read(looking, found.Feed)
	if ctx.Err() != nil {
		return
	}
	found.Tried, found.Wait, found.Error = time.Now(), every+some(jitter), ""
	if err != nil {
		found.Error = err.Error()
		c.log.Warn("it is not known whether there is a newer version", "err", err)
	} else {
		found.Version, found.Date, found.Notes = r.Version, r.Date, r.Notes
	}
	if c.dir != "" {
		text, err := json.Marshal(found)
		if err == nil {
			err = statedir.WritePrivate(filepath.Join(c.dir, stateFile), text)
		}
		if err != nil {
			c.log.Warn("what is known of newer versions is not kept", "err", err)
		}
	}
	c.keep(found)
}

// keep takes over what was found, and tells the log of a newer version once.
func (c *Checker) keep(found Found) {
	c.mu.Lock()
	if found.Feed == c.feed {
		c.found = found
	}
	c.mu.Unlock()
	known, newer := c.Found()
	if !newer || known.Version == c.told {
		return
	}
	c.told = known.Version
	c.log.Info("there is a newer version of MCP Hub", "version", known.Version, "own", c.own, "notes", known.Notes)
}

// load reads what the hubs know.
func (c *Checker) load() {
	if c.dir == "" {
		return
	}
	text, err := os.ReadFile(filepath.Join(c.dir, stateFile))
	var found Found
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			c.log.Warn("what is known of newer versions cannot be read", "err", err)
		}
		return
	}
	c.keep(found)
}
