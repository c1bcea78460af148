// Package watch owns noticing that files changed. It knows nothing of what the files hold or why someone cares.
package watch

import (
	"context"
	"log/slog"
	"time"
)

// Files watches.
func Files(ctx context.Context, log *slog.Logger, paths []string, debounce time.Duration, changed func()) error {
	<-ctx.Done()
	return nil
}
