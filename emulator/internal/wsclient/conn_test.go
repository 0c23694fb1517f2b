package wsclient

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// peer is a server's end, frame by frame.
type peer struct {
	t *testing.T
	net.Conn
	br *bufio.Reader
}

// connect makes a Conn over net.Pipe and runs serve as its server; it ends the test when serve has
// not returned by the end of the bubble.
func connect(t *testing.T, serve func(p *peer)) *Conn {
	t.Helper()
	near, far := net.Pipe()
	return connectOver(t, near, far, serve)
}

func connectOver(t *testing.T, near, far net.Conn, serve func(p *peer)) *Conn {
	t.Helper()
	go func() {
		defer far.Close()
		br := bufio.NewReader(far)
		r, err := http.ReadRequest(br)
		if err != nil {
			t.Error(err)
			return
		}
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		fmt.Fprintf(far, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n",
			base64.StdEncoding.EncodeToString(sum[:]))
		serve(&peer{t, far, br})
	}()
	c, _, err := Dial(t.Context(), "ws://x.example/", &Options{HTTPClient: &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return near, nil }, DisableKeepAlives: true,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// send writes bytes given in hexadecimal.
func (p *peer) send(hex string) {
	p.t.Helper()
	var b []byte
	if _, err := fmt.Sscanf(strings.ReplaceAll(hex, " ", ""), "%x", &b); err != nil {
		p.t.Errorf("%q: %v", hex, err)
	}
	if _, err := p.Write(b); err != nil {
		p.t.Errorf("send %s: %v", hex, err)
	}
}

// want reads one frame and compares its first byte and unmasked payload.
func (p *peer) want(first byte, payload string) {
	p.t.Helper()
	var h [6]byte
	if _, err := io.ReadFull(p.br, h[:]); err != nil {
		p.t.Errorf("want frame %x %q: %v", first, payload, err)
		return
	}
	if h[1]&0x80 == 0 {
		p.t.Errorf("frame %x is not masked", h[:])
	}
	b := make([]byte, h[1]&0x7f)
	if _, err := io.ReadFull(p.br, b); err != nil {
		p.t.Error(err)
	}
	for i := range b {
		b[i] ^= h[2+i%4]
	}
	if h[0] != first || string(b) != payload {
		p.t.Errorf("got frame %x %q, want %x %q", h[0], b, first, payload)
	}
}

// wantEnd reads until the client has gone, and expects nothing more.
func (p *peer) wantEnd() {
	p.t.Helper()
	if rest, err := io.ReadAll(p.br); err != nil || len(rest) > 0 {
		p.t.Errorf("after the last frame: %x, %v; want the end", rest, err)
	}
}

func TestMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, func(p *peer) {
			p.send("81 05 48656c6c6f")        // RFC 6455, 5.7: an unmasked text message
			p.send("01 03 48656c 80 02 6c6f") // the same in two fragments
			p.send("01 01 68 89 00 80 01 69") // a ping between two fragments
			p.want(0x8a, "")                  // its pong
			p.send("82 03 00ff10")            // binary
			p.want(0x81, "text")              // from here on the client's
			p.want(0x82, "\x00\x01")          //
			p.want(0x81, "")                  //
			p.send("88 02 03e8")              // Close 1000
			p.want(0x88, "\x03\xe8")          // and its answer
			p.wantEnd()
		})
		for _, want := range []struct {
			binary bool
			data   string
		}{{false, "Hello"}, {false, "Hello"}, {false, "hi"}, {true, "\x00\xff\x10"}} {
			binary, data, err := c.Read(t.Context())
			if err != nil || binary != want.binary || string(data) != want.data {
				t.Fatalf("got %v %q %v, want %v", binary, data, err, want)
			}
		}
		for _, m := range []struct {
			binary bool
			data   string
		}{{false, "text"}, {true, "\x00\x01"}, {false, ""}} {
			if err := c.Write(t.Context(), m.binary, []byte(m.data)); err != nil {
				t.Fatal(err)
			}
		}
		wantClose(t, c, 1000, "")
		if err := c.Write(t.Context(), false, nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write after the peer's Close: %v, want net.ErrClosed", err)
		}
	})
}

