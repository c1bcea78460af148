//go:build desktop

package tray

/*
#cgo pkg-config: gio-2.0
#include <string.h>
#include <unistd.h>
#include <gio/gio.h>

static void heard(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data) {
	g_log_default_handler(domain, level, message, data);
	if (strstr(message, "g_dbus_proxy_new") != NULL) {
		_exit(1);
	}
}

static void connect_first(void) {
	g_log_set_handler("GLib-GIO", G_LOG_LEVEL_CRITICAL, heard, NULL);
	g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL);
}
*/
import "C"

// connect makes up for a race in libayatana-appindicator (0.5.92): it asks for the bus and, beside that, watches for a panel
// there. If the panel is found first, the library tries to use a bus that it has not got, and never shows the icon. With the
// connection made before, that hardly happens; if it does, the library's complaint is the only sign, and ends this process,
// which is then started again.
func connect() { C.connect_first() }
