// Package migrations brings the stored classes of a Worker from the applied migrations to
// those of the configuration.
//
// [Open] reads the [Ledger] of a state folder. [Ledger.Plan] compares it with a configuration
// and changes nothing. [Ledger.Apply] carries out the plan. Wrangler's dev command keeps no
// ledger: it applies the whole list at every start, so a rename loses the data, and an edit
// of an applied step takes effect although production ignores it.
//
// Where is a migration refused? In three places, one after another:
//   - A list of the wrong shape: isMigrations in config/internal/schema/durable.go.
//   - A step that cannot be applied here: [Ledger.Plan], in ledger_plan.go, calls what refuses
//     it. planner.go has the steps that are impossible by themselves, such as the rename of an
//     unknown class. planner_history.go has bad tags, and a list that differs from the applied
//     one. planner_bindings.go has classes that are bound or exported wrongly, and
//     planner_exports.go has the field exports, which replaces migrations.
//   - A step that a deployment alone refuses: [Compare], in deployment.go.
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
	// Tag is the migration that created the class. It is "" if the field exports declares the
	// class, or if a binding is all that names it.
	Tag string
}

// Facts are the inputs of a plan besides the ledger.
type Facts struct {
	Config *config.Config
	// Registered are the classes that the program exports, nil if they are not known.
	Registered []string
	// Strict makes an error of everything that production refuses or ignores. Without it, a
	// list that differs from the applied one brings a warning and is used: a change of branch
	// must not stop a start.
	Strict bool
	// Purge moves the data of deleted classes to the trash folder.
	Purge bool
	// Now is the time to record.
	Now time.Time
}
