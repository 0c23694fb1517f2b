package migrations

// The field exports: a map of the classes that there should be, without tags. The plan is the
// difference from the classes that there are.
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

// reconcile makes the classes of the record those that exports declares. An entry that
// deletes an unknown class does nothing.
func (p *planner) reconcile() {
	exports := p.facts.Config.Exports
	p.adoptFormer()
	for _, e := range exports {
		if _, ok := p.rec.Classes[e.ClassName]; ok && e.State == stateDeleted {
			p.delete(e.ClassName, "", e.Place)
		}
	}
	for _, e := range exports {
		if _, ok := p.rec.Classes[e.ClassName]; !ok || e.State != stateRenamed {
			continue
		}
		if _, taken := p.rec.Classes[e.RenamedTo]; taken {
			p.fail(e.Place, fmt.Sprintf("declare %s deleted first", e.RenamedTo), msgOccupied, e.ClassName, e.RenamedTo)
			continue
		}
		p.rename(e.ClassName, e.RenamedTo, e.Place)
	}
	for _, e := range exports {
		if isLive(e) {
			p.declare(e)
		}
	}
	p.undeclared()
}

// adoptFormer records the classes that exports renames or deletes, if there is no ledger and
// Wrangler's dev command has stored data of them.
func (p *planner) adoptFormer() {
	if !p.noLedger {
		return
	}
	for _, e := range p.facts.Config.Exports {
		key := p.ledger.worker + "-" + e.ClassName
		if e.State != stateDeleted && e.State != stateRenamed || !p.ledger.Exists(key) {
			continue
		}
		ns := record.Namespace{Storage: SQLite, UniqueKey: key, CreatedAs: e.ClassName}
		for _, to := range p.facts.Config.Exports {
			if to.ClassName == e.RenamedTo {
				ns.Storage = storageOf(to)
			}
		}
		p.rec.Classes[e.ClassName] = ns
	}
}

// declare creates the class of a live entry, if there is none.
func (p *planner) declare(e config.Export) {
	storage := storageOf(e)
	ns, ok := p.rec.Classes[e.ClassName]
	switch {
	case ok && ns.Storage != storage:
		p.problem(diagnostic.Errorf(e.Place, "declare a class of another name", msgStorageChange, e.ClassName, ns.Storage, storage))
	case ok:
	case e.State == stateExpecting:
		p.takeOver(e.ClassName, e.TransferFrom, e.ClassName, storage, "", e.Place)
	default:
		// On a branch from before a rename, the data belongs to the later name of the class.
		// Rename it back.
		if now, ok := p.renamedFrom(e.ClassName); ok {
			p.rename(now, e.ClassName, e.Place)
			return
		}
		p.add(e.ClassName, storage, "", e.Place)
	}
}

// renamedFrom finds the class that was created under a name and has another one now, which
// exports does not declare.
func (p *planner) renamedFrom(created string) (string, bool) {
	for _, name := range slices.Sorted(maps.Keys(p.rec.Classes)) {
		if p.rec.Classes[name].CreatedAs == created && !p.declared(name) {
			return name, true
		}
	}
	return "", false
}

// declared reports whether exports has an entry for a class, whatever its state.
func (p *planner) declared(class string) bool {
	return slices.ContainsFunc(p.facts.Config.Exports, func(e config.Export) bool { return e.ClassName == class })
}

// undeclared reports classes of the record that exports does not declare.
func (p *planner) undeclared() {
	for _, class := range slices.Sorted(maps.Keys(p.rec.Classes)) {
		if !p.declared(class) {
			hint := fmt.Sprintf("add %q: {\"type\": \"durable-object\", \"state\": \"deleted\"} to exports, or declare it", class)
			p.problem(diagnostic.Errorf(diagnostic.Place{File: p.facts.Config.File}, hint, msgUndeclared, class))
		}
	}
}
