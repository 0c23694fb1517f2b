package wire_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

const (
	failedText = "\x88\x12\x03\xeaUnknown opcode 3"
	patience   = 10 * time.Second // of a test for what must come
	glance     = 30 * time.Millisecond
)

// read returns the next n bytes.
func read(t *testing.T, c net.Conn, n int) string {
	t.Helper()
	b := make([]byte, n)
	c.SetReadDeadline(time.Now().Add(patience))
	n, err := io.ReadFull(c, b)
	if err != nil {
		t.Fatalf("%v after %q", err, b[:n])
	}
	return string(b)
}

// readFIN checks that the rest of the stream is want and a FIN, not a reset.
func readFIN(t *testing.T, c net.Conn, want string) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(patience))
	b, err := io.ReadAll(c)
	if err != nil || string(b) != want {
		t.Errorf("got %q, %v; want %q and FIN", b, err, want)
	}
}

// readNothing checks that there is nothing to read, not even a FIN.
func readNothing(t *testing.T, c net.Conn) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(glance))
	var b [1]byte
	if n, err := c.Read(b[:]); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %q, %v; want nothing", b[:n], err)
	}
}

func waitFor(t *testing.T, ch <-chan struct{}) {
	t.Helper()
	select {
	case <-ch:
	case <-time.After(patience):
		t.Fatal("it does not come")
	}
}

// A Close frame is the owner's affair; what comes after it is nobody's.
func TestPeerCloses(t *testing.T) {
	eachMode(t, func(t *testing.T, o wire.Options) {
		r := newRecorder()
		c, client := open(t, r, o)
		client.Write(slices.Concat(clientFrame(0x81, "hi"), clientFrame(0x88, closePayload(1000, "bye")), clientFrame(0x89, "p"), after))
		waitFor(t, r.ended)
		readNothing(t, client)
		client.Write(bytes.Repeat([]byte("late"), 1<<10))
		client.CloseWrite()
		c.Write(textFrame("late"))
		c.Write(wire.AppendClose(nil, 1000, "bye"))
		c.Finish()
		readFIN(t, client, "\x81\x04late\x88\x05\x03\xe8bye")
		waitFor(t, c.Done())
		equal(t, r.list(), "text hi", `closed 1000 "bye"`)
	})
}

// CL-4 and CL-12: after the peer's FIN the connection is half open.
func TestPeerEnds(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"between messages", "", "lost: EOF"},
		{"inside a frame", "\x81\x05hel", "lost: unexpected EOF"},
		{"inside a header", "\x81", "lost: unexpected EOF"},
		{"inside a message", "\x01\x01x", "lost: unexpected EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachMode(t, func(t *testing.T, o wire.Options) {
				r := newRecorder()
				c, client := open(t, r, o)
				client.Write([]byte(tt.in))
				client.CloseWrite()
				waitFor(t, r.ended)
				readNothing(t, client)
				c.Write(textFrame("late"))
				c.Finish()
				readFIN(t, client, "\x81\x04late")
				waitFor(t, c.Done())
				equal(t, r.list(), tt.want)
			})
		})
	}
}

func TestPeerResets(t *testing.T) {
	eachMode(t, func(t *testing.T, o wire.Options) {
		r := newRecorder()
		c, client := open(t, r, o)
		client.SetLinger(0)
		client.Close()
		waitFor(t, r.ended)
		waitFor(t, c.Done())
		if got := r.list(); len(got) != 1 || !strings.HasPrefix(got[0], "lost: read") {
			t.Errorf("got %q", got)
		}
		c.Write(textFrame("into the void"))
		c.Finish()
	})
}

// CL-6: a Close frame, no FIN, and nothing more is read or written.
func TestFails(t *testing.T) {
	eachMode(t, func(t *testing.T, o wire.Options) {
		r := newRecorder()
		c, client := open(t, r, o)
		client.Write(slices.Concat(clientFrame(0x89, "p"), clientFrame(0x83, ""), after))
		waitFor(t, r.ended)
		c.Write(textFrame("not after a Close frame"))
		if got, want := read(t, client, 3+len(failedText)), "\x8a\x01p"+failedText; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		readNothing(t, client)
		c.Finish()
		client.Write(after)
		readFIN(t, client, "")
		client.Close()
		waitFor(t, c.Done())
		equal(t, r.list(), "failed 1002 Unknown opcode 3")
	})
}

