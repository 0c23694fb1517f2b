package socket

import "fmt"

// Cloudflare's limits as workerd enforces them locally.
// https://developers.cloudflare.com/durable-objects/platform/limits/
const (
	maxTags         = 10
	maxTag          = 256 // bytes
	maxSockets      = 32768
	maxAttachment   = 16384 // bytes serialized
	maxAutoResponse = 2048  // bytes
	maxCloseReason  = 123   // bytes
)

// Cloudflare's words, verbatim: what workerd says of WebSockets.
const (
	msgReturnHibernate = "Can't return WebSocket in a Response after calling acceptWebSocket()."
	msgReturnAccepted  = "Can't return WebSocket in a Response after calling accept()."
	msgAcceptUsed      = "Can't accept() WebSocket that was already used in a response."
	msgReturnUsed      = "Can't return WebSocket that was already used in a response."
	msgNotWebSocket    = "Failed to execute 'acceptWebSocket' on 'DurableObjectState': parameter 1 is not of type 'WebSocket'."
	msgAlreadyAccepted = "Cannot call `acceptWebSocket()` if the WebSocket was already accepted via `accept()`"
	msgPairUsed        = "Cannot call `acceptWebSocket()` on this WebSocket because its pair has already been accepted or used in a Response."
	msgTooManyTags     = "a Hibernatable WebSocket cannot have more than 10 tags"
	msgAcceptHibernate = "Can't accept() WebSocket after enabling hibernation."
	msgNotAccepted     = "You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages."
	msgTagsNotAccepted = "you must call 'acceptWebSocket()' before attempting to access the tags of a WebSocket."
	msgTagsAccepted    = "only hibernatable websockets can have tags."
	msgSendAfterClose  = "Can't call WebSocket send() after close()."
	msgReasonTooLong   = "WebSocket close reason must not be longer than 123 bytes when UTF-8 encoded."
	msgReasonNoCode    = "If you specify a WebSocket close reason, you must also specify a code."
	msgDisconnected    = "WebSocket disconnected without sending Close frame."
)

func msgTagTooLong(tag string) string {
	return fmt.Sprintf("\"%s\" is longer than the max tag length (256 characters).", tag)
}

func msgTooManySockets(kind string) string {
	if kind == "" {
		return fmt.Sprintf("only %d websockets can be accepted on a single Durable Object instance", maxSockets)
	}
	return fmt.Sprintf("only %d %s websockets can be open on a single Durable Object instance", maxSockets, kind)
}

func msgAttachment(n int) string {
	return fmt.Sprintf("A WebSocket 'attachment' cannot be larger than %d bytes.'attachment' was %d bytes.", maxAttachment, n)
}

func msgAutoResponse(what string, n int) string {
	return fmt.Sprintf("%s cannot be larger than %d bytes. A %s of size %d was provided.", what, maxAutoResponse, lower(what), n)
}

func lower(word string) string { return string(word[0]|0x20) + word[1:] }

func msgCloseCode(code int) string { return fmt.Sprintf("Invalid WebSocket close code: %d.", code) }

func msgProtocol(status int, description string) string {
	return fmt.Sprintf("WebSocket protocol error; protocolError.statusCode = %d; protocolError.description = %s", status, description)
}

func msgOverflow(buffered, together int64) string {
	if together > 0 {
		return fmt.Sprintf("clients read too slowly: more than %d bytes wait for all of them, %d for this one, its WebSocket is closed with 1009", together, buffered)
	}
	return fmt.Sprintf("a client reads too slowly: %d bytes wait for it, its WebSocket is closed with 1009", buffered)
}
