package storage

// https://developers.cloudflare.com/durable-objects/reference/in-memory-state/

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

// Commit makes the batch durable. While a transaction is open it does nothing: the end of the
// transaction commits. After an error the batch is lost, and the caller must reset the object.
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

// commit commits the batch. An alarm that has changed goes to the scheduler with it. No other function
// commits. s.mu is held.
func (s *Storage) commit() error {
	switch gone := s.turn.Gone(); {
	case s.closed || gone && s.db == nil:
		return nil
	case gone:
		return s.db.Rollback() // the instance was reset meanwhile, which undoes the batch
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
		s.keepAlarm() // SQLite has undone the batch and committed an alarm that was set after that
	}
	return err
}

// commitError turns the error of a commit into the exception that callers see. They see a violated
// constraint, and an error on which SQLite undoes the batch, such as a full disk. Any other error
// goes to the log.
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

// internalError logs a failure that is not the application's, and returns the exception for callers.
func (s *Storage) internalError(err error) *driver.Error {
	reference := s.ns.host.Chance.Reference()
	s.turn.Report(fmt.Sprintf("internal error (reference %s): %v", reference, err))
	return driver.PlainError(msgInternal(reference))
}

// checkDamage logs once which file is damaged, since the exception does not name it. s.mu is held.
func (s *Storage) checkDamage(err error) {
	var e *store.Error
	if s.damaged || !errors.As(err, &e) || e.Code != sqliteCorrupt && e.Code != sqliteNotADB {
		return
	}
	s.damaged = true
	s.turn.Report(msgDamaged(s.ns.path(s.id)))
}

// Critical returns the error on which SQLite has undone the batch by itself, or nil.
func (s *Storage) Critical() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db == nil {
		return nil
	}
	return s.db.Critical()
}

// isCritical reports whether SQLite undoes the transaction on an error.
func isCritical(err error) bool {
	var e *store.Error
	return errors.As(err, &e) && slices.Contains(sqliteCritical, e.Code)
}

// wrote reports whether the batch has writes.
func (s *Storage) wrote() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.db != nil && !s.closed && s.db.Dirty()
}

// Clean reports whether there is nothing to commit. Then frames may leave at once.
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
