package wire

import "fmt"

// Cloudflare's messages, verbatim: what workerd says to clients and classes of a client's mistake.
const (
	msgReservedBits  = "Received frame had RSV bits 2 or 3 set"
	msgCompressed    = "Received a WebSocket frame whose compression bit was set, but the compression extension was not negotiated for this connection."
	msgContinuation  = "Unexpected continuation frame"
	msgNewData       = "Missing continuation frame"
	msgFragmentedCtl = "Received fragmented control frame"

	msgVersion = "ERROR: The requested WebSocket version is not supported."
	msgNoKey   = "ERROR: Missing Sec-WebSocket-Key"
	msgMethod  = "ERROR: WebSocket must be initiated with a GET request."
)

// msgOverflow is our own: workerd lets the queue grow.
const msgOverflow = "Too many bytes are waiting to be read"

func msgOpcode(op byte) string { return fmt.Sprintf("Unknown opcode %d", op) }

func msgTooLarge(n, limit uint64) string {
	return fmt.Sprintf("Message is too large: %d > %d", n, limit)
}
