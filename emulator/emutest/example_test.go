package emutest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// Room is the class that the examples test: it numbers what it is told, says it to
// everybody, and forgets everything when an alarm rings.
type Room struct{ state *durable.State }

var RoomClass = durable.Define("Room", func(ctx context.Context, st *durable.State, env *durable.Env) (*Room, error) {
	return &Room{st}, st.SetWebSocketAutoResponse("ping", "pong")
})

func (o *Room) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	client, server := durable.WebSocketPair()
	if err := o.state.AcceptWebSocket(server, "member"); err != nil {
		return nil, err
	}
	if err := server.SerializeAttachment(map[string]string{"path": r.URL.Path}); err != nil {
		return nil, err
	}
	return durable.Upgrade(client), o.state.Storage().SetAlarm(ctx, durable.Now(ctx).Add(time.Hour))
}

func (o *Room) WebSocketMessage(ctx context.Context, ws *durable.WebSocket, msg durable.Message) error {
	var n int
	if _, err := o.state.Storage().Get(ctx, "said", &n); err != nil {
		return err
	}
	n++
	for _, member := range o.state.WebSockets("member") {
		if err := member.Send(fmt.Sprintf("%d: %s", n, msg)); err != nil {
			return err
		}
	}
	return o.state.Storage().Put(ctx, "said", n)
}

func (o *Room) WebSocketClose(ctx context.Context, ws *durable.WebSocket, code int, reason string, wasClean bool) error {
	return ws.Close(1000, "bye")
}

func (o *Room) Alarm(ctx context.Context, info durable.AlarmInfo) error {
	return o.state.Storage().DeleteAll(ctx)
}

// folders are those of a file in a message.
var folders = func() *regexp.Regexp {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return regexp.MustCompile(regexp.QuoteMeta(filepath.ToSlash(dir)) + `/`)
}()

// T is a testing.T for examples.
type T struct{ cleanups []func() }

func (t *T) Helper()          {}
func (t *T) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }
func (t *T) Errorf(f string, a ...any) {
	fmt.Println(folders.ReplaceAllString(fmt.Sprintf(f, a...), ""))
}
func (t *T) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }
func (t *T) Logf(string, ...any)       {}
func (t *T) Failed() bool              { return false }
func (t *T) end() {
	for _, f := range t.cleanups {
		f()
	}
}

// A class that keeps its state in its fields loses it when the object hibernates.
// This one does not: it counts on after ten idle seconds.
func Example() {
	t := new(T) // a *testing.T in a test
	defer t.end()

	w := emutest.New(t, emutest.Classes(RoomClass))
	c := w.Dial("/Room/lobby")
	c.Send("hello")
	c.Expect("1: hello")

	w.Advance(10 * time.Second)
	fmt.Println(w.Object("Room", "lobby").State())

	c.Send("still here?")
	c.Expect("2: still here?")
	c.Send("ping") // answered without waking anybody
	c.Expect("pong")
	// Output: hibernated
}

func ExampleObject_Hibernate() {
	t := new(T)
	defer t.end()

	w := emutest.New(t, emutest.Classes(RoomClass))
	c := w.Dial("/Room/lobby")
	lobby := w.Object("Room", "lobby")
	lobby.Hibernate()
	for _, s := range lobby.Sockets() {
		var attachment map[string]string
		if err := s.Attachment.Decode(&attachment); err != nil {
			fmt.Println(err)
		}
		fmt.Println(s.Tags, attachment["path"])
	}
	c.Close(1000, "")
	c.ExpectClose(1000, "bye")
	// Output: [member] /Room/lobby
}

func ExampleWorld_AdvanceToNextAlarm() {
	t := new(T)
	defer t.end()

	w := emutest.New(t, emutest.Classes(RoomClass))
	c := w.Dial("/Room/lobby")
	c.Send("hello")
	c.Expect("1: hello")

	w.AdvanceToNextAlarm()
	fmt.Println(w.Now().Sub(emutest.Start)) // 1h0m0s

	c.Send("hello")
	c.Expect("1: hello")
	// Output: 1h0m0s
}

func ExampleAssertHibernatable() {
	t := new(T)
	defer t.end()

	sleepy := durable.Define("Sleepy", func(ctx context.Context, st *durable.State, env *durable.Env) (*Sleepy, error) {
		st.WaitUntil(func(ctx context.Context) error { return durable.Sleep(ctx, time.Hour) })
		return &Sleepy{}, nil
	})
	w := emutest.New(t, emutest.Classes(sleepy))
	w.Fetch("GET", "/Sleepy/one")
	emutest.AssertHibernatable(t, w.Object("Sleepy", "one"))
	// Output:
	// emutest: Sleepy "one" cannot hibernate: pinned by waitUntil at example_test.go:146 for 0s
	// emutest: Sleepy "one" cannot hibernate: pinned by sleep at example_test.go:146 for 0s
}

// Sleepy is pinned by what its constructor started.
type Sleepy struct{}

func (*Sleepy) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	return durable.Text(200, "ok"), nil
}

func TestParallel(t *testing.T) {
	for i := range 20 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			w := emutest.New(t, emutest.Classes(RoomClass), emutest.CheckUnread())
			a, b := w.Dial("/Room/lobby"), w.Dial("/Room/lobby")
			a.Send("x")
			a.Expect("1: x")
			b.Expect("1: x")
			w.Object("Room", "lobby").Hibernate()
			b.Send("y")
			a.Expect("2: y")
			b.Expect("2: y")
			b.Drop()
			a.Send("z")
			a.Expect("3: z")
			a.ExpectNone()
		})
	}
}
