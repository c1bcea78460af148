// Package sessionbus owns telling whether there is a session bus (D-Bus), before a library is asked to connect to it: without one
// the library would start a bus of its own (dbus-launch), where nobody else is, and which nobody would end. So this looks
// where the library looks.
//
// It must not know what the bus is used for.
package sessionbus
