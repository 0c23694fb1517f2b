package object

// Bodies of requests and responses. Reading one in an event gives the turn up.
// https://developers.cloudflare.com/workers/runtime-apis/streams/

import (
	"io"
	"net/http"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/message"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
)

// Body is the body of an object's response. It pins the object while the front door streams
// it. A reset breaks a streamed body off. A body in memory is still sent, as in workerd.
type Body struct {
	in *instance
	io.Reader

	buf    []byte     // for the Read of the class's reader, which may still run after a reset
	pieces chan piece // the results of that Read
}

type piece struct {
	n   int
	err error
}

// Read returns when the object is reset, although the class's reader may never return.
func (b *Body) Read(p []byte) (int, error) {
	if _, inMemory := b.InMemory(); inMemory {
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
	go stacks.Guard(func() {
		n, err := b.Reader.Read(buf)
		b.pieces <- piece{n, err}
	}, func(panicked any, thrown *driver.Error) {
		err := error(thrown)
		if panicked != nil {
			if err = http.ErrAbortHandler; panicked != err {
				b.Fault(thrown)
			}
		}
		b.pieces <- piece{err: err}
	})
	var got piece
	select {
	case got = <-b.pieces:
	case <-b.in.ctx.Done():
		if err := b.in.life.lost(); err != nil {
			b.Close()
			return 0, err
		}
		got = <-b.pieces // the object was evicted, not reset: its body goes on
	}
	return copy(p, buf[:got.n]), got.err
}

func (b *Body) Close() error { return message.Close(b.Reader) }

// InMemory reports whether the body is in memory, and how many bytes are left of it.
func (b *Body) InMemory() (n int, ok bool) { return message.InMemory(b.Reader) }

func (b *Body) Pin() (end func()) {
	p := &pin{kind: driver.PinBody}
	b.in.pin(p)
	return func() { b.in.unpin(p) }
}

// WasReset reports whether the object has been reset. The log has the reason then.
func (b *Body) WasReset() bool { return b.in.life.lost() != nil }

// Fault emits an exception of the class's reader, as one of the fetch handler.
func (b *Body) Fault(err *driver.Error) {
	host.Fault(b.in.o.emit, "fetch", err, b.in.began.Load())
}
