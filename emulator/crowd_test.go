package emulator_test

// Many sockets on one object, slow clients, and the worlds of one process.

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// crowd broadcasts each message with the number of sockets, and closes those that close.
var crowd = script{
	message: func(_ context.Context, p *probe, _ *durable.WebSocket, m durable.Message) error {
		all := p.st.WebSockets()
		for _, ws := range all {
			ws.Send(fmt.Sprintf("%s to %d", m, len(all)))
		}
		return nil
	},
	closed: func(_ context.Context, _ *probe, ws *durable.WebSocket, code int, reason string, clean bool) error {
		if !clean {
			code, reason = 1000, ""
		}
		return ws.ReplyToClose(code, reason)
	},
}

// member is a client of the crowd; it reads only when it is asked to.
type member struct {
	*net.TCPConn
	br *bufio.Reader
}

func (m *member) next() string {
	m.SetReadDeadline(time.Now().Add(patience))
	line, err := readFrame(m.br)
	if err != nil {
		return err.Error()
	}
	return line
}

// all runs f for each of the members on a few goroutines.
func all(members []*member, f func(i int, m *member)) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range 8 {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(members)); i = next.Add(1) - 1 {
				f(int(i), members[i])
			}
		})
	}
	wg.Wait()
}

// 2,000 sockets on one object over the loopback interface: join, broadcast, half of
// them reset, hibernate, wake, broadcast; when all have left nothing is left behind.
func TestCrowd(t *testing.T) {
	const n = 2000
	r := newRig(t, crowd)
	url := r.Listen()
	// Everything that is made once is made first.
	first := r.openTCP(url)
	first.send(text("hi"))
	first.expect("text hi to 1")
	first.send(closing(1000, ""))
	first.expect(`close 1000 ""`, "FIN")
	first.leave()
	r.object().Hibernate()
	goroutines, files, memory := settled(runtime.NumGoroutine), openFiles(), heap()

	members := make([]*member, n)
	all(members, func(i int, _ *member) {
		c := r.dialTCP(url)
		m := &member{c, bufio.NewReaderSize(c, 128)}
		members[i] = m
		io.WriteString(c, "GET /P/o HTTP/1.1\r\nHost: h\r\n"+upgrade+"\r\n")
		c.SetReadDeadline(time.Now().Add(patience))
		for line := "-"; line != "\r\n"; {
			var err error
			if line, err = m.br.ReadString('\n'); err != nil {
				t.Errorf("member %d: %v", i, err)
				return
			}
		}
	})
	heard := func(members []*member, want string) {
		t.Helper()
		var wrong atomic.Int64
		all(members, func(_ int, m *member) {
			if got := m.next(); got != want {
				wrong.Add(1)
			}
		})
		if wrong.Load() > 0 {
			t.Fatalf("%d of %d did not hear %q", wrong.Load(), len(members), want)
		}
	}
	members[0].Write(text("one"))
	heard(members, "text one to 2000")

	all(members[n/2:], func(_ int, m *member) {
		m.SetLinger(0)
		m.Close()
	})
	if !eventually(func() bool { return len(r.object().Sockets()) == n/2 }) {
		t.Fatalf("%d sockets", len(r.object().Sockets()))
	}
	members = members[:n/2]
	members[1].Write(text("two"))
	heard(members, "text two to 1000")

	r.object().Hibernate()
	if parked := settled(runtime.NumGoroutine); runtime.GOOS == "linux" && parked > goroutines+50 {
		t.Errorf("%d goroutines for 1,000 silent sockets, %d without", parked, goroutines)
	}
	members[2].Write(text("three"))
	heard(members, "text three to 1000")
	if r.instances() != 3 {
		t.Errorf("constructed %d times", r.instances())
	}

	all(members, func(_ int, m *member) { m.Write(closing(1000, "bye")) })
	heard(members, `close 1000 "bye"`)
	all(members, func(_ int, m *member) { m.Close() })
	members = nil
	if !eventually(func() bool { return len(r.object().Sockets()) == 0 }) {
		t.Fatalf("%d sockets at the end", len(r.object().Sockets()))
	}
	r.object().Hibernate()
	eventually(func() bool { return runtime.NumGoroutine() <= goroutines && openFiles() <= files })
	if now := runtime.NumGoroutine(); now > goroutines {
		t.Errorf("%d goroutines, %d before", now, goroutines)
	}
	if now := openFiles(); now > files {
		t.Errorf("%d open files, %d before", now, files)
	}
	if now := heap(); now > memory+4<<20 {
		t.Errorf("%d KiB of memory, %d before", now>>10, memory>>10)
	}
}

// settled is f's value when it has not changed for a while.
func settled(f func() int) int {
	last, since := f(), time.Now()
	for time.Since(since) < 50*time.Millisecond {
		time.Sleep(time.Millisecond)
		if now := f(); now != last {
			last, since = now, time.Now()
		}
	}
	return last
}

