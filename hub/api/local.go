package api

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// onlyLocal lets requests through that are addressed to this machine and do not come from a foreign web page.
func onlyLocal(hosts []string, next http.Handler) http.Handler {
	known := func(host string) bool {
		host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
		if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
			return true
		}
		return strings.EqualFold(host, "localhost") || slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(h, host) })
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// DNS rebinding: a foreign page's own name can be made to point at 127.0.0.1, and then the browser takes the
		// hub for that page's own server. The name still stands in Host.
		if !known(hostOf(r.Host)) {
			refuse(w, &failure{status: http.StatusForbidden, code: "FORBIDDEN_HOST", text: "The hub does not answer under the name " + r.Host + ": use localhost"})
			return
		}
		// Cross-site requests: a foreign page can send requests to localhost. The browser says in Origin who does; "null"
		// is a page that hides it. Programs that are no browsers send none.
		if origin := r.Header.Values("Origin"); len(origin) > 0 {
			u, err := url.Parse(origin[0])
			if len(origin) > 1 || err != nil || u.Scheme != "http" && u.Scheme != "https" || !known(u.Hostname()) {
				refuse(w, &failure{status: http.StatusForbidden, code: "FORBIDDEN_ORIGIN", text: "The hub does not answer web pages from elsewhere"})
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// hostOf returns the name in a Host header, without the port.
func hostOf(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return host
}
