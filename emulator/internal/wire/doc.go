// Package wire is the server side of WebSockets: the opening handshake, frames, and connections that cost next to nothing
// while they are silent. It follows RFC 6455 where workerd does, and workerd where the two differ.
//
// A [Conn] never answers a Close frame and never closes the connection by itself: its owner does, when and how it wants
// to. What a Conn does by itself is to answer pings, and to answer a violation of the protocol with a Close frame.
//
// On Linux a [Poller] reads any number of TCP connections in one goroutine. Elsewhere, and for connections that are not
// plain TCP, each Conn has a goroutine that reads, and one that writes while something waits to be written.
package wire
