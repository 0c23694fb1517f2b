package emulator_test

// Two classes, Obj and Other, whose methods a test gives by name, and callers that start one
// after the other.

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// method is what an object does when it is asked for it by fetch or call.
type method func(ctx context.Context, o *obj) (any, error)

type methods map[string]method

// obj is an instance.
type obj struct {
	rig *rig
	st  *durable.State
	env *durable.Env
	arg string // of the latest call
	n   int    // for tests to count
}

// withAlarm is an instance of a class that has an alarm handler, the method "alarm".
type withAlarm struct{ *obj }

func (o withAlarm) Alarm(ctx context.Context, info durable.AlarmInfo) error {
	o.arg = fmt.Sprintf("%d %d %v", info.ScheduledTime.UnixMilli(), info.RetryCount, info.IsRetry)
	_, err := o.rig.methods["alarm"](ctx, o.obj)
	return err
}

// newObjects makes a world of the methods. The method "new" is the constructor's, "ws"
// gets the messages of WebSockets. With an "alarm" the class handles alarms.
func newObjects(t *testing.T, m methods, options ...emutest.Option) *rig {
	t.Helper()
	return newObjectsOf(t, t, m, options...)
}

// newObjectsOf is newObjects with a world that reports failures to tb.
func newObjectsOf(t *testing.T, tb emutest.TB, m methods, options ...emutest.Option) *rig {
	t.Helper()
	r := &rig{t: t, methods: m}
	r.World = emutest.New(tb, append([]emutest.Option{emutest.Worker(durable.WorkerFunc(r.serve)), emutest.Classes(r.classes()...)}, options...)...)
	return r
}

func (r *rig) classes() []emutest.Class {
	other := durable.Define("Other", r.construct)
	durable.Method(other, "do", callObj)
	if r.methods["alarm"] == nil {
		obj := durable.Define("Obj", r.construct)
		durable.Method(obj, "do", callObj)
		return []emutest.Class{obj, other}
	}
	obj := durable.Define("Obj", func(ctx context.Context, st *durable.State, env *durable.Env) (withAlarm, error) {
		o, err := r.construct(ctx, st, env)
		return withAlarm{o}, err
	})
	durable.Method(obj, "do", func(o withAlarm, ctx context.Context, name string) (any, error) { return o.run(ctx, name) })
	return []emutest.Class{obj, other}
}

func callObj(o *obj, ctx context.Context, name string) (any, error) { return o.run(ctx, name) }

