package migrations

import (
	"testing"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// Cases of what production refuses. The texts that start with a capital are
// Cloudflare's; those of DEP05, DEP08 and DEP09 were recorded from wrangler
// 4.164.0.
var compareCases = []struct {
	id         string
	was, now   *config.Config
	registered []string

	errors   string
	warnings string
	place    int
	hint     string
}{
	{
		id:       "nothing deployed is known",
		now:      conf(with("v1", "s:A")),
		warnings: "not compared with anything deployed",
		hint:     "give --against FILE or --assume-deployed TAG",
	},
	{
		id:  "first deployment",
		was: conf(),
		now: conf(bind("A"), with("v1", "s:A")),
	},
	{
		id:       "10097 new_classes",
		was:      conf(with("v1", "n:A")),
		now:      conf(with("v1", "n:A"), with("v2", "n:B")),
		warnings: "In order to use Durable Objects with a free plan, you must create a namespace using a `new_sqlite_classes` migration. [code: 10097]",
		place:    21,
		hint:     "use new_sqlite_classes",
	},
	{
		id:  "DEP03",
		was: conf(with("v1", "s:Obj")),
		now: conf(bind("Obj"), with("v1", "s:Obj"), with("v2", "s:Obj2"), with("v3", "r:Obj2>Obj3")),
	},
	{
		id:  "DEP04",
		was: conf(with("v1", "s:Obj")),
		now: conf(bind("Obj"), with("v1", "s:Obj")),
	},
	{
		id:       "DEP05 and DEP09",
		was:      conf(with("vX", "s:Obj")),
		now:      conf(bind("Obj"), with("v1", "s:Obj"), with("v2", "s:Obj2"), with("v3", "r:Obj2>Obj3")),
		errors:   "Cannot apply new-sqlite-class migration to class 'Obj' that is already depended on by existing Durable Objects [code: 10074]",
		warnings: "The published script w has a migration tag \"vX, which was not found in your wrangler.jsonc file. You may have already deleted it. Applying all available migrations to the script...",
		place:    12,
	},
	{
		id:     "DEP06 duplicate tags",
		was:    conf(with("v1", "s:A")),
		now:    conf(with("v1", "s:A"), with("v1", "s:B")),
		errors: "duplicate migration tag \"v1\" (migrations[0] and migrations[1]); tags must be unique",
		place:  20,
	},
	{
		id:     "DEP07 an edit that production ignores",
		was:    conf(bind("A"), with("v1", "s:A")),
		now:    conf(bind("A", "B"), with("v1", "s:A B")),
		errors: "migration \"v1\" was already deployed with different contents; production ignores the edit\nCannot create binding for class 'B' because it is not currently configured to implement Durable Objects. Ensure a --new-class migration has been applied to it. [code: 10061]",
		place:  10,
		hint:   "restore it and add a new migration",
	},
	{
		id:     "new_classes made new_sqlite_classes in place",
		was:    conf(bind("A"), with("v1", "n:A B")),
		now:    conf(bind("A"), with("v1", "n:B", "s:A")),
		errors: "class A was deployed with kv and cannot change to sqlite; production ignores the edit of migration \"v1\"",
		place:  12,
		hint:   "restore the step and add a migration that creates a class of another name with new_sqlite_classes",
	},
	{
		id:     "DEP08",
		was:    conf(with("v1", "s:Obj")),
		now:    conf(bind("Obj"), with("v1", "s:Obj"), with("v2", "d:Nope")),
		errors: "Cannot apply deleted_classes migration to non-existent class Nope",
		place:  23,
	},
	{
		id:     "inserted",
		was:    conf(with("v1", "s:A"), with("v2", "s:B")),
		now:    conf(with("v1", "s:A"), with("v1b", "s:C"), with("v2", "s:B")),
		errors: "migration \"v1b\" was inserted before already deployed migration \"v2\"; production ignores it",
		place:  20,
	},
	{
		id:     "moved behind the deployed tag",
		was:    conf(with("v1", "s:A"), with("v2", "s:B")),
		now:    conf(with("v2", "s:B"), with("v1", "s:A")),
		errors: "Cannot apply new-sqlite-class migration to class 'A' that is already depended on by existing Durable Objects [code: 10074]",
		place:  22,
	},
	{
		id:       "an earlier step is gone",
		was:      conf(with("v1", "s:A"), with("v2", "s:B")),
		now:      conf(bind("A", "B"), with("v2", "s:B")),
		warnings: "migration \"v1\" was deployed but is no longer in wrangler.jsonc",
		place:    8,
	},
	{
		id:     "10061 deleted while bound",
		was:    conf(bind("A"), with("v1", "s:A")),
		now:    conf(bind("A"), with("v1", "s:A"), with("v2", "d:A")),
		errors: "Cannot apply --delete-class migration to class 'A' without also removing the binding that references it. [code: 10061]",
		place:  23,
		hint:   "remove the binding A in wrangler.jsonc",
	},
	{
		id:     "10061 the binding goes in the same deployment",
		was:    conf(bind("A"), with("v1", "n:A")),
		now:    conf(bind("B"), with("v1", "n:A"), with("v2", "s:B", "d:A")),
		errors: "Cannot apply --delete-class migration to class 'A' without also removing the binding that references it. [code: 10061]",
		place:  23,
		hint:   "deploy once without the binding and without this migration, then with it",
	},
	{
		id:  "deleted after its binding",
		was: conf(with("v1", "s:A")),
		now: conf(with("v1", "s:A"), with("v2", "d:A")),
	},
	{
		id:     "10061 deleted long ago and bound again",
		was:    conf(with("v1", "s:A"), with("v2", "d:A")),
		now:    conf(bind("A"), with("v1", "s:A"), with("v2", "d:A")),
		errors: "Cannot create binding for class 'A' because it is not currently configured to implement Durable Objects. Ensure a --new-class migration has been applied to it. [code: 10061]",
		place:  5,
		hint:   "add A to new_sqlite_classes of a new migration in wrangler.jsonc",
	},
	{
		id:     "10061 bound without a migration",
		was:    conf(),
		now:    conf(bind("A")),
		errors: "Cannot create binding for class 'A' because it is not currently configured to implement Durable Objects. Ensure a --new-class migration has been applied to it. [code: 10061]",
		place:  5,
	},
	{
		id:         "10064",
		was:        conf(with("v1", "s:A")),
		now:        conf(with("v1", "s:A")),
		registered: []string{"B"},
		errors:     "New version of script does not export class 'A' which is depended on by existing Durable Objects. Did you forget to include it? If you renamed it, try a rename-class migration. If you want to delete all the Durable Objects implemented by the class, you can use a delete-class migration [code: 10064]",
		place:      8,
	},
	{
		id:         "10070",
		was:        conf(with("v1", "s:A")),
		now:        conf(with("v1", "s:A"), with("v2", "s:B")),
		registered: []string{"A"},
		errors:     "Cannot apply new-class migration to class 'B' that is not exported by script [code: 10070]",
		place:      22,
	},
	{
		id:     "10074 deleted and created in one deployment",
		was:    conf(with("v1", "s:A")),
		now:    conf(with("v1", "s:A"), with("v2", "d:A"), with("v3", "s:A")),
		errors: "class 'A' cannot be the target of more than one migration [code: 10074]",
		place:  32,
		hint:   "deploy the deletion first, or choose another name",
	},
	{
		id:     "10074 deleted without being deployed",
		was:    conf(with("v1")),
		now:    conf(with("v1", "s:A"), with("v2", "d:A")),
		errors: "migration \"v1\" was already deployed with different contents; production ignores the edit\nCannot apply delete-class migration to class 'A' which was not exported in the previous version of the script [code: 10074]",
	},
	{
		id:     "renamed onto a live class",
		was:    conf(with("v1", "s:A B")),
		now:    conf(with("v1", "s:A B"), with("v2", "r:A>B")),
		errors: "cannot apply renamed_classes migration: target class B already exists",
		place:  24,
	},
	{
		id:     "10079 all migrations removed",
		was:    conf(with("v1", "s:A")),
		now:    conf(),
		errors: "Migration tag precondition failed; current tag is v1 [code: 10079]",
	},
	{
		id:       "another Worker",
		was:      peerConf(with("v1", "n:A")),
		now:      conf(with("v1", "s:A")),
		warnings: "the configuration compared with is of Worker \"other\", this one of \"w\", which starts without Durable Objects",
	},
	{
		id:  "exports after migrations",
		was: conf(with("v1", "s:Chat Gone")),
		now: conf(bind("Room"), export("Chat", ">Room"), export("Room", ""), export("Gone", "deleted")),
	},
	{
		id:     "migrations after exports",
		was:    conf(export("Chat", "")),
		now:    conf(with("v1", "s:Chat")),
		errors: "the deployed Worker declares its classes in exports and cannot go back to migrations",
		place:  8,
	},
	{
		id:     "100402 not declared",
		was:    conf(export("A", ""), export("B", "")),
		now:    conf(export("A", "")),
		errors: "Durable Object exports reconciliation failed:\n  ✘ [provisioned_class_missing_from_config] class 'B': class 'B' has a provisioned Durable Object namespace but is not declared in `exports`. Every provisioned class must be declared in `exports` (live or tombstone); silent drift is not permitted. [code: 100402]",
	},
	{
		id:         "100402 against the code",
		was:        conf(export("A", ""), export("B", ""), export("D", "")),
		now:        conf(export("A", ""), export("C", ""), export("D", "deleted")),
		registered: []string{"D"},
		errors: "Durable Object exports reconciliation failed:\n  ✘ [orphaned_provisioned_namespace] class 'B': A namespace exists for a class that is neither in code nor declared. [code: 100402]\n" +
			"Durable Object exports reconciliation failed:\n  ✘ [tombstone_delete_class_still_in_code] class 'D': A `deleted` tombstone names a class that is still exported in code. [code: 100402]\n" +
			"Durable Object exports reconciliation failed:\n  ✘ [config_export_not_in_code] class 'A': A live entry declares a class that the Worker code does not export. [code: 100402]\n" +
			"Durable Object exports reconciliation failed:\n  ✘ [config_references_nonexistent_class] class 'C': A live entry declares a class that is neither in code nor provisioned. [code: 100402]",
	},
	{
		id:  "100402 storage",
		was: conf(with("v1", "n:A")),
		now: conf(export("A", "sqlite"), export("B", "legacy-kv")),
		errors: "Durable Object exports reconciliation failed:\n  ✘ [storage_type_mismatch] class 'A': The declared `storage` value does not match the provisioned namespace's storage backend. [code: 100402]\n" +
			"Durable Object exports reconciliation failed:\n  ✘ [invalid_export] class 'B': An `exports` entry is structurally invalid \u2014 for example, requesting `legacy-kv` for a new namespace. [code: 100402]",
		place: 70,
	},
	{
		id:  "100402 occupied, expected",
		was: conf(export("A", ""), export("B", ""), export("C", "")),
		now: conf(export("A", ">B"), export("B", ""), export("C", "<other")),
		errors: "Durable Object exports reconciliation failed:\n  ✘ [tombstone_renamed_to_occupied] class 'A': A `renamed_to` target collides with an existing namespace under that name. [code: 100402]\n" +
			"Durable Object exports reconciliation failed:\n  ✘ [phase_one_transfer_target_class_provisioned] class 'C': The target Worker already owns a namespace for the class. [code: 100402]",
		place: 70,
	},
	{
		id:     "bound to a tombstone",
		was:    conf(export("A", "")),
		now:    conf(bind("A"), export("A", "deleted")),
		errors: "Cannot create binding for class 'A' because it is not currently configured to implement Durable Objects. Ensure a --new-class migration has been applied to it. [code: 10061]",
		place:  5,
	},
}

func TestCompare(t *testing.T) {
	for _, c := range compareCases {
		t.Run(c.id, func(t *testing.T) {
			said := Compare(Comparison{Deployed: c.was, Now: c.now, Registered: c.registered})
			var errs, warns []diagnostic.Diagnostic
			for _, d := range said {
				if d.Place == (diagnostic.Place{}) {
					t.Errorf("%q has no place", d.Text)
				}
				if d.Severity == diagnostic.SeverityError {
					errs = append(errs, d)
				} else {
					warns = append(warns, d)
				}
			}
			equal(t, "errors", texts(errs), c.errors)
			equal(t, "warnings", texts(warns), c.warnings)
			first := append(errs, warns...)
			if c.place != 0 && (len(first) == 0 || first[0].Place.Line != c.place) {
				t.Errorf("place of %v, want line %d", first, c.place)
			}
			if c.hint != "" && (len(first) == 0 || first[0].Hint != c.hint) {
				t.Errorf("hint of %v, want %q", first, c.hint)
			}
		})
	}
}

// What is deployed at a tag is compared with the steps after it.
func TestDeployed(t *testing.T) {
	cfg := conf(with("v1", "s:A"), with("v2", "s:B"), with("v3", "d:A"))
	was, err := Deployed(cfg, "v2")
	if err != nil || len(was.Migrations) != 2 || len(cfg.Migrations) != 3 {
		t.Fatalf("%v %v", was, err)
	}
	if said := Compare(Comparison{Deployed: was, Now: cfg}); len(said) > 0 {
		t.Error(texts(said))
	}
}
