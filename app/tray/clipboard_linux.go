//go:build desktop

package tray

/*
#cgo pkg-config: gtk+-3.0
#include <stdlib.h>
#include <gtk/gtk.h>

static gboolean put_text(gpointer text) {
	GtkClipboard *clipboard = gtk_clipboard_get(GDK_SELECTION_CLIPBOARD);
	gtk_clipboard_set_text(clipboard, text, -1);
	gtk_clipboard_store(clipboard);
	g_free(text);
	return FALSE;
}

static void copy_text(const char *text) { g_idle_add(put_text, g_strdup(text)); }
*/
import "C"

import (
	"os"
	"os/exec"
	"unsafe"
)

// ToClipboard puts a text into the clipboard. The tray must be running. Under Wayland only a window that has the focus may do it,
// or wl-copy.
func ToClipboard(text string) error {
	if os.Getenv("WAYLAND_DISPLAY") != "" {
		if _, err := exec.LookPath("wl-copy"); err == nil {
			return pipe(text, "wl-copy")
		}
	}
	c := C.CString(text)
	defer C.free(unsafe.Pointer(c))
	C.copy_text(c)
	return nil
}
