//go:build desktop

package window

import "github.com/wailsapp/go-webview2/webviewloader"

// ready says what the window lacks.
func ready() error { return webView2(webviewloader.GetAvailableCoreWebView2BrowserVersionString("")) }
