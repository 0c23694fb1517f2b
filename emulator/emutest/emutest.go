// Package emutest runs a Worker with its Durable Objects inside a test, as
// net/http/httptest runs a handler.
//
// Each test has a [World] of its own, in memory, with a clock that the test moves. The
// test sends requests with [World.Fetch], opens WebSockets with [World.Dial], and looks
// at an object with [World.Object].
//
//	func TestRoom(t *testing.T) {
//		w := emutest.New(t, emutest.Config("wrangler.jsonc"), emutest.Classes(chat.Room), emutest.Worker(chat.Worker))
//		c := w.Dial("/room/lobby")
//		c.Send("hello")
//		c.Expect("hello")
//		room := w.Object("ROOM", "lobby")
//		room.Hibernate()
//		c.Send("still here?")
//		c.Expect("still here?")
//	}
//
// Worlds share nothing, so tests can run in parallel. Everything also works inside a bubble
// of testing/synctest.
package emutest

import (
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/clock"
)

// TB is what New needs of a *testing.T or *testing.B. It must be that of the test or subtest
// that uses the world, since Fatalf ends the goroutine that calls it. In a fuzz target it is
// the target's *testing.T. Several goroutines may call Errorf.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
	Failed() bool
}

// Option is an option of New.
type Option func(*settings)

type settings struct {
	config   string
	env      *string
	classes  []driver.Class
	worker   durable.Worker
	vars     []config.Var
	persist  string
	seed     uint64
	realTime bool
	nilClass bool
	unread   bool
}

// Config reads the bindings, migrations and variables from a wrangler.jsonc or
// wrangler.toml. Without Config each class is bound under its own name, with SQLite.
func Config(path string) Option { return func(s *settings) { s.config = path } }

// Env selects an environment of the configuration.
func Env(name string) Option { return func(s *settings) { s.env = &name } }

// Class is a *durable.Class.
type Class interface{ Driver() driver.Class }

// Classes sets the classes of the world. Without Classes they are those that the test binary
// has registered.
func Classes(classes ...Class) Option {
	return func(s *settings) {
		for _, c := range classes {
			if v := reflect.ValueOf(c); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
				s.nilClass = true
				continue
			}
			s.classes = append(s.classes, c.Driver())
		}
	}
}

// Worker sets the Worker, which answers requests. Without Worker a request to /BINDING/NAME,
// or a path below it, goes to that object.
func Worker(w durable.Worker) Option { return func(s *settings) { s.worker = w } }

// Var sets a text variable. It replaces one of the configuration.
func Var(name, text string) Option {
	return func(s *settings) {
		s.vars = append(s.vars, config.Var{Name: name, IsText: true, Text: text})
	}
}

// Persist keeps the data in a folder, in wrangler's layout, instead of in memory.
func Persist(dir string) Option { return func(s *settings) { s.persist = dir } }

// Seed sets the seed of UUIDs, ids and jitter. Without Seed it is 1.
func Seed(n uint64) Option { return func(s *settings) { s.seed = n } }

// RealTime gives the world the time of package time, instead of a clock that only
// [World.Advance] moves. In a bubble of testing/synctest that is the bubble's time.
func RealTime() Option { return func(s *settings) { s.realTime = true } }

// CheckUnread fails the test at its end if a client has unread messages, as [Conn.Unread]
// returns them.
func CheckUnread() Option { return func(s *settings) { s.unread = true } }

// CheckFiles does nothing.
//
// Deprecated: it looked at the whole process, which other tests share. The next version
// has it no more.
func CheckFiles() Option { return func(*settings) {} }

// Start is the time at which the clock of a world starts.
var Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// World is a Worker with its objects, for one test.
type World struct {
	t      TB
	world  *emulator.World
	clock  *clock.Manual  // nil in real time
	real   *clock.Watched // nil otherwise
	net    *network
	client *http.Client
	unread bool
	stuck  atomic.Bool // the last call of settles has failed

	mu      sync.Mutex
	events  []emulator.Event
	conns   []*Conn
	foreign map[driver.Place]bool // places of calls that foreignCall has reported
	ended   bool
}

