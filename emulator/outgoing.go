package emulator

// https://developers.cloudflare.com/workers/examples/websockets/#write-a-websocket-client

import (
	"context"
	"errors"
	"runtime/pprof"
	"sync"

	"github.com/seed-36a2c969/emu/emulator/internal/wire"
	"github.com/seed-36a2c969/emu/emulator/internal/wsclient"
)

// outgoing carries the frames of a socket through a client's connection.
type outgoing struct {
	w    *World
	conn *wsclient.Conn
	to   *socket

	mu      sync.Mutex
	queue   []func()
	bytes   int64
	sending bool
	parser  wire.Parser
}

func newOutgoing(w *World, conn *wsclient.Conn, to *socket) *outgoing {
	return &outgoing{w: w, conn: conn, to: to}
}

// Start reads until the connection ends.
func (t *outgoing) Start() {
	if !t.w.start(t.read) {
		t.conn.CloseNow()
	}
}

func (t *outgoing) read() {
	pprof.SetGoroutineLabels(context.Background()) // it is not the class's
	for {
		binary, data, err := t.conn.Read(context.Background())
		if err == nil {
			t.to.Message(binary, data)
			continue
		}
		var closed *wsclient.CloseError
		if errors.As(err, &closed) {
			t.to.PeerClosed(closed.Code, closed.Reason)
		} else {
			t.to.Lost(err)
		}
		return
	}
}

// Write queues the messages in frames, for a goroutine that exists only while
// there are some.
func (t *outgoing) Write(frames []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.parser.Feed(frames, t)
}

// Message, PeerClosed, Failed and Ping are the parser's: t.mu is held.
func (t *outgoing) Message(binary bool, data []byte) int {
	t.bytes += int64(len(data))
	t.enqueue(func() {
		t.conn.Write(context.Background(), binary, data) // a lost connection is told to read
		t.mu.Lock()
		t.bytes -= int64(len(data))
		t.mu.Unlock()
	})
	return 0
}

// PeerClosed sends the socket's Close frame.
func (t *outgoing) PeerClosed(code int, reason string) {
	if code == 1005 {
		code = 0
	}
	t.enqueue(func() { t.conn.Close(code, reason) })
}

// Failed cannot happen: the frames are our own.
func (t *outgoing) Failed(int, string) {}

// Ping cannot happen: the API sends none.
func (t *outgoing) Ping([]byte) {}

// enqueue: t.mu is held.
func (t *outgoing) enqueue(f func()) {
	t.queue = append(t.queue, f)
	if !t.sending {
		t.sending = t.w.start(t.send)
	}
}

func (t *outgoing) send() {
	pprof.SetGoroutineLabels(context.Background())
	for {
		t.mu.Lock()
		if len(t.queue) == 0 {
			t.sending = false
			t.mu.Unlock()
			return
		}
		f := t.queue[0]
		t.queue = t.queue[1:]
		t.mu.Unlock()
		f()
	}
}

func (t *outgoing) Buffered() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bytes
}

func (t *outgoing) Consumed(int) {}

// Finish ends the connection after what is queued.
func (t *outgoing) Finish() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.enqueue(func() { t.conn.CloseNow() })
}

// Shut ends the connection now.
func (t *outgoing) Shut() { t.conn.CloseNow() }
