package httpx

// https://developers.cloudflare.com/durable-objects/api/stub/

import (
	"io"
	"net/http"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// StubHandler forwards requests to an object, WebSocket upgrades too: the
// documentation's return stub.fetch(request). Its answer is passed on, its error
// fails the handler's event. An upgrade reaches the client through writers of
// middleware that have the Unwrap method of [http.ResponseController].
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
			own.WriteHeader(http.StatusSwitchingProtocols) // if w did not
		case w == http.ResponseWriter(own) && own.status == 0:
			addHeader(w, resp)
			resp.Header = durable.Header(own.header)
			own.passed, own.status = resp, resp.Status
		default:
			forward(w, r, resp)
		}
	})
}

// ownWriter is the writer of this package below w, nil if there is none.
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

// addHeader adds an object's headers to those that a handler has set.
func addHeader(w http.ResponseWriter, resp *durable.Response) {
	for k, values := range resp.Header {
		for _, v := range values {
			w.Header().Add(k, v)
		}
	}
}

// forward writes an object's answer, each piece of a streamed one as it comes.
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
				control.Flush() // a writer that cannot keeps it until the end
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
