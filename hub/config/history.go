package config

import (
	"context"
	"fmt"
	"strconv"

	"mcphub/hub/json5"
)

// History are the settings of the record of calls, the key "hub.history".
type History struct {
	Enabled   bool // whether calls are recorded, default true
	Days      int  // how long they are kept, default 30, at least 1
	MaxMB     int  // how many MiB the database may have, default 500, at least 10
	Bodies    bool // whether arguments and results are kept, default true
	BodyLimit int  // how many bytes of each, default 16384, at least 0
}

// HistoryChange is what to change in [History]; what is nil stays as it is.
type HistoryChange struct {
	Enabled   *bool
	Days      *int
	MaxMB     *int
	Bodies    *bool
	BodyLimit *int
}

// SetHistory changes settings of the record of calls, in the file whose "hub" holds, or in the first one if there is none.
// See [Store.Modify].
func (s *Store) SetHistory(ctx context.Context, change HistoryChange) error {
	current := s.Current()
	path := current.Files[0].Path
	for _, key := range current.Effective().Keys {
		if key.Name == "hub" {
			path = key.From.Path
		}
	}
	return s.Modify(ctx, path, func(doc *json5.Document) error {
		for _, flag := range []struct {
			key   string
			value *bool
		}{{"enabled", change.Enabled}, {"bodies", change.Bodies}} {
			if flag.value == nil {
				continue
			}
			if err := doc.Set(strconv.AppendBool(nil, *flag.value), "hub", "history", flag.key); err != nil {
				return err
			}
		}
		for _, number := range []struct {
			key   string
			value *int
		}{{"days", change.Days}, {"maxMB", change.MaxMB}, {"bodyLimit", change.BodyLimit}} {
			if number.value == nil {
				continue
			}
			if err := doc.Set(strconv.AppendInt(nil, int64(*number.value), 10), "hub", "history", number.key); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetRecording says what is recorded of a server's calls, in the file that the server comes from. See [Store.Modify];
// [ErrUnknownServer] if there is no such server.
func (s *Store) SetRecording(ctx context.Context, server string, what Recording) error {
	return s.modifyServer(ctx, server, func(doc *json5.Document, e entry) error {
		path := append(e.path, "history")
		switch what {
		case RecordNothing:
			return doc.Set([]byte("false"), path...)
		case RecordNoBodies:
			return doc.Set(strconv.AppendQuote(nil, string(what)), path...)
		case RecordAll:
		}
		return doc.Delete(path...)
	})
}

// Recording says what is recorded of the calls of one server.
type Recording string

// What is recorded: all that the hub's settings say, all but arguments and results, nothing.
const (
	RecordAll      Recording = "all"
	RecordNoBodies Recording = "no bodies"
	RecordNothing  Recording = "nothing"
)

// historyKeys are the keys of the object "hub.history".
type historyKeys struct {
	Enabled   *json5.Node `key:"enabled"`
	Days      *json5.Node `key:"days"`
	MaxMB     *json5.Node `key:"maxMB"`
	Bodies    *json5.Node `key:"bodies"`
	BodyLimit *json5.Node `key:"bodyLimit"`
}

// read sets what the file says and complains of what has a wrong type, which keeps its default.
func (h *History) read(n *json5.Node, complain func(at *json5.Node, message string)) {
	if n.Kind != json5.Object {
		complain(n, "hub.history must be an object")
		return
	}
	var keys historyKeys
	fill(n, &keys)
	setBool(&h.Enabled, keys.Enabled, "hub.history.enabled", complain)
	setBool(&h.Bodies, keys.Bodies, "hub.history.bodies", complain)
	for _, number := range []struct {
		name        string
		value       *json5.Node
		least, most int
		field       *int
	}{
		{"days", keys.Days, 1, 3650, &h.Days},
		{"maxMB", keys.MaxMB, 10, 1 << 20, &h.MaxMB},
		{"bodyLimit", keys.BodyLimit, 0, 1 << 20, &h.BodyLimit},
	} {
		if number.value == nil {
			continue
		}
		i, err := strconv.Atoi(number.value.Text)
		if err != nil || number.value.Kind != json5.Number || i < number.least || i > number.most {
			complain(number.value, fmt.Sprintf("hub.history.%s must be a whole number from %d to %d", number.name, number.least, number.most))
			continue
		}
		*number.field = i
	}
}

// recording reads the key "history" of a server. Nothing wrong in it stops the server.
func (c *checker) recording(n *json5.Node) Recording {
	switch {
	case n == nil, n.Kind == json5.Null, n.Is(json5.Bool) && truthy(n):
	case n.Is(json5.Bool):
		return RecordNothing
	case n.Is(json5.String) && n.Text == string(RecordNoBodies):
		return RecordNoBodies
	default:
		c.warn(n, `history is not true, false or "no bodies"; nothing of its calls is recorded`, "choose one of them or remove it")
		return RecordNothing
	}
	return RecordAll
}
