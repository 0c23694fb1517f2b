package emulator

import (
	"container/list"
	"errors"
	"fmt"
	"sync"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

// maxHandles is how many databases of a world are open at a time, unless more of
// them have something under way.
const maxHandles = 512

// minHandles is how many may be open however few files the process may have.
const minHandles = 8

// maxOpening is how many databases are opened at a time, so that those that have
// been opened are known before more are.
const maxOpening = 8

// handles bounds the open databases. One that has nothing under way, and whose
// object has set no PRAGMA, is closed when there are too many, and opened again at its
// next use; last_insert_rowid() and the like then begin anew.
type handles struct {
	opening chan struct{}

	mu   sync.Mutex
	max  int
	list list.List // of *storage, the longest open first
}

func (h *handles) init() { h.max, h.opening = maxHandles, make(chan struct{}, maxOpening) }

// open opens a database and closes others if there are too many. s.mu is held.
func (h *handles) open(s *storage) error {
	h.opening <- struct{}{}
	defer func() { <-h.opening }()
	if s.in.dead.Load() {
		return driver.ErrReset // the world has ended meanwhile: thousands may stand here
	}
	files, id := s.in.o.ns.files, s.in.o.id
	db, err := files.open(id)
	// Each round closes what makes room, and another goroutine may take it first.
	for range maxOpening {
		if !errors.Is(err, store.ErrNoFiles) {
			break
		}
		h.shrink(s)
		db, err = files.open(id)
	}
	if errors.Is(err, store.ErrNoFiles) {
		return fmt.Errorf("cannot open the database %s: %s", files.path(id), msgNoFiles)
	}
	if err != nil {
		return err
	}
	s.db = db
	h.add(s)
	return nil
}

func (h *handles) add(s *storage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.place = h.list.PushBack(s)
	h.trim(s)
}

// trim closes databases while there are too many, but s. h.mu is held.
func (h *handles) trim(s *storage) {
	e := h.list.Front()
	for range h.list.Len() {
		if h.list.Len() <= h.max {
			return
		}
		next := e.Next()
		if other := e.Value.(*storage); other != s {
			if other.lay() {
				h.list.Remove(e)
			} else {
				h.list.MoveToBack(e)
			}
		}
		e = next
	}
}

// shrink halves how many databases are open, since the process can open no more files.
func (h *handles) shrink(s *storage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.max = max(minHandles, h.list.Len()/2)
	h.trim(s) // which only notes those that were used of late
	h.trim(s)
}

// remove forgets a database that is about to be closed. s.mu is held.
func (h *handles) remove(s *storage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list.Remove(s.place)
}

// lay closes the database if nobody has used it since the last time and nothing is
// under way.
func (s *storage) lay() bool {
	if s.used.Swap(false) || !s.mu.TryLock() {
		return false
	}
	defer s.mu.Unlock()
	if !s.db.Idle() {
		return false
	}
	s.closeDB()
	return true
}
