package emutest

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"

	"github.com/seed-36a2c969/emu/emulator"
)

// network is a world's HTTP server with connections in memory, which work inside a bubble of
// testing/synctest.
type network struct {
	server    *http.Server
	transport *http.Transport
	conns     chan net.Conn
	hold      func(more bool)
	world     *emulator.World
	done      chan struct{}
	once      sync.Once
	served    sync.WaitGroup
}

func serve(w *emulator.World) *network {
	n := &network{conns: make(chan net.Conn), hold: w.Hold, world: w, done: make(chan struct{})}
	n.server = &http.Server{Handler: handling(w), MaxHeaderBytes: emulator.MaxHeaderBytes, ErrorLog: log.New(io.Discard, "", 0), ConnContext: func(ctx context.Context, c net.Conn) context.Context {
		return w.ConnContext(withEnd(ctx, c), c)
	}}
	n.transport = &http.Transport{DialContext: n.dial, DisableCompression: true}
	n.served.Go(func() { n.server.Serve(listener{n}) })
	return n
}

// endKey is the key of the end in a request's context.
type endKey struct{}

func withEnd(ctx context.Context, c net.Conn) context.Context {
	if e, ok := c.(*end); ok {
		return context.WithValue(ctx, endKey{}, e)
	}
	return ctx
}

// handling makes h note at its end of the pipe that a handler runs, which may read the body or not.
func handling(h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if e, ok := r.Context().Value(endKey{}).(*end); ok {
			e.handling(true)
			defer e.handling(false)
		}
		h.ServeHTTP(rw, r)
	})
}

// attended is emulator.Options.Attended.
func attended(ctx context.Context) {
	if e, ok := ctx.Value(endKey{}).(*end); ok {
		e.ReadEnded()
	}
}

func (n *network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := pipe(n.hold)
	select {
	case n.conns <- server:
		return client, nil
	case <-n.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// listen adds a real listener on the loopback interface.
func (n *network) listen() (address string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	n.served.Go(func() { n.server.Serve(n.world.Listen(l)) })
	return l.Addr().String(), nil
}

func (n *network) close() {
	n.transport.CloseIdleConnections()
	n.server.Close()
	n.once.Do(func() { close(n.done) })
	n.served.Wait()
}

// listener accepts the connections in memory.
type listener struct{ n *network }

func (l listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.n.conns:
		return c, nil
	case <-l.n.done:
		return nil, net.ErrClosed
	}
}

func (l listener) Close() error {
	l.n.once.Do(func() { close(l.n.done) })
	return nil
}

func (l listener) Addr() net.Addr { return address{} }

type address struct{}

func (address) Network() string { return "pipe" }
func (address) String() string  { return "emutest" }