func (r *rig) construct(ctx context.Context, st *durable.State, env *durable.Env) (*obj, error) {
	o := &obj{rig: r, st: st, env: env}
	r.mu.Lock()
	r.made++
	r.mu.Unlock()
	if f := r.methods["new"]; f != nil {
		if _, err := f(ctx, o); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// run runs the method of "name" or "name argument".
func (o *obj) run(ctx context.Context, call string) (any, error) {
	name, arg, _ := strings.Cut(call, " ")
	f := o.rig.methods[name]
	if f == nil {
		return nil, fmt.Errorf("the test has no method %q", name)
	}
	o.arg = arg
	return f(ctx, o)
}

// Fetch runs the method of the path and answers with its result as JSON.
func (o *obj) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	if r.Header.Get("Upgrade") == "websocket" {
		client, server := durable.WebSocketPair()
		return durable.Upgrade(client), o.st.AcceptWebSocket(server)
	}
	v, err := o.run(ctx, strings.TrimPrefix(r.URL.Path, "/"))
	if err != nil {
		return nil, err
	}
	if resp, ok := v.(*durable.Response); ok {
		return resp, nil
	}
	return durable.JSON(200, v)
}

// WebSocketMessage runs the method "ws" with the message as its argument.
func (o *obj) WebSocketMessage(ctx context.Context, ws *durable.WebSocket, m durable.Message) error {
	o.arg = m.String()
	_, err := o.rig.methods["ws"](context.WithValue(ctx, socketKey{}, ws), o)
	return err
}

// socketKey is where "ws" finds its socket.
type socketKey struct{}

func socketOf(ctx context.Context) *durable.WebSocket {
	return ctx.Value(socketKey{}).(*durable.WebSocket)
}

// serve lets the Worker start what the test asks for.
func (r *rig) serve(ctx context.Context, q *durable.Request, env *durable.Env) (*durable.Response, error) {
	if q.URL.Path == "/start" {
		r.starter(ctx, env)
		return durable.Text(200, ""), nil
	}
	return env.DurableObject("Obj").GetByName(strings.Trim(q.URL.Path, "/")).Fetch(ctx, q)
}

// pending is a call under way.
type pending struct {
	t     *testing.T
	done  chan struct{}
	value any
	err   error
}

// start runs f in the Worker. It returns when f has ended or waits.
func (r *rig) start(f func(ctx context.Context, env *durable.Env) (any, error)) *pending {
	r.t.Helper()
	p := &pending{t: r.t, done: make(chan struct{})}
	r.starter = func(ctx context.Context, env *durable.Env) {
		durable.WaitUntil(ctx, func(ctx context.Context) error {
			defer close(p.done)
			p.value, p.err = f(ctx, env)
			return nil
		})
	}
	r.World.Fetch("GET", "/start")
	r.Settle()
	return p
}

// fetch starts stub.fetch() of the object of that name.
func (r *rig) fetch(name, call string) *pending {
	r.t.Helper()
	return r.start(func(ctx context.Context, env *durable.Env) (any, error) {
		return fetchOf(ctx, env.DurableObject("Obj").GetByName(name), call)
	})
}

// call starts an RPC to the object of that name.
func (r *rig) call(name, call string) *pending {
	r.t.Helper()
	return r.start(func(ctx context.Context, env *durable.Env) (any, error) {
		return callOf(ctx, env.DurableObject("Obj").GetByName(name), call)
	})
}

func fetchOf(ctx context.Context, stub *durable.Stub, call string) (any, error) {
	r, err := durable.NewRequest("GET", "http://obj/"+strings.ReplaceAll(call, " ", "%20"), nil)
	if err != nil {
		return nil, err
	}
	resp, err := stub.Fetch(ctx, r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var v any
	return v, json.Unmarshal(body, &v)
}

func callOf(ctx context.Context, stub *durable.Stub, call string) (v any, err error) {
	return v, stub.Call(ctx, "do", &v, call)
}

// waits reports whether the call is still under way.
func (p *pending) waits() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// wait waits, in the machine's time, for a call that waits for something outside.
func (p *pending) wait() *pending {
	<-p.done
	return p
}

// result is what the call came to: its value as JSON or its error as caught shows it.
func (p *pending) result() string {
	p.t.Helper()
	if p.waits() {
		p.t.Fatal("the call has not ended")
	}
	if p.err != nil {
		return caught(p.err)
	}
	return jsonOf(p.value)
}

// want compares the result.
func (p *pending) want(result string) {
	p.t.Helper()
	if got := p.result(); got != result {
		p.t.Errorf("got  %s\nwant %s", got, result)
	}
}

func jsonOf(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// caught shows an exception with its own properties.
func caught(err error) string {
	if err == nil {
		return "ok"
	}
	e, ok := err.(*durable.Error)
	if !ok {
		return "Go: " + err.Error()
	}
	text := e.Name + ": " + e.Message
	for _, p := range []struct {
		name string
		set  bool
	}{
		{"remote", e.Remote}, {"retryable", e.Retryable}, {"overloaded", e.Overloaded},
		{"durableObjectReset", e.DurableObjectReset}, {"durableObjectId", e.DurableObjectID != ""},
	} {
		if p.set {
			text += " +" + p.name
		}
	}
	if props := map[string]any{}; e.Props.Decode(&props) == nil && len(props) > 0 {
		text += " " + jsonOf(props)
	}
	return text
}
