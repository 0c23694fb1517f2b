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

// The configuration's migrations, against the applied ones.

// problem adds an error to a strict plan, a warning to any other.
func (f *fold) problem(d diagnostic.Diagnostic) {
	if !f.facts.Strict {
		d.Severity = diagnostic.SeverityWarning
	}
	f.Add(d)
}

func (f *fold) checkName() {
	cfg := f.facts.Config
	if !cfg.NameGiven && f.ledger.dir != "" {
		f.warn(diagnostic.Place{File: cfg.File}, fmt.Sprintf("add \"name\": %q", f.ledger.worker), msgNoName, fileName(cfg), f.ledger.worker)
	}
}

// checkClasses refuses class names that are no names of folders: a unique key is one.
func (f *fold) checkClasses() bool {
	cfg := f.facts.Config
	before := len(f.Errors)
	check := func(class string, place diagnostic.Place) {
		if !folder.PlainName(class) {
			f.fail(place, "use a name of letters and digits", msgBadClass, class)
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
	return len(f.Errors) == before
}

// checkTags reports tags that are missing or used twice. It returns whether the history
// can be compared by its tags.
func (f *fold) checkTags() bool {
	ok := true
	first := map[string]int{}
	for i, m := range f.facts.Config.Migrations {
		if m.Tag == "" {
			f.fail(m.Place, fmt.Sprintf("give it one, such as \"v%d\"", i+1), msgEmptyTag, i)
			ok = false
			continue
		}
		if j, twice := first[m.Tag]; twice {
			f.problem(diagnostic.Errorf(m.Place, "give the later one a new tag", msgDuplicateTag, m.Tag, j, i).With(
				diagnostic.Note{Text: "the first is here", Place: f.facts.Config.Migrations[j].Place}))
			ok = ok && !f.facts.Strict
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

// align applies the migrations after the applied ones. If the configuration's history
// differs from the applied one, it applies nothing and returns true.
func (f *fold) align() (differs bool) {
	cfg := f.facts.Config
	ids := ordinals(len(cfg.Migrations), func(i int) string { return cfg.Migrations[i].Tag })
	done := ordinals(len(f.rec.Applied), func(i int) string { return f.rec.Applied[i].Tag })

	at := -1 // the index in the configuration of the applied step before this one
	for i, a := range f.rec.Applied {
		// The last tag is the one that a deployment is compared by, so its loss is worse
		// than that of an earlier one.
		j := slices.Index(ids, done[i])
		switch {
		case j < 0 && i == len(f.rec.Applied)-1:
			differs = true
			f.problem(diagnostic.Errorf(cfg.MigrationsPlace, "put it back, "+resetHint, msgLastRemoved, a.Tag, fileName(cfg)).With(
				diagnostic.Note{Text: "applied: " + a.Step.Text()}))
		case j < 0:
			f.warn(cfg.MigrationsPlace, "put it back", msgRemoved, a.Tag, fileName(cfg))
		default:
			m := cfg.Migrations[j]
			if s := record.StepOf(m); s.Sum() != a.SHA256 {
				differs = true
				f.problem(diagnostic.Errorf(m.Place, "add a new migration instead, "+resetHint, msgEdited, a.Tag).With(
					diagnostic.Note{Text: "applied: " + a.Step.Text()}, diagnostic.Note{Text: "configuration: " + s.Text(), Place: m.Place}))
			}
			if j < at {
				differs = true
				f.problem(diagnostic.Errorf(m.Place, "restore the order, "+resetHint, msgReordered, a.Tag, cfg.Migrations[at].Tag))
			}
			at = max(at, j)
		}
	}
	for j, m := range cfg.Migrations[:at+1] {
		if !slices.Contains(done, ids[j]) {
			differs = true
			f.problem(diagnostic.Errorf(m.Place, "move it to the end, "+resetHint, msgInserted, m.Tag, cfg.Migrations[at].Tag))
		}
	}
	if differs {
		return true
	}
	for j := at + 1; j < len(cfg.Migrations); j++ {
		f.migrate(j, cfg.Migrations[j])
	}
	return false
}

// diverge makes the classes of a history that differs from the applied one. It does not
// change what is recorded as applied. A class that was created under the same name and
// tag has the same namespace, so a change of branch and back loses nothing.
func (f *fold) diverge() *fold {
	if f.facts.Strict {
		return f
	}
	cfg := f.facts.Config
	f.warn(cfg.MigrationsPlace, resetFlag+" to make them the applied ones", msgDiverged, fileName(cfg))
	view := &fold{facts: f.facts, rec: &record.Record{Classes: map[string]record.Namespace{}}, ledger: f.ledger, known: f.rec.Namespaces(), diverged: true, List: f.List}
	for i, m := range cfg.Migrations {
		view.migrate(i, m)
	}
	for _, class := range slices.Sorted(maps.Keys(view.rec.Classes)) {
		if ns := view.rec.Classes[class]; !hasKey(view.known, ns.UniqueKey) {
			f.rec.Aside = append(f.rec.Aside, ns)
		}
	}
	return view
}

// replay applies all migrations of the configuration to an empty record, and keeps some
// warnings. It is for a user who has corrected a typing error in an applied migration and
// must not be warned of it at every start. It returns nil if the new record lacks more
// than the error had made: classes that the program does not export and that have no data
// of their own, the wrong storage of a class without data, and steps without effect.
func (f *fold) replay(warns []diagnostic.Diagnostic) *fold {
	if f.facts.Strict || f.facts.Registered == nil {
		return nil
	}
	fresh := &fold{
		facts: f.facts, rec: &record.Record{Version: f.rec.Version, Worker: f.rec.Worker, Classes: map[string]record.Namespace{}},
		ledger: f.ledger, known: f.rec.Namespaces(), List: diagnostic.List{Warnings: warns},
	}
	for i, m := range f.facts.Config.Migrations {
		fresh.migrate(i, m)
	}
	mistyped := false
	for class, ns := range f.rec.Classes {
		now, ok := fresh.rec.Classes[class]
		switch {
		case ok && now.UniqueKey == ns.UniqueKey && now.Storage == ns.Storage:
		case ok && now.UniqueKey == ns.UniqueKey && !f.ledger.holds(ns.UniqueKey):
			mistyped = true
		case ok || slices.Contains(f.facts.Registered, class):
			return nil
		case f.ledger.holds(ns.UniqueKey) && !hasKey(slices.Collect(maps.Values(fresh.rec.Classes)), ns.UniqueKey):
			return nil
		default:
			mistyped = true
		}
	}
	for _, t := range f.rec.Tombstones {
		if f.ledger.holds(t.UniqueKey) {
			return nil
		}
	}
	mistyped = mistyped || slices.ContainsFunc(f.rec.Applied, func(a record.Applied) bool { return a.SHA256 == record.Step{}.Sum() })
	if !mistyped || len(f.rec.Aside) > 0 || len(fresh.Errors) > 0 {
		return nil
	}
	return fresh
}

// retag changes the tags of applied migrations to the configuration's, if only the tags
// differ. Without it the classes would get new namespaces, since a class is recognised by
// the tag that created it.
func (f *fold) retag() {
	steps := f.facts.Config.Migrations
	if f.facts.Strict || len(steps) < len(f.rec.Applied) {
		return
	}
	tags := map[string]string{}
	for i, a := range f.rec.Applied {
		is := steps[i]
		if is.Tag == a.Tag && record.StepOf(is).Sum() == a.SHA256 {
			continue
		}
		if record.StepOf(is).Sum() != a.SHA256 || slices.ContainsFunc(steps, func(m config.Migration) bool { return m.Tag == a.Tag }) {
			return
		}
		tags[a.Tag] = is.Tag
	}
	for i, a := range f.rec.Applied {
		if is := steps[i]; is.Tag != a.Tag {
			f.warn(is.Place, "", msgRetagged, is.Tag, a.Tag)
		}
	}
	to := func(tag *string) { *tag = cmp.Or(tags[*tag], *tag) }
	for i := range f.rec.Applied {
		to(&f.rec.Applied[i].Tag)
	}
	to(&f.rec.LastTag)
	for class, ns := range f.rec.Classes {
		to(&ns.CreatedByTag)
		f.rec.Classes[class] = ns
	}
	for i := range f.rec.Tombstones {
		to(&f.rec.Tombstones[i].CreatedByTag)
		to(&f.rec.Tombstones[i].DeletedByTag)
	}
	for i := range f.rec.Aside {
		to(&f.rec.Aside[i].CreatedByTag)
	}
}

// shown are the steps to print. The step of a migration lists the classes it creates, so
// theirs are omitted. A diverged history has no other steps than new classes.
func (f *fold) shown() []Step {
	return slices.DeleteFunc(slices.Clone(f.steps), func(s Step) bool {
		if f.diverged {
			return s.Kind != Create && s.Kind != Transfer || hasKey(f.known, s.Key)
		}
		return s.Kind == Create && s.Tag != ""
	})
}
