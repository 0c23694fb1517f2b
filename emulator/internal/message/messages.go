package message

// Cloudflare's words, verbatim: what workerd 2026-11-17 says.
const (
	msgName            = "Invalid header name."
	msgValue           = "Invalid header value."
	msgNoResponse      = "Incorrect type for Promise: the Promise did not resolve to 'Response'."
	msgUpgradeNotAsked = "Worker tried to return a WebSocket in a response to a request which did not contain the header \"Upgrade: websocket\"."
	msgStatusRange     = "Responses may only be constructed with status codes in the range 200 to 599, inclusive."
	msgStatusWebSocket = "Responses with a WebSocket must have status code 101."
	msgNullBody        = "Response with null body status (101, 204, 205, or 304) cannot have a body."
)
