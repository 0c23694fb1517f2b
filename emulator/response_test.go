package emulator_test

// https://developers.cloudflare.com/workers/runtime-apis/response/

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

const notAsked = `TypeError: Worker tried to return a WebSocket in a response to a request which did not contain the header "Upgrade: websocket".`

func TestUpgradeResponses(t *testing.T) {
	var kept *durable.WebSocket
	r := newRig(t, script{fetch: func(_ context.Context, p *probe, q *durable.Request) (*durable.Response, error) {
		client, server := durable.WebSocketPair()
		switch q.URL.RawQuery {
		case "again":
			return durable.Upgrade(kept), nil
		case "hibernatable":
			return durable.Upgrade(server), p.st.AcceptWebSocket(server)
		case "accepted":
			return durable.Upgrade(server), server.Accept(nil)
		case "refused":
			return durable.Text(426, "no"), nil
		}
		kept = client
		return durable.Upgrade(client), nil
	}})
	t.Run("RS-1 a WebSocket for a plain request", func(t *testing.T) {
		if got := r.Fetch("GET", "/P/o"); got.Status != 500 || got.Body != notAsked {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("RS-1 the same through a stub", func(t *testing.T) {
		r := newRig(t, script{}, emutest.Worker(durable.WorkerFunc(func(ctx context.Context, _ *durable.Request, env *durable.Env) (*durable.Response, error) {
			q, _ := durable.NewRequest("GET", "http://o/", nil)
			_, err := env.DurableObject("P").GetByName("o").Fetch(ctx, q)
			return durable.Text(200, thrown(err)), nil
		})))
		if got := r.Fetch("GET", "/").Body; got != notAsked {
			t.Errorf("got %s", got)
		}
	})
	t.Run("RS-2 nobody accepted the other end", func(t *testing.T) {
		c := r.open()
		c.expect()
	})
	t.Run("RS-3 another answer to an upgrade", func(t *testing.T) {
		got := r.exchange(r.dial(), "GET /P/o?refused HTTP/1.1\r\nHost: emu.test\r\n"+upgrade+"Connection: close\r\n\r\n")
		if want := "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\nContent-Type: text/plain;charset=UTF-8\r\nConnection: close\r\n\r\nno"; got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
	// workerd notices when it has sent the 101.
	for _, tt := range []struct{ query, want string }{
		{"again", "fetch: TypeError: Can't return WebSocket that was already used in a response."},
		{"hibernatable", "fetch: TypeError: Can't return WebSocket in a Response after calling acceptWebSocket()."},
		{"accepted", "fetch: TypeError: Can't return WebSocket in a Response after calling accept()."},
	} {
		t.Run("RS a socket that cannot be returned: "+tt.query, func(t *testing.T) {
			before := len(r.faults())
			c := r.open("/P/o?" + tt.query)
			c.expect("FIN")
			if got := r.faults()[before:]; !slices.Equal(got, []string{tt.want}) {
				t.Errorf("faults %q", got)
			}
		})
		t.Run("RS its caller sees it end: "+tt.query, func(t *testing.T) {
			s := r.script
			w := newRig(t, s, emutest.Worker(durable.WorkerFunc(func(ctx context.Context, q *durable.Request, env *durable.Env) (*durable.Response, error) {
				q.URL.RawQuery = tt.query
				resp, err := env.DurableObject("P").GetByName("o").Fetch(ctx, q)
				if err != nil {
					return nil, err
				}
				if err := resp.WebSocket.Accept(nil); err != nil {
					return nil, err
				}
				_, err = resp.WebSocket.Receive(ctx)
				return durable.Text(200, ended(err)), nil
			})))
			got := w.exchange(w.dial(), "GET / HTTP/1.1\r\nHost: emu.test\r\n"+upgrade+"Connection: close\r\n\r\n")
			if want := fmt.Sprintf("close 1006 %q false", disconnected); !strings.HasSuffix(got, want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestResponseChecks(t *testing.T) {
	client, _ := durable.WebSocketPair()
	for _, tt := range []struct {
		name string
		resp *durable.Response
		want string
	}{
		{"4 101 without a WebSocket", &durable.Response{Status: 101}, "RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive."},
		{"4 199", &durable.Response{Status: 199}, "RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive."},
		{"4 600", &durable.Response{Status: 600}, "RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive."},
		{"4 a WebSocket with 200", &durable.Response{WebSocket: client}, "RangeError: Responses with a WebSocket must have status code 101."},
		{"4 a body with 101", &durable.Response{Status: 101, WebSocket: client, Body: strings.NewReader("x")}, "TypeError: Response with null body status (101, 204, 205, or 304) cannot have a body."},
		{"4 a body with 204", durable.Text(204, "x"), "TypeError: Response with null body status (101, 204, 205, or 304) cannot have a body."},
		{"FD-6 no response", nil, "TypeError: Incorrect type for Promise: the Promise did not resolve to 'Response'."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			give := func() (*durable.Response, error) { return tt.resp, nil }
			r := newRig(t, script{fetch: func(context.Context, *probe, *durable.Request) (*durable.Response, error) { return give() }})
			if got := r.Fetch("GET", "/P/o"); got.Status != 500 || got.Body != tt.want {
				t.Errorf("of an object: %+v", got)
			}
			r = newRig(t, script{}, emutest.Worker(durable.WorkerFunc(func(context.Context, *durable.Request, *durable.Env) (*durable.Response, error) { return give() })))
			if got := r.Fetch("GET", "/"); got.Status != 500 || got.Body != tt.want {
				t.Errorf("of a Worker: %+v", got)
			}
		})
	}
}
