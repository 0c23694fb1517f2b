package migrations

import "slices"

// Plan compares the configuration with the ledger. It changes nothing.
func (l *Ledger) Plan(facts Facts) *Plan {
	f := &fold{
		facts: &facts,
		rec:   l.rec.Clone(),
		dir:   l.dir,
		known: slices.Clone(l.rec.Aside),
		adopt: l.rec.Empty(),
	}
	if !f.checkClasses() {
		return &Plan{Errors: f.errs, ledger: l, revision: l.revision}
	}
	f.checkName()
	live := f
	switch {
	case len(facts.Config.Exports) > 0:
		f.reconcile()
	case f.checkTags():
		f.retag()
		said := len(f.warns)
		if !f.align() {
			break
		}
		if live = f.anew(f.warns[:said:said]); live == nil {
			live = f.diverge()
			break
		}
		f = live
	}
	live.checkBindings()
	p := &Plan{
		Steps:    live.shown(),
		Errors:   live.errs,
		Warnings: live.warns,
		Classes:  live.classes(),
		ledger:   l,
		revision: l.revision,
		next:     f.rec,
		moves:    live.moves,
	}
	if facts.Purge {
		p.purge(live)
	}
	p.repair(f)
	return p
}
