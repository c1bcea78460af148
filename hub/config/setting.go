package config

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"mcphub/hub/json5"
)

// ErrUnknownSetting says that the hub has no setting of a key.
var ErrUnknownSetting = errors.New("no such setting of the hub")

// SettingError says that a setting cannot have a value, and which it can have.
type SettingError struct{ Key, Msg string }

func (e *SettingError) Error() string { return e.Msg }

// SetSetting sets one of the hub's settings, such as hub.history.days, in one of the store's files, and returns what the file
// said before and its new tag; nil stands for nothing, which leaves the default. Comments and layout stay. See [Store.Write]
// for ifMatch and the errors, to which come [ErrUnknownSetting] and a [*SettingError].
func (s *Store) SetSetting(ctx context.Context, path, key string, value json.RawMessage, ifMatch string) (before json.RawMessage, etag string, err error) {
	keys := strings.Split(key, ".")
	if keys[0] != hubKey || !isSetting(keys) {
		return nil, "", fmt.Errorf("%q: %w", key, ErrUnknownSetting)
	}
	s.edit.Lock()
	defer s.edit.Unlock()
	doc, etag, err := s.settled(ctx, path)
	switch {
	case err != nil:
		return nil, "", err
	case etag != ifMatch:
		return nil, "", fmt.Errorf("write %s: %w; read it again", path, ErrConflict)
	}
	text := doc.Text()
	if old := doc.Get(keys...); old != nil {
		before = old.Strict()
	}
	if value == nil {
		err = doc.Delete(keys...)
	} else {
		err = doc.Set(value, keys...)
	}
	if err != nil {
		return nil, "", fmt.Errorf("edit config file %s: %w", path, err)
	}
	if err := checkSetting(path, doc, key); err != nil {
		return nil, "", err
	}
	if etag == tag(doc.Text()) {
		return before, etag, nil
	}
	if err := s.replace(ctx, path, text, etag, doc.Text()); err != nil {
		return nil, "", err
	}
	return before, tag(doc.Text()), nil
}

// Tag returns the tag that [Store.Read] would give with the text that the snapshot has of a file.
func (s *Snapshot) Tag(file File) string {
	if file.Missing {
		return missingTag
	}
	return tag(s.texts[file.Path])
}

// checkSetting fails with a *SettingError if the setting of a key cannot have the value that a document gives it.
func checkSetting(path string, doc *json5.Document, key string) error {
	f, _, _, err := checkFile(path, doc.Text())
	if err != nil {
		return err
	}
	hub := f.doc.Root().Get(hubKey)
	if hub == nil {
		return nil
	}
	settings := DefaultSettings()
	problems := settings.read(f, hub)
	_, more := readSources(f, hub)
	for _, p := range append(problems, more...) {
		if strings.HasPrefix(p.Message, key+" ") || strings.HasPrefix(p.Message, key+":") {
			return &SettingError{key, p.Message}
		}
	}
	return nil
}

var schemaTree = sync.OnceValue(func() (tree map[string]any) {
	if err := json.Unmarshal(Schema, &tree); err != nil {
		panic(err) // it is part of the program
	}
	return tree
})

// isSetting reports whether the schema knows what stands at the keys, and that it is one value.
func isSetting(keys []string) bool {
	at := schemaTree()
	for _, key := range keys {
		properties, _ := at["properties"].(map[string]any)
		if at, _ = properties[key].(map[string]any); at == nil {
			return false
		}
	}
	return at["properties"] == nil
}
