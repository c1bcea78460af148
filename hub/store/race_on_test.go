//go:build race

package store

// manyItems is small under the race detector: it makes SQLite, which is all Go here, some twenty times slower.
const manyItems = 3_000
