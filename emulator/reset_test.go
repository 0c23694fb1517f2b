package emulator

// https://developers.cloudflare.com/durable-objects/api/state/#abort

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/clock"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// witness is a class that records which of its instances gets which event.
type witness struct {
	n  int // which instance it is
	r  *resets
	st *durable.State
}

func (k *witness) note(format string, args ...any) {
	k.r.mu.Lock()
	defer k.r.mu.Unlock()
	k.r.log = append(k.r.log, fmt.Sprintf("%d: ", k.n)+fmt.Sprintf(format, args...))
}

func (k *witness) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	client, server := durable.WebSocketPair()
	switch r.URL.Path {
	case "/ws":
		return durable.Upgrade(client), k.st.AcceptWebSocket(server)
	case "/pair":
		return durable.Text(200, ""), errors.Join(k.st.AcceptWebSocket(server), client.Accept(nil), client.Send("hello"))
	}
	return durable.Text(200, ""), k.r.does(ctx, k, strings.TrimPrefix(r.URL.Path, "/"))
}

func (k *witness) WebSocketMessage(ctx context.Context, ws *durable.WebSocket, m durable.Message) error {
	k.note("message %s", m)
	if does := k.r.does; does != nil && strings.HasPrefix(m.String(), "do ") {
		return does(ctx, k, strings.TrimPrefix(m.String(), "do "))
	}
	return nil
}

func (k *witness) WebSocketClose(_ context.Context, _ *durable.WebSocket, code int, _ string, _ bool) error {
	k.note("close %d", code)
	return nil
}

func (k *witness) WebSocketError(context.Context, *durable.WebSocket, error) error {
	k.note("error")
	return nil
}

// resets is a world with a witness.
type resets struct {
	w     *World
	clock *clock.Manual
	does  func(ctx context.Context, k *witness, what string) error
	built func(ctx context.Context, k *witness) error

	mu   sync.Mutex
	made int
	log  []string
	on   func() // called while the object is being reset
}

