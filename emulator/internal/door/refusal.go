package door

import (
	"io"
	"net/http"
	"strconv"
)

// methods are those that workerd knows.
var methods = map[string]bool{
	"GET": true, "HEAD": true, "POST": true, "PUT": true, "DELETE": true, "PATCH": true, "PURGE": true,
	"OPTIONS": true, "TRACE": true, "COPY": true, "LOCK": true, "MKCOL": true, "MOVE": true, "PROPFIND": true,
	"PROPPATCH": true, "SEARCH": true, "UNLOCK": true, "ACL": true, "REPORT": true, "MKACTIVITY": true,
	"CHECKOUT": true, "MERGE": true, "MSEARCH": true, "NOTIFY": true, "SUBSCRIBE": true, "UNSUBSCRIBE": true,
	"QUERY": true, "BAN": true,
}

// Limits on the head of a request, in bytes. workerd takes 64 KiB of request line and 480 KiB in all, less the
// headers that Wrangler adds.
const (
	maxAddress    = 65512
	maxHead       = 491120
	maxHeaderName = 65535
	maxHeaders    = 16382 // lines
)

// MaxHeaderBytes is for the [http.Server] of a world. It is larger than maxHead, so that the door and not net/http
// refuses a head that is too large.
const MaxHeaderBytes = 4 << 20

// refusal returns the answer to a request that does not reach the Worker; status 0 says that the request does.
func refusal(r *http.Request) (status int, text string) {
	switch {
	case r.ProtoMajor == 1 && r.ProtoMinor > 1:
		return http.StatusBadRequest, msgVersion
	case !methods[r.Method]:
		return http.StatusNotImplemented, msgMethodUnknown
	case len(r.RequestURI) > maxAddress:
		return http.StatusRequestURITooLong, msgAddressTooLong
	case isTooLarge(r):
		return http.StatusRequestHeaderFieldsTooLarge, msgHeadTooLarge
	case r.Host == "":
		return http.StatusBadRequest, http.StatusText(http.StatusBadRequest)
	}
	return 0, ""
}

// isTooLarge reports whether the head of a request has more bytes or more headers than workerd takes, or a longer name.
func isTooLarge(r *http.Request) bool {
	n := len(r.Method) + len(r.RequestURI) + len(" HTTP/1.1\r\nHost: \r\n\r\n ") + len(r.Host)
	lines := 1
	for name, values := range r.Header {
		if len(name) > maxHeaderName {
			return true
		}
		lines += len(values)
		for _, v := range values {
			n += len(name) + len(": \r\n") + len(v)
		}
	}
	return n > maxHead || lines > maxHeaders
}

// refuse answers a request that does not reach the Worker.
func refuse(rw http.ResponseWriter, r *http.Request, status int, text string) {
	h := rw.Header()
	h["Date"] = nil
	h["Content-Type"] = nil
	if r.Host != "" {
		h.Set("Content-Type", "text/plain")
		h.Set("Connection", "close")
	}
	if r.ContentLength != 0 { // without a body net/http sets it
		h.Set("Content-Length", strconv.Itoa(len(text)))
	}
	rw.WriteHeader(status)
	io.WriteString(rw, text)
}
