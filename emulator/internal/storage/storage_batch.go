package storage

// https://developers.cloudflare.com/durable-objects/reference/in-memory-state/

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

// Commit makes the batch durable, unless a transaction is open, whose end does. After an
// error the batch is lost, and the object must be reset.
func (s *Storage) Commit() *driver.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inTransaction() {
		return nil
	}
	err := s.commit()
	if err == nil {
		return nil
	}
	s.checkDamage(err)
	return s.commitError(err)
}

// commit is the one place where a batch is committed; the scheduler of alarms learns from it
// of an alarm that has changed. s.mu is held.
func (s *Storage) commit() error {
	switch gone := s.turn.Gone(); {
	case s.closed || gone && s.db == nil:
		return nil
	case gone:
		return s.db.Rollback() // nobody waits for the outcome any more
	case !s.alarm.changed && s.db == nil:
		return nil
	case !s.alarm.changed:
		return s.db.Commit()
	}
	s.alarm.changed = false
	if err := s.open(); err != nil {
		return err
	}
	at, set, err := s.db.Alarm()
	if err != nil {
		s.db.Rollback()
		return err
	}
	autonomous := s.db.Autonomous()
	err = s.ns.alarms.Commit(s.turn.ID(), at, set, s.db.Commit)
	if err != nil && autonomous {
		s.keepAlarm() // SQLite has undone the batch, and then committed what was set after it
	}
	return err
}

// commitError is what callers see of a batch that could not be committed: what the
// application did itself, and what makes SQLite give up (a disk that is full, say). The rest
// is in the log.
func (s *Storage) commitError(err error) *driver.Error {
	var e *store.Error
	switch {
	case errors.As(err, &e) && e.Code == sqliteConstraint:
		return driver.PlainError(msgConstraintsViolated + e.Message)
	case isCritical(err):
		return &driver.Error{Name: "Error", Message: err.Error(), DurableObjectReset: true}
	}
	return s.internalError(fmt.Errorf("commit failed: %w", err))
}

// internalError is what callers see of a failure that is not the application's.
func (s *Storage) internalError(err error) *driver.Error {
	reference := s.ns.host.Chance.Reference()
	s.turn.Report(fmt.Sprintf("internal error (reference %s): %v", reference, err))
	return driver.PlainError(msgInternal(reference))
}

// checkDamage reports, once, which file an error about damage is about: the exception does
// not say. s.mu is held.
func (s *Storage) checkDamage(err error) {
	var e *store.Error
	if s.damaged || !errors.As(err, &e) || e.Code != sqliteCorrupt && e.Code != sqliteNotADB {
		return
	}
	s.damaged = true
	s.turn.Report(msgDamaged(s.ns.path(s.id)))
}

// Critical is the error that SQLite has undone the batch for by itself, or nil.
func (s *Storage) Critical() error {
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

// wrote reports whether something is written that is not committed.
func (s *Storage) wrote() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.db != nil && !s.closed && s.db.Dirty()
}

// Clean reports whether nothing waits for a commit, so that frames may leave at once.
func (s *Storage) Clean() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.closed && !s.inTransaction() && s.Waitable() == nil && !s.alarm.changed && (s.db == nil || !s.db.Dirty())
}

// sqliteCritical are NOMEM, INTERRUPT, IOERR and FULL.
var sqliteCritical = []int{7, 9, 10, 13}

// Result codes of SQLite.
const (
	sqliteCorrupt    = 11
	sqliteConstraint = 19
	sqliteNotADB     = 26
)
