package emulator_test

// https://developers.cloudflare.com/durable-objects/concepts/durable-object-lifecycle/

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// counter answers each message with how many this instance has had.
var counter = script{
	message: func(_ context.Context, p *probe, ws *durable.WebSocket, _ durable.Message) error {
		p.n++
		return ws.Send(fmt.Sprint(p.n))
	},
	fetch: func(_ context.Context, p *probe, q *durable.Request) (*durable.Response, error) {
		if q.Header.Get("Upgrade") != "" {
			return p.accept(q)
		}
		p.n++
		return durable.Text(200, fmt.Sprint(p.n)), nil
	},
}

func TestIdleTime(t *testing.T) {
	const s = time.Second
	t.Run("HB-1 shorter gaps", func(t *testing.T) {
		r := newRig(t, counter)
		c := r.open()
		for i, gap := range []time.Duration{5 * s, 8 * s, 9 * s, 9500 * time.Millisecond} {
			r.Advance(gap)
			c.send(text("x"))
			c.expect(fmt.Sprint("text ", i+1))
		}
	})
	t.Run("HB-2 longer gaps", func(t *testing.T) {
		r := newRig(t, script{message: counter.message, construct: func(_ context.Context, p *probe) error {
			p.logf("constructed with %d sockets", len(p.st.WebSockets()))
			return nil
		}})
		c := r.open()
		for _, gap := range []time.Duration{10500 * time.Millisecond, 11 * s, 12 * s} {
			r.Advance(gap)
			c.expect()
			c.send(text("x"))
			c.expect("text 1")
		}
		r.logged("constructed with 0 sockets", "constructed with 1 sockets", "constructed with 1 sockets", "constructed with 1 sockets")
	})
	t.Run("HB-3 without sockets", func(t *testing.T) {
		r := newRig(t, counter)
		for _, want := range []struct {
			gap time.Duration
			n   string
		}{{0, "1"}, {9 * s, "2"}, {11 * s, "1"}} {
			r.Advance(want.gap)
			if got := r.Fetch("GET", "/P/o").Body; got != want.n {
				t.Errorf("after %v: %s, want %s", want.gap, got, want.n)
			}
		}
	})
	t.Run("HB-4 automatic responses do not keep it", func(t *testing.T) {
		r := newRig(t, pinger)
		c := r.open()
		for i := range 8 {
			r.Advance(5 * s)
			if state, want := r.object().State(), i > 0; (state == emulator.Hibernated) != want {
				t.Errorf("%s after %d s", state, 5*(i+1))
			}
			c.send(text("ping"))
			c.expect("text pong")
		}
		if n := r.instances(); n != 1 {
			t.Errorf("constructed %d times", n)
		}
	})
	for _, sockets := range []int{0, 1} {
		t.Run(fmt.Sprintf("HB-6 a timer of 25 s with %d sockets", sockets), func(t *testing.T) {
			r := newRig(t, script{})
			for range sockets {
				r.open()
			}
			r.run(func(_ context.Context, p *probe) error {
				p.st.WaitUntil(func(ctx context.Context) error {
					defer p.logf("fired on instance %d", p.rig.instances())
					return durable.Sleep(ctx, 25*s)
				})
				return nil
			})
			r.Advance(25 * s)
			r.logged("fired on instance 1")
			r.Advance(9900 * time.Millisecond)
			if got := r.object().State(); got != emulator.Idle {
				t.Errorf("%s", got)
			}
			r.Advance(100 * time.Millisecond)
			if got := r.object().State(); got == emulator.Idle {
				t.Errorf("%s", got)
			}
		})
	}
}

func TestKeptInMemory(t *testing.T) {
	const s = time.Second
	t.Run("HB-7 a timer every 2 s", func(t *testing.T) {
		r := newRig(t, script{})
		r.run(func(_ context.Context, p *probe) error {
			p.st.WaitUntil(func(ctx context.Context) error {
				for range 20 {
					durable.Sleep(ctx, 2*s)
				}
				return nil
			})
			return nil
		})
		r.Advance(45 * s)
		if got := r.object().State(); got != emulator.Idle {
			t.Errorf("%s", got)
		}
		r.Advance(5 * s)
		if got := r.object().State(); got != emulator.Absent {
			t.Errorf("%s 10 s after the last", got)
		}
	})
	t.Run("HB-8 a request in flight for 15 s", func(t *testing.T) {
		r := newRig(t, script{fetch: func(ctx context.Context, _ *probe, _ *durable.Request) (*durable.Response, error) {
			return durable.Text(200, "done"), durable.Sleep(ctx, 15*s)
		}})
		body := make(chan string, 1)
		go func() { body <- r.Fetch("GET", "/P/o").Body }()
		eventually(func() bool { return r.instances() == 1 })
		r.Advance(15 * s)
		if got := <-body; got != "done" {
			t.Errorf("got %q", got)
		}
		r.Advance(9900 * time.Millisecond)
		if got := r.object().State(); got != emulator.Idle {
			t.Errorf("%s", got)
		}
		r.Advance(100 * time.Millisecond)
		if got := r.object().State(); got != emulator.Absent {
			t.Errorf("%s", got)
		}
	})
	t.Run("HB-9 an alarm after the eviction", func(t *testing.T) {
		r := newRig(t, script{alarm: func(_ context.Context, p *probe) error {
			p.logf("alarm on instance %d with %d sockets", p.rig.instances(), len(p.st.WebSockets()))
			return nil
		}})
		c := r.open()
		r.run(func(ctx context.Context, p *probe) error {
			return p.st.Storage().SetAlarm(ctx, durable.Now(ctx).Add(15*s))
		})
		r.Advance(14 * s)
		if got := r.object().State(); got != emulator.Hibernated {
			t.Errorf("%s", got)
		}
		r.Advance(s)
		r.logged("alarm on instance 2 with 1 sockets")
		c.expect()
	})
	t.Run("HB-10 the constructor throws when it wakes", func(t *testing.T) {
		fail := false
		r := newRig(t, script{message: counter.message, construct: func(context.Context, *probe) error {
			if fail {
				return errors.New("ctor boom")
			}
			return nil
		}})
		a, b := r.open(), r.open()
		r.object().Hibernate()
		fail = true
		a.send(text("lost"))
		a.expect("FIN")
		b.expect("FIN")
		fail = false
		r.Settle()
		if n := r.instances(); n != 2 {
			t.Errorf("constructed %d times", n)
		}
		c := r.open()
		c.send(text("x"))
		c.expect("text 1")
	})
}

