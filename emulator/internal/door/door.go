// Package door answers HTTP requests with the responses of a Worker.
//
// Source: https://developers.cloudflare.com/workers/runtime-apis/handlers/fetch/
package door

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/seed-36a2c969/emu/emulator/internal/invocation"
	"github.com/seed-36a2c969/emu/emulator/internal/upload"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// Door serves the requests to a Worker. Close it when no request is served any more.
type Door struct {
	*invocation.Worker
	// Attended, if not nil, is called with a request's context when the bytes that were read of
	// the request count as activity.
	Attended func(ctx context.Context)
	// Upstream replaces the origin of request.url; an empty field keeps the client's.
	Upstream Origin
	// Budget limits the memory of the unsent frames of all clients together.
	Budget *wire.Budget

	polls  sync.Once // makes poller
	poller *wire.Poller
}

// Close closes the poller, and with it the WebSockets of clients.
func (d *Door) Close() {
	d.polls.Do(func() {})
	if d.poller != nil {
		d.poller.Close()
	}
}

// partingTime is how long a client of a closed world has to take the rest of its response, and to
// send the rest of its request.
const partingTime = time.Second

// ServeHTTP runs the Worker for a request. An exception of the Worker is answered with status 500 and
// its text. For an upgrade ServeHTTP hijacks the connection.
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
		place.Close() // the answer may wait for the request's body, which must hold no other request up
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
