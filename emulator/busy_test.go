package emulator_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// worldOf is a world of one class, B, of one function; what the Worker is asked it asks
// the object that is named as the path.
func worldOf(t *testing.T, f fetchFunc, worker durable.WorkerFunc, observe func(emulator.Event)) *emulator.World {
	t.Helper()
	class := durable.Define("B", func(context.Context, *durable.State, *durable.Env) (fetchFunc, error) { return f, nil })
	return worldOfClass(t, class.Driver(), worker, observe, 0)
}

// worldOfClass is worldOf with a class B.
func worldOfClass(t *testing.T, class driver.Class, worker durable.WorkerFunc, observe func(emulator.Event), hanging time.Duration) *emulator.World {
	t.Helper()
	if worker == nil {
		worker = func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
			return env.DurableObject("B").GetByName(r.URL.Path[1:]).Fetch(ctx, r)
		}
	}
	w, err := emulator.New(emulator.Options{
		Config: &config.Config{
			Name:       "w",
			Bindings:   []config.DurableObjectBinding{{Name: "B", ClassName: "B"}},
			Migrations: []config.Migration{{Tag: "v1", NewSQLiteClasses: []config.ClassRef{{Name: "B"}}}},
		},
		Classes: []driver.Class{class}, Worker: durable.Export(worker), Observe: observe, Hanging: hanging,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func askWorld(w *emulator.World, path string) (status int) {
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, httptest.NewRequest("GET", "http://w.test"+path, nil))
	return rec.Code
}

// Close gives what does not end 10 seconds in all: objects and the Worker together.
func TestCloseTakesTenSeconds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		object bool          // one hangs
		worker bool          // it does
		ends   time.Duration // when the object's handler does; 0 is after Close
		want   time.Duration
		fails  bool
	}{
		{name: "nothing hangs"},
		{name: "an object", object: true, want: 10 * time.Second, fails: true},
		{name: "the Worker", worker: true, want: 10 * time.Second, fails: true},
		{name: "both", object: true, worker: true, want: 10 * time.Second, fails: true},
		{name: "the Worker, and an object for 7 seconds", object: true, worker: true, ends: 7 * time.Second, want: 10 * time.Second, fails: true},
		{name: "an object for 7 seconds", object: true, ends: 7 * time.Second, want: 7 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over, objectOver := make(chan struct{}), make(chan struct{})
				w := worldOf(t, func(context.Context, *durable.Request) (*durable.Response, error) {
					<-objectOver
					return durable.Text(200, ""), nil
				}, func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
					if r.URL.Path == "/object" {
						return env.DurableObject("B").GetByName("x").Fetch(ctx, r)
					}
					<-over
					return durable.Text(200, ""), nil
				}, nil)
				if tt.object {
					go askWorld(w, "/object")
					synctest.Wait()
				}
				if tt.worker {
					go askWorld(w, "/worker")
				}
				synctest.Wait()
				if tt.ends > 0 {
					time.AfterFunc(tt.ends, func() { close(objectOver) })
				}
				begun := time.Now()
				err := w.Close()
				if took := time.Since(begun); took != tt.want {
					t.Errorf("Close takes %v, expected %v", took, tt.want)
				}
				if (err != nil) != tt.fails {
					t.Errorf("Close returns %v", err)
				}
				close(over)
				if tt.ends == 0 {
					close(objectOver)
				}
			})
		})
	}
}

// Of what a world waits for ten are named, first the handlers that run, however many there are.
func TestBusyIsBounded(t *testing.T) {
	const many = 1000 // objects
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		w := worldOf(t, func(context.Context, *durable.Request) (*durable.Response, error) {
			<-over // at: busy
			return durable.Text(200, ""), nil
		}, nil, nil)
		at := lineIn(t, "busy_test.go", "busy")
		for range 10 {
			go askWorld(w, "/o0000") // one of these runs
		}
		for i := 1; i < many; i++ {
			go askWorld(w, fmt.Sprintf("/o%04d", i))
			synctest.Wait()
			time.Sleep(time.Second)
		}
		lines := strings.Split(strings.TrimPrefix(w.Busy(), "\n"), "\n")
		if len(lines) != 11 {
			t.Fatalf("%d lines:\n%s", len(lines), strings.Join(lines, "\n"))
		}
		for i, line := range lines[:10] {
			if want := fmt.Sprintf("  B o%04d: event fetch at %s since ", i, at); !strings.HasPrefix(withoutFolders(line), want) {
				t.Errorf("line %d is %q, expected %q", i, line, want)
			}
		}
		if got, want := lines[10], "  and 999 more"; got != want {
			t.Errorf("the last line is %q, expected %q", got, want)
		}
		close(over)
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}
