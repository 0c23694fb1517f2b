package emulator_test

// https://developers.cloudflare.com/durable-objects/examples/websocket-hibernation-server/

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	ported "github.com/seed-36a2c969/emu/fixtures/websocket-hibernation/server"
	"github.com/seed-36a2c969/emu/fixtures/transcript"
	"github.com/seed-36a2c969/emu/fixtures/transcripts"
)

// TestTranscripts plays every recorded conversation against the server that it
// was recorded from, in memory and under fake time.
func TestTranscripts(t *testing.T) {
	all, err := transcript.Load(transcripts.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range all {
		t.Run(tr.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, err := converse(t, tr.Steps)
				if err != nil {
					t.Error(err)
				}
				if d := transcript.Diff(tr.Expected, got); d != "" {
					t.Errorf("differs from the recording:\n%s", d)
				}
			})
		})
	}
}

func converse(t *testing.T, steps []transcript.Step) ([]transcript.Line, error) {
	c := &config.Config{Name: "w", 
		Bindings: []config.DurableObjectBinding{{Name: "WEBSOCKET_HIBERNATION_SERVER", ClassName: "WebSocketHibernationServer"}},
		Migrations: []config.Migration{{Tag: "v1", NewSQLiteClasses: []config.ClassRef{{Name: "WebSocketHibernationServer"}}}},
	}
	_ = filepath.Join
	w, err := emulator.New(emulator.Options{
		Config:  c,
		Classes: []driver.Class{ported.Class.Driver()},
		Worker:  durable.Export(durable.WorkerFunc(ported.Fetch)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("made")
	l := newPipes()
	srv := &http.Server{Handler: w}
	served := make(chan struct{})
	go func() { srv.Serve(l); close(served) }()
	defer func() {
		srv.Close()
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

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

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

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }
