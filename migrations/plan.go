package migrations

import (
	"maps"
	"slices"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/migrations/folder"
	"github.com/seed-36a2c969/emu/migrations/internal/record"
)

// Plan is what a start with a configuration changes in the stored state. A plan with Errors
// is refused: it cannot be applied.
type Plan struct {
	Steps    []Step
	Errors   []diagnostic.Diagnostic
	Warnings []diagnostic.Diagnostic
	// Classes are the classes after the plan, by name: those in the record, and those that a
	// binding names and no migration creates.
	Classes map[string]Class

	ledger   *Ledger
	revision int
	next     *record.Record
	moves    []move
}

// purge adds the steps that move the data of deleted classes to the trash folder.
func (p *Plan) purge(served *planner) {
	for _, t := range p.next.Tombstones {
		if hasKey(slices.Collect(maps.Values(served.rec.Classes)), t.UniqueKey) || !served.ledger.Exists(t.UniqueKey) {
			continue
		}
		s := served.step(Purge, t.Class, t.Namespace, t.DeletedByTag, diagnostic.Place{})
		s.Folder = folder.TrashPath(p.ledger.dir, t.UniqueKey, served.facts.Now)
		for i := range p.Steps {
			if p.Steps[i].Kind == Delete && p.Steps[i].Key == t.UniqueKey {
				p.Steps[i].purged = true
			}
		}
		p.Steps = append(p.Steps, s)
	}
}

// repair completes a transfer that a crash interrupted, so that both Workers' ledgers still have
// the class.
func (p *Plan) repair(from *planner) {
	for _, ns := range p.next.Namespaces() {
		if ns.TransferredFrom == "" {
			continue
		}
		peer := from.ledger.peer(ns.TransferredFrom)
		if peer == nil {
			continue
		}
		for class, theirs := range peer.rec.Classes {
			if theirs.UniqueKey == ns.UniqueKey && !slices.ContainsFunc(p.moves, func(m move) bool { return m.key == ns.UniqueKey }) {
				p.moves = append(p.moves, move{peer.worker, class, ns.UniqueKey})
			}
		}
	}
}
