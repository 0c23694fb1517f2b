package migrations

// Declarative exports: a map of the classes that there should be, without tags. The plan
// is the difference to the classes that there are.
//
// Source: https://developers.cloudflare.com/durable-objects/reference/durable-objects-migrations/

import (
	"fmt"
	"maps"
	"slices"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/migrations/internal/record"
)

// The states of an entry of exports.
const (
	stateCreated   = "created"
	stateDeleted   = "deleted"
	stateRenamed   = "renamed"
	stateExpecting = "expecting-transfer"
)

// storageOf is the storage of a live entry.
func storageOf(e config.Export) string {
	if e.Storage == "legacy-kv" {
		return KV
	}
	return SQLite
}

// isLive reports whether an entry declares a class that exists.
func isLive(e config.Export) bool {
	return e.State == stateCreated || e.State == stateExpecting || e.State == ""
}

// reconcile makes the record's classes those that exports declares. An export that deletes a
// class which is gone already does nothing.
func (f *fold) reconcile() {
	exports := f.facts.Config.Exports
	f.adoptFormer()
	for _, e := range exports {
		if _, ok := f.rec.Classes[e.ClassName]; ok && e.State == stateDeleted {
			f.delete(e.ClassName, "", e.Place)
		}
	}
	for _, e := range exports {
		if _, ok := f.rec.Classes[e.ClassName]; !ok || e.State != stateRenamed {
			continue
		}
		if _, taken := f.rec.Classes[e.RenamedTo]; taken {
			f.fail(e.Place, fmt.Sprintf("declare %s deleted first", e.RenamedTo), msgOccupied, e.ClassName, e.RenamedTo)
			continue
		}
		f.rename(e.ClassName, e.RenamedTo, e.Place)
	}
	for _, e := range exports {
		if isLive(e) {
			f.declare(e)
		}
	}
	f.undeclared()
}

// adoptFormer records, if there is no ledger, the classes that exports renames or deletes
// and that have data.
func (f *fold) adoptFormer() {
	if !f.adopt {
		return
	}
	for _, e := range f.facts.Config.Exports {
		key := f.ledger.worker + "-" + e.ClassName
		if e.State != stateDeleted && e.State != stateRenamed || !f.ledger.Exists(key) {
			continue
		}
		ns := record.Namespace{Storage: SQLite, UniqueKey: key, CreatedAs: e.ClassName}
		for _, to := range f.facts.Config.Exports {
			if to.ClassName == e.RenamedTo {
				ns.Storage = storageOf(to)
			}
		}
		f.rec.Classes[e.ClassName] = ns
	}
}

// declare makes the class of a live entry.
func (f *fold) declare(e config.Export) {
	storage := storageOf(e)
	ns, ok := f.rec.Classes[e.ClassName]
	switch {
	case ok && ns.Storage != storage:
		f.problem(diagnostic.Errorf(e.Place, "declare a class of another name", msgStorageChange, e.ClassName, ns.Storage, storage))
	case ok:
	case e.State == stateExpecting:
		f.receive(e.ClassName, e.TransferFrom, e.ClassName, storage, "", e.Place)
	default:
		// On a branch from before a rename, the data of the class belongs to its later
		// name. Rename it back.
		if now, ok := f.renamedFrom(e.ClassName); ok {
			f.rename(now, e.ClassName, e.Place)
			return
		}
		f.add(e.ClassName, storage, "", e.Place)
	}
}

// renamedFrom finds a live class that was created under a name, if exports does not declare
// its present name.
func (f *fold) renamedFrom(created string) (string, bool) {
	for _, name := range slices.Sorted(maps.Keys(f.rec.Classes)) {
		if f.rec.Classes[name].CreatedAs == created && !f.declared(name) {
			return name, true
		}
	}
	return "", false
}

func (f *fold) declared(class string) bool {
	return slices.ContainsFunc(f.facts.Config.Exports, func(e config.Export) bool { return e.ClassName == class })
}

// undeclared reports classes with local state that are not in exports.
func (f *fold) undeclared() {
	for _, class := range slices.Sorted(maps.Keys(f.rec.Classes)) {
		if !f.declared(class) {
			hint := fmt.Sprintf("add %q: {\"type\": \"durable-object\", \"state\": \"deleted\"} to exports, or declare it", class)
			f.problem(diagnostic.Errorf(diagnostic.Place{File: f.facts.Config.File}, hint, msgUndeclared, class))
		}
	}
}
