package object

// Bodies of requests and responses. Reading one in an event gives the turn up.
// https://developers.cloudflare.com/workers/runtime-apis/streams/

import (
	"io"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/message"
)

// turnBody is a body that an event reads: each Read gives the turn up.
type turnBody struct {
	e       driver.Event
	r       io.Reader
	outside bool // it comes from outside the world
}

// bound returns r as a body that e reads. Without a body or an event it returns r itself.
func bound(e driver.Event, r io.Reader) io.Reader {
	if r == nil || e == nil {
		return r
	}
	return &turnBody{e: e, r: r}
}

// boundRequest is bound for a request's body.
func boundRequest(e driver.Event, r io.ReadCloser) io.ReadCloser {
	if r == nil || e == nil {
		return r
	}
	return &turnBody{e: e, r: r}
}

// unbound returns the body below a turnBody, for another event to read.
func unbound(r io.ReadCloser) io.ReadCloser {
	if b, ok := r.(*turnBody); ok {
		if c, ok := b.r.(io.ReadCloser); ok {
			return c
		}
		return io.NopCloser(b.r)
	}
	return r
}

// attending is a body whose transport counts the bytes that user code has read: see emulator.Options.Attended.
type attending interface {
	Attends() bool
	Attend() (done func())
}

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

func (b *turnBody) Unbound() io.Reader { return b.r }

func (b *turnBody) Close() error { return message.Close(b.r) }
