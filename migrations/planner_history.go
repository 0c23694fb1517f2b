package migrations

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/migrations/folder"
	"github.com/seed-36a2c969/emu/migrations/internal/record"
)

// The configuration's list of migrations beside the applied ones: bad tags, and steps that
// were edited, removed, reordered or inserted, are refused by a strict plan.

// problem refuses a strict plan. In any other it is a warning.
func (p *planner) problem(d diagnostic.Diagnostic) {
	if !p.facts.Strict {
		d.Severity = diagnostic.SeverityWarning
	}
	p.Add(d)
}

// checkName warns of a Worker without a name, whose data lies under the name of a folder.
func (p *planner) checkName() {
	cfg := p.facts.Config
	if !cfg.NameGiven && p.ledger.dir != "" {
		p.warn(diagnostic.Place{File: cfg.File}, fmt.Sprintf("add \"name\": %q", p.ledger.worker), msgNoName, fileName(cfg), p.ledger.worker)
	}
}

// checkClasses refuses class names that cannot name a folder: the data of a class lies in one.
func (p *planner) checkClasses() bool {
	cfg := p.facts.Config
	before := len(p.Errors)
	check := func(class string, place diagnostic.Place) {
		if !folder.PlainName(class) {
			p.fail(place, "use a name of letters and digits", msgBadClass, class)
		}
	}
	for _, m := range cfg.Migrations {
		for _, c := range slices.Concat(m.NewClasses, m.NewSQLiteClasses) {
			check(c.Name, c.Place)
		}
		for _, r := range m.RenamedClasses {
			check(r.To, r.Place)
		}
		for _, t := range m.TransferredClasses {
			check(t.To, t.Place)
		}
	}
	for _, e := range cfg.Exports {
		check(e.ClassName, e.Place)
	}
	for _, b := range bound(cfg) {
		check(b.ClassName, b.ClassPlace)
	}
	return len(p.Errors) == before
}

// checkTags refuses tags that are missing or used twice. It reports whether the list can be
// compared with the applied one by its tags.
func (p *planner) checkTags() bool {
	ok := true
	first := map[string]int{}
	for i, m := range p.facts.Config.Migrations {
		if m.Tag == "" {
			p.fail(m.Place, fmt.Sprintf("give it one, such as \"v%d\"", i+1), msgEmptyTag, i)
			ok = false
			continue
		}
		if j, twice := first[m.Tag]; twice {
			p.problem(diagnostic.Errorf(m.Place, "give the later one a new tag", msgDuplicateTag, m.Tag, j, i).With(
				diagnostic.Note{Text: "the first is here", Place: p.facts.Config.Migrations[j].Place}))
			ok = ok && !p.facts.Strict
			continue
		}
		first[m.Tag] = i
	}
	return ok
}

// ordinal identifies a migration by its tag and its number among those of that tag.
type ordinal struct {
	tag string
	n   int
}

// ordinals numbers n migrations, of which tag gives the tags.
func ordinals(n int, tag func(int) string) []ordinal {
	seen := map[string]int{}
	ids := make([]ordinal, n)
	for i := range ids {
		t := tag(i)
		ids[i] = ordinal{t, seen[t]}
		seen[t]++
	}
	return ids
}

// applyNew applies the migrations after the applied ones. If the list differs from the
// applied one, it applies nothing and returns true.
func (p *planner) applyNew() (differs bool) {
	cfg := p.facts.Config
	ids := ordinals(len(cfg.Migrations), func(i int) string { return cfg.Migrations[i].Tag })
	done := ordinals(len(p.rec.Applied), func(i int) string { return p.rec.Applied[i].Tag })

	at := -1 // the index in the configuration of the applied step before this one
	for i, a := range p.rec.Applied {
		// Production compares by the last tag, and so cannot go on from a list without it. An
		// earlier step that is gone does no harm.
		j := slices.Index(ids, done[i])
		switch {
		case j < 0 && i == len(p.rec.Applied)-1:
			differs = true
			p.problem(diagnostic.Errorf(cfg.MigrationsPlace, "put it back, "+resetHint, msgLastRemoved, a.Tag, fileName(cfg)).With(
				diagnostic.Note{Text: "applied: " + a.Step.Text()}))
		case j < 0:
			p.warn(cfg.MigrationsPlace, "put it back", msgRemoved, a.Tag, fileName(cfg))
		default:
			m := cfg.Migrations[j]
			if s := record.StepOf(m); s.Sum() != a.SHA256 {
				differs = true
				p.problem(diagnostic.Errorf(m.Place, "add a new migration instead, "+resetHint, msgEdited, a.Tag).With(
					diagnostic.Note{Text: "applied: " + a.Step.Text()}, diagnostic.Note{Text: "configuration: " + s.Text(), Place: m.Place}))
			}
			if j < at {
				differs = true
				p.problem(diagnostic.Errorf(m.Place, "restore the order, "+resetHint, msgReordered, a.Tag, cfg.Migrations[at].Tag))
			}
			at = max(at, j)
		}
	}
	for j, m := range cfg.Migrations[:at+1] {
		if !slices.Contains(done, ids[j]) {
			differs = true
			p.problem(diagnostic.Errorf(m.Place, "move it to the end, "+resetHint, msgInserted, m.Tag, cfg.Migrations[at].Tag))
		}
	}
	if differs {
		return true
	}
	for j := at + 1; j < len(cfg.Migrations); j++ {
		p.migrate(j, cfg.Migrations[j])
	}
	return false
}

