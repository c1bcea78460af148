package logfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

const chunk = 64 << 10 // bytes that are read at a time

// Backwards hands the lines of the log in the folder of the hub's state to take, the newest first, without their line
// breaks and from rotated files too, until take returns false. Lines are valid only during the call. A log that does not
// exist has no lines.
func Backwards(dir string, take func(line []byte) bool) error {
	folder := filepath.Join(dir, folderName)
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	names := []string{fileName}
	for _, e := range slices.Backward(entries) { // their names sort by age
		if _, ok := rotatedAt(e.Name()); ok && e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	for _, name := range names {
		file, err := os.Open(filepath.Join(folder, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed or rotated meanwhile
		}
		if err != nil {
			return err
		}
		more, err := backwards(file, take)
		if err := errors.Join(err, file.Close()); err != nil || !more {
			return err
		}
	}
	return nil
}

// backwards hands the lines of one file to take. It reports whether take wants more. What a writer has not ended with a
// line break is no line yet.
func backwards(file *os.File, take func(line []byte) bool) (more bool, err error) {
	at, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return false, err
	}
	var rest []byte // of the line that begins before at, without its line break
	ended := false  // rest is a whole line once its beginning is there
	for at > 0 {
		size := min(at, chunk)
		at -= size
		text := make([]byte, size, int(size)+len(rest))
		if _, err := file.ReadAt(text, at); err != nil {
			return false, err
		}
		text = append(text, rest...)
		for {
			i := bytes.LastIndexByte(text, '\n')
			if i < 0 {
				break
			}
			if ended && i+1 < len(text) && !take(text[i+1:]) {
				return false, nil
			}
			text, ended = text[:i], true
		}
		rest = text
	}
	return !ended || len(rest) == 0 || take(rest), nil
}
