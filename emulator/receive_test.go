package emulator_test

// https://developers.cloudflare.com/workers/runtime-apis/websockets/#accept

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
)

// receiver accepts with accept() and tells what it receives: "close" closes, "stop" ends
// the loop, others are echoed.
func receiver(o *durable.AcceptOptions) script {
	var last *durable.WebSocket
	return script{
		fetch: func(_ context.Context, p *probe, q *durable.Request) (*durable.Response, error) {
			if q.Header.Get("Upgrade") == "" {
				return durable.Text(200, ""), last.Close(4002, "app")
			}
			client, ws := durable.WebSocketPair()
			last = ws
			p.st.WaitUntil(func(ctx context.Context) error {
				for {
					m, err := ws.Receive(ctx)
					if err != nil {
						p.logf("%s, state %d", ended(err), ws.ReadyState())
						return nil
					}
					p.logf("message %q binary %v, state %d", m.Bytes(), m.IsBinary(), ws.ReadyState())
					switch m.String() {
					case "close":
						ws.Close(4000, "r")
					case "stop":
						return ws.Send("stopped")
					default:
						ws.Send("echo " + m.String())
					}
				}
			})
			return durable.Upgrade(client), ws.Accept(o)
		},
	}
}

func ended(err error) string {
	var c *durable.CloseError
	if errors.As(err, &c) {
		return fmt.Sprintf("close %d %q %v", c.Code, c.Reason, c.WasClean)
	}
	return "error " + thrown(err)
}

