//go:build !race

package store

const (
	manyItems = 100_000
	manyCalls = 1_000_000
	manyKills = 100
	slowness  = 1
)
