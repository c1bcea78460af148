//go:build !race

package store

const (
	manyItems = 100_000
	slowness  = 1
)
