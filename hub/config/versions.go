package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mcphub/hub/json5"
	"mcphub/hub/secret"
	"mcphub/hub/statedir"
)

// VersionsDir is the name of the folder for [Options.Versions] in the folder of state.
const VersionsDir = "config-versions"

// ErrUnknownVersion says that no earlier text of a file has that ID, or that it is no longer kept.
var ErrUnknownVersion = errors.New("no such version of the config file")

// How much is kept of one file. The newest version stays however large it is.
const (
	keptVersions     = 50
	keptVersionBytes = 16 << 20
	keptVersionTime  = 90 * 24 * time.Hour
)

// versionPatience is how long to wait for another hub that is just keeping a version of the same file.
const versionPatience = 2 * time.Second

// idLength is the length of a version's ID: the beginning of its text's tag.
const idLength = 16

// Version is an earlier text of a configuration file.
type Version struct {
	ID    string    // 16 hexadecimal digits, the same for the same text
	Until time.Time // when another text last took its place
	Size  int64     // bytes
}

// Of reports whether the text has the tag.
func (v Version) Of(etag string) bool { return len(etag) >= idLength && etag[:idLength] == v.ID }

// Versions returns the earlier texts of one of the store's files that are kept, the latest first: what each write of the
// store replaced, and what other programs replaced while the store watched the file, each text once, up to a number, an
// age and a size. The error is [ErrUnknownFile], or says why they cannot be read.
func (s *Store) Versions(path string) ([]Version, error) {
	if err := s.owns(path); err != nil {
		return nil, err
	}
	if s.options.Versions == "" {
		return nil, nil
	}
	kept, _, err := listVersions(s.versionDir(path))
	return kept, err
}

// Version returns one of the texts that [Store.Versions] lists. It may hold secrets. The error is [ErrUnknownFile],
// [ErrUnknownVersion], or says why it cannot be read.
func (s *Store) Version(path, id string) ([]byte, error) {
	versions, err := s.Versions(path)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(versions, func(v Version) bool { return v.ID == id }) {
		return nil, fmt.Errorf("%s: %w; list them again", id, ErrUnknownVersion)
	}
	text, err := statedir.ReadPrivate(filepath.Join(s.versionDir(path), id))
	if errors.Is(err, fs.ErrNotExist) { // another hub has tidied up meanwhile
		err = fmt.Errorf("%s: %w; list them again", id, ErrUnknownVersion)
	}
	return text, err
}

// versionDir is where the versions of a file are: a folder that a person finds too.
func (s *Store) versionDir(path string) string {
	file := s.absolute(path)
	return filepath.Join(s.options.Versions, filepath.Base(file)+"-"+digest(file)[:12])
}

// listVersions returns what a folder holds, the latest first, and of that what is too much.
func listVersions(dir string) (kept, excess []Version, err error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("list earlier versions: %w; make the folder readable", err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err == nil && len(f.Name()) == idLength && info.Mode().IsRegular() {
			kept = append(kept, Version{f.Name(), info.ModTime(), info.Size()})
		}
	}
	slices.SortFunc(kept, func(a, b Version) int { return b.Until.Compare(a.Until) })
	size := int64(0)
	for i, v := range kept {
		size += v.Size
		if i > 0 && (i >= keptVersions || size > keptVersionBytes) || time.Since(v.Until) > keptVersionTime {
			return kept[:i], kept[i:], nil
		}
	}
	return kept, nil, nil
}

// keepReplaced keeps what was in force until now and is not in the files any more.
func (s *Store) keepReplaced(ctx context.Context, old, fresh *Snapshot) {
	for path, text := range old.texts {
		if !bytes.Equal(text, fresh.texts[path]) {
			s.keep(ctx, path, text)
		}
	}
}

// keep keeps a text of a file that another one takes the place of. That it cannot hinders nobody to edit the file.
func (s *Store) keep(ctx context.Context, path string, text []byte) {
	if s.options.Versions == "" || len(text) == 0 {
		return
	}
	if err := s.keepSince(ctx, path, text, time.Now()); err != nil {
		s.options.Log.Warn("earlier version of a config file is not kept", "file", path, "err", err)
	}
}

// keepSince keeps a text that another one took the place of at some time. If it is kept already, the later time counts.
func (s *Store) keepSince(ctx context.Context, path string, text []byte, until time.Time) error {
	dir := s.versionDir(path)
	if err := statedir.MakePrivate(dir); err != nil {
		return err
	}
	return changeVersions(ctx, dir, func() error {
		file := filepath.Join(dir, tag(text)[:idLength])
		if kept, err := os.Stat(file); err == nil && kept.ModTime().After(until) {
			return nil
		}
		if err := statedir.WritePrivate(file, text); err != nil {
			return err
		}
		return os.Chtimes(file, until, until) // the clock of the file system is too coarse to tell one from the next
	})
}

// forget puts a placeholder in the place of a secret that stands in earlier texts of the files. It is no error that there are
// none.
func (s *Store) forget(ctx context.Context, value secret.Text, placeholder string) error {
	quoted := (&json5.Node{Kind: json5.String, Text: value.Reveal()}).Strict()
	cleaned := strings.NewReplacer(value.Reveal(), placeholder, string(quoted[1:len(quoted)-1]), placeholder)
	var errs []error
	for _, path := range s.options.Paths {
		versions, err := s.Versions(path)
		if err != nil {
			errs = append(errs, err)
		}
		for _, v := range versions {
			file := filepath.Join(s.versionDir(path), v.ID)
			text, err := statedir.ReadPrivate(file)
			if after := cleaned.Replace(string(text)); err == nil && after != string(text) {
				err = s.keepSince(ctx, path, []byte(after), v.Until)
				err = errors.Join(err, os.Remove(file))
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, fmt.Errorf("earlier version of %s: %w; remove %s", path, err, file))
			}
		}
	}
	return errors.Join(errs...)
}

// tidyVersions removes the versions that have become too old.
func (s *Store) tidyVersions(ctx context.Context) {
	for _, path := range s.options.Paths {
		_, excess, err := listVersions(s.versionDir(path))
		if len(excess) > 0 {
			err = changeVersions(ctx, s.versionDir(path), func() error { return nil })
		}
		if err != nil {
			s.options.Log.Warn("old versions of a config file are not removed", "file", path, "err", err)
		}
	}
}

// changeVersions changes the versions in a folder, which only one hub does at a time, and removes what is too much then.
func changeVersions(ctx context.Context, dir string, change func() error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), versionPatience)
	defer cancel()
	release, err := statedir.Lock(ctx, filepath.Join(dir, "lock"))
	if err != nil {
		return err
	}
	defer release()
	if err := change(); err != nil {
		return err
	}
	_, excess, err := listVersions(dir)
	for _, v := range excess {
		err = errors.Join(err, os.Remove(filepath.Join(dir, v.ID)))
	}
	return err
}
