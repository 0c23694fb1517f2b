package emulator_test

// A front end whose code never blocks, as JavaScript's: each step of a handler runs with
// the turn, begins operations and says what follows each of them. It uses the driver
// alone. To play it a thousand times:
//
//	go test ./emulator -run TestFrontEnd -race -cpu 1,4 -count 1000

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/clock"
)

// task is the run of one handler: an event of the emulator.
type task struct {
	ctx     context.Context
	ev      driver.Event
	o       *looped
	waiting int // operations that have not come back
	resp    *driver.Response
	value   driver.Value
	err     error

	mu    sync.Mutex
	inbox []func()
	wake  driver.Signal // of the pause that is under way
}

// post has a step run when the task has the turn again.
func (t *task) post(step func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inbox = append(t.inbox, step)
	if t.wake != nil {
		t.wake.Send()
	}
}

// run runs a handler and all that follows from it.
func (t *task) run(handler func(t *task)) error {
	handler(t)
	for t.waiting > 0 {
		wake := t.ev.NewSignal()
		t.mu.Lock()
		t.wake = wake
		if len(t.inbox) > 0 {
			wake.Send()
		}
		t.mu.Unlock()
		if err := t.ev.WaitFor(t.ctx, wake); err != nil {
			return err
		}
		t.mu.Lock()
		steps := t.inbox
		t.inbox, t.wake = nil, nil
		t.mu.Unlock()
		for _, step := range steps {
			step()
		}
	}
	return t.err
}

// then returns the done of an operation that is about to be started, of which follows is told.
func then[T any](t *task, follows func(T, error)) func(T, error) {
	t.waiting++
	return func(v T, err error) {
		t.post(func() {
			t.waiting--
			follows(v, err)
		})
	}
}

func (t *task) call(stub driver.Stub, method string, arg driver.Value, follows func(driver.Value, error)) {
	done := then(t, follows)
	_, err := stub.StartCall(t.ctx, method, []driver.Value{arg}, driver.Place{}, done)
	if err != nil {
		done(nil, err)
	}
}

func (t *task) fetch(stub driver.Stub, path string, follows func(string, error)) {
	done := then(t, func(r *driver.Response, err error) { follows(textOf(r), err) })
	_, err := stub.StartFetch(t.ctx, requestTo("http://o/"+path), driver.Place{}, done)
	if err != nil {
		done(nil, err)
	}
}

func (t *task) after(d time.Duration, follows func()) {
	done := then(t, func(struct{}, error) { follows() })
	t.ev.After(d, driver.Place{}, func() { done(struct{}{}, nil) })
}

// receive has follows run for each message of an accepted socket, until it ends.
func (t *task) receive(ws driver.Socket, follows func(driver.Message, error)) {
	done := then(t, func(struct{}, error) {
		m, ok, err := ws.Receive()
		if ok || err != nil {
			follows(m, err)
		}
		if err == nil {
			t.receive(ws, follows)
		}
	})
	if _, err := ws.StartReceive(t.ctx, driver.Place{}, func() { done(struct{}{}, nil) }); err != nil {
		t.o.l.t.Error(err)
	}
}

func (t *task) stub(name string) driver.Stub {
	n, _ := t.o.env.Namespace("Loop")
	return n.Get(n.IDFromName(name))
}

func requestTo(address string) *driver.Request {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return &driver.Request{Method: "GET", URL: u, Header: map[string][]string{}}
}

func textOf(r *driver.Response) string {
	if r == nil || r.Body == nil {
		return ""
	}
	b, _ := io.ReadAll(r.Body)
	return string(b)
}

// loop is a class of the front end.
type loop struct {
	t        *testing.T
	handlers map[string]func(t *task)

	mu           sync.Mutex
	log          []string
	living, gone int
}

func (l *loop) Name() string              { return "Loop" }
func (l *loop) Place() driver.Place       { return driver.Place{} }
func (l *loop) Goroutines() bool          { return false }
func (l *loop) Handlers() driver.Handlers { return driver.HandlesFetch }

