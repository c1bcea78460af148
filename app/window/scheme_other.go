//go:build desktop && !linux

package window

import "context"

// followScheme has nothing to do: here the window follows the system by itself.
func followScheme(context.Context) {}
