package store

import (
	"container/list"
)

// cachedStatements bounds the statements a database keeps compiled, and
// cachedLength the length in bytes of one worth keeping.
const (
	cachedStatements = 64
	cachedLength     = 8 << 10
)

// stmtCache keeps compiled statements by their text. One that is in use is
// not given out again: a second cursor over the same text gets its own.
type stmtCache struct {
	byText map[string]*stmt
	recent list.List // of *stmt, the latest used first
	// expected is how many arguments those take that are not kept because they have
	// to be compiled anew, as workerd keeps them.
	expected map[string]int
}

// take returns the statement of that text, which is in use from then on, or nil.
func (c *stmtCache) take(sql string) *stmt {
	s := c.byText[sql]
	if s == nil || s.busy {
		return nil
	}
	s.busy = true
	c.recent.MoveToFront(s.place)
	return s
}

// put ends the use of a statement and keeps it, if that is worth it.
func (c *stmtCache) put(s *stmt) {
	s.busy = false
	if s.place != nil {
		return
	}
	if c.byText[s.sql] != nil || len(s.sql) > cachedLength || s.once || s.recompiles() {
		if !s.once {
			c.note(s)
		}
		s.finalize()
		return
	}
	if c.byText == nil {
		c.byText = map[string]*stmt{}
	}
	c.byText[s.sql] = s
	s.place = c.recent.PushFront(s)
	for e := c.recent.Back(); len(c.byText) > cachedStatements && e != nil; {
		old := e.Value.(*stmt)
		e = e.Prev()
		if !old.busy {
			c.drop(old)
		}
	}
}

// note keeps in mind how many arguments a statement takes that is not kept.
func (c *stmtCache) note(s *stmt) {
	if c.expected == nil || len(c.expected) >= cachedStatements {
		c.expected = map[string]int{}
	}
	if len(s.sql) <= cachedLength {
		c.expected[s.sql] = s.params
	}
}

// drop finalizes a statement of the cache.
func (c *stmtCache) drop(s *stmt) {
	c.recent.Remove(s.place)
	delete(c.byText, s.sql)
	s.finalize()
}

func (c *stmtCache) finalizeAll() {
	for _, s := range c.byText {
		s.finalize()
	}
	*c = stmtCache{}
}

// checkOut and checkIn frame a cursor's use of a statement.
func (db *DB) checkOut(s *stmt) {
	if s.place != nil {
		return
	}
	if db.loose == nil {
		db.loose = map[*stmt]bool{}
	}
	db.loose[s] = true
}

func (db *DB) checkIn(s *stmt, c *stmtCache) {
	if s.place == nil {
		delete(db.loose, s)
	}
	s.reset()
	c.put(s)
}

// goneError is what a cursor says whose database was replaced.
func (db *DB) goneError() error {
	if db.c == 0 {
		return ErrClosed
	}
	return refusal(msgDeleted)
}

func (db *DB) finalizeAll() {
	db.cache.finalizeAll()
	db.lists.finalizeAll()
	db.fronts.finalizeAll()
	for _, s := range db.internal {
		s.finalize()
	}
	db.internal = nil
	for s := range db.loose {
		s.finalize()
	}
	db.loose = nil
}
