// Package config owns the configuration files: it reads, merges, validates, resolves, watches and edits them, and publishes
// the result as immutable snapshots. It must not know what servers do with their configuration, nor who shows it.
package config

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"mcphub/hub/secret"
	"mcphub/hub/watch"
)

const debounce = 100 * time.Millisecond

// Options says where the configuration comes from.
type Options struct {
	Paths  []string          // files in merge order, exactly as given on the command line; empty means [DefaultPath]
	Env    []string          // environment of the hub's process, as "K=V"
	Global map[string]string // MCP_HUB_ENV, see [ParseGlobal]
	Dir    string            // working directory, absolute
	Log    *slog.Logger      // required

	// Secrets holds what ${secret:NAME} stands for, and the outputs of commands that are kept for a time. Nil: there are
	// none, and such outputs are kept until the hub stops.
	Secrets secret.Store

	// Versions is the folder that earlier texts of the files are kept in; see [Store.Versions]. Empty: they are not kept.
	Versions string
}

// Update tells a subscriber about a change of the files. If a file broke, Err says why (a [*FileError]) and New is Old: the
// last good snapshot stays. New is Old without an Err if a broken file is again what it was.
type Update struct {
	Old, New *Snapshot
	Err      error
}

// Store holds the current [Snapshot] and replaces it when a file changes.
type Store struct {
	options     Options
	values      *values
	subscribers []func(Update)
	current     atomic.Pointer[Snapshot]

	edit sync.Mutex // one change of the files at a time

	mu     sync.Mutex // one reload at a time
	broken string     // message of the error that subscribers know of
}

// DefaultPath returns the file that is used when none is given: servers.json in the folder mcphub of the user's
// configuration folder ($XDG_CONFIG_HOME or ~/.config on Linux). It is not created.
func DefaultPath() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the user's configuration folder: %w; name a file with --config", err)
	}
	return filepath.Join(dir, "mcphub", "servers.json"), nil
}

// ParseGlobal reads the environment variable MCP_HUB_ENV: a JSON object of strings. Numbers and booleans count as their
// text, null as absent; an empty s is an empty object. An error never quotes s.
func ParseGlobal(s string) (map[string]string, error) {
	const action = "set it to a JSON object of strings"
	if s == "" {
		return map[string]string{}, nil
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(s), &raw); err != nil || raw == nil {
		return nil, fmt.Errorf("parse MCP_HUB_ENV: not a JSON object; %s", action)
	}
	global := make(map[string]string, len(raw))
	for key, value := range raw {
		switch value[0] {
		case 'n':
		case '{', '[':
			return nil, fmt.Errorf("parse MCP_HUB_ENV: the value of %q is not a string; %s", key, action)
		case '"':
			var text string
			if err := json.Unmarshal(value, &text); err != nil {
				return nil, fmt.Errorf("parse MCP_HUB_ENV: the value of %q is not a string; %s", key, action)
			}
			global[key] = text
		default:
			global[key] = string(value)
		}
	}
	return global, nil
}

// Open reads the files for the first time. It fails with a [*FileError] if one of them cannot be used; missing files are
// fine. The files are watched by [Store.Run].
func Open(ctx context.Context, options Options) (*Store, error) {
	if len(options.Paths) == 0 {
		path, err := DefaultPath()
		if err != nil {
			return nil, err
		}
		options.Paths = []string{path}
	}
	s := &Store{options: options, values: newValues(options)}
	snapshot, err := s.load(ctx, s.read)
	if err != nil {
		return nil, err
	}
	s.current.Store(snapshot)
	if options.Versions != "" {
		s.tidyVersions(ctx)
	}
	return s, nil
}

// Current returns the last good snapshot.
func (s *Store) Current() *Snapshot { return s.current.Load() }

// Subscribe has f called after each change, on the goroutine that noticed or made it. Call it before [Store.Run]; f must
// neither block nor call [Store.Reload] or what changes a file.
func (s *Store) Subscribe(f func(Update)) { s.subscribers = append(s.subscribers, f) }

// Run watches the files and reloads when one changes, until ctx is done.
func (s *Store) Run(ctx context.Context) error {
	paths := make([]string, len(s.options.Paths))
	for i, path := range s.options.Paths {
		paths[i] = s.absolute(path)
	}
	watch.Files(ctx, s.options.Log, paths, debounce, func() {
		for looks := 1; ; looks++ {
			err := s.reload(ctx, looks)
			if !errors.Is(err, errUnfinished) {
				if err != nil && ctx.Err() == nil {
					s.options.Log.Warn("config not reloaded, the last good one stays", "err", err)
				}
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(lookAgain):
			}
		}
	})
	return nil
}

// Reload reads the files again, publishes the result if any of them changed, and tells the subscribers. If a file broke it
// returns the error and the last good snapshot stays.
func (s *Store) Reload(ctx context.Context) error { return s.reload(ctx, maxLooks) }

// brokenLooks is how often a file may look broken before that is told.
const brokenLooks = int(debounce / lookAgain)

var errUnfinished = errors.New("a file may be being written")

// reload is Reload when it is looked for a number of times at what was written. It fails with errUnfinished, and does nothing,
// if a file is broken or gone, as it may be for a moment while it is being written, and has not been looked at often enough to
// believe that.
func (s *Store) reload(ctx context.Context, looks int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.current.Load()
	next, err := s.load(ctx, s.read)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case err != nil && looks < brokenLooks, err == nil && looks < maxLooks && next.lacks(old):
		return errUnfinished
	case err != nil:
		if s.broken != err.Error() {
			s.broken = err.Error()
			s.publish(Update{Old: old, New: old, Err: err})
		}
		return err
	case next.Hash == old.Hash && s.broken == "":
		return nil
	case next.Hash == old.Hash:
		next = old
	}
	s.broken = ""
	s.current.Store(next)
	s.keepReplaced(ctx, old, next)
	s.publish(Update{Old: old, New: next})
	return nil
}

func (s *Store) publish(u Update) {
	for _, f := range s.subscribers {
		f(u)
	}
}

func (s *Store) absolute(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(s.options.Dir, path)
}
