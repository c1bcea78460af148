//go:build unix

package config

// foldEnv says whether names of environment variables ignore case.
const foldEnv = false

const homeVariable = "HOME"

// inherited are the variables that a child gets from the hub's environment. All others stay out, because they may hold
// secrets that are none of its business.
var inherited = []string{"HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"}
