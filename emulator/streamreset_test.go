package emulator_test

// Streamed bodies of objects that are reset.
// https://developers.cloudflare.com/workers/runtime-apis/streams/

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// stuck is a reader whose Read returns "begun " and then nothing.
type stuck struct {
	begun bool
	end   chan struct{}
}

func (s *stuck) Read(p []byte) (int, error) {
	if !s.begun {
		s.begun = true
		return copy(p, "begun "), nil
	}
	<-s.end
	return 0, io.EOF
}

// What an object streams breaks off when the object is reset, for a client and for a Worker that reads it, also if the
// reader does not notice. What is in memory arrives whole. As recorded.
func TestResetBreaksStreams(t *testing.T) {
	var end chan struct{}
	long := "begun " + strings.Repeat("x", 4<<20)
	s := script{fetch: func(_ context.Context, p *probe, q *durable.Request) (*durable.Response, error) {
		switch {
		case strings.HasSuffix(q.URL.Path, "/abort"):
			p.st.Abort("asked")
		case strings.HasSuffix(q.URL.Path, "/memory"):
			return durable.Text(200, long), nil
		case strings.HasSuffix(q.URL.Path, "/stuck"):
			return &durable.Response{Status: 200, Body: &stuck{end: end}}, nil
		}
		pr, pw := io.Pipe()
		go io.WriteString(pw, "begun ")
		return &durable.Response{Status: 200, Body: pr}, nil
	}}
	reading := durable.WorkerFunc(func(ctx context.Context, q *durable.Request, env *durable.Env) (*durable.Response, error) {
		resp, err := toObject(ctx, q, env)
		if err != nil {
			return nil, err
		}
		begun := make([]byte, 6)
		if _, err := io.ReadFull(resp.Body, begun); err != nil {
			return nil, err
		}
		abort, err := durable.NewRequest("GET", "http://x/abort", nil)
		if err != nil {
			return nil, err
		}
		toObject(ctx, abort, env)
		rest, err := io.ReadAll(resp.Body)
		said := string(begun) + string(rest)
		if e := (*durable.Error)(nil); errors.As(err, &e) {
			said += fmt.Sprintf("and %s, remote %v, reset %v", e.Message, e.Remote, e.DurableObjectReset)
		}
		return durable.Text(200, said), nil
	})
	for path, want := range map[string]string{"/pipe": "begun and asked, remote true, reset true", "/stuck": "begun and asked, remote true, reset true", "/memory": long} {
		t.Run("a Worker reads "+path, func(t *testing.T) {
			end = make(chan struct{})
			r := newRig(t, s, emutest.Worker(reading))
			defer close(end)
			if got := r.Fetch("GET", path).Body; got != want {
				t.Errorf("got %.80q, want %.80q", got, want)
			}
		})
		t.Run("a client reads "+path, func(t *testing.T) {
			end = make(chan struct{})
			r := newRig(t, s, emutest.Worker(durable.WorkerFunc(toObject)))
			defer close(end)
			c := r.dialTCP(r.Listen())
			defer c.Close()
			c.SetDeadline(time.Now().Add(patience))
			fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", path)
			br := bufio.NewReader(c)
			for line := ""; line != "\r\n"; {
				var err error
				if line, err = br.ReadString('\n'); err != nil {
					t.Fatal(err)
				}
			}
			whole := long
			if path != "/memory" {
				whole = "6\r\nbegun \r\n" // and no last chunk
			}
			got := make([]byte, 6)
			if _, err := io.ReadFull(br, got); err != nil {
				t.Fatal(err)
			}
			r.Fetch("GET", "/abort")
			rest, err := io.ReadAll(br)
			if got = append(got, rest...); string(got) != whole || err != nil {
				t.Errorf("got %.80q, %v, want %.80q", got, err, whole)
			}
			if list := r.faults(); len(list) != 1 { // of the request that aborts
				t.Errorf("faults: %q", list)
			}
		})
	}
}
