//go:build race

package store

// The race detector makes SQLite, which is all Go here, some twenty times slower.
const (
	manyItems = 1_000
	manyCalls = 5_000
	manyKills = 5
	slowness  = 20
)