// openFiles counts the process's open files, where the system tells.
func openFiles() int {
	links, _ := os.ReadDir("/proc/self/fd")
	return len(links)
}

// heap is the memory in use after a collection.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A client that does not read: what waits for it is bounded, nobody else waits, and its
// socket is closed with 1009.
func TestSlowClient(t *testing.T) {
	r := newRig(t, script{
		message: func(_ context.Context, p *probe, _ *durable.WebSocket, m durable.Message) error {
			var most int64
			for _, ws := range p.st.WebSockets() {
				ws.SendBytes(m.Bytes())
				most = max(most, ws.BufferedAmount())
			}
			p.n = max(p.n, int(most))
			return nil
		},
		closed: crowd.closed,
	})
	url := r.Listen()
	slow, quick := r.dialTCP(url), r.dialTCP(url)
	var readers [2]*bufio.Reader
	for i, c := range []*net.TCPConn{slow, quick} {
		io.WriteString(c, "GET /P/o HTTP/1.1\r\nHost: h\r\n"+upgrade+"\r\n")
		readers[i] = bufio.NewReader(c)
		for line := "-"; line != "\r\n"; {
			line, _ = readers[i].ReadString('\n')
		}
	}
	const size = 1 << 20
	message := frame(0x82, strings.Repeat("x", size))
	sent := 0
	for ; len(r.object().Sockets()) == 2; sent++ {
		if sent > 100 {
			t.Fatal("the slow client's queue has no bound")
		}
		go quick.Write(message)
		var h [10]byte
		quick.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(readers[1], h[:]); err != nil || binary.BigEndian.Uint64(h[2:]) != size {
			t.Fatalf("the quick client waits: %v", err)
		}
		if _, err := io.CopyN(io.Discard, readers[1], size); err != nil {
			t.Fatal(err)
		}
	}
	if sent < 64 {
		t.Errorf("closed after %d MiB", sent)
	}
	r.run(func(_ context.Context, p *probe) error {
		if p.n > 64<<20+size+10 {
			t.Errorf("%d bytes waited", p.n)
		}
		return nil
	})
	var logs []emulator.Event
	for _, e := range r.Events() {
		if e.Type == emulator.EventLog {
			logs = append(logs, e)
		}
	}
	if len(logs) != 1 || logs[0].Class != "P" || logs[0].Name != "o" || !strings.Contains(logs[0].Message, "1009") {
		t.Errorf("logged %+v", logs)
	}
	// Behind whole frames there is a Close frame with 1009.
	slow.SetReadDeadline(time.Now().Add(patience))
	last := ""
	for {
		line, err := readFrame(readers[0])
		if err != nil {
			break
		}
		last = line
	}
	if !strings.HasPrefix(last, "close 1009 ") {
		t.Errorf("the last frame is %.40s", last)
	}
	slow.Close()
	quick.Close()
}

// Two worlds with the same configuration, names and folders of their own.
func TestWorldsShareNothing(t *testing.T) {
	class := durable.Define("P", func(_ context.Context, st *durable.State, _ *durable.Env) (*keeper, error) {
		return &keeper{st}, nil
	})
	var worlds [2]*emutest.World
	var clients [2]*emutest.Conn
	for i := range worlds {
		worlds[i] = emutest.New(t, emutest.Classes(class), emutest.Persist(t.TempDir()), emutest.Var("WHO", fmt.Sprint(i)))
		clients[i] = worlds[i].Dial("/P/o")
	}
	clients[0].Send("mine")
	clients[0].Expect("mine, 1 sockets")
	clients[1].ExpectNone()
	clients[1].Send("")
	clients[1].Expect(", 1 sockets")
	if a, b := worlds[0].Object("P", "o"), worlds[1].Object("P", "o"); a.ID() != b.ID() {
		t.Errorf("ids %s and %s", a.ID(), b.ID())
	}
	worlds[0].Advance(time.Minute)
	if a, b := worlds[0].Object("P", "o").State(), worlds[1].Object("P", "o").State(); a != emulator.Hibernated || b != emulator.Idle {
		t.Errorf("%s and %s", a, b)
	}
	worlds[0].Object("P", "o").Abort("only here")
	clients[1].Send("")
	clients[1].Expect(", 1 sockets")
}

// keeper stores the latest message and answers with it.
type keeper struct{ st *durable.State }

func (k *keeper) Fetch(context.Context, *durable.Request) (*durable.Response, error) {
	client, server := durable.WebSocketPair()
	return durable.Upgrade(client), k.st.AcceptWebSocket(server)
}

func (k *keeper) WebSocketMessage(ctx context.Context, ws *durable.WebSocket, m durable.Message) error {
	if m.String() != "" {
		k.st.Storage().Put(ctx, "latest", m.String())
	}
	var latest string
	if _, err := k.st.Storage().Get(ctx, "latest", &latest); err != nil {
		return err
	}
	return ws.Send(fmt.Sprintf("%s, %d sockets", latest, len(k.st.WebSockets())))
}
