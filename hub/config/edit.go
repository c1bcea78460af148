package config

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mcphub/hub/json5"
)

var (
	// ErrConflict says that a file is not what the caller has read: somebody else changed it. Read it again.
	ErrConflict = errors.New("the config file has changed in the meantime")
	// ErrUnknownFile says that a path is none of the store's files.
	ErrUnknownFile = errors.New("no config file of this hub")
	// ErrUnknownServer says that no server of that name is configured.
	ErrUnknownServer = errors.New("no such server in the configuration")

	errNoValue = errors.New("there is no value")
)

// How often and when to look at a file that seems to be in the middle of being written: for a second, as who writes it may be
// kept waiting by others on a busy machine.
const (
	maxLooks  = 50
	lookAgain = 20 * time.Millisecond
)

// missingTag is the tag of a file that does not exist.
const missingTag = "missing"

// Read returns the text of one of the store's files and a tag that changes with it, for [Store.Write]. A missing file has no
// text and the tag "missing". The text may hold secrets. The error is [ErrUnknownFile] or a [*FileError].
func (s *Store) Read(path string) (text []byte, etag string, err error) {
	if err := s.owns(path); err != nil {
		return nil, "", err
	}
	text, missing, err := s.read(path)
	if err != nil {
		return nil, "", err
	}
	if missing {
		return nil, missingTag, nil
	}
	return text, tag(text), nil
}

// owns fails with ErrUnknownFile if the path is none of the store's files.
func (s *Store) owns(path string) error {
	if !slices.Contains(s.options.Paths, path) {
		return fmt.Errorf("%q: %w; choose one of %s", path, ErrUnknownFile, strings.Join(s.options.Paths, ", "))
	}
	return nil
}

