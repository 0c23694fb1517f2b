package emulator_test

// https://developers.cloudflare.com/durable-objects/concepts/durable-object-lifecycle/

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// fakeTB is a test that only notes its failures.
type fakeTB struct {
	emutest.TB
	failures []string
}

func (f *fakeTB) Helper() {}
func (f *fakeTB) Errorf(format string, args ...any) {
	f.failures = append(f.failures, fmt.Sprintf(format, args...))
}

// pinned are classes that something keeps from hibernating, each at a line of this
// file that ends in a comment "pin: …".
var pinned = methods{
	"fine": func(ctx context.Context, o *obj) (any, error) {
		done := make(chan struct{})
		go close(done)
		return nil, durable.Await(ctx, func() error { <-done; return nil })
	},
	"ticker": func(ctx context.Context, o *obj) (any, error) {
		stop := make(chan struct{})
		tick := time.NewTicker(time.Hour)
		go func() { // pin: ticker
			for {
				select {
				case <-tick.C:
				case <-stop:
					return
				}
			}
		}()
		o.rig.onEnd(func() { tick.Stop(); close(stop) })
		return nil, nil
	},
	"library": func(ctx context.Context, o *obj) (any, error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		server := &http.Server{}
		go server.Serve(l) // pin: library
		o.rig.onEnd(func() { server.Close() })
		return nil, nil
	},
	"waitUntil": func(ctx context.Context, o *obj) (any, error) {
		o.st.WaitUntil(func(ctx context.Context) error { // pin: waitUntil
			return durable.Await(ctx, func() error { <-ctx.Done(); return nil }) // pin: await
		})
		return nil, nil
	},
	"sleep": func(ctx context.Context, o *obj) (any, error) {
		return nil, durable.Sleep(ctx, time.Hour) // pin: sleep
	},
	"fetch": func(ctx context.Context, o *obj) (any, error) {
		r, err := durable.NewRequest("GET", o.rig.hanging(), nil)
		if err != nil {
			return nil, err
		}
		_, err = durable.Fetch(ctx, r) // pin: fetch
		return nil, err
	},
	"stub": func(ctx context.Context, o *obj) (any, error) {
		var v any
		return v, o.env.DurableObject("Obj").GetByName("b").Call(ctx, "do", &v, "sleep") // pin: stub
	},
	"block": func(ctx context.Context, o *obj) (any, error) {
		return nil, o.st.BlockConcurrencyWhile(ctx, func(ctx context.Context) error { // pin: block
			return durable.Sleep(ctx, 29*time.Second) // pin: blocksleep
		})
	},
	"transaction": func(ctx context.Context, o *obj) (any, error) {
		return nil, o.st.Storage().Transaction(ctx, func(ctx context.Context) error { // pin: transaction
			return durable.Sleep(ctx, 29*time.Second) // pin: txnsleep
		})
	},
}

// onEnd runs f when the test ends, before the world does.
func (s *rig) onEnd(f func()) { s.t.Cleanup(f) }

// hanging is the address of a server that does not answer until the test ends.
func (s *rig) hanging() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Error(err)
	}
	s.onEnd(func() { l.Close() })
	return "http://" + l.Addr().String()
}

// pinLine is the line of this file with the comment.
func pinLine(t *testing.T, comment string) string {
	t.Helper()
	lines := strings.Split(read(t, "pin_test.go"), "\n")
	i := slices.IndexFunc(lines, func(l string) bool { return strings.HasSuffix(l, "// pin: "+comment) })
	if i < 0 {
		t.Fatalf("no line %q", comment)
	}
	return fmt.Sprintf("pin_test.go:%d", i+1)
}

// folder is that of a file in a message: of this package, or of the module's or Go's.
var folder = func() *regexp.Regexp {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return regexp.MustCompile(regexp.QuoteMeta(filepath.ToSlash(filepath.Dir(dir))) + `/(\S*/)?|/\S*/`)
}()

