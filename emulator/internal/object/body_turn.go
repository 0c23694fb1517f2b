package object

// Bodies of requests and responses. Reading one in an event gives the turn up.
// https://developers.cloudflare.com/workers/runtime-apis/streams/

import (
	"io"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/message"
)

// turnBody is a body as an event reads it.
type turnBody struct {
	e       driver.Event
	r       io.Reader
	outside bool // it comes from outside the world
}

// bound is r for the event to read; nil stays nil.
func bound(e driver.Event, r io.Reader) io.Reader {
	if r == nil || e == nil {
		return r
	}
	return &turnBody{e: e, r: r}
}

// boundRequest is bound for the body of a request.
func boundRequest(e driver.Event, r io.ReadCloser) io.ReadCloser {
	if r == nil || e == nil {
		return r
	}
	return &turnBody{e: e, r: r}
}

// unbound is the body below, for another to read.
func unbound(r io.ReadCloser) io.ReadCloser {
	if b, ok := r.(*turnBody); ok {
		if c, ok := b.r.(io.ReadCloser); ok {
			return c
		}
		return io.NopCloser(b.r)
	}
	return r
}

// attending is a request's body that keeps count of what is read of it.
type attending interface {
	Attends() bool
	Attend() (done func())
}

// Read reads off the turn.
func (b *turnBody) Read(p []byte) (n int, err error) {
	off := Wait{kind: driver.PinBody, Outside: b.outside}
	_, off.Instant = message.InMemory(b.r)
	off.F = func() error { n, err = b.r.Read(p); return nil }
	if c, ok := b.r.(attending); ok && c.Attends() {
		var done func()
		off.F = func() error {
			n, err = b.r.Read(p)
			done = c.Attend()
			return nil
		}
		off.Over = func() {
			if done != nil {
				done()
				done = nil
			}
		}
	}
	if werr := b.e.(Run).Pause(off); werr != nil {
		return n, werr
	}
	return n, err
}

// Unbound is the body below.
func (b *turnBody) Unbound() io.Reader { return b.r }

// Close closes the body below.
func (b *turnBody) Close() error { return message.Close(b.r) }
