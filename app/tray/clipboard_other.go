//go:build desktop && !linux

package tray

import "runtime"

// ToClipboard puts a text into the clipboard.
func ToClipboard(text string) error {
	if runtime.GOOS == "windows" {
		return pipe(text, "clip")
	}
	return pipe(text, "pbcopy")
}