// anew returns a planner that has applied the whole list of the configuration to an empty
// record. Its errors and warnings follow those given.
func (p *planner) anew(found diagnostic.List) *planner {
	empty := &record.Record{Version: p.rec.Version, Worker: p.rec.Worker, Classes: map[string]record.Namespace{}}
	fresh := &planner{facts: p.facts, rec: empty, ledger: p.ledger, known: p.rec.Namespaces(), List: found}
	for i, m := range p.facts.Config.Migrations {
		fresh.migrate(i, m)
	}
	return fresh
}

// unrecorded returns a planner whose classes are served, while the ledger keeps the applied
// list. A class that was created under the same name and tag has the same namespace, so a
// change of branch and back loses nothing.
func (p *planner) unrecorded() *planner {
	if p.facts.Strict {
		return p
	}
	cfg := p.facts.Config
	p.warn(cfg.MigrationsPlace, resetFlag+" to make them the applied ones", msgDiverged, fileName(cfg))
	view := p.anew(p.List)
	view.diverged = true
	for _, class := range slices.Sorted(maps.Keys(view.rec.Classes)) {
		if ns := view.rec.Classes[class]; !hasKey(view.known, ns.UniqueKey) {
			p.rec.Aside = append(p.rec.Aside, ns)
		}
	}
	return view
}

// corrected is for a user who has corrected a typing error in an applied migration: without
// it, every later start would warn of the edit. It returns a planner that has applied the
// whole list to an empty record, with the warnings given. It returns nil if that record lacks
// more than the error had made, which is: a class that has no data and that the program does
// not export, the wrong storage of a class without data, or a step without effect.
func (p *planner) corrected(warns []diagnostic.Diagnostic) *planner {
	if p.facts.Strict || p.facts.Registered == nil {
		return nil
	}
	fresh := p.anew(diagnostic.List{Warnings: warns})
	mistyped := false
	for class, ns := range p.rec.Classes {
		now, ok := fresh.rec.Classes[class]
		switch {
		case ok && now.UniqueKey == ns.UniqueKey && now.Storage == ns.Storage:
		case ok && now.UniqueKey == ns.UniqueKey && !p.ledger.holds(ns.UniqueKey):
			mistyped = true
		case ok || slices.Contains(p.facts.Registered, class):
			return nil
		case p.ledger.holds(ns.UniqueKey) && !hasKey(slices.Collect(maps.Values(fresh.rec.Classes)), ns.UniqueKey):
			return nil
		default:
			mistyped = true
		}
	}
	for _, t := range p.rec.Tombstones {
		if p.ledger.holds(t.UniqueKey) {
			return nil
		}
	}
	mistyped = mistyped || slices.ContainsFunc(p.rec.Applied, func(a record.Applied) bool { return a.SHA256 == record.Step{}.Sum() })
	if !mistyped || len(p.rec.Aside) > 0 || len(fresh.Errors) > 0 {
		return nil
	}
	return fresh
}

// retag gives applied migrations the tags of the configuration, if nothing but the tags
// differs. Without it the classes would get new namespaces, since a namespace is found by the
// tag that created it.
func (p *planner) retag() {
	steps := p.facts.Config.Migrations
	if p.facts.Strict || len(steps) < len(p.rec.Applied) {
		return
	}
	tags := map[string]string{}
	for i, a := range p.rec.Applied {
		is := steps[i]
		if is.Tag == a.Tag && record.StepOf(is).Sum() == a.SHA256 {
			continue
		}
		if record.StepOf(is).Sum() != a.SHA256 || slices.ContainsFunc(steps, func(m config.Migration) bool { return m.Tag == a.Tag }) {
			return
		}
		tags[a.Tag] = is.Tag
	}
	for i, a := range p.rec.Applied {
		if is := steps[i]; is.Tag != a.Tag {
			p.warn(is.Place, "", msgRetagged, is.Tag, a.Tag)
		}
	}
	to := func(tag *string) { *tag = cmp.Or(tags[*tag], *tag) }
	for i := range p.rec.Applied {
		to(&p.rec.Applied[i].Tag)
	}
	to(&p.rec.LastTag)
	for class, ns := range p.rec.Classes {
		to(&ns.CreatedByTag)
		p.rec.Classes[class] = ns
	}
	for i := range p.rec.Tombstones {
		to(&p.rec.Tombstones[i].CreatedByTag)
		to(&p.rec.Tombstones[i].DeletedByTag)
	}
	for i := range p.rec.Aside {
		to(&p.rec.Aside[i].CreatedByTag)
	}
}

// printed are the steps to print. The line of a migration lists the classes that it creates,
// so they have no lines of their own. Of a list that is not recorded only new classes are
// printed.
func (p *planner) printed() []Step {
	return slices.DeleteFunc(slices.Clone(p.steps), func(s Step) bool {
		if p.diverged {
			return s.Kind != Create && s.Kind != Transfer || hasKey(p.known, s.Key)
		}
		return s.Kind == Create && s.Tag != ""
	})
}
