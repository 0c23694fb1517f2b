package store

// The key-value table, as workerd's SqliteKv keeps it
// (https://github.com/cloudflare/workerd/blob/main/src/workerd/util/sqlite-kv.c++).

import (
	"fmt"

	"github.com/seed-36a2c969/emu/emulator/internal/sqlite"
)

// tables says which of the runtime's tables are known to exist. A rollback clears it, since it may
// undo their creation.
type tables struct{ kv, metadata bool }

// The texts are workerd's to the space, since sqlite_schema shows them.
const (
	createKV       = "CREATE TABLE IF NOT EXISTS _cf_KV (\n        key TEXT PRIMARY KEY,\n        value BLOB\n      ) WITHOUT ROWID"
	createMetadata = "CREATE TABLE IF NOT EXISTS _cf_METADATA (\n        key INTEGER PRIMARY KEY,\n        value BLOB\n      )"
)

const (
	sqlGet    = "SELECT value FROM _cf_KV WHERE key = ?"
	sqlPut    = "INSERT INTO _cf_KV VALUES(?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
	sqlDelete = "DELETE FROM _cf_KV WHERE key = ?"
)

// exists reports whether one of the runtime's tables exists, whose field of tables is known.
func (db *DB) exists(name string, known *bool) (bool, error) {
	if !db.conn.Connected() {
		return false, ErrClosed
	}
	if db.critical != nil {
		return false, db.critical
	}
	if *known {
		return true, nil
	}
	n, _, err := db.conn.Number("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?", name)
	*known = err == nil && n != 0
	return *known, err
}

// ensure makes one of the runtime's tables if it does not exist, in the implicit transaction.
func (db *DB) ensure(create string, known *bool) error {
	if err := db.begin(); err != nil || *known {
		return err
	}
	if err := db.conn.Exec(create); err != nil {
		return err
	}
	*known = true
	return nil
}

// Entry is a key and its value.
type Entry struct {
	Key   string
	Value []byte
}

// Get returns the value of a key; ok is false if there is none.
func (db *DB) Get(key string) (value []byte, ok bool, err error) {
	if there, err := db.exists("_cf_KV", &db.tables.kv); err != nil || !there {
		return nil, false, err
	}
	err = db.conn.Each(func(row *sqlite.Stmt) { value, ok = row.Blob(0), true }, sqlGet, key)
	return value, ok, err
}

// Put sets the value of a key.
func (db *DB) Put(key string, value []byte) error {
	if err := db.ensure(createKV, &db.tables.kv); err != nil {
		return err
	}
	return db.conn.Exec(sqlPut, key, value)
}

// PutMany sets all values or, on an error, none.
func (db *DB) PutMany(entries []Entry) error {
	if err := db.ensure(createKV, &db.tables.kv); err != nil || len(entries) == 0 {
		return err
	}
	const savepoint = "_cf_put_multiple_savepoint"
	if err := db.Savepoint(savepoint); err != nil {
		return err
	}
	for _, e := range entries {
		if err := db.Put(e.Key, e.Value); err != nil {
			if rerr := db.RollbackTo(savepoint); rerr != nil {
				return rerr
			}
			return err
		}
	}
	return db.Release(savepoint)
}

// Delete removes a key and reports whether it was there.
func (db *DB) Delete(key string) (existed bool, err error) {
	n, err := db.DeleteMany([]string{key})
	return n != 0, err
}

// DeleteMany removes keys and returns how many of them were there.
func (db *DB) DeleteMany(keys []string) (existed int, err error) {
	if len(keys) == 0 {
		return 0, nil
	}
	if err := db.ensure(createKV, &db.tables.kv); err != nil {
		return 0, err
	}
	for _, k := range keys {
		if err := db.conn.Exec(sqlDelete, k); err != nil {
			return existed, err
		}
		existed += int(db.conn.Changes())
	}
	return existed, nil
}

// List calls f for the chosen entries, up to its first error. f must not keep value. Like Iterate,
// it invalidates the iterator before it.
func (db *DB) List(o ListOptions, f func(key string, value []byte) error) error {
	it := db.Iterate(o)
	defer it.Close()
	for {
		if ok, err := it.next(); err != nil || !ok {
			return err
		}
		if err := f(it.stmt.Text(0), it.stmt.View(1)); err != nil {
			return err
		}
	}
}

