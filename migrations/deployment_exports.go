package migrations

// What the API refuses of the field exports. The scenarios and their meanings are from the
// error reference of the documentation.
//
// Source: https://developers.cloudflare.com/durable-objects/reference/durable-objects-migrations/

import (
	"maps"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// reconcile compares the declared classes with those in production.
func (d *deployment) reconcile() {
	inCode := func(class string) bool { return d.Registered == nil || slices.Contains(d.Registered, class) }
	declared := map[string]bool{}
	for _, e := range d.Now.Exports {
		declared[e.ClassName] = true
	}
	for _, class := range slices.Sorted(maps.Keys(d.classes)) {
		switch {
		case declared[class]:
		case inCode(class):
			d.refuse(diagnostic.Place{File: d.Now.File}, class, "provisioned_class_missing_from_config", "declare it, or declare it with \"state\": \"deleted\"")
		default:
			d.refuse(diagnostic.Place{File: d.Now.File}, class, "orphaned_provisioned_namespace", "add a tombstone for the class, or add the class back to the program and to exports")
		}
	}
	provisioned := maps.Clone(d.classes) // an entry does not see what another one changes
	for _, e := range d.Now.Exports {
		storage, exists := provisioned[e.ClassName]
		switch e.State {
		case stateDeleted:
			if exists && d.Registered != nil && inCode(e.ClassName) {
				d.refuse(e.Place, e.ClassName, "tombstone_delete_class_still_in_code", "remove the class from the program first")
			}
			delete(d.classes, e.ClassName)
		case stateRenamed:
			if _, occupied := provisioned[e.RenamedTo]; occupied && exists {
				d.refuse(e.Place, e.ClassName, "tombstone_renamed_to_occupied", "declare "+e.RenamedTo+" deleted in an earlier deployment")
			}
			if exists {
				delete(d.classes, e.ClassName)
				d.classes[e.RenamedTo] = storage
			}
		}
	}
	for _, e := range d.Now.Exports {
		if isLive(e) {
			_, before := provisioned[e.ClassName]
			d.declare(e, before, inCode(e.ClassName))
		}
	}
}

// declare compares a live entry with the namespace of its class in production.
func (d *deployment) declare(e config.Export, before, inCode bool) {
	storage, exists := d.classes[e.ClassName]
	switch {
	case !inCode && exists:
		d.refuse(e.Place, e.ClassName, "config_export_not_in_code", "export the class, or declare it with \"state\": \"deleted\"")
	case !inCode:
		d.refuse(e.Place, e.ClassName, "config_references_nonexistent_class", "remove the entry, or export the class")
	case e.State == stateExpecting && before:
		d.refuse(e.Place, e.ClassName, "phase_one_transfer_target_class_provisioned", "declare it without expecting-transfer")
	case exists && storage != storageOf(e):
		d.refuse(e.Place, e.ClassName, "storage_type_mismatch", "declare a class of another name")
	case !exists && storageOf(e) == KV:
		d.refuse(e.Place, e.ClassName, "invalid_export", "use \"storage\": \"sqlite\"")
	}
	d.classes[e.ClassName] = storageOf(e)
}

// refuse reports an error in the API's words for a scenario.
func (d *deployment) refuse(place diagnostic.Place, class, scenario, hint string) {
	meaning := strings.ReplaceAll(scenarios[scenario], "{class}", class)
	d.fail(place, hint, msgExportsFailed, scenario, class, meaning)
}
