package durable

// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/

import (
	"context"
	"iter"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Storage is the object's private storage. Writes made without waiting in between
// are one atomic batch, and nothing leaves the object (a response, a WebSocket
// message, a call) before the writes made before it are durable.
type Storage struct{ s driver.Storage }

// StorageOf returns the storage behind s. It is for packages that show an object from outside, such
// as emutest; a class has its storage from [State.Storage].
func StorageOf(s driver.Storage) *Storage { return &Storage{s} }

// SQL is ctx.storage.sql. A class migrated with new_classes gets Cloudflare's
// refusal from its methods.
func (s *Storage) SQL() *SQL { return &SQL{s.s.SQL()} }

// KV is ctx.storage.kv, the synchronous key-value calls. A class migrated with
// new_classes gets Cloudflare's refusal from its methods.
func (s *Storage) KV() *KV { return &KV{s.s.KV()} }

// Get decodes key's value into v and reports whether there was one:
// storage.get(key), which is asynchronous in JavaScript and works for every class.
func (s *Storage) Get(ctx context.Context, key string, v any) (found bool, err error) {
	entries, err := s.s.Get([]string{key})
	if err != nil || len(entries) == 0 {
		return false, caught(err)
	}
	return true, decodeValue(entries[0].Value, v)
}

// GetMany is storage.get([keys]): the values of the keys that exist, in
// ascending order of the keys' bytes.
func (s *Storage) GetMany(ctx context.Context, keys ...string) (iter.Seq2[string, Value], error) {
	entries, err := s.s.Get(keys)
	return all(entries), caught(err)
}

// Put is storage.put(key, value).
func (s *Storage) Put(ctx context.Context, key string, v any) error {
	x, err := valueOf(v)
	if err != nil {
		return err
	}
	return caught(s.s.Put([]driver.Entry{{Key: key, Value: x}}))
}

// PutMany is storage.put(entries): all of them or, on an error, none. Values that
// are undefined are left out.
func (s *Storage) PutMany(ctx context.Context, entries map[string]any) error {
	in := make([]driver.Entry, 0, len(entries))
	for k, v := range entries {
		x, err := valueOf(v)
		if err != nil {
			return err
		}
		if x == (driver.Undefined{}) {
			continue
		}
		in = append(in, driver.Entry{Key: k, Value: x})
	}
	return caught(s.s.Put(in))
}

// Delete is storage.delete(key).
func (s *Storage) Delete(ctx context.Context, key string) (existed bool, err error) {
	n, err := s.s.Delete([]string{key})
	return n > 0, caught(err)
}

// DeleteMany is storage.delete([keys]); it returns how many of them existed.
func (s *Storage) DeleteMany(ctx context.Context, keys ...string) (existed int, err error) {
	n, err := s.s.Delete(keys)
	return n, caught(err)
}

// List is storage.list(options): a snapshot, in order of the keys' UTF-8 bytes.
func (s *Storage) List(ctx context.Context, o ListOptions) (iter.Seq2[string, Value], error) {
	entries, err := s.s.List(o.driver())
	return all(entries), caught(err)
}

func all(entries []driver.Entry) iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for _, e := range entries {
			if !yield(e.Key, Value{e.Value}) {
				return
			}
		}
	}
}

// TransactionSync is storage.transactionSync(f): f's writes are rolled back if it
// returns an error or panics. Transactions nest. f must not wait: what lets other
// events in returns an error there.
func (s *Storage) TransactionSync(f func() error) error {
	return caught(s.s.TransactionSync(func() error { return thrown(f()) }, caller()))
}

// Transaction is storage.transaction(f), for an f that waits in between; other
// events of the object stay out until it ends. What was written before it is
// committed first, what f wrote when it has ended. As on Cloudflare, what f sends
// does not wait for that. If f takes more than 30 seconds the object is reset.
func (s *Storage) Transaction(ctx context.Context, f func(ctx context.Context) error) (err error) {
	t, err := s.s.BeginTransaction(ctx, caller())
	if err != nil {
		return caught(err)
	}
	failed := errUnwound
	defer func() { err = caught(t.End(failed)) }()
	failed = thrown(f(ctx))
	return nil
}