func newResets(t *testing.T) *resets {
	r := &resets{clock: clock.NewManual(time.Unix(1e9, 0))}
	class := durable.Define("K", func(ctx context.Context, st *durable.State, _ *durable.Env) (*witness, error) {
		r.mu.Lock()
		r.made++
		k := &witness{r.made, r, st}
		r.mu.Unlock()
		if r.built != nil {
			return k, r.built(ctx, k)
		}
		return k, nil
	})
	cfg := &config.Config{Name: "w", NameGiven: true, TopLevelName: "w",
		Bindings:   []config.DurableObjectBinding{{Name: "K", ClassName: "K"}},
		Migrations: []config.Migration{{Tag: "v1", NewSQLiteClasses: []config.ClassRef{{Name: "K"}}}}}
	w, err := New(Options{Config: cfg, Classes: []driver.Class{class.Driver()}, Clock: r.clock, Seed: 1, Observe: func(e Event) {
		if e.Type == EventReset && r.on != nil {
			r.on()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	r.w, r.clock.Settle = w, func() bool { w.Settle(); return true }
	return r
}

// fetch has the object do something by a new stub.
func (r *resets) fetch(path string) (resp *driver.Response, err error) {
	answered := make(chan struct{})
	r.start(path, func(got *driver.Response, failed error) {
		resp, err = got, failed
		close(answered)
	})
	<-answered
	return resp, err
}

// start is fetch that does not wait.
func (r *resets) start(path string, done func(*driver.Response, error)) {
	n := r.w.env.namespaces["K"]
	u := &driver.Request{Method: "GET", URL: &url.URL{Scheme: "http", Host: "o", Path: "/" + path}, Header: map[string][]string{"Upgrade": {"websocket"}}}
	if _, err := n.Get(n.IDFromName("o")).StartFetch(context.Background(), u, driver.Place{}, done); err != nil {
		done(nil, err)
	}
}

// open connects a socket, of which it returns the object's end.
func (r *resets) open(t *testing.T) *socket.Socket {
	t.Helper()
	resp, err := r.fetch("ws")
	if err != nil {
		t.Fatal(err)
	}
	s, _ := socket.Of(resp.WebSocket)
	s = s.Other()
	s.Connect(r.w.net, deaf{}, nil)
	return s
}

// deaf is a transport whose peer reads nothing.
type deaf struct{}

func (deaf) Start()                   {}
func (deaf) Write([]byte)             {}
func (deaf) WriteShared(*wire.Shared) {}
func (deaf) Buffered() int64          { return 0 }
func (deaf) Consumed(int)             {}
func (deaf) Finish()                  {}
func (deaf) Shut()                    {}

// TestDroppedSockets: nothing of a socket that a reset has dropped reaches the next
// instance, wherever it is on its way when the reset comes. The transport's reader is a
// goroutine of its own: what it has parsed may come to the object at any time.
func TestDroppedSockets(t *testing.T) {
	block := func(f func(ctx context.Context) error) func(ctx context.Context, k *witness, _ string) error {
		return func(ctx context.Context, k *witness, _ string) error { return k.st.BlockConcurrencyWhile(ctx, f) }
	}
	kinds := map[string]struct {
		does  func(ctx context.Context, k *witness, what string) error
		built func(ctx context.Context, k *witness) error
		reset func(r *resets) // what resets the object, if not the message "do it"
	}{
		"abort":                             {does: func(_ context.Context, k *witness, _ string) error { k.st.Abort("x"); return nil }},
		"an error in blockConcurrencyWhile": {does: block(func(context.Context) error { return errors.New("x") })},
		"a panic in blockConcurrencyWhile":  {does: block(func(context.Context) error { panic("x") })},
		"blockConcurrencyWhile takes too long": {
			does:  block(func(ctx context.Context) error { return durable.Sleep(ctx, time.Hour) }),
			reset: func(r *resets) { r.clock.Advance(30 * time.Second) },
		},
		"a commit that fails": {does: func(_ context.Context, k *witness, _ string) error {
			_, err := k.st.Storage().SQL().Exec(`CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(id INTEGER PRIMARY KEY, pid INT REFERENCES p(id));
				PRAGMA defer_foreign_keys = ON; INSERT INTO c VALUES (1, 42)`)
			return err
		}},
		"Abort from outside": {
			does: func(ctx context.Context, _ *witness, _ string) error { return durable.Sleep(ctx, time.Hour) },
			reset: func(r *resets) {
				o, _ := r.w.Object("K", "o")
				o.Abort("")
			},
		},
		"an error in the constructor that wakes it": {
			built: func(_ context.Context, k *witness) error {
				if k.n == 2 {
					return errors.New("x")
				}
				return nil
			},
		},
		"a panic in the constructor that wakes it": {
			built: func(_ context.Context, k *witness) error {
				if k.n == 2 {
					panic("x")
				}
				return nil
			},
		},
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			r := newResets(t)
			r.does, r.built = kind.does, kind.built
			old := []*socket.Socket{r.open(t), r.open(t), r.open(t), r.open(t)}
			if kind.built == nil { // an accepted socket would keep the object in memory
				if _, err := r.fetch("pair"); err != nil {
					t.Fatal(err)
				}
			}
			r.w.Settle()
			r.mu.Lock()
			r.log = nil
			r.mu.Unlock()
			late := func(when string) {
				old[0].Message(false, []byte(when))
				old[0].Message(true, []byte(when))
				old[1].PeerClosed(1000, when)
				old[2].Lost(nil)
				old[3].Failed(1002, when)
			}
			r.on = func() { late("while it is reset") }
			if kind.built != nil {
				r.clock.Advance(10 * time.Second)
			}
			old[0].Message(false, []byte("do it"))
			for i := range 5 {
				old[0].Message(false, fmt.Appendf(nil, "behind %d", i))
			}
			r.w.Settle()
			if kind.reset != nil {
				kind.reset(r)
			}
			r.w.Settle()
			late("after it")
			r.w.Settle()

			// The next instance: while it is constructed, blocked, and at work.
			r.built = func(ctx context.Context, k *witness) error { return durable.Sleep(ctx, time.Second) }
			blocked := false
			r.does = block(func(ctx context.Context) error {
				blocked = true
				return durable.Sleep(ctx, time.Second)
			})
			r.start("block", func(*driver.Response, error) {})
			for _, when := range []string{"behind the constructor", "behind what blocks", "behind nothing"} {
				r.w.Settle()
				late(when)
				r.w.Settle()
				r.clock.Advance(time.Second)
			}
			if !blocked {
				t.Error("there is no next instance")
			}
			late("to the next")
			r.w.Settle()
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, line := range r.log {
				if !strings.HasPrefix(line, "1: ") {
					t.Errorf("an instance after the reset gets %q of a socket that the reset dropped", line)
				}
			}
			if kind.does != nil && !slices.Contains(r.log, "1: message do it") {
				t.Error("the message that resets did not come:", r.log)
			}
		})
	}
}
