package door

// https://developers.cloudflare.com/workers/runtime-apis/response/

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/message"
	"github.com/seed-36a2c969/emu/emulator/internal/object"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
	"github.com/seed-36a2c969/emu/emulator/internal/upload"
)

var buffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// ofConnection are the headers that belong to a connection. A Worker sees them only in an upgrade. They
// are never passed on to a client.
var ofConnection = []string{"Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// smallBody is the size up to which the buffer of a socket takes a body at once, so that the client's
// reading cannot hold the end of the world up.
const smallBody = 64 << 10

// translateBack replaces the Worker's origin in a response's headers by that which the client asked for.
func (x *exchange) translateBack(h http.Header) {
	asked, seen := x.origins(x.r)
	translate(h, seen, asked)
}

// respond writes a response that is no upgrade. It sends a streamed body piece by piece, and cuts the
// connection if the body fails. The result says how the client sees the end of the response.
func (x *exchange) respond(resp *driver.Response) upload.Ending {
	body := io.Reader(nil)
	if resp.Body != nil {
		body = message.Unbound(resp.Body)
	}
	bodiless := x.r.Method == http.MethodHead
	x.head(resp, bodiless)
	size, inMemory := message.InMemory(body)
	if c, ok := body.(io.Closer); ok {
		defer c.Close()
		defer context.AfterFunc(x.Host.Context(), func() { // the end of the world does not wait for a stream
			c.Close()
			x.part()
		})()
	} else if body != nil && !(inMemory && size <= smallBody) {
		defer context.AfterFunc(x.Host.Context(), x.part)()
	}
	if body == nil || bodiless {
		x.rw.WriteHeader(resp.Status)
		return upload.ByLength
	}
	if b, ok := body.(*object.Body); ok {
		defer b.Pin()()
	}
	defer x.Watch.Works("a response's body")()
	length, known := int64(0), x.rw.Header()["Content-Length"] != nil
	if known {
		length, _ = strconv.ParseInt(x.rw.Header().Get("Content-Length"), 10, 64)
	}
	var begin *head
	if inMemory {
		x.rw.WriteHeader(resp.Status) // at once: a body in memory cannot fail
	} else {
		begin = &head{write: func() {
			x.rw.WriteHeader(resp.Status)
			if !known {
				x.flush()
			}
		}}
		time.AfterFunc(headDelay, begin.now)
	}
	return x.stream(body, begin, length, known)
}

func (x *exchange) flush() { http.NewResponseController(x.rw).Flush() }

// part gives the client of a closed world a moment to take the rest.
func (x *exchange) part() {
	http.NewResponseController(x.rw).SetWriteDeadline(time.Now().Add(partingTime))
}

// head sets the headers of a response.
func (x *exchange) head(resp *driver.Response, bodiless bool) {
	h := x.rw.Header()
	h["Date"] = nil
	for k, v := range resp.Header {
		h[k] = v
	}
	for _, k := range ofConnection {
		delete(h, k)
	}
	x.translateBack(h)
	if n := h["Content-Length"]; n != nil && (len(n) != 1 || !message.IsLength(n[0])) {
		delete(h, "Content-Length") // workerd ignores a length that is no number
	}
	if t := h["Content-Type"]; len(t) == 0 || len(t) == 1 && t[0] == "" {
		h["Content-Type"] = nil // keeps net/http from guessing one
	}
	if resp.Body == nil && !bodiless || resp.Body != nil && bodiless && !x.upgrade {
		delete(h, "Content-Length") // without a body the length is 0; to HEAD workerd does not send that of a body
	}
	if resp.Body == nil && !bodiless && !x.sent.Ended() && resp.Status != http.StatusNoContent && resp.Status != http.StatusNotModified {
		h.Set("Content-Length", "0") // net/http sets it only when the handler has returned
	}
}

// stream writes a body. begin is the head, or nil if that is written. known says that the head has a
// length.
func (x *exchange) stream(body io.Reader, begin *head, length int64, known bool) upload.Ending {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	for written := int64(0); ; {
		n, err := x.readBody(body, *buf, begin)
		switch {
		case known && int64(n) > length-written:
			n, err = 0, driver.TypeError(msgLengthMore)
		case known && err == io.EOF && int64(n) < length-written:
			err = driver.TypeError(msgLengthLess)
		}
		if n == 0 && err != nil && err != io.EOF && begin.never() {
			x.bodyFailed(err)
			answerLost(x.rw, false)
			return upload.ByLength
		}
		begin.now()
		if n > 0 {
			waiting := x.sent.Unblock()
			_, gone := x.rw.Write((*buf)[:n])
			waiting()
			if gone != nil {
				return x.ending(known)
			}
			written += int64(n)
			if begin != nil && err == nil {
				x.flush() // the next piece may take any time
			}
		}
		if err == io.EOF {
			return x.ending(known)
		}
		if err != nil {
			if b, ok := body.(*object.Body); !ok || !b.WasReset() {
				x.bodyFailed(err)
			}
			x.flush() // the client gets the pieces before the error
			panic(http.ErrAbortHandler)
		}
	}
}

// ending says how the client sees the end of a body.
func (x *exchange) ending(known bool) upload.Ending {
	switch {
	case known:
		return upload.ByLength
	case x.r.ProtoAtLeast(1, 1):
		return upload.ByChunk
	}
	return upload.ByClose
}

// bodyFailed emits the error of a response's body.
func (x *exchange) bodyFailed(err error) {
	if !errors.Is(err, http.ErrAbortHandler) {
		x.Fault(driver.Exception(err))
	}
}

// readBody reads a piece of a response's body. A panic in the class's reader is an exception of its
// handler. After runtime.Goexit in the reader, also an exception, readBody ends the response itself,
// since it does not return.
func (x *exchange) readBody(body io.Reader, buf []byte, begin *head) (n int, err error) {
	stacks.Guard(func() { n, err = body.Read(buf) }, func(panicked any, thrown *driver.Error) {
		switch b, ofObject := body.(*object.Body); {
		case panicked == any(http.ErrAbortHandler):
		case ofObject:
			b.Fault(thrown)
		default:
			x.Fault(thrown)
		}
		if panicked == nil {
			if begin.never() {
				answerLost(x.rw, true)
			}
			x.flush() // net/http closes the connection of a goroutine that ends
			return
		}
		n, err = 0, http.ErrAbortHandler
	})
	return n, err
}

// headDelay is how long the head of a streamed response waits for the first piece of the body. If an
// error comes instead, the client gets an error response.
const headDelay = 10 * time.Millisecond

// head is the head of a response, which is written once or never. A nil head is written.
type head struct {
	decided sync.Once
	write   func()
}

// now writes the head, unless never came first.
func (h *head) now() {
	if h != nil {
		h.decided.Do(h.write)
	}
}

// never keeps the head from being written. It reports false if now came first.
func (h *head) never() (unwritten bool) {
	if h != nil {
		h.decided.Do(func() { unwritten = true })
	}
	return unwritten
}
