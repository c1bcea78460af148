//go:build desktop

package window

/*
#cgo pkg-config: webkit2gtk-4.1
#include <stdlib.h>
#include <webkit2/webkit2.h>

extern char *downloadPlace(char *name);
extern void downloadEnded(char *uri, char *why);

static gboolean mcp_hub_place(WebKitDownload *d, gchar *name, gpointer data) {
	char *uri = downloadPlace(name);
	if (uri == NULL) {
		webkit_download_cancel(d);
		return TRUE;
	}
	webkit_download_set_destination(d, uri);
	free(uri);
	return TRUE;
}

static void mcp_hub_failed(WebKitDownload *d, GError *e, gpointer data) {
	g_object_set_data(G_OBJECT(d), "mcp-hub-failed", "yes");
	downloadEnded((char *)"", e->message);
}

static void mcp_hub_finished(WebKitDownload *d, gpointer data) {
	if (g_object_get_data(G_OBJECT(d), "mcp-hub-failed") == NULL)
		downloadEnded((char *)webkit_download_get_destination(d), NULL);
}

static void mcp_hub_started(WebKitWebContext *c, WebKitDownload *d, gpointer data) {
	g_signal_connect(d, "decide-destination", G_CALLBACK(mcp_hub_place), NULL);
	g_signal_connect(d, "failed", G_CALLBACK(mcp_hub_failed), NULL);
	g_signal_connect(d, "finished", G_CALLBACK(mcp_hub_finished), NULL);
}

static gboolean mcp_hub_watch(gpointer data) {
	g_signal_connect(webkit_web_context_get_default(), "download-started", G_CALLBACK(mcp_hub_started), NULL);
	return FALSE;
}

static void mcp_hub_downloads(void) { g_idle_add(mcp_hub_watch, NULL); }

static const char *mcp_hub_folder(void) { return g_get_user_special_dir(G_USER_DIRECTORY_DOWNLOAD); }
*/
import "C"

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
)

// ended is told of each download: its file, or why there is none.
var ended func(file string, err error)

// followDownloads has what the page downloads be saved, and tells of it. It may be called once. WebKit calls back.
func followDownloads(tell func(file string, err error)) {
	ended = tell
	C.mcp_hub_downloads()
}

// downloadPlace returns the URI of the file to save a download in; null if there can be none. The caller frees it.
//
//export downloadPlace
func downloadPlace(name *C.char) *C.char {
	dir := C.GoString(C.mcp_hub_folder())
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil
		}
		dir = filepath.Join(home, "Downloads")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil
	}
	return C.CString((&url.URL{Scheme: "file", Path: free(dir, C.GoString(name))}).String())
}

//export downloadEnded
func downloadEnded(uri, why *C.char) {
	if why != nil {
		go ended("", errors.New(C.GoString(why)))
		return
	}
	if u, err := url.Parse(C.GoString(uri)); err == nil {
		go ended(u.Path, nil)
	}
}
