package emutest_test

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// placed is a TB that notes which file a failure would be told of, as package testing
// finds it: the innermost caller that is no helper.
type placed struct {
	failing
	mu      sync.Mutex
	helpers map[string]bool
	folder  string // for which messages have DIR
	files   []string
}

func (p *placed) Helper() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.helpers == nil {
		p.helpers = map[string]bool{}
	}
	p.helpers[callers(1)[0].Function] = true
}

func (p *placed) Errorf(format string, a ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range callers(8) {
		if !p.helpers[f.Function] && !strings.Contains(f.Function, "*placed") {
			p.files = append(p.files, filepath.Base(f.File))
			break
		}
	}
	said := fmt.Sprintf(format, a...)
	if p.folder != "" {
		said = strings.ReplaceAll(said, p.folder, "DIR")
	}
	p.said = append(p.said, said)
}

type fatal struct{}

func (p *placed) Fatalf(format string, a ...any) {
	p.Errorf(format, a...)
	panic(fatal{})
}

// ended runs f, which Fatalf may end.
func ended(f func()) {
	defer func() {
		if p := recover(); p != nil && p != any(fatal{}) {
			panic(p)
		}
	}()
	f()
}

// callers are those of who calls it.
func callers(n int) (list []runtime.Frame) {
	pcs := make([]uintptr, n)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		list = append(list, f)
		if !more {
			return list
		}
	}
}

// Failures are told of the test's lines, not of emutest's.
func TestFailuresAreTheTests(t *testing.T) {
	fails := map[string]func(tb emutest.TB, w *emutest.World, o *emutest.Object){
		"Settle":             func(_ emutest.TB, w *emutest.World, _ *emutest.Object) { w.Settle() },
		"Advance":            func(_ emutest.TB, w *emutest.World, _ *emutest.Object) { w.Advance(time.Second) },
		"AdvanceToNextAlarm": func(_ emutest.TB, w *emutest.World, _ *emutest.Object) { w.AdvanceToNextAlarm() },
		"Fetch":              func(_ emutest.TB, w *emutest.World, _ *emutest.Object) { w.Fetch("GET", "/Stuck/a") },
		"State":              func(_ emutest.TB, _ *emutest.World, o *emutest.Object) { o.State() },
		"Hibernate":          func(_ emutest.TB, _ *emutest.World, o *emutest.Object) { o.Hibernate() },
		"TryHibernate":       func(_ emutest.TB, _ *emutest.World, o *emutest.Object) { o.TryHibernate() },
		"Evict":              func(_ emutest.TB, _ *emutest.World, o *emutest.Object) { o.Evict() },
		"Abort":              func(_ emutest.TB, _ *emutest.World, o *emutest.Object) { o.Abort("") },
		"Sockets":            func(_ emutest.TB, _ *emutest.World, o *emutest.Object) { o.Sockets() },
		"Storage":            func(_ emutest.TB, _ *emutest.World, o *emutest.Object) { o.Storage(nil) },
		"AssertHibernatable": func(tb emutest.TB, _ *emutest.World, o *emutest.Object) { emutest.AssertHibernatable(tb, o) },
		"Dial":               func(_ emutest.TB, w *emutest.World, _ *emutest.Object) { w.Dial("no path") },
		"TryDial":            func(_ emutest.TB, w *emutest.World, _ *emutest.Object) { w.TryDial("no path") },
		"Object":             func(_ emutest.TB, w *emutest.World, _ *emutest.Object) { w.Object("Nowhere", "a") },
	}
	for name, f := range fails {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over := make(chan struct{})
				var tb placed
				w := emutest.New(&tb, emutest.Classes(durable.Define("Stuck", func(context.Context, *durable.State, *durable.Env) (stuck, error) {
					return over, nil
				})))
				go w.Client().Get(emutest.URL + "/Stuck/a")
				synctest.Wait()
				ended(func() { f(&tb, w, w.Object("Stuck", "a")) })
				if len(tb.files) == 0 || tb.files[0] != "helper_test.go" {
					t.Errorf("told of %q: %q", tb.files, tb.said)
				}
				close(over)
				tb.end()
			})
		})
	}
}

