package object

// Cloudflare's words, verbatim: what wrangler 4.164.0 and workerd 2026-11-17
// say. Nothing here is rephrased, also where it is odd.

import "fmt"

const (
	msgIDSyntax     = "Invalid Durable Object ID: must be 64 hex digits"
	msgIDNamespace  = "Durable Object ID is not valid for this namespace."
	msgJurisdiction = "Jurisdiction restrictions are not implemented in workerd."
	msgAbort        = "Application called abort() to reset Durable Object."
	msgBlockTimeout = "A call to blockConcurrencyWhile() in a Durable Object waited for too long. The call was canceled and the Durable Object was reset."
	msgBlockNested  = "blockConcurrencyWhile() calls are nested too deeply."
	MsgNoFetch      = "Handler does not export a fetch() function."
	msgEventTimeout = "Actor exceeded event execution time and was disconnected."

	msgEventTimeoutMax = "Event timeout should not exceed 604800000 ms."
	msgNegative        = "The value cannot be converted because it is negative and this API expects a positive number."
)

func msgNoMethod(method string) string {
	return fmt.Sprintf("The RPC receiver does not implement the method \"%s\".", method)
}

func msgReserved(method string) string {
	return fmt.Sprintf("'%s' is a reserved method and cannot be called over RPC.", method)
}

// Ours.

func msgAlarmGivenUp(runs int) string {
	return fmt.Sprintf("the alarm handler has failed %d times, the alarm is dropped", runs)
}

func msgRPCSize(n int) string {
	return fmt.Sprintf("Serialized RPC arguments or return values are limited to 32MiB, but the size of this value was: %d bytes.", n)
}

// msgHanging has the handler, a time and a place.
const (
	msgHanging  = "%s has held the object for %v without a wait%s; until it ends nothing else of the object runs"
	msgMoreHang = "%d more handlers hold their objects likewise"
)
