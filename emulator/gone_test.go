package emulator_test

// Connections whose client is gone while their object stays in memory.
// https://developers.cloudflare.com/durable-objects/best-practices/websockets/

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// occupy has an event of the object wait for an hour, so that it stays in memory.
func (r *rig) occupy() {
	r.run(func(ctx context.Context, p *probe) error {
		p.st.WaitUntil(func(ctx context.Context) error { return durable.Sleep(ctx, time.Hour) })
		return nil
	})
}

// A class that does not close its end does not keep the connection of a client that is gone, and sees of it what it sees in
// workerd. What it has sent to a client that ended only its side still arrives: as recorded.
func TestClientGone(t *testing.T) {
	wait := 50 * time.Millisecond
	s := script{
		construct: func(_ context.Context, p *probe) error { return p.st.SetWebSocketAutoResponse("ping", "pong") },
		message: func(ctx context.Context, p *probe, ws *durable.WebSocket, m durable.Message) error {
			switch m.String() {
			case "close":
				return ws.Close(4001, "x")
			case "put":
				if err := p.st.Storage().Put(ctx, "k", 1); err != nil {
					return err
				}
			}
			return ws.Send("r:" + m.String())
		},
		closed: func(ctx context.Context, p *probe, ws *durable.WebSocket, code int, reason string, clean bool) error {
			p.logf("close %d %q %v, state %d, %d listed", code, reason, clean, ws.ReadyState(), len(p.st.WebSockets()))
			ws.Send("in close")
			durable.Sleep(ctx, wait)
			p.logf("%d listed", len(p.st.WebSockets()))
			if reason == "answer" {
				return ws.Close(4002, "answered")
			}
			ws.Send("late in close")
			return nil
		},
		failed: func(_ context.Context, p *probe, ws *durable.WebSocket, err error) error {
			p.logf("error, state %d", ws.ReadyState())
			return nil
		},
	}
	lost := fmt.Sprintf("close 1006 %q false, state 2, 1 listed", disconnected)
	for _, tt := range []struct {
		name   string
		sent   [][]byte
		before []string // what comes before the handler has waited
		after  []string
		log    []string
	}{
		{"nothing", nil, []string{"text in close"}, []string{"text late in close", "FIN"}, []string{lost, "0 listed"}},
		{"a message", [][]byte{text("a")}, []string{"text r:a", "text in close"}, []string{"text late in close", "FIN"}, []string{lost, "0 listed"}},
		{"a write and a ping", [][]byte{text("put"), text("ping")}, []string{"text r:put", "text pong", "text in close"},
			[]string{"text late in close", "FIN"}, []string{lost, "0 listed"}},
		{"half a frame", [][]byte{text("abc")[:5]}, []string{"text in close"}, []string{"text late in close", "FIN"}, []string{lost, "0 listed"}},
		{"a Close frame", [][]byte{closing(1000, "bye")}, []string{"text in close"}, []string{"text late in close", "FIN"},
			[]string{`close 1000 "bye" true, state 2, 1 listed`, "0 listed"}},
		{"a Close frame that is answered", [][]byte{closing(1000, "answer")}, []string{"text in close"}, []string{`close 4002 "answered"`, "FIN"},
			[]string{`close 1000 "answer" true, state 2, 1 listed`, "0 listed"}},
		{"after the object has closed", [][]byte{text("close")}, []string{`close 4001 "x"`, "FIN"}, nil,
			[]string{fmt.Sprintf("close 1006 %q false, state 3, 1 listed", disconnected), "0 listed"}},
		{"a violation", [][]byte{frame(0x83, "")}, []string{"close 1002 \"Unknown opcode 3\"", "FIN"}, nil, []string{"error, state 2"}},
	} {
		for _, asleep := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, asleep %v", tt.name, asleep), func(t *testing.T) {
				r := newRig(t, s)
				c := r.openTCP(r.Listen())
				if asleep {
					r.object().Hibernate()
				} else {
					r.occupy()
				}
				for _, b := range tt.sent {
					c.send(b)
				}
				c.Conn.(*net.TCPConn).CloseWrite()
				for _, want := range tt.before {
					if got := c.next(); got != want {
						t.Errorf("got %s, want %s", got, want)
					}
				}
				r.logged(tt.log[:1]...)
				r.Advance(wait)
				c.expect(tt.after...)
				r.logged(tt.log[1:]...)
			})
		}
	}
}

// The same for a socket that cannot hibernate: what came before the end is still answered.
func TestAcceptedClientGone(t *testing.T) {
	r := newRig(t, script{fetch: func(ctx context.Context, p *probe, _ *durable.Request) (*durable.Response, error) {
		client, server := durable.WebSocketPair()
		server.Accept(nil)
		p.st.WaitUntil(func(ctx context.Context) error {
			for {
				m, err := server.Receive(ctx)
				if err != nil {
					p.logf("%v, state %d", err, server.ReadyState())
					return durable.Sleep(ctx, time.Hour)
				}
				p.logf("received %s", m)
				if err := durable.Sleep(ctx, time.Second); err != nil {
					return err
				}
				server.Send("r:" + m.String())
			}
		})
		return durable.Upgrade(client), nil
	}})
	c := r.openTCP(r.Listen())
	c.send(text("a"), text("b"))
	c.Conn.(*net.TCPConn).CloseWrite()
	r.logged("received a")
	r.Advance(time.Second)
	c.expect("text r:a")
	r.logged("received b")
	r.Advance(time.Second)
	c.expect("text r:b", "FIN")
	r.logged("the WebSocket was closed with code 1006, state 2")
}

// A connection that is passed on ends when its client is gone, also if the other server never answers the Close frame.
func TestRelayedClientGone(t *testing.T) {
	server := newRig(t, script{})
	url := server.Listen() + "/P/o"
	r := newRig(t, script{}, emutest.Worker(durable.WorkerFunc(func(ctx context.Context, _ *durable.Request, _ *durable.Env) (*durable.Response, error) {
		return dialer(ctx, url)
	})))
	c := r.openTCP(r.Listen())
	c.send(closing(1000, "bye"))
	c.Conn.(*net.TCPConn).CloseWrite()
	if got := c.next(); got != "FIN" {
		t.Error(got)
	}
}

// Clients that come and go leave no descriptor behind, whatever the object is busy with.
func TestGoneClientsFreeDescriptors(t *testing.T) {
	open := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("no list of descriptors here")
		}
		return len(list)
	}
	open()
	for _, how := range []string{"closed", "reset", "Close frame and closed", "half a frame and reset"} {
		t.Run(how, func(t *testing.T) {
			r := newRig(t, script{})
			url := r.Listen()
			r.occupy()
			r.openTCP(url)
			before := open()
			for range 50 {
				c := r.openTCP(url)
				tcp := c.Conn.(*net.TCPConn)
				var err error
				switch how {
				case "reset":
					err = tcp.SetLinger(0)
				case "Close frame and closed":
					_, err = c.Write(closing(1000, ""))
				case "half a frame and reset":
					_, err = c.Write(text("abc")[:4])
					err = errors.Join(err, tcp.SetLinger(0))
				}
				if err := errors.Join(err, tcp.Close()); err != nil {
					t.Fatal(err)
				}
			}
			if !eventually(func() bool { return open() <= before }) {
				t.Errorf("%d descriptors, before %d", open(), before)
			}
			if n := len(r.object().Sockets()); n != 1 {
				t.Errorf("%d sockets listed", n)
			}
		})
	}
}
