// Package wire is the server side of WebSockets.
//
// It follows RFC 6455, and workerd where workerd differs. A [Conn] answers pings, and answers a violation of the protocol with a
// Close frame. It never answers a Close frame and never closes the connection by itself: both are its owner's decision.
//
// On Linux a [Poller] reads any number of TCP connections in one goroutine. Elsewhere, and for connections that are not
// plain TCP, each Conn has a goroutine that reads, and one that writes while bytes wait to be written.
package wire
