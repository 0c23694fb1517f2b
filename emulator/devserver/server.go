// Package devserver serves a world at an address.
//
// Source: https://developers.cloudflare.com/workers/wrangler/commands/#dev
package devserver

import (
	"context"
	"crypto/tls"
	"errors"
	"log"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
)

// Options say what a server serves and where.
type Options struct {
	// World is what is served. The server sets its Observe.
	World emulator.Options
	// Address is where to listen.
	Address Address
	// Inherited is an address that another process listens on; nil is none.
	Inherited *Inherited
	// TLS makes it https; nil is http.
	TLS *tls.Config
	// Log writes everything that happens. It must not be nil.
	Log *Log
}

// Limits on clients. None cuts a request or a response that takes long.
const (
	maxHeadTime = 15 * time.Second // for a request's head to arrive, as Wrangler
	maxIdleTime = 2 * time.Minute  // between two requests on a connection
	// maxFlush is how long a connection may take to write what is pending when its world has ended.
	maxFlush = 500 * time.Millisecond
	// maxHolding is how long a handler may hold its object before a warning names it: as long as
	// blockConcurrencyWhile may.
	maxHolding = 30 * time.Second
	// manySockets is how many sockets of one object are worth a collection when it hibernates.
	manySockets = 100
)

// Server is a world that listens.
type Server struct {
	world     *emulator.World
	http      *http.Server
	url       string
	listeners []net.Listener
	serving   sync.WaitGroup // the listeners' goroutines
	door      *door
	silent    sync.Map    // the connections that have not made a request yet
	leaving   atomic.Bool // another program follows
}

// Start listens, makes the world and serves it. The migrations that it applies and its warnings
// are in the log before the ready event. It listens first, so that a busy port leaves the stored
// state alone.
func Start(o Options) (*Server, error) {
	listening, err := o.listen()
	if err != nil {
		return nil, err
	}
	s := &Server{listeners: listening.Listeners, url: address(listening.Host, o.TLS != nil)}
	release := time.AfterFunc(time.Hour, debug.FreeOSMemory)
	release.Stop()
	o.World.Observe = func(e emulator.Event) {
		// What many handshakes and waking frames have needed goes back to the system soon after
		// the last of their objects hibernates. The collector would keep it for minutes.
		if e.Type == emulator.EventHibernate && e.Sockets >= manySockets {
			release.Reset(time.Second)
		}
		if !s.leaving.Load() {
			o.Log.Event(e)
		}
	}
	o.World.Hanging = maxHolding
	world, err := emulator.New(o.World)
	if err != nil {
		listening.Close()
		return nil, err
	}
	s.world, s.door = world, &door{world: world}
	if o.Inherited != nil {
		s.door.passing = newPassing(s.listeners[0].Addr(), o.TLS != nil)
	}
	s.http = &http.Server{
		Handler:                      s.door,
		ReadHeaderTimeout:            maxHeadTime,
		IdleTimeout:                  maxIdleTime,
		MaxHeaderBytes:               emulator.MaxHeaderBytes,
		ConnState:                    s.connState,
		ErrorLog:                     log.New(&httpLog{log: o.Log, url: s.url}, "", 0),
		DisableGeneralOptionsHandler: true,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return world.ConnContext(context.WithValue(ctx, connection{}, conn), conn)
		},
	}
	for _, step := range world.Applied() {
		o.Log.Say(step)
	}
	o.Log.Diagnostics(world.Warnings())
	for _, l := range s.listeners {
		if o.TLS != nil {
			l = tls.NewListener(l, o.TLS)
		} else {
			l = world.Listen(l)
		}
		s.serving.Go(func() { s.http.Serve(l) })
	}
	if o.Inherited != nil && o.Inherited.Update {
		o.Log.updated(s.url)
	} else {
		o.Log.Event(emulator.Event{Time: world.Now(), Type: emulator.EventReady, Message: s.url})
	}
	return s, nil
}

// listen takes the listeners that are inherited, or opens them.
func (o *Options) listen() (*Listening, error) {
	if o.Inherited != nil {
		return o.Inherited.listen(o.Address)
	}
	return Listen(o.Address)
}

// address is a URL.
func address(host string, encrypted bool) string {
	if encrypted {
		return "https://" + host
	}
	return "http://" + host
}

// URL is where the server is to be found, such as http://localhost:8787.
func (s *Server) URL() string { return s.url }

// Close stops listening, ends the world and closes every connection. It returns when all of the
// server's goroutines have ended, or with the world's error about those that do not end.
func (s *Server) Close() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var closing sync.WaitGroup
	closing.Go(func() { s.http.Shutdown(ctx) }) // closes the listeners, then waits
	failed := s.world.Close()
	s.dropSilent()
	flush := time.AfterFunc(maxFlush, cancel)
	closing.Wait()
	flush.Stop()
	err := s.http.Close()
	s.serving.Wait()
	if failed == nil {
		s.door.inside.Wait()
	}
	return errors.Join(failed, err)
}

// dropSilent closes the connections that have not made a request. Shutdown would wait for one.
func (s *Server) dropSilent() {
	s.silent.Range(func(conn, _ any) bool {
		conn.(net.Conn).Close()
		return true
	})
}

// connState notes which connections have not made a request.
func (s *Server) connState(conn net.Conn, state http.ConnState) {
	if state == http.StateNew {
		s.silent.Store(conn, nil)
	} else {
		s.silent.Delete(conn)
	}
}
