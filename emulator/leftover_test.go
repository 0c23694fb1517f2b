package emulator_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

func answers(_ context.Context, _ *probe, ws *durable.WebSocket, m durable.Message) error {
	return ws.Send(m.String())
}

// talk opens a connection and exchanges a message.
func talk(r *rig) *emutest.Conn {
	c := r.Dial("/P/o")
	c.Send("x")
	c.Expect("x")
	return c
}

// What a handler leaves running that sees the client go at the end of the test, and what
// the Worker leaves, is reported too.
func TestLeftLate(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	failures := func(t *testing.T, use func(r *rig), s script, options ...emutest.Option) []string {
		var tb *recordingTB
		t.Run("world", func(t *testing.T) {
			tb = &recordingTB{TB: t}
			use(newRigOf(t, tb, s, options...))
		})
		return tb.failures
	}
	t.Run("close handler", func(t *testing.T) {
		got := failures(t, func(r *rig) { talk(r) }, script{message: answers, closed: func(context.Context, *probe, *durable.WebSocket, int, string, bool) error {
			go func() { <-stop }() // at: close handler
			return nil
		}})
		if want := "emutest: a goroutine that a class left running is at " + lineIn(t, "leftover_test.go", "close handler"); !slices.Equal(got, []string{want}) {
			t.Errorf("reported %q, want %q", got, want)
		}
	})
	t.Run("Worker", func(t *testing.T) {
		got := failures(t, func(r *rig) { r.Fetch("GET", "/") }, script{}, emutest.Worker(durable.WorkerFunc(
			func(context.Context, *durable.Request, *durable.Env) (*durable.Response, error) {
				go func() { <-stop }() // at: left by the Worker
				return durable.Text(200, ""), nil
			})))
		if want := "emutest: a goroutine that the Worker left running is at " + lineIn(t, "leftover_test.go", "left by the Worker"); !slices.Equal(got, []string{want}) {
			t.Errorf("reported %q, want %q", got, want)
		}
	})
}

// waits is what two go statements start.
func waits(c chan struct{}) {
	<-c // at: waits
}

// Where two go statements start the same function, a pin has the place where the
// goroutine is, not one of them that may be the other.
func TestAmbiguousGoroutine(t *testing.T) {
	stop := make(chan struct{})
	r := newRig(t, script{fetch: func(_ context.Context, _ *probe, req *durable.Request) (*durable.Response, error) {
		if req.URL.Path == "/P/a" {
			go waits(stop)
		} else {
			go waits(stop)
		}
		return durable.Text(200, ""), nil
	}})
	for _, name := range []string{"a", "b"} {
		r.Fetch("GET", "/P/"+name)
	}
	for _, name := range []string{"a", "b"} {
		pins := r.Object("P", name).Pins()
		if len(pins) != 1 || !strings.HasSuffix(pins[0].String(), "/"+lineIn(t, "leftover_test.go", "waits")) {
			t.Errorf("%s is pinned by %v, want a goroutine at %s", name, pins, lineIn(t, "leftover_test.go", "waits"))
		}
	}
	close(stop)
}

// A panic in the body of a response is an exception of the handler.
func TestBodyPanics(t *testing.T) {
	answer := func() (*durable.Response, error) {
		return &durable.Response{Status: 200, Body: reads(func() error {
			panic("in the body") // at: body
		})}, nil
	}
	r := newRig(t, script{fetch: func(context.Context, *probe, *durable.Request) (*durable.Response, error) { return answer() }},
		emutest.Worker(durable.WorkerFunc(func(ctx context.Context, req *durable.Request, env *durable.Env) (*durable.Response, error) {
			if req.URL.Path == "/" {
				return answer()
			}
			return env.DurableObject("P").GetByName("o").Fetch(ctx, req)
		})))
	for path, handler := range map[string]string{"/": "worker", "/P/o": "fetch"} {
		before := len(r.Events())
		if resp := r.Fetch("GET", path); resp.Status != 500 || resp.Body != "Error: Network connection lost." {
			t.Errorf("%s: answer %+v", path, resp)
		}
		r.Settle()
		events := slices.DeleteFunc(r.Events()[before:], func(e emulator.Event) bool { return e.Type != emulator.EventError })
		if len(events) != 1 || events[0].Handler != handler || events[0].Message != "Error: in the body" ||
			!strings.Contains(events[0].Stack, lineIn(t, "leftover_test.go", "body")) {
			t.Errorf("%s: errors %+v", path, events)
		}
	}
}

// The end of a connection is dealt with when Settle returns, as a message is.
func TestSettleWaitsForTheEnd(t *testing.T) {
	r := newRig(t, script{message: answers, closed: func(_ context.Context, p *probe, _ *durable.WebSocket, code int, _ string, _ bool) error {
		p.logf("closed %d", code)
		return nil
	}})
	for range 20 {
		talk(r).Drop()
		r.Settle()
		r.mu.Lock()
		if !slices.Equal(r.log, []string{"closed 1006"}) {
			t.Errorf("logged %q", r.log)
		}
		r.log = nil
		r.mu.Unlock()
	}
}

// logTB is a test that has failed, and notes what is logged.
type logTB struct {
	recordingTB
	log string
}

func (l *logTB) Failed() bool                    { return true }
func (l *logTB) Logf(format string, args ...any) { l.log += fmt.Sprintf(format, args...) }

// What a failed test logs is what happened up to its end, not what its end brought about.
func TestTimelineEndsWithTheTest(t *testing.T) {
	var tb *logTB
	t.Run("world", func(t *testing.T) {
		tb = &logTB{recordingTB: recordingTB{TB: t}}
		newRigOf(t, tb, script{closed: func(context.Context, *probe, *durable.WebSocket, int, string, bool) error {
			return errors.New("the client has gone")
		}}).Dial("/P/o")
	})
	if !strings.Contains(tb.log, `P "o" started`) || strings.Contains(tb.log, "has gone") {
		t.Errorf("logged %s", tb.log)
	}
}
