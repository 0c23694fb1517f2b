package emulator_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/httpx"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// recordingTB is a test that records failures and goes on.
type recordingTB struct {
	emutest.TB
	mu       sync.Mutex
	failures []string
}

func (f *recordingTB) Helper() {}
func (f *recordingTB) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures = append(f.failures, folder.ReplaceAllString(fmt.Sprintf(format, args...), ""))
}

func (f *recordingTB) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.failures)
}

// reads streams what reading it does.
type reads func() error

func (r reads) Read([]byte) (int, error) {
	if err := r(); err != nil {
		return 0, err
	}
	return 0, io.EOF
}

// foreign are methods that touch their object, rightly or wrongly, at lines of this
// file that end in comments.
var foreign = methods{
	"alongside": func(ctx context.Context, o *obj) (any, error) {
		done := make(chan error)
		go func() { // at: alongside started
			done <- o.st.Storage().Put(ctx, "k", 1) // at: alongside
		}()
		return nil, <-done // at: alongside holder
	},
	"statement": func(ctx context.Context, o *obj) (any, error) {
		go o.st.WebSockets() // at: statement
		return nil, nil
	},
	"afterwards": func(ctx context.Context, o *obj) (any, error) {
		over, ended := make(chan struct{}), make(chan struct{})
		go func() { // at: afterwards started
			defer close(ended)
			<-over
			for _, ws := range o.st.WebSockets() { // at: afterwards
				ws.Send("late")
			}
		}()
		o.rig.onEnd(func() { close(over); <-ended })
		return nil, nil
	},
	"waits": func(ctx context.Context, o *obj) (any, error) {
		done := make(chan error)
		go func() { done <- durable.Sleep(ctx, 0) }() // at: waits
		return nil, <-done                            // at: waits holder
	},
	"test": func(ctx context.Context, o *obj) (any, error) {
		o.rig.onEnd(func() { o.st.WebSocketAutoResponse() }) // at: test
		return nil, nil
	},
	"await": func(ctx context.Context, o *obj) (any, error) {
		return nil, durable.Await(ctx, func() error {
			_, err := o.st.Storage().SQL().Exec("SELECT 1") // at: await
			return err
		})
	},
	"body": func(ctx context.Context, o *obj) (any, error) {
		return &durable.Response{Body: reads(func() error {
			_, err := o.st.Storage().KV().Delete("k") // at: body
			return err
		})}, nil
	},
	"rightly": func(ctx context.Context, o *obj) (any, error) {
		st := o.st.Storage()
		put := func(ctx context.Context) error { return st.Put(ctx, "k", 1) }
		if err := o.st.BlockConcurrencyWhile(ctx, put); err != nil {
			return nil, err
		}
		if err := st.Transaction(ctx, put); err != nil {
			return nil, err
		}
		if err := st.TransactionSync(func() error { return put(ctx) }); err != nil {
			return nil, err
		}
		entries, err := st.KV().List(durable.ListOptions{})
		if err != nil {
			return nil, err
		}
		next, stop := iter.Pull2(entries)
		defer stop()
		next()
		o.st.WaitUntil(func(ctx context.Context) error {
			if err := durable.Sleep(ctx, time.Second); err != nil {
				return err
			}
			return put(ctx)
		})
		if err := durable.Await(ctx, func() error { return durable.Sleep(ctx, time.Second) }); err != nil {
			return nil, err
		}
		return o.st.ID().String(), put(ctx)
	},
	"net/http": func(ctx context.Context, o *obj) (any, error) {
		r, err := durable.NewRequest("GET", "http://obj/", nil)
		if err != nil {
			return nil, err
		}
		resp, err := httpx.Fetch(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			o.st.Storage().Put(ctx, "h", 1)
			w.(http.Flusher).Flush()
			o.st.Storage().Put(ctx, "h", 2)
			durable.Sleep(ctx, time.Second)
			o.st.Storage().Put(ctx, "h", 3)
		}), r)
		o.st.WebSockets()
		return resp, err
	},
}

// lineOf is the line of this file with the comment.
func lineOf(t *testing.T, comment string) string { return lineIn(t, "foreign_test.go", comment) }

// lineIn is the line of a file with the comment.
func lineIn(t *testing.T, file, comment string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(strings.Split(string(data), "\n"), func(l string) bool { return strings.HasSuffix(l, "// at: "+comment) })
	if i < 0 {
		t.Fatalf("no line %q", comment)
	}
	return fmt.Sprintf("%s:%d", file, i+1)
}

func TestForeignCalls(t *testing.T) {
	const unheld = "where the object is not held: in Await, or in a body; "
	for method, want := range map[string]string{
		"alongside":  "Storage.Put at {alongside} by a goroutine that does not hold the object, started at {alongside started}; do holds it, at {alongside holder}",
		"statement":  "State.WebSockets at {statement} by a goroutine that does not hold the object, started at {statement}",
		"afterwards": "State.WebSockets at {afterwards} by a goroutine that does not hold the object, started at {afterwards started}; no event holds it",
		"waits":      "Sleep at {waits} by a goroutine that does not hold the object, started at {waits}; do holds it, at {waits holder}",
		"test":       "State.WebSocketAutoResponse at {test} by a goroutine that does not hold the object; no event holds it",
		"await":      "SQL.Exec at {await} " + unheld + "no event holds it",
		"body":       "KV.Delete at {body} " + unheld + "no event holds it",
		"rightly":    "",
		"net/http":   "",
	} {
		t.Run(method, func(t *testing.T) {
			var tb *recordingTB
			t.Run("world", func(t *testing.T) {
				tb = &recordingTB{TB: t}
				s := newObjectsOf(t, tb, foreign)
				if method == "body" || method == "net/http" {
					s.start(func(ctx context.Context, env *durable.Env) (any, error) {
						r, err := durable.NewRequest("GET", "http://obj/"+method, nil)
						if err != nil {
							return nil, err
						}
						resp, err := env.DurableObject("Obj").GetByName("a").Fetch(ctx, r)
						if err != nil {
							return nil, err
						}
						return io.ReadAll(resp.Body)
					})
				} else {
					s.call("a", method)
				}
				if method == "statement" || method == "await" { // Settle does not wait for them
					eventually(func() bool { return tb.count() > 0 })
				}
				s.Advance(3 * time.Second)
			})
			var wants []string
			if want != "" {
				parts := strings.Split(want, "{")
				for i, p := range parts[1:] {
					name, rest, _ := strings.Cut(p, "}")
					parts[i+1] = lineOf(t, name) + rest
				}
				wants = []string{`emutest: Obj "a": ` + strings.Join(parts, "")}
			}
			tb.failures = slices.DeleteFunc(tb.failures, func(s string) bool { return strings.Contains(s, "a class left running") })
			if method == "statement" { // it comes before the handler's end or after it
				for i, failure := range tb.failures {
					tb.failures[i], _, _ = strings.Cut(failure, ";")
				}
			}
			if !slices.Equal(tb.failures, wants) {
				t.Errorf("reported\n\t%s\nwant\n\t%s", strings.Join(tb.failures, "\n\t"), strings.Join(wants, "\n\t"))
			}
		})
	}
}
