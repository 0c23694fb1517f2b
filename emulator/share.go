package emulator

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

// Events that are queued behind one another share a commit: as long as others
// wait for the turn, what an event that has ended came to is kept back, and it
// leaves when the batch is durable. Nothing leaves before its writes are, and an
// event that aborts, or whose writes cannot be committed, takes only these with it.

// maxShared is how many ended events may wait for one commit.
const maxShared = 64

// share keeps back an event that has ended, if it has written or follows one that
// has, and somebody waits for the turn.
func (in *instance) share(e *event) bool {
	if in.dead.Load() || len(in.shared) == maxShared || !in.storage.shareable() {
		return false
	}
	waits := in.anyReady()
	if waits {
		in.shared = append(in.shared, e)
	}
	return waits
}

// loseResults leaves the results that are kept back to the reset that follows, which
// fails them: in workerd they have not left either. What was sent to sockets has.
func (in *instance) loseResults() {
	for i, e := range in.shared {
		if e.done == nil {
			in.complete(e)
		}
		in.shared[i] = nil
	}
	in.shared = in.shared[:0]
}

// settleShared lets what was kept back leave.
func (in *instance) settleShared() {
	if len(in.shared) > 0 {
		in.settleEnded() // they ended before
	}
	for i, e := range in.shared {
		in.complete(e)
		in.shared[i] = nil
	}
	in.shared = in.shared[:0]
}

// splitShared commits what ended events have written, before the one that has the
// turn runs a statement that wants its own.
func (in *instance) splitShared() {
	if len(in.shared) > 0 && in.storage.untouched() {
		in.flush()
	}
}

// mark notes what the batch and the sockets hold of ended events, when another
// takes the turn.
func (in *instance) mark() {
	if len(in.shared) == 0 {
		return
	}
	if in.storage.within((*store.DB).Mark) != nil {
		in.flush()
		return
	}
	in.storage.alarmMark = in.storage.alarmFlags
	for _, s := range in.dirty {
		s.marked = s.staged.end()
		s.own = s.marked
	}
}

// backToMark undoes what the event that has the turn has written.
func (s *storage) backToMark() error {
	s.alarmFlags = s.alarmMark
	return s.within((*store.DB).BackToMark)
}

// keepShared is called before the event that has the turn resets the object: what
// ended before it is committed and leaves, what it did itself is undone.
func (in *instance) keepShared() {
	if len(in.shared) == 0 {
		return
	}
	for _, s := range in.dirty {
		s.staged.cut(s.marked)
	}
	if in.storage.backToMark() == nil {
		// The transactions that the event is in have gone with it.
		s := in.storage
		depth, syncDepth := s.depth, s.syncDepth
		s.depth, s.syncDepth = 0, 0
		in.loseResults()
		in.flush()
		s.depth, s.syncDepth = depth, syncDepth
	}
}

// settleBefore is called before the event that has the turn undoes what it has written,
// and goes on: what ended before it is committed and leaves.
func (in *instance) settleBefore() error {
	if len(in.shared) == 0 {
		return nil
	}
	if err := in.storage.backToMark(); err != nil {
		return err
	}
	in.flush()
	if in.dead.Load() {
		return driver.ErrReset
	}
	return nil
}

// shareable reports whether there is something to commit that can be, and no
// transaction open.
func (s *storage) shareable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.db != nil && !s.over && !s.held() && s.db.Dirty() && s.db.Committable()
}

// untouched reports whether the event that has the turn has not written.
func (s *storage) untouched() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.db != nil && !s.over && !s.held() && s.db.Unwritten()
}

// clean reports whether nothing has been written, by ended events neither, that has yet to be committed.
func (s *storage) clean() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.in.shared) == 0 && !s.over && !s.held() && s.syncDepth == 0 && !s.alarmWrites && (s.db == nil || !s.db.Dirty())
}
