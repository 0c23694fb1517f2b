package emulator_test

// https://developers.cloudflare.com/durable-objects/api/base/#websocketclose

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
)

const disconnected = "WebSocket disconnected without sending Close frame."

// teller logs the events of sockets, and answers messages as they say.
func teller(onClose func(ctx context.Context, p *probe, ws *durable.WebSocket, code int, reason string) error) script {
	return script{
		message: func(_ context.Context, p *probe, ws *durable.WebSocket, m durable.Message) error {
			p.logf("message %.20q binary %v, state %d", m.Bytes(), m.IsBinary(), ws.ReadyState())
			if m.String() == "close" {
				err := ws.Close(1000, "")
				p.logf("state %d", ws.ReadyState())
				return err
			}
			return nil
		},
		closed: func(ctx context.Context, p *probe, ws *durable.WebSocket, code int, reason string, clean bool) error {
			p.logf("close %d %q %v, state %d", code, reason, clean, ws.ReadyState())
			if onClose == nil {
				return nil
			}
			err := onClose(ctx, p, ws, code, reason)
			p.logf("then state %d", ws.ReadyState())
			return err
		},
		failed: func(_ context.Context, p *probe, ws *durable.WebSocket, err error) error {
			p.logf("error %s, state %d", thrown(err), ws.ReadyState())
			p.logf("send: %s, close: %s, state %d", thrown(ws.Send("x")), thrown(ws.Close(1000, "")), ws.ReadyState())
			return nil
		},
	}
}

// What the peer's Close frame and other ends are to the class, whose handler does not
// close: the client gets nothing until the object leaves memory, and then a FIN.
func TestPeerCloses(t *testing.T) {
	protocol := func(description string) string {
		return "error Error: WebSocket protocol error; protocolError.statusCode = 1002; protocolError.description = " + description + ", state 2"
	}
	const ignored = "send: ok, close: ok, state 2"
	const compressed = "Received a WebSocket frame whose compression bit was set, but the compression extension was not negotiated for this connection."
	long := strings.Repeat("x", 126)
	for _, tt := range []struct {
		name string
		sent []byte
		log  []string
		wire []string
	}{
		{"CL-1 Close 1000", closing(1000, "bye"), []string{`close 1000 "bye" true, state 2`}, nil},
		{"CL-2 Close without a payload", closing(0, ""), []string{`close 1005 "" true, state 2`}, nil},
		{"CL-2 Close with one byte", frame(0x88, "\x03"), []string{`close 1005 "" true, state 2`}, nil},
		{"CL-3 Close 1001", closing(1001, ""), []string{`close 1001 "" true, state 2`}, nil},
		{"CL-3 Close 4321", closing(4321, "é✓"), []string{`close 4321 "é✓" true, state 2`}, nil},
		{"CL-3 Close 999", closing(999, ""), []string{`close 999 "" true, state 2`}, nil},
		{"CL-3 Close 1005 on the wire", closing(1005, "x"), []string{`close 1005 "x" true, state 2`}, nil},
		{"CL-3 nothing is read after it", slices.Concat(closing(1000, ""), text("late"), closing(1001, "")), []string{`close 1000 "" true, state 2`}, nil},
		{"CL-5 RSV1", frame(0xc1, "x"), []string{protocol(compressed), ignored}, []string{fmt.Sprintf("close 1002 %q", compressed)}},
		{"CL-6 opcode 3", frame(0x83, ""), []string{protocol("Unknown opcode 3"), ignored}, []string{`close 1002 "Unknown opcode 3"`}},
		{"CL-7 a continuation of nothing", frame(0x80, "x"), []string{protocol("Unexpected continuation frame"), ignored}, []string{`close 1002 "Unexpected continuation frame"`}},
		{"CL-8 a fragmented ping", frame(0x09, ""), []string{protocol("Received fragmented control frame"), ignored}, []string{`close 1002 "Received fragmented control frame"`}},
		{"CL-9 pings", slices.Concat(frame(0x89, "hi"), frame(0x89, long)), nil, []string{"pong 6869", fmt.Sprintf("pong %x", long)}},
		{"CL-9 a pong", frame(0x8a, "hi"), nil, nil},
		{"CL-10 a message over 32 MiB", tooLarge(), []string{
			"error Error: WebSocket protocol error; protocolError.statusCode = 1009; protocolError.description = Message is too large: 33554433 > 33554432, state 2", ignored},
			[]string{`close 1009 "Message is too large: 33554433 > 33554432"`}},
		{"3.6 an unmasked frame", []byte("\x81\x01x"), []string{`message "x" binary false, state 1`}, nil},
		{"3.6 fragments with a ping between", slices.Concat(frame(0x01, "a"), frame(0x00, "b"), frame(0x89, ""), frame(0x80, "c")), []string{`message "abc" binary false, state 1`}, []string{"pong "}},
		{"3.6 text that is not UTF-8", frame(0x81, "a\xffb"), []string{`message "a�b" binary false, state 1`}, nil},
		{"3.6 a binary message", frame(0x82, "\xff"), []string{`message "\xff" binary true, state 1`}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, teller(nil))
			c := r.open()
			c.send(tt.sent)
			c.expect(tt.wire...)
			r.logged(tt.log...)
			open := strings.HasPrefix(tt.name, "CL-9") || strings.HasPrefix(tt.name, "3.6")
			if n := len(r.object().Sockets()); (n == 1) != open {
				t.Errorf("%d sockets listed", n)
			}
			r.Advance(9900 * time.Millisecond)
			c.expect()
			r.Advance(100 * time.Millisecond)
			if !open {
				c.expect("FIN")
			}
			c.expect()
		})
	}
	t.Run("CL-10 32 MiB", func(t *testing.T) {
		r := newRig(t, teller(nil))
		c := r.open()
		c.send(frame(0x82, strings.Repeat("x", 32<<20)))
		r.logged(`message "xxxxxxxxxxxxxxxxxxxx" binary true, state 1`)
		c.expect()
	})
}

