package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mcphub/hub/api"
	"mcphub/hub/config"
	"mcphub/hub/event"
	"mcphub/hub/redact"
	"mcphub/hub/secret"
	"mcphub/hub/store"
	"mcphub/hub/upstream"
)

// memory is what outlives the hub: its database, opened when it is first needed, and the history in it.
type memory struct {
	path    string // of the database; empty: there is none
	log     *slog.Logger
	secrets *secret.Redactor
	history *store.History // nil without a database

	mu sync.Mutex
	db *store.DB
}

func newMemory(o Options, s *config.Snapshot) *memory {
	m := &memory{log: o.Log, secrets: o.Redact}
	if o.StateDir != "" {
		m.path = filepath.Join(o.StateDir, "hub.db")
		m.history = store.NewHistory(store.HistoryOptions{
			Open: m.database, Redact: (&redactor{known: o.Redact}).redact, Margin: o.Redact.Margin, Settings: historySettings(s),
			Log: o.Log.With("part", "history"),
		})
	}
	return m
}

// database returns the database. It is closed with the hub.
func (m *memory) database(ctx context.Context) (*store.DB, error) {
	if m.path == "" {
		return nil, errors.New("this hub has no folder to keep anything in")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.db == nil {
		db, err := store.Open(ctx, m.path, m.log.With("part", "database"))
		if err != nil {
			return nil, err
		}
		m.db = db
	}
	return m.db, nil
}

// configure takes a change of the configuration.
func (m *memory) configure(s *config.Snapshot) {
	if m.history != nil {
		m.history.Configure(historySettings(s))
	}
}

// run records what happens until the function that it returns is called, which returns when all has been written and the
// database is closed.
func (m *memory) run(ctx context.Context, bus *event.Bus) (end func()) {
	ctx = context.WithoutCancel(ctx)
	var work, last sync.WaitGroup
	following, unfollow := context.WithCancel(ctx)
	writing, finish := context.WithCancel(ctx)
	if m.history != nil {
		events := bus.Read(bus.Last())
		work.Go(func() { m.follow(following, events) })
		last.Go(func() { _ = m.history.Run(writing) })
	}
	return func() {
		unfollow()
		work.Wait()
		finish()
		last.Wait()
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.db == nil {
			return
		}
		if err := m.db.Close(); err != nil {
			m.log.Warn("database is not closed", "err", err)
		}
	}
}

func historySettings(s *config.Snapshot) store.HistorySettings {
	c := s.Hub.History
	out := store.HistorySettings{
		Enabled: c.Enabled, Days: c.Days, MaxBytes: int64(c.MaxMB) << 20, Bodies: c.Bodies, BodyLimit: c.BodyLimit, Servers: map[string]store.Keep{},
	}
	for _, server := range s.Servers {
		switch server.History {
		case config.RecordNoBodies:
			out.Servers[server.Name] = store.KeepNoBodies
		case config.RecordNothing:
			out.Servers[server.Name] = store.KeepNothing
		case config.RecordAll:
		}
	}
	return out
}

// redactor takes secrets out of what is recorded: those that are known, and what is one by its name. It remembers what the
// definitions of tools say of names.
type redactor struct {
	known *secret.Redactor
	names map[*byte]*redact.Names
}

// knownTools is how many definitions are remembered. Then all are forgotten: most are of servers that told them anew.
const knownTools = 2000

func (r *redactor) redact(definition, text []byte) (string, bool) {
	var key *byte
	if len(definition) > 0 {
		key = &definition[0] // definitions never change
	}
	names := r.names[key]
	if names == nil {
		if len(r.names) >= knownTools || r.names == nil {
			r.names = map[*byte]*redact.Names{}
		}
		names = redact.NewNames(definition)
		r.names[key] = names
	}
	out, redacted := names.JSON(text)
	plain := string(out)
	masked := r.known.Mask(plain)
	return masked, redacted || masked != plain
}

// follow has what happens recorded, until ctx ends and all has been read.
func (m *memory) follow(ctx context.Context, events *event.Reader) {
	for {
		list, lost, err := events.Next(ctx)
		if err != nil {
			return
		}
		m.history.Lost(lost)
		for _, e := range list {
			if level, text := describe(e); text != "" {
				m.history.Happened(store.Happening{Time: e.Time, Kind: e.Kind, Server: e.Server, Level: string(level), Text: m.secrets.Mask(text)})
			}
		}
	}
}

// describe puts an event into words; it returns none for what is not recorded.
func describe(e event.Event) (level upstream.Level, text string) {
	switch data := e.Data.(type) {
	case upstream.StateChange:
		text = fmt.Sprintf("%s, after it was %s for %v", data.To, data.From, data.Took.Round(time.Millisecond))
		if data.Reason != "" {
			text += ": " + data.Reason
		}
		return data.Health.Level, text
	case upstream.Health:
		return data.Level, strings.TrimSpace(data.Summary + " " + data.Action)
	case upstream.ListsChange:
		var lists []string
		for _, list := range []struct {
			changed bool
			name    string
		}{{data.Tools, "tools"}, {data.Resources, "resources"}, {data.Prompts, "prompts"}} {
			if list.changed {
				lists = append(lists, list.name)
			}
		}
		return "", "its list of " + strings.Join(lists, ", ") + " changed"
	case api.HubState:
		return "", "the hub is " + data.State
	case api.ConfigChange:
		if data.Err != "" {
			return "", "the configuration cannot be used, the last good one stays: " + data.Err
		}
		return "", "the configuration changed"
	case api.ServerChanges:
		if e.Kind != api.EventUpdated {
			return "", ""
		}
		var parts []string
		for _, part := range []struct {
			word  string
			names []string
		}{{"added", data.Added}, {"changed", data.Modified}, {"removed", data.Removed}} {
			if len(part.names) > 0 {
				parts = append(parts, part.word+" "+strings.Join(part.names, ", "))
			}
		}
		return "", "servers: " + strings.Join(parts, "; ")
	}
	return "", ""
}
