package migrations

// What production refuses of a deployment. It depends on what is deployed now: Wrangler sends
// the steps after the deployed tag, and the API applies them.
//
// Source: https://developers.cloudflare.com/durable-objects/reference/durable-object-class-migrations-legacy/

import (
	"fmt"
	"slices"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/migrations/internal/record"
)

// Comparison is a configuration to deploy and the one that is deployed.
type Comparison struct {
	// Deployed is the configuration of the last deployment, nil if it is not known.
	Deployed *config.Config
	Now      *config.Config
	// Registered are the classes that the program exports, nil if they are not known.
	Registered []string
}

// Deployed returns the configuration with its migrations up to tag, as [Ledger.Assume] and
// [Compare] need it. Its bindings are today's.
func Deployed(cfg *config.Config, tag string) (*config.Config, error) {
	i := slices.IndexFunc(cfg.Migrations, func(m config.Migration) bool { return m.Tag == tag })
	if i < 0 {
		return nil, fmt.Errorf(msgAssumeUnknown, tag, fileName(cfg))
	}
	cut := *cfg
	cut.Migrations = cfg.Migrations[:i+1]
	return &cut, nil
}

// Compare returns what production would refuse or warn of, in its own words and with its
// codes, and what it would ignore without a word. Without a deployed configuration it returns
// one warning: that nothing was compared.
func Compare(c Comparison) []diagnostic.Diagnostic {
	d := &deployment{Comparison: c}
	if c.Deployed == nil {
		d.warn(diagnostic.Place{File: c.Now.File}, "give --against FILE or --assume-deployed TAG", msgNotCompared)
		return d.found
	}
	if c.Deployed.Name != c.Now.Name {
		d.warn(diagnostic.Place{File: c.Now.File}, "", msgOtherWorker, c.Deployed.Name, c.Now.Name)
		d.Deployed = &config.Config{Path: c.Deployed.Path, File: c.Deployed.File, Name: c.Now.Name}
	}
	if !d.passesWrangler() {
		return d.found
	}
	d.classes = provisioned(d.Deployed)
	switch {
	case len(c.Now.Exports) > 0:
		d.reconcile()
	case len(d.Deployed.Exports) > 0 && len(c.Now.Migrations) > 0:
		d.fail(c.Now.MigrationsPlace, "declare the classes in exports", msgBackToMigration)
	default:
		d.history()
		d.send()
	}
	d.bindings()
	return d.found
}

// deployment is one run of [Compare].
type deployment struct {
	Comparison
	// classes maps each class with a namespace in production to its storage.
	classes map[string]string
	// deleted are the classes that the new steps delete.
	deleted map[string]bool
	found   []diagnostic.Diagnostic
}

func (d *deployment) fail(place diagnostic.Place, hint, format string, args ...any) {
	d.found = append(d.found, diagnostic.Errorf(place, hint, format, args...))
}

func (d *deployment) warn(place diagnostic.Place, hint, format string, args ...any) {
	d.found = append(d.found, diagnostic.Warningf(place, hint, format, args...))
}

// provisioned are the classes that exist after the deployment of a configuration. It skips a
// step about an unknown class: old migrations may have been removed from the configuration.
func provisioned(cfg *config.Config) map[string]string {
	classes := map[string]string{}
	for class, ns := range applyAll(cfg).rec.Classes {
		classes[class] = ns.Storage
	}
	for _, e := range cfg.Exports {
		if isLive(e) {
			classes[e.ClassName] = storageOf(e)
		}
	}
	return classes
}

// applyAll applies all migrations of a configuration to an empty record.
func applyAll(cfg *config.Config) *planner {
	p := &planner{ledger: &Ledger{worker: cfg.Name}, facts: &Facts{Config: cfg, Strict: true}, rec: &record.Record{Classes: map[string]record.Namespace{}}}
	if p.checkTags() {
		for i, m := range cfg.Migrations {
			p.migrate(i, m)
		}
	}
	return p
}

// passesWrangler reports whether Wrangler would upload: before that it applies all migrations
// to nothing, and stops at an error.
func (d *deployment) passesWrangler() bool {
	errs := applyAll(d.Now).Errors
	d.found = append(d.found, errs...)
	return len(errs) == 0
}

// history reports deployed steps that have been edited since, which production ignores
// without a word.
func (d *deployment) history() {
	last := d.deployedTag()
	end := d.index(last)
	for _, was := range d.Deployed.Migrations {
		i := d.index(was.Tag)
		if i < 0 {
			if was.Tag != last {
				d.warn(d.Now.MigrationsPlace, "put it back", msgDeployedRemoved, was.Tag, fileName(d.Now))
			}
			continue
		}
		if is := d.Now.Migrations[i]; record.StepOf(is).Sum() != record.StepOf(was).Sum() {
			d.edited(was, is)
		}
	}
	for _, m := range d.Now.Migrations[:max(end, 0)] {
		if !slices.ContainsFunc(d.Deployed.Migrations, func(was config.Migration) bool { return was.Tag == m.Tag }) {
			d.fail(m.Place, "move it to the end", msgDeployedInsert, m.Tag, last)
		}
	}
}

// edited reports how a deployed step has been changed.
func (d *deployment) edited(was, is config.Migration) {
	found := false
	moved := func(from, to []config.ClassRef, before, after string) {
		for _, c := range to {
			if i := slices.Index(record.Names(from), c.Name); i >= 0 {
				found = true
				hint := "restore the step and add a migration that creates a class of another name with " + field(after)
				d.found = append(d.found, diagnostic.Errorf(c.Place, hint, msgDeployedStorage, c.Name, before, after, is.Tag).With(
					diagnostic.Note{Text: "it was deployed as", Place: from[i].Place}))
			}
		}
	}
	moved(was.NewClasses, is.NewSQLiteClasses, KV, SQLite)
	moved(was.NewSQLiteClasses, is.NewClasses, SQLite, KV)
	if !found {
		d.found = append(d.found, diagnostic.Errorf(is.Place, "restore it and add a new migration", msgDeployedEdited, is.Tag).With(
			diagnostic.Note{Text: "deployed: " + record.StepOf(was).Text(), Place: was.Place},
			diagnostic.Note{Text: "configuration: " + record.StepOf(is).Text(), Place: is.Place}))
	}
}

// field is the key of a migration that creates classes with the given storage.
func field(storage string) string {
	if storage == SQLite {
		return "new_sqlite_classes"
	}
	return "new_classes"
}

// deployedTag is the tag of the last deployed step, "" if there is none.
func (d *deployment) deployedTag() string {
	if n := len(d.Deployed.Migrations); n > 0 {
		return d.Deployed.Migrations[n-1].Tag
	}
	return ""
}

// index is the index of the first migration with a tag, which Wrangler takes, or -1.
func (d *deployment) index(tag string) int {
	return slices.IndexFunc(d.Now.Migrations, func(m config.Migration) bool { return m.Tag == tag })
}