// New makes a world that ends with the test. An error of the configuration or of the classes
// fails the test at once. A subtest makes a world of its own: a failure in a world fails
// the test that made it.
//
// A goroutine that uses an object without having its turn fails the test. The message has
// the place of the call, of the go statement, and of the handler that has the turn.
//
// At the end of the test every context ends. Handlers that do not end then, and goroutines
// that a class or the Worker has left running, fail the test. A failed test logs the events
// of its world.
func New(t TB, options ...Option) *World {
	t.Helper()
	t = shown{t}
	s := settings{seed: 1}
	for _, o := range options {
		o(&s)
	}
	if s.nilClass {
		t.Fatalf("emutest: Classes: a class is nil: where is it defined, and is that before it is used?")
	}
	w := &World{t: t, unread: s.unread}
	o := emulator.Options{
		Config: s.load(t), Classes: s.classes, Persist: s.persist, Seed: s.seed, Observe: w.observe, Foreign: w.foreignCall,
		Attended: attended, Patience: outsidePatience,
	}
	if s.worker == nil {
		s.worker = durable.WorkerFunc(byPath)
	}
	o.Worker = durable.Export(s.worker)
	if s.realTime {
		w.real = clock.NewWatched()
		o.Clock = w.real
	} else {
		w.clock = clock.NewManual(Start)
		w.clock.Settle = w.settles
		o.Clock = w.clock
	}
	world, err := emulator.New(o)
	if err != nil {
		t.Fatalf("emutest: %v", err)
	}
	w.world = world
	w.net = serve(world)
	w.client = &http.Client{Transport: w.net.transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	t.Cleanup(w.close)
	return w
}

// load reads the configuration, or makes one that binds the classes.
func (s *settings) load(t TB) *config.Config {
	t.Helper()
	if s.classes == nil {
		s.classes = driver.Registered()
	}
	cfg := &config.Config{Name: "test", NameGiven: true, TopLevelName: "test"}
	if s.config != "" {
		r := config.Load(config.Options{Config: s.config, Env: s.env})
		if r.Config != nil { // the checks of emu dev, which depend on the machine's date
			errs, warnings := r.Config.CheckStart()
			r.Errors = errs
			for _, d := range warnings {
				t.Logf("emutest: warning: %s", placed(d))
			}
		}
		for _, d := range r.Errors {
			t.Errorf("emutest: %s", placed(d))
		}
		if r.Config == nil || len(r.Errors) > 0 {
			t.Fatalf("emutest: %s cannot be used", s.config)
		}
		cfg = r.Config
	} else {
		m := config.Migration{Tag: "v1"}
		for _, c := range s.classes {
			m.NewSQLiteClasses = append(m.NewSQLiteClasses, config.ClassRef{Name: c.Name()})
			cfg.Bindings = append(cfg.Bindings, config.DurableObjectBinding{Name: c.Name(), ClassName: c.Name()})
		}
		cfg.Migrations = []config.Migration{m}
	}
	cfg.Vars = append(cfg.Vars, s.vars...)
	return cfg
}

// placed returns a diagnostic's text, with its place if that is a line.
func placed(d diagnostic.Diagnostic) string {
	if d.Place.Line == 0 {
		return d.Text
	}
	return fmt.Sprintf("%s:%d:%d: %s", d.Place.File, d.Place.Line, d.Place.Column, d.Text)
}

func (w *World) observe(e emulator.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

// foreignCall fails the test for a call of an object by a goroutine that does not have its turn, once
// for each place.
func (w *World) foreignCall(f emulator.ForeignCall) {
	w.mu.Lock()
	reported := w.ended || w.foreign[f.Place]
	if w.foreign == nil {
		w.foreign = map[driver.Place]bool{}
	}
	w.foreign[f.Place] = true
	w.mu.Unlock()
	who := f.ID
	if f.Name != "" {
		who = strconv.Quote(f.Name)
	}
	if !reported {
		w.t.Errorf("emutest: %s %s: %s", f.Class, who, f)
	}
}

// Events returns the events of the world so far.
func (w *World) Events() []emulator.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]emulator.Event(nil), w.events...)
}

// leftRunning returns the goroutines that user code has left running. A goroutine whose context has
// just ended needs a moment to return, so it looks again for up to a quarter of a second.
func (w *World) leftRunning() []emulator.Leftover {
	for wait := time.Millisecond; ; wait *= 2 {
		left := w.world.Leftovers()
		if len(left) == 0 || wait > 128*time.Millisecond {
			return left
		}
		time.Sleep(wait)
	}
}

func (w *World) close() {
	w.t.Helper()
	if !w.settles() {
		w.t.Errorf("emutest: after %v something still runs: %s", settlePatience, w.world.Busy())
	}
	left := w.leftRunning()
	w.mu.Lock()
	conns := w.conns
	w.mu.Unlock()
	if w.unread { // before a client leaves: the others may get messages about that
		for _, c := range conns {
			c.checkUnread()
		}
	}
	happened := w.Events() // without those of the test's end
	for _, c := range conns {
		c.Drop()
	}
	if len(conns) > 0 && len(left) == 0 {
		w.settles() // the close handlers of these clients may leave goroutines running too
		left = w.leftRunning()
	}
	err := w.world.Close()
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.net.close()
	for _, l := range left {
		who := "a class"
		if l.Worker {
			who = "the Worker"
		}
		w.t.Errorf("emutest: a goroutine that %s left running is at %s", who, l.Place)
	}
	if err != nil {
		w.t.Errorf("emutest: %v", err)
	}
	if w.t.Failed() && len(happened) > 0 {
		w.t.Logf("what happened:%s", timeline(happened))
	}
}
