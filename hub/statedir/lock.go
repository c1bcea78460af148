package statedir

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gofrs/flock"
)

// ErrLocked tells that somebody else holds a lock.
var ErrLocked = errors.New("the lock is held by another process")

// The pauses between two looks at a lock that somebody else holds shrink from the first to the last: who has waited long
// looks more often, and so comes before who has just begun.
const (
	firstPause = 32 * time.Millisecond
	lastPause  = 10 * time.Millisecond
)

// TryLock takes the lock that the file at the path stands for, and fails with ErrLocked if somebody has it. The file is
// made if need be and never removed. The system releases the lock when its holder ends, however it ends.
func TryLock(path string) (release func(), err error) {
	file := flock.New(path)
	switch locked, err := file.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("lock %s: %w; make the file and its folder writable, on a file system that has locks", path, err)
	case !locked:
		return nil, fmt.Errorf("lock %s: %w; see which process has the file open", path, ErrLocked)
	}
	return func() { _ = file.Unlock() }, nil
}

// Lock is TryLock that waits until ctx is done, and then fails with both ErrLocked and the error of ctx.
func Lock(ctx context.Context, path string) (release func(), err error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("lock %s: %w", path, ctx.Err())
	}
	for pause := firstPause; ; pause = max(pause*3/4, lastPause) {
		release, err := TryLock(path)
		if !errors.Is(err, ErrLocked) {
			return release, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w (%w)", err, ctx.Err())
		case <-time.After(pause):
		}
	}
}
