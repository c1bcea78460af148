// Package loginpath owns finding the search path that a person's shell would have. A program that a desktop starts lacks it,
// and so does not find npx, uvx or docker.
//
// It must not know who needs the path.
package loginpath

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// patience is how long a shell may take with its start files, which can hold anything.
const patience = 5 * time.Second

// maxOutput is how much a shell may write, in bytes.
const maxOutput = 1 << 20

// Of returns the search path of a login shell of this person, followed by what is only in current. It takes no longer than
// a few seconds, whatever stands in the shell's start files, and leaves no process of the shell's behind.
func Of(ctx context.Context, shell, current string) (string, error) {
	return of(ctx, patience, shell, current)
}

func of(ctx context.Context, patience time.Duration, shell, current string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// The shell is interactive, since many set their path only then. What its start files write stands before.
	cmd := exec.CommandContext(ctx, shell, "-l", "-i", "-c", "/usr/bin/env")
	var out limited
	cmd.Stdout = &out
	cmd.WaitDelay = 100 * time.Millisecond
	cmd.Env = append(os.Environ(), "TERM=dumb")
	apart(cmd)
	err := cmd.Run()
	_ = endGroup(cmd) // what its start files left behind
	path := ""
	for line := range strings.Lines(out.String()) {
		if value, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "PATH="); ok {
			path = value
		}
	}
	if path == "" {
		return current, fmt.Errorf("ask %s for its search path: %w", shell, errors.Join(err, ctx.Err(), errNone))
	}
	return merged(path, current), nil
}

var errNone = errors.New("it told none; what servers need must then stand in the path of the desktop session")

// merged is the folders of both, each once, the first's before.
func merged(first, second string) string {
	var out []string
	for _, list := range []string{first, second} {
		for dir := range strings.SplitSeq(list, string(os.PathListSeparator)) {
			if dir != "" && !slices.Contains(out, dir) {
				out = append(out, dir)
			}
		}
	}
	return strings.Join(out, string(os.PathListSeparator))
}

// limited keeps the end of what is written.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > maxOutput {
		l.Reset()
	}
	return l.Buffer.Write(p[max(0, len(p)-maxOutput):])
}
