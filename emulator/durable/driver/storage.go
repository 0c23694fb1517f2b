package driver

import "context"

// Storage is an object's private storage. No call but BeginTransaction, and Sync,
// waits. The asynchronous key-value calls of JavaScript are methods
// of Storage itself, the synchronous ones of [KV].
type Storage interface {
	Get(keys []string) ([]Entry, error)
	Put(entries []Entry) error
	Delete(keys []string) (existed int, err error)
	List(o ListOptions) ([]Entry, error)
	KV() KV
	SQL() SQL
	TransactionSync(f func() error, at Place) error
	// BeginTransaction is transaction(): it keeps other events out until its end.
	BeginTransaction(ctx context.Context, at Place) (Transaction, error)
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

// Transaction is one of storage.transaction(). Transactions nest: the inner one ends first.
// One that is asked for beside another, not inside it, waits in workerd until that has ended:
// a front end that can ask so begins them one after the other. The same goes for
// blockConcurrencyWhile(), and for one beside the other.
type Transaction interface {
	// Rollback undoes what was written in it so far.
	Rollback() error
	// End, which is called with the turn, keeps what was written. If what the transaction
	// was for has failed, it undoes that and returns the error it was given.
	End(failed error) error
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
