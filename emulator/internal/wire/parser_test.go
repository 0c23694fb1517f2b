package wire_test

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

const compressed = "failed 1002 Received a WebSocket frame whose compression bit was set, but the compression extension was not negotiated for this connection."

var after = clientFrame(fin|wire.OpText, "after")

// parserCases are what workerd 2026-11-17 made of these bytes, recorded with a raw client.
var parserCases = []struct {
	name string
	in   [][]byte
	want []string
}{
	{"text", [][]byte{clientFrame(0x81, "hi")}, []string{"text hi"}},
	{"empty messages", [][]byte{clientFrame(0x81, ""), clientFrame(0x82, "")}, []string{"text ", "binary "}},
	{"unmasked", [][]byte{textFrame("hi")}, []string{"text hi"}},
	{"some fragments masked", [][]byte{[]byte("\x01\x01a"), clientFrame(0x80, "b")}, []string{"text ab"}},
	{"lengths longer than needed", [][]byte{[]byte("\x81\x7e\x00\x01a\x81\x7f\x00\x00\x00\x00\x00\x00\x00\x01b")}, []string{"text a", "text b"}},
	{"fragments with a ping", [][]byte{clientFrame(0x01, "a"), clientFrame(0, ""), clientFrame(0x89, "p"), clientFrame(0x80, "b")}, []string{"ping p", "text ab"}},
	{"empty first fragment", [][]byte{clientFrame(0x02, ""), clientFrame(0x80, "")}, []string{"binary "}},
	{"character over two fragments", [][]byte{clientFrame(0x01, "\xe2\x82"), clientFrame(0x80, "\xac")}, []string{"text €"}},
	{"invalid UTF-8", [][]byte{clientFrame(0x81, "a\xff\xc3(\xe2\x82\xf0\x9f\x98z\xed\xa0\x80\xc0\xaf\xf4\x90\x80\x80")}, []string{"text a��(��z���������"}},
	{"byte order mark stays", [][]byte{clientFrame(0x81, "\ufeffx")}, []string{"text \ufeffx"}},

	{"CL-1", [][]byte{clientFrame(0x88, closePayload(1000, "bye")), after}, []string{`closed 1000 "bye"`}},
	{"CL-2 no payload", [][]byte{clientFrame(0x88, ""), after}, []string{`closed 1005 ""`}},
	{"CL-2 one byte", [][]byte{clientFrame(0x88, "x"), after}, []string{`closed 1005 ""`}},
	{"CL-3 999", [][]byte{clientFrame(0x88, closePayload(999, "r"))}, []string{`closed 999 "r"`}},
	{"CL-3 0", [][]byte{clientFrame(0x88, closePayload(0, ""))}, []string{`closed 0 ""`}},
	{"CL-3 1005", [][]byte{clientFrame(0x88, closePayload(1005, ""))}, []string{`closed 1005 ""`}},
	{"CL-3 65535", [][]byte{clientFrame(0x88, closePayload(65535, ""))}, []string{`closed 65535 ""`}},
	{"CL-3 4321", [][]byte{clientFrame(0x88, closePayload(4321, "é✓"))}, []string{`closed 4321 "é✓"`}},
	{"close with invalid UTF-8", [][]byte{clientFrame(0x88, closePayload(1000, "a\xff\xfeb\xe2\x82"))}, []string{`closed 1000 "a��b�"`}},
	{"close with a long reason", [][]byte{clientFrame(0x88, closePayload(1000, strings.Repeat("r", 200)))}, []string{`closed 1000 "` + strings.Repeat("r", 200) + `"`}},
	{"close inside a message", [][]byte{clientFrame(0x01, "a"), clientFrame(0x88, closePayload(1000, ""))}, []string{`closed 1000 ""`}},
	{"garbage after close", [][]byte{clientFrame(0x88, ""), []byte("\xff\xff\xff\xff")}, []string{`closed 1005 ""`}},

	{"CL-5", [][]byte{clientFrame(fin|rsv1|1, "x"), after}, []string{compressed}},
	{"CL-5 only when the message is complete", [][]byte{clientFrame(rsv1|1, "abc")}, nil},
	{"CL-5 first fragment", [][]byte{clientFrame(rsv1|1, "abc"), clientFrame(0x80, "d")}, []string{compressed}},
	{"CL-5 last fragment", [][]byte{clientFrame(1, "a"), clientFrame(fin|rsv1, "b")}, []string{compressed}},
	{"CL-5 not a middle fragment", [][]byte{clientFrame(1, "a"), clientFrame(rsv1, "b"), clientFrame(fin, "c")}, []string{"text abc"}},
	{"CL-5 close", [][]byte{clientFrame(fin|rsv1|8, "x")}, []string{compressed}},
	{"CL-5 close inside a message", [][]byte{clientFrame(rsv1|1, "a"), clientFrame(0x88, "")}, []string{compressed}},
	{"CL-5 before the opcode", [][]byte{clientFrame(fin|rsv1|3, "x")}, []string{compressed}},
	{"CL-5 not a ping or pong", [][]byte{clientFrame(fin|rsv1|9, "x"), clientFrame(fin|rsv1|10, "x"), after}, []string{"ping x", "text after"}},
	{"RSV2", [][]byte{clientFrame(fin|rsv2|1, "x"), after}, []string{"failed 1002 Received frame had RSV bits 2 or 3 set"}},
	{"RSV3 on a ping", [][]byte{announce(fin|rsv3|9, 5)}, []string{"failed 1002 Received frame had RSV bits 2 or 3 set"}},
	{"RSV2 before the size", [][]byte{announce(fin|rsv2|1, 1<<40)}, []string{"failed 1002 Received frame had RSV bits 2 or 3 set"}},
	{"half a header with RSV2", [][]byte{announce(fin|rsv2|1, 5)[:5]}, nil},

	{"CL-6", [][]byte{clientFrame(0x83, ""), after}, []string{"failed 1002 Unknown opcode 3"}},
	{"CL-6 7", [][]byte{clientFrame(0x87, "x")}, []string{"failed 1002 Unknown opcode 7"}},
	{"CL-6 11", [][]byte{clientFrame(0x8B, "x")}, []string{"failed 1002 Unknown opcode 11"}},
	{"CL-6 15", [][]byte{clientFrame(0x8F, "x")}, []string{"failed 1002 Unknown opcode 15"}},
	{"CL-6 only with its payload", [][]byte{announce(0x83, 5)}, nil},
	{"CL-6 fragmented", [][]byte{clientFrame(0x03, "a"), clientFrame(0x80, "b")}, []string{"failed 1002 Unknown opcode 3"}},
	{"CL-6 control frame inside a message", [][]byte{clientFrame(0x01, "a"), clientFrame(0x8B, "b")}, []string{"failed 1002 Unknown opcode 11"}},

	{"CL-7", [][]byte{clientFrame(0x80, "x"), after}, []string{"failed 1002 Unexpected continuation frame"}},
	{"CL-7 before its payload", [][]byte{announce(0x80, 5)}, []string{"failed 1002 Unexpected continuation frame"}},
	{"CL-7 after a message", [][]byte{clientFrame(0x01, "a"), clientFrame(0x80, "b"), clientFrame(0x80, "c")}, []string{"text ab", "failed 1002 Unexpected continuation frame"}},
	{"CL-7 before CL-5", [][]byte{clientFrame(fin|rsv1, "x")}, []string{"failed 1002 Unexpected continuation frame"}},
	{"new message inside a message", [][]byte{clientFrame(0x01, "ab"), announce(0x81, 2)}, []string{"failed 1002 Missing continuation frame"}},
	{"new message before its opcode", [][]byte{clientFrame(0x01, "ab"), clientFrame(0x84, "x")}, []string{"failed 1002 Missing continuation frame"}},

	{"CL-8", [][]byte{announce(0x09, 5)}, []string{"failed 1002 Received fragmented control frame"}},
	{"CL-8 pong", [][]byte{clientFrame(0x0A, "x")}, []string{"failed 1002 Received fragmented control frame"}},
	{"CL-8 close", [][]byte{clientFrame(0x08, closePayload(1000, ""))}, []string{"failed 1002 Received fragmented control frame"}},
	{"CL-8 unknown opcode", [][]byte{clientFrame(0x0B, "x")}, []string{"failed 1002 Received fragmented control frame"}},
	{"CL-8 with RSV1", [][]byte{clientFrame(rsv1|9, "x")}, []string{"failed 1002 Received fragmented control frame"}},

	{"CL-9", [][]byte{clientFrame(0x89, ""), clientFrame(0x89, "hello"), after}, []string{"ping ", "ping hello", "text after"}},
	{"CL-9 long", [][]byte{clientFrame(0x89, strings.Repeat("p", 200)), after}, []string{"ping " + strings.Repeat("p", 200), "text after"}},
	{"pong", [][]byte{clientFrame(0x8A, strings.Repeat("p", 300)), clientFrame(0x8A, ""), after}, []string{"text after"}},

	{"CL-10", [][]byte{announce(0x81, 33554433)}, []string{"failed 1009 Message is too large: 33554433 > 33554432"}},
	{"CL-10 the limit", [][]byte{announce(0x81, 33554432)}, nil},
	{"CL-10 high bit", [][]byte{announce(0x81, 1<<63)}, []string{"failed 1009 Message is too large: 9223372036854775808 > 33554432"}},
	{"CL-10 all bits", [][]byte{announce(0x82, 1<<64-1)}, []string{"failed 1009 Message is too large: 18446744073709551615 > 33554432"}},
	{"CL-10 rest of a message", [][]byte{clientFrame(0x01, "0123456789"), announce(0, 33554432)}, []string{"failed 1009 Message is too large: 33554432 > 33554422"}},
	{"CL-10 ping", [][]byte{announce(0x89, 33554433)}, []string{"failed 1009 Message is too large: 33554433 > 33554432"}},
	{"CL-10 ping inside a message", [][]byte{clientFrame(0x01, "0123456789"), announce(0x89, 33554427)}, []string{"failed 1009 Message is too large: 33554427 > 33554422"}},
	{"CL-10 before CL-5 to CL-8", [][]byte{announce(rsv1|9, 1<<40)}, []string{"failed 1009 Message is too large: 1099511627776 > 33554432"}},
	{"CL-10 before CL-7", [][]byte{announce(0x80, 1<<40)}, []string{"failed 1009 Message is too large: 1099511627776 > 33554432"}},
}

