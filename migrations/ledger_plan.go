package migrations

import "slices"

// Plan compares a configuration with the ledger. It changes nothing, in memory or on disk.
func (l *Ledger) Plan(facts Facts) *Plan {
	f := &fold{
		facts:  &facts,
		rec:    l.rec.Clone(),
		ledger: l,
		known:  slices.Clone(l.rec.Aside),
		adopt:  l.rec.Empty(),
	}
	if !f.checkClasses() {
		return &Plan{Errors: f.Errors, ledger: l, revision: l.revision}
	}
	f.checkName()
	// live has the classes to serve, f the record to write. They differ for a diverged
	// history, which is served and not recorded.
	live := f
	switch {
	case len(facts.Config.Exports) > 0:
		f.reconcile()
	case f.checkTags():
		f.retag()
		before := len(f.Warnings)
		if !f.align() {
			break
		}
		if live = f.replay(f.Warnings[:before:before]); live == nil {
			live = f.diverge()
			break
		}
		f = live
	}
	live.checkBindings()
	p := &Plan{
		Steps:    live.shown(),
		Errors:   live.Errors,
		Warnings: live.Warnings,
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
