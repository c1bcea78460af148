package api

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
)

// noSignIn is what to do instead of signing in.
const noSignIn = "this hub does not sign in to servers yet. Put a token into the server's \"headers\" in its configuration file"

// authorize would open the page where a person signs in to a server.
func (a *rest) authorize(r *http.Request) (any, error) {
	s, err := a.named(r)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("No authorization URL available for server '%s'", s.Name())
	if status(s.Status().State) == "unauthorized" {
		text += ": " + noSignIn
	}
	return nil, failed("OPEN_REQUEST_ERROR", text, object{"originalError": object{}})
}

// manualCallback would take the address that a person was sent to after signing in. Its errors do not repeat the address,
// which holds a secret.
func (a *rest) manualCallback(r *http.Request) (any, error) {
	b, err := read(r, urlField)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(b.text(urlField.name))
	if err != nil || u.Scheme == "" {
		return nil, failed("ERR_INVALID_URL", "Invalid URL", object{"originalError": object{"code": "ERR_INVALID_URL"}})
	}
	name, err := a.signedIn(u.Query())
	if err != nil {
		return nil, err
	}
	return nil, failed("MANUAL_OAUTH_CALLBACK_ERROR", fmt.Sprintf("Not signed in to '%s': %s", name, noSignIn), object{"server": name, "originalError": object{}})
}

// signedIn returns the server to which the parameters of a callback belong.
func (a *rest) signedIn(q url.Values) (string, error) {
	name := q.Get("server_name")
	if q.Get("code") == "" || name == "" {
		return "", invalid("Missing code or server_name parameter", nil)
	}
	if a.server(name) == nil {
		return "", noServer(object{"server": name})
	}
	return name, nil
}

// callback is where the browser arrives after signing in, so it answers with a page.
func (a *rest) callback(w http.ResponseWriter, r *http.Request) {
	code, text := http.StatusNotImplemented, ""
	if name, err := a.signedIn(r.URL.Query()); err != nil {
		code, text = http.StatusBadRequest, err.Error()
	} else {
		text = fmt.Sprintf("Not signed in to %q: %s", name, noSignIn)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // the address holds the code
	// What the parameters say cannot become a script even if it got past the escaping.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.WriteHeader(code)
	_ = callbackPage.Execute(w, text) // if not, the browser is gone
}

var callbackPage = template.Must(template.New("callback").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>MCP Hub</title>
<style>body { font-family: system-ui, sans-serif; text-align: center; margin: 4rem auto; max-width: 40rem }</style>
</head>
<body>
<h1>MCP Hub</h1>
<p>The authorization failed.</p>
<p>{{.}}</p>
<p>You can close this window.</p>
</body>
</html>
`))
