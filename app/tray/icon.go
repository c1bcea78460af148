package tray

import (
	"embed"
	"encoding/binary"
	"runtime"
)

// icons are rendered from the drawings in build/icons. They differ in shape, so that colours need not be seen.
//
//go:embed icons/*.png
var icons embed.FS

// names are the files of the levels' icons.
var names = map[Level]string{OK: "ok", Away: "away", Warn: "warn", Error: "error"}

// images are the icons as the system wants them. They stay: the library does not copy them.
var images = map[Level][]byte{}

func init() {
	for level, name := range names {
		if runtime.GOOS == "darwin" {
			name += "-mono"
		}
		image, err := icons.ReadFile("icons/" + name + ".png")
		if err != nil {
			panic(err) // it was compiled without its icons
		}
		if runtime.GOOS == "windows" {
			image = ico(image)
		}
		images[level] = image
	}
}

// Icon returns the icon: an ICO on Windows, elsewhere a PNG. Nobody may change it.
func (l Level) Icon() []byte { return images[l] }

// ico puts a PNG of 32 by 32 pixels into an ICO.
func ico(png []byte) []byte {
	out := []byte{0, 0, 1, 0, 1, 0, 32, 32, 0, 0, 1, 0, 32, 0}
	out = binary.LittleEndian.AppendUint32(out, uint32(len(png)))
	out = binary.LittleEndian.AppendUint32(out, 22)
	return append(out, png...)
}
