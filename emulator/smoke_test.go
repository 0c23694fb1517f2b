package emulator_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

type echo struct {
	st *durable.State
	n  int
}

var echoClass = durable.Define("Echo", func(ctx context.Context, st *durable.State, env *durable.Env) (*echo, error) {
	return &echo{st: st}, st.SetWebSocketAutoResponse("ping", "pong")
})

func (e *echo) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	if r.Header.Get("Upgrade") != "websocket" {
		e.n++
		return durable.Text(200, fmt.Sprint(e.n)), nil
	}
	client, server := durable.WebSocketPair()
	if err := e.st.AcceptWebSocket(server, "tag"); err != nil {
		return nil, err
	}
	return durable.Upgrade(client), server.SerializeAttachment(map[string]any{"id": "x"})
}

func (e *echo) WebSocketMessage(ctx context.Context, ws *durable.WebSocket, msg durable.Message) error {
	e.n++
	return ws.Send(fmt.Sprintf("%s %d", msg, e.n))
}

func (e *echo) WebSocketClose(ctx context.Context, ws *durable.WebSocket, code int, reason string, clean bool) error {
	return ws.ReplyToClose(code, reason)
}

func TestSmoke(t *testing.T) {
	w := emutest.New(t, emutest.Classes(echoClass))
	if got := w.Fetch("GET", "/Echo/a").Body; got != "1" {
		t.Fatal(got)
	}
	c := w.Dial("/Echo/a")
	c.Send("hi")
	c.Expect("hi 2")
	c.Send("ping")
	c.Expect("pong")
	o := w.Object("Echo", "a")
	w.Advance(9 * time.Second)
	if o.State() != emulator.Idle {
		t.Fatal(o.State())
	}
	w.Advance(time.Second)
	if o.State() != emulator.Hibernated {
		t.Fatal(o.State())
	}
	c.Send("hi")
	c.Expect("hi 1")
	o.Hibernate()
	c.Send("hi")
	c.Expect("hi 1")
	c.Close(1000, "bye")
	c.ExpectClose(1000, "bye")
}
