package api

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"time"

	"mcphub/hub/jsonrpc"
	"mcphub/hub/logfile"
)

const (
	// mostLog is how many bytes of the hub's log are looked through for one answer.
	mostLog = 64 << 20
	// disorder is how far lines of the hub's log may stand from their place by time: a line has its time before it has
	// its place.
	disorder = time.Second
)

// logSearch says which lines are wanted. Empty fields match everything.
type logSearch struct {
	server, source string
	least          slog.Level
	words          string // in lower case
	from, to       time.Time
	need           int  // that many of the newest are enough; 0: all are needed
	cut            bool // there may be older ones than those that were found
}

func (s *logSearch) matches(e *logEntry) bool {
	var level slog.Level
	_ = level.UnmarshalText([]byte(e.Level))
	return !e.Time.Before(s.from) && e.Time.Before(s.to) && level >= s.least && (s.server == "" || s.server == e.Server) &&
		(s.words == "" || strings.Contains(strings.ToLower(e.Text), s.words) || strings.Contains(strings.ToLower(string(e.Attributes)), s.words))
}

// findLog returns the lines that match, oldest first: all that are as new as the oldest of them.
func (a *v2) findLog(s *logSearch) ([]logEntry, error) {
	var lines []logEntry
	if s.source != "server" && a.LogDir != "" {
		var err error
		if lines, err = s.hubLines(a.LogDir); err != nil {
			return nil, err
		}
	}
	if s.source != "hub" {
		for _, server := range a.Set.List() {
			if s.server != "" && s.server != server.Name() {
				continue
			}
			for _, l := range server.Log() {
				e := logEntry{Time: l.Time, Source: "server", Server: server.Name(), Level: "info", Text: l.Text}
				if s.matches(&e) {
					lines = append(lines, e)
				}
			}
		}
	}
	slices.SortStableFunc(lines, func(a, b logEntry) int { return a.Time.Compare(b.Time) })
	return lines, nil
}

// hubLines returns lines of the hub's log, oldest first as they stand there. If it leaves out older ones it moves s.from to
// where those begin that it has.
func (s *logSearch) hubLines(dir string) ([]logEntry, error) {
	var lines []logEntry
	read, end := 0, s.from.Add(-disorder)
	err := logfile.Backwards(dir, func(line []byte) bool {
		e, ok := hubLine(line)
		if read += len(line); read > mostLog && len(lines) > 0 {
			s.from, s.cut = e.Time.Add(disorder), true
			return false
		}
		if !ok {
			return true
		}
		if e.Time.Before(end) {
			return false
		}
		if s.matches(&e) {
			if lines = append(lines, e); len(lines) == s.need {
				s.from, s.cut = e.Time, true
				end = e.Time.Add(-disorder)
			}
		}
		return true
	})
	slices.Reverse(lines)
	return lines, err
}

// hubLine reads a line of the hub's log; its text and attributes are copies. It reports false for what is none.
func hubLine(line []byte) (logEntry, bool) {
	e := logEntry{Source: "hub"}
	if jsonrpc.Type(line) != '{' || jsonrpc.Valid(line) != nil {
		return e, false
	}
	rest := []byte("{")
	for it := jsonrpc.Members(line, jsonrpc.All(line)); it.Next(); {
		value := it.Value.In(line)
		switch jsonrpc.String(it.Key.In(line)) {
		case slog.TimeKey:
			if json.Unmarshal(value, &e.Time) != nil {
				return e, false
			}
		case slog.LevelKey:
			e.Level = strings.ToLower(jsonrpc.String(value))
		case slog.MessageKey:
			e.Text = jsonrpc.String(value)
		case "server":
			e.Server = jsonrpc.String(value)
		default:
			if len(rest) > 1 {
				rest = append(rest, ',')
			}
			rest = append(append(append(rest, it.Key.In(line)...), ':'), value...)
		}
	}
	if len(rest) > 1 {
		e.Attributes = append(rest, '}')
	}
	return e, !e.Time.IsZero()
}
