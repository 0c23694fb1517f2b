package store

// Texts of several statements. workerd steps each statement in front of the last one once
// and keeps it with the last in its cache of statements. One that has found a row stays
// open the first time: tables cannot be dropped meanwhile, an INSERT ... RETURNING keeps
// the batch from being committed, and the next exec() of the text is refused, which ends
// the statement.

import (
	"container/list"

	"github.com/seed-36a2c969/emu/emulator/internal/sqlite"
)

// maxScripts is how many bytes of text workerd's cache keeps.
const maxScripts = 1 << 20

// script is the text of several statements.
type script struct {
	text  string
	open  map[int]*sqlite.Stmt // statements that have found a row, by their place in the text
	rows  *Rows                // the latest ones of the last statement
	place *list.Element
}

// scripts is a cache of them; the text not used for longest goes first.
type scripts struct {
	byText map[string]*script
	recent list.List
	bytes  int
}

// use returns the script of a text. One whose rows are still read is not used again. If
// known is false, the caller keeps the new script once all of it has been compiled.
func (c *scripts) use(text string) (sc *script, known bool) {
	sc = c.byText[text]
	if sc == nil || sc.rows.Reading() {
		return &script{text: text, open: map[int]*sqlite.Stmt{}}, false
	}
	c.recent.MoveToFront(sc.place)
	return sc, true
}

// keep adds a new script, if there is none of its text.
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

// finalizeAll finalizes all statements. The texts stay known, as in workerd.
func (c *scripts) finalizeAll() {
	for _, sc := range c.byText {
		sc.close()
	}
}

// busy is how many of the open statements have not come to their end.
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

// finish finalizes the statement that is still open at a place in the text. The error is
// that of the exec() that came upon it.
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
