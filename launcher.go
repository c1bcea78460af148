package main

import (
	"context"
	"os"
	"strconv"
)

// launcherEnv is set by the launcher of the npm package, which stays our parent where Node cannot become another program. It
// says how we see that the launcher has ended, also by kill -9: see launcherEnd.
const launcherEnv = "MCP_HUB_LAUNCHER"

// withLauncher returns a context that ends when the launcher does, if there is one.
func withLauncher(ctx context.Context) context.Context {
	number, err := strconv.Atoi(os.Getenv(launcherEnv))
	_ = os.Unsetenv(launcherEnv) // it is not for the servers that we start
	if err != nil {
		return ctx
	}
	ended := launcherEnd(number)
	if ended == nil {
		return ctx
	}
	ctx, stop := context.WithCancel(ctx)
	go func() {
		if ended() {
			stop()
		}
	}()
	return ctx
}
