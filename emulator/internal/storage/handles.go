package storage

import (
	"container/list"
	"errors"
	"sync"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

// maxOpen is how many databases of a world stay open. More are open only while they are in use.
const maxOpen = 512

// minOpen is the lowest that shrink sets the limit to.
const minOpen = 8

// maxOpening is how many databases are opened at a time, or closed at the end of a world. It is small
// because each of them waits for the disk.
const maxOpening = 8

// Handles bounds the number of open databases of a world. When there are too many it closes those
// that are idle and were not used lately. Their next use opens them again. last_insert_rowid() and
// other state of the connection is lost then; a database in which a PRAGMA was set stays open.
type Handles struct {
	opening chan struct{} // holds an element for each database that is being opened

	mu   sync.Mutex
	max  int
	list list.List // of *Storage, the one that is open for longest first
}

// NewHandles returns the handles of a world.
func NewHandles() *Handles {
	return &Handles{max: maxOpen, opening: make(chan struct{}, maxOpening)}
}

// open opens the database of s, and closes others if there are too many. s.mu is held.
func (h *Handles) open(s *Storage) error {
	// If a thousand objects opened their databases at once, the process would run out of files
	// before the first of them is in the list, from which it can be closed.
	h.opening <- struct{}{}
	defer func() { <-h.opening }()
	if s.turn.Gone() {
		return driver.ErrReset // when a world ends, thousands may wait here: none of them opens a file
	}
	db, err := s.ns.open(s.id)
	// Each round makes room for one database, but another goroutine may open its own first.
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

// trim closes idle databases, but not that of s, while too many are open. h.mu is held.
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

// shrink halves the number of open databases, because the process can open no more files.
func (h *Handles) shrink(s *Storage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.max = max(minOpen, h.list.Len()/2)
	// closeIfIdle spares a database that was used since its last call: only the second pass closes it.
	h.trim(s)
	h.trim(s)
}

// remove forgets a database that is about to be closed. s.mu is held.
func (h *Handles) remove(s *Storage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list.Remove(s.place)
}

// Close closes the databases of a world that has ended, maxOpening at a time.
func (h *Handles) Close() {
	h.mu.Lock()
	open := make([]*Storage, 0, h.list.Len())
	for e := h.list.Front(); e != nil; e = e.Next() {
		open = append(open, e.Value.(*Storage))
	}
	h.mu.Unlock() // Storage.Close calls remove, which locks it
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
