//go:build bindings

package main

import "os"

// The build tool of the window's toolkit compiles this program with the tag "bindings" and runs it, to find which functions
// the page may call. There are none, and a hub must not start.
func init() { os.Exit(0) }