// wantClose reads until the peer's Close frame.
func wantClose(t *testing.T, c *Conn, code int, reason string) {
	t.Helper()
	_, data, err := c.Read(t.Context())
	var closed *CloseError
	if !errors.As(err, &closed) || *closed != (CloseError{code, reason}) {
		t.Fatalf("got %q, %v; want Close %d %q", data, err, code, reason)
	}
}

func TestCloseByPeer(t *testing.T) {
	for _, test := range []struct {
		name, frame, answer string
		code                int
		reason              string
	}{
		{"with a reason", "88 05 03e8 627965", "\x03\xe8bye", 1000, "bye"},
		{"in UTF-8", "88 07 0fa1 c3a9e29c93", "\x0f\xa1é✓", 4001, "é✓"},
		{"without a code", "88 00", "", NoStatus, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := connect(t, func(p *peer) {
					p.send(test.frame)
					p.want(0x88, test.answer)
					p.wantEnd()
				})
				wantClose(t, c, test.code, test.reason)
			})
		})
	}
}

func TestLostConnection(t *testing.T) {
	for name, bytes := range map[string]string{
		"between frames":     "",
		"inside a frame":     "81 05 4865",
		"inside a message":   "01 02 4865",
		"an unknown opcode":  "83 00",
		"a reserved bit":     "c1 01 78",
		"a stray fragment":   "80 01 78",
		"an illegal code":    "88 02 03e7",
		"a one byte payload": "88 01 03",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := connect(t, func(p *peer) {
					if bytes == "" {
						return
					}
					p.send(bytes)
					if bytes[1] != '1' { // the client protests at what is not a mere end
						p.br.ReadByte()
					}
				})
				_, _, err := c.Read(t.Context())
				var closed *CloseError
				if err == nil || errors.As(err, &closed) {
					t.Fatalf("got %v, want an error that is no CloseError", err)
				}
				if err := c.Write(t.Context(), false, nil); !errors.Is(err, net.ErrClosed) {
					t.Errorf("write afterwards: %v, want net.ErrClosed", err)
				}
			})
		})
	}
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		served := make(chan struct{})
		c := connect(t, func(p *peer) {
			defer close(served)
			p.want(0x88, "\x0f\xa0r")
			p.send("81 04 6c617465") // a message which was on its way
			p.send("89 01 78")       // a ping, which must not be answered
			p.send("88 02 0fa0")
			p.wantEnd() // one Close frame is enough
		})
		if err := c.Close(4000, "r"); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(4001, "again"); err != nil {
			t.Errorf("second Close: %v", err)
		}
		if err := c.Write(t.Context(), false, []byte("AFTER")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write after Close: %v, want net.ErrClosed", err)
		}
		if err := c.Ping(t.Context()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Ping after Close: %v, want net.ErrClosed", err)
		}
		if _, data, err := c.Read(t.Context()); err != nil || string(data) != "late" {
			t.Errorf("got %q, %v; want the late message", data, err)
		}
		wantClose(t, c, 4000, "")
		<-served
	})
}

func TestCloseWithoutCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, func(p *peer) { p.want(0x88, ""); p.send("88 00") })
		if err := c.Close(0, ""); err != nil {
			t.Fatal(err)
		}
		wantClose(t, c, NoStatus, "")
	})
}

func TestCloseRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, func(p *peer) { p.wantEnd() })
		for _, test := range []struct {
			code   int
			reason string
			want   string
		}{
			{0, "why", "a close reason needs a code"},
			{999, "", "invalid close code 999"},
			{1004, "", "invalid close code 1004"},
			{NoStatus, "", "invalid close code 1005"},
			{1006, "", "invalid close code 1006"},
			{1015, "", "invalid close code 1015"},
			{5000, "", "invalid close code 5000"},
			{1000, strings.Repeat("é", 62), "close reason of 124 bytes is longer than 123"},
		} {
			if err := c.Close(test.code, test.reason); err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("Close(%d, %q): %v, want %s", test.code, test.reason, err, test.want)
			}
		}
		c.CloseNow()
	})
}

