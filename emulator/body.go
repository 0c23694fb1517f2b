package emulator

// Bodies of requests and responses. Reading one in an event gives the turn up.
// https://developers.cloudflare.com/workers/runtime-apis/streams/

import (
	"io"
	"net/http"
	"runtime/debug"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
	"github.com/seed-36a2c969/emu/emulator/internal/upload"
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

func unboundReader(r io.Reader) io.Reader {
	if b, ok := r.(*turnBody); ok {
		return b.r
	}
	return r
}

// Read reads off the turn.
func (b *turnBody) Read(p []byte) (n int, err error) {
	off := pause{kind: driver.PinBody, outside: b.outside, instant: isBuffered(b.r)}
	off.f = func() error { n, err = b.r.Read(p); return nil }
	if c, ok := b.r.(*clientBody); ok && c.attended != nil {
		attended := false
		off.f = func() error {
			n, err = c.Read(p)
			c.w.host.Activity.Begin()
			attended = true
			c.attended()
			return nil
		}
		off.over = func() {
			if attended {
				attended = false
				c.w.host.Activity.End()
			}
		}
	}
	if werr := b.e.(runner).pause(off); werr != nil {
		return n, werr
	}
	return n, err
}

// isSmall reports whether a body can be written without waiting for who reads it.
func isSmall(r io.Reader) bool {
	const small = 64 << 10 // what a socket takes at least
	if b, ok := r.(*objectBody); ok {
		r = b.Reader
	}
	b, ok := r.(interface{ Len() int })
	return ok && b.Len() <= small
}

// isBuffered reports whether reading takes no time.
func isBuffered(r io.Reader) bool {
	if b, ok := r.(*objectBody); ok {
		r = b.Reader
	}
	_, ok := r.(interface{ Len() int })
	return ok
}

// isWhole reports whether a response ends before ServeHTTP returns, for a client that reads.
func isWhole(resp *driver.Response) bool {
	return resp == nil || resp.Body == nil || isBuffered(unboundReader(resp.Body))
}

// wants reports whether an answer of the Worker may still need the request's body, and who
// made the answer may read on: its own body is read while the client sends, unless it is in memory or an
// object's that has been sent none.
func wants(body *upload.Upload, answer io.Reader) bool {
	if body == nil || answer == nil || isBuffered(answer) {
		return false
	}
	_, ofObject := answer.(*objectBody)
	return !ofObject || body.Touched()
}

// Close closes the body below.
func (b *turnBody) Close() error {
	if c, ok := b.r.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// objectBody is the body of an object's response, which pins the object while
// the front door streams it. What a reset finds in memory is still sent, as in
// workerd; what is streamed breaks off.
type objectBody struct {
	in *instance
	io.Reader

	buf    []byte     // of the Read that is under way, which a reset leaves behind
	pieces chan piece // what it comes to
}

type piece struct {
	n   int
	err error
}

// Read does not wait for a reader whose object has been reset.
func (b *objectBody) Read(p []byte) (int, error) {
	if isBuffered(b.Reader) {
		return b.Reader.Read(p)
	}
	if err := b.in.life.lost(); err != nil {
		return 0, err
	}
	if b.pieces == nil {
		b.pieces = make(chan piece, 1)
	}
	if len(b.buf) < len(p) {
		b.buf = make([]byte, len(p))
	}
	buf := b.buf[:len(p)]
	go func() {
		got := piece{err: driver.PlainError(msgGoexit)} // if the reader ends the goroutine
		defer func() {
			if p := recover(); p != nil {
				got = piece{err: http.ErrAbortHandler}
				if p != any(http.ErrAbortHandler) {
					b.in.o.fault("fetch", stacks.Panicked(p, debug.Stack()))
				}
			}
			b.pieces <- got
		}()
		n, err := b.Reader.Read(buf)
		got = piece{n, err}
	}()
	var got piece
	select {
	case got = <-b.pieces:
	case <-b.in.ctx.Done():
		if err := b.in.life.lost(); err != nil {
			b.Close()
			return 0, err
		}
		got = <-b.pieces // only evicted
	}
	return copy(p, buf[:got.n]), got.err
}

// lost is what the body of an object fails with that has been reset, nil if it has not.
func (l *life) lost() error {
	broken := l.broken.Load()
	if broken == nil {
		return nil
	}
	e := *broken
	e.Remote = true
	return &e
}

// Close closes the body if it can be closed.
func (b *objectBody) Close() error {
	if c, ok := b.Reader.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// streamed pins the object until the returned function is called.
func streamed(r io.Reader) (end func()) {
	b, ok := r.(*objectBody)
	if !ok {
		return func() {}
	}
	p := &pin{kind: driver.PinBody}
	b.in.pin(p)
	return func() { b.in.unpin(p) }
}
