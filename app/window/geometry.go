package window

import (
	"encoding/json"

	"mcphub/hub/statedir"
)

// Geometry is where a window is, in pixels of the desktop.
type Geometry struct {
	Width  int  `json:"width"`
	Height int  `json:"height"`
	X      int  `json:"x"`
	Y      int  `json:"y"`
	Max    bool `json:"max"`    // it fills the screen
	Placed bool `json:"placed"` // X and Y count
}

// screen is the size of one screen, in pixels.
type screen struct{ width, height int }

const (
	minWidth, minHeight         = 420, 320
	defaultWidth, defaultHeight = 1180, 780
	maxSide                     = 16_384 // the largest that X11 and the toolkit deal with is 32,767
	grip                        = 80     // of the window must be on a screen, so that it can be taken hold of
)

// fit makes a window of a file that anybody may have written, or of another set of screens, one that can be seen. The
// screens may be unknown.
func (g Geometry) fit(screens []screen) Geometry {
	widest, highest, right, bottom := maxSide, maxSide, 0, 0
	if len(screens) > 0 {
		widest, highest = 0, 0
	}
	for _, s := range screens {
		widest, highest = max(widest, s.width), max(highest, s.height)
		right, bottom = right+s.width, bottom+s.height
	}
	if g.Width < minWidth || g.Width > maxSide || g.Height < minHeight || g.Height > maxSide {
		g = Geometry{Width: defaultWidth, Height: defaultHeight, Max: g.Max}
	}
	g.Width, g.Height = min(g.Width, max(widest, minWidth)), min(g.Height, max(highest, minHeight))
	if g.X < 0 || g.Y < 0 || g.X > right-grip || g.Y > bottom-grip {
		g.X, g.Y, g.Placed = 0, 0, false
	}
	return g
}

// loadGeometry returns what a file says; what cannot be read is none.
func loadGeometry(path string) (g Geometry) {
	text, err := statedir.ReadPrivate(path)
	if err != nil || json.Unmarshal(text, &g) != nil {
		return Geometry{}
	}
	return g
}

func saveGeometry(path string, g Geometry) error {
	text, err := json.Marshal(g)
	if err != nil {
		return err
	}
	return statedir.WritePrivate(path, text)
}
