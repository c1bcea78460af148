package statedir

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
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
	return acquire(path, lock)
}

// Lock is TryLock that waits until ctx is done, and then fails with both ErrLocked and the error of ctx.
func Lock(ctx context.Context, path string) (release func(), err error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("lock %s: %w", path, ctx.Err())
	}
	return acquire(path, func(file *os.File) error {
		for pause := firstPause; ; pause = max(pause*3/4, lastPause) {
			if err := lock(file); !errors.Is(err, ErrLocked) {
				return err
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("%w (%w)", ErrLocked, ctx.Err())
			case <-time.After(pause):
			}
		}
	})
}

func acquire(path string, lock func(*os.File) error) (release func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w; make the file and its folder writable", err)
	}
	err = lock(file)
	if err == nil {
		return func() {
			unlock(file)
			_ = file.Close()
		}, nil
	}
	_ = file.Close()
	if errors.Is(err, ErrLocked) {
		return nil, fmt.Errorf("lock %s: %w; see which process has the file open", path, err)
	}
	return nil, fmt.Errorf("lock %s: %w; keep it on a file system that has locks", path, err)
}
