package emulator_test

// What is sent to many clients, and what waits for those that read too slowly.

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
)

// large is a message that is shared.
func large(c string) string { return strings.Repeat(c, 64<<10) }

// mute opens a WebSocket in memory that reads nothing after the handshake.
func (r *rig) mute() io.Writer {
	r.t.Helper()
	c := r.dial()
	r.t.Cleanup(func() { c.Close() })
	go io.WriteString(c, "GET /P/o HTTP/1.1\r\nHost: emu.test\r\n"+upgrade+"\r\n")
	br := bufio.NewReaderSize(c, 16)
	for {
		if line, err := br.ReadString('\n'); err != nil {
			r.t.Fatal(err)
		} else if line == "\r\n" {
			return c
		}
	}
}

// A broadcast is held once, however many clients do not read it.
func TestBroadcastIsHeldOnce(t *testing.T) {
	r := newRig(t, script{message: func(_ context.Context, p *probe, _ *durable.WebSocket, m durable.Message) error {
		for _, ws := range p.st.WebSockets() {
			if err := ws.Send(m.String()); err != nil {
				return err
			}
		}
		return nil
	}})
	c := r.open()
	const clients, messages = 50, 60
	for range clients {
		r.mute()
	}
	before := heap()
	for i := range messages {
		m := large(string(rune('!' + i)))
		c.send(text(m))
		if got := c.next(); got != "text "+m {
			t.Fatalf("got %.20s", got)
		}
	}
	if grown := int64(heap()) - int64(before); grown > clients*messages*64<<10/4 {
		t.Errorf("%d bytes are held for %d messages of 64 KiB to %d clients", grown, messages, clients)
	}
}

// Messages that are shared keep their place among others, and their bytes are those of the moment they were sent.
func TestSharedMessages(t *testing.T) {
	all := func(p *probe, f func(i int, ws *durable.WebSocket)) {
		list := p.st.WebSockets()
		slices.Reverse(list) // the oldest first
		for i, ws := range list {
			f(i, ws)
		}
	}
	for _, tt := range []struct {
		name string
		send func(p *probe)
		want func(i int) []string
	}{
		{"among small ones", func(p *probe) {
			all(p, func(i int, ws *durable.WebSocket) { ws.Send("before") })
			all(p, func(i int, ws *durable.WebSocket) { ws.Send(large("a")) })
			all(p, func(i int, ws *durable.WebSocket) { ws.Send("between") })
			all(p, func(i int, ws *durable.WebSocket) { ws.Send(large("b")); ws.Send(large("b")) })
			all(p, func(i int, ws *durable.WebSocket) { ws.Close(4000, "bye") })
		}, func(int) []string {
			return []string{"text before", "text " + large("a"), "text between", "text " + large("b"), "text " + large("b"), `close 4000 "bye"`}
		}},
		{"changed by the caller", func(p *probe) {
			b := []byte(large("0"))
			all(p, func(i int, ws *durable.WebSocket) {
				b[len(b)-1] = byte('0' + i)
				ws.Send(string(b))
				ws.SendBytes(b)
			})
			b[0] = 'x'
		}, func(i int) []string {
			m := large("0")[1:] + string(rune('0'+i))
			return []string{"text " + m, "binary " + hex.EncodeToString([]byte(m))}
		}},
		{"text and binary", func(p *probe) {
			all(p, func(i int, ws *durable.WebSocket) {
				if i%2 == 0 {
					ws.Send(large("a"))
				} else {
					ws.SendBytes([]byte(large("a")))
				}
			})
		}, func(i int) []string {
			if i%2 == 0 {
				return []string{"text " + large("a")}
			}
			return []string{"binary " + hex.EncodeToString([]byte(large("a")))}
		}},
		{"not UTF-8", func(p *probe) {
			all(p, func(i int, ws *durable.WebSocket) { ws.Send(large("a") + "\xff") })
		}, func(int) []string { return []string{"text " + large("a") + "\uFFFD"} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, script{})
			var clients []*rawClient
			for range 4 {
				clients = append(clients, r.open())
			}
			r.run(func(_ context.Context, p *probe) error { tt.send(p); return nil })
			for i, c := range clients {
				c.expect(tt.want(i)...)
			}
		})
	}
	t.Run("dropped with what cannot be written", func(t *testing.T) {
		r := newRig(t, script{})
		a, b := r.open(), r.open()
		r.run(func(ctx context.Context, p *probe) error {
			all(p, func(i int, ws *durable.WebSocket) { ws.Send(large("a")) })
			if err := p.st.Storage().Sync(ctx); err != nil {
				return err
			}
			all(p, func(i int, ws *durable.WebSocket) { ws.Send(large("b")) })
			p.st.Abort("")
			return nil
		})
		for _, c := range []*rawClient{a, b} {
			c.expect("text "+large("a"), "FIN")
		}
	})
}

// A handler that sends much without a wait does not hold it all: it leaves while the handler goes on, unless what was
// written before has to be durable first.
func TestMuchLeavesWithinTurn(t *testing.T) {
	for _, written := range []bool{false, true} {
		t.Run(fmt.Sprintf("written %v", written), func(t *testing.T) {
			got, want := make(chan struct{}), large("b")
			r := newRig(t, script{message: func(ctx context.Context, p *probe, ws *durable.WebSocket, _ durable.Message) error {
				if written {
					if err := p.st.Storage().KV().Put("k", 1); err != nil {
						return err
					}
				}
				ws.Send("first")
				for i := range 400 {
					ws.Send(fmt.Sprint(i) + want)
				}
				early := false
				select {
				case <-got:
					early = true
				default:
					if !written {
						select {
						case <-got:
							early = true
						case <-time.After(patience):
						}
					}
				}
				p.logf("early %v", early)
				return nil
			}})
			c := r.open()
			c.send(text("go"))
			if m := c.next(); m != "text first" {
				t.Fatal(m)
			}
			close(got)
			for i := range 400 {
				if m := c.next(); m != fmt.Sprintf("text %d", i)+want {
					t.Fatalf("message %d: got %.20s", i, m)
				}
			}
			r.logged(fmt.Sprintf("early %v", !written))
		})
	}
}
