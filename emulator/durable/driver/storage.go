package driver

import "context"

// Storage is an object's private storage. Only BeginTransaction and Sync wait. Get, Put, Delete and List
// are JavaScript's asynchronous key-value calls; [KV] has the synchronous ones.
type Storage interface {
	Get(keys []string) ([]Entry, error)
	Put(entries []Entry) error
	Delete(keys []string) (existed int, err error)
	List(o ListOptions) ([]Entry, error)
	KV() KV
	SQL() SQL
	TransactionSync(f func() error, at Place) error
	// BeginTransaction is transaction(). Other events wait until the transaction ends.
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

// Transaction is an open storage.transaction(). Transactions nest: the inner one ends first. In
// workerd a transaction() that is called beside an open one, not inside it, waits until that one has
// ended. A front end that allows such calls must begin them one after the other. The same holds for
// blockConcurrencyWhile().
type Transaction interface {
	// Rollback undoes what was written in it so far.
	Rollback() error
	// End must be called with the turn. It keeps the writes if failed is nil. Else it undoes
	// them and returns failed.
	End(failed error) error
}

// KV is storage.kv.
type KV interface {
	// Get returns nil if there is no such key.
	Get(key string) (Value, error)
	Put(key string, v Value) error
	Delete(key string) (existed bool, err error)
	// List returns an iterator that sees later writes. next is not ok at the end.
	List(o ListOptions) (next func() (e Entry, ok bool, err error), err error)
}

// SQL is storage.sql.
type SQL interface {
	// Exec runs statements. args (nil, float64, string, []byte) are the parameters of the last.
	Exec(query string, args []any) (Cursor, error)
	DatabaseSize() (int64, error)
}

// Cursor is the rows of a statement.
type Cursor interface {
	ColumnNames() []string
	// Next returns the values of the next row: nil, int64, float64, string or []byte, which the
	// caller may keep. It is not ok at the end.
	Next() (row []any, ok bool, err error)
	// End ends the cursor and reports whether there were more rows.
	End() (more bool)
	RowsRead() int64
	RowsWritten() int64
}

// Entry is a key and its value.
type Entry struct {
	Key   string
	Value Value
}

// ListOptions are the options of list(). nil is an option that is not given.
type ListOptions struct {
	Start, StartAfter, End, Prefix *string
	Reverse                        bool
	Limit                          *int
}