func (l *loop) Construct(_ context.Context, st driver.State, env driver.Env) (driver.Instance, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.living++
	return &looped{l: l, st: st, env: env}, nil
}

func (l *loop) logf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log = append(l.log, fmt.Sprintf(format, args...))
}

func (t *task) logf(format string, args ...any) { t.o.l.logf(format, args...) }

// looped is an object of the front end.
type looped struct {
	driver.Instance
	l    *loop
	st   driver.State
	env  driver.Env
	n    int // events under way
	gone bool
}

func (o *looped) run(ctx context.Context, name string, arg driver.Value) (*task, error) {
	o.n++
	defer func() { o.n-- }()
	t := &task{ctx: ctx, ev: driver.EventOf(ctx), o: o, value: arg}
	if o.gone {
		o.l.t.Error("an event of an instance that is gone")
	}
	return t, t.run(o.l.handlers[name])
}

func (o *looped) Fetch(ctx context.Context, r *driver.Request) (*driver.Response, error) {
	t, err := o.run(ctx, strings.TrimPrefix(r.URL.Path, "/"), nil)
	if t.resp == nil {
		t.resp = &driver.Response{Status: 200, Body: strings.NewReader("done")}
	}
	return t.resp, err
}

func (o *looped) Call(ctx context.Context, method string, args []driver.Value) (driver.Value, error) {
	t, err := o.run(ctx, method, args[0])
	return t.value, err
}

func (o *looped) Gone() {
	o.l.mu.Lock()
	defer o.l.mu.Unlock()
	if o.gone || o.n != 0 {
		o.l.t.Errorf("gone again, or with %d events under way", o.n)
	}
	o.gone = true
	o.l.gone++
}

// double is a function of a task, in whose turn it runs.
type double struct{ t *task }

func (d double) StartCall(_ string, _ bool, args []driver.Value, done func(driver.Value, error)) {
	d.t.post(func() { done(2*args[0].(driver.Number), nil) })
}

// world is a world of the class, its time and the environment that its Worker gets.
type world struct {
	*loop
	t     *testing.T
	w     *emulator.World
	clock *clock.Manual
	env   driver.Env
}

// Fetch keeps the environment.
func (w *world) Fetch(_ context.Context, _ *driver.Request, env driver.Env) (*driver.Response, error) {
	w.env = env
	return &driver.Response{Status: 200}, nil
}

func newWorld(t *testing.T, handlers map[string]func(*task)) *world {
	w := &world{loop: &loop{t: t, handlers: handlers}, t: t, clock: clock.NewManual(time.Unix(1e9, 0))}
	cfg := &config.Config{Name: "w", NameGiven: true, TopLevelName: "w",
		Bindings:   []config.DurableObjectBinding{{Name: "Loop", ClassName: "Loop"}},
		Migrations: []config.Migration{{Tag: "v1", NewSQLiteClasses: []config.ClassRef{{Name: "Loop"}}}}}
	made, err := emulator.New(emulator.Options{
		Config: cfg, Classes: []driver.Class{w.loop}, Worker: w, Clock: w.clock, Seed: 1, Patience: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.w, w.clock.Settle = made, func() bool { made.Settle(); return true }
	t.Cleanup(func() {
		if err := made.Close(); err != nil {
			t.Error(err)
		}
		if w.living != w.gone {
			t.Errorf("%d instances were made, %d have heard that they are gone", w.living, w.gone)
		}
	})
	made.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "http://w/", nil))
	return w
}

// start has an object do something, and logs what comes of it.
func (w *world) start(name, path string) {
	w.t.Helper()
	n, _ := w.env.Namespace("Loop")
	_, err := n.Get(n.IDFromName(name)).StartFetch(context.Background(), requestTo("http://o/"+path), driver.Place{}, func(r *driver.Response, err error) {
		w.logf("%s %s: %s %v", name, path, textOf(r), err)
	})
	if err != nil {
		w.t.Error(err)
	}
}

