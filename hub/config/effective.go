package config

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
)

// Effective is what all files together say, and which of them says it.
type Effective struct {
	Servers []Setting // the servers, sorted by name
	Keys    []Setting // the other top-level keys, "hub" among them, sorted
}

// Setting is one value of the merged configuration as it stands in its file.
type Setting struct {
	Name  string          // of the server, or the top-level key
	Value json.RawMessage // strict JSON, placeholders unresolved; it may hold secrets
	From  Position        // where it stands
	Hides []Position      // where the values stand that it takes the place of, the strongest first
}

// LogValue shows only the name, because the value may hold secrets.
func (s Setting) LogValue() slog.Value { return slog.StringValue(s.Name) }

// Effective returns where each server and each other top-level key comes from.
func (s *Snapshot) Effective() Effective { return s.effective }

// settings turns the entries of each name, the last of which holds, into settings.
func settings(entries map[string][]entry) []Setting {
	list := make([]Setting, 0, len(entries))
	for name, all := range entries {
		last := all[len(all)-1]
		setting := Setting{Name: name, Value: last.value.Strict(), From: last.file.position(last.at)}
		for _, e := range slices.Backward(all[:len(all)-1]) {
			setting.Hides = append(setting.Hides, e.file.position(e.at))
		}
		list = append(list, setting)
	}
	slices.SortFunc(list, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
	return list
}
