package httpx

// https://developers.cloudflare.com/workers/runtime-apis/response/

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// response is the [http.ResponseWriter] of a handler. Its errors are net/http's.
type response struct {
	x      *exchange
	method string
	header http.Header // the handler may change it at any time

	status int         // 0 before WriteHeader
	head   http.Header // header at WriteHeader
	length int64       // Content-Length of the head, or -1
	buf    []byte      // written and not yet sent
	wrote  int64       // how many bytes were written, also for a HEAD
	gone   error       // why nothing can be sent any more

	socket  *durable.WebSocket // of a response with status 101
	passed  *durable.Response  // set by StubHandler: it is the answer
	failure error              // the event fails with it
}

func (w *response) Header() http.Header { return w.header }

// WriteHeader writes the head. It drops that of an informational response.
func (w *response) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %v", status))
	}
	if w.status != 0 || status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	w.status, w.head, w.length = status, w.header.Clone(), -1
	maps.DeleteFunc(w.head, func(k string, _ []string) bool {
		return k == "Trailer" || strings.HasPrefix(k, http.TrailerPrefix)
	})
	if n, err := strconv.ParseInt(w.head.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		w.length = n
	} else {
		w.head.Del("Content-Length")
	}
}

func (w *response) Write(p []byte) (int, error) {
	if err := w.admit(len(p)); err != nil {
		return 0, err
	}
	if w.method == http.MethodHead {
		w.buf = append(w.buf, p[:min(len(p), sniffed-len(w.buf))]...)
	} else {
		w.buf = append(w.buf, p...)
	}
	return len(p), nil
}

// sniffed is how many bytes [http.DetectContentType] looks at. No more is kept for a HEAD.
const sniffed = 512

// admit returns an error if n more bytes cannot be written.
func (w *response) admit(n int) error {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	switch {
	case w.gone != nil:
		return w.gone
	case n == 0:
		return nil
	case !w.bodyAllowed():
		return http.ErrBodyNotAllowed
	case w.length >= 0 && w.wrote+int64(n) > w.length:
		return http.ErrContentLength
	}
	w.wrote += int64(n)
	return nil
}

// bodyAllowed reports whether a response of the status can have a body.
func (w *response) bodyAllowed() bool {
	switch w.status {
	case http.StatusNoContent, http.StatusResetContent, http.StatusNotModified:
		return false
	}
	return w.status >= 200 && w.status <= 599
}

// Flush is FlushError for [http.Flusher].
func (w *response) Flush() { w.FlushError() }

// FlushError sends what has been written, and gives the turn up until the reader has taken it. The
// first call also sends the head, and gives the turn up even if there is no body yet. It returns an
// error if nobody reads any more.
func (w *response) FlushError() error {
	if w.passed != nil {
		return nil
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.x.pipe == nil {
		w.x.stream(w.answer(), w.bodyAllowed() && w.method != http.MethodHead)
	}
	w.send()
	return w.gone
}

// EnableFullDuplex does nothing: every request can be read after the response has begun.
func (w *response) EnableFullDuplex() error { return nil }

// send writes the buffer to the pipe.
func (w *response) send() {
	err := context.Cause(w.x.ctx)
	if len(w.buf) > 0 && w.method != http.MethodHead {
		err = off(w.x.ctx, driver.PinFlush, func() error {
			_, err := w.x.pipe.Write(w.buf)
			return err
		})
		w.buf = w.buf[:0]
	}
	if w.gone == nil {
		w.gone = err
	}
}

// answer returns the response without a body.
func (w *response) answer() *durable.Response {
	if _, set := w.head["Content-Type"]; !set && len(w.buf) > 0 && w.head.Get("Content-Encoding") == "" {
		w.head.Set("Content-Type", http.DetectContentType(w.buf))
	}
	return &durable.Response{Status: w.status, Header: durable.Header(w.head), WebSocket: w.socket}
}

// whole returns the response of a handler that has ended without a flush.
func (w *response) whole() *durable.Response {
	if w.passed != nil {
		return w.passed
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	a := w.answer()
	switch {
	case w.method == http.MethodHead:
		if w.length < 0 && w.wrote > 0 {
			a.Header.Set("Content-Length", strconv.FormatInt(w.wrote, 10))
		}
	case len(w.buf) > 0:
		a.Body = bytes.NewReader(w.buf) // the runtime sends its length
	}
	return a
}

// end ends a streamed body.
func (w *response) end() {
	if w.failure == nil {
		w.send()
	}
	w.x.unhook()
	w.x.failure = w.failure
	w.x.pipe.CloseWithError(w.failure)
}
