package devserver

import (
	"context"
	"errors"
	"time"
)

const (
	// MaxLeaving is how long the handlers of a world may take to end when
	// another program is to follow.
	MaxLeaving = time.Second
	// lingering is how long connections without a request are kept for those
	// clients that have one on the way.
	lingering = time.Second
)

// errLeft is the error of a handler that did not end for the next program.
var errLeft = errors.New("a handler did not end for the new program, and was cut off")

// Leave ends the world for a program that follows at the same address: no
// connection is accepted any more, sockets are dropped, and requests without an
// answer get one from the next program or are told of it. When Leave returns
// the stored state is free. Then [Server.Linger] is to be called, or the process
// to end at once if there was an error.
func (s *Server) Leave() error {
	s.left.Store(true)
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
	s.door.passing.cancel() // everyone is told
	s.door.passing.under.Wait()
	return errLeft
}

// Linger returns when the requests that were passed on have their answers and
// the clients have gone to the next program.
func (s *Server) Linger() {
	time.Sleep(lingering)
	s.door.passing.under.Wait()
	s.dropSilent()
	// What does not end is a handler whose request has its answer.
	ctx, cancel := context.WithTimeout(context.Background(), maxParting)
	defer cancel()
	s.http.Shutdown(ctx)
	s.door.passing.under.Wait()
	s.http.Close()
}

// Hibernate takes every object out of memory that nothing pins.
func (s *Server) Hibernate() {
	for _, o := range s.world.Objects() {
		o.Hibernate() // those that are pinned stay, as they would
	}
}
