package httpx

// https://developers.cloudflare.com/durable-objects/api/stub/

import (
	"io"
	"net/http"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// StubHandler passes requests on to an object, also WebSocket upgrades, like return
// stub.fetch(request) in Cloudflare's documentation. The object's answer is the handler's,
// and its error fails the handler's event. With middleware whose writer has no method
// Unwrap, as for [http.ResponseController], an upgrade fails.
func StubHandler(s *durable.Stub) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own := ownWriter(w)
		resp, err := s.Fetch(r.Context(), outgoing(r))
		switch {
		case err != nil && own != nil:
			own.failure = err
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		case resp.WebSocket != nil && own == nil:
			http.Error(w, "httpx: the http.ResponseWriter cannot pass a WebSocket on; give it an Unwrap method", http.StatusInternalServerError)
		case resp.WebSocket != nil:
			own.socket = resp.WebSocket
			addHeader(w, resp)
			w.WriteHeader(http.StatusSwitchingProtocols)
			own.WriteHeader(http.StatusSwitchingProtocols) // the writer of middleware may drop it
		case w == http.ResponseWriter(own) && own.status == 0:
			addHeader(w, resp)
			resp.Header = durable.Header(own.header)
			own.passed, own.status = resp, resp.Status
		default:
			forward(w, r, resp)
		}
	})
}

// ownWriter returns the writer of this package below w, or nil.
func ownWriter(w http.ResponseWriter) *response {
	for {
		switch t := w.(type) {
		case *response:
			return t
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return nil
		}
	}
}

// addHeader adds the headers of an object's answer to those of w.
func addHeader(w http.ResponseWriter, resp *durable.Response) {
	for k, values := range resp.Header {
		for _, v := range values {
			w.Header().Add(k, v)
		}
	}
}

// forward writes an object's answer to w, and flushes after each piece of a streamed one.
func forward(w http.ResponseWriter, r *http.Request, resp *durable.Response) {
	addHeader(w, resp)
	w.WriteHeader(resp.Status)
	if resp.Body == nil {
		return
	}
	from := &body{r.Context(), driver.ReadCloser(resp.Body)}
	defer from.Close()
	control := http.NewResponseController(w)
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return
			}
			if resp.Header["Content-Length"] == nil {
				control.Flush() // a writer that cannot flush sends all at the end
			}
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	}
}
