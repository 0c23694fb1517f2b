package migrations

// What production would say to a deployment, from what is deployed now: which
// steps Wrangler would send, and what the API answers to them.
//
// Source: https://developers.cloudflare.com/durable-objects/reference/durable-object-class-migrations-legacy/

import (
	"fmt"
	"slices"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/migrations/internal/record"
)

// Comparison is a deployment and what it would replace.
type Comparison struct {
	// Deployed is the configuration of the last deployment; nil is unknown.
	Deployed *config.Config
	Now      *config.Config
	// Registered are the classes that the program exports; nil is unknown.
	Registered []string
}

// Deployed returns the configuration as it was when tag was its last
// migration, for [Ledger.Assume] and [Compare]. Its bindings are those of now.
func Deployed(cfg *config.Config, tag string) (*config.Config, error) {
	i := slices.IndexFunc(cfg.Migrations, func(m config.Migration) bool { return m.Tag == tag })
	if i < 0 {
		return nil, fmt.Errorf(msgAssumeUnknown, tag, fileName(cfg))
	}
	cut := *cfg
	cut.Migrations = cfg.Migrations[:i+1]
	return &cut, nil
}

// Compare tells what production would refuse, or silently ignore, with its own
// words and codes, or warn of. Without a deployed configuration it says in a
// warning that nothing was compared.
func Compare(c Comparison) []diagnostic.Diagnostic {
	d := &deployment{Comparison: c}
	if c.Deployed == nil {
		d.warn(diagnostic.Place{File: c.Now.File}, "give --against FILE or --assume-deployed TAG", msgNotCompared)
		return d.said
	}
	if c.Deployed.Name != c.Now.Name {
		d.warn(diagnostic.Place{File: c.Now.File}, "", msgOtherWorker, c.Deployed.Name, c.Now.Name)
		d.Deployed = &config.Config{Path: c.Deployed.Path, File: c.Deployed.File, Name: c.Now.Name}
	}
	if !d.foldsLocally() {
		return d.said
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
	return d.said
}

// deployment is a comparison under way.
type deployment struct {
	Comparison
	// classes are the namespaces in production, by class, with their storage.
	classes map[string]string
	// deleted are the classes that the steps which are sent delete.
	deleted map[string]bool
	said    []diagnostic.Diagnostic
}

func (d *deployment) fail(place diagnostic.Place, hint, format string, args ...any) {
	d.said = append(d.said, diagnostic.Diagnostic{Severity: diagnostic.SeverityError, Text: fmt.Sprintf(format, args...), Place: place, Hint: hint})
}

func (d *deployment) warn(place diagnostic.Place, hint, format string, args ...any) {
	d.said = append(d.said, diagnostic.Diagnostic{Severity: diagnostic.SeverityWarning, Text: fmt.Sprintf(format, args...), Place: place, Hint: hint})
}

// provisioned are the classes that a deployed configuration has left. Steps
// that cannot be followed, because the history was cut, are skipped.
func provisioned(cfg *config.Config) map[string]string {
	f := folded(cfg)
	classes := map[string]string{}
	for class, ns := range f.rec.Classes {
		classes[class] = ns.Storage
	}
	for _, e := range cfg.Exports {
		if isLive(e) {
			classes[e.ClassName] = storageOf(e)
		}
	}
	return classes
}

// folded is the whole history of a configuration applied to nothing.
func folded(cfg *config.Config) *fold {
	f := &fold{facts: &Facts{Worker: cfg.Name, Config: cfg, Strict: true}, rec: &record.Record{Classes: map[string]record.Namespace{}}}
	if f.checkTags() {
		for i, m := range cfg.Migrations {
			f.migrate(i, m)
		}
	}
	return f
}

// foldsLocally does what Wrangler does before it uploads: it folds the whole
// list, and stops if that fails.
func (d *deployment) foldsLocally() bool {
	f := folded(d.Now)
	d.said = append(d.said, f.errs...)
	return len(f.errs) == 0
}

// history compares the steps that are deployed with what has become of them.
// Production does not see it.
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

// edited says what is wrong with a change to a deployed step.
func (d *deployment) edited(was, is config.Migration) {
	found := false
	moved := func(from, to []config.ClassRef, before, after string) {
		for _, c := range to {
			if i := slices.Index(record.Names(from), c.Name); i >= 0 {
				found = true
				d.fail(c.Place, fmt.Sprintf("restore the step and add a migration that creates a class of another name with %s", field(after)), msgDeployedStorage, c.Name, before, after, is.Tag)
				d.said[len(d.said)-1].Notes = []diagnostic.Note{{Text: "it was deployed as", Place: from[i].Place}}
			}
		}
	}
	moved(was.NewClasses, is.NewSQLiteClasses, KV, SQLite)
	moved(was.NewSQLiteClasses, is.NewClasses, SQLite, KV)
	if !found {
		d.fail(is.Place, "restore it and add a new migration", msgDeployedEdited, is.Tag)
		n := &d.said[len(d.said)-1]
		n.Notes = []diagnostic.Note{{Text: "deployed: " + record.StepOf(was).Text(), Place: was.Place}, {Text: "configuration: " + record.StepOf(is).Text(), Place: is.Place}}
	}
}

// field is the list of new classes with a storage.
func field(storage string) string {
	if storage == SQLite {
		return "new_sqlite_classes"
	}
	return "new_classes"
}

func (d *deployment) deployedTag() string {
	if n := len(d.Deployed.Migrations); n > 0 {
		return d.Deployed.Migrations[n-1].Tag
	}
	return ""
}

// index is where a tag first is in the configuration, as Wrangler looks for it.
func (d *deployment) index(tag string) int {
	return slices.IndexFunc(d.Now.Migrations, func(m config.Migration) bool { return m.Tag == tag })
}
