// Package oauth owns signing in to remote servers, as the MCP specification has it (2026-07-28, "Authorization"): it finds
// out where a server wants one to sign in, registers the hub there, makes the address at which a person signs in, takes
// what comes back, keeps the tokens and renews them.
//
// It must not know how requests to servers are made, nor how any of this is shown.
package oauth
