package store

// Cloudflare's own words, verbatim.

const (
	msgNoStatement     = "SQL code did not contain a statement."
	msgParametersEarly = "When executing multiple SQL statements in a single call, only the last statement can have parameters."
	msgParameterCount  = "Wrong number of parameter bindings for SQL query."
	msgOneAtATime      = "A SQL prepared statement can only be executed once at a time."
	msgDeleted         = "SQLite query was canceled because the database was deleted."
	msgCritical        = "Cannot commit transaction due to an earlier SQL critical error"
	msgListInvalidated = "kv.list() iterator was invalidated because a new call to kv.list() was started. Only one kv.list() iterator can exist at a time."
	msgTransaction     = "To execute a transaction, please use the state.storage.transaction() or state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT statements. The JavaScript API is safer because it will automatically roll back on exceptions, and because it interacts correctly with Durable Objects' automatic atomic write coalescing."
)
