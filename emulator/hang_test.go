package emulator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
)

// withoutFolders is a text with the places in it cut down to the file's name.
func withoutFolders(s string) string { return folder.ReplaceAllString(s, "") }

// warnings are what a world has warned of.
type warnings struct {
	mu   sync.Mutex
	list []string
}

func (w *warnings) observe(e emulator.Event) {
	if e.Type != emulator.EventWarning {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, strings.TrimSpace(fmt.Sprintf("%s %s %s: %s", e.Class, e.Name, e.Handler, withoutFolders(e.Message))))
	if line, err := json.Marshal(e); err != nil || !strings.Contains(string(line), `"type":"warning"`) {
		panic(fmt.Sprint(string(line), err))
	}
}

func (w *warnings) messages() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.list)
}

// A handler that holds its object and does not end is named, once, while it hangs; one
// that waits through emu is not, however long.
func TestHandlerThatHangsIsNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		fetch func(ctx context.Context, env *durable.Env, over <-chan struct{}) error
		hangs string
	}{
		"blocks on a channel": {func(_ context.Context, _ *durable.Env, over <-chan struct{}) error {
			<-over // at: blocks
			return nil
		}, "blocks"},
		"sleeps with the time package": {func(_ context.Context, _ *durable.Env, over <-chan struct{}) error {
			time.Sleep(time.Hour) // at: sleeps
			return nil
		}, "sleeps"},
		"after a wait": {func(ctx context.Context, _ *durable.Env, over <-chan struct{}) error {
			durable.Sleep(ctx, time.Second)
			<-over // at: after
			return nil
		}, "after"},
		"not in Sleep": {func(ctx context.Context, _ *durable.Env, _ <-chan struct{}) error {
			return durable.Sleep(ctx, time.Hour)
		}, ""},
		"not between short waits": {func(ctx context.Context, _ *durable.Env, _ <-chan struct{}) error {
			for range 100 {
				time.Sleep(20 * time.Second)
				durable.Sleep(ctx, time.Nanosecond)
			}
			return nil
		}, ""},
		"not in Await": {func(ctx context.Context, _ *durable.Env, over <-chan struct{}) error {
			return durable.Await(ctx, func() error { <-over; return nil })
		}, ""},
		"not in a call of another object": {func(ctx context.Context, env *durable.Env, over <-chan struct{}) error {
			r, err := durable.NewRequest("GET", "http://b/waits", nil)
			if err == nil {
				_, err = env.DurableObject("B").GetByName("waits").Fetch(ctx, r)
			}
			return err
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over, warned := make(chan struct{}), &warnings{}
				class := durable.Define("B", func(_ context.Context, _ *durable.State, env *durable.Env) (fetchFunc, error) {
					return func(ctx context.Context, r *durable.Request) (*durable.Response, error) {
						f := tt.fetch
						if r.URL.Path == "/waits" {
							f = func(ctx context.Context, _ *durable.Env, _ <-chan struct{}) error {
								return durable.Sleep(ctx, time.Hour)
							}
						}
						return durable.Text(200, ""), f(ctx, env, over)
					}, nil
				})
				w := worldOfClass(t, class.Driver(), nil, warned.observe, 30*time.Second)
				asked := make(chan struct{})
				go func() { defer close(asked); askWorld(w, "/x") }()
				time.Sleep(29 * time.Second)
				synctest.Wait()
				if len(warned.messages()) > 0 {
					t.Errorf("after 29 seconds warned of %v", warned.messages())
				}
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				var want []string
				if tt.hangs != "" {
					want = []string{"B x fetch: fetch has held the object for 30s without a wait at " + lineIn(t, "hang_test.go", tt.hangs) + "; until it ends nothing else of the object runs"}
				}
				if !slices.Equal(warned.messages(), want) {
					t.Errorf("warned of\n%v\nexpected\n%v", warned.messages(), want)
				}
				close(over)
				<-asked
				if err := w.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// Of many that hang at once ten are named.
func TestManyThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over, warned := make(chan struct{}), &warnings{}
		class := durable.Define("B", func(context.Context, *durable.State, *durable.Env) (fetchFunc, error) {
			return func(context.Context, *durable.Request) (*durable.Response, error) {
				<-over
				return durable.Text(200, ""), nil
			}, nil
		})
		w := worldOfClass(t, class.Driver(), nil, warned.observe, 30*time.Second)
		for i := range 25 {
			go askWorld(w, fmt.Sprint("/o", i))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(warned.messages()); n != 11 {
			t.Fatalf("%d warnings: %v", n, warned.messages())
		}
		if got, want := warned.messages()[10], ": 15 more handlers hold their objects likewise"; got != want {
			t.Errorf("the last is %q, expected %q", got, want)
		}
		close(over)
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}
