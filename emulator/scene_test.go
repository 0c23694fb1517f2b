package emulator_test

// A scene is a world with two classes, Obj and Other, whose methods a test gives
// by name, and callers that start one after the other.

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// method is what an object does when it is asked for it by fetch or call.
type method func(ctx context.Context, o *obj) (any, error)

type methods map[string]method

// obj is an instance.
type obj struct {
	s   *scene
	st  *durable.State
	env *durable.Env
	arg string // of the latest call
	n   int    // for tests to count
}

// scene is a world under test.
type scene struct {
	*emutest.World
	t       *testing.T
	methods methods

	mu      sync.Mutex
	lines   []string
	made    int // instances of Obj
	starter func(ctx context.Context, env *durable.Env)
}

// withAlarm is an instance of a class that has an alarm handler, the method "alarm".
type withAlarm struct{ *obj }

func (o withAlarm) Alarm(ctx context.Context, info durable.AlarmInfo) error {
	o.arg = fmt.Sprintf("%d %d %v", info.ScheduledTime.UnixMilli(), info.RetryCount, info.IsRetry)
	_, err := o.s.methods["alarm"](ctx, o.obj)
	return err
}

// newScene makes a world of the methods. The method "new" is the constructor's, "ws"
// gets the messages of WebSockets. With an "alarm" the class handles alarms.
func newScene(t *testing.T, m methods, options ...emutest.Option) *scene {
	t.Helper()
	s := &scene{t: t, methods: m}
	s.World = emutest.New(t, append(options, emutest.Worker(durable.WorkerFunc(s.serve)), emutest.Classes(s.classes()...))...)
	return s
}

// sceneConfig is the option of a configuration with a compatibility date.
func sceneConfig(t *testing.T, date string) emutest.Option {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wrangler.jsonc")
	text := `{"name": "test", "main": "src/index.js", "compatibility_date": "` + date + `",
		"durable_objects": {"bindings": [{"name": "Obj", "class_name": "Obj"}, {"name": "Other", "class_name": "Other"}]},
		"migrations": [{"tag": "v1", "new_sqlite_classes": ["Obj", "Other"]}]}`
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return emutest.Config(path)
}

func (s *scene) classes() []emutest.Class {
	other := durable.Define("Other", s.construct)
	durable.Method(other, "do", callObj)
	if s.methods["alarm"] == nil {
		obj := durable.Define("Obj", s.construct)
		durable.Method(obj, "do", callObj)
		return []emutest.Class{obj, other}
	}
	obj := durable.Define("Obj", func(ctx context.Context, st *durable.State, env *durable.Env) (withAlarm, error) {
		o, err := s.construct(ctx, st, env)
		return withAlarm{o}, err
	})
	durable.Method(obj, "do", func(o withAlarm, ctx context.Context, name string) (any, error) { return o.run(ctx, name) })
	return []emutest.Class{obj, other}
}

func callObj(o *obj, ctx context.Context, name string) (any, error) { return o.run(ctx, name) }

func (s *scene) construct(ctx context.Context, st *durable.State, env *durable.Env) (*obj, error) {
	o := &obj{s: s, st: st, env: env}
	s.mu.Lock()
	s.made++
	s.mu.Unlock()
	if f := s.methods["new"]; f != nil {
		if _, err := f(ctx, o); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// run runs the method of "name" or "name argument".
func (o *obj) run(ctx context.Context, call string) (any, error) {
	name, arg, _ := strings.Cut(call, " ")
	f := o.s.methods[name]
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
	_, err := o.s.methods["ws"](context.WithValue(ctx, socketKey{}, ws), o)
	return err
}

// socketKey is where "ws" finds its socket.
type socketKey struct{}

func socketOf(ctx context.Context) *durable.WebSocket {
	return ctx.Value(socketKey{}).(*durable.WebSocket)
}

// logf notes what happens.
func (s *scene) logf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

// logged takes the lines noted so far.
func (s *scene) logged() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := s.lines
	s.lines = nil
	return lines
}

// wantLog compares the lines noted so far, and forgets them.
func (s *scene) wantLog(want ...string) {
	s.t.Helper()
	if got := s.logged(); !slices.Equal(got, want) {
		s.t.Errorf("it went\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// instances is how often Obj or Other has been constructed.
func (s *scene) instances() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made
}

// faults returns the messages of the errors in the log.
func (s *scene) faults() (list []string) {
	for _, e := range s.Events() {
		if e.Type == emulator.EventError {
			list = append(list, e.Message)
		}
	}
	return list
}

// serve lets the Worker start what the test asks for.
func (s *scene) serve(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
	if r.URL.Path == "/start" {
		s.starter(ctx, env)
		return durable.Text(200, ""), nil
	}
	return env.DurableObject("Obj").GetByName(strings.Trim(r.URL.Path, "/")).Fetch(ctx, r)
}

// pending is a call under way.
type pending struct {
	t     *testing.T
	done  chan struct{}
	value any
	err   error
}

// start runs f in the Worker. It returns when f has ended or waits.
func (s *scene) start(f func(ctx context.Context, env *durable.Env) (any, error)) *pending {
	s.t.Helper()
	p := &pending{t: s.t, done: make(chan struct{})}
	s.starter = func(ctx context.Context, env *durable.Env) {
		durable.WaitUntil(ctx, func(ctx context.Context) error {
			defer close(p.done)
			p.value, p.err = f(ctx, env)
			return nil
		})
	}
	s.World.Fetch("GET", "/start")
	s.Settle()
	return p
}

// fetch starts stub.fetch() of the object of that name.
func (s *scene) fetch(name, call string) *pending {
	s.t.Helper()
	return s.start(func(ctx context.Context, env *durable.Env) (any, error) {
		return fetchOf(ctx, env.DurableObject("Obj").GetByName(name), call)
	})
}

// call starts an RPC to the object of that name.
func (s *scene) call(name, call string) *pending {
	s.t.Helper()
	return s.start(func(ctx context.Context, env *durable.Env) (any, error) {
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
