package emulator

// The order in which requests arrive. net/http runs a goroutine for each connection, and
// the runtime wakes goroutines whose connections have something in the reverse order and
// on several processors: a request's place is therefore that in which the kernel has it.

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// arrivals are the connections that a world's listeners have accepted.
type arrivals struct {
	w *World

	mu    sync.Mutex
	ready wire.Ready
	conns map[int32]*arriving
	last  int32
	swept uint64 // how often
	over  bool   // the world has ended
}

// arriving is a connection of a listener of the world's. Between two requests it takes a
// place in the order when something arrives.
type arriving struct {
	*net.TCPConn
	a    *arrivals
	id   int32
	from *wire.Inlet

	// guarded by a.mu
	serving  bool    // a request is being served: what arrives is its body
	swept    uint64  // how often there had been a sweep when it was read
	ticket   *ticket // of what has arrived
	read     bool    // the server has read of it, not only looked for it
	detached bool
}

type arrivalKey struct{}

// Listen returns l with connections that keep the order in which their requests arrive.
// The server needs [World.ConnContext].
func (w *World) Listen(l net.Listener) net.Listener {
	if _, tcp := l.(*net.TCPListener); !tcp {
		return l
	}
	return ordered{l, w}
}

// ConnContext is for an http.Server.
func (w *World) ConnContext(ctx context.Context, conn net.Conn) context.Context {
	if c, ok := conn.(*arriving); ok {
		return context.WithValue(ctx, arrivalKey{}, c)
	}
	return ctx
}

type ordered struct {
	net.Listener
	w *World
}

func (l ordered) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn, nil
	}
	return l.w.arrivals.add(tcp), nil
}

func (a *arrivals) add(tcp *net.TCPConn) *arriving {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.conns == nil {
		a.conns = map[int32]*arriving{}
		if !a.over {
			a.ready.Open()
		}
	}
	a.last++
	c := &arriving{TCPConn: tcp, a: a, id: a.last}
	c.from = wire.NewInlet(tcp, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if !c.placed() {
			a.sweep()
		}
	})
	a.conns[c.id] = c
	a.ready.Add(tcp, c.id)
	return c
}

// sweep gives what has arrived its places, in the kernel's order. It is called before
// what has no place yet is read, since the kernel does not tell of what has been read; and
// after it, before the answer, since a connection that was read empty would keep its place
// among those that are ready, in front of others, until something arrives for it again.
// a.mu is held.
func (a *arrivals) sweep() {
	a.swept++
	a.ready.Sweep(func(id int32) {
		if c := a.conns[id]; c != nil {
			c.place()
		}
	})
}

// place: a.mu is held.
func (c *arriving) place() {
	if !c.serving && c.ticket == nil && !c.detached {
		c.ticket, c.read = c.a.w.order.take(), false
	}
}

// leave gives the place back. a.mu is held.
func (c *arriving) leave() {
	if c.ticket != nil {
		c.ticket.close()
		c.ticket = nil
	}
}

// placed reports whether reading it takes no place: it has one, or needs none. a.mu is held.
func (c *arriving) placed() bool { return c.ticket != nil || c.serving || c.detached }

func (c *arriving) Read(p []byte) (int, error) {
	c.a.mu.Lock()
	// Of net/http only who looks in a handler whether the client has gone reads one byte.
	// Else a server that reads on has not got a whole request.
	if len(p) > 1 && c.read {
		c.leave()
	}
	placed := c.placed()
	c.a.mu.Unlock()
	n, err := c.from.Read(p, placed)
	c.a.mu.Lock()
	defer c.a.mu.Unlock()
	c.swept = c.a.swept
	switch {
	case n > 0:
		c.place()
		c.read = c.read || len(p) > 1
	case err != nil && !errors.Is(err, os.ErrDeadlineExceeded): // with which net/http ends its look
		c.leave()
	}
	return n, err
}

func (c *arriving) Close() error {
	c.detach()
	return c.TCPConn.Close()
}

// CloseWrite is called when no request is read any more, also by net/http, which then
// leaves the client half a second in which nothing of what arrives has a place.
func (c *arriving) CloseWrite() error {
	c.detach()
	return c.TCPConn.CloseWrite()
}

// detach takes the connection out of the order, for who takes it over.
func (c *arriving) detach() *net.TCPConn {
	a := c.a
	a.mu.Lock()
	defer a.mu.Unlock()
	if !c.detached {
		c.detached = true
		a.ready.Remove(c.TCPConn)
		delete(a.conns, c.id)
		c.leave()
	}
	return c.TCPConn
}

// close ends the order when the world ends; connections may outlive it.
func (a *arrivals) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
	a.ready.Close()
}

// Aside is for a request that somebody else answers than the world: it and its body
// hold nobody up. What it returns is called when the request has its answer.
func (w *World) Aside(r *http.Request) (end func()) {
	place, end := w.arrived(r)
	place.close()
	return end
}

// arrived is the place of a request in the order. end is called before it has all of its
// answer, with which the client may send the next one.
func (w *World) arrived(r *http.Request) (place *ticket, end func()) {
	c, ok := r.Context().Value(arrivalKey{}).(*arriving)
	if !ok {
		k := w.order.take()
		return k, k.close
	}
	w.arrivals.mu.Lock()
	defer w.arrivals.mu.Unlock()
	c.place()
	k := c.ticket
	c.ticket, c.serving = nil, true
	if k == nil {
		k = w.order.take()
	}
	return k, func() {
		k.close()
		w.arrivals.mu.Lock()
		defer w.arrivals.mu.Unlock()
		if c.serving && c.swept == w.arrivals.swept {
			w.arrivals.sweep()
		}
		c.serving = false
	}
}
