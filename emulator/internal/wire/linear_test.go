package wire_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// hostile are messages whose fragments a client makes as many of as it can. Each makes about n bytes of stream.
var hostile = []struct {
	name string
	make func(n int) []byte
}{
	{"fragments of 1 KiB", func(n int) []byte {
		return fragments(n/1024, string(make([]byte, 1024)), nil)
	}},
	{"fragments of one byte", func(n int) []byte { return fragments(n/7, "x", nil) }},
	{"empty fragments", func(n int) []byte { return fragments(n/6, "", nil) }},
	{"pongs between", func(n int) []byte { return fragments(n/13, "x", clientFrame(fin|wire.OpPong, "")) }},
	{"pings between", func(n int) []byte { return fragments(n/14, "x", clientFrame(fin|wire.OpPing, "p")) }},
	{"one frame", func(n int) []byte { return clientFrame(fin|wire.OpBinary, string(make([]byte, n))) }},
}

// fragments is a message of n fragments with something behind each.
func fragments(n int, payload string, between []byte) []byte {
	b := slices.Concat(clientFrame(wire.OpBinary, payload), between)
	b = append(b, slices.Repeat(slices.Concat(clientFrame(0, payload), between), max(0, n-2))...)
	return append(b, clientFrame(fin, payload)...)
}

// feed feeds a stream in reads of the size.
func feed(p *wire.Parser, in []byte, size int, r wire.Receiver) {
	for len(in) > 0 {
		n := min(size, len(in))
		p.Feed(in[:n], r)
		in = in[n:]
	}
}

// However a message is cut into fragments and reads, what it costs is in proportion to its bytes: what is allocated, and
// so what is copied, does not grow faster than the stream.
func TestFragmentsAreLinear(t *testing.T) {
	const small, factor = 16 << 10, 16
	for _, tt := range hostile {
		for _, size := range []int{1, 7, 4 << 10} {
			t.Run(fmt.Sprintf("%s/reads of %d", tt.name, size), func(t *testing.T) {
				cost := func(n int) (bytes, objects uint64) {
					in := tt.make(n)
					var before, after runtime.MemStats
					runtime.ReadMemStats(&before)
					var p wire.Parser
					feed(&p, in, size, &counter{})
					runtime.ReadMemStats(&after)
					return after.TotalAlloc - before.TotalAlloc, after.Mallocs - before.Mallocs
				}
				bytes1, objects1 := cost(small)
				bytes16, objects16 := cost(small * factor)
				if limit := 2*factor*bytes1 + 64<<10; bytes16 > limit {
					t.Errorf("%d times the stream costs %d bytes, not %d: quadratic", factor, bytes16, bytes1)
				}
				if limit := 2*factor*objects1 + 1000; objects16 > limit {
					t.Errorf("%d times the stream costs %d allocations, not %d: quadratic", factor, objects16, objects1)
				}
				if limit := uint64(6*small*factor + 64<<10); bytes16 > limit {
					t.Errorf("%d bytes are allocated for a stream of %d", bytes16, small*factor)
				}
			})
		}
	}
}

// What a message of fragments holds while it is incomplete is less than twice what has arrived, and the handler gets it
// without spare room.
func TestFragmentsHoldLittle(t *testing.T) {
	var p wire.Parser
	feed(&p, fragments(5000, "0123456789", nil), 1000, &exact{t})

	// One that never ends is refused at the limit, however small its fragments are. workerd 2026-11-17 says the same.
	const limit = 1 << 20
	p = wire.Parser{MaxMessage: limit}
	r := newRecorder()
	part := slices.Repeat(clientFrame(0, "12345678"), 1000)
	p.Feed(clientFrame(wire.OpBinary, ""), r)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for !p.Ended() {
		p.Feed(part, r)
	}
	runtime.ReadMemStats(&after)
	equal(t, r.list(), "failed 1009 Message is too large: 8 > 0")
	if n := after.TotalAlloc - before.TotalAlloc; n > 4*limit {
		t.Errorf("%d bytes are allocated for a limit of %d", n, limit)
	}
}

// BenchmarkFragments shows that the cost of a byte does not depend on how many there are.
func BenchmarkFragments(b *testing.B) {
	for _, tt := range hostile {
		for _, times := range []int{1, 4, 16} {
			in := tt.make(times * 256 << 10)
			b.Run(tt.name+"/"+strconv.Itoa(times)+"x", func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(in)))
				for range b.N {
					var p wire.Parser
					feed(&p, in, 64<<10, &counter{})
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(in)), "ns/byte")
			})
		}
	}
}

// Of pings that arrive together the first and the last are answered, before what follows them. workerd 2026-11-17 does so.
func TestPingsTogether(t *testing.T) {
	ping := func(s string) []byte { return clientFrame(fin|wire.OpPing, s) }
	pong := func(s string) []byte { return wire.AppendFrame(nil, wire.OpPong, []byte(s)) }
	for _, tt := range []struct {
		name     string
		in, want []byte
	}{
		{"one", ping("1"), pong("1")},
		{"two", slices.Concat(ping("1"), ping("2")), slices.Concat(pong("1"), pong("2"))},
		{"four", slices.Concat(ping("1"), ping("2"), ping("3"), ping("4")), slices.Concat(pong("1"), pong("4"))},
		{"a flood", slices.Repeat(ping("p"), 10000), slices.Repeat(pong("p"), 2)},
		{"with a message between", slices.Concat(ping("1"), ping("2"), ping("3"), clientFrame(0x82, "hi"), ping("4")),
			slices.Concat(pong("1"), pong("3"), wire.AppendFrame(nil, wire.OpBinary, []byte("hi")), pong("4"))},
		{"inside a message", slices.Concat(clientFrame(0x02, "h"), ping("1"), clientFrame(0x80, "i")),
			slices.Concat(pong("1"), wire.AppendFrame(nil, wire.OpBinary, []byte("hi")))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachMode(t, func(t *testing.T, o wire.Options) {
				client, server := tcpPair(t)
				e := &echo{}
				c, err := wire.NewConn(server, tt.in, e, &o)
				if err != nil {
					t.Fatal(err)
				}
				e.c = c
				c.Start()
				client.CloseWrite()
				got := make([]byte, len(tt.want))
				io.ReadFull(client, got)
				if !bytes.Equal(got, tt.want) {
					t.Errorf("got %q, want %q", got, tt.want)
				}
				c.Shut()
				if rest, _ := io.ReadAll(client); len(rest) > 0 {
					t.Errorf("more: %q", rest)
				}
			})
		})
	}
}
