package emulator_test

// https://developers.cloudflare.com/durable-objects/examples/websocket-hibernation-server/

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/fixtures/transcript"
	"github.com/seed-36a2c969/emu/fixtures/transcripts"
	idiomatic "github.com/seed-36a2c969/emu/fixtures/websocket-hibernation-go/server"
	ported "github.com/seed-36a2c969/emu/fixtures/websocket-hibernation/server"
)

// TestTranscripts plays the conversations recorded from the real thing in memory
// and under fake time, each in a world of its own.
func TestTranscripts(t *testing.T) {
	all, err := transcript.Load(transcripts.FS)
	if err != nil {
		t.Fatal(err)
	}
	// How often the object hibernates with sockets open; the clients cannot tell.
	hibernations := map[string]int{"hibernate": 2, "close-empty-leaves-ghost": 1}
	for _, server := range []struct {
		config  string
		class   driver.Class
		fetch   durable.WorkerFunc
		differs []string // recordings that show what this server does better
	}{
		{"websocket-hibernation/wrangler.jsonc", ported.Class.Driver(), ported.Fetch, nil},
		{"websocket-hibernation/wrangler.toml", ported.Class.Driver(), ported.Fetch, nil},
		{"websocket-hibernation-go/wrangler.jsonc", idiomatic.Class.Driver(), idiomatic.Fetch,
			[]string{"close-empty-leaves-ghost", "frames-bad-rsv"}},
	} {
		path := filepath.Join("..", "fixtures", filepath.FromSlash(server.config))
		loaded := config.Load(config.Options{Config: path})
		if loaded.Config == nil {
			t.Fatalf("%s: %+v", path, loaded.Errors)
		}
		for _, tr := range all {
			if slices.Contains(server.differs, tr.Name) {
				continue
			}
			t.Run(server.config+"/"+tr.Name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					slept := 0
					got, err := converse(t, tr.Steps, emulator.Options{
						Config: loaded.Config, Classes: []driver.Class{server.class}, Worker: durable.Export(server.fetch),
						Observe: func(e emulator.Event) {
							if e.Type == emulator.EventHibernate {
								slept++
							}
						},
					})
					if err != nil {
						t.Error(err)
					}
					if d := transcript.Diff(tr.Expected, got); d != "" {
						t.Errorf("differs from the recording:\n%s", d)
					}
					if want := hibernations[tr.Name]; slept != want {
						t.Errorf("the object hibernated %d times, want %d", slept, want)
					}
				})
			})
		}
	}
}

// converse plays steps against a world that is served over pipes.
func converse(t *testing.T, steps []transcript.Step, o emulator.Options) ([]transcript.Line, error) {
	w, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: w}
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.Serve(l)
	}()
	defer func() {
		server.Close()
		<-served
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	return transcript.Run(t.Context(), steps, l.dial, nil)
}

// pipes is a listener in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (p *pipes) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }
