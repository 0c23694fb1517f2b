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

	"github.com/seed-36a2c969/emu/emulator/internal/invocation"
	"github.com/seed-36a2c969/emu/emulator/internal/upload"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// Door serves the requests to a Worker. Close it when no request is served any more.
type Door struct {
	*invocation.Worker
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
