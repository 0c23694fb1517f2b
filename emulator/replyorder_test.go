package emulator_test

// https://developers.cloudflare.com/durable-objects/best-practices/websockets/#automatic-ping-pong-responses

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
)

// beforeReply is what a handler does before it replies, by the message.
var beforeReply = map[string]func(ctx context.Context, st *durable.State) error{
	"plain": func(context.Context, *durable.State) error { return nil },
	"sql": func(_ context.Context, st *durable.State) error {
		_, err := st.Storage().SQL().Exec("INSERT INTO t VALUES (1)")
		return err
	},
	"put": func(ctx context.Context, st *durable.State) error { return st.Storage().Put(ctx, "k", 1) },
	"kv":  func(_ context.Context, st *durable.State) error { return st.Storage().KV().Put("k", 1) },
	"get": func(ctx context.Context, st *durable.State) error {
		_, err := st.Storage().Get(ctx, "k", new(int))
		return err
	},
	"list": func(ctx context.Context, st *durable.State) error {
		_, err := st.Storage().List(ctx, durable.ListOptions{})
		return err
	},
	"delete": func(ctx context.Context, st *durable.State) error {
		_, err := st.Storage().Delete(ctx, "k")
		return err
	},
	"getAlarm": func(ctx context.Context, st *durable.State) error { _, err := st.Storage().Alarm(ctx); return err },
	"setAlarm": func(ctx context.Context, st *durable.State) error {
		return st.Storage().SetAlarm(ctx, durable.Now(ctx).Add(time.Hour))
	},
	"deleteAll": func(ctx context.Context, st *durable.State) error { return st.Storage().DeleteAll(ctx) },
	"transactionSync": func(ctx context.Context, st *durable.State) error {
		return st.Storage().TransactionSync(func() error { return st.Storage().KV().Put("k", 2) })
	},
}

// replier does a step and replies with it.
var replier = script{
	construct: func(ctx context.Context, p *probe) error {
		p.st.Storage().SQL().Exec("CREATE TABLE IF NOT EXISTS t (x)")
		return p.st.SetWebSocketAutoResponse("ping", "pong")
	},
	message: func(ctx context.Context, p *probe, ws *durable.WebSocket, m durable.Message) error {
		step, all := strings.CutSuffix(m.String(), " to all")
		if err := beforeReply[step](ctx, p.st); err != nil {
			return err
		}
		if !all {
			return ws.Send(step)
		}
		for _, ws := range p.st.WebSockets() {
			ws.Send(step)
		}
		return nil
	},
}

// The automatic response does not overtake the reply to the message before it. As recorded, 20 of 20 times for each.
func TestAutoResponseFollowsReply(t *testing.T) {
	for _, step := range []string{"plain", "sql", "put", "kv", "get", "list", "delete", "getAlarm", "setAlarm", "deleteAll", "transactionSync"} {
		t.Run(step, func(t *testing.T) {
			r := newRig(t, replier)
			c := r.open()
			for i := range 20 {
				if i%5 == 4 {
					r.object().Hibernate()
				}
				c.send(text(step), text("ping"))
				c.expect("text "+step, "text pong")
				c.send(text("ping"), text(step), text("ping"), text("ping"), text(step), text(step), text("ping"))
				c.expect("text pong", "text "+step, "text pong", "text pong", "text "+step, "text "+step, "text pong")
			}
		})
	}
}

// Nor does it overtake what another socket's message has sent.
func TestAutoResponseFollowsBroadcast(t *testing.T) {
	for _, step := range []string{"plain", "put"} {
		t.Run(step, func(t *testing.T) {
			r := newRig(t, replier)
			first := r.open() // which is sent to last
			var others []*rawClient
			for range 20 {
				others = append(others, r.open())
			}
			last := others[len(others)-1]
			for range 20 {
				last.send(text(step + " to all"))
				if got := last.next(); got != "text "+step {
					t.Fatal(got)
				}
				first.send(text("ping"))
				if a, b := first.next(), first.next(); a != "text "+step || b != "text pong" {
					t.Fatal(a, b)
				}
				for _, c := range others[:len(others)-1] {
					c.expect("text " + step)
				}
			}
		})
	}
}

// A message that waits behind others is held against the automatic response that there is when its turn comes.
func TestAutoResponseChangedMeanwhile(t *testing.T) {
	r := newRig(t, script{
		construct: func(_ context.Context, p *probe) error { return p.st.SetWebSocketAutoResponse("ping", "pong") },
		message: func(ctx context.Context, p *probe, ws *durable.WebSocket, m durable.Message) error {
			switch m.String() {
			case "unset":
				p.st.UnsetWebSocketAutoResponse()
			case "set":
				p.st.SetWebSocketAutoResponse("PING", "PONG")
			}
			return ws.Send("echo:" + m.String())
		},
	})
	c := r.open()
	c.send(text("ping"), text("PING"), text("set"), text("PING"), text("ping"), text("unset"), text("PING"))
	c.expect("text pong", "text echo:PING", "text echo:set", "text PONG", "text echo:ping", "text echo:unset", "text echo:PING")
}

// Pings behind a handler that does not end cost what messages cost: the client is not read for ever.
func TestAutoResponseBackPressure(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	r := newRig(t, script{
		construct: func(_ context.Context, p *probe) error { return p.st.SetWebSocketAutoResponse("ping", "pong") },
		message: func(context.Context, *probe, *durable.WebSocket, durable.Message) error {
			close(begun)
			<-end // without giving the turn up
			return nil
		},
	})
	c := r.open()
	c.send(text("hello"))
	<-begun
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.Write(slices.Repeat(text("ping"), 100000))
	}()
	n := 0
	for same := 0; same < 50 && n < 100000; same++ { // until it is read no more
		time.Sleep(time.Millisecond)
		if now := len(r.object().PinsNow()); now != n || n < 500 {
			n, same = now, 0
		}
	}
	if n > 5000 {
		t.Errorf("%d pings wait", n)
	}
	close(end)
	<-written
}
