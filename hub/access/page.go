package access

import (
	"html/template"
	"net/http"
	"strings"
	"time"
)

// sessionPath is where browsers begin a session.
const sessionPath = "/session"

// SessionPath returns the path, with its query, at which a code begins a session.
func SessionPath(code string) string { return sessionPath + "?code=" + code }

// serveSession begins a session: with a code in the address (GET), which is good only once, or with the token in a form
// (POST). Then the browser goes to the first page, and nothing secret stands in its address any more.
func (g *Guard) serveSession(w http.ResponseWriter, r *http.Request) {
	cookie, why := "", needsSession
	switch from := sender(r); {
	case From(r.Context()) == foreign: // somebody else may have seen the address in the list of processes
		why = g.needsToken(r, foreign)
	case r.Method == http.MethodGet && r.URL.Query().Has("code") && r.Header.Get("Sec-Purpose") == "" && (from == noPage || navigates(r)):
		var err error
		if cookie, err = g.Keys.redeem(r.Context(), r.URL.Query().Get("code")); err != nil {
			why = g.wrong(r, "Not signed in: "+err.Error())
		}
	case r.Method == http.MethodPost && from == ownPage:
		r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
		if p := g.Keys.token(strings.TrimSpace(r.PostFormValue("token"))); p == nil || p.policy != nil {
			why = g.wrong(r, "Not signed in: this is not the hub's token. mcp-hub token prints it")
			break
		}
		var err error
		if cookie, err = g.Keys.begin(r.Context()); err != nil {
			why = &Refusal{Status: http.StatusInternalServerError, Text: "Not signed in: " + err.Error()}
		}
	}
	if cookie == "" {
		g.door(w, r, why)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: g.cookie, Value: cookie, Path: "/", MaxAge: int(sessionLife / time.Second),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: g.Certificate != nil,
	})
	private(w.Header())
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// wrong slows down who tries codes or tokens.
func (g *Guard) wrong(r *http.Request, text string) *Refusal {
	if why := g.pace.wait(r.Context()); why != nil {
		return why
	}
	return &Refusal{Status: http.StatusUnauthorized, Text: text}
}

// private is for pages whose address held a code, and for those that lead there.
func private(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin") // with none at all, the form would come from "null"
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
}

// door answers with a page that tells a person how to get in.
func (g *Guard) door(w http.ResponseWriter, r *http.Request, why *Refusal) {
	h := w.Header()
	private(h)
	h.Set("Content-Type", "text/html; charset=utf-8")
	// A browser that comes from another site leaves its cookie out, also if it was only sent on from there. When this page
	// asks again, the cookie comes along.
	again := entrance(r) && sender(r) == otherPage
	if again {
		w.WriteHeader(http.StatusOK)
	} else {
		why.advise(w, r)
		w.WriteHeader(why.Status)
	}
	_ = doorPage.Execute(w, struct {
		Text  string
		Again bool
	}{why.Text, again}) // if not, the browser is gone
}

var doorPage = template.Must(template.New("door").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
{{if .Again}}<meta http-equiv="refresh" content="0;url=/">{{end}}
<title>MCP Hub</title>
<style>
:root { color-scheme: light dark }
body { font-family: system-ui, sans-serif; line-height: 1.5; margin: 15vh auto 0; max-width: 36rem; padding: 0 1rem }
h1 { font-size: 1.25rem }
input, button { box-sizing: border-box; display: block; font: inherit; margin-top: 0.5rem; padding: 0.5rem 0.75rem; width: 100% }
</style>
</head>
<body>
<main>
<h1>MCP Hub</h1>
{{if .Again}}<p><a href="/">Go on</a></p>{{else}}
<p>{{.Text}}.</p>
<form method="post" action="/session">
<p><label>Or give the token that <code>mcp-hub token</code> prints: <input type="password" name="token" autocomplete="current-password" required></label>
<button>Sign in</button></p>
</form>{{end}}
</main>
</body>
</html>
`))