func TestParser(t *testing.T) {
	for _, tt := range parserCases {
		t.Run(tt.name, func(t *testing.T) {
			var p wire.Parser
			r := newRecorder()
			p.Feed(slices.Concat(tt.in...), r)
			equal(t, r.list(), tt.want...)
		})
	}
}

// However a stream is cut into reads, it says the same.
func TestParserSplits(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, tt := range parserCases {
		in := slices.Concat(tt.in...)
		for i := range 30 {
			var p wire.Parser
			r := newRecorder()
			for rest := in; len(rest) > 0; {
				n := 1 // the first time, byte by byte
				if i > 0 {
					n = 1 + rnd.IntN(len(rest))
				}
				p.Feed(slices.Clone(rest[:n]), r)
				rest = rest[n:]
			}
			if got := r.list(); !slices.Equal(got, tt.want) {
				t.Errorf("%s, cut: got %q, want %q", tt.name, got, tt.want)
			}
		}
	}
}

func TestParserLimit(t *testing.T) {
	p := wire.Parser{MaxMessage: 10}
	r := newRecorder()
	p.Feed(clientFrame(0x81, "0123456789"), r)
	p.Feed(clientFrame(0x81, "01234567890"), r)
	equal(t, r.list(), "text 0123456789", "failed 1009 Message is too large: 11 > 10")
}

