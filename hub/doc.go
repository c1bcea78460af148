// Package hub is the composition root of MCP Hub and the life of its process: it builds the parts, wires them, runs them
// until it is told to stop, and stops them in order.
//
// It owns no behaviour of its own beyond that order. It must not know windows, trays or keyrings: those belong to app and
// main, which pass in what they pick.
package hub