func TestAcceptedSocket(t *testing.T) {
	const now, then = "2026-11-17", "2026-04-06" // web_socket_auto_reply_to_close is from 2026-04-07
	for _, tt := range []struct {
		name  string
		date  string
		flags string
		half  bool
		sent  []byte
		log   []string
		wire  []string
		open  bool // until the object closes
	}{
		{"RG-1 Close 1000", now, "", false, closing(1000, "bye"), []string{`close 1000 "bye" true, state 3`}, []string{`close 1000 "bye"`, "FIN"}, false},
		{"RG-1 Close without a code", now, "", false, closing(0, ""), []string{`close 1005 "" true, state 3`}, []string{"close", "FIN"}, false},
		{"RG-1 Close 4321", now, "", false, closing(4321, "é"), []string{`close 4321 "é" true, state 3`}, []string{`close 4321 "é"`, "FIN"}, false},
		{"RG-1 after what the messages before it cause", now, "", false, append(text("a"), closing(1000, "")...),
			[]string{`message "a" binary false, state 1`, `close 1000 "" true, state 3`}, []string{"text echo a", `close 1000 ""`, "FIN"}, false},
		{"RG-1 nobody receives any more", now, "", false, append(text("stop"), closing(1000, "")...),
			[]string{`message "stop" binary false, state 1`}, []string{"text stopped", `close 1000 ""`, "FIN"}, false},
		{"RG-1 the flag before its date", then, "web_socket_auto_reply_to_close", false, closing(1000, ""), []string{`close 1000 "" true, state 3`}, []string{`close 1000 ""`, "FIN"}, false},
		{"RG-2 half open", now, "", true, closing(1000, "bye"), []string{`close 1000 "bye" true, state 2`}, nil, true},
		{"RG-2 before 2026-04-07", then, "", false, closing(1000, "bye"), []string{`close 1000 "bye" true, state 2`}, nil, true},
		{"RG-2 the flag after its date", now, "web_socket_manual_reply_to_close", false, closing(0, ""), []string{`close 1005 "" true, state 2`}, nil, true},
		{"RG-4 a violation", now, "", false, frame(0x83, ""),
			[]string{"error Error: Uncaught Error: WebSocket protocol error; protocolError.statusCode = 1002; protocolError.description = Unknown opcode 3, state 3"},
			[]string{`close 1002 "Unknown opcode 3"`, "FIN"}, false},
		{"RG-4 too large", now, "", false, tooLarge(),
			[]string{"error Error: Uncaught Error: WebSocket protocol error; protocolError.statusCode = 1009; protocolError.description = Message is too large: 33554433 > 33554432, state 3"},
			[]string{`close 1009 "Message is too large: 33554433 > 33554432"`, "FIN"}, false},
		{"RG-5 the object closes, the client answers", now, "", false, append(text("close"), closing(4000, "r")...),
			[]string{`message "close" binary false, state 1`, `close 4000 "r" true, state 3`}, []string{`close 4000 "r"`, "FIN"}, false},
		{"RG-6 a late message", now, "", false, append(append(text("close"), text("late")...), closing(4000, "r")...),
			[]string{`message "close" binary false, state 1`, `message "late" binary false, state 2`, `close 4000 "r" true, state 3`}, []string{`close 4000 "r"`, "FIN"}, false},
		{"RG-7 a binary message", now, "", false, append(frame(0x82, "\x00\xff"), closing(1000, "")...),
			[]string{`message "\x00\xff" binary true, state 1`, `close 1000 "" true, state 3`}, []string{"text echo [object ArrayBuffer]", `close 1000 ""`, "FIN"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var flags []string
			if tt.flags != "" {
				flags = []string{tt.flags}
			}
			r := newRig(t, receiver(&durable.AcceptOptions{AllowHalfOpen: tt.half}), dated(t, tt.date, flags...))
			c := r.open()
			c.send(tt.sent)
			c.expect(tt.wire...)
			r.logged(tt.log...)
			if tt.open {
				if pins := r.object().Pins(); len(pins) != 1 || pins[0].Kind != "socket" {
					t.Errorf("pins %v", pins)
				}
				r.Fetch("GET", "/P/o")
				c.expect(`close 4002 "app"`, "FIN")
			}
			if pins := r.object().Pins(); len(pins) != 0 {
				t.Errorf("it is still pinned: %v", pins)
			}
		})
	}
	for _, kind := range []string{"FIN", "RST"} {
		t.Run("RG-3 "+kind, func(t *testing.T) {
			r := newRig(t, receiver(nil))
			c := r.openTCP(r.Listen())
			tcp := c.Conn.(*net.TCPConn)
			if kind == "FIN" {
				tcp.CloseWrite()
				c.expect("FIN")
			} else {
				tcp.SetLinger(0)
				tcp.Close()
			}
			r.logged(fmt.Sprintf("close 1006 %q false, state 2", disconnected)) // workerd: 1 inside the event, and 2 from then on
			if pins := r.object().Pins(); len(pins) != 0 {
				t.Errorf("it is still pinned: %v", pins)
			}
		})
	}
	t.Run("HB-5 it pins the object", func(t *testing.T) {
		r := newRig(t, receiver(nil))
		c := r.open()
		r.Advance(15 * time.Second)
		if s := r.object().State(); s != emulator.Idle {
			t.Errorf("%s after 15 s", s)
		}
		var pinned *emulator.PinnedError
		if err := r.object().TryHibernate(); !errors.As(err, &pinned) || !strings.Contains(err.Error(), "receive_test.go:") {
			t.Errorf("got %v", err)
		}
		c.send(closing(1000, ""))
		c.expect(`close 1000 ""`, "FIN")
		r.Advance(14 * time.Second)
		if s := r.object().State(); s != emulator.Absent {
			t.Errorf("%s 14 s after the end", s)
		}
	})
	t.Run("RG a reset drops it with a FIN", func(t *testing.T) {
		r := newRig(t, receiver(nil))
		c := r.open()
		r.object().Abort("why")
		c.expect("FIN")
		r.logged("error go: durable: the object was reset, state 1")
	})
	t.Run("RG nobody ever receives", func(t *testing.T) {
		r := newRig(t, script{fetch: func(context.Context, *probe, *durable.Request) (*durable.Response, error) {
			client, ws := durable.WebSocketPair()
			ws.Accept(nil)
			return durable.Upgrade(client), ws.Send("hello")
		}})
		c := r.open()
		c.send(text("ignored"), closing(4001, ""))
		c.expect("text hello", `close 4001 ""`, "FIN")
		if pins := r.object().Pins(); len(pins) != 0 {
			t.Errorf("it is still pinned: %v", pins)
		}
	})
}

// Both ends of a pair in one object: the one hibernatable, the other accepted.
func TestPairInOneObject(t *testing.T) {
	r := newRig(t, script{
		construct: func(_ context.Context, p *probe) error { return p.st.SetWebSocketAutoResponse("ping", "pong") },
		message: func(_ context.Context, _ *probe, ws *durable.WebSocket, m durable.Message) error {
			return ws.Send("echo:" + m.String())
		},
		closed: func(_ context.Context, p *probe, ws *durable.WebSocket, code int, reason string, clean bool) error {
			p.logf("close %d %q %v, state %d", code, reason, clean, ws.ReadyState())
			return nil
		},
	})
	var client *durable.WebSocket
	r.run(func(ctx context.Context, p *probe) error {
		var server *durable.WebSocket
		client, server = durable.WebSocketPair()
		p.st.AcceptWebSocket(server)
		client.Accept(nil)
		client.Send("hello")
		client.Send("ping")
		for range 2 {
			m, err := client.Receive(ctx)
			p.logf("%s %v", m, err)
		}
		return client.Close(1000, "done")
	})
	r.Settle() // the Close frame is on its way
	r.run(func(_ context.Context, p *probe) error {
		p.logf("state %d", client.ReadyState())
		return nil
	})
	r.logged("echo:hello <nil>", "pong <nil>", `close 1000 "done" true, state 2`, "state 2")
}
