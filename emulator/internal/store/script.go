package store

// Texts of several statements. workerd steps each statement but the last one once, and caches all
// of them. At the first exec() of a text, a statement that has found a row stays open. While it is
// open no table can be dropped, and an open INSERT ... RETURNING makes the commit fail. The next
// exec() of the text finds it busy and fails, which ends the statement.

import (
	"container/list"

	"github.com/seed-36a2c969/emu/emulator/internal/sqlite"
)

// maxScripts is the size of workerd's cache in bytes of text.
const maxScripts = 1 << 20

// script is the text of several statements.
type script struct {
	text  string
	open  map[int]*sqlite.Stmt // statements that have found a row, by their index in the text
	rows  *Rows                // the latest rows of the last statement
	place *list.Element
}

// scripts is a cache of them that drops the least recently used first.
type scripts struct {
	byText map[string]*script
	recent list.List
	bytes  int
}

// use returns the script of a text. If the cache has none, or the rows of that one are still read,
// it returns a new one and known is false; the caller then calls keep once the whole text has been
// compiled.
func (c *scripts) use(text string) (sc *script, known bool) {
	sc = c.byText[text]
	if sc == nil || sc.rows.Reading() {
		return &script{text: text, open: map[int]*sqlite.Stmt{}}, false
	}
	c.recent.MoveToFront(sc.place)
	return sc, true
}

// keep adds a new script to the cache, unless that has one of the same text.
func (c *scripts) keep(sc *script) (kept bool) {
	if c.byText[sc.text] != nil {
		return false
	}
	if c.byText == nil {
		c.byText = map[string]*script{}
	}
	c.byText[sc.text] = sc
	sc.place = c.recent.PushFront(sc)
	c.bytes += len(sc.text)
	for c.bytes > maxScripts && c.recent.Len() > 1 {
		old := c.recent.Remove(c.recent.Back()).(*script)
		delete(c.byText, old.text)
		c.bytes -= len(old.text)
		old.close()
	}
	return true
}

// finalizeAll finalizes all statements. As in workerd the texts stay in the cache.
func (c *scripts) finalizeAll() {
	for _, sc := range c.byText {
		sc.close()
	}
}

// busy counts the open statements that have not ended.
func (c *scripts) busy() (n int) {
	for _, sc := range c.byText {
		for _, s := range sc.open {
			if s.Busy() {
				n++
			}
		}
	}
	return n
}

// finish finalizes the statement with index i if it is still open. Its error, if the statement had not
// ended, is that of the exec() that called finish.
func (sc *script) finish(i int) error {
	s := sc.open[i]
	if s == nil {
		return nil
	}
	busy := s.Busy()
	s.Finalize()
	delete(sc.open, i)
	if busy {
		return refusal(msgOneAtATime)
	}
	return nil
}

func (sc *script) close() {
	for _, s := range sc.open {
		s.Finalize()
	}
	sc.open = nil
}
