package workspace

import (
	"context"
	"errors"
	"net"
	"strconv"
	"syscall"
	"time"
)

const (
	// startTolerance is how much later than its entry says a process may have started: clocks are set now and then.
	startTolerance = 10 * time.Second

	knock = 3 * time.Second // for a port on this machine to answer: Windows takes two to refuse, others no time

	wsaRefused = syscall.Errno(10061) // "connection refused" on Windows, no error elsewhere
)

// stale reports whether the hub of an entry has ended without removing it: its process is gone, or the number belongs to
// one that started later. A clock that was set makes every process look like that, so the port must be dead too.
func stale(ctx context.Context, e Entry) bool {
	started, exists := process(e.PID)
	if !exists {
		return true
	}
	if started.IsZero() || started.Sub(e.StartTime) <= startTolerance {
		return false
	}
	dialer := net.Dialer{Timeout: knock}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(e.Port)))
	if err == nil {
		_ = conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, wsaRefused)
}