// Sync is storage.sync(): it waits until all writes are durable. In TransactionSync
// it is an error.
func (s *Storage) Sync(ctx context.Context) error { return caught(s.s.Sync(ctx)) }

// DeleteAll is storage.deleteAll(): it removes everything and, from
// compatibility date 2026-02-24, the alarm.
func (s *Storage) DeleteAll(ctx context.Context) error { return caught(s.s.DeleteAll(ctx)) }

// SetAlarm is storage.setAlarm(at): it replaces the object's one alarm. A time in
// the past is now; milliseconds count.
func (s *Storage) SetAlarm(ctx context.Context, at time.Time) error {
	return caught(s.s.SetAlarm(float64(at.UnixMilli())))
}

// Alarm is storage.getAlarm(): the zero time if none is set.
func (s *Storage) Alarm(ctx context.Context) (time.Time, error) {
	ms, ok, err := s.s.Alarm()
	if err != nil || !ok {
		return time.Time{}, caught(err)
	}
	return time.UnixMilli(int64(ms)), nil
}

// DeleteAlarm is storage.deleteAlarm().
func (s *Storage) DeleteAlarm(ctx context.Context) error { return caught(s.s.DeleteAlarm()) }

// CurrentBookmark is storage.getCurrentBookmark().
func (s *Storage) CurrentBookmark(ctx context.Context) (string, error) {
	b, err := s.s.CurrentBookmark()
	return b, caught(err)
}

// BookmarkForTime is storage.getBookmarkForTime(): like workerd, the emulator has
// no point-in-time recovery and returns Cloudflare's refusal.
func (s *Storage) BookmarkForTime(ctx context.Context, at time.Time) (string, error) {
	b, err := s.s.BookmarkForTime(float64(at.UnixMilli()))
	return b, caught(err)
}

// OnNextSessionRestoreBookmark is refused as [Storage.BookmarkForTime] is.
func (s *Storage) OnNextSessionRestoreBookmark(ctx context.Context, bookmark string) (string, error) {
	b, err := s.s.OnNextSessionRestoreBookmark(bookmark)
	return b, caught(err)
}

// ListOptions: an empty string is "not given" (Cloudflare's empty End is of no use);
// Limit 0 is no limit. Start is included, StartAfter and End are not; Reverse
// turns only the order.
type ListOptions struct {
	Start, StartAfter, End, Prefix string
	Reverse                        bool
	Limit                          int
}

func (o ListOptions) driver() driver.ListOptions {
	given := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	d := driver.ListOptions{Start: given(o.Start), StartAfter: given(o.StartAfter), End: given(o.End), Prefix: given(o.Prefix), Reverse: o.Reverse}
	if o.Limit != 0 {
		d.Limit = &o.Limit
	}
	return d
}

// KV is the synchronous key-value API. Values are converted as for [Stub.Call],
// so that a class rewritten from JavaScript reads what that wrote.
type KV struct{ kv driver.KV }

// Get is storage.kv.get(key): it decodes key's value into v and reports whether
// there was one.
func (k *KV) Get(key string, v any) (found bool, err error) {
	x, err := k.kv.Get(key)
	if err != nil || x == nil {
		return false, caught(err)
	}
	return true, decodeValue(x, v)
}

// Put is storage.kv.put(key, v), which stores undefined too.
func (k *KV) Put(key string, v any) error {
	x, err := valueOf(v)
	if err != nil {
		return err
	}
	return caught(k.kv.Put(key, x))
}

// Delete is storage.kv.delete(key).
func (k *KV) Delete(key string) (existed bool, err error) {
	existed, err = k.kv.Delete(key)
	return existed, caught(err)
}

// List is storage.kv.list(options). It iterates over live data: it sees later writes
// ahead of it. A new List ends the one before with Cloudflare's error, which the
// sequence panics with.
func (k *KV) List(o ListOptions) (iter.Seq2[string, Value], error) {
	next, err := k.kv.List(o.driver())
	if err != nil {
		return nil, caught(err)
	}
	return func(yield func(string, Value) bool) {
		for {
			e, ok, err := next()
			if err != nil {
				panic(caught(err))
			}
			if !ok || !yield(e.Key, Value{e.Value}) {
				return
			}
		}
	}, nil
}