func TestParserIdle(t *testing.T) {
	for _, in := range [][]byte{clientFrame(0x81, "x"), clientFrame(0x89, "p"), clientFrame(0x88, "")} {
		var p wire.Parser
		r := newRecorder()
		for i := range in {
			if idle := p.Idle(); idle != (i == 0) {
				t.Errorf("%x: idle %v after %d bytes", in, idle, i)
			}
			p.Feed(in[i:i+1], r)
		}
		if !p.Idle() {
			t.Errorf("%x: not idle at its end", in)
		}
	}
	var p wire.Parser
	r := newRecorder()
	p.Feed(slices.Concat(clientFrame(0x01, "a"), clientFrame(0x89, "")), r)
	if p.Idle() {
		t.Error("idle inside a message")
	}
}

// counter is a Receiver that costs nothing.
type counter struct{ bytes int }

func (c *counter) Message(_ bool, data []byte) int { c.bytes += len(data); return 0 }
func (c *counter) Ping(data []byte)                { c.bytes += len(data) }
func (c *counter) PeerClosed(int, string)          {}
func (c *counter) Failed(int, string)              {}

// A header that announces much costs little.
func TestParserMemory(t *testing.T) {
	for _, first := range []byte{0x82, 0x02, 0x89} {
		in := append(announce(first, wire.DefaultMaxMessage), "some bytes"...)
		const runs = 100
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			var p wire.Parser
			p.Feed(in, &counter{})
		}
		runtime.ReadMemStats(&after)
		if n := (after.TotalAlloc - before.TotalAlloc) / runs; n > 1000 {
			t.Errorf("%x: %d bytes for %d", first, n, len(in))
		}
	}
	in := slices.Concat(announce(0x82, 1<<20), make([]byte, 1<<20))
	var p wire.Parser
	for len(in) > 0 {
		n := min(4096, len(in))
		p.Feed(in[:n], &exact{t})
		in = in[n:]
	}
}

// exact is a Receiver that wants messages without spare room.
type exact struct{ t *testing.T }

func (e *exact) Message(_ bool, data []byte) int {
	if cap(data) > len(data)+len(data)/8 {
		e.t.Errorf("a message of %d bytes holds %d", len(data), cap(data))
	}
	return 0
}
func (*exact) Ping([]byte)            {}
func (*exact) PeerClosed(int, string) {}
func (*exact) Failed(int, string)     {}
