//go:build !race

// The race detector makes sync.Pool forget at random, which are allocations.

package emulator

import (
	"context"
	"net/http"
	"testing"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator/durable"
)

// discarding is the server's side of a request whose answer nobody reads.
type discarding struct{ header http.Header }

func (d *discarding) Header() http.Header         { return d.header }
func (d *discarding) Write(b []byte) (int, error) { return len(b), nil }
func (d *discarding) WriteHeader(int)             {}

// TestRequestAllocations: what a request costs the collector, the Worker's answer included.
func TestRequestAllocations(t *testing.T) {
	w, err := New(Options{
		Config: &config.Config{Name: "w", NameGiven: true, TopLevelName: "w"},
		Worker: durable.Export(durable.WorkerFunc(func(context.Context, *durable.Request, *durable.Env) (*durable.Response, error) {
			return durable.Text(200, "hello"), nil
		})),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r, err := http.NewRequest("GET", "http://h/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI, r.RemoteAddr = "/", "127.0.0.1:1"
	rw := &discarding{http.Header{}}
	got := testing.AllocsPerRun(200, func() {
		clear(rw.header)
		w.ServeHTTP(rw, r)
	})
	if got > 18 {
		t.Errorf("a request allocates %v times, not 18", got)
	}
}
