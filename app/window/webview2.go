package window

import (
	"errors"
	"fmt"
)

// ErrNoWebView2 says that Windows lacks what draws the window. The browser can show the hub in its place.
var ErrNoWebView2 = errors.New("the window needs WebView2")

// webView2Page is where the person gets it.
const webView2Page = "https://developer.microsoft.com/microsoft-edge/webview2/"

// webView2 says what is wrong with the WebView2 that was found: its version, empty if there is none, or why that is not known.
func webView2(version string, err error) error {
	const advice = ", so the hub opens in your browser: to have the window, install it from " + webView2Page
	switch {
	case err != nil:
		return fmt.Errorf("%w, and it could not be found (%w)%s", ErrNoWebView2, err, advice)
	case version == "":
		return fmt.Errorf("%w, which this machine does not have%s", ErrNoWebView2, advice)
	}
	return nil
}
