package emulator_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/seed-36a2c969/emu/emulator/durable"
)

// Calls that only look, or that need no turn, touch the object too.
func TestForeignTouches(t *testing.T) {
	for name, call := range map[string]func(ctx context.Context, ws *durable.WebSocket){
		"WebSocket.ReadyState":     func(_ context.Context, ws *durable.WebSocket) { ws.ReadyState() },
		"WebSocket.BufferedAmount": func(_ context.Context, ws *durable.WebSocket) { ws.BufferedAmount() },
		"WaitUntil": func(ctx context.Context, _ *durable.WebSocket) {
			durable.WaitUntil(ctx, func(context.Context) error { return nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			tb := &recordingTB{TB: t}
			r := newRigOf(t, tb, script{message: func(ctx context.Context, p *probe, ws *durable.WebSocket, _ durable.Message) error {
				call(ctx, ws)
				var alongside sync.WaitGroup
				alongside.Go(func() { call(ctx, ws) })
				alongside.Wait()
				return nil
			}})
			r.Dial("/P/o").Send("x")
			r.Settle()
			if tb.count() != 1 || !strings.HasPrefix(tb.failures[0], `emutest: P "o": `+name+" at touch_test.go:") {
				t.Errorf("reported %q, want one call of %s", tb.failures, name)
			}
		})
	}
}

// A handler that waits with a context that is not its own gets an error, and does not
// hold the object up for as long as it would wait.
func TestStaleContext(t *testing.T) {
	for name, wait := range map[string]func(ctx context.Context, st *durable.State) error{
		"Sleep": func(ctx context.Context, _ *durable.State) error { return durable.Sleep(ctx, 1<<50) },
		"Await": func(ctx context.Context, _ *durable.State) error {
			return durable.Await(ctx, func() error { select {} })
		},
		"Storage.Sync": func(ctx context.Context, st *durable.State) error { return st.Storage().Sync(ctx) },
		"State.BlockConcurrencyWhile": func(ctx context.Context, st *durable.State) error {
			return st.BlockConcurrencyWhile(ctx, func(context.Context) error { select {} })
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var kept context.Context
				tb := &recordingTB{TB: t}
				r := newRigOf(t, tb, script{
					construct: func(ctx context.Context, _ *probe) error { kept = ctx; return nil },
					message: func(ctx context.Context, p *probe, ws *durable.WebSocket, _ durable.Message) error {
						if err := wait(kept, p.st); err != nil {
							return ws.Send(err.Error())
						}
						return ws.Send("waited")
					},
				})
				c := r.Dial("/P/o")
				c.Send("x")
				c.Expect("the context belongs to another event than the one that runs here")
				r.Settle()
				const want = " with the context of another event than webSocketMessage, which runs here"
				if tb.count() != 1 || !strings.HasPrefix(tb.failures[0], `emutest: P "o": `+name+" at touch_test.go:") || !strings.HasSuffix(tb.failures[0], want) {
					t.Errorf("reported %q, want %s%s", tb.failures, name, want)
				}
			})
		})
	}
}
