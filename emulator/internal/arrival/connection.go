package arrival

// The order of requests over the network. net/http runs a goroutine for each connection,
// and the runtime wakes goroutines whose connections have something in reverse order, on
// several processors: a request's place is therefore that in which the kernel has it.

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
)

// connections are those that an order's listeners have accepted.
type connections struct {
	mu     sync.Mutex
	ready  ready
	byID   map[int32]*connection
	last   int32  // id
	sweeps uint64 // how many there have been
	ended  bool
}

// connection takes a place in the order when something arrives between two requests.
type connection struct {
	*net.TCPConn
	order *Order
	id    int32
	inlet *inlet

	// guarded by connections.mu
	serving  bool    // a request is being served: what arrives is its body
	sweeps   uint64  // how many there had been when the connection was last read without one
	ticket   *Ticket // of what has arrived
	read     bool    // the server has read of it, not only looked for it
	reading  bool    // the server reads what has no place yet, without a wait
	presumed bool    // there is a ticket only because the server is reading
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

// Detach takes a connection out of the order and returns the one below it, which is taken
// over from the server.
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
	all.sweep(nil) // a new connection is among the kernel's ready ones, before its first request is
	return c
}

// Sweep gives what has arrived its places. The connections of the order do so themselves.
func (o *Order) Sweep() {
	o.conns.mu.Lock()
	defer o.conns.mu.Unlock()
	o.conns.sweep(nil)
}

// sweep gives what has arrived its places, in the kernel's order. The reader, which may be
// nil, has just read what had no place. mu is held.
func (all *connections) sweep(reader *connection) {
	all.sweeps++
	all.ready.sweep(func(id int32, unread bool) {
		c := all.byID[id]
		switch {
		case c == nil:
		case unread || c == reader:
			c.place()
		case c.reading: // it may have read already what has arrived, and the kernel names it once
			c.presumed = c.ticket == nil
			c.place()
		}
	})
}

// receive calls read, which reads from the connection without a wait, and gives what was
// read its place if it has none.
func (c *connection) receive(read func() (n int)) {
	all := &c.order.conns
	all.mu.Lock()
	placed := c.placed()
	c.reading = !placed
	all.mu.Unlock()
	n := read()
	all.mu.Lock()
	defer all.mu.Unlock()
	switch {
	case n > 0 && placed:
		c.sweeps = all.sweeps
	case n > 0:
		all.sweep(c)
	case c.presumed:
		c.unplace()
	}
	c.reading, c.presumed = false, false
}

// place takes a place, if the connection is between two requests. connections.mu is held.
func (c *connection) place() {
	if !c.serving && c.ticket == nil && !c.detached {
		c.ticket, c.read = c.order.Take(), false
	}
}

// unplace gives the place back. connections.mu is held.
func (c *connection) unplace() {
	if c.ticket != nil {
		c.ticket.Close()
		c.ticket = nil
	}
}

// placed reports whether a read needs no place: there is one, or a request is being served.
// connections.mu is held.
func (c *connection) placed() bool { return c.ticket != nil || c.serving || c.detached }

func (c *connection) Read(p []byte) (int, error) {
	all := &c.order.conns
	all.mu.Lock()
	// Only net/http's look whether the client has gone, while a handler runs, reads one byte.
	// A server that reads on otherwise has not got a whole request yet: it holds nobody up.
	if len(p) > 1 && c.read {
		c.unplace()
	}
	all.mu.Unlock()
	n, err := c.inlet.read(p)
	all.mu.Lock()
	defer all.mu.Unlock()
	switch {
	case n > 0:
		c.place()
		c.read = c.read || len(p) > 1
	case err != nil && !errors.Is(err, os.ErrDeadlineExceeded): // with which net/http ends its look
		c.unplace()
	}
	return n, err
}

func (c *connection) Close() error {
	c.detach()
	return c.TCPConn.Close()
}

// CloseWrite ends the order of the connection too: no request is read any more. net/http
// leaves the client half a second after it, in which nothing of what arrives has a place.
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

// End ends the order of the listeners' connections, which may outlive their world.
func (o *Order) End() {
	o.conns.mu.Lock()
	defer o.conns.mu.Unlock()
	o.conns.ended = true
	o.conns.ready.close()
}

// Arrived returns the place of a request. answered is called before the request has all of
// its answer, with which the client may send the next one.
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

// Aside is for a request that somebody else answers than the Worker: it and its body hold
// nobody up.
func (o *Order) Aside(r *http.Request) (answered func()) {
	place, answered := o.Arrived(r)
	place.Close()
	return answered
}
