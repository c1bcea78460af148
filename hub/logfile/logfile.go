// Package logfile owns the hub's log file: mcp-hub.log, which all hubs of a user share, and what was rotated out of it. It
// must not know what the lines say, nor who reads them.
package logfile

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	folderName = "logs" // below the folder of the hub's state, as in mcp-hub 4.2.1
	fileName   = "mcp-hub.log"
	lockName   = "mcp-hub.log.flock" // held while one hub rotates

	defaultMaxBytes = 10 << 20
	defaultKeep     = 30 * 24 * time.Hour

	reopenPause = time.Second // after the file could not be opened
	rotatePause = time.Minute // after it could not be rotated
)

// Options say where the log file is and when it is rotated.
type Options struct {
	Dir      string        // the folder of the hub's state, statedir.Path; the file is logs/mcp-hub.log below it
	MaxBytes int64         // the size that the file is rotated at; 0: 10 MiB
	Keep     time.Duration // how long rotated files are kept, counted from their rotation; 0: 30 days
	Fallback *slog.Logger  // told once when lines get lost, and once when they do no more; must not write to this file
}

// Writer appends lines to the log file, and rotates it when the day ends or it gets too large. Any number of writers in any
// number of processes may share one file. It never waits for another process, and writes no line later than its caller
// returns, so that a crash loses none.
type Writer struct {
	options Options
	path    string

	mu       sync.Mutex
	file     *os.File    // nil while it is not open
	opened   fs.FileInfo // of file
	torn     bool        // the last line was written in part
	lost     int         // lines since one was written
	grows    error       // why the file is not rotated, until the fallback is told
	reopenAt time.Time   // when to try again after it could not be opened; until then lines are dropped
	rotateAt time.Time   // when to try again after it could not be rotated; zero if it could
}

// New returns a writer. It makes nothing: the first line makes the file and its folder, readable for their owner only.
func New(o Options) *Writer {
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.Keep <= 0 {
		o.Keep = defaultKeep
	}
	return &Writer{options: o, path: filepath.Join(o.Dir, folderName, fileName)}
}

// Path returns where the log file is.
func (w *Writer) Path() string { return w.path }

// Write appends one line, or several, which is one write to the system. It never fails: lines that cannot be written,
// because the disk is full or for whatever reason, are dropped, and Options.Fallback is told.
func (w *Writer) Write(line []byte) (int, error) {
	w.mu.Lock()
	lost, err := w.append(line)
	grows := w.grows
	w.grows = nil
	w.mu.Unlock()
	// Outside of the lock, so that a fallback that is slow holds up nobody else.
	switch {
	case err != nil && lost == 1:
		w.options.Fallback.Warn("log file cannot be written, lines are dropped", "file", w.path, "err", err)
	case err == nil && lost > 0:
		w.options.Fallback.Info("log file is written again", "file", w.path, "dropped", lost)
	}
	if grows != nil {
		w.options.Fallback.Warn("log file is not rotated as it should be", "file", w.path, "err", grows)
	}
	return len(line), nil
}

// append returns how many lines are lost: with an error this one among them, without one before this one.
func (w *Writer) append(line []byte) (lost int, err error) {
	if err := w.prepare(int64(len(line))); err != nil {
		w.lost++
		return w.lost, err
	}
	if w.torn {
		line = append([]byte{'\n'}, line...)
	}
	n, err := w.file.Write(line)
	if err != nil {
		w.torn = w.torn && n == 0 || n > 0
		w.lost++
		return w.lost, err
	}
	w.torn = false
	lost, w.lost = w.lost, 0
	return lost, nil
}

// prepare makes w.file the file at the path, with room for size bytes of today.
func (w *Writer) prepare(size int64) error {
	now := time.Now()
	if now.Before(w.reopenAt) {
		return errors.New("the file could not be opened a moment ago")
	}
	info, err := w.current()
	if err == nil && w.due(info, size, now) && !now.Before(w.rotateAt) {
		switch err := w.rotate(size, now); {
		case err == nil:
			w.rotateAt = time.Time{}
		case w.rotateAt.IsZero():
			w.grows = err
			fallthrough
		default:
			w.rotateAt = now.Add(rotatePause)
		}
		_, err = w.current()
	}
	if err != nil {
		w.reopenAt = now.Add(reopenPause)
	}
	return err
}

// due reports whether the file is to be rotated before more is written. The day of a file is that of its last line, which
// all writers see alike.
func (w *Writer) due(info fs.FileInfo, size int64, now time.Time) bool {
	if info.Size() == 0 || !info.Mode().IsRegular() {
		return false
	}
	year, month, day := now.Date()
	midnight := time.Date(year, month, day, 0, 0, 0, 0, now.Location())
	return info.Size()+size > w.options.MaxBytes || info.ModTime().Before(midnight)
}

// current opens the file unless w.file is the one at the path: others rotate it, and people delete it.
func (w *Writer) current() (fs.FileInfo, error) {
	if w.file != nil {
		if info, err := os.Stat(w.path); err == nil && os.SameFile(info, w.opened) {
			return info, nil
		}
		_ = w.file.Close()
		w.file, w.torn = nil, false
	}
	if err := os.MkdirAll(filepath.Dir(w.path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the log file: %w; make its parent writable", err)
	}
	file, err := open(w.path)
	if err != nil {
		return nil, fmt.Errorf("open the log file: %w; make it and its folder writable", err)
	}
	info, err := file.Stat()
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		_ = file.Chmod(0o600) // mcp-hub 4.2.1 left it readable for all; what cannot be changed is somebody else's
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("open the log file: %w", err)
	}
	w.file, w.opened = file, info
	return info, nil
}

// Close closes the file. A line that is written later opens it again.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file, w.torn = nil, false
	return err
}
