// Package migrations keeps the history of a Worker's Durable Object classes:
// which steps of the configuration's migrations have been applied to the local
// state, which classes are live, and under which key each keeps its data.
//
// [Open] reads the [Ledger] of a state folder, [Ledger.Plan] compares it with a
// configuration without touching anything, and [Ledger.Apply] carries the plan
// out. Wrangler's own dev command keeps no such record: it folds the whole list
// at every start, so a rename loses the data and an edit of an applied step,
// which production ignores, takes effect. [Compare] tells what production would
// refuse.
//
// Source: https://developers.cloudflare.com/durable-objects/reference/durable-object-class-migrations-legacy/
// and https://developers.cloudflare.com/durable-objects/reference/durable-objects-migrations/
package migrations

import (
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/migrations/internal/record"
)

// The storage backends of a class.
const (
	SQLite = record.SQLite
	KV     = record.KV
)

// Class is a Durable Object class and where it keeps its data.
type Class struct {
	Name string
	// Storage is [SQLite] or [KV].
	Storage string
	// UniqueKey names the namespace's folder and seeds its object ids. It is
	// given when the class is created and never changes, so a renamed class
	// keeps its data, ids and alarms.
	UniqueKey string
	// Tag is the migration that created the class; "" for a class that came
	// from exports or that no migration creates.
	Tag string
}

// Facts are what a plan is made of besides the ledger.
type Facts struct {
	// Worker is the Worker's name with the environment's suffix, the one
	// that the ledger was opened with.
	Worker string
	Config *config.Config
	// Registered are the classes that the program exports; nil is unknown.
	Registered []string
	// Strict makes errors of what production refuses or ignores. Otherwise a history that
	// differs from the applied one is warned of and used, so that a change of branch stops
	// nobody.
	Strict bool
	// Purge moves the data of deleted classes to the trash folder.
	Purge bool
	// Now is the time that is recorded.
	Now time.Time
	// Exists reports whether a namespace's folder is on disk, normally
	// [Ledger.Exists]; nil is never.
	Exists func(uniqueKey string) bool
	// Holds reports whether a namespace has an object, normally [Ledger.Holds]; nil is
	// that it exists.
	Holds func(uniqueKey string) bool
	// Peer returns the ledger of another Worker in the same state folder,
	// normally [Ledger.Peer], or nil if it has none; a nil func is none.
	Peer func(worker string) *Ledger
}

func (f *Facts) exists(key string) bool { return f.Exists != nil && f.Exists(key) }

func (f *Facts) holds(key string) bool {
	if f.Holds != nil {
		return f.Holds(key)
	}
	return f.exists(key)
}

func (f *Facts) peer(worker string) *Ledger {
	if f.Peer == nil || worker == f.Worker {
		return nil
	}
	return f.Peer(worker)
}
