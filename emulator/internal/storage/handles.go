package storage

import (
	"container/list"
	"errors"
	"sync"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

// maxOpen is how many databases of a world are open at a time, unless more of them have
// something under way.
const maxOpen = 512

// minOpen is how many may be open however few files the process may have.
const minOpen = 8

// maxOpening is how many databases are opened at a time, and how many are closed at the end of
// a world: each waits for the disk.
const maxOpening = 8

// Handles bounds the databases of a world that are open. One that was not used of late and in
// which nothing is under way is closed when there are too many, and opened again at its next
// use. What SQLite keeps for a connection begins anew then: last_insert_rowid() and the like.
// A database in which a PRAGMA was set stays open.
type Handles struct {
	opening chan struct{} // a place for each database that is being opened

	mu   sync.Mutex
	max  int
	list list.List // of *Storage, the longest open first
}

// NewHandles returns the handles of a world.
func NewHandles() *Handles {
	return &Handles{max: maxOpen, opening: make(chan struct{}, maxOpening)}
}

// open opens the database of s, and closes others if there are too many. s.mu is held.
func (h *Handles) open(s *Storage) error {
	// If all of a crowd opened theirs at once, the files would be used up before any of them is
	// in the list to be closed.
	h.opening <- struct{}{}
	defer func() { <-h.opening }()
	if s.turn.Gone() {
		return driver.ErrReset // a world that ends must not open what thousands wait here for
	}
	db, err := s.ns.open(s.id)
	// Each round makes room for one, which another goroutine may take first.
	for range maxOpening {
		if !errors.Is(err, store.ErrNoFiles) {
			break
		}
		h.shrink(s)
		db, err = s.ns.open(s.id)
	}
	if errors.Is(err, store.ErrNoFiles) {
		return errors.New(msgNoFiles(s.ns.path(s.id)))
	}
	if err != nil {
		return err
	}
	s.db = db
	h.mu.Lock()
	defer h.mu.Unlock()
	s.place = h.list.PushBack(s)
	h.trim(s)
	return nil
}

// trim closes databases while there are too many, but not that of s. h.mu is held.
func (h *Handles) trim(s *Storage) {
	e := h.list.Front()
	for range h.list.Len() {
		if h.list.Len() <= h.max {
			return
		}
		next := e.Next()
		if other := e.Value.(*Storage); other != s {
			if other.closeIfIdle() {
				h.list.Remove(e)
			} else {
				h.list.MoveToBack(e)
			}
		}
		e = next
	}
}

// shrink halves how many databases are open, since the process can open no more files.
func (h *Handles) shrink(s *Storage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.max = max(minOpen, h.list.Len()/2)
	h.trim(s) // closes none that was used since the last look, and is that look itself
	h.trim(s)
}

// remove takes a database out that is about to be closed. s.mu is held.
func (h *Handles) remove(s *Storage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list.Remove(s.place)
}

// Close closes the databases of a world that has ended, some at a time.
func (h *Handles) Close() {
	h.mu.Lock()
	open := make([]*Storage, 0, h.list.Len())
	for e := h.list.Front(); e != nil; e = e.Next() {
		open = append(open, e.Value.(*Storage))
	}
	h.mu.Unlock() // each takes itself out
	var closing sync.WaitGroup
	places := make(chan struct{}, maxOpening)
	for _, s := range open {
		places <- struct{}{}
		closing.Go(func() {
			s.Close()
			<-places
		})
	}
	closing.Wait()
}
