package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// Desktop is the program around a hub that shows it beside the clock and in a window. When its settings change, whoever
// changed them, it has the hub publish EventDesktop.
type Desktop interface {
	Settings() (DesktopSettings, error)
	Change(DesktopChange) error
}

// DesktopSettings is what the person at the hub's machine has chosen of its desktop.
type DesktopSettings struct {
	StartAtLogin  bool           `json:"startAtLogin"`
	Where         string         `json:"where" doc:"The file, or on Windows the value of the registry, that has the program started at login"`
	ByService     bool           `json:"byService" doc:"Whether it is systemd that starts the hub at login, without tray and window"`
	Notifications DesktopNotices `json:"notifications"`
}

// DesktopNotices says of which things the person is told.
type DesktopNotices struct {
	SignInNeeded bool `json:"signInNeeded" doc:"A server needs the person to sign in"`
	Failed       bool `json:"failed" doc:"A server failed for good"`
	ToolsChanged bool `json:"toolsChanged" doc:"The tools of a server changed"`
}

// DesktopChange is settings to change; what is nil stays.
type DesktopChange struct {
	StartAtLogin  *bool `json:"startAtLogin,omitempty" doc:"False also ends what systemd does"`
	Notifications *struct {
		SignInNeeded *bool `json:"signInNeeded,omitempty"`
		Failed       *bool `json:"failed,omitempty"`
		ToolsChanged *bool `json:"toolsChanged,omitempty"`
	} `json:"notifications,omitempty"`
}

type desktopState struct {
	Body struct {
		Desktop *DesktopSettings `json:"desktop,omitempty" doc:"Absent where the hub was not started by a desktop; one that joined it later keeps its settings in its tray"`
	}
}

func (a *v2) desktopRoutes(api huma.API) {
	huma.Register(api, operation(http.MethodGet, "desktop", "get-desktop", "The settings of the desktop that this hub is part of"), a.getDesktop)
	op := operation(http.MethodPatch, "desktop", "change-desktop", "Change settings of the desktop", 409)
	op.Description = "The tray has the same switches. When a setting changes, the stream tells desktop_changed."
	huma.Register(api, op, a.changeDesktop)
}

func (a *v2) getDesktop(context.Context, *struct{}) (*desktopState, error) {
	out := &desktopState{}
	if a.Desktop == nil {
		return out, nil
	}
	s, err := a.Desktop.Settings()
	if err != nil {
		return nil, desktopFailure(err)
	}
	out.Body.Desktop = &s
	return out, nil
}

func (a *v2) changeDesktop(ctx context.Context, in *struct{ Body DesktopChange }) (*desktopState, error) {
	if a.Desktop == nil {
		return nil, &failure{status: http.StatusConflict, code: "NO_DESKTOP", text: "This hub was not started by a desktop: start mcp-hub-desktop, or use \"mcp-hub autostart\""}
	}
	if err := a.Desktop.Change(in.Body); err != nil {
		return nil, desktopFailure(err)
	}
	return a.getDesktop(ctx, nil)
}

func desktopFailure(err error) error {
	return &failure{status: http.StatusInternalServerError, code: "DESKTOP_ERROR", text: err.Error()}
}