// What a world cannot do is said, and not passed over.
func TestMistakes(t *testing.T) {
	for name, tt := range map[string]struct {
		run  func(tb *placed)
		want string
	}{
		"back in time": {func(tb *placed) { emutest.New(tb).Advance(-time.Second) },
			"emutest: advance by -1s: time does not go back"},
		"an object that is not there": {func(tb *placed) {
			emutest.AssertHibernatable(tb, emutest.New(tb, emutest.Classes(RoomClass)).Object("Room", "lobyb"))
		}, `emutest: Room "lobyb": the object has never been addressed in this world`},
		"hibernates an object that is not there": {func(tb *placed) {
			emutest.New(tb, emutest.Classes(RoomClass)).Object("Room", "lobyb").Hibernate()
		}, `emutest: Room "lobyb": the object has never been addressed in this world`},
		"a class that is nil": {func(tb *placed) { emutest.New(tb, emutest.Classes(RoomClass, (*durable.Class[*Room])(nil))) },
			"emutest: Classes: a class is nil: where is it defined, and is that before it is used?"},
		"nil": {func(tb *placed) { emutest.New(tb, emutest.Classes(nil)) },
			"emutest: Classes: a class is nil: where is it defined, and is that before it is used?"},
		"a connection that is lost": {func(tb *placed) {
			w := emutest.New(tb, emutest.Classes(RoomClass))
			c := w.Dial("/Room/a")
			w.Object("Room", "a").Abort("")
			c.Next()
		}, "emutest: /Room/a: expected a message: the connection was lost"},
		"a client of a world that has ended": {func(tb *placed) {
			c := emutest.New(tb, emutest.Classes(RoomClass)).Dial("/Room/a")
			tb.end()
			c.Send("late")
		}, "emutest: /Room/a: send: the world has ended with its test"},
		"what comes in a world that has ended": {func(tb *placed) {
			c := emutest.New(tb, emutest.Classes(RoomClass)).Dial("/Room/a")
			tb.end()
			c.Expect("late")
		}, `emutest: /Room/a: expected "late": the world has ended with its test`},
		"a request to a world that has ended": {func(tb *placed) {
			w := emutest.New(tb, emutest.Classes(RoomClass))
			tb.end()
			w.Fetch("GET", "/Room/a")
		}, "emutest: GET http://emu.test/Room/a: the world has ended with its test"},
		"two worlds in one folder": {func(tb *placed) {
			dir := t.TempDir()
			emutest.New(tb, emutest.Classes(RoomClass), emutest.Persist(dir))
			tb.folder = dir
			emutest.New(tb, emutest.Classes(RoomClass), emutest.Persist(dir))
		}, "emutest: another world of this process is using DIR"},
		"an alarm that is always due": {func(tb *placed) {
			now := func(ctx context.Context, o *Scripted) error { return o.state.Storage().SetAlarm(ctx, durable.Now(ctx)) }
			w := emutest.New(tb, script{
				fetch: func(ctx context.Context, o *Scripted, _ *durable.Request) (*durable.Response, error) {
					return durable.Text(200, ""), now(ctx, o)
				},
				alarm: now,
			}.class())
			w.Fetch("GET", "/Scripted/a")
			w.Advance(time.Second)
		}, "emutest: advance: the alarm of Scripted a is set to the time that it is, 00:00:00, again and again"},
	} {
		t.Run(name, func(t *testing.T) {
			var tb placed
			ended(func() { tt.run(&tb) })
			tb.end()
			if len(tb.said) == 0 || tb.said[0] != tt.want {
				t.Errorf("said %q, want %q", tb.said, tt.want)
			}
		})
	}
}

// An object that was addressed and has left memory is one that can hibernate.
func TestEvictedIsHibernatable(t *testing.T) {
	w := emutest.New(t, script{}.class())
	w.Fetch("GET", "/Scripted/a")
	w.Advance(10 * time.Second)
	emutest.AssertHibernatable(t, w.Object("Scripted", "a"))
	w.Object("Scripted", "a").Hibernate()
}