// What a hibernated connection keeps.
func TestWhatHibernationKeeps(t *testing.T) {
	r := newRig(t, script{})
	closing, open := r.open("/P/o?tag=b&tag=a"), r.open("/P/o")
	var old *durable.WebSocket
	r.run(func(_ context.Context, p *probe) error {
		p.n = 7
		old = p.st.WebSockets("b")[0]
		old.SerializeAttachment(map[string]any{"id": 1})
		p.st.SetHibernatableWebSocketEventTimeout(time.Minute)
		p.st.SetWebSocketAutoResponse("ping", "pong")
		return old.Close(4000, "")
	})
	closing.expect(`close 4000 ""`)
	r.object().Hibernate()
	r.run(func(_ context.Context, p *probe) error {
		ws := p.st.WebSockets("b")[0]
		tags, _ := p.st.Tags(ws)
		var attachment map[string]any
		ws.DeserializeAttachment(&attachment)
		req, res, ok := p.st.WebSocketAutoResponse()
		p.logf("%q %v %q %q %v %v", tags, attachment, req, res, ok, p.st.HibernatableWebSocketEventTimeout())
		p.logf("state %d, %d, send %s", ws.ReadyState(), p.st.WebSockets()[0].ReadyState(), thrown(ws.Send("x")))
		p.logf("n %d, the same pointer %v, the old one %s", p.n, ws == old, thrown(old.Send("x")))
		return nil
	})
	r.logged(`["b" "a"] map[id:1] "ping" "pong" true 1m0s`,
		"state 2, 1, send TypeError: Can't call WebSocket send() after close().",
		"n 0, the same pointer false, the old one go: durable: the object was reset")
	open.expect()
}

// The instance is gone, and its database closed.
func TestHibernationLetsGo(t *testing.T) {
	collected := make(chan int, 8)
	n := 0
	class := durable.Define("Heavy", func(_ context.Context, st *durable.State, _ *durable.Env) (*heavy, error) {
		h := &heavy{st: st, ballast: new([1 << 20]byte)}
		n++
		runtime.AddCleanup(h, func(n int) { collected <- n }, n)
		_, err := st.Storage().SQL().Exec("CREATE TABLE IF NOT EXISTS t (x)")
		return h, err
	})
	dir := t.TempDir()
	w := emutest.New(t, emutest.Classes(class), emutest.Persist(dir))
	c := w.Dial("/Heavy/o")
	for i := 1; i <= 3; i++ {
		c.Send("hello")
		c.Expect("hello")
		w.Advance(10 * time.Second)
		if got := w.Object("Heavy", "o").State(); got != emulator.Hibernated {
			t.Fatalf("%s", got)
		}
		if open := openBelow(t, dir, ".sqlite"); len(open) > 0 {
			t.Errorf("still open: %q", open)
		}
		if !eventually(func() bool { runtime.GC(); return len(collected) == i }) {
			t.Fatalf("%d of %d instances collected", len(collected), i)
		}
	}
}

type heavy struct {
	st      *durable.State
	last    *durable.WebSocket
	ballast *[1 << 20]byte
}

func (h *heavy) Fetch(context.Context, *durable.Request) (*durable.Response, error) {
	client, server := durable.WebSocketPair()
	h.last = server
	return durable.Upgrade(client), h.st.AcceptWebSocket(server)
}

func (h *heavy) WebSocketMessage(_ context.Context, ws *durable.WebSocket, m durable.Message) error {
	h.last = ws
	return ws.Send(m.String())
}

// openBelow returns the files of objects that the process has open, where the system tells.
func openBelow(t *testing.T, dir, suffix string) (open []string) {
	links, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil
	}
	for _, l := range links {
		path, err := os.Readlink(filepath.Join("/proc/self/fd", l.Name()))
		if err == nil && strings.HasPrefix(path, dir) && strings.Contains(path, suffix) && !strings.Contains(path, "metadata") {
			open = append(open, path)
		}
	}
	return open
}
