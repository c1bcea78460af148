package api

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
)

// landing is what the page tells on which a person lands after signing in.
type landing struct {
	Server  string // signed in to; empty if that failed
	Problem string
}

// landingScript takes the code out of the address, where the browser would remember it, and closes the window if it is one
// that a program opened.
const landingScript = `history.replaceState(null, "", location.pathname); setTimeout(() => window.close(), 1500)`

var landingPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src " + hashOf(landingStyle) + "; script-src " + hashOf(landingScript)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

const landingStyle = `
:root { color-scheme: light dark }
body { font-family: system-ui, sans-serif; line-height: 1.5; text-align: center; margin: 20vh auto 0; max-width: 36rem; padding: 0 1rem }
h1 { font-size: 1rem; font-weight: 600; opacity: 0.6; margin: 0 }
p.result { font-size: 1.25rem; overflow-wrap: anywhere }
p.why { overflow-wrap: anywhere }
p.hint { opacity: 0.6 }
`

var landingPage = template.Must(template.New("landing").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>MCP Hub</title>
<style>` + landingStyle + `</style>
</head>
<body>
<main>
<h1>MCP Hub</h1>
{{if .Problem -}}
<p class="result">The authorization failed.</p>
<p class="why">{{.Problem}}</p>
<p class="hint">Begin the sign-in again in the program from which you came. You can close this window.</p>
{{- else -}}
<p class="result">You are signed in to {{.Server}}.</p>
<p class="hint">You can close this window.</p>
<script>` + landingScript + `</script>
{{- end}}
</main>
</body>
</html>
`))
