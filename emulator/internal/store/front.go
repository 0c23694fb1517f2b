package store

// Statements in front of the last one of an exec(). workerd steps each of them once
// and keeps it with the last in its cache of statements. The first time one that has
// found a row is left open that way: tables cannot be dropped meanwhile, an INSERT
// ... RETURNING keeps the batch from being committed, and the next exec() of the text
// is refused, which ends it.

import (
	"container/list"

	"github.com/seed-36a2c969/emu/emulator/internal/sqlite"
)

// keptFronts is how many bytes of text workerd's cache keeps.
const keptFronts = 1 << 20

// front is what a text of several statements has left behind.
type front struct {
	text  string
	open  map[int]*sqlite.Stmt // those that have found a row, by their place in the text
	rows  *Rows                // of the last statement, latest
	place *list.Element
}

// fronts keeps them by text, the oldest go first.
type fronts struct {
	byText map[string]*front
	recent list.List
	bytes  int
}

// use returns the front of a text; known is false if it has to be kept when all of
// it has been compiled. One whose rows are still read is not used again.
func (f *fronts) use(text string) (at *front, known bool) {
	at = f.byText[text]
	if at == nil || at.rows.Reading() {
		return &front{text: text, open: map[int]*sqlite.Stmt{}}, false
	}
	f.recent.MoveToFront(at.place)
	return at, true
}

// keep keeps a front that is new, if there is none of its text.
func (f *fronts) keep(at *front) (kept bool) {
	if f.byText[at.text] != nil {
		return false
	}
	if f.byText == nil {
		f.byText = map[string]*front{}
	}
	f.byText[at.text] = at
	at.place = f.recent.PushFront(at)
	f.bytes += len(at.text)
	for f.bytes > keptFronts && f.recent.Len() > 1 {
		old := f.recent.Remove(f.recent.Back()).(*front)
		delete(f.byText, old.text)
		f.bytes -= len(old.text)
		old.close()
	}
	return true
}

// finalizeAll ends all statements. That the texts are known is not forgotten.
func (f *fronts) finalizeAll() {
	for _, at := range f.byText {
		at.close()
	}
}

// busy is how many of the statements that were left open have not come to their end.
func (f *fronts) busy() (n int) {
	for _, at := range f.byText {
		for _, s := range at.open {
			if s.Busy() {
				n++
			}
		}
	}
	return n
}

// free ends the statement that was left open at a place in the text, and reports it.
func (at *front) free(i int) error {
	s := at.open[i]
	if s == nil {
		return nil
	}
	busy := s.Busy()
	s.Finalize()
	delete(at.open, i)
	if busy {
		return refusal(msgOneAtATime)
	}
	return nil
}

func (at *front) close() {
	for _, s := range at.open {
		s.Finalize()
	}
	at.open = nil
}