// A peer that reads nothing holds Close up for 5 seconds, and is then cut off.
func TestCloseAtStuckPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := make(chan struct{})
		c := connect(t, func(*peer) { <-done })
		start := time.Now()
		if err := c.Close(1000, ""); err == nil {
			t.Error("Close sent its frame to nobody")
		}
		if d := time.Since(start); d != 5*time.Second {
			t.Errorf("Close took %v, want 5s", d)
		}
		close(done)
	})
}

func TestPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, func(p *peer) {
			p.want(0x89, "1")
			p.send("8a 01 31")
			p.wantEnd()
		})
		read := make(chan error)
		go func() { _, _, err := c.Read(t.Context()); read <- err }()
		if err := c.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		c.CloseNow()
		if err := <-read; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read at CloseNow: %v, want net.ErrClosed", err)
		}
	})
}

func TestReadLimit(t *testing.T) {
	for _, size := range []int{MaxMessage, MaxMessage + 1} {
		synctest.Test(t, func(t *testing.T) {
			c := connect(t, func(p *peer) {
				p.Write(append(binary.BigEndian.AppendUint64([]byte{0x82, 127}, uint64(size)), make([]byte, size)...))
				if size > MaxMessage {
					p.want(0x88, "\x03\xf1read limited at 33554433 bytes")
				}
				p.wantEnd()
			})
			_, data, err := c.Read(t.Context())
			if ok := err == nil; ok != (size == MaxMessage) || ok && len(data) != size {
				t.Errorf("message of %d bytes: got %d, %v", size, len(data), err)
			}
			c.CloseNow()
		})
	}
}

func TestReadContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, func(p *peer) { p.wantEnd() })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := c.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
		if err := c.Write(t.Context(), false, nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write afterwards: %v, want net.ErrClosed", err)
		}
	})
}

// lingering is a transport whose writes return when nothing else goes on, once it is slow.
type lingering struct {
	net.Conn
	slow atomic.Bool
}

func (l *lingering) Write(p []byte) (int, error) {
	slow := l.slow.Load()
	n, err := l.Conn.Write(p)
	if slow {
		synctest.Wait()
	}
	return n, err
}

// A message whose answer is the end of the connection was sent.
func TestWriteAnsweredByTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		slow := &lingering{Conn: near}
		c := connectOver(t, slow, far, func(p *peer) { p.want(0x81, "fatal") })
		read := make(chan error, 1)
		go func() {
			_, _, err := c.Read(t.Context())
			read <- err
		}()
		slow.slow.Store(true)
		if err := c.Write(t.Context(), false, []byte("fatal")); err != nil {
			t.Error(err)
		}
		if err := <-read; err == nil {
			t.Error("the connection did not end")
		}
		if err := c.Write(t.Context(), false, []byte("late")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write after the end: %v, want net.ErrClosed", err)
		}
	})
}

// Messages larger than a buffer and a Close from another goroutine do not mix.
func TestCloseBetweenMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		big := bytes.Repeat([]byte("x"), 1<<20)
		c := connect(t, func(p *peer) {
			var h [14]byte
			if _, err := io.ReadFull(p.br, h[:]); err != nil {
				p.t.Error(err)
			}
			time.Sleep(time.Second) // the message is half written when Close is called
			if _, err := io.CopyN(io.Discard, p.br, int64(len(big))); err != nil {
				p.t.Error(err)
			}
			p.want(0x88, "\x03\xe8")
		})
		wrote := make(chan error)
		go func() { wrote <- c.Write(t.Context(), true, big) }()
		synctest.Wait()
		if err := c.Close(1000, ""); err != nil {
			t.Error(err)
		}
		if err := <-wrote; err != nil {
			t.Error(err)
		}
		c.CloseNow()
	})
}
