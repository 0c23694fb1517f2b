// Package devserver is what `emu dev` runs: it finds and builds the Go program
// behind a configuration, listens, keeps the front door of a world, writes the
// log and ends.
//
// Source: https://developers.cloudflare.com/workers/wrangler/commands/#dev
package devserver

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
)

// Options say what a server serves and where.
type Options struct {
	// World is what is served. The server sets its Observe.
	World emulator.Options
	// IP is the address to listen on: "localhost" (also "") is both loopback
	// addresses, "*" every address, otherwise one address or host name.
	IP string
	// Port is the port to listen on; 0 is any that is free.
	Port int
	// Log is told of everything that happens. It must not be nil.
	Log *Log
}

// Limits on clients. None cuts a request or a response that takes long.
const (
	maxHeadTime = 30 * time.Second // for a request's head to arrive
	maxIdleTime = 2 * time.Minute  // between two requests on a connection
	// maxParting is how long a connection may take, once its world has ended,
	// to get rid of what it has still to write.
	maxParting = 500 * time.Millisecond
)

// Server is a world that listens.
type Server struct {
	world   *emulator.World
	http    *http.Server
	url     string
	addrs   []net.Addr
	serving sync.WaitGroup // the listeners' goroutines
	door    *door
	silent  sync.Map // the connections that have not made a request yet
}

// Start listens, makes the world and serves it. What was applied and found
// questionable is in the log before the ready event is. The address comes
// first, so that a busy port leaves the stored state alone.
func Start(o Options) (*Server, error) {
	listeners, url, err := listen(o.IP, o.Port)
	if err != nil {
		return nil, err
	}
	o.World.Observe = o.Log.Event
	world, err := emulator.New(o.World)
	if err != nil {
		for _, l := range listeners {
			l.Close()
		}
		return nil, err
	}
	s := &Server{world: world, url: url, door: &door{world: world}}
	s.http = &http.Server{
		Handler:                      s.door,
		ReadHeaderTimeout:            maxHeadTime,
		IdleTimeout:                  maxIdleTime,
		ConnState:                    s.connState,
		ErrorLog:                     log.New(complaints{o.Log}, "", 0),
		DisableGeneralOptionsHandler: true,
	}
	for _, step := range world.Applied() {
		o.Log.Say(step)
	}
	o.Log.Diagnostics(world.Warnings())
	for _, l := range listeners {
		s.addrs = append(s.addrs, l.Addr())
		s.serving.Go(func() { s.http.Serve(l) })
	}
	o.Log.Event(emulator.Event{Time: world.Now(), Type: emulator.EventReady, Message: url})
	return s, nil
}

// URL is where the server is to be found, such as http://localhost:8787.
func (s *Server) URL() string { return s.url }

// Addrs are the addresses that it listens on.
func (s *Server) Addrs() []net.Addr { return s.addrs }

// Close stops listening, ends the world and lets go of every connection. It
// returns when all of the server's goroutines have ended, or else with the
// world's error about those that do not.
func (s *Server) Close() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var closing sync.WaitGroup
	closing.Go(func() { s.http.Shutdown(ctx) }) // closes the listeners, then waits
	failed := s.world.Close()
	s.silent.Range(func(conn, _ any) bool {
		conn.(net.Conn).Close() // or else Shutdown would give it time
		return true
	})
	parting := time.AfterFunc(maxParting, cancel)
	closing.Wait()
	parting.Stop()
	err := s.http.Close()
	s.serving.Wait()
	if failed == nil {
		s.door.inside.Wait()
	}
	return errors.Join(failed, err)
}

// connState notes which connections have not made a request.
func (s *Server) connState(conn net.Conn, state http.ConnState) {
	if state == http.StateNew {
		s.silent.Store(conn, nil)
	} else {
		s.silent.Delete(conn)
	}
}

// complaints logs what net/http has to say about itself.
type complaints struct{ log *Log }

func (c complaints) Write(p []byte) (int, error) {
	c.log.Event(emulator.Event{Time: time.Now(), Type: emulator.EventError, Message: strings.TrimSpace(string(p))})
	return len(p), nil
}