// After a Close frame of ours there is no pong, and no second Close frame.
func TestNothingAfterClose(t *testing.T) {
	eachMode(t, func(t *testing.T, o wire.Options) {
		r := newRecorder()
		c, client := open(t, r, o)
		c.Write(slices.Concat(textFrame("x"), wire.AppendClose(nil, 4000, ""), textFrame("y")))
		c.Write(textFrame("z"))
		client.Write(slices.Concat(clientFrame(0x89, "p"), after, clientFrame(0x83, "")))
		waitFor(t, r.ended)
		c.Finish()
		readFIN(t, client, "\x81\x01x\x88\x02\x0f\xa0")
		equal(t, r.list(), "text after", "failed 1002 Unknown opcode 3")
	})
}

// What net/http had read already comes first, and only after Start.
func TestBuffered(t *testing.T) {
	eachMode(t, func(t *testing.T, o wire.Options) {
		client, server := tcpPair(t)
		r := newRecorder()
		in := slices.Concat(clientFrame(0x81, "one"), clientFrame(0x81, "two"), clientFrame(0x88, ""))
		client.Write(in[15:])
		c, err := wire.NewConn(server, in[:15], r, &o)
		if err != nil {
			t.Fatal(err)
		}
		head := wire.AppendSwitch(nil, "short", nil)
		c.Write(slices.Concat(head, textFrame("before"))) // AW-10
		if got, want := read(t, client, len(head)+8), string(head)+"\x81\x06before"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		equal(t, r.list())
		c.Start()
		waitFor(t, r.ended)
		equal(t, r.list(), "text one", "text two", `closed 1005 ""`)
		c.Shut()
		waitFor(t, c.Done())
	})
}

// AW-10: a Close frame before the 101.
func TestClosedBeforeSwitch(t *testing.T) {
	eachMode(t, func(t *testing.T, o wire.Options) {
		c, client := open(t, newRecorder(), o)
		head := wire.AppendSwitch(nil, "short", http.Header{"X-A": {"b"}})
		c.Write(wire.AppendClose(slices.Clone(head), 4005, ""))
		c.Write(textFrame("x"))
		c.Finish()
		readFIN(t, client, string(head)+"\x88\x02\x0f\xa5")
	})
}

// Shut is a FIN even if the peer's bytes are unread, and may come from the handler.
func TestShut(t *testing.T) {
	eachMode(t, func(t *testing.T, o wire.Options) {
		r := newRecorder()
		r.queued = 1 << 30 // pauses reading
		got := make(chan struct{})
		r.on = func(string) { close(got) }
		c, client := open(t, r, o)
		client.Write(after)
		waitFor(t, got)
		client.Write(make([]byte, 200<<10))
		c.Shut()
		c.Write(textFrame("x"))
		if o.Poller != nil { // a stream's unread bytes may cause a reset
			readFIN(t, client, "")
		}
		waitFor(t, c.Done())
		equal(t, r.list(), "text after")
	})
	eachMode(t, func(t *testing.T, o wire.Options) {
		r := newRecorder()
		conn := make(chan *wire.Conn, 1)
		r.on = func(string) { (<-conn).Shut() }
		c, client := open(t, r, o)
		conn <- c
		client.Write(slices.Concat(after, after))
		readFIN(t, client, "")
		waitFor(t, c.Done())
		equal(t, r.list(), "text after")
	})
}

