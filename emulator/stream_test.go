package emulator_test

// https://developers.cloudflare.com/workers/runtime-apis/streams/

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
)

func toObject(ctx context.Context, q *durable.Request, env *durable.Env) (*durable.Response, error) {
	return env.DurableObject("P").GetByName("o").Fetch(ctx, q)
}

// chunk is a piece of a chunked body.
func chunk(s string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(s), s) }

// Bodies between a client and an object, behind a Worker that passes them on.
func TestStreams(t *testing.T) {
	doors(t, toObject, func(t *testing.T, r *rig, dial func() net.Conn) {
		r.script.fetch = func(ctx context.Context, p *probe, q *durable.Request) (*durable.Response, error) {
			switch q.URL.Path {
			case "/echo":
				return &durable.Response{Body: q.Body}, nil
			case "/sink":
				return durable.Text(200, "done"), nil
			}
			b, err := io.ReadAll(q.Body)
			if err != nil {
				return nil, err
			}
			return durable.Text(200, fmt.Sprintf("length %q, coding %q, %d bytes", q.Header.Get("Content-Length"), q.Header.Get("Transfer-Encoding"), len(b))), nil
		}
		const head = " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
		big := strings.Repeat("x", 1<<20)
		for _, tt := range []struct{ name, request, want string }{
			{"9.2 Content-Length both ways", "POST /read" + head + "Content-Length: 3\r\n\r\nabc",
				`length "3", coding "", 3 bytes`},
			{"9.2 a chunked request", "POST /read" + head + "Transfer-Encoding: chunked\r\n\r\n" + chunk("abc") + chunk("de") + "0\r\n\r\n", `length "", coding "chunked", 5 bytes`},
			{"9.2 a megabyte", "POST /read" + head + "Content-Length: 1048576\r\n\r\n" + big, `length "1048576", coding "", 1048576 bytes`},
			{"9.2 a body that nobody reads", "POST /sink" + head + "Content-Length: 3\r\n\r\nabc", "done"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				want := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: text/plain;charset=UTF-8\r\nConnection: close\r\n\r\n%s", len(tt.want), tt.want)
				if got := r.exchange(dial(), tt.request); got != want {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
			})
		}
		t.Run("9.2 100 Continue", func(t *testing.T) {
			c := dial()
			defer c.Close()
			c.SetDeadline(time.Now().Add(patience))
			go io.WriteString(c, "POST /read"+head+"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
			br := bufio.NewReader(c)
			if line, err := br.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
				t.Fatalf("got %q, %v", line, err)
			}
			br.ReadString('\n')
			go io.WriteString(c, "abc")
			if b, _ := io.ReadAll(br); !strings.HasSuffix(string(b), "3 bytes") {
				t.Errorf("got %q", b)
			}
		})
		t.Run("9.2 full duplex", func(t *testing.T) {
			c := dial()
			defer c.Close()
			c.SetDeadline(time.Now().Add(patience))
			go io.WriteString(c, "POST /echo"+head+"Transfer-Encoding: chunked\r\n\r\n")
			br := bufio.NewReader(c)
			resp, err := http.ReadResponse(br, nil)
			if err != nil {
				t.Fatal(err) // the head comes before the body has ended
			}
			for _, piece := range []string{"one", "two"} {
				go io.WriteString(c, chunk(piece))
				b := make([]byte, 3)
				if _, err := io.ReadFull(resp.Body, b); err != nil || string(b) != piece {
					t.Fatalf("got %q, %v", b, err)
				}
			}
			go io.WriteString(c, "0\r\n\r\n")
			if b, err := io.ReadAll(resp.Body); len(b) > 0 || err != nil {
				t.Errorf("got %q, %v at the end", b, err)
			}
		})
	})
	for _, tt := range []struct{ name, request string }{
		{"9.2 a truncated body", "POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc"},
		{"9.2 a truncated chunked body", "POST /read HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, script{fetch: func(_ context.Context, p *probe, q *durable.Request) (*durable.Response, error) {
				_, err := io.ReadAll(q.Body)
				p.logf("%v", err)
				return nil, err
			}})
			c := r.dialTCP(r.Listen())
			c.Write([]byte(strings.Replace(tt.request, "/read", "/P/o", 1)))
			c.CloseWrite()
			got := r.exchange(c, "")
			if !strings.HasPrefix(got, "HTTP/1.1 500 ") || !strings.Contains(got, "Error: Network connection lost.") {
				t.Errorf("got\n%s", got)
			}
			r.logged("Network connection lost.")
		})
	}
	t.Run("9.2 a client that leaves stops nobody", func(t *testing.T) {
		begun := make(chan struct{})
		r := newRig(t, script{fetch: func(ctx context.Context, p *probe, _ *durable.Request) (*durable.Response, error) {
			close(begun)
			err := durable.Sleep(ctx, time.Minute)
			p.logf("slept %v %v", err, ctx.Err())
			return durable.Text(200, ""), nil
		}})
		c := r.dialTCP(r.Listen())
		io.WriteString(c, "GET /P/o HTTP/1.1\r\nHost: h\r\n\r\n")
		<-begun
		c.SetLinger(0)
		c.Close()
		r.Advance(time.Minute)
		r.logged("slept <nil> <nil>")
	})
	t.Run("9.2 a client that leaves ends a streamed body", func(t *testing.T) {
		closed := make(chan struct{})
		pr, pw := io.Pipe()
		r := newRig(t, script{fetch: func(context.Context, *probe, *durable.Request) (*durable.Response, error) {
			return &durable.Response{Body: &notedClose{pr, closed}}, nil
		}})
		c := r.dialTCP(r.Listen())
		io.WriteString(c, "GET /P/o HTTP/1.1\r\nHost: h\r\n\r\n")
		pw.Write([]byte("first"))
		if pins := r.object().Pins(); len(pins) != 1 || pins[0].Kind != "body" {
			t.Errorf("pins %v", pins)
		}
		c.SetLinger(0)
		c.Close()
		for { // until the server notices
			if _, err := pw.Write([]byte("more")); err != nil {
				break
			}
		}
		<-closed
		if !eventually(func() bool { return len(r.object().Pins()) == 0 }) {
			t.Errorf("pins %v", r.object().Pins())
		}
	})
}

// notedClose tells when it is closed.
type notedClose struct {
	*io.PipeReader
	closed chan struct{}
}

func (c *notedClose) Close() error {
	close(c.closed)
	return errors.Join(c.PipeReader.Close())
}
