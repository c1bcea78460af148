package config

// foldEnv says whether names of environment variables ignore case.
const foldEnv = true

const homeVariable = "USERPROFILE"

// inherited are the variables that a child gets from the hub's environment. All others stay out, because they may hold
// secrets that are none of its business. PATHEXT and COMSPEC are there because npx and its like are scripts.
var inherited = []string{
	"APPDATA", "COMSPEC", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PATH", "PATHEXT", "PROCESSOR_ARCHITECTURE",
	"PROGRAMFILES", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TMP", "USERNAME", "USERPROFILE",
}
