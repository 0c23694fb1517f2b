package wire_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// clientFrame is a frame as a client sends it. first is the byte with the bits and the opcode.
func clientFrame(first byte, payload string) []byte {
	b := announce(first, uint64(len(payload)))
	key := b[len(b)-4:]
	for i := range len(payload) {
		b = append(b, payload[i]^key[i%4])
	}
	return b
}

// announce is the header of a frame of n bytes.
func announce(first byte, n uint64) []byte {
	b := []byte{first}
	switch {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0xFE), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0xFF), n)
	}
	return append(b, 0x12, 0x34, 0x56, 0x78)
}

const ( // first bytes
	fin  = 0x80
	rsv1 = 0x40
	rsv2 = 0x20
	rsv3 = 0x10
)

func closePayload(code int, reason string) string {
	return string([]byte{byte(code >> 8), byte(code)}) + reason
}

// recorder is a wire.Handler and a wire.Receiver that notes what it is told.
type recorder struct {
	queued int                // returned by Message
	on     func(event string) // called for every event, if set
	ended  chan struct{}      // closed by the last event

	mu     sync.Mutex // guards events
	events []string
}

func newRecorder() *recorder { return &recorder{ended: make(chan struct{})} }

func (r *recorder) note(format string, args ...any) {
	s := brief(fmt.Sprintf(format, args...))
	r.mu.Lock()
	r.events = append(r.events, s)
	r.mu.Unlock()
	if r.on != nil {
		r.on(s)
	}
}

func (r *recorder) last(format string, args ...any) {
	r.note(format, args...)
	close(r.ended) // panics if there was a last event already
}

func (r *recorder) list() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

func (r *recorder) Message(binary bool, data []byte) int {
	if binary {
		r.note("binary %x", data)
	} else {
		r.note("text %s", data)
	}
	return r.queued
}

func (r *recorder) Ping(payload []byte)                { r.note("ping %s", payload) }
func (r *recorder) PeerClosed(code int, reason string) { r.last("closed %d %q", code, reason) }
func (r *recorder) Failed(status int, description string) {
	r.last("failed %d %s", status, description)
}
func (r *recorder) Lost(err error) { r.last("lost: %v", err) }
func (r *recorder) Ended() {
	if r.on != nil {
		r.on("ended")
	}
}

// Overflow may follow another last event: see Handler.
func (r *recorder) Overflow(buffered, _ int64) {
	r.note("overflow")
	select {
	case <-r.ended:
	default:
		close(r.ended)
	}
}

// brief keeps long events readable, and comparable.
func brief(s string) string {
	if len(s) > 300 {
		return fmt.Sprintf("%s...%s (%d)", s[:20], s[len(s)-20:], len(s))
	}
	return s
}

func equal(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}

// tcpPair is a TCP connection over the loopback interface.
func tcpPair(t testing.TB) (client, server *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c, err := net.Dial("tcp", ln.Addr().String()) // the backlog takes it
	if err != nil {
		t.Fatal(err)
	}
	s, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); s.Close() })
	return c.(*net.TCPConn), s.(*net.TCPConn)
}

// eachMode runs a test over TCP with a Poller, and with goroutines.
func eachMode(t *testing.T, f func(t *testing.T, o wire.Options)) {
	t.Run("poller", func(t *testing.T) {
		p := wire.NewPoller()
		if p == nil {
			t.Skip("no Poller here")
		}
		defer p.Close()
		f(t, wire.Options{Poller: p})
	})
	t.Run("stream", func(t *testing.T) { f(t, wire.Options{}) })
}

// open is a started Conn over TCP, and the client's end of the connection.
func open(t testing.TB, r *recorder, o wire.Options) (*wire.Conn, *net.TCPConn) {
	t.Helper()
	client, server := tcpPair(t)
	c, err := wire.NewConn(server, nil, r, &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Shut(); <-c.Done() })
	c.Start()
	return c, client
}

func textFrame(s string) []byte { return wire.AppendFrame(nil, wire.OpText, []byte(s)) }
