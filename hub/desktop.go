package hub

import "mcphub/hub/api"

type (
	// Desktop is a program that shows the hub on a desktop.
	Desktop = api.Desktop
	// DesktopSettings is what the hub's routes tell of it.
	DesktopSettings = api.DesktopSettings
	// DesktopNotices is what it notifies the person of.
	DesktopNotices = api.DesktopNotices
	// DesktopChange is what the routes change of its settings.
	DesktopChange = api.DesktopChange
)

// DesktopChanged tells the hub's clients that the settings of Options.Desktop changed.
func (h *Hub) DesktopChanged() { h.bus.Publish(api.EventDesktop, "", nil) }