// tooLarge is the head of a frame of 32 MiB and a byte.
func tooLarge() []byte {
	return binary.BigEndian.AppendUint64([]byte{0x82, 0x7f}, 32<<20+1)
}

// The connection ends without a Close frame: over TCP, where an end can be half.
func TestPeerVanishes(t *testing.T) {
	lost := fmt.Sprintf("close 1006 %q false, state 2", disconnected)
	half := func(c *net.TCPConn) error { return c.CloseWrite() }
	for _, tt := range []struct {
		name string
		end  func(c *net.TCPConn) error
	}{
		{"CL-4 FIN", half},
		{"CL-4 RST", func(c *net.TCPConn) error { return errors.Join(c.SetLinger(0), c.Close()) }},
		{"CL-4 half a frame, then FIN", func(c *net.TCPConn) error {
			c.Write(text("hello")[:7])
			return c.CloseWrite()
		}},
		{"CL-4 half a message, then FIN", func(c *net.TCPConn) error {
			c.Write(frame(0x01, "hel"))
			return c.CloseWrite()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, teller(nil))
			c := r.openTCP(r.Listen())
			if err := tt.end(c.Conn.(*net.TCPConn)); err != nil {
				t.Fatal(err)
			}
			r.logged(lost)
			if tt.name == "CL-4 RST" {
				return
			}
			c.expect("FIN") // workerd keeps the connection until the object leaves memory
		})
	}
	t.Run("CL-12 the client has only ended its half", func(t *testing.T) {
		r := newRig(t, teller(func(_ context.Context, _ *probe, ws *durable.WebSocket, _ int, _ string) error {
			return errors.Join(ws.Send("late"), ws.Close(0, ""))
		}))
		c := r.openTCP(r.Listen())
		c.Conn.(*net.TCPConn).CloseWrite()
		c.expect("text late", "close", "FIN")
		r.logged(lost, "then state 3")
	})
	t.Run("CL-17 after the object has closed", func(t *testing.T) {
		r := newRig(t, teller(nil))
		c := r.openTCP(r.Listen())
		c.send(text("close"))
		c.expect(`close 1000 ""`)
		c.Conn.(*net.TCPConn).CloseWrite()
		c.expect("FIN")
		r.logged(`message "close" binary false, state 1`, "state 2", fmt.Sprintf("close 1006 %q false, state 3", disconnected))
	})
	t.Run("3.7 send and close when the peer has vanished", func(t *testing.T) {
		var kept *durable.WebSocket
		r := newRig(t, teller(func(_ context.Context, _ *probe, ws *durable.WebSocket, _ int, _ string) error {
			kept = ws
			return nil
		}))
		r.open().leave()
		r.logged(lost, "then state 2")
		r.run(func(_ context.Context, p *probe) error {
			p.logf("%s %s %d %s", thrown(kept.Send("x")), thrown(kept.Close(1000, "")), kept.ReadyState(), thrown(kept.Send("x")))
			return nil
		})
		r.logged("ok ok 3 TypeError: Can't call WebSocket send() after close().")
	})
}

