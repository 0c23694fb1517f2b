package driver

import "context"

// Storage is an object's private storage. No call but Transaction, and Sync,
// lets an event in. The asynchronous key-value calls of JavaScript are methods
// of Storage itself, the synchronous ones of [KV].
type Storage interface {
	Get(keys []string) ([]Entry, error)
	Put(entries []Entry) error
	Delete(keys []string) (existed int, err error)
	List(o ListOptions) ([]Entry, error)
	KV() KV
	SQL() SQL
	TransactionSync(f func() error, at Place) error
	// Transaction keeps other events out until f ends. rollback(), if f
	// calls it, undoes what was written; f's result stands.
	Transaction(ctx context.Context, f func(ctx context.Context, rollback func() error) error, at Place) error
	Sync(ctx context.Context) error
	DeleteAll(ctx context.Context) error
	// SetAlarm takes milliseconds since 1970, as setAlarm() does.
	SetAlarm(ms float64) error
	// Alarm returns ok false if none is set.
	Alarm() (ms float64, ok bool, err error)
	DeleteAlarm() error
	CurrentBookmark() (string, error)
	BookmarkForTime(ms float64) (string, error)
	OnNextSessionRestoreBookmark(bookmark string) (string, error)
}

// KV is storage.kv.
type KV interface {
	// Get returns nil if there is no such key.
	Get(key string) (Value, error)
	Put(key string, v Value) error
	Delete(key string) (existed bool, err error)
	// List returns a live iterator: next returns ok false at the end.
	List(o ListOptions) (next func() (e Entry, ok bool, err error), err error)
}

// SQL is storage.sql.
type SQL interface {
	// Exec runs statements; args (nil, float64, string, []byte) bind the last one's marks.
	Exec(query string, args []any) (Cursor, error)
	DatabaseSize() (int64, error)
}

// Cursor is the rows of a statement.
type Cursor interface {
	ColumnNames() []string
	// Next returns the next row's values: nil, int64, float64, string or
	// []byte, which are the caller's; ok false at the end.
	Next() (row []any, ok bool, err error)
	// End ends it and reports whether there was more to read.
	End() (more bool)
	RowsRead() int64
	RowsWritten() int64
}

// Entry is a key and its value.
type Entry struct {
	Key   string
	Value Value
}

// ListOptions are list()'s; nil is not given.
type ListOptions struct {
	Start, StartAfter, End, Prefix *string
	Reverse                        bool
	Limit                          *int
}
