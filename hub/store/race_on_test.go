//go:build race

package store

import "time"

// The race detector makes SQLite, which is all Go here, some twenty times slower.
const (
	manyItems = 1_000
	manyCalls = 5_000
	manyKills = 5
	slowness  = 20

	lastMoments = 4 * time.Second // see TestKilled
)
