// Package peer owns telling whose process is at the other end of a connection within this machine. It must not know what
// is said on the connection, nor what follows from who it is.
package peer

import "net"

// Identity is whose process is at the other end of a connection.
type Identity int

const (
	// Unknown means that this system does not tell, or that the other end is not on this machine.
	Unknown Identity = iota
	// Own means that it belongs to the user that this process runs as.
	Own
	// Foreign means that it belongs to somebody else, or is gone already: of a process that has ended nobody can tell.
	Foreign
)

// Of returns who is at the other end of a connection: over loopback TCP (on Linux) or a Unix socket (on Linux and macOS).
// It takes microseconds.
func Of(conn net.Conn) Identity {
	switch c := conn.(type) {
	case *net.UnixConn:
		return ofUnix(c)
	case *net.TCPConn:
		here, there := c.LocalAddr().(*net.TCPAddr), c.RemoteAddr().(*net.TCPAddr)
		if here.IP.IsLoopback() && there.IP.IsLoopback() {
			return ofTCP(here, there)
		}
	}
	return Unknown
}
