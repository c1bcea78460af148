package workspace

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// The states of a hub in the register.
const (
	StateActive       = "active"        // in use, or not used yet
	StateShuttingDown = "shutting_down" // ends by itself, unless a client comes
)

// Entry is what the register says of one running hub. Its times have milliseconds.
type Entry struct {
	Dir               string        // the working directory, without symbolic links
	ConfigFiles       []string      // the values of --config, word for word
	PID               int           // the process
	Port              int           // where it listens; also the key of the entry
	StartTime         time.Time     // when the hub started; with PID it tells whose entry this is
	State             string        // StateActive or StateShuttingDown
	ActiveConnections int           // clients of the event stream
	ShutdownStartedAt time.Time     // when the hub began to shut down; zero if it does not
	ShutdownDelay     time.Duration // how long it waits from then on; only with ShutdownStartedAt
}

// wire is an entry as mcp-hub 4.2.1 writes it.
type wire struct {
	Dir               string   `json:"cwd"`
	ConfigFiles       []string `json:"config_files"`
	PID               int      `json:"pid"`
	Port              int      `json:"port"`
	StartTime         string   `json:"startTime"`
	State             string   `json:"state"`
	ActiveConnections int      `json:"activeConnections"`
	ShutdownStartedAt *string  `json:"shutdownStartedAt"`
	ShutdownDelay     *int64   `json:"shutdownDelay"` // milliseconds
}

const stampLayout = "2006-01-02T15:04:05.000Z"

// MarshalJSON writes the entry as mcp-hub 4.2.1 does: times are in UTC, the shutdown fields null while it is active.
func (e Entry) MarshalJSON() ([]byte, error) {
	w := wire{
		Dir: e.Dir, ConfigFiles: e.ConfigFiles, PID: e.PID, Port: e.Port, StartTime: e.StartTime.UTC().Format(stampLayout),
		State: e.State, ActiveConnections: e.ActiveConnections,
	}
	if w.ConfigFiles == nil {
		w.ConfigFiles = []string{}
	}
	if !e.ShutdownStartedAt.IsZero() {
		started, delay := e.ShutdownStartedAt.UTC().Format(stampLayout), e.ShutdownDelay.Milliseconds()
		w.ShutdownStartedAt, w.ShutdownDelay = &started, &delay
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON writes, and the entries of older hubs, which say less. It fails on what does not
// say which process listens on which port since when.
func (e *Entry) UnmarshalJSON(text []byte) error {
	var w wire
	if err := json.Unmarshal(text, &w); err != nil {
		return err
	}
	start, err := time.Parse(time.RFC3339, w.StartTime)
	if err != nil {
		return err
	}
	if w.PID <= 0 || w.Port <= 0 {
		return fmt.Errorf("no hub: pid %d, port %d", w.PID, w.Port)
	}
	*e = Entry{
		Dir: w.Dir, ConfigFiles: w.ConfigFiles, PID: w.PID, Port: w.Port, StartTime: start,
		State: w.State, ActiveConnections: w.ActiveConnections,
	}
	if e.State == "" {
		e.State = StateActive
	}
	if w.ShutdownStartedAt != nil {
		if e.ShutdownStartedAt, err = time.Parse(time.RFC3339, *w.ShutdownStartedAt); err != nil {
			return err
		}
	}
	if w.ShutdownDelay != nil {
		e.ShutdownDelay = time.Duration(*w.ShutdownDelay) * time.Millisecond
	}
	return nil
}

// same reports whether both entries are of one run of one hub.
func (e Entry) same(other Entry) bool {
	return e.PID == other.PID && e.StartTime.Equal(other.StartTime)
}

// fill sets what is empty to what holds for this process now.
func (e *Entry) fill() error {
	if e.Dir == "" {
		dir, err := os.Getwd() // may have come from $PWD, with symbolic links
		if err == nil {
			dir, err = filepath.EvalSymlinks(dir)
		}
		if err != nil {
			return fmt.Errorf("find the working directory: %w; start the hub in a folder that exists", err)
		}
		e.Dir = dir
	}
	if e.PID == 0 {
		e.PID = os.Getpid()
	}
	if e.StartTime.IsZero() {
		e.StartTime = time.Now()
	}
	e.StartTime = e.StartTime.Truncate(time.Millisecond)
	if e.State == "" {
		e.State = StateActive
	}
	return nil
}
