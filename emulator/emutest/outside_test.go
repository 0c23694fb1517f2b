package emutest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// Scripted is an object that does what a test gives it.
type Scripted struct {
	state *durable.State
	of    script
}

type script struct {
	fetch func(ctx context.Context, o *Scripted, r *durable.Request) (*durable.Response, error)
	alarm func(ctx context.Context, o *Scripted) error
}

func (o *Scripted) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	if o.of.fetch == nil {
		return durable.Text(200, "ok"), nil
	}
	return o.of.fetch(ctx, o, r)
}

func (o *Scripted) Alarm(ctx context.Context, _ durable.AlarmInfo) error { return o.of.alarm(ctx, o) }

func (s script) class() emutest.Option {
	return emutest.Classes(durable.Define("Scripted", func(_ context.Context, st *durable.State, _ *durable.Env) (*Scripted, error) {
		return &Scripted{st, s}, nil
	}))
}

// polls is a class whose alarm asks a server outside each minute and counts the answers.
func polls(url string) script {
	next := func(ctx context.Context, o *Scripted) error {
		return o.state.Storage().SetAlarm(ctx, durable.Now(ctx).Add(time.Minute))
	}
	return script{
		fetch: func(ctx context.Context, o *Scripted, _ *durable.Request) (*durable.Response, error) {
			return durable.Text(200, "ok"), next(ctx, o)
		},
		alarm: func(ctx context.Context, o *Scripted) error {
			r, err := durable.NewRequest("GET", url, nil)
			if err != nil {
				return err
			}
			resp, err := durable.Fetch(ctx, r)
			if err != nil {
				return err
			}
			if _, err := io.ReadAll(resp.Body); err != nil {
				return err
			}
			var n int
			if _, err := o.state.Storage().Get(ctx, "n", &n); err != nil {
				return err
			}
			if err := o.state.Storage().Put(ctx, "n", n+1); err != nil {
				return err
			}
			return next(ctx, o)
		},
	}
}

// The clock waits for a handler that fetches from a server of the test, and reads what
// that sends.
func TestClockWaitsForFetch(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		for range 3 {
			io.WriteString(rw, "piece")
			http.NewResponseController(rw).Flush()
			for range 100 {
				runtime.Gosched()
			}
		}
	}))
	defer server.Close()
	w := emutest.New(t, polls(server.URL).class())
	w.Fetch("GET", "/Scripted/a")
	w.AdvanceToNextAlarm()
	w.Advance(10 * time.Minute)
	w.Object("Scripted", "a").Storage(func(s *durable.Storage) error {
		var n int
		if _, err := s.KV().Get("n", &n); err != nil {
			return err
		}
		if n != 11 {
			t.Errorf("11 minutes brought %d answers, expected 11", n)
		}
		return nil
	})
}

// A wait that does not end holds the clock up only for a while.
func TestClockDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		given := make(chan struct{})
		w := emutest.New(t, script{fetch: func(ctx context.Context, o *Scripted, _ *durable.Request) (*durable.Response, error) {
			o.state.WaitUntil(func(ctx context.Context) error {
				return durable.Await(ctx, func() error { <-given; return nil })
			})
			return durable.Text(200, "ok"), nil
		}}.class())
		begun := time.Now()
		w.Fetch("GET", "/Scripted/a")
		w.Advance(time.Hour)
		if d := time.Since(begun); d != time.Second {
			t.Errorf("a wait that hangs held the clock up for %v, expected 1s", d)
		}
		var said failing
		emutest.AssertHibernatable(&said, w.Object("Scripted", "a"))
		if len(said.said) != 2 { // waitUntil, and Await in it
			t.Errorf("AssertHibernatable says %q", said.said)
		}
		w.Settle()
		if d := time.Since(begun); d != time.Second {
			t.Errorf("it is waited for again: %v", d)
		}
		close(given)
		synctest.Wait() // what comes from outside is nothing that the world can know of
		w.Advance(10 * time.Second)
		emutest.AssertHibernatable(t, w.Object("Scripted", "a"))
	})
}

// What writes a stream with pauses in between is at its next pause when the clock moves.
func TestStreamWithPauses(t *testing.T) {
	events := func(t *testing.T) {
		const n = 5
		w := emutest.New(t, script{fetch: func(_ context.Context, o *Scripted, _ *durable.Request) (*durable.Response, error) {
			r, pipe := io.Pipe()
			o.state.WaitUntil(func(ctx context.Context) error {
				defer pipe.Close()
				for i := range n {
					err := durable.Await(ctx, func() error {
						_, err := fmt.Fprintf(pipe, "data: %d\n", i)
						return err
					})
					if err != nil {
						return err
					}
					if err := durable.Sleep(ctx, time.Second); err != nil {
						return err
					}
				}
				return nil
			})
			return &durable.Response{Status: 200, Body: r}, nil
		}}.class())
		resp, err := w.Client().Get(emutest.URL + "/Scripted/a")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		for i := range n {
			if want := fmt.Sprint("data: ", i); !lines.Scan() || lines.Text() != want {
				t.Fatalf("read %q, expected %q", lines.Text(), want)
			}
			w.Advance(time.Second)
		}
	}
	t.Run("plain", events)
	t.Run("bubble", func(t *testing.T) { synctest.Test(t, events) })
}
