package outbound

import "strings"

// Cloudflare's words, verbatim: what workerd says of fetch().
const (
	msgRedirectMode = "Invalid redirect value, must be one of \"follow\" or \"manual\" (\"error\" won't be implemented since it does not make sense at the edge; use \"manual\" and check the response status code)."
	msgLocation     = "Invalid Location header; unable to follow redirect."
	msgBodyOnce     = "A request with a one-time-use body (it was initialized from a stream, not a buffer) encountered a redirect requiring the body to be retransmitted. To avoid this error in the future, construct this request from a buffer-like body initializer."
)

func msgInvalidURL(url string) string { return "Invalid URL: " + url }

func msgCannotLoad(url string) string { return "Fetch API cannot load: " + url }

// msgTooManyRedirects has no space behind its full stop.
func msgTooManyRedirects(urls []string) string {
	return "Too many redirects." + strings.Join(urls, ", ")
}

func msgInternal(reference string) string { return "internal error; reference = " + reference }

// Ours.
const (
	msgNoConnectionHeader = "Server failed WebSocket handshake: missing Connection header."
)