// A slow handler makes the peer wait, and loses nothing.
func TestConsumed(t *testing.T) {
	eachMode(t, func(t *testing.T, o wire.Options) {
		const size, messages = 64 << 10, 40
		r := newRecorder()
		r.queued = size
		events := make(chan string, messages+1)
		r.on = func(s string) { events <- s }
		c, client := open(t, r, o)
		go func() {
			for range messages {
				client.Write(clientFrame(0x82, strings.Repeat("x", size)))
			}
			client.Write(clientFrame(0x88, ""))
		}()
		for range 5 { // 256 KiB and one
			<-events
		}
		// A message that was under way may still come; no more.
		time.Sleep(glance)
		if n := len(events); n > 1 {
			t.Errorf("%d messages more while paused", n)
		}
		for range 5 {
			c.Consumed(size)
		}
		for range messages - 5 {
			<-events
			c.Consumed(size)
		}
		waitFor(t, r.ended)
		if n := len(r.list()); n != messages+1 {
			t.Errorf("%d events", n)
		}
	})
}

// What the kernel does not take waits, and arrives whole and in order.
func TestSlowPeer(t *testing.T) {
	eachMode(t, func(t *testing.T, o wire.Options) {
		c, client := open(t, newRecorder(), o)
		var want []byte
		for i := range 40 {
			f := textFrame(strings.Repeat(string(rune('a'+i%26)), 1<<(i%21)))
			want = append(want, f...)
			c.Write(f)
			clear(f) // Write has copied it
		}
		c.Write(textFrame(strings.Repeat("z", 10<<20)))
		want = append(want, textFrame(strings.Repeat("z", 10<<20))...)
		if c.Buffered() == 0 {
			t.Error("the kernel has taken everything")
		}
		c.Finish()
		c.Write(textFrame("too late"))
		client.SetReadDeadline(time.Now().Add(patience))
		got, err := io.ReadAll(client)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("got %d bytes, %v; want %d", len(got), err, len(want))
		}
		client.Close()
		waitFor(t, c.Done())
		if n := c.Buffered(); n != 0 {
			t.Errorf("%d bytes buffered at the end", n)
		}
	})
}

// A peer that never reads is closed with 1009, behind whole frames.
func TestOverflow(t *testing.T) {
	eachMode(t, func(t *testing.T, o wire.Options) {
		o.MaxQueue = 1 << 20
		r := newRecorder()
		c, client := open(t, r, o)
		frame := wire.AppendFrame(nil, wire.OpBinary, make([]byte, 50000))
		for over := false; !over; {
			c.Write(frame)
			select {
			case <-r.ended:
				over = true
			default:
			}
			if n := c.Buffered(); n > o.MaxQueue {
				t.Fatalf("%d bytes buffered", n)
			}
		}
		c.Write(frame)
		client.SetReadDeadline(time.Now().Add(patience))
		got, err := io.ReadAll(client)
		if err != nil {
			t.Fatal(err)
		}
		for bytes.HasPrefix(got, frame) {
			got = got[len(frame):]
		}
		if want := wire.AppendClose(nil, 1009, "Too many bytes are waiting to be read"); !bytes.Equal(got, want) {
			t.Errorf("got %q at the end", brief(string(got)))
		}
		client.Close()
		waitFor(t, c.Done())
		equal(t, r.list(), "overflow")
	})
}

// A frame that is torn because it is over the limit by itself is not followed by another.
func TestOverflowTorn(t *testing.T) {
	p := wire.NewPoller()
	if p == nil {
		t.Skip("no Poller here")
	}
	defer p.Close()
	r := newRecorder()
	c, client := open(t, r, wire.Options{Poller: p, MaxQueue: 1 << 20})
	c.Write(wire.AppendFrame(nil, wire.OpBinary, make([]byte, 32<<20)))
	waitFor(t, r.ended)
	client.SetReadDeadline(time.Now().Add(patience))
	got, err := io.ReadAll(client)
	if err != nil || len(got) < 10 || bytes.Count(got[10:], []byte{0}) != len(got)-10 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	equal(t, r.list(), "overflow")
}

func TestPollerClose(t *testing.T) {
	p := wire.NewPoller()
	if p == nil {
		t.Skip("no Poller here")
	}
	r := newRecorder()
	c, client := open(t, r, wire.Options{Poller: p})
	p.Close()
	waitFor(t, c.Done())
	readFIN(t, client, "")
	p.Close()
	_, server := tcpPair(t)
	if c, err := wire.NewConn(server, nil, r, &wire.Options{Poller: p}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, %v from a closed Poller", c, err)
	}
	equal(t, r.list())
}

