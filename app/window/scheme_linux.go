//go:build desktop

package window

/*
#cgo pkg-config: gtk+-3.0
#include <gtk/gtk.h>

static gboolean prefer(gpointer dark) {
	g_object_set(gtk_settings_get_default(), "gtk-application-prefer-dark-theme", GPOINTER_TO_INT(dark), NULL);
	return FALSE;
}

static void prefer_dark(int dark) { g_idle_add(prefer, GINT_TO_POINTER(dark)); }
*/
import "C"

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"

	"mcphub/app/sessionbus"
)

// The setting by which desktops tell all programs whether the person wants them dark. GTK 3 does not read it.
const (
	portalName     = "org.freedesktop.portal.Desktop"
	portalPath     = "/org/freedesktop/portal/desktop"
	portalSettings = "org.freedesktop.portal.Settings"
	namespace      = "org.freedesktop.appearance"
	schemeKey      = "color-scheme"
	dark           = uint32(1)
)

// portalPatience is how long the desktop may take to say how it is set.
const portalPatience = 5 * time.Second

// followScheme has the window be dark or light as the desktop is, until ctx ends. Where no desktop tells, GTK's theme decides.
func followScheme(ctx context.Context) {
	if !sessionbus.Reachable() {
		return
	}
	conn, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return
	}
	defer conn.Close()
	changes := make(chan *dbus.Signal, 16)
	conn.Signal(changes)
	if conn.AddMatchSignalContext(ctx, dbus.WithMatchInterface(portalSettings), dbus.WithMatchMember("SettingChanged"), dbus.WithMatchArg(0, namespace)) != nil {
		return
	}
	asking, cancel := context.WithTimeout(ctx, portalPatience)
	var value dbus.Variant
	err = conn.Object(portalName, portalPath).CallWithContext(asking, portalSettings+".Read", 0, namespace, schemeKey).Store(&value)
	cancel()
	if err == nil {
		apply(value)
	}
	for {
		select {
		case s, open := <-changes:
			if !open {
				return
			}
			if len(s.Body) == 3 && s.Body[0] == namespace && s.Body[1] == schemeKey {
				if value, ok := s.Body[2].(dbus.Variant); ok {
					apply(value)
				}
			}
		case <-ctx.Done():
			return
		}
	}
}

// apply takes the desktop's setting, which some wrap twice.
func apply(v dbus.Variant) {
	if inner, ok := v.Value().(dbus.Variant); ok {
		v = inner
	}
	prefer := C.int(0)
	if v.Value() == dark {
		prefer = 1
	}
	C.prefer_dark(prefer)
}
