package emutest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/httpx"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// Streamer answers with an event a second, or takes a body in pieces.
type Streamer struct{ got []string }

func (o *Streamer) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	return httpx.Fetch(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case "GET":
			for i := range 5 {
				fmt.Fprintf(w, "data: %d\n\n", i)
				w.(http.Flusher).Flush()
				durable.Sleep(r.Context(), time.Second)
			}
		case "POST":
			o.got = nil
			durable.Sleep(r.Context(), time.Second) // before anything of the body is looked at
			piece := make([]byte, 64<<10)
			for {
				n, err := io.ReadFull(r.Body, piece)
				o.got = append(o.got, fmt.Sprint(n))
				if err != nil {
					return
				}
			}
		case "PUT":
			fmt.Fprint(w, strings.Join(o.got, " "))
		}
	}), r)
}

var streamer = durable.Define("Streamer", func(context.Context, *durable.State, *durable.Env) (*Streamer, error) { return &Streamer{}, nil })

// What a test has not read yet does not hold up the clock that it moves.
func TestUnreadStream(t *testing.T) {
	for range 5 {
		w := emutest.New(t, emutest.Classes(streamer))
		resp, err := w.Client().Get(emutest.URL + "/Streamer/a")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		w.Advance(1500 * time.Millisecond)
		lines := bufio.NewScanner(resp.Body)
		for i := range 4 {
			if i == 2 {
				w.Advance(2 * time.Second)
			}
			if !lines.Scan() || lines.Text() != fmt.Sprint("data: ", i) || !lines.Scan() {
				t.Fatalf("%q, want event %d", lines.Text(), i)
			}
		}
	}
}

// Nor does what a handler has not read of a request; what it has read and deals with does.
func TestUnreadBody(t *testing.T) {
	for range 5 {
		w := emutest.New(t, emutest.Classes(streamer))
		body, send := io.Pipe()
		answered := make(chan error, 1)
		go func() {
			resp, err := w.Client().Post(emutest.URL+"/Streamer/a", "", body)
			if err == nil {
				resp.Body.Close()
			}
			answered <- err
		}()
		piece := make([]byte, 64<<10)
		write := func() {
			if _, err := send.Write(piece); err != nil {
				t.Error(err)
			}
		}
		write()
		w.Advance(time.Second)
		for range 3 {
			write()
			w.Settle()
		}
		send.Close()
		if err := <-answered; err != nil {
			t.Error(err)
		}
		if got := w.Fetch("PUT", "/Streamer/a").Body; got != "65536 65536 65536 65536 0" {
			t.Errorf("pieces %s", got)
		}
	}
}

// A test that ends with a client that does not read says what is left, and goes on.
func TestLeftStream(t *testing.T) {
	for name, options := range map[string][]emutest.Option{"manual": nil, "real time": {emutest.RealTime()}} {
		t.Run(name, func(t *testing.T) {
			w := emutest.New(t, append(options, emutest.Classes(streamer))...)
			resp, err := w.Client().Get(emutest.URL + "/Streamer/a")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { resp.Body.Close() })
		})
	}
}

// A handler that blocks for good is named instead of hanging the test.
func TestSettleGivesUp(t *testing.T) {
	var tb *failing
	synctest.Test(t, func(t *testing.T) {
		tb = &failing{T: T{}}
		over := make(chan struct{})
		class := durable.Define("Stuck", func(context.Context, *durable.State, *durable.Env) (stuck, error) { return over, nil })
		w := emutest.New(tb, emutest.Classes(class))
		go w.Client().Get(emutest.URL + "/Stuck/a")
		synctest.Wait()
		func() {
			defer func() { tb.said = append(tb.said, fmt.Sprint(recover())) }()
			w.Settle()
		}()
		if pins := w.Object("Stuck", "a").Pins(); len(pins) != 1 || pins[0].Handler != "fetch" {
			t.Errorf("pins %v", pins)
		}
		close(over)
		synctest.Wait()
		tb.end()
	})
	if len(tb.said) == 0 || !strings.Contains(tb.said[0], "emutest: after 30s something still runs: ") || !strings.Contains(tb.said[0], "Stuck a: event fetch") {
		t.Errorf("%q", tb.said)
	}
}

// A request whose handler waits for a clock that nobody moves fails the test, with
// what waits.
func TestFetchGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tb failing
		w := emutest.New(&tb, emutest.Classes(streamer))
		func() {
			defer func() { tb.said = append(tb.said, fmt.Sprint(recover())) }()
			w.Fetch("GET", "/Streamer/a")
		}()
		tb.end()
		want := "emutest: GET http://emu.test/Streamer/a: after 30s something still runs: \n  Streamer a: "
		if !strings.HasPrefix(tb.said[0], want) || !strings.Contains(tb.said[0], "sleep at ") {
			t.Errorf("%q, want %q and a sleep", tb.said[0], want)
		}
	})
}

// stuck is a class whose handler waits in a way of which the emulator knows nothing.
type stuck chan struct{}

func (s stuck) Fetch(context.Context, *durable.Request) (*durable.Response, error) {
	<-s
	return durable.Text(200, ""), nil
}
