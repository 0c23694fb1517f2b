package emulator

// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
	"github.com/seed-36a2c969/emu/emulator/internal/v8"
)

// storage is an object's database as one instance uses it. It is opened at the
// first use. What is written in a turn is one batch; see instance.flush.
type storage struct {
	in *instance

	mu   sync.Mutex // a reset on another goroutine closes db between two calls, not in one
	db   *store.DB
	over bool // the instance is gone

	damaged bool // which has been told

	overdue atomic.Bool              // an event was over its deadline: as in workerd nobody uses it any more
	running atomic.Pointer[store.DB] // db, for who has no lock
	used    atomic.Bool              // since handles looked
	place   *list.Element            // in handles

	// These belong to who has the turn.
	depth      int // of open transactions
	syncDepth  int // of those of transactionSync
	afterReset func()

	// What the batch knows of the alarm.
	alarmWrites bool // the batch may have changed it
	alarmRuns   bool // its handler runs and has not set another: it is hidden from getAlarm()
	alarmLeft   bool // transactionSync rolled back that the handler set another: it shows and never runs
}

func newStorage(in *instance) *storage { return &storage{in: in} }

// use runs f, which user code asks for, with the open database; its error becomes the
// exception.
func (s *storage) use(f func(db *store.DB) error) error {
	s.in.touched()
	if s.overdue.Load() {
		return errOverdue()
	}
	return s.within(f)
}

// within is use for the runtime itself.
func (s *storage) within(f func(db *store.DB) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(); err != nil {
		return err
	}
	err := f(s.db)
	if err == nil {
		return nil
	}
	s.checkDamage(err)
	var internal *store.InternalError
	if errors.As(err, &internal) {
		return s.internalError(err)
	}
	return storageError(err)
}

// open: s.mu is held.
func (s *storage) open() error {
	if s.over {
		return driver.ErrReset
	}
	s.used.Store(true)
	if s.db != nil {
		return nil
	}
	if err := s.in.o.ns.w.handles.open(s); isCritical(err) {
		return s.internalError(err)
	} else if err != nil {
		return err
	}
	s.db.OnBegin(s.began)
	s.running.Store(s.db)
	if o := s.in.o; !s.in.id.HasName && o.host.Events.Observed() && o.noted.Load() == nil {
		if name, ok, err := s.db.Name(); err == nil && ok {
			o.noted.Store(&name)
		}
	}
	return nil
}

// storageError is an error of the database as the exception it throws.
func storageError(err error) error {
	var e *store.Error
	if errors.As(err, &e) {
		return driver.PlainError(e.Message)
	}
	if errors.Is(err, store.ErrClosed) {
		return driver.ErrReset
	}
	return err
}

// discard drops the batch and closes the database: the instance was reset.
func (s *storage) discard() {
	s.interrupt()
	s.close()
}

// close closes the database; what was not committed is lost.
func (s *storage) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	if s.db != nil {
		s.in.o.ns.w.handles.remove(s)
		s.closeDB()
	}
}

// closeDB: s.mu is held.
func (s *storage) closeDB() {
	s.running.Store(nil)
	if err := s.db.Close(); err != nil {
		s.in.o.emit(host.Event{Type: host.EventError, Handler: "storage", Message: err.Error()})
	}
	s.db = nil
}

// interrupt ends a statement that is running. It takes no lock, as a statement
// runs under it.
func (s *storage) interrupt() {
	if db := s.running.Load(); db != nil {
		db.Interrupt()
	}
}

// Get returns the values of the keys that exist, by ascending key.
func (s *storage) Get(keys []string) (entries []driver.Entry, err error) {
	err = s.use(func(db *store.DB) error {
		for _, k := range sortedUnique(keys) {
			data, ok, err := db.Get(k)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			v, err := v8.Decode(data)
			if err != nil {
				return err
			}
			entries = append(entries, driver.Entry{Key: k, Value: v})
		}
		return nil
	})
	return entries, err
}

// Put stores all of the entries or none.
func (s *storage) Put(entries []driver.Entry) error {
	in := make([]store.Entry, len(entries))
	for i, e := range entries {
		if _, undefined := e.Value.(driver.Undefined); undefined || e.Value == nil {
			return driver.TypeError(msgPutUndefined)
		}
		data, err := v8.Encode(e.Value)
		if err != nil {
			return err
		}
		in[i] = store.Entry{Key: e.Key, Value: data}
	}
	return s.use(func(db *store.DB) error {
		if len(in) == 1 {
			return db.Put(in[0].Key, in[0].Value)
		}
		return db.PutMany(in)
	})
}

// Delete returns how many of the keys existed.
func (s *storage) Delete(keys []string) (existed int, err error) {
	err = s.use(func(db *store.DB) (err error) {
		existed, err = db.DeleteMany(keys)
		return err
	})
	return existed, err
}

// List returns a snapshot.
func (s *storage) List(o driver.ListOptions) (entries []driver.Entry, err error) {
	opts, err := listOptions(o)
	if err != nil {
		return nil, err
	}
	err = s.use(func(db *store.DB) error {
		return db.List(opts, func(key string, value []byte) error {
			v, err := v8.Decode(value) // which keeps nothing of it
			entries = append(entries, driver.Entry{Key: key, Value: v})
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// Sync commits what was written so far.
func (s *storage) Sync(ctx context.Context) error {
	e, err := s.in.eventIn(ctx)
	if err != nil {
		return err
	}
	s.in.touched()
	if !e.holds {
		return driver.ErrNoEvent
	}
	if s.syncDepth > 0 {
		return errSyncWaits
	}
	s.in.flush()
	if s.in.dead.Load() {
		return driver.ErrReset
	}
	return nil
}

// DeleteAll empties the database, at once and for good.
func (s *storage) DeleteAll(context.Context) error {
	if s.held() {
		return driver.PlainError(msgDeleteAllInTransaction)
	}
	ns, set, err := s.alarmTime()
	if err != nil {
		return err
	}
	s.in.settleEnded() // the caller waits for the deletion, and answers leave meanwhile
	return s.use(func(db *store.DB) error {
		if err := db.DeleteAll(); err != nil {
			return err
		}
		if !set {
			return nil
		}
		if s.in.host.Flags.DeleteAllDeletesAlarm {
			s.in.o.ns.alarms.Delete(s.in.o.ID())
			return nil
		}
		s.alarmWrites = s.alarmWrites || !s.in.o.ns.alarms.Has(s.in.o.ID(), ns, true)
		return db.SetAlarm(ns)
	})
}

// CurrentBookmark counts up, as workerd's does, and like it commits what was
// written so far, except in transactionSync.
func (s *storage) CurrentBookmark() (b string, err error) {
	err = s.use(func(db *store.DB) (err error) {
		b, err = db.Bookmark()
		return err
	})
	if err != nil {
		return "", err
	}
	s.in.flush()
	if s.in.dead.Load() {
		return "", driver.ErrReset
	}
	return b, nil
}

// BookmarkForTime is refused.
func (s *storage) BookmarkForTime(ms float64) (string, error) {
	if ms >= maxAlarm {
		return "", driver.TypeError(msgAlarmFar)
	}
	return "", driver.PlainError(msgNoPITR)
}

// OnNextSessionRestoreBookmark is refused.
func (s *storage) OnNextSessionRestoreBookmark(string) (string, error) {
	return "", driver.PlainError(msgNoPITR)
}
