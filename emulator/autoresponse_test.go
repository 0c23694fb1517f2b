package emulator_test

// https://developers.cloudflare.com/durable-objects/api/state/#setwebsocketautoresponse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
)

// pinger answers ping with pong, and other messages with echo:MESSAGE; "sleep" after a
// second, "close" by closing.
var pinger = script{
	construct: func(_ context.Context, p *probe) error { return p.st.SetWebSocketAutoResponse("ping", "pong") },
	message: func(ctx context.Context, p *probe, ws *durable.WebSocket, m durable.Message) error {
		p.logf("message %s", m)
		switch m.String() {
		case "sleep":
			if err := durable.Sleep(ctx, time.Second); err != nil {
				return err
			}
		case "close":
			return ws.Close(4000, "r")
		}
		return ws.Send("echo:" + m.String())
	},
}

func TestAutoResponseLimits(t *testing.T) {
	r := newRig(t, script{})
	for _, tt := range []struct {
		name string
		call func(p *probe) error
		want string
	}{
		{"3.4 2,048 bytes each", func(p *probe) error {
			return p.st.SetWebSocketAutoResponse(strings.Repeat("é", 1024), strings.Repeat("x", 2048))
		}, "ok"},
		{"3.4 a longer request", func(p *probe) error {
			return p.st.SetWebSocketAutoResponse(strings.Repeat("x", 2049), "")
		}, "RangeError: Request cannot be larger than 2048 bytes. A request of size 2049 was provided."},
		{"3.4 a longer response", func(p *probe) error {
			return p.st.SetWebSocketAutoResponse("", strings.Repeat("é", 1025))
		}, "RangeError: Response cannot be larger than 2048 bytes. A response of size 2050 was provided."},
		{"3.4 what a failed call leaves", func(p *probe) error {
			p.st.SetWebSocketAutoResponse("a", "b")
			p.st.SetWebSocketAutoResponse("c", strings.Repeat("x", 2049))
			if req, res, ok := p.st.WebSocketAutoResponse(); req != "a" || res != "b" || !ok {
				return fmt.Errorf("%q, %q, %v", req, res, ok)
			}
			return nil
		}, "ok"},
		{"3.4 unset", func(p *probe) error {
			p.st.UnsetWebSocketAutoResponse()
			if req, res, ok := p.st.WebSocketAutoResponse(); req != "" || res != "" || ok {
				return fmt.Errorf("%q, %q, %v", req, res, ok)
			}
			return nil
		}, "ok"},
		{"3.4 never answered", func(p *probe) error {
			_, ws := durable.WebSocketPair()
			if at := p.st.WebSocketAutoResponseTimestamp(ws); !at.IsZero() {
				return errors.New(at.String())
			}
			return nil
		}, "ok"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			r.run(func(_ context.Context, p *probe) error {
				got = thrown(tt.call(p))
				return nil
			})
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestAutoResponse(t *testing.T) {
	t.Run("AR-1 equal text only", func(t *testing.T) {
		r := newRig(t, pinger)
		c := r.open()
		c.send(text("ping"), frame(0x82, "ping"), text("ping "), text("PING"), text("pin"), frame(0x01, "pi"))
		c.expect("text pong", "text echo:[object ArrayBuffer]", "text echo:ping ", "text echo:PING", "text echo:pin")
		c.send(frame(0x89, "x"), frame(0x80, "ng"))
		c.expect("pong 78", "text pong")
	})
	t.Run("AR-1 the empty text", func(t *testing.T) {
		r := newRig(t, script{construct: func(_ context.Context, p *probe) error { return p.st.SetWebSocketAutoResponse("", "empty") }})
		c := r.open()
		c.send(text(""), frame(0x82, ""))
		c.expect("text empty")
	})
	// The three frames arrive in one piece. Recorded: pong, echo:hello, pong, awake and hibernated.
	t.Run("AR-1 order among handled messages", func(t *testing.T) {
		r := newRig(t, pinger)
		c := r.open()
		for i := range 200 {
			if i%10 == 0 {
				r.object().Hibernate()
			}
			c.send(text("ping"), text("hello"), text("ping"))
			c.expect("text pong", "text echo:hello", "text pong")
		}
	})
	t.Run("AR-1 order behind a handler that runs", func(t *testing.T) {
		begun, end := make(chan struct{}), make(chan struct{})
		r := newRig(t, script{construct: pinger.construct, message: func(_ context.Context, _ *probe, ws *durable.WebSocket, m durable.Message) error {
			close(begun)
			<-end // without giving the turn up
			return ws.Send("echo:" + m.String())
		}})
		c := r.open()
		c.send(text("hello"))
		<-begun
		c.send(text("ping"), frame(0x89, "read"))
		if got := c.next(); got != fmt.Sprintf("pong %x", "read") {
			t.Errorf("got %s", got)
		}
		close(end)
		c.expect("text echo:hello", "text pong")
	})
	t.Run("AR-1 a handler that waits is not waited for", func(t *testing.T) {
		r := newRig(t, pinger)
		c := r.open()
		c.send(text("sleep"), text("ping"), text("hello"), text("ping"))
		c.expect("text pong", "text echo:hello", "text pong")
		r.Advance(time.Second)
		c.expect("text echo:sleep")
	})
	t.Run("AR-2 does not wake, and is for all sockets", func(t *testing.T) {
		r := newRig(t, script{})
		c := r.open()
		r.run(func(_ context.Context, p *probe) error { return p.st.SetWebSocketAutoResponse("ping", "pong") })
		r.object().Hibernate()
		c.send(text("ping"))
		c.expect("text pong")
		if s := r.object().State(); s != emulator.Hibernated || r.instances() != 1 {
			t.Errorf("%s, constructed %d times", s, r.instances())
		}
		r.run(func(_ context.Context, p *probe) error { p.st.UnsetWebSocketAutoResponse(); return nil })
		c.send(text("ping"))
		c.expect()
	})
	t.Run("AR-2 not for sockets accepted with accept", func(t *testing.T) {
		r := newRig(t, script{fetch: func(ctx context.Context, p *probe, _ *durable.Request) (*durable.Response, error) {
			client, server := durable.WebSocketPair()
			server.Accept(nil)
			p.st.WaitUntil(func(ctx context.Context) error {
				m, err := server.Receive(ctx)
				p.logf("received %s", m)
				return err
			})
			return durable.Upgrade(client), p.st.SetWebSocketAutoResponse("ping", "pong")
		}})
		c := r.open()
		c.send(text("ping"))
		c.expect()
		r.logged("received ping")
	})
	t.Run("AR-3 the time of the last one", func(t *testing.T) {
		r := newRig(t, pinger)
		c := r.open()
		r.Advance(1500 * time.Microsecond)
		c.send(text("ping"))
		c.expect("text pong")
		want := r.Now().Truncate(time.Millisecond)
		r.Advance(time.Minute)
		if r.object().State() != emulator.Hibernated {
			t.Error("not hibernated")
		}
		r.run(func(_ context.Context, p *probe) error {
			if at := p.st.WebSocketAutoResponseTimestamp(p.st.WebSockets()[0]); !at.Equal(want) {
				t.Errorf("got %v, want %v", at, want)
			}
			return nil
		})
	})
	t.Run("AR-4 swallowed after the object has closed", func(t *testing.T) {
		r := newRig(t, pinger)
		c := r.open()
		c.send(text("close"), text("ping"), text("after"))
		c.expect(`close 4000 "r"`)
		r.logged("message close", "message after")
		if got, want := r.faults(), []string{"webSocketMessage: TypeError: Can't call WebSocket send() after close()."}; !slices.Equal(got, want) {
			t.Errorf("faults %q", got)
		}
	})
	t.Run("3.4 forgotten at a reset", func(t *testing.T) {
		r := newRig(t, script{})
		r.run(func(_ context.Context, p *probe) error {
			p.st.SetHibernatableWebSocketEventTimeout(time.Second)
			return p.st.SetWebSocketAutoResponse("ping", "pong")
		})
		r.object().Abort("")
		r.run(func(_ context.Context, p *probe) error {
			_, _, ok := p.st.WebSocketAutoResponse()
			p.logf("%v %v", ok, p.st.HibernatableWebSocketEventTimeout())
			return nil
		})
		r.logged("false 0s")
	})
}

func TestEventTimeout(t *testing.T) {
	for _, tt := range []struct {
		name string
		d    time.Duration
		want string
	}{
		{"3.5 none", 0, "ok, 0s"},
		{"3.5 whole milliseconds", 1900 * time.Microsecond, "ok, 1ms"},
		{"3.5 seven days", 604800000 * time.Millisecond, "ok, 168h0m0s"},
		{"3.5 more", 604800001 * time.Millisecond, "Error: Event timeout should not exceed 604800000 ms., 5ms"},
		{"3.5 negative", -time.Millisecond, "TypeError: The value cannot be converted because it is negative and this API expects a positive number., 5ms"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, script{})
			r.run(func(_ context.Context, p *probe) error {
				p.st.SetHibernatableWebSocketEventTimeout(5 * time.Millisecond)
				err := p.st.SetHibernatableWebSocketEventTimeout(tt.d)
				p.logf("%s, %v", thrown(err), p.st.HibernatableWebSocketEventTimeout())
				return nil
			})
			r.logged(tt.want)
		})
	}
	t.Run("3.5 a handler that takes longer", func(t *testing.T) {
		r := newRig(t, pinger)
		c := r.open()
		r.run(func(ctx context.Context, p *probe) error {
			return p.st.SetHibernatableWebSocketEventTimeout(500 * time.Millisecond)
		})
		r.object().Hibernate() // the timeout outlives it
		c.send(text("sleep"))
		r.Advance(2 * time.Second)
		c.send(text("hello"))
		c.expect("text echo:hello")
		if got, want := r.faults(), []string{"webSocketMessage: Error: Actor exceeded event execution time and was disconnected."}; !slices.Equal(got, want) {
			t.Errorf("faults %q", got)
		}
		if n := r.instances(); n != 2 {
			t.Errorf("constructed %d times", n)
		}
	})
}

// What an event does that is over its deadline has no effect, nor have its functions for
// waitUntil, and nobody uses the storage until the object has left memory, as recorded.
func TestEventOverDeadline(t *testing.T) {
	const late = "Error: Actor exceeded event execution time and was disconnected."
	all := func(ctx context.Context, p *probe, ws *durable.WebSocket) {
		st := p.st.Storage()
		_, err := p.st.Storage().Alarm(ctx)
		for _, one := range []struct {
			name string
			err  error
		}{
			{"send", ws.Send("late")}, {"attach", ws.SerializeAttachment("late")}, {"put", st.Put(ctx, "a", "late")},
			{"alarm", st.SetAlarm(ctx, durable.Now(ctx).Add(time.Hour))}, {"kv", st.KV().Put("b", "late")}, {"get alarm", err},
			{"auto", p.st.SetWebSocketAutoResponse("x", "y")}, {"sleep", durable.Sleep(ctx, time.Second)},
			{"await", durable.Await(ctx, func() error { return nil })}, {"close", ws.Close(4000, "late")},
		} {
			if got := thrown(one.err); got != late {
				p.logf("%s: %s", one.name, got)
			}
		}
		p.st.WaitUntil(func(context.Context) error { p.logf("waitUntil of a late event"); return nil })
	}
	r := newRig(t, script{message: func(ctx context.Context, p *probe, ws *durable.WebSocket, m durable.Message) error {
		switch m.String() {
		case "late":
			p.st.WaitUntil(func(ctx context.Context) error {
				err := durable.Sleep(ctx, 2*time.Second)
				if got := thrown(err); got != late { // which of the two goes on first is open
					p.logf("waitUntil: %s", got)
				}
				all(ctx, p, ws)
				return err
			})
			ws.Send("before")
			p.st.Storage().Put(ctx, "a", "before")
			err := durable.Sleep(ctx, 2*time.Second)
			p.logf("handler: %s", thrown(err))
			all(ctx, p, ws)
			return err
		case "storage":
			var e *durable.Error
			err := p.st.Storage().Put(ctx, "a", "other")
			p.logf("put: %v %+v", errors.As(err, &e), *e)
			return nil
		case "in time":
			p.st.WaitUntil(func(ctx context.Context) error {
				durable.Sleep(ctx, 2*time.Second)
				return ws.Send("after the handler")
			})
			return nil
		}
		return ws.Send("echo " + m.String())
	}})
	c := r.open()
	r.run(func(ctx context.Context, p *probe) error {
		return p.st.SetHibernatableWebSocketEventTimeout(time.Second)
	})
	c.send(text("in time"))
	r.Advance(2 * time.Second)
	c.expect("text after the handler")
	c.send(text("late"))
	c.expect("text before")
	r.Advance(2 * time.Second)
	r.logged("handler: " + late)
	c.send(text("hello"))
	c.expect("text echo hello")
	c.send(text("storage"))
	r.logged("put: true {Name:Error Message:Actor exceeded event execution time and was disconnected. Remote:false Retryable:true Overloaded:false DurableObjectReset:true DurableObjectID: Props:{v:<nil>} stack: event:0}")
	if got, want := r.faults(), []string{"webSocketMessage: " + late}; !slices.Equal(got, want) {
		t.Errorf("faults %q", got)
	}
	r.object().Hibernate()
	r.run(func(ctx context.Context, p *probe) error {
		a := ""
		_, err := p.st.Storage().Get(ctx, "a", &a)
		p.logf("%s %v", a, err)
		return nil
	})
	r.logged("before <nil>")
}
