package emulator

// https://developers.cloudflare.com/workers/runtime-apis/response/

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/message"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
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
	if err := message.CheckResponse(resp, upgrade); err != nil {
		return nil, err
	}
	out := *resp
	if resp.WebSocket != nil {
		s, err := socket.GiveAway(resp.WebSocket)
		if err != nil {
			in.o.fault("fetch", err)
			out.WebSocket = s.View()
		} else if err := s.Other().ReturnedBy(in); err != nil {
			return nil, err
		}
	}
	out.Body = message.Unbound(resp.Body)
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
