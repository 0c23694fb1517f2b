//go:build !js

package durable_test

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// Greeter knows its visitors by what is attached to their connections, and in
// memory only counts.
type Greeter struct {
	state *durable.State
	seen  int
}

type visitor struct {
	Name string `json:"name"`
}

var greeter = durable.Define("Greeter", func(ctx context.Context, state *durable.State, env *durable.Env) (*Greeter, error) {
	return &Greeter{state: state}, state.SetWebSocketAutoResponse("ping", "pong")
})

func (o *Greeter) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	client, ws := durable.WebSocketPair()
	if err := o.state.AcceptWebSocket(ws); err != nil {
		return nil, err
	}
	if err := ws.SerializeAttachment(visitor{r.URL.Query().Get("name")}); err != nil {
		return nil, err
	}
	return durable.Upgrade(client), nil
}

func (o *Greeter) WebSocketMessage(ctx context.Context, ws *durable.WebSocket, msg durable.Message) error {
	o.seen++
	var v visitor
	if _, err := ws.DeserializeAttachment(&v); err != nil {
		return err
	}
	return ws.Send(fmt.Sprintf("%s, %s! I remember %d", msg, v.Name, o.seen))
}

func (o *Greeter) WebSocketClose(ctx context.Context, ws *durable.WebSocket, code int, reason string, wasClean bool) error {
	return ws.ReplyToClose(code, reason)
}

// A connection outlives the object's memory.
func ExampleState_AcceptWebSocket() {
	run(func(w *emutest.World) {
		c := w.Dial("/Greeter/a?name=Ada")
		for _, text := range []string{"hello", "hello again"} {
			c.Send(text)
			fmt.Printf("%s\n", c.Next().Data)
		}

		w.Advance(11 * time.Second)
		fmt.Println(w.Object("Greeter", "a").State())
		c.Send("ping")
		fmt.Printf("%s, still %s\n", c.Next().Data, w.Object("Greeter", "a").State())
		c.Send("good morning")
		fmt.Printf("%s\n", c.Next().Data)
	}, emutest.Classes(greeter))
	// Output:
	// hello, Ada! I remember 1
	// hello again, Ada! I remember 2
	// hibernated
	// pong, still hibernated
	// good morning, Ada! I remember 1
}
