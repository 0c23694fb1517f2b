package store

// The metadata table: what is known of the database beside its content, as
// workerd's SqliteMetadata keeps it.

import (
	"fmt"

	lib "modernc.org/sqlite/lib"
)

// The rows' keys.
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
	return db.optional(sqlGetMetadata, key)
}

func (db *DB) setMetadata(key int64, value any) error {
	if err := db.ensure(createMetadata, &db.tables.metadata); err != nil {
		return err
	}
	return db.exec(sqlSetMetadata, key, value)
}

// Alarm returns when the alarm is due, in ns since 1970; ok is false if none
// is set.
func (db *DB) Alarm() (ns int64, ok bool, err error) {
	if db.autonomous && db.alarm.known {
		return db.alarm.ns, db.alarm.set, nil // what workerd remembers, though it was undone
	}
	db.forgotten = false
	ns, ok, err = db.metadata(keyAlarm)
	if err == nil {
		db.alarm = alarm{true, ok, ns}
	}
	return ns, ok, err
}

// StoredAlarm is Alarm without what is only remembered.
func (db *DB) StoredAlarm() (ns int64, ok bool, err error) { return db.metadata(keyAlarm) }

// alarm is the latest one that was read or written and not undone by a savepoint.
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

// Bookmark returns a bookmark that sorts behind all it returned before, also
// before a restart (getCurrentBookmark in local development).
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

// Name returns the name that wrangler's local explorer has noted down in the
// database; ok is false if it has not. emu never writes it.
func (db *DB) Name() (name string, ok bool, err error) {
	const table = "__miniflare_do_name"
	n, err := db.number("SELECT count(*) FROM pragma_table_info(?) WHERE name = 'name'", table)
	if err != nil || n == 0 {
		return "", false, err
	}
	s, err := db.own("SELECT name FROM " + table + " ORDER BY rowid LIMIT 1")
	if err != nil {
		return "", false, err
	}
	defer s.reset()
	row, err := s.step()
	if err != nil || !row || lib.Xsqlite3_column_type(db.tls, s.c, 0) != lib.SQLITE_TEXT {
		return "", false, err
	}
	return validUTF8(s.text(0)), true, nil
}
