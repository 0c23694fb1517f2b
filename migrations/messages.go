package migrations

// The messages: first Wrangler's and the API's, verbatim, then emu's.

import (
	"fmt"
	"path/filepath"

	"github.com/seed-36a2c969/emu/config"
)

// Messages of Wrangler: of the function that applies all migrations (class-names-sqlite.ts),
// of its bundler, and of its deploy command.
const (
	msgDeleteUnknown = "Cannot apply deleted_classes migration to non-existent class %s"
	msgRenameUnknown = "Cannot apply renamed_classes migration to non-existent class %s"
	msgNewExisting   = "Cannot apply %s migration to existing class %s"
	msgNotExported   = "Your Worker depends on the following Durable Objects, which are not exported in your entrypoint file: %s.\nYou should export these objects from your entrypoint, %s."
	// The missing quotation mark is Wrangler's.
	msgTagNotFound = "The published script %s has a migration tag \"%s, which was not found in your %s file. You may have already deleted it. Applying all available migrations to the script..."
)

// Messages of the API, as users have published them. 10074 for a new SQLite class has also
// been recorded through Wrangler.
const (
	msgNotConfigured  = "Cannot create binding for class '%s' because it is not currently configured to implement Durable Objects. Ensure a --new-class migration has been applied to it. [code: 10061]"
	msgDeleteBound    = "Cannot apply --delete-class migration to class '%s' without also removing the binding that references it. [code: 10061]"
	msgClassGone      = "New version of script does not export class '%s' which is depended on by existing Durable Objects. Did you forget to include it? If you renamed it, try a rename-class migration. If you want to delete all the Durable Objects implemented by the class, you can use a delete-class migration [code: 10064]"
	msgNewNotExported = "Cannot apply new-class migration to class '%s' that is not exported by script [code: 10070]"
	msgNewDeployed    = "Cannot apply %s migration to class '%s' that is already depended on by existing Durable Objects [code: 10074]"
	msgDeleteUndeploy = "Cannot apply delete-class migration to class '%s' which was not exported in the previous version of the script [code: 10074]"
	msgTwoTargets     = "class '%s' cannot be the target of more than one migration [code: 10074]"
	msgTagCondition   = "Migration tag precondition failed; current tag is %s [code: 10079]"
	msgFreePlan       = "In order to use Durable Objects with a free plan, you must create a namespace using a `new_sqlite_classes` migration. [code: 10097]"
	// The arguments are a scenario, the class, and the meaning of the scenario.
	msgExportsFailed = "Durable Object exports reconciliation failed:\n  \u2718 [%s] class '%s': %s [code: 100402]"
)

// scenarios maps each error about exports to its meaning. The first is as users have published
// it, without the id of the namespace. The others are from the error reference of the
// documentation.
var scenarios = map[string]string{
	"provisioned_class_missing_from_config":       "class '{class}' has a provisioned Durable Object namespace but is not declared in `exports`. Every provisioned class must be declared in `exports` (live or tombstone); silent drift is not permitted.",
	"orphaned_provisioned_namespace":              "A namespace exists for a class that is neither in code nor declared.",
	"config_export_not_in_code":                   "A live entry declares a class that the Worker code does not export.",
	"config_references_nonexistent_class":         "A live entry declares a class that is neither in code nor provisioned.",
	"tombstone_delete_class_still_in_code":        "A `deleted` tombstone names a class that is still exported in code.",
	"tombstone_renamed_to_occupied":               "A `renamed_to` target collides with an existing namespace under that name.",
	"phase_one_transfer_target_class_provisioned": "The target Worker already owns a namespace for the class.",
	"storage_type_mismatch":                       "The declared `storage` value does not match the provisioned namespace's storage backend.",
	"invalid_export":                              "An `exports` entry is structurally invalid \u2014 for example, requesting `legacy-kv` for a new namespace.",
}

// Messages of emu.
const (
	msgUnreadable   = "cannot read migration ledger %s: %v; move it away or run with --reset-migrations"
	msgEdited       = "migration %q was already applied with different contents; applied migrations cannot be edited"
	msgRemoved      = "migration %q was applied but is no longer in %s"
	msgLastRemoved  = "the local state has migration tag %q, which was not found in %s"
	msgRetagged     = "migration %[2]q, which was applied, is %[1]q now: the same steps under another tag"
	msgInserted     = "migration %q was inserted before already applied migration %q; append new migrations at the end"
	msgReordered    = "migration %q was moved before already applied migration %q; applied migrations keep their order"
	msgDuplicateTag = "duplicate migration tag %q (migrations[%d] and migrations[%d]); tags must be unique"
	msgEmptyTag     = "\"migrations[%d].tag\" must be a non-empty string"
	msgDiverged     = "this start uses the migrations of %s, not the applied ones; classes that both have keep their data"

	msgRenameOnto      = "cannot apply renamed_classes migration: target class %s already exists"
	msgTransferOnto    = "cannot apply transferred_classes migration: target class %s already exists"
	msgTransferNothing = "cannot transfer class %s from Worker %s: no local state of it there; starting empty"
	msgAdoptedRename   = "class %s uses the data in %s, as wrangler dev does; the data from before its rename stays in %s"
	msgImplicit        = "Durable Object class %s is bound but no migration creates it; using key-value storage, and production rejects this (10061)"
	msgBadClass        = "class name %q cannot name a folder"
	msgNoName          = "no \"name\" in %s: the local state is kept under %q, the folder's name"

	msgStorageChange = "cannot change storage of class %s from %s to %s"
	msgUndeclared    = "class %s has local state and is not declared in exports"
	msgOccupied      = "cannot rename class %s to %s: the target class already has local state"

	msgAssumeNotEmpty = "cannot assume deployed tag %q: the local state already has migration tag %q"
	msgAssumeUnknown  = "cannot assume deployed tag %q: it was not found in %s"

	msgNotCompared     = "not compared with anything deployed"
	msgOtherWorker     = "the configuration compared with is of Worker %q, this one of %q, which starts without Durable Objects"
	msgDeployedEdited  = "migration %q was already deployed with different contents; production ignores the edit"
	msgDeployedStorage = "class %s was deployed with %s and cannot change to %s; production ignores the edit of migration %q"
	msgDeployedInsert  = "migration %q was inserted before already deployed migration %q; production ignores it"
	msgDeployedRemoved = "migration %q was deployed but is no longer in %s"
	msgBackToMigration = "the deployed Worker declares its classes in exports and cannot go back to migrations"
)

const (
	resetFlag = "run with --reset-migrations"
	resetHint = "or " + resetFlag
)

// fileName is the name of the configuration's file in messages.
func fileName(cfg *config.Config) string {
	if cfg.Path == "" {
		return "the configuration"
	}
	return filepath.Base(cfg.Path)
}

// hintFix is a hint to change the configuration's file.
func hintFix(cfg *config.Config, format string, args ...any) string {
	return fmt.Sprintf(format, args...) + " in " + fileName(cfg)
}
