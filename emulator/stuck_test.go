package emulator_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// stoppedTB is a test that Fatalf ends by a panic, for stops to catch.
type stoppedTB struct{ recordingTB }

type stopped struct{}

func (s *stoppedTB) Fatalf(format string, args ...any) {
	s.Errorf(format, args...)
	panic(stopped{})
}

// stops runs f, which Fatalf ends, and returns what it and those before it said.
func (s *stoppedTB) stops(t *testing.T, f func()) string {
	t.Helper()
	func() {
		defer func() {
			if p := recover(); p != (stopped{}) {
				t.Errorf("it was not ended by Fatalf, but with %v", p)
			}
		}()
		f()
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	all := strings.Join(s.failures, "\n")
	s.failures = nil
	return all
}

// says fails the test unless text has want in it.
func says(t *testing.T, what, text, want string) {
	t.Helper()
	if !strings.Contains(text, want) {
		t.Errorf("%s says\n%s\nexpected in it\n%s", what, text, want)
	}
}

// A handler that waits in a way that the emulator does not know is reported with the
// place where it is, the Worker's too.
func TestStuckHandlerHasAPlace(t *testing.T) {
	for name, tt := range map[string]struct {
		path, want string
		worker     bool
	}{
		"object": {"/P/o", "P o: event fetch at " + lineIn(t, "stuck_test.go", "object") + " since 00:00:00", false},
		"worker": {"/", "the Worker: fetch at " + lineIn(t, "stuck_test.go", "worker"), true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over := make(chan struct{})
				tb := &stoppedTB{recordingTB{TB: t}}
				var options []emutest.Option
				if tt.worker {
					options = append(options, emutest.Worker(durable.WorkerFunc(func(context.Context, *durable.Request, *durable.Env) (*durable.Response, error) {
						<-over // at: worker
						return durable.Text(200, ""), nil
					})))
				}
				r := newRigOf(t, tb, script{fetch: func(context.Context, *probe, *durable.Request) (*durable.Response, error) {
					<-over // at: object
					return durable.Text(200, ""), nil
				}}, options...)
				asked := make(chan struct{})
				go func() { defer close(asked); r.Client().Get(emutest.URL + tt.path) }()
				synctest.Wait()
				says(t, "Settle", tb.stops(t, r.Settle), tt.want)
				if !tt.worker {
					emutest.AssertHibernatable(tb, r.object())
					says(t, "AssertHibernatable", strings.Join(tb.failures, "\n"), "pinned by event fetch at "+lineIn(t, "stuck_test.go", "object")+" for ")
				}
				close(over)
				<-asked
			})
		})
	}
}

// Storage of an object that lets nobody in gives up.
func TestStorageGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tb := &stoppedTB{recordingTB{TB: t}}
		r := newRigOf(t, tb, script{message: func(ctx context.Context, p *probe, _ *durable.WebSocket, _ durable.Message) error {
			return p.st.BlockConcurrencyWhile(ctx, func(ctx context.Context) error { return durable.Sleep(ctx, time.Second) })
		}})
		r.Dial("/P/o").Send("block")
		ran := false
		said := tb.stops(t, func() {
			r.object().Storage(func(*durable.Storage) error { ran = true; return nil })
		})
		says(t, "Storage", said, `emutest: storage of P "o": after 30s something still runs: `)
		says(t, "Storage", said, "P o: sleep at stuck_test.go:")
		r.Advance(time.Second)
		if ran {
			t.Error("what was given up has run")
		}
		r.object().Storage(func(*durable.Storage) error { ran = true; return nil })
		if !ran {
			t.Error("Storage does not run any more")
		}
	})
}

// What the function given to Storage has written is committed whatever it returns, as
// what a handler has written is, whether the object is in memory or not.
func TestStorageCommitsWhenItFails(t *testing.T) {
	tb := &recordingTB{TB: t}
	r := newRigOf(t, tb, script{})
	for _, state := range []string{"absent", "in memory"} {
		if state == "in memory" {
			r.Dial("/P/o")
		}
		r.object().Storage(func(s *durable.Storage) error {
			s.KV().Put("of", state)
			return errors.New("failed " + state)
		})
		says(t, "Storage", strings.Join(tb.failures, "\n"), "failed "+state)
		r.object().Storage(func(s *durable.Storage) error {
			var of string
			if _, err := s.KV().Get("of", &of); err != nil || of != state {
				t.Errorf("%s: there is %q, %v", state, of, err)
			}
			return nil
		})
	}
}
