package release

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// OldSuffix is what the program that was replaced has at the end of its name.
const OldSuffix = ".old"

const (
	workPrefix = ".mcp-hub-upgrade-" // of the folder beside the program that a replacement is made in
	staleAfter = time.Hour           // when such a folder is one of an upgrade that was killed
	tryTime    = 30 * time.Second    // for the new program to say its version
)

// Replace puts the program of an archive of the release in the place of the one at a path, which stays beside it with
// [OldSuffix]. The program at the path is whole at every moment, the old one or the new one, but for an instant on Windows
// that has neither. Running processes go on with the program that they were started from.
func (r *Release) Replace(ctx context.Context, f File, program string) error {
	return replace(program, func(dir string) (string, error) {
		archive := filepath.Join(dir, "archive")
		if err := r.download(ctx, f, archive); err != nil {
			return "", err
		}
		fresh := filepath.Join(dir, filepath.Base(program))
		if err := unpack(archive, strings.HasSuffix(f.Name, ".zip"), packed(program), fresh); err != nil {
			return "", fmt.Errorf("%s: %w", f.Name, err)
		}
		if err := allowAs(program, fresh); err != nil {
			return "", err
		}
		said, err := version(ctx, fresh)
		if err != nil {
			return "", fmt.Errorf("the new program does not run here: %w", err)
		}
		if said != r.Version {
			return "", fmt.Errorf("%s holds version %s, not %s", f.Name, said, r.Version)
		}
		return fresh, nil
	})
}

// Back puts the old program in the place of the one at a path, which then is the old one. It returns the version that is there now.
func Back(ctx context.Context, program string) (restored string, err error) {
	err = replace(program, func(dir string) (string, error) {
		fresh := filepath.Join(dir, filepath.Base(program))
		if err := copyFile(program+OldSuffix, fresh); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return "", fmt.Errorf("there is no %s: nothing was upgraded here", program+OldSuffix)
			}
			return "", err
		}
		restored, err = version(ctx, fresh)
		return fresh, err
	})
	return restored, err
}

// replace puts the program that obtain leaves in a folder in the place of the one at a path.
func replace(program string, obtain func(dir string) (fresh string, err error)) error {
	parent := filepath.Dir(program)
	stale, _ := filepath.Glob(filepath.Join(parent, workPrefix+"*"))
	for _, dir := range stale {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > staleAfter {
			_ = os.RemoveAll(dir)
		}
	}
	dir, err := os.MkdirTemp(parent, workPrefix)
	if err != nil {
		return fmt.Errorf("the folder of the program cannot be written: %w; run this as the owner of %s, or unpack the archive into a folder of yours, such as ~/.local/bin", err, parent)
	}
	defer os.RemoveAll(dir)
	fresh, err := obtain(dir)
	if err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		// A running program can be renamed there, and neither overwritten nor removed.
		old := program + OldSuffix
		if err := os.Remove(old); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w; end the hub that still runs from it", err)
		}
		if err := os.Rename(program, old); err != nil {
			return err
		}
		if err := os.Rename(fresh, program); err != nil {
			return errors.Join(err, os.Rename(old, program))
		}
		return nil
	}
	old := filepath.Join(dir, "old")
	if err := copyFile(program, old); err != nil {
		return err
	}
	if err := os.Rename(old, program+OldSuffix); err != nil {
		return err
	}
	return os.Rename(fresh, program)
}

// download saves a file of the release, and checks that it is the one that the feed means.
func (r *Release) download(ctx context.Context, f File, to string) error {
	in, err := r.open(ctx, f)
	if err != nil {
		return fmt.Errorf("download %s: %w", f.Name, err)
	}
	defer in.Close()
	hash := sha256.New()
	n, err := write(to, io.TeeReader(in, hash))
	switch {
	case err != nil:
		return fmt.Errorf("download %s: %w", f.Name, err)
	case n != f.Size:
		return fmt.Errorf("%s has %d bytes, and not %d as the feed says: it is refused", f.Name, n, f.Size)
	case hex.EncodeToString(hash.Sum(nil)) != f.SHA256:
		return fmt.Errorf("%s is not the file that the feed means, its SHA-256 is another: it is refused", f.Name)
	}
	return nil
}

// packed returns the name that a program, whatever it is called here, has in the archives.
func packed(program string) string {
	switch {
	case runtime.GOOS != "windows":
		return "mcp-hub"
	case filepath.Base(program) == "mcp-hub-desktop.exe":
		return "mcp-hub-desktop.exe"
	}
	return "mcp-hub.exe"
}

// isProgram reports whether a path in an archive, below its one folder, is that of the program. Others have its name too.
func isProgram(inArchive, name string) bool {
	_, below, _ := strings.Cut(inArchive, "/")
	return below == name || below == "bin/"+name
}

// unpack takes the program of a name out of an archive.
func unpack(archive string, zipped bool, name, to string) error {
	missing := fmt.Errorf("there is no program %s in it", name)
	if zipped {
		z, err := zip.OpenReader(archive)
		if err != nil {
			return err
		}
		defer z.Close()
		for _, f := range z.File {
			if isProgram(f.Name, name) && f.Mode().IsRegular() {
				in, err := f.Open()
				if err != nil {
					return err
				}
				defer in.Close()
				return writeProgram(to, in)
			}
		}
		return missing
	}
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	for t := tar.NewReader(unzipped); ; {
		switch h, err := t.Next(); {
		case errors.Is(err, io.EOF):
			return missing
		case err != nil:
			return err
		case isProgram(h.Name, name) && h.Typeflag == tar.TypeReg:
			return writeProgram(to, t)
		}
	}
}

func writeProgram(to string, in io.Reader) error {
	n, err := write(to, io.LimitReader(in, fileLimit+1))
	if err == nil && n > fileLimit {
		err = errors.New("the program is too large")
	}
	return err
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if _, err = write(to, in); err != nil {
		return err
	}
	return allowAs(from, to)
}

// allowAs lets those use a file who may use another.
func allowAs(other, file string) error {
	info, err := os.Stat(other)
	if err != nil {
		return err
	}
	return os.Chmod(file, info.Mode().Perm())
}

// write writes a file that is on the disk, not only on the way there, when it returns. Only its owner can read it.
func write(to string, in io.Reader) (int64, error) {
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(out, in)
	return n, errors.Join(err, out.Sync(), out.Close())
}

// version asks a program for its version.
func version(ctx context.Context, program string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return "", err
	}
	_, said, ok := strings.Cut(string(out), "\nMCP Hub ")
	if !ok {
		return "", fmt.Errorf("it is no MCP Hub: %.100q", out)
	}
	return strings.TrimSpace(said), nil
}
