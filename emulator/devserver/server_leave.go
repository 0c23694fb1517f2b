package devserver

import (
	"context"
	"errors"
	"time"
)

const (
	// MaxLeaving is how long handlers may take to end when another program follows.
	MaxLeaving = time.Second
	// lingering is how long connections without a request stay open: a request may be on its way.
	lingering = time.Second
)

// errCutOff is the error of a handler that did not end for the next program.
var errCutOff = errors.New("a handler did not end for the new program, and was cut off")

// Leave ends the world for a program that follows at the same address. The server accepts no
// more connections and drops its sockets. Requests without an answer get one from the next
// program, or a 503 if they cannot be repeated. When Leave returns, the stored state is free. The
// caller calls [Server.Linger] then, or after an error ends the process.
func (s *Server) Leave() error {
	s.leaving.Store(true)
	for _, l := range s.listeners {
		l.Close()
	}
	s.serving.Wait()
	s.door.passing.leave()
	closed := make(chan error, 1)
	go func() { closed <- s.world.Stop() }()
	select {
	case err := <-closed:
		return err
	case <-time.After(MaxLeaving):
	}
	s.door.passing.cancel() // requests without an answer get a 503
	s.door.passing.passedOn.Wait()
	return errCutOff
}

// Linger returns when the requests that were passed on have their answers, and no client uses this
// server any more.
func (s *Server) Linger() {
	time.Sleep(lingering)
	s.door.passing.passedOn.Wait()
	s.dropSilent()
	// Handlers that still run have answered their requests: they are not waited for.
	ctx, cancel := context.WithTimeout(context.Background(), maxFlush)
	defer cancel()
	s.http.Shutdown(ctx)
	s.door.passing.passedOn.Wait()
	s.http.Close()
}

// Hibernate takes every object out of memory that nothing pins.
func (s *Server) Hibernate() {
	for _, o := range s.world.Objects() {
		o.Hibernate() // pinned objects refuse, which is fine
	}
}
