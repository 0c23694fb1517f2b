package emulator_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// gated answers /wait when its gate opens, so that a test can queue events behind
// it, and writes a row for every other request.
type gated struct {
	st   *durable.State
	gate chan struct{}
}

func (g *gated) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	what := r.URL.Query().Get("do")
	if what == "count" {
		rows, err := g.st.Storage().SQL().Exec("SELECT group_concat(v) FROM t")
		if err != nil {
			return nil, err
		}
		var all *string
		if err := rows.One(&all); err != nil || all == nil {
			return durable.Text(200, ""), err
		}
		return durable.Text(200, *all), nil
	}
	if what == "wait" {
		<-g.gate
	}
	switch what {
	case "hold":
		<-g.gate
		return durable.Text(200, what), nil
	case "quiet":
		return durable.Text(200, what), nil
	case "late abort":
		if err := durable.Sleep(ctx, time.Millisecond); err != nil {
			return nil, err
		}
		g.st.Abort("enough")
	}
	if pragma, ok := strings.CutPrefix(what, "PRAGMA "); ok {
		return g.pragma(pragma)
	}
	if inner, ok := strings.CutPrefix(what, "inner "); ok {
		err := g.st.Storage().TransactionSync(func() error { return g.inner(ctx, inner) })
		return durable.Text(200, what), err
	}
	if what == "delete" {
		_, err := g.st.Storage().SQL().Exec("INSERT INTO t VALUES ('lost')")
		if err := errors.Join(err, g.st.Storage().DeleteAll(ctx)); err != nil {
			return nil, err
		}
		g.st.Abort("enough")
	}
	query := "INSERT INTO t VALUES (?)"
	if what == "rollback" {
		query = "INSERT OR ROLLBACK INTO t VALUES (?), (NULL)"
	}
	if _, err := g.st.Storage().SQL().Exec(query, what); err != nil && what != "rollback" {
		return nil, err
	}
	if what == "abort" {
		g.st.Abort("enough")
	}
	return durable.Text(200, what), nil
}

// pragma answers what a PRAGMA is when it has been turned, and what an INSERT then comes to.
func (g *gated) pragma(set string) (*durable.Response, error) {
	name, _, _ := strings.Cut(set, "=")
	rows, err := g.st.Storage().SQL().Exec("PRAGMA " + set + "; PRAGMA " + name)
	if err != nil {
		return nil, err
	}
	var value int
	err = rows.One(&value)
	return durable.Text(200, fmt.Sprint(value)), err
}

// inner writes in a transaction, does what could end the batch, and aborts.
func (g *gated) inner(ctx context.Context, what string) (err error) {
	st := g.st.Storage()
	_, err = st.SQL().Exec("INSERT INTO t VALUES (?)", what)
	switch what {
	case "sync":
		err = errors.Join(err, st.Sync(ctx))
	case "bookmark":
		_, berr := st.CurrentBookmark(ctx)
		err = errors.Join(err, berr)
	}
	if err == nil || what == "sync" {
		g.st.Abort("enough")
	}
	return err
}

// Events that are queued behind one another each have a commit of their own. An abort, or a
// commit that fails, undoes only the writes of its own event; it fails the events behind it, and
// those before it whose answers have not left. Each case as real workerd did it, 3 of 3 times.
func TestQueuedEvents(t *testing.T) {
	gate := make(chan struct{})
	class := durable.Define("Gated", func(ctx context.Context, st *durable.State, env *durable.Env) (*gated, error) {
		_, err := st.Storage().SQL().Exec("CREATE TABLE IF NOT EXISTS t(v NOT NULL)")
		return &gated{st, gate}, err
	})
	for _, tt := range []struct {
		name, queued, want, stored string
	}{
		{"all succeed", "a,b,c", "200 200 200", "first,wait,a,b,c"},
		{"one aborts", "a,b,abort,lost", "500 500 500 500", "first,wait,a,b"},
		{"one undoes", "a,b,rollback,lost", "500 500 500 500", "first,wait,a,b"},
		{"one deletes all and aborts", "a,b,delete,lost", "500 500 500 500", ""},
		{"nothing is written, and one undoes", "quiet,quiet,rollback,quiet", "500 500 500 500", "first"},
		{"one aborts in a transaction", "a,b,inner abort,lost", "500 500 500 500", "first,wait,a,b"},
		{"one aborts in a transaction with a sync", "a,b,inner sync,lost", "500 500 500 500", "first,wait,a,b"},
		{"one aborts in a transaction with a bookmark", "a,b,inner bookmark,lost", "500 500 500 500", "first,wait,a,b"},
		{"nothing is written, and one aborts", "quiet,quiet,abort,lost", "500 500 500 500", "first"},
		{"nothing is written, and one waits and aborts", "quiet,late abort", "200 500", "first"},
	} {
		queued := strings.Split(tt.queued, ",")
		t.Run(tt.name, func(t *testing.T) {
			w := emutest.New(t, emutest.Classes(class), emutest.RealTime())
			w.Fetch("GET", "/Gated/x?do=first")
			o := w.Object("Gated", "x")
			var all sync.WaitGroup
			answers := make([]string, len(queued))
			all.Go(func() {
				first := "wait"
				if strings.HasPrefix(tt.name, "nothing") {
					first = "hold"
				}
				w.Fetch("GET", "/Gated/x?do="+first)
			})
			inFlight(t, o, 1)
			for i, what := range queued {
				all.Go(func() { answers[i] = fmt.Sprint(w.Fetch("GET", "/Gated/x?do="+url.QueryEscape(what)).Status) })
				inFlight(t, o, i+2)
			}
			gate <- struct{}{}
			all.Wait()
			if got := strings.Join(answers, " "); got != tt.want {
				t.Errorf("answered %s, expected %s", got, tt.want)
			}
			if got := w.Fetch("GET", "/Gated/x?do=count").Body; got != tt.stored {
				t.Errorf("stored %s, expected %s", got, tt.stored)
			}
		})
	}
}

// TestQueuedPragma: a PRAGMA about foreign keys has its effect also behind events that wrote.
func TestQueuedPragma(t *testing.T) {
	gate := make(chan struct{})
	class := durable.Define("Gated", func(ctx context.Context, st *durable.State, env *durable.Env) (*gated, error) {
		_, err := st.Storage().SQL().Exec("CREATE TABLE IF NOT EXISTS t(v NOT NULL)")
		return &gated{st, gate}, err
	})
	w := emutest.New(t, emutest.Classes(class), emutest.RealTime())
	w.Fetch("GET", "/Gated/x?do=first")
	o := w.Object("Gated", "x")
	queued := []string{"wait", "PRAGMA foreign_keys=0", "a", "PRAGMA foreign_keys=1", "PRAGMA defer_foreign_keys=1", "b", "PRAGMA defer_foreign_keys"}
	answers := make([]string, len(queued))
	var all sync.WaitGroup
	for i, what := range queued {
		all.Go(func() { answers[i] = w.Fetch("GET", "/Gated/x?do="+url.QueryEscape(what)).Body })
		inFlight(t, o, i+1)
	}
	gate <- struct{}{}
	all.Wait()
	if got, want := strings.Join(answers, " "), "wait 0 a 1 1 b 0"; got != want {
		t.Errorf("answered %s, expected %s", got, want)
	}
}

// inFlight waits until n events of the object are in flight or queued.
func inFlight(t *testing.T, o *emutest.Object, n int) {
	t.Helper()
	if !eventually(func() bool { return len(o.PinsNow()) == n }) {
		t.Fatalf("%d events did not come: %v", n, o.PinsNow())
	}
}