func tag(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Write replaces the text of one of the store's files, creates the file and its folder if need be, and publishes the new
// configuration before it returns. The text goes to a new file that takes the place of the old one at once, with its mode
// and, where possible, its owner; symbolic links stay. Nothing is written unless the file still has the tag ifMatch
// ([ErrConflict]) and the text can be used ([*FileError]). What is wrong in single servers does not hinder: ask [Validate].
func (s *Store) Write(ctx context.Context, path string, text []byte, ifMatch string) (etag string, err error) {
	s.edit.Lock()
	defer s.edit.Unlock()
	before, etag, err := s.Read(path)
	switch {
	case err != nil:
		return "", err
	case etag != ifMatch:
		return "", fmt.Errorf("write %s: %w; read it again", path, ErrConflict)
	case etag == tag(text):
		return etag, nil
	}
	if err := s.replace(ctx, path, before, etag, text); err != nil {
		return "", err
	}
	return tag(text), nil
}

// Preview returns the snapshot that [Store.Write] of the text would publish, and writes nothing. The error is
// [ErrUnknownFile] or a [*FileError].
func (s *Store) Preview(ctx context.Context, path string, text []byte) (*Snapshot, error) {
	if err := s.owns(path); err != nil {
		return nil, err
	}
	return s.load(ctx, func(file string) ([]byte, bool, error) {
		if file == path {
			return text, false, nil
		}
		return s.read(file)
	})
}

// Modify changes one of the store's files in place: comments, order and layout stay. A file that is missing or empty is a
// document without a root. If somebody else changes the file meanwhile, change is called a second time, with what the file
// holds then. For the rest see [Store.Write]. If change fails or changes nothing, nothing is written.
func (s *Store) Modify(ctx context.Context, path string, change func(*json5.Document) error) error {
	s.edit.Lock()
	defer s.edit.Unlock()
	err := s.modify(ctx, path, change)
	if errors.Is(err, ErrConflict) {
		err = s.modify(ctx, path, change)
	}
	return err
}

func (s *Store) modify(ctx context.Context, path string, change func(*json5.Document) error) error {
	doc, etag, err := s.settled(ctx, path)
	if err != nil {
		return err
	}
	before := doc.Text()
	if err := change(doc); err != nil {
		return fmt.Errorf("edit config file %s: %w", path, err)
	}
	if bytes.Equal(doc.Text(), before) {
		return nil
	}
	return s.replace(ctx, path, before, etag, doc.Text())
}

// settled reads a file that is to be edited. Programs that save in place leave it empty or cut off for a moment, and some
// leave none at all: to believe that would lose what they are about to write, so it looks again for a while.
func (s *Store) settled(ctx context.Context, path string) (doc *json5.Document, etag string, err error) {
	for looks := 1; ; looks++ {
		var text []byte
		if text, etag, err = s.Read(path); err != nil {
			return nil, "", err
		}
		doc, err = json5.Parse(text)
		fresh := etag == missingTag && slices.Contains(s.Current().Files, File{Path: path, Missing: true})
		switch {
		case err == nil && (doc.Root() != nil || fresh || looks == maxLooks):
			return doc, etag, nil
		case looks == maxLooks:
			_, err = parseFile(path, text)
			return nil, "", err
		}
		select {
		case <-ctx.Done():
			return nil, "", ctx.Err()
		case <-time.After(lookAgain):
		}
	}
}

// replace writes a file that still holds what was before, which has the tag, and publishes the result.
func (s *Store) replace(ctx context.Context, path string, before []byte, etag string, text []byte) error {
	if _, _, _, err := checkFile(path, text); err != nil {
		return err
	}
	err := writeFile(s.absolute(path), text, func() error {
		s.keep(ctx, path, before)
		_, now, err := s.Read(path)
		switch {
		case err != nil:
			return err
		case now != etag:
			return ErrConflict
		}
		return ctx.Err()
	})
	if err != nil {
		return fmt.Errorf("write config file %s: %w", path, err)
	}
	// The file is written: a caller who goes away now must not leave the snapshot behind.
	if err := s.Reload(context.WithoutCancel(ctx)); err != nil {
		s.options.Log.Warn("config written but not reloaded, the last good one stays", "err", err)
	}
	return nil
}

// SetDisabled switches a server off or on in the file that it comes from. See [Store.Modify]; [ErrUnknownServer] if there is
// no such server.
func (s *Store) SetDisabled(ctx context.Context, name string, disabled bool) error {
	return s.modifyServer(ctx, name, func(doc *json5.Document, e entry) error {
		keys := e.keys()
		if truthy(keys.Disabled) == disabled {
			return nil
		}
		key := "disabled"
		if e.zed && e.value.Get(key) == nil {
			key, disabled = "enabled", !disabled
		}
		return doc.Set(strconv.AppendBool(nil, disabled), append(e.path, key)...)
	})
}

// DeleteServer removes a server from the file that it comes from; a server of that name in an earlier file takes its place.
// See [Store.Modify]; [ErrUnknownServer] if there is no such server.
func (s *Store) DeleteServer(ctx context.Context, name string) error {
	return s.modifyServer(ctx, name, func(doc *json5.Document, e entry) error {
		for found := true; found; e, found = find(doc, name) {
			if err := doc.Delete(e.path...); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetArgument replaces one argument of a server's command, counted from 0, in the file that it comes from. See
// [Store.Modify]; [ErrUnknownServer] if there is no such server, [ErrConflict] if that argument is not the old one.
func (s *Store) SetArgument(ctx context.Context, name string, index int, old, text string) error {
	word := &json5.Node{Kind: json5.String, Text: text}
	return s.modifyServer(ctx, name, func(doc *json5.Document, e entry) error {
		path := e.path
		if e.zed && e.value.Get("command").Is(json5.Object) {
			path = append(path, "command")
		}
		path = append(path, "args", strconv.Itoa(index))
		if at := doc.Get(path...); !at.Is(json5.String) || at.Text != old {
			return fmt.Errorf("%q: %w; read it again", name, ErrConflict)
		}
		return doc.Set(word.Strict(), path...)
	})
}

// modifyServer changes the entry that a server comes from.
func (s *Store) modifyServer(ctx context.Context, name string, change func(*json5.Document, entry) error) error {
	server, ok := s.Current().Server(name)
	if !ok {
		return fmt.Errorf("%q: %w", name, ErrUnknownServer)
	}
	return s.Modify(ctx, server.Source, func(doc *json5.Document) error {
		e, found := find(doc, name)
		if !found {
			return fmt.Errorf("%q: %w any more", name, ErrUnknownServer)
		}
		return change(doc, e)
	})
}

// find returns the entry of a server that holds in a document: the last one.
func find(doc *json5.Document, name string) (e entry, found bool) {
	if doc.Root() == nil {
		return entry{}, false
	}
	entries, _, _ := (&source{doc: doc}).entries() // a document without servers is as good as an empty one
	for _, candidate := range entries {
		if candidate.name == name {
			e, found = candidate, true
		}
	}
	return e, found
}

// place returns where a new server belongs in a file.
func place(root *json5.Node, name string) entry {
	if root.Is(json5.Array) {
		return entry{name: name, named: true, path: []string{"-"}}
	}
	for _, key := range serverLists {
		switch list := root.Get(key); {
		case list.Is(json5.Array):
			return entry{name: name, named: true, path: []string{key, "-"}}
		case list != nil:
			return entry{name: name, zed: key == zedServers, path: []string{key, name}}
		}
	}
	return entry{name: name, path: []string{"mcpServers", name}}
}

// PutServer makes raw, a JSON object, the entry of a server in one of the store's files: a new one, or in place of the one
// that is there, of which all stays as it is that does not differ. See [Store.Modify]. The error is a [*Diagnostic] without
// a file if the server could not run with the entry.
func (s *Store) PutServer(ctx context.Context, path, name string, raw json.RawMessage) error {
	value, err := json5.Parse(raw)
	if err != nil || value.Root() == nil {
		return fmt.Errorf("the entry of server %q is no JSON: %w", name, cmp.Or(err, errNoValue))
	}
	return s.Modify(ctx, path, func(doc *json5.Document) error {
		e, found := find(doc, name)
		if !found {
			e = place(doc.Root(), name)
		}
		e.file, e.at, e.value = &source{doc: value}, value.Root().Start, value.Root()
		if server, _ := e.server(); server.Err != nil {
			return server.Err
		}
		if e.named {
			return doc.Set(withName(value.Root(), name), e.path...)
		}
		return doc.Set(raw, e.path...)
	})
}

// withName returns the entry as JSON that begins with the name.
func withName(value *json5.Node, name string) []byte {
	named := &json5.Node{Kind: json5.Object, Members: []json5.Member{{Key: "name", Value: &json5.Node{Kind: json5.String, Text: name}}}}
	for _, m := range value.Members {
		if m.Key != "name" {
			named.Members = append(named.Members, m)
		}
	}
	return named.Strict()
}
