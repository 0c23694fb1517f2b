package door

import (
	"net/http"
	"strings"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/arrival"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/message"
	"github.com/seed-36a2c969/emu/emulator/internal/object"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/upload"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// exchange is one request with its answer.
type exchange struct {
	*Door
	rw      http.ResponseWriter
	r       *http.Request
	begun   time.Time
	method  string
	path    string         // as the Worker sees it
	upgrade bool           // the request asks for a WebSocket
	refused *wire.Refusal  // the answer if the request asks in a wrong way and the Worker accepts it; else nil
	sent    *upload.Upload // the request's body
	key     string         // Sec-WebSocket-Key
}

// deliver runs the Worker and returns its response or its exception. When deliver returns nobody reads
// the request's body any more, except a body of the response that is made of it.
func (x *exchange) deliver(place *arrival.Ticket, answered func()) (*driver.Response, error) {
	var attended func()
	if x.Attended != nil {
		attended = func() { x.Attended(x.r.Context()) }
	}
	run := x.Invoke(place, attended)
	defer func() { // after runtime.Goexit in the handler only deferred calls of this goroutine run
		if err := run.Exited(); err != nil {
			x.exited(err)
		}
	}()
	resp, err := run.Fetch(x.request(run, attended))
	if x.sent == nil && (err != nil || isWhole(resp)) {
		// Before the response, after which the client may send its next request. Not before a
		// streamed one: the next request would have its ticket until that ends, and hold others up.
		answered()
	}
	if err == nil {
		err = message.CheckResponse(resp, x.upgrade)
	}
	if run.PassedOn() {
		x.sent.Touch()
	}
	if err != nil || !x.mayReadOn(resp) {
		x.sent.Drop()
		x.sent.Await()
	}
	return resp, err
}

// mayReadOn reports whether the response's body may be made of the request's, which must stay readable
// then. A body in memory is not, nor is that of an object to which no body was sent.
func (x *exchange) mayReadOn(resp *driver.Response) bool {
	if x.sent == nil || resp.Body == nil {
		return false
	}
	body := message.Unbound(resp.Body)
	if _, inMemory := message.InMemory(body); inMemory {
		return false
	}
	_, ofObject := body.(*object.Body)
	return !ofObject || x.sent.Touched()
}

// isWhole reports whether a response has no body, or one in memory.
func isWhole(resp *driver.Response) bool {
	if resp == nil || resp.Body == nil {
		return true
	}
	_, inMemory := message.InMemory(message.Unbound(resp.Body))
	return inMemory
}

// fail answers with the Worker's exception.
func (x *exchange) fail(err error) {
	thrown := driver.Exception(err)
	x.log(http.StatusInternalServerError, x.Fault(thrown).Event)
	answerError(x.rw, x.r, thrown, x.upgrade, false)
	x.sent.End(upload.ByChunk)
}

// exited answers when the handler has called runtime.Goexit, which ends a goroutine of net/http.
func (x *exchange) exited(err *driver.Error) {
	x.sent.Drop()
	x.sent.Await()
	x.log(http.StatusInternalServerError, err.Event)
	x.rw.Header().Set("Connection", "close") // net/http closes the connection when the goroutine ends
	answerError(x.rw, x.r, err, x.upgrade, true)
	x.sent.End(upload.ByLength)
}

// accept answers with the WebSocket of a response.
func (x *exchange) accept(resp *driver.Response) {
	client, lost := socket.GiveAway(resp.WebSocket)
	cause := uint64(0)
	if lost != nil {
		cause = x.Fault(lost).Event
	}
	x.log(http.StatusSwitchingProtocols, cause) // 101 is the Worker's answer, also if the request is refused
	if x.refused != nil {
		client.Other().Lost(nil)
		x.rw.Header()["Date"] = nil
		x.refused.ServeHTTP(x.rw, x.r)
		x.sent.End(upload.ByLength)
		return
	}
	client.Relay()
	header := http.Header(resp.Header).Clone()
	x.translateBack(header)
	x.switchProtocols(client.Other(), header)
}

// log emits the event of an answered request, unless the path is one of emu's own.
func (x *exchange) log(status int, cause uint64) {
	if !x.Host.Events.Observed() || strings.HasPrefix(x.path, "/cdn-cgi/") {
		return
	}
	x.Host.Emit(host.Event{
		Type: host.EventRequest, Cause: cause, Method: x.method, Path: x.path, Status: status,
		Millis: x.Host.Now().Sub(x.begun).Milliseconds(),
	})
}
