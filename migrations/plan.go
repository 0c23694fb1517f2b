package migrations

import (
	"maps"
	"slices"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/migrations/folder"
	"github.com/seed-36a2c969/emu/migrations/internal/record"
)

// Plan is the effect that a configuration would have on a ledger. A plan with Errors
// cannot be applied.
type Plan struct {
	Steps    []Step
	Errors   []diagnostic.Diagnostic
	Warnings []diagnostic.Diagnostic
	// Classes are the classes after the plan by name: the live ones, and those that are
	// bound without a migration.
	Classes map[string]Class

	ledger   *Ledger
	revision int
	next     *record.Record
	moves    []move
}

// purge moves the data of deleted classes to the trash folder.
func (p *Plan) purge(live *fold) {
	for _, t := range p.next.Tombstones {
		if hasKey(slices.Collect(maps.Values(live.rec.Classes)), t.UniqueKey) || !live.ledger.Exists(t.UniqueKey) {
			continue
		}
		s := live.step(Purge, t.Class, t.Namespace, t.DeletedByTag, diagnostic.Place{})
		s.Folder = folder.TrashPath(p.ledger.dir, t.UniqueKey, live.facts.Now)
		for i := range p.Steps {
			if p.Steps[i].Kind == Delete && p.Steps[i].Key == t.UniqueKey {
				p.Steps[i].purged = true
			}
		}
		p.Steps = append(p.Steps, s)
	}
}

// repair completes transfers that a crash interrupted: the class is in both ledgers.
func (p *Plan) repair(f *fold) {
	for _, ns := range p.next.Namespaces() {
		if ns.TransferredFrom == "" {
			continue
		}
		peer := f.ledger.peer(ns.TransferredFrom)
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
