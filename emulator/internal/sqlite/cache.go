package sqlite

import "container/list"

// maxCached bounds the statements that a cache keeps compiled, and maxCachedLength the
// length in bytes of a text worth keeping.
const (
	maxCached       = 64
	maxCachedLength = 8 << 10
)

// Cache keeps compiled statements by their text. It lends a statement to one cursor at a
// time: a second cursor over the same text gets its own.
type Cache struct {
	byText map[string]*Stmt
	recent list.List      // of *Stmt, the latest used first
	lent   map[*Stmt]bool // lent statements that byText does not hold
	// expected is the number of arguments of texts whose statements were finalized. workerd keeps
	// those statements, so it counts the arguments before it compiles one of them again.
	expected map[string]int
}

// Take lends the statement of a text, or returns nil if there is none to lend.
func (c *Cache) Take(sql string) *Stmt {
	s := c.byText[sql]
	if s == nil || s.lent {
		return nil
	}
	s.lent = true
	c.recent.MoveToFront(s.place)
	return s
}

// Lend lends a statement that the caller has just compiled.
func (c *Cache) Lend(s *Stmt) {
	if c.lent == nil {
		c.lent = map[*Stmt]bool{}
	}
	c.lent[s] = true
	delete(c.expected, s.sql)
}

// Return takes a lent statement back. It keeps the statement if it can be used again as it is.
func (c *Cache) Return(s *Stmt) {
	s.Reset()
	s.lent = false
	if s.place != nil {
		return
	}
	delete(c.lent, s)
	if c.byText[s.sql] != nil || len(s.sql) > maxCachedLength || s.once || s.recompiles() {
		if !s.once {
			c.note(s)
		}
		s.Finalize()
		return
	}
	if c.byText == nil {
		c.byText = map[string]*Stmt{}
	}
	c.byText[s.sql] = s
	s.place = c.recent.PushFront(s)
	for e := c.recent.Back(); len(c.byText) > maxCached && e != nil; {
		oldest := e.Value.(*Stmt)
		e = e.Prev()
		if !oldest.lent {
			c.Drop(oldest)
		}
	}
}

// Replace finalizes a lent statement and lends in its place another one of the same text.
func (c *Cache) Replace(s, by *Stmt) {
	by.sql, by.once = s.sql, s.once
	if s.place == nil {
		delete(c.lent, s)
		c.Lend(by)
	} else {
		by.lent, by.place = true, s.place
		by.place.Value = by
		c.byText[by.sql] = by
	}
	s.Finalize()
}

// note remembers how many arguments a statement takes that is about to be finalized.
func (c *Cache) note(s *Stmt) {
	if c.expected == nil || len(c.expected) >= maxCached {
		c.expected = map[string]int{}
	}
	if len(s.sql) <= maxCachedLength {
		c.expected[s.sql] = s.params
	}
}

// Expected returns how many arguments a text takes whose statement was finalized.
func (c *Cache) Expected(sql string) (params int, known bool) {
	params, known = c.expected[sql]
	return params, known
}

// Forget finalizes a kept statement that has to be compiled anew.
func (c *Cache) Forget(s *Stmt) {
	c.note(s)
	c.Drop(s)
}

// Drop finalizes a statement of the cache.
func (c *Cache) Drop(s *Stmt) {
	if s.place != nil {
		c.recent.Remove(s.place)
		delete(c.byText, s.sql)
	}
	delete(c.lent, s)
	s.Finalize()
}

// Clear finalizes all statements, lent ones too.
func (c *Cache) Clear() {
	for _, s := range c.byText {
		s.Finalize()
	}
	for s := range c.lent {
		s.Finalize()
	}
	*c = Cache{}
}
