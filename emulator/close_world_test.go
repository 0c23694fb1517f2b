package emulator_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// A response that never ends does not hold up Close.
func TestCloseEndsStreams(t *testing.T) {
	for name, inObject := range map[string]bool{"of the Worker": false, "of an object": true} {
		t.Run(name, func(t *testing.T) {
			stream := func() *durable.Response {
				r, w := io.Pipe()
				go w.Write([]byte("begun"))
				return &durable.Response{Body: r}
			}
			class := durable.Define("Stream", func(context.Context, *durable.State, *durable.Env) (fetchFunc, error) {
				return func(context.Context, *durable.Request) (*durable.Response, error) { return stream(), nil }, nil
			})
			world, err := emulator.New(emulator.Options{
				Config: &config.Config{
					Name:       "w",
					Bindings:   []config.DurableObjectBinding{{Name: "STREAM", ClassName: "Stream"}},
					Migrations: []config.Migration{{Tag: "v1", NewSQLiteClasses: []config.ClassRef{{Name: "Stream"}}}},
				},
				Classes: []driver.Class{class.Driver()},
				Worker: durable.Export(durable.WorkerFunc(func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
					if inObject {
						return env.DurableObject("STREAM").GetByName("x").Fetch(ctx, r)
					}
					return stream(), nil
				})),
			})
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(world)
			defer server.Close()
			resp, err := http.Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if _, err := io.ReadFull(resp.Body, make([]byte, len("begun"))); err != nil {
				t.Fatal(err)
			}
			if err := world.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// endless is a body that has always more.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// A client that neither reads nor sends does not hold up Close.
func TestCloseWithStuckClient(t *testing.T) {
	large := strings.Repeat("x", 8<<20)
	for name, answer := range map[string]func(r *durable.Request) (*durable.Response, error){
		"does not read a stream":  func(*durable.Request) (*durable.Response, error) { return &durable.Response{Body: endless{}}, nil },
		"does not read a text":    func(*durable.Request) (*durable.Response, error) { return durable.Text(200, large), nil },
		"does not send its body":  func(r *durable.Request) (*durable.Response, error) { _, err := io.ReadAll(r.Body); return nil, err },
		"is left with the unread": func(r *durable.Request) (*durable.Response, error) { return durable.Text(200, "unread"), nil },
	} {
		for _, inObject := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, object %v", name, inObject), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, gone := context.WithCancel(context.Background())
					t.Cleanup(gone) // after the world
					class := durable.Define("Stuck", func(context.Context, *durable.State, *durable.Env) (fetchFunc, error) {
						return func(_ context.Context, r *durable.Request) (*durable.Response, error) { return answer(r) }, nil
					})
					w := emutest.New(t, emutest.RealTime(), emutest.Classes(class), emutest.Worker(durable.WorkerFunc(
						func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
							if inObject {
								return env.DurableObject("Stuck").GetByName("x").Fetch(ctx, r)
							}
							return answer(r)
						})))
					never, stop := io.Pipe()
					defer stop.Close()
					r, err := http.NewRequestWithContext(ctx, "POST", emutest.URL, never)
					if err != nil {
						t.Fatal(err)
					}
					go w.Client().Do(r)
					synctest.Wait()
				})
			})
		}
	}
}

// fetchFunc is a class of one function.
type fetchFunc func(ctx context.Context, r *durable.Request) (*durable.Response, error)

func (f fetchFunc) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	return f(ctx, r)
}

// A constructor that returns the error of something kept from a former instance
// fails as with any other.
func TestConstructorReturnsErrReset(t *testing.T) {
	tries := 0
	class := durable.Define("Late", func(context.Context, *durable.State, *durable.Env) (fetchFunc, error) {
		if tries++; tries == 1 {
			return nil, durable.ErrReset
		}
		return func(context.Context, *durable.Request) (*durable.Response, error) {
			return durable.Text(200, "ok"), nil
		}, nil
	})
	w := emutest.New(t, emutest.Classes(class))
	if got := w.Fetch("GET", "/Late/x").Status; got != 500 {
		t.Errorf("status %d, expected 500", got)
	}
	if got := w.Fetch("GET", "/Late/x").Body; got != "ok" {
		t.Errorf("the next construction answers %q", got)
	}
}

// What a handler has written when the world is closed is lost as a whole, not in part.
func TestCloseLosesTheBatch(t *testing.T) {
	persist := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		wrote, closing := make(chan struct{}), make(chan struct{})
		class := durable.Define("Two", func(_ context.Context, st *durable.State, _ *durable.Env) (fetchFunc, error) {
			return func(ctx context.Context, r *durable.Request) (*durable.Response, error) {
				if r.URL.Path == "/Two/a/look" {
					var one, two int
					_, err := st.Storage().Get(ctx, "one", &one)
					_, err2 := st.Storage().Get(ctx, "two", &two)
					return durable.Text(200, fmt.Sprint(one, two)), errors.Join(err, err2)
				}
				if err := st.Storage().Put(ctx, "one", 1); err != nil {
					return nil, err
				}
				close(wrote)
				<-closing
				st.Storage().Put(ctx, "two", 2) // fails, which the handler does not look at
				return durable.Text(200, ""), nil
			}, nil
		})
		open := func() *emulator.World {
			w, err := emulator.New(emulator.Options{
				Config: &config.Config{
					Name:       "w",
					Bindings:   []config.DurableObjectBinding{{Name: "Two", ClassName: "Two"}},
					Migrations: []config.Migration{{Tag: "v1", NewSQLiteClasses: []config.ClassRef{{Name: "Two"}}}},
				},
				Classes: []driver.Class{class.Driver()}, Persist: persist,
				Worker: durable.Export(durable.WorkerFunc(func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
					return env.DurableObject("Two").GetByName("a").Fetch(ctx, r)
				})),
			})
			if err != nil {
				t.Fatal(err)
			}
			return w
		}
		ask := func(w *emulator.World, path string) string {
			rec := httptest.NewRecorder()
			w.ServeHTTP(rec, httptest.NewRequest("GET", "http://w.test"+path, nil))
			return rec.Body.String()
		}
		w := open()
		go ask(w, "/Two/a")
		<-wrote
		closed := make(chan error)
		go func() { closed <- w.Close() }()
		synctest.Wait() // the object has heard of it, and Close waits for the handler
		close(closing)
		if err := <-closed; err != nil {
			t.Error(err)
		}
		w = open()
		if got := ask(w, "/Two/a/look"); got != "0 0" {
			t.Errorf("stored: %s", got)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}
