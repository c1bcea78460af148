package hub

import "mcphub/hub/api"

// What a program that shows the hub on a desktop offers it, and what the hub's routes then tell and change.
type (
	Desktop         = api.Desktop
	DesktopSettings = api.DesktopSettings
	DesktopNotices  = api.DesktopNotices
	DesktopChange   = api.DesktopChange
)

// DesktopChanged tells the hub's clients that the settings of Options.Desktop changed.
func (h *Hub) DesktopChanged() { h.bus.Publish(api.EventDesktop, "", nil) }
