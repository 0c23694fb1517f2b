// Package door is the front door of a world: an HTTP request becomes a run of the Worker,
// what that answers the response.
//
// Source: https://developers.cloudflare.com/workers/runtime-apis/handlers/fetch/
package door

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/arrival"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
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
	// Budget limits the memory of what waits to be sent to all clients together.
	Budget *wire.Budget

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

// partingTime is how long a client has, when the world is closed, to take what is
// written to it and to send what is read from it.
const partingTime = time.Second

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

// fault emits an exception that the Worker did not catch. It returns the number of the event.
func (d *Door) fault(err *driver.Error) uint64 {
	return host.Fault(d.Host.Emit, "worker", err, 0).Event
}
