package emulator

// Cloudflare's words, verbatim: what wrangler 4.164.0 and workerd 2026-11-17
// say. Nothing here is rephrased, also where it is odd.

import (
	"fmt"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

const (
	msgIDSyntax       = "Invalid Durable Object ID: must be 64 hex digits"
	msgIDNamespace    = "Durable Object ID is not valid for this namespace."
	msgJurisdiction   = "Jurisdiction restrictions are not implemented in workerd."
	msgAbort          = "Application called abort() to reset Durable Object."
	msgBlockTimeout   = "A call to blockConcurrencyWhile() in a Durable Object waited for too long. The call was canceled and the Durable Object was reset."
	msgBlockNested    = "blockConcurrencyWhile() calls are nested too deeply."
	msgNoFetch        = "Handler does not export a fetch() function."
	msgEventTimeout   = "Actor exceeded event execution time and was disconnected."
	msgConnectionLost = "Network connection lost."
	msgReadAnswered   = "Can't read from request stream after response has been sent."

	msgRedirectMode = "Invalid redirect value, must be one of \"follow\" or \"manual\" (\"error\" won't be implemented since it does not make sense at the edge; use \"manual\" and check the response status code)."
	msgLocation     = "Invalid Location header; unable to follow redirect."
	msgBodyOnce     = "A request with a one-time-use body (it was initialized from a stream, not a buffer) encountered a redirect requiring the body to be retransmitted. To avoid this error in the future, construct this request from a buffer-like body initializer."

	msgVersion        = "invalid HTTP version parsed"
	msgAddressTooLong = "URI too long"
	msgHeadTooLarge   = "message head is too large"
	msgMethodUnknown  = "ERROR: Unrecognized request method."
	msgLengthMore     = "Attempt to write too many bytes through a FixedLengthStream."
	msgLengthLess     = "FixedLengthStream did not see all expected bytes before close()."

	msgEventTimeoutMax = "Event timeout should not exceed 604800000 ms."
	msgNegative        = "The value cannot be converted because it is negative and this API expects a positive number."

	msgAlarmPast      = "setAlarm() cannot be called with an alarm time <= 0"
	msgAlarmInvalid   = "The value cannot be converted because it is not a valid Date."
	msgAlarmFar       = "This API doesn't support dates after 2189."
	msgAlarmNoHandler = "Your Durable Object class must have an alarm() handler in order to call setAlarm()"

	msgDeleteAllInTransaction = "Cannot call deleteAll() within a transaction"
	msgRollbackCommitted      = "Cannot call rollback() on transaction that has already committed: did you move `txn` outside of the closure?"
	msgRollbackOuter          = "Cannot roll back an outer transaction while a nested transaction is still running."
	msgListBothStarts         = "list() cannot be called with both start and startAfter values."
	msgListLimit              = "List limit must be positive."
	msgListInvalidated        = "kv.list() iterator was invalidated because a new call to kv.list() was started. Only one kv.list() iterator can exist at a time."
	msgNoPITR                 = "This Durable Object's storage back-end does not implement point-in-time recovery."
	msgConstraintsViolated    = "Durable Object was reset and rolled back to its last known good state because the application left the database in a state where constraints were violated: "
	msgListRange              = "Value out of range. Must be between -2147483648 and 2147483647 (inclusive)."
	msgPutUndefined           = "put() called with undefined value."

	msgNoSQL = "SQL is not enabled for this Durable Object class. To enable it, change `new_classes` to `new_sqlite_classes` within the 'migrations' field in your wrangler.jsonc or wrangler.toml file. If using workerd directly,set `enableSql = true` in your workerd config for the class. Note that this change cannot be made after the class is already deployed to production."
	msgNoKV  = "The storage.kv (synchronous KV) API is only available for SQLite-backed Durable Objects, but this object's namespace is not declared to use SQLite. You can use the older, asyncronous interface via methods of `storage` itself (e.g. `storage.get()`). Alternatively, to enable SQLite, change `new_classes` to `new_sqlite_classes` within the 'migrations' field in your wrangler.jsonc or wrangler.toml file. If using workerd directly, set `enableSql = true` in your workerd config for the class. Note that this change cannot be made after the class is already deployed to production."
)

func msgInvalidURL(url string) string { return "Invalid URL: " + url }

func msgCannotLoad(url string) string { return "Fetch API cannot load: " + url }

// msgTooManyRedirects has no space behind its full stop.
func msgTooManyRedirects(urls []string) string {
	return "Too many redirects." + strings.Join(urls, ", ")
}

func msgInternal(reference string) string { return "internal error; reference = " + reference }

func msgNoMethod(method string) string {
	return fmt.Sprintf("The RPC receiver does not implement the method \"%s\".", method)
}

func msgReserved(method string) string {
	return fmt.Sprintf("'%s' is a reserved method and cannot be called over RPC.", method)
}

// Ours.

const msgNoConnectionHeader = "Server failed WebSocket handshake: missing Connection header."

const msgNoFiles = "too many open files; raise the limit where emu is started: ulimit -n 65536"

const msgGoexit = "the handler ended its goroutine with runtime.Goexit"

var errSyncWaits = driver.PlainError("what TransactionSync runs must not wait; use Transaction")

func msgAlarmGivenUp(runs int) string {
	return fmt.Sprintf("the alarm handler has failed %d times, the alarm is dropped", runs)
}

func msgDamaged(path string) string {
	return fmt.Sprintf("database %s is damaged; restore it from a copy, or move it away to start afresh", path)
}

func msgRPCSize(n int) string {
	return fmt.Sprintf("Serialized RPC arguments or return values are limited to 32MiB, but the size of this value was: %d bytes.", n)
}

// msgHanging has the handler, a time and a place.
const (
	msgHanging  = "%s has held the object for %v without a wait%s; until it ends nothing else of the object runs"
	msgMoreHang = "%d more handlers hold their objects likewise"
)
