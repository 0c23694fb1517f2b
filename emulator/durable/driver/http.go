package driver

import (
	"io"
	"net/url"
)

// CF is the part of request.cf that has a known meaning.
type CF struct{ Colo, Country, City, ASN string }

// Request is a request that was received or is sent. URL is absolute. Header keys are in
// net/http's canonical form. Body is nil if there is none. The sender must not change
// a request, or its Header, after it was sent.
type Request struct {
	Method   string
	URL      *url.URL
	Header   map[string][]string
	Body     io.ReadCloser
	CF       CF
	Redirect string // "" is [RedirectFollow]
	// BodyAgain returns the body from its beginning, to send it again after a redirect. It is
	// nil if the body can only be read once.
	BodyAgain func() io.ReadCloser
}

// ReadCloser is a body with its Close, or with one that does nothing if it has none.
func ReadCloser(body io.Reader) io.ReadCloser {
	if c, ok := body.(io.ReadCloser); ok {
		return c
	}
	return io.NopCloser(body)
}

// The values of [Request.Redirect].
const (
	RedirectFollow = "follow" // a redirect is followed
	RedirectManual = "manual" // the caller gets the response that redirects
)

// Response is an answer. Status 0 is 200. Body is nil if there is none; if it is an
// io.Closer, the runtime closes it after use. WebSocket is set if Status is 101.
type Response struct {
	Status     int
	StatusText string // not sent over HTTP, where Go's text for Status stands instead
	Header     map[string][]string
	Body       io.Reader
	WebSocket  Socket
	// URL is the address from which a response was fetched. Redirected is set if a redirect
	// has led there.
	URL        string
	Redirected bool
}
