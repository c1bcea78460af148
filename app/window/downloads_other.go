//go:build desktop && !linux

package window

// followDownloads does nothing: the window's toolkit saves downloads here by itself, or cannot.
func followDownloads(func(file string, err error)) {}
