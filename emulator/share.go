package emulator

import "github.com/seed-36a2c969/emu/emulator/internal/store"

// Events that are queued behind one another share a commit: as long as others
// wait for the turn, what an event that has ended came to is kept back, and it
// leaves when the batch is durable. Nothing leaves before its writes are, and an
// event that aborts takes only its own writes with it.

// maxShared is how many ended events may wait for one commit.
const maxShared = 64

// markName is the savepoint before which a batch has the writes of ended events.
const markName = "_cf_shared_savepoint"

// share keeps back an event that has ended, if it has written or follows one that
// has, and somebody waits for the turn.
func (in *instance) share(e *event) bool {
	if in.dead.Load() || len(in.shared) == maxShared || !in.storage.dirty() {
		return false
	}
	in.mu.Lock()
	waits := in.ready.any(in.blocker)
	in.mu.Unlock()
	if waits {
		in.shared = append(in.shared, e)
	}
	return waits
}

// settleShared lets what was kept back leave.
func (in *instance) settleShared() {
	for i, e := range in.shared {
		e.complete()
		in.unpin(&e.pin)
		in.shared[i] = nil
	}
	in.shared = in.shared[:0]
}

// mark notes what the batch and the sockets hold of ended events, when another
// takes the turn.
func (in *instance) mark() {
	if len(in.shared) == 0 {
		return
	}
	if in.storage.mark() != nil {
		in.flush()
		return
	}
	for _, s := range in.dirty {
		s.marked = len(*s.staged)
	}
}

// keepShared is called before the event that has the turn resets the object: what
// ended before it is committed and leaves, what it did itself is undone.
func (in *instance) keepShared() {
	if len(in.shared) == 0 {
		return
	}
	for _, s := range in.dirty {
		*s.staged = (*s.staged)[:s.marked]
	}
	if in.storage.backToMark() == nil {
		in.flush()
	}
}

// dirty reports whether there is something to commit, and no transaction open.
func (s *storage) dirty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.db != nil && !s.over && !s.held() && s.db.Dirty()
}

// mark sets the savepoint, in place of the one before.
func (s *storage) mark() error {
	return s.use(func(db *store.DB) error {
		if s.marked {
			if err := db.Release(markName); err != nil {
				return err
			}
		}
		s.marked = true
		return db.Savepoint(markName)
	})
}

// backToMark undoes what was written since mark.
func (s *storage) backToMark() error {
	return s.use(func(db *store.DB) error {
		s.marked = false
		return db.RollbackTo(markName)
	})
}
