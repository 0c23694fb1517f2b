// Package door is the front door of a world: an HTTP request becomes a run of the Worker,
// what that answers the response.
//
// Source: https://developers.cloudflare.com/workers/runtime-apis/handlers/fetch/
package door

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/arrival"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/message"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
	"github.com/seed-36a2c969/emu/emulator/internal/upload"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// Door serves the requests to a Worker. Close it when no request is served any more.
type Door struct {
	Host    *host.Host
	Watch   *stacks.Watch
	Order   *arrival.Order
	Network *socket.Network
	// Invoke makes a run of the Worker, which has a place in the order and, if attended is
	// not nil, calls that when what has been read of the request counts as activity.
	Invoke func(place *arrival.Ticket, attended func()) Invocation
	// Attended, if not nil, is called with a request's context when what has been read of it
	// counts as activity.
	Attended func(ctx context.Context)
	// Upstream is what the Worker takes its requests to be for; an empty field is as the client asked.
	Upstream Origin
	// MaxBuffered limits what waits for one slow client, in bytes; 0 is 64 MiB. Budget
	// limits what waits for all together.
	MaxBuffered int64
	Budget      *wire.Budget

	polls  sync.Once // made poller
	poller *wire.Poller
}

// Close ends what the door's connections share.
func (d *Door) Close() {
	d.polls.Do(func() {})
	if d.poller != nil {
		d.poller.Close()
	}
}

// Invocation is one run of the Worker.
type Invocation interface {
	// Fetch runs the Worker's fetch handler.
	Fetch(r *driver.Request) (*driver.Response, error)
	// Exited is the exception of a handler that has ended its goroutine, nil of any other.
	Exited() *driver.Error
	// PassedOn reports whether the Worker has sent a body to somebody: it may be the
	// request's, in whatever the class has wrapped it.
	PassedOn() bool
	// YieldAfter gives the place in the order back when d has passed, unless the timer, which
	// may be nil, is stopped.
	YieldAfter(d time.Duration) *time.Timer
}

// objectBody is the body of an object's response.
type objectBody interface {
	// Pin keeps the object in memory until end is called.
	Pin() (end func())
	// WasReset reports whether the object has been reset since: the log has that already.
	WasReset() bool
	// Fault logs an exception of the object's.
	Fault(err *driver.Error)
}

// partingTime is how long a client has, when the world is closed, to take what is
// written to it and to send what is read from it.
const partingTime = time.Second

// exchange is one request with its answer.
type exchange struct {
	*Door
	rw      http.ResponseWriter
	r       *http.Request
	begun   time.Time
	method  string
	path    string         // as the Worker sees it
	upgrade bool           // the request asks for a WebSocket
	refused *wire.Refusal  // how it is refused if the Worker agrees; nil if it asks in the right way
	sent    *upload.Upload // the request's body
	key     string         // of an upgrade
}

// ServeHTTP runs the Worker for a request. The Worker's errors are answered with
// status 500 and their text, upgrades are taken from the server that it is
// called by.
func (d *Door) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if !d.Host.Requests.Enter() {
		upload.Answer(rw, r, func() {
			rw.Header().Set("Content-Length", "0")
			rw.WriteHeader(http.StatusServiceUnavailable)
		})
		return
	}
	defer d.Host.Requests.Leave()
	place, answered := d.Order.Arrived(r)
	defer answered()
	x := exchange{Door: d, rw: rw, r: r, begun: d.Host.Now(), method: r.Method}
	if status, text := refusal(r); status != 0 {
		place.Close() // the body may take its time
		upload.Answer(rw, r, func() { refuse(rw, r, status, text) })
		return
	}
	x.upgrade, x.refused = wire.Check(r)
	x.upgrade = x.upgrade || x.refused != nil
	x.sent = upload.Begin(d.Host.Context(), rw, r)
	if x.sent != nil {
		control := http.NewResponseController(rw)
		defer context.AfterFunc(d.Host.Context(), func() { control.SetReadDeadline(time.Now().Add(partingTime)) })()
	}
	resp, err := x.deliver(place, answered)
	switch {
	case err != nil:
		x.fail(err)
	case resp.WebSocket != nil:
		x.accept(resp)
	default:
		x.log(resp.Status, 0)
		x.sent.End(x.respond(resp))
	}
}

// deliver hands the request to the Worker and returns its answer, or its exception. When it
// returns, the request's body is read by nothing but a body of the response that is made of it.
func (x *exchange) deliver(place *arrival.Ticket, answered func()) (*driver.Response, error) {
	var attended func()
	if x.Attended != nil {
		attended = func() { x.Attended(x.r.Context()) }
	}
	run := x.Invoke(place, attended)
	defer func() { // runtime.Goexit in the handler runs deferred calls, and nothing else of this goroutine
		if err := run.Exited(); err != nil {
			x.exited(err)
		}
	}()
	resp, err := run.Fetch(x.request(run, attended))
	if x.sent == nil && (err != nil || isWhole(resp)) {
		// Before the answer, with which the client may send its next request. While an answer
		// streams, the next request would wait for its end with a place, and hold others up.
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

// mayReadOn reports whether the response's body may be made of the request's, which has to
// be kept readable then. One in memory is not, and one of an object is not if the object
// was sent no body.
func (x *exchange) mayReadOn(resp *driver.Response) bool {
	if x.sent == nil || resp.Body == nil {
		return false
	}
	body := message.Unbound(resp.Body)
	if _, inMemory := message.InMemory(body); inMemory {
		return false
	}
	_, ofObject := body.(objectBody)
	return !ofObject || x.sent.Touched()
}

// isWhole reports whether a response is written at once, without a wait for its body.
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
	x.log(http.StatusInternalServerError, x.fault(thrown))
	answerError(x.rw, x.r, thrown, x.upgrade, false)
	x.sent.End(upload.ByChunk)
}

// exited answers when the handler has ended the goroutine, which is net/http's.
func (x *exchange) exited(err *driver.Error) {
	x.sent.Drop()
	x.sent.Await()
	x.log(http.StatusInternalServerError, 0)
	x.rw.Header().Set("Connection", "close") // net/http closes the connection behind it
	answerError(x.rw, x.r, err, x.upgrade, true)
	x.sent.End(upload.ByLength)
}

// accept answers with the WebSocket of a response.
func (x *exchange) accept(resp *driver.Response) {
	client, lost := socket.GiveAway(resp.WebSocket)
	cause := uint64(0)
	if lost != nil {
		cause = x.fault(lost)
	}
	x.log(http.StatusSwitchingProtocols, cause) // as the Worker answered, also if it is refused
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

// log emits the event of the answered request. Those of emu's own paths are not logged.
func (x *exchange) log(status int, cause uint64) {
	if !x.Host.Events.Observed() || strings.HasPrefix(x.path, "/cdn-cgi/") {
		return
	}
	x.Host.Emit(host.Event{
		Type: host.EventRequest, Cause: cause, Method: x.method, Path: x.path, Status: status,
		Millis: x.Host.Now().Sub(x.begun).Milliseconds(),
	})
}

// fault emits an exception that the Worker did not catch.
func (d *Door) fault(err *driver.Error) uint64 { return d.Host.Emit(host.Fault("worker", err)) }
