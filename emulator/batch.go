package emulator

// What is written in a turn is one batch, which is durable before anything that was
// sent after it leaves.
// https://developers.cloudflare.com/durable-objects/reference/in-memory-state/

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

// began is called at the first write of a batch: the frames sent before it may leave
// even if the writes are lost.
func (s *storage) began() {
	s.in.out.Writes()
}

// checkDamage tells once which file an error about damage is about, which the
// exception does not. s.mu is held.
func (s *storage) checkDamage(err error) {
	var e *store.Error
	if s.damaged || !errors.As(err, &e) || e.Code != sqliteCorrupt && e.Code != sqliteNotADB {
		return
	}
	s.damaged = true
	s.in.o.emit(host.Event{Type: host.EventError, Handler: "storage", Message: msgDamaged(s.in.o.ns.files.path(s.in.o.id))})
}

// held reports whether a transaction is open, so that nothing may leave yet.
func (s *storage) held() bool { return s.depth > 0 }

// commit makes the batch durable. An error resets the object.
func (s *storage) commit() *driver.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held() {
		return nil
	}
	err := s.commitBatch()
	if err == nil {
		return nil
	}
	s.checkDamage(err)
	return s.commitError(err)
}

// commitError is what callers see of a batch that could not be committed: what the
// application did itself, and what makes SQLite give up (a disk that is full, say).
// The rest is in the log.
func (s *storage) commitError(err error) *driver.Error {
	var e *store.Error
	switch {
	case errors.As(err, &e) && e.Code == sqliteConstraint:
		return driver.PlainError(msgConstraintsViolated + e.Message)
	case isCritical(err):
		return &driver.Error{Name: "Error", Message: err.Error(), DurableObjectReset: true}
	}
	return s.internalError(fmt.Errorf("commit failed: %w", err))
}

// critical is the error that SQLite has undone the batch for, or nil.
func (s *storage) critical() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db == nil {
		return nil
	}
	return s.db.Critical()
}

// isCritical reports whether an error is one that SQLite undoes the transaction for.
func isCritical(err error) bool {
	var e *store.Error
	return errors.As(err, &e) && slices.Contains(sqliteCritical, e.Code)
}

// commitBatch commits, and tells the scheduler of the alarm. s.mu is held.
func (s *storage) commitBatch() error {
	switch {
	case s.over || s.in.dead.Load() && s.db == nil:
		return nil
	case s.in.dead.Load():
		return s.db.Rollback() // nobody waits for the outcome any more
	case !s.alarmWrites && s.db == nil:
		return nil
	case !s.alarmWrites:
		return s.db.Commit()
	}
	s.alarmWrites = false
	if err := s.open(); err != nil {
		return err
	}
	ns, set, err := s.db.Alarm()
	if err != nil {
		s.db.Rollback()
		return err
	}
	o, autonomous := s.in.o, s.db.Autonomous()
	err = o.ns.alarms.Commit(o.ID(), ns, set, s.db.Commit)
	if err != nil && autonomous { // then it is not the one of the batch
		s.keepAlarm()
	}
	return err
}

// internalError is what callers see of a failure that is not the application's.
func (s *storage) internalError(err error) *driver.Error {
	reference := s.in.host.Chance.Reference()
	s.in.o.emit(host.Event{Type: host.EventError, Handler: "storage", Message: fmt.Sprintf("internal error (reference %s): %v", reference, err)})
	return driver.PlainError(msgInternal(reference))
}

// wrote reports whether the event that has the turn has written something that is
// not committed.
func (s *storage) wrote() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.db != nil && !s.over && s.db.Dirty()
}

// clean reports whether nothing waits for a commit, so that frames may leave at once.
func (s *storage) clean() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.over && !s.held() && s.syncDepth == 0 && !s.alarmWrites && (s.db == nil || !s.db.Dirty())
}

// sqliteCritical are NOMEM, INTERRUPT, IOERR and FULL.
var sqliteCritical = []int{7, 9, 10, 13}

// Result codes of SQLite.
const (
	sqliteCorrupt    = 11
	sqliteConstraint = 19
	sqliteNotADB     = 26
)
