package storage

import (
	"fmt"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Cloudflare's words, verbatim from workerd 2026-11-17.
const (
	msgAlarmPast              = "setAlarm() cannot be called with an alarm time <= 0"
	msgAlarmInvalid           = "The value cannot be converted because it is not a valid Date."
	msgAlarmFar               = "This API doesn't support dates after 2189."
	msgAlarmNoHandler         = "Your Durable Object class must have an alarm() handler in order to call setAlarm()"
	msgDeleteAllInTransaction = "Cannot call deleteAll() within a transaction"
	msgRollbackCommitted      = "Cannot call rollback() on transaction that has already committed: did you move `txn` outside of the closure?"
	msgRollbackOuter          = "Cannot roll back an outer transaction while a nested transaction is still running."
	msgListBothStarts         = "list() cannot be called with both start and startAfter values."
	msgListLimit              = "List limit must be positive."
	msgNoPITR                 = "This Durable Object's storage back-end does not implement point-in-time recovery."
	msgConstraintsViolated    = "Durable Object was reset and rolled back to its last known good state because the application left the database in a state where constraints were violated: "
	msgListRange              = "Value out of range. Must be between -2147483648 and 2147483647 (inclusive)."
	msgPutUndefined           = "put() called with undefined value."
	msgNoSQL                  = "SQL is not enabled for this Durable Object class. To enable it, change `new_classes` to `new_sqlite_classes` within the 'migrations' field in your wrangler.jsonc or wrangler.toml file. If using workerd directly,set `enableSql = true` in your workerd config for the class. Note that this change cannot be made after the class is already deployed to production."
	msgNoKV                   = "The storage.kv (synchronous KV) API is only available for SQLite-backed Durable Objects, but this object's namespace is not declared to use SQLite. You can use the older, asyncronous interface via methods of `storage` itself (e.g. `storage.get()`). Alternatively, to enable SQLite, change `new_classes` to `new_sqlite_classes` within the 'migrations' field in your wrangler.jsonc or wrangler.toml file. If using workerd directly, set `enableSql = true` in your workerd config for the class. Note that this change cannot be made after the class is already deployed to production."
)

func msgInternal(reference string) string { return "internal error; reference = " + reference }

// The emulator's own words.

var errSyncWaits = driver.PlainError("what TransactionSync runs must not wait; use Transaction")

func msgNoFiles(path string) string {
	return fmt.Sprintf("cannot open the database %s: too many open files; raise the limit where emu is started: ulimit -n 65536", path)
}

func msgDamaged(path string) string {
	return fmt.Sprintf("database %s is damaged; restore it from a copy, or move it away to start afresh", path)
}