// Iterate returns an iterator over the chosen entries, which sees what is written ahead of it
// meanwhile. A database has one iterator: the next Iterate invalidates it.
func (db *DB) Iterate(o ListOptions) *Iterator {
	if db.critical != nil {
		return &Iterator{db: db, err: db.critical}
	}
	if start, end, all := o.bounds(); !all && end <= start {
		return &Iterator{db: db} // an empty range invalidates no iterator
	}
	if there, err := db.exists("_cf_KV", &db.tables.kv); err == nil && !there {
		return &Iterator{db: db}
	}
	if db.kvList != nil {
		db.kvList.fail(refusal(msgListInvalidated))
	}
	it := &Iterator{db: db, generation: db.generation}
	if err := it.open(o); err != nil {
		it.fail(err)
	}
	db.kvList = it
	return it
}

// The keys of the metadata table.
const (
	keyAlarm    = int64(1) // when the alarm is due, in ns since 1970, or NULL
	keyBookmark = int64(2) // the latest bookmark given out
)

const (
	sqlGetMetadata = "SELECT value FROM _cf_METADATA WHERE key = ?"
	sqlSetMetadata = "INSERT INTO _cf_METADATA VALUES(?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
)

func (db *DB) metadata(key int64) (n int64, ok bool, err error) {
	if there, err := db.exists("_cf_METADATA", &db.tables.metadata); err != nil || !there {
		return 0, false, err
	}
	return db.conn.Number(sqlGetMetadata, key)
}

func (db *DB) setMetadata(key int64, value any) error {
	if err := db.ensure(createMetadata, &db.tables.metadata); err != nil {
		return err
	}
	return db.conn.Exec(sqlSetMetadata, key, value)
}

// Alarm returns when the alarm is due, in ns since 1970; ok is false if none
// is set.
func (db *DB) Alarm() (ns int64, ok bool, err error) {
	if db.autonomous && db.alarm.known {
		return db.alarm.ns, db.alarm.set, nil // workerd has cached it, and does not know that it was undone
	}
	db.forgotten = false
	ns, ok, err = db.metadata(keyAlarm)
	if err == nil {
		db.alarm = alarm{true, ok, ns}
	}
	return ns, ok, err
}

// StoredAlarm returns the alarm in the table, also where Alarm returns one that was undone.
func (db *DB) StoredAlarm() (ns int64, ok bool, err error) { return db.metadata(keyAlarm) }

// alarm is the alarm that was last read or written. A rollback clears it.
type alarm struct {
	known, set bool
	ns         int64
}

// SetAlarm sets when the alarm is due, in ns since 1970.
func (db *DB) SetAlarm(ns int64) error {
	if now, ok, err := db.Alarm(); err != nil || ok && now == ns {
		return err
	}
	return db.changeAlarm(ns, alarm{true, true, ns})
}

// DeleteAlarm unsets the alarm.
func (db *DB) DeleteAlarm() error {
	forgotten := db.forgotten
	if _, ok, err := db.Alarm(); err != nil || !ok && !forgotten {
		return err
	}
	return db.changeAlarm(nil, alarm{known: true})
}

func (db *DB) changeAlarm(value any, a alarm) error {
	err := db.setMetadata(keyAlarm, value)
	if err == nil {
		db.alarm = a
	}
	return err
}

// Bookmark returns a bookmark that sorts behind all earlier ones, also those from before a restart, as
// getCurrentBookmark does in local development.
func (db *DB) Bookmark() (string, error) {
	n, ok, err := db.metadata(keyBookmark)
	if err != nil {
		return "", err
	}
	if ok {
		n++
	}
	if err := db.setMetadata(keyBookmark, n); err != nil {
		return "", err
	}
	return fmt.Sprintf("%08x-%08x-%08x-%032x", uint32(n>>32), uint32(n), 0, 0), nil
}

// Name returns the object's name if wrangler's local explorer has stored it in the database. emu
// never stores it.
func (db *DB) Name() (name string, ok bool, err error) {
	const table = "__miniflare_do_name"
	n, _, err := db.conn.Number("SELECT count(*) FROM pragma_table_info(?) WHERE name = 'name'", table)
	if err != nil || n == 0 {
		return "", false, err
	}
	err = db.conn.Each(func(row *sqlite.Stmt) { name, ok = row.Value(0).(string) }, "SELECT name FROM "+table+" ORDER BY rowid LIMIT 1")
	return name, ok, err
}
