package migrations

// What the API refuses of the steps that Wrangler sends.

import (
	"maps"
	"slices"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// send applies the steps after the deployed tag to the classes in production.
func (d *deployment) send() {
	tag := d.deployedTag()
	steps := d.Now.Migrations
	if tag != "" {
		if len(steps) == 0 {
			d.fail(diagnostic.Place{File: d.Now.File}, "put the migrations back", msgTagCondition, tag)
			return
		}
		i := d.index(tag)
		if i < 0 {
			d.warn(d.Now.MigrationsPlace, "put migration \""+tag+"\" back", msgTagNotFound, d.Now.Name, tag, fileName(d.Now))
			before := len(d.found)
			d.steps(steps)
			// Production applies all steps again, to the classes that they have made already.
			// Only the first error says something: the others follow from it.
			d.found = d.found[:min(len(d.found), before+1)]
			return
		}
		steps = steps[i+1:]
	}
	d.steps(steps)
}

// steps applies steps to the classes in production, and reports those that the API refuses.
func (d *deployment) steps(steps []config.Migration) {
	created := map[string]diagnostic.Place{}
	d.deleted = map[string]bool{}
	for _, m := range steps {
		for _, c := range m.DeletedClasses {
			d.delete(c)
		}
		for _, r := range m.RenamedClasses {
			storage, ok := d.classes[r.From]
			if !ok {
				d.fail(r.Place, "", msgRenameUnknown, r.From)
				continue
			}
			if _, taken := d.classes[r.To]; taken {
				d.fail(r.Place, "delete "+r.To+" in an earlier deployment, or choose another name", msgRenameOnto, r.To)
				continue
			}
			delete(d.classes, r.From)
			d.classes[r.To] = storage
		}
		// Nothing is known of the other Worker: suppose that it has the class.
		for _, t := range m.TransferredClasses {
			d.classes[t.To] = SQLite
		}
		add := func(c config.ClassRef, kind, storage string) {
			switch _, ok := d.classes[c.Name]; {
			case ok:
				d.fail(c.Place, "remove "+c.Name+" from this migration", msgNewDeployed, kind, c.Name)
			case d.deleted[c.Name]:
				d.fail(c.Place, "deploy the deletion first, or choose another name", msgTwoTargets, c.Name)
			}
			d.classes[c.Name] = storage
			created[c.Name] = c.Place
		}
		for _, c := range m.NewClasses {
			add(c, "new-class", KV)
			d.warn(c.Place, "use new_sqlite_classes", msgFreePlan)
		}
		for _, c := range m.NewSQLiteClasses {
			add(c, "new-sqlite-class", SQLite)
		}
	}
	d.exported(created)
}

// delete deletes a class. It reports a binding, of this configuration or of the deployed
// one, that still refers to the class.
func (d *deployment) delete(c config.ClassRef) {
	bound := func(b config.DurableObjectBinding, hint, note string) {
		d.found = append(d.found, diagnostic.Errorf(c.Place, hint, msgDeleteBound, c.Name).With(diagnostic.Note{Text: note, Place: b.ClassPlace}))
	}
	if b, ok := binding(d.Now, c.Name); ok {
		bound(b, hintFix(d.Now, "remove the binding %s", b.Name), "the binding is here")
	} else if b, ok := binding(d.Deployed, c.Name); ok {
		bound(b, "deploy once without the binding and without this migration, then with it", "the deployed binding is here")
	}
	if _, ok := d.classes[c.Name]; !ok {
		d.fail(c.Place, "remove "+c.Name+" from deleted_classes", msgDeleteUndeploy, c.Name)
	}
	delete(d.classes, c.Name)
	d.deleted[c.Name] = true
}

// exported reports classes in production that the program does not export.
func (d *deployment) exported(created map[string]diagnostic.Place) {
	if d.Registered == nil {
		return
	}
	for _, class := range slices.Sorted(maps.Keys(d.classes)) {
		if slices.Contains(d.Registered, class) {
			continue
		}
		if place, ok := created[class]; ok {
			d.fail(place, "export the class from the program", msgNewNotExported, class)
			continue
		}
		d.fail(lifecyclePlace(d.Now, class), "export the class, or add a migration that deletes or renames it", msgClassGone, class)
	}
}

// bindings reports bindings to classes without a namespace.
func (d *deployment) bindings() {
	seen := map[string]bool{}
	for _, b := range bound(d.Now) {
		if _, ok := d.classes[b.ClassName]; ok || seen[b.ClassName] || d.deleted[b.ClassName] {
			continue
		}
		seen[b.ClassName] = true
		d.fail(b.ClassPlace, hintFix(d.Now, "add %s to new_sqlite_classes of a new migration", b.ClassName), msgNotConfigured, b.ClassName)
	}
}