// want compares the log, when nothing happens any more.
func (w *world) want(lines ...string) {
	w.t.Helper()
	w.w.Settle()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.log, lines) {
		w.t.Errorf("logged\n\t%s\nwant\n\t%s", strings.Join(w.log, "\n\t"), strings.Join(lines, "\n\t"))
	}
	w.log = nil
}

func (w *world) advance(d time.Duration) {
	w.t.Helper()
	defer w.w.Settle()
	if err := w.clock.Advance(d); err != nil {
		w.t.Error(err)
	}
}

func TestFrontEnd(t *testing.T) {
	sleep := func(t *task) { t.after(time.Second, func() {}) }
	put := func(t *task, key string) error {
		return t.o.st.Storage().Put([]driver.Entry{{Key: key, Value: driver.Number(1)}})
	}
	keys := func(t *task) (keys []string) {
		list, err := t.o.st.Storage().List(driver.ListOptions{})
		if err != nil {
			t.o.l.t.Error(err)
		}
		for _, e := range list {
			keys = append(keys, e.Key)
		}
		return keys
	}
	t.Run("two requests to objects at once", func(t *testing.T) {
		w := newWorld(t, map[string]func(*task){"sleep": sleep, "both": func(t *task) {
			begun := t.ev.Now()
			for _, name := range []string{"x", "y"} {
				t.fetch(t.stub(name), "sleep", func(text string, err error) {
					t.logf("%s %v after %v", text, err, t.ev.Now().Sub(begun)) // x and y are not of one order
				})
			}
		}})
		w.start("o", "both")
		w.advance(time.Second)
		w.want("done <nil> after 1s", "done <nil> after 1s", "o both: done <nil>")
	})
	t.Run("two requests to outside at once", func(t *testing.T) {
		var arrived sync.WaitGroup
		arrived.Add(2)
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			arrived.Done()
			arrived.Wait() // neither is answered before both have come
			io.WriteString(rw, "answer")
		}))
		defer server.Close()
		w := newWorld(t, map[string]func(*task){"both": func(t *task) {
			for range 2 {
				done := then(t, func(r *driver.Response, err error) {
					r.Body.(io.Closer).Close()
					t.logf("%d %s %v", r.Status, r.StatusText, err)
				})
				if _, err := t.ev.StartFetch(t.ctx, requestTo(server.URL), driver.Place{}, done); err != nil {
					t.o.l.t.Error(err)
				}
			}
		}})
		w.start("o", "both")
		w.want("200 OK <nil>", "200 OK <nil>", "o both: done <nil>")
	})
	t.Run("a hundred calls of one stub arrive in order", func(t *testing.T) {
		var want []string
		w := newWorld(t, map[string]func(*task){
			"add": func(t *task) { t.logf("%v", t.value) },
			"calls": func(t *task) {
				stub := t.stub("x")
				for i := range 100 {
					t.call(stub, "add", driver.Number(i), func(v driver.Value, err error) {
						if v != driver.Number(i) || err != nil {
							t.o.l.t.Error(i, v, err)
						}
					})
				}
				t.logf("all begun")
			},
		})
		want = append(want, "all begun")
		for i := range 100 {
			want = append(want, fmt.Sprint(i))
		}
		w.start("o", "calls")
		w.want(append(want, "o calls: done <nil>")...)
	})
	t.Run("a function is called back", func(t *testing.T) {
		w := newWorld(t, map[string]func(*task){
			"apply": func(t *task) {
				f := t.value.(*driver.Object).Get("f").(*driver.Ref)
				f.Target.StartCall("", false, []driver.Value{driver.Number(2)}, then(t, func(v driver.Value, err error) { t.value = v }))
			},
			"call": func(t *task) {
				f := &driver.Ref{Function: true, Target: double{t}}
				if err := t.o.st.Storage().Put([]driver.Entry{{Key: "f", Value: f}}); err == nil {
					t.logf("a function was stored")
				}
				t.call(t.stub("x"), "apply", &driver.Object{Properties: []driver.Property{{Key: "f", Value: f}}}, func(v driver.Value, err error) {
					t.logf("%v %v", v, err)
				})
			},
		})
		w.start("o", "call")
		w.want("4 <nil>", "o call: done <nil>")
	})
	t.Run("what is written before a call is durable before it arrives", func(t *testing.T) {
		w := newWorld(t, map[string]func(*task){
			"look": func(t *task) { t.logf("%v", keys(t)) },
			"call": func(t *task) {
				t.call(t.stub("x"), "throw", driver.Null{}, func(_ driver.Value, err error) { t.logf("%v", err) })
				t.err = errors.Join(put(t, "k"))
				t.o.st.Abort("lost", true) // what was begun has not left
			},
			"throw": func(t *task) { t.logf("arrived") },
		})
		w.start("o", "call")
		w.want("o call:  lost")
		w.start("o", "look")
		w.want("[]", "o look: done <nil>")
	})
	t.Run("a wait in a block keeps others out", func(t *testing.T) {
		w := newWorld(t, map[string]func(*task){"count": func(t *task) { t.logf("count") }, "block": func(t *task) {
			end, err := t.o.st.BeginBlock(t.ctx, driver.Place{})
			if err != nil {
				t.o.l.t.Error(err)
				return
			}
			t.after(time.Second, func() {
				inner, _ := t.o.st.BeginBlock(t.ctx, driver.Place{})
				t.after(time.Second, func() {
					t.logf("block ends %v %v", inner(nil), end(nil))
				})
			})
		}})
		w.start("o", "block")
		w.start("o", "count")
		w.want()
		w.advance(time.Second)
		w.want()
		w.advance(time.Second)
		w.want("block ends <nil> <nil>", "count", "o block: done <nil>", "o count: done <nil>")
	})
	t.Run("a block that fails resets", func(t *testing.T) {
		w := newWorld(t, map[string]func(*task){"count": func(t *task) { t.logf("count") }, "block": func(t *task) {
			end, _ := t.o.st.BeginBlock(t.ctx, driver.Place{})
			t.after(time.Second, func() { t.logf("%v", end(errors.New("boom"))) })
		}})
		w.start("o", "block")
		w.start("o", "count")
		w.advance(time.Second)
		slices.Sort(w.log) // a reset fails what it finds in no order
		w.want(driver.ErrReset.Error(), "o block:  boom", "o count:  boom")
	})
	t.Run("a wait in a transaction keeps others out", func(t *testing.T) {
		w := newWorld(t, map[string]func(*task){"look": func(t *task) { t.logf("%v", keys(t)) }, "transaction": func(t *task) {
			txn, err := t.o.st.Storage().BeginTransaction(t.ctx, driver.Place{})
			if err != nil {
				t.o.l.t.Error(err)
				return
			}
			t.logf("%v", put(t, "a"))
			t.call(t.stub("x"), "wait", driver.Null{}, func(driver.Value, error) {
				t.logf("%v %v", put(t, "b"), txn.End(nil))
			})
		}, "wait": sleep})
		w.start("o", "transaction")
		w.start("o", "look")
		w.want("<nil>")
		w.advance(time.Second)
		w.want("<nil> <nil>", "[a b]", "o transaction: done <nil>", "o look: done <nil>")
	})
	t.Run("nested transactions roll back", func(t *testing.T) {
		w := newWorld(t, map[string]func(*task){"transaction": func(t *task) {
			st := t.o.st.Storage()
			outer, _ := st.BeginTransaction(t.ctx, driver.Place{})
			put(t, "a")
			inner, _ := st.BeginTransaction(t.ctx, driver.Place{})
			put(t, "b")
			t.after(time.Second, func() {
				t.logf("outer: %v", outer.Rollback())
				t.logf("inner: %v", inner.Rollback())
				put(t, "c") // is kept: it comes after the rollback
				t.logf("%v", inner.End(nil))
				third, _ := st.BeginTransaction(t.ctx, driver.Place{})
				put(t, "d")
				t.after(time.Second, func() {
					t.logf("%v", third.End(errors.New("third")))
					t.logf("%v %v", outer.End(nil), keys(t))
				})
			})
		}})
		w.start("o", "transaction")
		w.advance(2 * time.Second)
		w.want("outer: Cannot roll back an outer transaction while a nested transaction is still running.", "inner: <nil>", "<nil>",
			"third", "<nil> [a c]", "o transaction: done <nil>")
	})
	t.Run("abort returns", func(t *testing.T) {
		w := newWorld(t, map[string]func(*task){"look": func(t *task) { t.logf("%v", keys(t)) }, "abort": func(t *task) {
			put(t, "lost")
			t.after(time.Hour, func() { t.logf("it goes on") })
			t.o.st.Abort("why", true)
			t.logf("%v", put(t, "later"))
		}})
		w.start("o", "abort")
		w.want("o abort:  why", driver.ErrReset.Error())
		w.start("o", "look")
		w.want("[]", "o look: done <nil>")
		w.advance(2 * time.Hour)
		w.want()
	})
	t.Run("an accepted socket calls back", func(t *testing.T) {
		accept := func(t *task, ws driver.Socket) {
			if err := ws.Accept(false, driver.Place{}); err != nil {
				t.o.l.t.Error(err)
			}
		}
		w := newWorld(t, map[string]func(*task){
			"echo": func(t *task) {
				client, server := driver.NewPair()
				accept(t, server)
				t.resp = &driver.Response{Status: 101, WebSocket: client}
				t.ev.WaitUntil(func(ctx context.Context) error {
					t := &task{ctx: ctx, ev: driver.EventOf(ctx), o: t.o}
					return t.run(func(t *task) {
						t.receive(server, func(m driver.Message, err error) {
							if err != nil {
								t.logf("echo: %v", err)
								return
							}
							t.after(time.Second, func() { server.Send(driver.Message{Data: append(m.Data, '!')}) })
						})
					})
				}, driver.Place{})
			},
			"talk": func(t *task) {
				r := requestTo("http://o/echo")
				r.Header["Upgrade"] = []string{"websocket"}
				done := then(t, func(r *driver.Response, err error) {
					if err != nil {
						t.err = err
						return
					}
					ws, n := r.WebSocket, 0
					accept(t, ws)
					for _, text := range []string{"a", "b", "c"} {
						ws.Send(driver.Message{Data: []byte(text)})
					}
					t.receive(ws, func(m driver.Message, err error) {
						if err != nil {
							t.logf("talk: %v", err)
							return
						}
						if want := "abc"[n:n+1] + "!"; string(m.Data) != want {
							t.logf("%s, not %s", m.Data, want)
						}
						if n++; n == 3 {
							ws.Close(1000, "over")
						}
					})
				})
				if _, err := t.stub("x").StartFetch(t.ctx, r, driver.Place{}, done); err != nil {
					t.err = err
				}
			},
		})
		w.start("o", "talk")
		w.want()
		w.advance(time.Second)
		w.w.Settle()
		w.mu.Lock()
		slices.Sort(w.log) // each end hears of the other's, on its own
		w.mu.Unlock()
		w.want("echo: the WebSocket was closed with code 1000", "o talk: done <nil>", "talk: the WebSocket was closed with code 1000")
	})
	t.Run("an instance hears that it is gone", func(t *testing.T) {
		w := newWorld(t, map[string]func(*task){"sleep": sleep})
		for _, end := range []struct {
			name string
			f    func(o *emulator.Object)
		}{
			{"it is let go", func(*emulator.Object) { w.advance(time.Minute) }},
			{"it is evicted", (*emulator.Object).Evict},
			{"it is reset", func(o *emulator.Object) { o.Abort("") }},
		} {
			w.start("o", "sleep")
			if end.name == "it is let go" {
				w.advance(time.Second)
			}
			w.w.Settle()
			o, err := w.w.Object("Loop", "o")
			if err != nil {
				t.Fatal(err)
			}
			end.f(o)
			w.w.Settle()
			w.mu.Lock()
			if w.living != w.gone {
				t.Errorf("%s: %d instances were made, %d are gone", end.name, w.living, w.gone)
			}
			w.mu.Unlock()
		}
		w.start("o", "sleep") // and it is gone with the world: see newWorld
		w.w.Settle()
	})
}