// Everybody calls everything at the same time: for the race detector.
func TestConcurrentEnds(t *testing.T) {
	eachMode(t, func(t *testing.T, o wire.Options) {
		o.MaxQueue = 100 << 10
		for range 50 {
			client, server := tcpPair(t)
			c, err := wire.NewConn(server, clientFrame(0x81, "x"), endless{}, &o)
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for _, f := range []func(){
				c.Start,
				func() { c.Write(textFrame(strings.Repeat("x", 70000))) },
				func() {
					c.Write(wire.AppendFrame(nil, 2, make([]byte, 70000)))
					c.Write(wire.AppendFrame(nil, 2, make([]byte, 200<<10)))
				},
				func() { client.Write(slices.Concat(after, after)); client.Close() },
				c.Finish,
				func() { c.Consumed(1); c.Shut() },
				func() { <-c.Done() },
			} {
				wg.Go(f)
			}
			wg.Wait()
		}
	})
}

// endless is a Handler that does not care.
type endless struct{}

func (endless) Message(bool, []byte) int { return 100 << 10 }
func (endless) PeerClosed(int, string)   {}
func (endless) Failed(int, string)       {}
func (endless) Lost(error)               {}
func (endless) Ended()                   {}
func (endless) Overflow(int64, int64)    {}

// pipe is a started Conn over net.Pipe, for use in a bubble.
func pipe(t *testing.T, r *recorder, o *wire.Options) (*wire.Conn, net.Conn) {
	client, server := net.Pipe()
	c, err := wire.NewConn(server, nil, r, o)
	if err != nil {
		t.Fatal(err)
	}
	c.Start()
	return c, client
}

func TestPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		c, client := pipe(t, r, &wire.Options{})
		go client.Write(slices.Concat(clientFrame(0x81, "hi"), clientFrame(0x89, "p")))
		if got := read(t, client, 3); got != "\x8a\x01p" {
			t.Errorf("got %q", got)
		}
		client.Write(clientFrame(0x83, ""))
		if got := read(t, client, len(failedText)); got != failedText {
			t.Errorf("got %q", got)
		}
		synctest.Wait()
		equal(t, r.list(), "text hi", "failed 1002 Unknown opcode 3")
		c.Finish()
		readFIN(t, client, "")
		<-c.Done()
	})
}

// Finish gives up on a peer that does nothing.
func TestFinishGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		c, _ := pipe(t, newRecorder(), &wire.Options{})
		c.Write(textFrame("nobody reads this"))
		c.Finish()
		<-c.Done()
		if d := time.Since(start); d != 5*time.Second {
			t.Errorf("it took %v", d)
		}
	})
	synctest.Test(t, func(t *testing.T) { // but not on one that is slow
		c, client := pipe(t, newRecorder(), &wire.Options{})
		for range 5 {
			c.Write(textFrame(strings.Repeat("x", 20<<10)))
		}
		c.Finish()
		n := 0
		for b := make([]byte, 20<<10+4); ; n++ {
			time.Sleep(4 * time.Second)
			if _, err := io.ReadFull(client, b); err != nil {
				break
			}
		}
		if n != 5 {
			t.Errorf("%d of 5 messages came", n)
		}
		<-c.Done()
	})
}

// A peer that has ended its side is waited for no longer than two seconds, and not at all after our Close frame.
func TestHalfOpenEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		r := newRecorder()
		c, client := pipe(t, r, &wire.Options{})
		client.Close()
		<-c.Done()
		if d := time.Since(start); d != 2*time.Second {
			t.Errorf("it took %v", d)
		}
		equal(t, r.list(), "lost: EOF")
	})
	for _, order := range []string{"Close frame, FIN", "FIN, Close frame"} {
		t.Run(order, func(t *testing.T) {
			eachMode(t, func(t *testing.T, o wire.Options) {
				r := newRecorder()
				c, client := open(t, r, o)
				for _, end := range strings.Split(order, ", ") {
					if end == "FIN" {
						client.CloseWrite()
						waitFor(t, r.ended)
					} else {
						c.Write(wire.AppendClose(nil, 1000, "bye"))
					}
				}
				readFIN(t, client, "\x88\x05\x03\xe8bye")
				waitFor(t, c.Done())
			})
		})
	}
}

