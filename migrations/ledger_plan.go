package migrations

import "slices"

// Plan compares a configuration with the ledger. It changes nothing, in memory or on disk.
// Whatever refuses a migration is called from here, in this order.
func (l *Ledger) Plan(facts Facts) *Plan {
	p := &planner{
		facts:    &facts,
		rec:      l.rec.Clone(),
		ledger:   l,
		known:    slices.Clone(l.rec.Aside),
		noLedger: l.rec.Empty(),
	}
	if !p.checkClasses() {
		return &Plan{Errors: p.Errors, ledger: l, revision: l.revision}
	}
	p.checkName()
	// The classes of served are used, the record of p is written. They differ if the
	// configuration has another history than the applied one: it is served and not recorded.
	served := p
	switch {
	case len(facts.Config.Exports) > 0:
		p.reconcile()
	case p.checkTags():
		p.retag()
		before := len(p.Warnings)
		if !p.applyNew() {
			break
		}
		if served = p.corrected(p.Warnings[:before:before]); served == nil {
			served = p.unrecorded()
			break
		}
		p = served
	}
	served.checkDeletedBound()
	served.checkImplicit()
	served.checkExported()
	plan := &Plan{
		Steps:    served.printed(),
		Errors:   served.Errors,
		Warnings: served.Warnings,
		Classes:  served.classes(),
		ledger:   l,
		revision: l.revision,
		next:     p.rec,
		moves:    served.moves,
	}
	if facts.Purge {
		plan.purge(served)
	}
	plan.repair(p)
	return plan
}
