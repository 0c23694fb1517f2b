package emulator

// https://developers.cloudflare.com/workers/runtime-apis/response/

import (
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// fetch runs the class's fetch handler and looks whether its answer is one.
func (in *instance) fetch(e *event, r *driver.Request, upgrade bool) (*driver.Response, error) {
	if !in.handles(driver.HandlesFetch) {
		return nil, driver.PlainError(msgNoFetch)
	}
	resp, err := in.obj.Fetch(e, r)
	if err != nil {
		return nil, err
	}
	if err := in.o.ns.w.check(resp, upgrade); err != nil {
		return nil, err
	}
	out := *resp
	if resp.WebSocket != nil {
		s, err := giveAway(resp.WebSocket)
		if err != nil {
			in.o.fault("fetch", err)
			out.WebSocket = s.view
		} else if err := s.other.adoptReturned(in); err != nil {
			return nil, err
		}
	}
	out.Body = unboundReader(resp.Body)
	if out.Body != nil {
		out.Body = &objectBody{in: in, Reader: out.Body}
	}
	return &out, nil
}

// answer is the result of a fetch event.
func (e *event) answer(resp *driver.Response, err error) {
	if err != nil {
		thrown := driver.Exception(err)
		if !e.in.dead.Load() {
			e.in.o.fault("fetch", thrown)
		}
		e.throw(thrown)
		return
	}
	e.response = resp
}

// check is what the Response constructor and the runtime refuse. It makes the names of the headers canonical.
func (w *World) check(resp *driver.Response, upgrade bool) error {
	switch {
	case resp == nil:
		return driver.TypeError(msgNoResponse)
	case resp.WebSocket != nil && resp.Status != 101:
		return driver.RangeError(msgStatusWebSocket)
	case resp.WebSocket != nil && resp.Body != nil:
		return driver.TypeError(msgNullBody)
	case resp.WebSocket != nil && !upgrade:
		return driver.TypeError(msgUpgradeNotAsked)
	case resp.WebSocket == nil && (resp.Status < 200 || resp.Status > 599):
		return driver.RangeError(msgStatusRange)
	case resp.Body != nil && (resp.Status == 204 || resp.Status == 205 || resp.Status == 304):
		if b, ok := resp.Body.(interface{ Len() int }); !ok || b.Len() > 0 {
			return driver.TypeError(msgNullBody)
		}
		resp.Body = nil // workerd lets an empty text pass
		delete(resp.Header, "Content-Length")
	}
	h, err := headers(resp.Header)
	resp.Header = h
	return err
}

// isUpgrade reports whether a request asks for a WebSocket.
func isUpgrade(header map[string][]string) bool {
	return strings.EqualFold(strings.Join(header["Upgrade"], ", "), "websocket")
}