// What the class does about it.
func TestCloseHandler(t *testing.T) {
	t.Run("CL-11 closes with the same code", func(t *testing.T) {
		for _, code := range []uint16{1000, 4000} {
			r := newRig(t, teller(func(_ context.Context, _ *probe, ws *durable.WebSocket, code int, reason string) error {
				return ws.Close(code, reason)
			}))
			c := r.open()
			c.send(closing(code, "bye"))
			c.expect(fmt.Sprintf(`close %d "bye"`, code), "FIN")
			r.logged(fmt.Sprintf(`close %d "bye" true, state 2`, code), "then state 3")
		}
	})
	t.Run("CL-12 sends and closes", func(t *testing.T) {
		r := newRig(t, teller(func(_ context.Context, _ *probe, ws *durable.WebSocket, _ int, _ string) error {
			return errors.Join(ws.Send("late"), ws.Close(0, ""))
		}))
		c := r.open()
		c.send(closing(1000, ""))
		c.expect("text late", "close", "FIN")
	})
	t.Run("CL-13 closes after waiting", func(t *testing.T) {
		r := newRig(t, teller(func(ctx context.Context, _ *probe, ws *durable.WebSocket, _ int, _ string) error {
			durable.Sleep(ctx, 300*time.Millisecond)
			return errors.Join(ws.Send("late"), ws.Close(4000, "srv"))
		}))
		c := r.open()
		c.send(closing(1000, ""))
		c.expect()
		r.Advance(300 * time.Millisecond)
		c.expect("text late", `close 4000 "srv"`, "FIN")
	})
	t.Run("CL-14 throws", func(t *testing.T) {
		r := newRig(t, teller(func(_ context.Context, _ *probe, ws *durable.WebSocket, code int, reason string) error {
			return ws.Close(code, reason)
		}))
		c := r.open()
		c.send(closing(0, ""))
		c.expect()
		if got, want := r.faults(), []string{"webSocketClose: InvalidAccessError: Invalid WebSocket close code: 1005."}; !slices.Equal(got, want) {
			t.Errorf("faults %q", got)
		}
		r.Advance(10 * time.Second)
		c.expect("FIN")
		if n := r.instances(); n != 1 {
			t.Errorf("constructed %d times", n)
		}
	})
	t.Run("CL-15 the client answers the object's close", func(t *testing.T) {
		r := newRig(t, teller(nil))
		c := r.open()
		c.send(text("close"))
		c.expect(`close 1000 ""`)
		c.send(text("late"), closing(4001, "answer"))
		c.expect("FIN")
		r.logged(`message "close" binary false, state 1`, "state 2", `message "late" binary false, state 2`, `close 4001 "answer" true, state 3`)
	})
	t.Run("CL-16 the client never answers", func(t *testing.T) {
		r := newRig(t, teller(nil))
		c := r.open()
		c.send(text("close"))
		c.expect(`close 1000 ""`)
		for range 2 {
			r.Advance(15 * time.Second)
			c.expect()
			r.run(func(_ context.Context, p *probe) error {
				p.logf("%d, state %d", len(p.st.WebSockets()), p.st.WebSockets()[0].ReadyState())
				p.logf("%s", thrown(p.st.WebSockets()[0].Send("x")))
				return nil
			})
		}
		r.logged(`message "close" binary false, state 1`, "state 2", "1, state 2", "TypeError: Can't call WebSocket send() after close().",
			"1, state 2", "TypeError: Can't call WebSocket send() after close().")
	})
	t.Run("3.6 without handlers the events are dropped", func(t *testing.T) {
		r := newRig(t, script{})
		w := bareWorld(t)
		c := r.upgrade(dialIn(t, w), "/Bare/o", "")
		c.send(text("hello"), closing(1000, ""))
		w.Settle()
		if n := len(w.Object("Bare", "o").Sockets()); n != 0 {
			t.Errorf("%d sockets listed", n)
		}
		w.Advance(10 * time.Second)
		c.expect("FIN")
		for _, e := range w.Events() {
			if e.Type == emulator.EventError {
				t.Errorf("an error: %s", e.Message)
			}
		}
	})
}

