// Package workspace owns workspaces.json, the register of the hubs that run on this machine, by which editors find a hub
// and learn what it serves. It must not know HTTP, servers or configuration: it writes down what it is told.
package workspace

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"time"

	"mcphub/hub/statedir"
	"mcphub/hub/watch"
)

const (
	fileName    = "workspaces.json"
	tempName    = "workspaces.json.tmp"     // written under the lock, so one name does and a crash leaves one file at most
	lockName    = "workspaces.flock"        // the lock of hubs like this one
	foreignLock = "workspaces.json.lock"    // the lock of mcp-hub 4.2.1: there while it writes, or left by a crash
	brokenName  = "workspaces.json.corrupt" // what the file held when nobody could read it

	lockPatience = 5 * time.Second
	foreignHold  = time.Second            // how old a lock of mcp-hub 4.2.1 is that still holds: it takes milliseconds
	halfWritten  = 200 * time.Millisecond // how long another program may take to write the file in place
	pause        = 10 * time.Millisecond  // between two looks
	settled      = 150 * time.Millisecond // without changes, before they are told
)

// errCorrupt tells that the file holds no JSON object.
var errCorrupt = errors.New("no JSON object")

// Register is workspaces.json in one folder. All its methods may be called at any time, in any number of processes. What
// it does not know in the file, fields and whole entries, stays as it is.
type Register struct {
	dir      string
	log      *slog.Logger
	patience time.Duration // for other hubs to have written; tests that load the machine lengthen it
}

// Open returns the register in a folder, which is statedir.Path for all hubs of a user. It reads and writes nothing.
func Open(dir string, log *slog.Logger) *Register {
	return &Register{dir: dir, log: log, patience: lockPatience}
}

func (r *Register) path(name string) string { return filepath.Join(r.dir, name) }

// List returns the hubs that run, by port in decimal digits. Entries whose process is gone are left out, and those that
// are not of this kind. A missing file is an empty register; it fails if the file cannot be read or is no JSON object.
func (r *Register) List(ctx context.Context) (map[string]Entry, error) {
	_, values, err := r.read(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the register of hubs: %w", err)
	}
	hubs := map[string]Entry{}
	for key, value := range values {
		var e Entry
		if json.Unmarshal(value, &e) == nil && key == strconv.Itoa(e.Port) && !stale(ctx, e) {
			hubs[key] = e
		}
	}
	return hubs, nil
}

// Watch calls changed with the list once, and then whenever it is another one because the file was written. It blocks
// until ctx is done. That a hub died is noticed when the next one writes.
func (r *Register) Watch(ctx context.Context, changed func(map[string]Entry)) error {
	return r.follow(ctx, func(map[string]Entry) {}, changed)
}

// follow is Watch that also calls written each time the file was, with the list, or nil if it cannot be read.
func (r *Register) follow(ctx context.Context, written, changed func(map[string]Entry)) error {
	path, err := filepath.Abs(r.path(fileName))
	if err != nil {
		return fmt.Errorf("watch the register of hubs: %w", err)
	}
	var last map[string]Entry
	watch.Files(ctx, r.log, []string{path}, settled, func() {
		hubs, err := r.List(ctx)
		if ctx.Err() != nil {
			return
		}
		written(hubs)
		switch {
		case err != nil:
			r.log.Warn("register of hubs cannot be read", "err", err)
		case last == nil || !reflect.DeepEqual(last, hubs):
			last = hubs
			changed(maps.Clone(hubs))
		}
	})
	return nil
}

// change has edit change what stands in the file, and removes the entries of dead hubs. Readers see the file as it was or
// as it is then, never something between.
func (r *Register) change(ctx context.Context, edit func(map[string]json.RawMessage) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return fmt.Errorf("%w; make the folder writable or set XDG_STATE_HOME to one that is", err)
	}
	release, err := statedir.Lock(ctx, r.path(lockName))
	if err != nil {
		return err
	}
	defer release()
	r.giveWay(ctx)

	text, values, err := r.read(ctx)
	if errors.Is(err, errCorrupt) {
		r.log.Warn("register of hubs was corrupt and starts anew", "file", r.path(fileName), "kept", r.path(brokenName))
		if err := os.WriteFile(r.path(brokenName), text, 0o600); err != nil {
			return fmt.Errorf("keep what was corrupt: %w; remove %s", err, r.path(fileName))
		}
		values, err = map[string]json.RawMessage{}, nil
	}
	if err != nil {
		return err
	}
	maps.DeleteFunc(values, func(key string, value json.RawMessage) bool {
		var e Entry
		if json.Unmarshal(value, &e) != nil || !stale(ctx, e) {
			return false
		}
		r.log.Debug("entry of a dead hub removed", "port", key, "pid", e.PID)
		return true
	})
	if err := edit(values); err != nil {
		return err
	}
	changed, err := encode(values)
	if err != nil || bytes.Equal(text, changed) {
		return err
	}
	return r.replace(ctx, changed)
}

// giveWay waits for an mcp-hub 4.2.1 that is about to write: it reads, changes and writes under a lock of its own. That
// lock is not taken here, since a crash would leave it and stop those hubs for good.
func (r *Register) giveWay(ctx context.Context) {
	for ctx.Err() == nil {
		info, err := os.Stat(r.path(foreignLock))
		if err != nil || time.Since(info.ModTime()).Abs() > foreignHold {
			return
		}
		rest(ctx, pause)
	}
}

// read returns the text of the file and its values by key. Programs that write in place leave it empty or half for a
// moment, so it looks again before it says errCorrupt; the text comes with that error. An empty file is an empty register.
func (r *Register) read(ctx context.Context) ([]byte, map[string]json.RawMessage, error) {
	for deadline := time.Now().Add(halfWritten); ; rest(ctx, pause) {
		text, err := os.ReadFile(r.path(fileName))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, map[string]json.RawMessage{}, nil
		}
		var values map[string]json.RawMessage
		if err == nil {
			if err = json.Unmarshal(text, &values); err == nil && values != nil {
				return text, values, nil
			}
			err = errCorrupt
		}
		switch {
		case ctx.Err() != nil:
			return nil, nil, ctx.Err()
		case time.Now().Before(deadline):
		case len(bytes.TrimSpace(text)) == 0 && errors.Is(err, errCorrupt):
			return text, map[string]json.RawMessage{}, nil
		default:
			return text, nil, fmt.Errorf("%s: %w; remove the file if no hub does", r.path(fileName), err)
		}
	}
}

// replace puts a new file in the place of the old one. It is called under the lock. The file is not synced: after a power
// cut no hub runs that it could tell of.
func (r *Register) replace(ctx context.Context, text []byte) error {
	temp := r.path(tempName)
	if err := os.WriteFile(temp, text, 0o600); err != nil {
		return fmt.Errorf("%w; make room, or the folder writable", err)
	}
	for {
		err := os.Rename(temp, r.path(fileName))
		if err == nil {
			return nil
		}
		// Windows does not replace a file that somebody is just reading.
		if !errors.Is(err, fs.ErrPermission) || ctx.Err() != nil {
			_ = os.Remove(temp)
			return fmt.Errorf("%w; make the folder writable", err)
		}
		rest(ctx, pause)
	}
}

// encode writes the values as mcp-hub 4.2.1 does. It changes nothing in them but white space.
func encode(values map[string]json.RawMessage) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(values); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

// rest waits, or until ctx is done.
func rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
