package wire_test

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/internal/wire"
	"golang.org/x/sys/unix"
)

// cpuTime is the processor time of this process in nanoseconds.
func cpuTime() int64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkEcho is a round trip of 32 bytes over 32 loopback connections at a time, the clients' share included.
func BenchmarkEcho(b *testing.B) {
	for _, mode := range []string{"poller", "stream"} {
		b.Run(mode, func(b *testing.B) {
			var o wire.Options
			if mode == "poller" {
				o.Poller = wire.NewPoller()
				defer o.Poller.Close()
			}
			const conns = 32
			frame := clientFrame(0x82, fmt.Sprintf("%32d", 0))
			turns := make(chan struct{}, b.N)
			for range b.N {
				turns <- struct{}{}
			}
			close(turns)
			ended := make(chan struct{})
			var clients []net.Conn
			for range conns {
				client, server := tcpPair(b)
				e := &echo{}
				c, err := wire.NewConn(server, nil, e, &o)
				if err != nil {
					b.Fatal(err)
				}
				e.c = c
				c.Start()
				clients = append(clients, client)
			}
			b.ReportAllocs()
			b.ResetTimer()
			start := cpuTime()
			for _, client := range clients {
				go func() {
					defer func() { ended <- struct{}{} }()
					buf := make([]byte, 34)
					for range turns {
						client.Write(frame)
						io.ReadFull(client, buf)
					}
				}()
			}
			for range clients {
				<-ended
			}
			b.ReportMetric(float64(cpuTime()-start)/float64(b.N)/1e3, "cpu-us/op")
			b.StopTimer()
			for _, client := range clients {
				client.Close()
			}
		})
	}
}

// BenchmarkIdle reports the memory of a silent connection: of the heap and of stacks.
func BenchmarkIdle(b *testing.B) {
	for _, mode := range []string{"poller", "stream"} {
		b.Run(mode, func(b *testing.B) {
			var o wire.Options
			if mode == "poller" {
				o.Poller = wire.NewPoller()
				defer o.Poller.Close()
			}
			const conns = 4000
			var servers, clients []*net.TCPConn
			for range conns {
				client, server := tcpPair(b)
				clients, servers = append(clients, client), append(servers, server)
			}
			kept := make([]*wire.Conn, conns)
			before := inUse()
			for i, server := range servers {
				c, err := wire.NewConn(server, nil, endless{}, &o)
				if err != nil {
					b.Fatal(err)
				}
				c.Start()
				kept[i] = c
			}
			b.ReportMetric(float64(inUse()-before)/conns, "B/conn")
			for i, c := range kept {
				c.Shut()
				clients[i].Close()
			}
		})
	}
}

func inUse() int64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

func BenchmarkParser(b *testing.B) {
	for _, size := range []int{32, 4 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			frame := clientFrame(0x82, string(make([]byte, size)))
			var p wire.Parser
			r := &counter{}
			b.SetBytes(int64(len(frame)))
			b.ReportAllocs()
			for b.Loop() {
				p.Feed(frame, r)
			}
		})
	}
}