func TestPins(t *testing.T) {
	for _, tt := range []struct {
		method string
		want   []string // kinds and places
	}{
		{"fine", nil},
		{"ticker", []string{"goroutine at ticker"}},
		{"library", []string{"goroutine at library"}},
		{"waitUntil", []string{"waitUntil at waitUntil", "await at await"}},
		{"sleep", []string{"event do", "sleep at sleep"}},
		{"fetch", []string{"event do", "fetch at fetch"}},
		{"stub", []string{"event do", "stub at stub"}},
		{"block", []string{"event do", "block at block", "sleep at blocksleep"}},
		{"transaction", []string{"event do", "transaction at transaction", "sleep at txnsleep"}},
	} {
		t.Run("9.3 "+tt.method, func(t *testing.T) {
			s := newObjects(t, pinned)
			p := s.call("a", tt.method)
			if tt.want == nil {
				p.wait()
			}
			s.Advance(time.Second)
			var want []string
			for _, p := range tt.want {
				what, where, ok := strings.Cut(p, " at ")
				if ok {
					what += " at " + pinLine(t, where)
				}
				want = append(want, what)
			}
			o := s.Object("Obj", "a")
			var got []string
			for _, p := range o.Pins() {
				got = append(got, folder.ReplaceAllString(p.String(), ""))
			}
			if !slices.Equal(got, want) {
				t.Errorf("pins\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			}
			// The assertion has the same verdict, a line for each.
			fake := &fakeTB{}
			emutest.AssertHibernatable(fake, o)
			if len(fake.failures) != len(want) {
				t.Errorf("AssertHibernatable: %q", fake.failures)
			}
			for i, f := range fake.failures {
				if i < len(want) && !strings.HasPrefix(folder.ReplaceAllString(f, ""), `emutest: Obj "a" cannot hibernate: pinned by `+want[i]+" for ") {
					t.Errorf("AssertHibernatable: %q", f)
				}
			}
			var refused *emulator.PinnedError
			if err := o.TryHibernate(); (err == nil) != (want == nil) || err != nil && (!errors.As(err, &refused) || len(refused.Pins) != len(want)) {
				t.Errorf("Hibernate: %v", err)
			}
		})
	}
}

func TestPinnedTime(t *testing.T) {
	t.Run("HB-6 a timer pins until it fires", func(t *testing.T) {
		s := newObjects(t, methods{"count": count, "timer": func(ctx context.Context, o *obj) (any, error) {
			o.st.WaitUntil(func(ctx context.Context) error {
				err := durable.Sleep(ctx, 25*time.Second)
				o.rig.logf("fired on an instance that counted %d", o.n)
				return err
			})
			return count(ctx, o)
		}})
		s.fetch("a", "timer").want("1")
		s.Advance(25 * time.Second)
		s.wantLog("fired on an instance that counted 1")
		s.Advance(10*time.Second - time.Millisecond)
		if got := s.Object("Obj", "a").State(); got != emulator.Idle {
			t.Error(got)
		}
		s.Advance(time.Millisecond)
		if got := s.Object("Obj", "a").State(); got != emulator.Absent {
			t.Error(got)
		}
	})
	t.Run("HB-7 an interval pins while it runs", func(t *testing.T) {
		s := newObjects(t, methods{"interval": func(ctx context.Context, o *obj) (any, error) {
			o.st.WaitUntil(func(ctx context.Context) error {
				for range 30 {
					if err := durable.Sleep(ctx, 2*time.Second); err != nil {
						return err
					}
				}
				return nil
			})
			return nil, nil
		}})
		s.fetch("a", "interval")
		s.Advance(69 * time.Second)
		if got := s.Object("Obj", "a").State(); got != emulator.Idle {
			t.Error(got)
		}
		s.Advance(time.Second)
		if got := s.Object("Obj", "a").State(); got != emulator.Absent {
			t.Error(got)
		}
	})
	for name, pin := range map[string]string{"HB-8 waitUntil": "until", "HB-8 a request": "request"} {
		t.Run(name+" pins, and 10 s after it the object leaves", func(t *testing.T) {
			s := newObjects(t, methods{
				"until": func(ctx context.Context, o *obj) (any, error) {
					o.st.WaitUntil(func(ctx context.Context) error { return durable.Sleep(ctx, 20*time.Second) })
					return nil, nil
				},
				"request": func(ctx context.Context, o *obj) (any, error) { return nil, durable.Sleep(ctx, 20*time.Second) },
			})
			s.fetch("a", pin)
			s.Advance(30*time.Second - time.Millisecond)
			if got := s.Object("Obj", "a").State(); got != emulator.Idle {
				t.Error(got)
			}
			s.Advance(time.Millisecond)
			if got := s.Object("Obj", "a").State(); got != emulator.Absent {
				t.Error(got)
			}
		})
	}
}

func TestPinnedByGoroutine(t *testing.T) {
	t.Run("a goroutine pins until it ends", func(t *testing.T) {
		stop, ended := make(chan struct{}), make(chan struct{})
		s := newObjects(t, methods{"leave": func(ctx context.Context, o *obj) (any, error) {
			go func() {
				defer close(ended)
				<-stop
			}()
			return nil, nil
		}})
		s.fetch("a", "leave")
		s.Advance(time.Hour)
		o := s.Object("Obj", "a")
		if got := o.State(); got != emulator.Idle {
			t.Error(got)
		}
		if pins := o.Pins(); len(pins) != 1 || pins[0].Kind != driver.PinGoroutine || s.Now().Sub(pins[0].Since) < 59*time.Minute {
			t.Error(pins)
		}
		close(stop)
		<-ended
		s.Advance(30 * time.Second)
		if got := o.State(); got != emulator.Absent {
			t.Error(got)
		}
	})
	t.Run("a goroutine that one object left is seen though another was looked at just before", func(t *testing.T) {
		stop := make(chan struct{})
		s := newObjects(t, methods{"fine": pinned["fine"], "leave": func(ctx context.Context, o *obj) (any, error) {
			go func() { <-stop }()
			return nil, nil
		}})
		s.onEnd(func() { close(stop) })
		s.fetch("b", "fine").wait()
		emutest.AssertHibernatable(t, s.Object("Obj", "b"))
		s.fetch("a", "leave")
		fake := &fakeTB{}
		emutest.AssertHibernatable(fake, s.Object("Obj", "a"))
		emutest.AssertHibernatable(t, s.Object("Obj", "b"))
		if len(fake.failures) != 1 {
			t.Error(fake.failures)
		}
	})
	t.Run("nothing of the emulator's own pins", func(t *testing.T) {
		server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { rw.Write([]byte("1")) })}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go server.Serve(l)
		defer server.Close()
		s := newObjects(t, methods{"all": func(ctx context.Context, o *obj) (any, error) {
			r, err := durable.NewRequest("GET", "http://"+l.Addr().String(), nil)
			if err != nil {
				return nil, err
			}
			resp, err := durable.Fetch(ctx, r)
			if err != nil {
				return nil, err
			}
			if _, err := resp.Body.Read(make([]byte, 10)); err != nil {
				o.rig.logf("%v", err)
			}
			_, err = callOf(ctx, o.env.DurableObject("Obj").GetByName("b"), "count")
			return nil, errors.Join(err, o.st.Storage().Put(ctx, "k", 1), o.st.Storage().SetAlarm(ctx, durable.Now(ctx).Add(time.Hour)))
		}, "count": count, "alarm": count}, emutest.Persist(t.TempDir()))
		c := s.Dial("/a")
		s.fetch("a", "all").wait().want("null")
		emutest.AssertHibernatable(t, s.Object("Obj", "a"))
		s.Advance(10 * time.Second)
		if got := s.Object("Obj", "a").State(); got != emulator.Hibernated {
			t.Error(got, s.Object("Obj", "a").Pins())
		}
		c.ExpectNone()
	})
}

// A goroutine that an object has left running is reported when the test ends, also if the
// object has left memory.
func TestLeftGoroutine(t *testing.T) {
	for name, leave := range map[string]func(*emutest.Object){
		"in memory": func(*emutest.Object) {}, "evicted": (*emutest.Object).Evict, "aborted": func(o *emutest.Object) { o.Abort("test") },
	} {
		t.Run(name, func(t *testing.T) {
			stop := make(chan struct{})
			defer close(stop)
			var tb *recordingTB
			t.Run("world", func(t *testing.T) {
				tb = &recordingTB{TB: t}
				s := newObjectsOf(t, tb, methods{"leave": func(ctx context.Context, o *obj) (any, error) {
					go func() { <-stop }() // pin: left
					return nil, nil
				}})
				s.call("a", "leave")
				leave(s.Object("Obj", "a"))
			})
			if want := "emutest: a goroutine that a class left running is at " + pinLine(t, "left"); !slices.Equal(tb.failures, []string{want}) {
				t.Errorf("reported %q, want %q", tb.failures, want)
			}
		})
	}
}

// read returns a file of this package.
func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
