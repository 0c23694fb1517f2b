// Package migrations keeps the history of a Worker's Durable Object classes:
// which steps of the configuration's migrations have been applied to the local
// state, which classes are live, and under which key each keeps its data.
//
// [Open] reads the [Ledger] of a state folder, [Ledger.Plan] compares it with a
// configuration and changes nothing, and [Ledger.Apply] carries out the plan. Wrangler's
// dev command keeps no such record: it applies the whole list at every start, so a rename
// loses the data, and an edit of an applied step takes effect although production ignores
// it. [Compare] returns what production would refuse.
//
// What refuses a step lies beside what carries it out: one that is impossible in fold.go, a
// history that differs from what was applied in fold_history.go, a binding or an export
// without its class in fold_bindings.go and fold_exports.go; what only a deployment refuses
// is in deployment.go.
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
	// UniqueKey is the name of the namespace's folder and the seed of its object ids. It
	// never changes, so a renamed class keeps its data, ids and alarms.
	UniqueKey string
	// Tag is the migration that created the class, "" if exports declares it or if it is
	// only bound.
	Tag string
}

// Facts are the inputs of a plan besides the ledger.
type Facts struct {
	Config *config.Config
	// Registered are the classes that the program exports, nil if they are not known.
	Registered []string
	// Strict makes an error of everything that production refuses or ignores. Without it a
	// history that differs from the applied one is a warning, and is used: a change of
	// branch must not stop a start.
	Strict bool
	// Purge moves the data of deleted classes to the trash folder.
	Purge bool
	// Now is the time to record.
	Now time.Time
}
