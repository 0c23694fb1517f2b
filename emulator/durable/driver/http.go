package driver

import (
	"io"
	"net/url"
)

// CF is the part of request.cf that has a known meaning.
type CF struct{ Colo, Country, City, ASN string }

// Request is a request received or to be sent. URL is absolute; header keys
// are in net/http's canonical form. Body is nil for none. One that is sent belongs
// to the runtime, with its Header.
type Request struct {
	Method   string
	URL      *url.URL
	Header   map[string][]string
	Body     io.ReadCloser
	CF       CF
	Redirect string // as the author gave it: "" is [RedirectFollow]
	// BodyAgain returns the body from its beginning, for a redirect. It is nil if the
	// body can be read once only.
	BodyAgain func() io.ReadCloser
}

// ReadCloser is a body with its Close, or with one that does nothing if it has none.
func ReadCloser(body io.Reader) io.ReadCloser {
	if c, ok := body.(io.ReadCloser); ok {
		return c
	}
	return io.NopCloser(body)
}

// What becomes of a response that redirects.
const (
	RedirectFollow = "follow" // the request is sent again to where it leads
	RedirectManual = "manual" // it is the caller's, as it is
)

// Response is an answer. Status 0 is 200; Body nil is none. If Body is an
// io.Closer it is closed after use. WebSocket is set if Status is 101.
type Response struct {
	Status     int
	StatusText string // a client of HTTP gets Go's text for Status instead
	Header     map[string][]string
	Body       io.Reader
	WebSocket  Socket
	// URL is where a response that was fetched came from, and Redirected whether
	// that was reached by a redirect.
	URL        string
	Redirected bool
}
