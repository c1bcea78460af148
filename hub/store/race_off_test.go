//go:build !race

package store

import "time"

const (
	manyItems = 100_000
	manyCalls = 1_000_000
	manyKills = 100
	slowness  = 1

	lastMoments = time.Second // see TestKilled
)
