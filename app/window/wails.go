//go:build desktop

package window

import (
	"context"
	_ "embed" // the icon
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/wailsapp/wails/v2"
	"github.com/wailsapp/wails/v2/pkg/logger"
	"github.com/wailsapp/wails/v2/pkg/options"
	"github.com/wailsapp/wails/v2/pkg/options/assetserver"
	"github.com/wailsapp/wails/v2/pkg/options/linux"
	"github.com/wailsapp/wails/v2/pkg/options/windows"
	"github.com/wailsapp/wails/v2/pkg/runtime"
)

// programName is the name of the menu's entry, by which desktops know on Wayland whose window it is. On X11 the toolkit takes
// the name of the program's file, which the entry names too.
const programName = "arpa.home.mcphub"

//go:embed icon.png
var icon []byte

// shell is the window while it is open.
type shell struct {
	options Options
	loader  *loader
	inside  string // script that the dashboard gets

	size   Geometry // that was remembered
	first  Geometry // that the window begins with
	appear sync.Once
	there  atomic.Bool // it has appeared
	kept   sync.Once
}

// Run shows the window until the person closes it, or its commands end. It must be called on the main goroutine. The error
// is ErrNone if there can be no window here.
func Run(ctx context.Context, o Options) (err error) {
	defer func() {
		if fault := recover(); fault != nil { // which the toolkit does without a display
			err = fmt.Errorf("%w: %v; is there a display?", ErrNone, fault)
		}
	}()
	if err := ready(); err != nil {
		return err
	}
	inside, err := page.ReadFile("page/inside.js")
	if err != nil {
		return err
	}
	s := &shell{options: o, loader: newLoader(o), inside: string(inside), size: loadGeometry(o.Geometry)}
	s.first = s.size.fit(nil)
	state := options.Normal
	if s.size.Max {
		state = options.Maximised
	}
	err = wails.Run(&options.App{
		Title: "MCP Hub", Width: s.first.Width, Height: s.first.Height, MinWidth: minWidth, MinHeight: minHeight, WindowStartState: state,
		AssetServer:              &assetserver.Options{Handler: s.loader},
		EnableDefaultContextMenu: true,
		LogLevelProduction:       logger.ERROR,
		OnStartup:                func(window context.Context) { s.begin(ctx, window) },
		OnDomReady: func(window context.Context) {
			s.appear.Do(func() {
				s.place(window)
				s.there.Store(true)
			})
			runtime.WindowExecJS(window, s.dressed())
		},
		OnBeforeClose: func(window context.Context) bool { s.remember(window); return false },
		Linux:         &linux.Options{Icon: icon, ProgramName: programName, WebviewGpuPolicy: linux.WebviewGpuPolicyNever},
		Windows:       &windows.Options{Theme: windows.SystemDefault, IsZoomControlEnabled: false},
	})
	if err != nil {
		return errors.Join(ErrNone, err)
	}
	return nil
}

// dressed is the script for a page that was loaded. It does nothing on the page that waits for the hub. On its way to the
// dashboard the browser loses which page of it is meant; it may do so once more if this runs while that page is still coming.
func (s *shell) dressed() string {
	return `if (/^https?:$/.test(location.protocol) && location.hostname !== "wails.localhost" && document.querySelector("script[src]")) {` +
		s.inside + `
if (location.hash.length < 2) location.hash = "#" + ` + quoted(s.loader.target()) + `;
}`
}

// quoted makes a text a string of JavaScript.
func quoted(text string) string {
	quoted, _ := json.Marshal(text) // a string can always be written
	return string(quoted)
}

// place puts the window where it was, when it is there: before that, the toolkit knows no screen that it is on. The size
// cannot be set here: on Linux the toolkit would do it on another thread than GTK's.
func (s *shell) place(window context.Context) {
	var screens []screen
	if all, err := runtime.ScreenGetAll(window); err == nil {
		for _, one := range all {
			screens = append(screens, screen{one.Size.Width, one.Size.Height})
		}
	}
	switch g := s.size.fit(screens); {
	case g.Max:
	case g.Width < s.first.Width || g.Height < s.first.Height: // the screen has become smaller
		runtime.WindowMaximise(window)
	case g.Placed:
		runtime.WindowSetPosition(window, g.X, g.Y)
	}
}

// begin has the window do what it is told.
func (s *shell) begin(ctx, window context.Context) {
	go followScheme(ctx)
	followDownloads(func(file string, err error) {
		if err != nil {
			s.options.Log.Error("a download failed", "err", err)
			runtime.WindowExecJS(window, `dispatchEvent(new CustomEvent("mcp-hub-download", { detail: { error: `+quoted(err.Error())+` } }))`)
			return
		}
		runtime.WindowExecJS(window, `dispatchEvent(new CustomEvent("mcp-hub-download", { detail: { file: `+quoted(file)+` } }))`)
		s.options.Saved(file)
	})
	go func() {
		for {
			select {
			case <-ctx.Done():
				runtime.Quit(window)
				return
			case c, open := <-s.options.Commands:
				if !open {
					runtime.Quit(window)
					return
				}
				s.obey(window, c)
			}
		}
	}()
}

func (s *shell) obey(window context.Context, c Command) {
	switch {
	case c.Failure != "":
		s.loader.fail(c.Failure)
	case c.Hub != nil:
		s.loader.ask(c.Hub)
	}
	if c.Show != "" {
		s.loader.show(c.Show)
	}
	if !c.Raise || !s.there.Load() { // when it appears it comes to the front by itself
		return
	}
	if c.Show != "" {
		runtime.WindowExecJS(window, `if (window.mcpHubWindow) location.hash = "#" + `+quoted(c.Show))
	}
	runtime.WindowShow(window)
	runtime.WindowUnminimise(window) // which also brings it to the front
}

// remember keeps where the window is when it closes.
func (s *shell) remember(window context.Context) {
	s.kept.Do(func() {
		g := s.size
		if g.Max = runtime.WindowIsMaximised(window); !g.Max {
			g.Width, g.Height = runtime.WindowGetSize(window)
			g.X, g.Y = runtime.WindowGetPosition(window)
			g.Placed = true
		}
		if err := saveGeometry(s.options.Geometry, g); err != nil {
			s.options.Log.Warn("where the window was is not remembered", "err", err)
		}
	})
}