// That the stream has ended after a Close frame, or after a violation, is told too.
func TestEndedAfterLast(t *testing.T) {
	for _, last := range []string{string(clientFrame(0x88, "")), string(clientFrame(0x83, ""))} {
		for _, how := range []string{"FIN", "RST"} {
			eachMode(t, func(t *testing.T, o wire.Options) {
				r := newRecorder()
				ended := make(chan struct{})
				r.on = func(s string) {
					if s == "ended" {
						close(ended)
					}
				}
				_, client := open(t, r, o)
				client.Write([]byte(last))
				waitFor(t, r.ended)
				if how == "RST" {
					client.SetLinger(0)
					client.Close()
				} else {
					client.CloseWrite()
				}
				waitFor(t, ended)
			})
		}
	}
}

// The end of a peer that is not read, since the handler keeps too much, is noticed all the same.
func TestEndWhilePaused(t *testing.T) {
	for _, how := range []string{"FIN", "RST"} {
		t.Run(how, func(t *testing.T) {
			p := wire.NewPoller()
			if p == nil {
				t.Skip("no Poller here")
			}
			defer p.Close()
			r := newRecorder()
			r.queued = 1 << 20
			first := make(chan struct{}, 3)
			r.on = func(s string) { first <- struct{}{} }
			c, client := open(t, r, wire.Options{Poller: p})
			client.Write(clientFrame(0x81, "first"))
			<-first
			client.Write(clientFrame(0x81, "second"))
			if how == "RST" {
				client.SetLinger(0)
				client.Close()
			} else {
				client.CloseWrite()
			}
			waitFor(t, r.ended)
			if how == "RST" {
				waitFor(t, c.Done())
				return
			}
			equal(t, r.list(), "text first", "text second", "lost: EOF")
			c.Shut()
		})
	}
}

func TestTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS() // for its certificate
	defer s.Close()
	client, server := tcpPair(t)
	r := newRecorder()
	c, err := wire.NewConn(tls.Server(server, s.TLS), nil, r, &wire.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.Start()
	tc := tls.Client(client, &tls.Config{InsecureSkipVerify: true})
	if _, err := tc.Write(slices.Concat(clientFrame(0x89, "p"), clientFrame(0x88, ""))); err != nil {
		t.Fatal(err)
	}
	waitFor(t, r.ended)
	c.Write(wire.AppendClose(nil, 1000, ""))
	c.Finish()
	readFIN(t, tc, "\x8a\x01p\x88\x02\x03\xe8")
	tc.Close()
	waitFor(t, c.Done())
	equal(t, r.list(), `closed 1005 ""`)
}

func TestPipeOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		r.queued = 1 << 30
		c, client := pipe(t, r, &wire.Options{MaxQueue: 100})
		client.Write(after) // pauses the reader
		synctest.Wait()
		c.Write(textFrame("one"))
		synctest.Wait() // the writer has begun
		c.Write(textFrame(strings.Repeat("x", 100)))
		synctest.Wait()
		equal(t, r.list(), "text after", "overflow")
		readFIN(t, client, "\x81\x03one\x88\x27\x03\xf1Too many bytes are waiting to be read")
		<-c.Done()
	})
	synctest.Test(t, func(t *testing.T) { // without a reader to tell it
		client, server := net.Pipe()
		r := newRecorder()
		c, _ := wire.NewConn(server, nil, r, &wire.Options{MaxQueue: 10})
		c.Write(textFrame(strings.Repeat("x", 100)))
		synctest.Wait()
		equal(t, r.list(), "overflow")
		client.Close()
		<-c.Done()
	})
}
