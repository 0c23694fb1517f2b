package driver

import (
	"io"
	"net/url"
)

// CF is the part of request.cf that has a known meaning.
type CF struct{ Colo, Country, City, ASN string }

// Request is a request received or to be sent. URL is absolute; header keys
// are in net/http's canonical form. Body is nil for none.
type Request struct {
	Method string
	URL    *url.URL
	Header map[string][]string
	Body   io.ReadCloser
	CF     CF
}

// Response is an answer. Status 0 is 200; Body nil is none. If Body is an
// io.Closer it is closed after use. WebSocket is set if Status is 101.
type Response struct {
	Status    int
	Header    map[string][]string
	Body      io.Reader
	WebSocket Socket
}
