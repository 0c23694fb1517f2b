package store

import (
	"container/list"
	"errors"
)

// cachedStatements bounds the statements a database keeps compiled, and
// cachedLength the length in bytes of one worth keeping.
const (
	cachedStatements = 64
	cachedLength     = 8 << 10
)

// stmtCache keeps user statements that are not in use, the latest used first.
// A statement in use is not here, so a second cursor over the same text gets
// a statement of its own.
type stmtCache struct {
	byText map[string]*list.Element // of *stmt
	recent list.List
}

// take returns the statement of that text and removes it from the cache.
func (c *stmtCache) take(sql string) *stmt {
	e := c.byText[sql]
	if e == nil {
		return nil
	}
	delete(c.byText, sql)
	return c.recent.Remove(e).(*stmt)
}

// put adds a statement, which it finalizes if its text is there already, and
// finalizes the statement that was not used for longest if there are too many.
func (c *stmtCache) put(s *stmt) {
	if c.byText[s.sql] != nil || len(s.sql) > cachedLength {
		s.finalize()
		return
	}
	if c.byText == nil {
		c.byText = map[string]*list.Element{}
	}
	c.byText[s.sql] = c.recent.PushFront(s)
	if c.recent.Len() > cachedStatements {
		c.take(c.recent.Back().Value.(*stmt).sql).finalize()
	}
}

func (c *stmtCache) finalizeAll() {
	for e := c.recent.Front(); e != nil; e = e.Next() {
		e.Value.(*stmt).finalize()
	}
	*c = stmtCache{}
}

// checkOut and checkIn frame a cursor's use of a statement.
func (db *DB) checkOut(s *stmt) {
	if db.cursors == nil {
		db.cursors = map[*stmt]bool{}
	}
	db.cursors[s] = true
}

func (db *DB) checkIn(s *stmt, c *stmtCache) {
	delete(db.cursors, s)
	s.reset()
	c.put(s)
}

// goneError is what a cursor says whose database was replaced.
func (db *DB) goneError() error {
	if db.c == 0 {
		return ErrClosed
	}
	return errors.New(msgDeleted)
}

func (db *DB) finalizeAll() {
	db.cache.finalizeAll()
	db.lists.finalizeAll()
	for _, s := range db.internal {
		s.finalize()
	}
	db.internal = nil
	for s := range db.cursors {
		s.finalize()
	}
	db.cursors = nil
	db.kvList = nil
}
