package arrival

// The order of requests over the network. net/http runs a goroutine for each connection. When
// several connections have bytes to read, the runtime wakes their goroutines in no useful order, on
// several processors. A request therefore takes its ticket in the order in which its bytes have
// arrived in the kernel.

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
)

// connections are the ones that the listeners of an Order have accepted.
type connections struct {
	mu     sync.Mutex
	ready  ready
	byID   map[int32]*connection
	last   int32  // the latest id
	sweeps uint64 // how many sweeps there have been
	ended  bool
}

// connection takes a ticket when bytes arrive between two requests.
type connection struct {
	*net.TCPConn
	order *Order
	id    int32
	inlet *inlet

	// guarded by connections.mu
	serving  bool    // a request is being served: bytes that arrive are its body
	sweeps   uint64  // connections.sweeps at the latest read that needed no sweep
	ticket   *Ticket // of the request whose bytes have arrived; nil without one
	read     bool    // the server has read a part of that request
	reading  bool    // the server is reading bytes that have no ticket yet
	presumed bool    // a sweep has given the ticket during that read, which may find no bytes
	detached bool
}

type connectionKey struct{}

// Listen returns l with connections that keep the order in which their requests arrive.
// Its server needs [ConnContext].
func (o *Order) Listen(l net.Listener) net.Listener {
	if _, tcp := l.(*net.TCPListener); !tcp {
		return l
	}
	return listener{l, o}
}

// ConnContext is for an http.Server: it leads from a request to its connection.
func ConnContext(ctx context.Context, conn net.Conn) context.Context {
	if c, ok := conn.(*connection); ok {
		return context.WithValue(ctx, connectionKey{}, c)
	}
	return ctx
}

// Detach takes a hijacked connection out of the order. It returns the connection of package net.
func Detach(conn net.Conn) net.Conn {
	if c, ok := conn.(*connection); ok {
		c.detach()
		return c.TCPConn
	}
	return conn
}

type listener struct {
	net.Listener
	order *Order
}

func (l listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn, nil
	}
	return l.order.add(tcp), nil
}

func (o *Order) add(tcp *net.TCPConn) *connection {
	all := &o.conns
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.byID == nil {
		all.byID = map[int32]*connection{}
		if !all.ended {
			all.ready.open()
		}
	}
	all.last++
	c := &connection{TCPConn: tcp, order: o, id: all.last}
	c.inlet = newInlet(tcp, c.receive)
	all.byID[c.id] = c
	all.ready.add(tcp, c.id)
	all.sweep(nil) // the kernel lists a new connection as ready: without the sweep its first request would have that early place
	return c
}

// Sweep gives tickets to the connections at which bytes have arrived. A read and an answer do so themselves.
func (o *Order) Sweep() {
	o.conns.mu.Lock()
	defer o.conns.mu.Unlock()
	o.conns.sweep(nil)
}

// sweep gives tickets to the connections at which bytes have arrived, in the order in which the
// kernel lists them. The reader, which may be nil, has just read bytes without a ticket. mu is held.
func (all *connections) sweep(reader *connection) {
	all.sweeps++
	all.ready.sweep(func(id int32, unread bool) {
		c := all.byID[id]
		switch {
		case c == nil:
		case unread || c == reader:
			c.place()
		case c.reading: // its bytes may be read already, and the kernel lists it only once for them
			c.presumed = c.ticket == nil
			c.place()
		}
	})
}

// receive calls read, which reads one byte or, if the read is long, more. If read finds the first bytes
// of a request the connection gets a ticket, and the ones listed before it get theirs first.
func (c *connection) receive(long bool, read func() (n int)) {
	all := &c.order.conns
	all.mu.Lock()
	// While a handler runs net/http reads one byte, to see whether the client has gone. A longer
	// read says that the server has only a part of a request: that must not hold others up.
	if long && c.read {
		c.unplace()
	}
	placed := c.placed()
	c.reading = !placed
	all.mu.Unlock()
	n := read()
	all.mu.Lock()
	defer all.mu.Unlock()
	switch {
	case n > 0:
		if placed {
			c.sweeps = all.sweeps
		} else {
			all.sweep(c)
		}
		c.place() // if the kernel has not listed it
		c.read = c.read || long
	case c.presumed:
		c.unplace()
	}
	c.reading, c.presumed = false, false
}

// place takes a ticket if the connection is between two requests. connections.mu is held.
func (c *connection) place() {
	if !c.serving && c.ticket == nil && !c.detached {
		c.ticket, c.read = c.order.Take(), false
	}
}

// unplace closes the connection's ticket. connections.mu is held.
func (c *connection) unplace() {
	if c.ticket != nil {
		c.ticket.Close()
		c.ticket = nil
	}
}

// placed reports whether a read needs no ticket: there is one, or a request is being served.
// connections.mu is held.
func (c *connection) placed() bool { return c.ticket != nil || c.serving || c.detached }

func (c *connection) Read(p []byte) (int, error) {
	n, err := c.inlet.read(p)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) { // net/http ends its one-byte read by a deadline
		all := &c.order.conns
		all.mu.Lock()
		defer all.mu.Unlock()
		c.unplace()
	}
	return n, err
}

func (c *connection) Close() error {
	c.detach()
	return c.TCPConn.Close()
}

// CloseWrite takes the connection out of the order: no request is read any more. net/http keeps the
// connection open for half a second after it, and bytes that arrive in that time need no ticket.
func (c *connection) CloseWrite() error {
	c.detach()
	return c.TCPConn.CloseWrite()
}

func (c *connection) detach() {
	all := &c.order.conns
	all.mu.Lock()
	defer all.mu.Unlock()
	if !c.detached {
		c.detached = true
		all.ready.remove(c.TCPConn)
		delete(all.byID, c.id)
		c.unplace()
	}
}

// End closes the epoll set. The connections of the listeners may outlive it.
func (o *Order) End() {
	o.conns.mu.Lock()
	defer o.conns.mu.Unlock()
	o.conns.ended = true
	o.conns.ready.close()
}

// Arrived returns the ticket of a request. The caller calls answered before it sends the last of the
// answer, after which the client may send its next request.
func (o *Order) Arrived(r *http.Request) (place *Ticket, answered func()) {
	c, ok := r.Context().Value(connectionKey{}).(*connection)
	if !ok {
		k := o.Take()
		return k, k.Close
	}
	all := &o.conns
	all.mu.Lock()
	defer all.mu.Unlock()
	c.place()
	k := c.ticket
	c.ticket, c.serving = nil, true
	if k == nil { // detached
		k = o.Take()
	}
	return k, func() {
		k.Close()
		all.mu.Lock()
		defer all.mu.Unlock()
		// More may have arrived, and been read, than the sweep had found that gave the request
		// its place. The kernel then still lists the connection, where it would keep a place
		// for the client's next request in front of others.
		if c.serving && c.sweeps == all.sweeps {
			all.sweep(nil)
		}
		c.serving = false
	}
}

// Aside is Arrived for a request that does not go to the Worker: it holds no other request up.
func (o *Order) Aside(r *http.Request) (answered func()) {
	place, answered := o.Arrived(r)
	place.Close()
	return answered
}