func TestCloseArguments(t *testing.T) {
	const invalid = "InvalidAccessError: Invalid WebSocket close code: "
	long := strings.Repeat("é", 62) // 124 bytes
	const tooLong = "SyntaxError: WebSocket close reason must not be longer than 123 bytes when UTF-8 encoded."
	for _, date := range []string{"2026-11-17", "2026-03-02"} {
		r := newRig(t, script{}, dated(t, date))
		for _, tt := range []struct {
			name   string
			code   int
			reason string
			want   string
			wire   string
		}{
			{"3.7 no code", 0, "", "ok", "close"},
			{"3.7 999", 999, "", invalid + "999.", ""},
			{"3.7 1000", 1000, "", "ok", `close 1000 ""`},
			{"3.7 1004", 1004, "", invalid + "1004.", ""},
			{"3.7 1005", 1005, "", invalid + "1005.", ""},
			{"3.7 1006", 1006, "", invalid + "1006.", ""},
			{"3.7 1015", 1015, "", invalid + "1015.", ""},
			{"3.7 1016", 1016, "", "ok", `close 1016 ""`},
			{"3.7 4999", 4999, "x", "ok", `close 4999 "x"`},
			{"3.7 5000", 5000, "", invalid + "5000.", ""},
			{"3.7 -1", -1, "", invalid + "-1.", ""},
			{"3.7 the code is checked first", 999, long, invalid + "999.", ""},
			{"3.7 123 bytes", 1000, long[:122] + "x", "ok", fmt.Sprintf("close 1000 %q", long[:122]+"x")},
			{"3.7 124 bytes", 1000, long, tooLong, ""},
			{"3.7 a long reason without a code", 0, long, tooLong, ""},
			{"3.7 a reason without a code", 0, "x", "InvalidAccessError: If you specify a WebSocket close reason, you must also specify a code.", ""},
		} {
			want, wire := tt.want, tt.wire
			if want == tooLong && date < "2026-03-03" {
				want, wire = "ok", fmt.Sprintf("close 1000 %q", tt.reason)
				if tt.code == 0 {
					want, wire = "InvalidAccessError: If you specify a WebSocket close reason, you must also specify a code.", ""
				}
			}
			t.Run(date+" "+tt.name, func(t *testing.T) {
				c := r.open()
				r.run(func(_ context.Context, p *probe) error {
					ws := p.st.WebSockets()[0]
					if got := thrown(ws.Close(tt.code, tt.reason)); got != want {
						t.Errorf("got  %s\nwant %s", got, want)
					}
					state, second := durable.Closing, "ok"
					if want != "ok" {
						state, second = durable.Open, want
					}
					if ws.ReadyState() != state {
						t.Errorf("state %d", ws.ReadyState())
					}
					if got := thrown(ws.Close(tt.code, tt.reason)); got != second {
						t.Errorf("the second time %s", got)
					}
					if got := thrown(ws.Close(999, "")); got != invalid+"999." {
						t.Errorf("a wrong second close: %s", got)
					}
					return nil
				})
				if wire == "" {
					c.expect()
				} else {
					c.expect(wire)
				}
			})
		}
	}
}

func TestSend(t *testing.T) {
	big := strings.Repeat("x", 70000)
	for _, tt := range []struct {
		name string
		send func(ws *durable.WebSocket) error
		want string
	}{
		{"3.8 text", func(ws *durable.WebSocket) error { return ws.Send("é") }, "text é"},
		{"3.8 empty text", func(ws *durable.WebSocket) error { return ws.Send("") }, "text "},
		{"3.8 what is not Unicode", func(ws *durable.WebSocket) error { return ws.Send("a\xed\xa0\x80b\xff") }, "text a�b�"},
		{"3.8 binary", func(ws *durable.WebSocket) error { return ws.SendBytes([]byte{0, 255}) }, "binary 00ff"},
		{"3.8 empty binary", func(ws *durable.WebSocket) error { return ws.SendBytes(nil) }, "binary "},
		{"3.8 one frame", func(ws *durable.WebSocket) error { return ws.Send(big) }, "text " + big},
		{"3.8 the bytes are copied", func(ws *durable.WebSocket) error {
			b := []byte{1}
			err := ws.SendBytes(b)
			b[0] = 2
			return err
		}, "binary 01"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, script{})
			c := r.open()
			r.run(func(_ context.Context, p *probe) error { return tt.send(p.st.WebSockets()[0]) })
			c.expect(tt.want)
		})
	}
}
