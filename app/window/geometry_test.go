package window

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFit(t *testing.T) {
	two := []screen{{1920, 1080}, {1280, 1024}}
	plain := Geometry{Width: defaultWidth, Height: defaultHeight}
	for name, tt := range map[string]struct {
		given   Geometry
		screens []screen
		want    Geometry
	}{
		"none":          {Geometry{}, two, plain},
		"good":          {Geometry{1000, 700, 50, 60, false, true}, two, Geometry{1000, 700, 50, 60, false, true}},
		"second screen": {Geometry{1000, 700, 2000, 60, false, true}, two, Geometry{1000, 700, 2000, 60, false, true}},
		"maximised":     {Geometry{1000, 700, 50, 60, true, true}, two, Geometry{1000, 700, 50, 60, true, true}},
		"too large":     {Geometry{5000, 4000, 0, 0, false, true}, two, Geometry{1920, 1080, 0, 0, false, true}},
		"absurd":        {Geometry{1 << 30, 700, 1, 1, false, true}, two, plain},
		"negative":      {Geometry{-1000, 700, 1, 1, false, true}, two, plain},
		"tiny":          {Geometry{10, 10, 1, 1, false, true}, two, plain},
		"far right":     {Geometry{1000, 700, 3190, 60, false, true}, two, Geometry{Width: 1000, Height: 700}},
		"far left":      {Geometry{1000, 700, -5000, 60, false, true}, two, Geometry{Width: 1000, Height: 700}},
		"no screens":    {Geometry{1000, 700, 50, 60, false, true}, nil, Geometry{Width: 1000, Height: 700}},
	} {
		if got := tt.given.fit(tt.screens); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestGeometryFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "window.json")
	if got := loadGeometry(file); got != (Geometry{}) {
		t.Errorf("no file: %+v", got)
	}
	want := Geometry{1000, 700, 50, 60, true, true}
	if err := saveGeometry(file, want); err != nil {
		t.Fatal(err)
	}
	if got := loadGeometry(file); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, text := range []string{"", "{", `{"width":"x"}`, `{"width":1e99}`, "[]"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := loadGeometry(file); got != (Geometry{}) {
			t.Errorf("%s: %+v", text, got)
		}
	}
}
