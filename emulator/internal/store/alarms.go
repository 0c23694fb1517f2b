package store

// The alarms of a namespace, which outlive the process
// (https://github.com/cloudflare/workerd/blob/main/src/workerd/server/alarm-scheduler.c++).

import (
	"errors"
	"fmt"

	"github.com/seed-36a2c969/emu/emulator/internal/sqlite"
)

const createAlarms = "CREATE TABLE IF NOT EXISTS _cf_ALARM (\n      actor_id TEXT PRIMARY KEY,\n      scheduled_time INTEGER,\n      actor_name TEXT\n    ) WITHOUT ROWID"

// Alarm is one object's alarm.
type Alarm struct {
	ID   string // the object's id in hex
	Time int64  // when it is due, in ns since 1970
	Name string // the object's name, "" if it has none
}

// Alarms is the database of a namespace's alarms (metadata.sqlite). Each
// change is committed when its method returns.
type Alarms struct{ db *DB }

// OpenAlarms opens the database, which it makes if there is none.
func OpenAlarms(o Options) (*Alarms, error) {
	db, err := Open(o)
	if err != nil {
		return nil, err
	}
	a := &Alarms{db}
	if err := a.prepare(); err != nil {
		db.Close()
		return nil, fmt.Errorf("open database %s: %w", o.Path, err)
	}
	return a, nil
}

func (a *Alarms) prepare() error {
	if err := a.db.conn.Exec(createAlarms); err != nil {
		return err
	}
	columns := map[string]bool{}
	err := a.db.conn.Each(func(row *sqlite.Stmt) { columns[row.Text(0)] = true }, "SELECT name FROM pragma_table_info('_cf_ALARM')")
	switch {
	case err != nil:
		return err
	case !columns["actor_id"] || !columns["scheduled_time"]:
		return errors.New("its table _cf_ALARM holds no alarms; move the file away to start afresh")
	case columns["actor_name"]: // files of workerd before 2026 have no names
		return nil
	}
	return a.db.conn.Exec("ALTER TABLE _cf_ALARM ADD COLUMN actor_name TEXT")
}

// All returns the alarms, the earliest first.
func (a *Alarms) All() ([]Alarm, error) {
	var all []Alarm
	err := a.db.conn.Each(func(row *sqlite.Stmt) {
		all = append(all, Alarm{ID: row.Text(0), Time: row.Int(1), Name: row.Text(2)})
	}, "SELECT actor_id, scheduled_time, actor_name FROM _cf_ALARM ORDER BY scheduled_time, actor_id")
	if err != nil {
		return nil, fmt.Errorf("read database %s: %w", a.db.opts.Path, err)
	}
	return all, nil
}

// Set adds an alarm or replaces the one that the object has.
func (a *Alarms) Set(alarm Alarm) error {
	var name any
	if alarm.Name != "" {
		name = alarm.Name
	}
	return a.db.conn.Exec(`INSERT INTO _cf_ALARM VALUES(?, ?, ?) ON CONFLICT DO UPDATE
		SET scheduled_time = excluded.scheduled_time, actor_name = excluded.actor_name`, alarm.ID, alarm.Time, name)
}

// Delete removes an object's alarm, if it has one.
func (a *Alarms) Delete(id string) error {
	return a.db.conn.Exec("DELETE FROM _cf_ALARM WHERE actor_id = ?", id)
}

// Close closes the database.
func (a *Alarms) Close() error { return a.db.Close() }
