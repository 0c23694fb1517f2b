package emulator_test

// https://developers.cloudflare.com/durable-objects/api/state/#acceptwebsocket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

const (
	alreadyAccepted = "Error: Cannot call `acceptWebSocket()` if the WebSocket was already accepted via `accept()`"
	pairUsed        = "Error: Cannot call `acceptWebSocket()` on this WebSocket because its pair has already been accepted or used in a Response."
	notAccepted     = "TypeError: You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages."
)

func numbered(n int) (tags []string) {
	for i := range n {
		tags = append(tags, fmt.Sprint("tag", i))
	}
	return tags
}

func TestAcceptWebSocket(t *testing.T) {
	r := newRig(t, script{})
	for _, tt := range []struct {
		name string
		call func(p *probe, client, server *durable.WebSocket) error
		want string
	}{
		{"AW-1 accepted with acceptWebSocket", func(p *probe, _, s *durable.WebSocket) error {
			return errors.Join(p.st.AcceptWebSocket(s), p.st.AcceptWebSocket(s))
		}, alreadyAccepted},
		{"AW-1 accepted with accept", func(p *probe, _, s *durable.WebSocket) error {
			return errors.Join(s.Accept(nil), p.st.AcceptWebSocket(s))
		}, alreadyAccepted},
		{"AW-2 the peer is accepted", func(p *probe, c, s *durable.WebSocket) error {
			return errors.Join(c.Accept(nil), p.st.AcceptWebSocket(s))
		}, pairUsed},
		{"AW-2 the peer is accepted for hibernation", func(p *probe, c, s *durable.WebSocket) error {
			return errors.Join(p.st.AcceptWebSocket(s), p.st.AcceptWebSocket(c))
		}, pairUsed},
		{"AW-3 ten tags", func(p *probe, _, s *durable.WebSocket) error {
			return p.st.AcceptWebSocket(s, numbered(10)...)
		}, "ok"},
		{"AW-3 the eleventh tag", func(p *probe, _, s *durable.WebSocket) error {
			return p.st.AcceptWebSocket(s, numbered(11)...)
		}, "Error: a Hibernatable WebSocket cannot have more than 10 tags"},
		{"AW-3 a repeated eleventh tag", func(p *probe, _, s *durable.WebSocket) error {
			return p.st.AcceptWebSocket(s, append(numbered(10), "tag0")...)
		}, "Error: a Hibernatable WebSocket cannot have more than 10 tags"},
		{"AW-3 repeated tags before the tenth", func(p *probe, _, s *durable.WebSocket) error {
			return p.st.AcceptWebSocket(s, append([]string{"tag0", "tag0", "tag3"}, numbered(10)...)...)
		}, "ok"},
		{"AW-3 and AW-4 leave the socket acceptable", func(p *probe, _, s *durable.WebSocket) error {
			if p.st.AcceptWebSocket(s, numbered(11)...) == nil || p.st.AcceptWebSocket(s, strings.Repeat("x", 257)) == nil {
				return errors.New("no error")
			}
			return p.st.AcceptWebSocket(s, "x")
		}, "ok"},
		{"AW-4 a tag of 256 bytes", func(p *probe, _, s *durable.WebSocket) error {
			return p.st.AcceptWebSocket(s, strings.Repeat("é", 128))
		}, "ok"},
		{"AW-4 a tag of 258 bytes", func(p *probe, _, s *durable.WebSocket) error {
			return p.st.AcceptWebSocket(s, strings.Repeat("é", 129))
		}, `Error: "` + strings.Repeat("é", 129) + `" is longer than the max tag length (256 characters).`},
		{"AW-5 no WebSocket", func(p *probe, _, _ *durable.WebSocket) error {
			return p.st.AcceptWebSocket(nil)
		}, "TypeError: Failed to execute 'acceptWebSocket' on 'DurableObjectState': parameter 1 is not of type 'WebSocket'."},
		{"AW-8 accept after acceptWebSocket", func(p *probe, _, s *durable.WebSocket) error {
			return errors.Join(p.st.AcceptWebSocket(s), s.Accept(nil))
		}, "TypeError: Can't accept() WebSocket after enabling hibernation."},
		{"AW-9 send before accept", func(_ *probe, _, s *durable.WebSocket) error { return s.Send("x") }, notAccepted},
		{"AW-9 close before accept", func(_ *probe, _, s *durable.WebSocket) error { return s.Close(1000, "") }, notAccepted},
		{"AW-9 close without a code before accept", func(_ *probe, _, s *durable.WebSocket) error { return s.Close(0, "") }, notAccepted},
		{"AW-9 a bad code is found first", func(_ *probe, _, s *durable.WebSocket) error { return s.Close(1, "") },
			"InvalidAccessError: Invalid WebSocket close code: 1."},
		{"accept twice", func(_ *probe, _, s *durable.WebSocket) error {
			return errors.Join(s.Accept(nil), s.Accept(nil))
		}, "ok"},
		{"accept the peer of a hibernatable one", func(p *probe, c, s *durable.WebSocket) error {
			return errors.Join(p.st.AcceptWebSocket(s), c.Accept(nil))
		}, "ok"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			r.run(func(ctx context.Context, p *probe) error {
				client, server := durable.WebSocketPair()
				got = thrown(tt.call(p, client, server))
				return nil
			})
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// What was returned in a response is the client's.
func TestReturnedSocket(t *testing.T) {
	var client, server *durable.WebSocket
	r := newRig(t, script{fetch: func(ctx context.Context, p *probe, _ *durable.Request) (*durable.Response, error) {
		client, server = durable.WebSocketPair()
		return durable.Upgrade(client), nil
	}})
	c := r.open()
	go c.Write(text("early")) // nobody reads yet
	for _, tt := range []struct {
		name string
		call func(p *probe) error
		want string
	}{
		{"accept", func(*probe) error { return client.Accept(nil) }, "TypeError: Can't accept() WebSocket that was already used in a response."},
		{"send", func(*probe) error { return client.Send("x") }, "ok"},
		{"close", func(*probe) error { return client.Close(1000, "") }, "ok"},
		{"acceptWebSocket", func(p *probe) error { return p.st.AcceptWebSocket(client) }, pairUsed},
		{"AW-2 the peer is used in a response", func(p *probe) error { return p.st.AcceptWebSocket(server) }, pairUsed},
		{"its peer can be accepted late", func(*probe) error { return server.Accept(nil) }, "ok"},
		{"and receives what came before", func(*probe) error { return server.Send("late") }, "ok"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			r.run(func(_ context.Context, p *probe) error {
				got = thrown(tt.call(p))
				return nil
			})
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	c.expect("text late")
	r.run(func(ctx context.Context, p *probe) error {
		m, err := server.Receive(ctx)
		p.logf("%s, %v", m, err)
		return nil
	})
	r.logged("early, <nil>")
}

func TestTooManyWebSockets(t *testing.T) {
	const limit = 32768
	t.Run("AW-7 accepted for hibernation", func(t *testing.T) {
		r := newRig(t, script{})
		r.run(func(ctx context.Context, p *probe) error {
			for range limit {
				_, s := durable.WebSocketPair()
				if err := p.st.AcceptWebSocket(s); err != nil {
					return err
				}
			}
			_, s := durable.WebSocketPair()
			p.logf("%s, %d", thrown(p.st.AcceptWebSocket(s)), len(p.st.WebSockets()))
			p.logf("%s", thrown(s.Accept(nil))) // it is still fresh
			return nil
		})
		r.logged("Error: only 32768 websockets can be accepted on a single Durable Object instance, 32768", "ok")
		r.object().Hibernate()
		r.run(func(ctx context.Context, p *probe) error {
			p.logf("%d", len(p.st.WebSockets()))
			return nil
		})
		r.logged("32768")
	})
	t.Run("AW-7 accepted with accept", func(t *testing.T) {
		worker := durable.WorkerFunc(func(ctx context.Context, _ *durable.Request, env *durable.Env) (*durable.Response, error) {
			o := env.DurableObject("P").GetByName("o")
			for i := range limit + 1 {
				r, _ := durable.NewRequest("GET", "http://o/", nil)
				r.Header.Set("Upgrade", "websocket")
				if _, err := o.Fetch(ctx, r); err != nil {
					return durable.Text(200, fmt.Sprint(i, " ", thrown(err))), nil
				}
			}
			return nil, nil
		})
		r := newRig(t, script{fetch: func(context.Context, *probe, *durable.Request) (*durable.Response, error) {
			client, server := durable.WebSocketPair()
			return durable.Upgrade(client), server.Accept(nil)
		}}, emutest.Worker(worker))
		got := r.Fetch("GET", "/").Body
		if want := "32768 Error: only 32768 non-hibernatable websockets can be open on a single Durable Object instance"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if n := len(r.object().Pins()); n != limit {
			t.Errorf("%d pins", n)
		}
	})
}

func TestBeforeTheHandshakeEnds(t *testing.T) {
	r := newRig(t, script{fetch: func(_ context.Context, p *probe, q *durable.Request) (*durable.Response, error) {
		client, server := durable.WebSocketPair()
		err := p.st.AcceptWebSocket(server)
		server.Send("one")
		server.SendBytes([]byte{2})
		if q.URL.RawQuery == "close" {
			server.Close(4005, "x")
		}
		if q.URL.RawQuery == "throw" {
			return nil, errors.New("after accept")
		}
		return durable.Upgrade(client), err
	}})
	t.Run("AW-10 messages before the 101", func(t *testing.T) {
		r.open().expect("text one", "binary 02")
	})
	t.Run("AW-10 a close before the 101", func(t *testing.T) {
		r.open("/P/o?close").expect("text one", "binary 02", `close 4005 "x"`)
	})
	t.Run("AW-11 accepted, then thrown", func(t *testing.T) {
		if got := r.Fetch("GET", "/P/orphan?throw"); got.Status != http.StatusInternalServerError || got.Body != "Error: after accept" {
			t.Errorf("got %+v", got)
		}
		if n := len(r.Object("P", "orphan").Sockets()); n != 1 {
			t.Errorf("%d sockets", n)
		}
	})
}

func TestWebSockets(t *testing.T) {
	tagsOf := func(p *probe, list []*durable.WebSocket) (all []string) {
		for _, ws := range list {
			tags, err := p.st.Tags(ws)
			if err != nil {
				all = append(all, thrown(err))
			}
			all = append(all, strings.Join(tags, "+"))
		}
		return all
	}
	t.Run("GW-1 order", func(t *testing.T) {
		r := newRig(t, script{})
		for _, query := range []string{"?tag=a&tag=x", "?tag=b", "?tag=c&tag=x&tag=c", "?tag=", ""} {
			r.open("/P/o" + query)
		}
		for _, when := range []string{"awake", "after hibernation"} {
			r.run(func(ctx context.Context, p *probe) error {
				if got, want := tagsOf(p, p.st.WebSockets()), []string{"", "", "c+x", "b", "a+x"}; !slices.Equal(got, want) {
					t.Errorf("%s: all: got %q, want %q", when, got, want)
				}
				if got, want := tagsOf(p, p.st.WebSockets("x")), []string{"a+x", "c+x"}; !slices.Equal(got, want) {
					t.Errorf("%s: tag x: got %q, want %q", when, got, want)
				}
				if got := p.st.WebSockets(""); len(got) != 1 {
					t.Errorf("%s: the empty tag: %d", when, len(got))
				}
				if got := p.st.WebSockets("null"); got == nil || len(got) != 0 {
					t.Errorf("%s: an unknown tag: %v", when, got)
				}
				if a, b := p.st.WebSockets(), p.st.WebSockets("x"); a[4] != b[0] {
					t.Errorf("%s: the same connection is another pointer", when)
				}
				return nil
			})
			r.object().Hibernate()
		}
	})
	t.Run("GW-2 who is listed", func(t *testing.T) {
		listed := func(p *probe, ws *durable.WebSocket) string {
			return fmt.Sprintf("listed %v, state %d", slices.Contains(p.st.WebSockets(), ws), ws.ReadyState())
		}
		r := newRig(t, script{
			closed: func(ctx context.Context, p *probe, ws *durable.WebSocket, _ int, _ string, _ bool) error {
				p.logf("close: %s", listed(p, ws))
				durable.Await(ctx, func() error { return nil })
				p.logf("after waiting: %s", listed(p, ws))
				tags, err := p.st.Tags(ws)
				p.logf("tags %q, %v", tags, err)
				return nil
			},
			failed: func(ctx context.Context, p *probe, ws *durable.WebSocket, _ error) error {
				p.logf("error: %s", listed(p, ws))
				durable.Await(ctx, func() error { return nil })
				p.logf("after waiting: %s", listed(p, ws))
				return nil
			},
		})
		c := r.open("/P/o?tag=t")
		r.run(func(_ context.Context, p *probe) error {
			ws := p.st.WebSockets()[0]
			ws.Close(1000, "")
			p.logf("closed: %s", listed(p, ws))
			return nil
		})
		c.expect(`close 1000 ""`)
		r.logged("closed: listed true, state 2")
		c.send(closing(1000, ""))
		r.logged("close: listed true, state 3", "after waiting: listed false, state 3", `tags ["t"], <nil>`)
		c = r.open()
		c.send(frame(0x83, ""))
		c.expect(`close 1002 "Unknown opcode 3"`)
		r.logged("error: listed true, state 2", "after waiting: listed false, state 2")
		r.run(func(_ context.Context, p *probe) error {
			p.logf("%d", len(p.st.WebSockets()))
			return nil
		})
		r.logged("0")
	})
	t.Run("GW-3 tags", func(t *testing.T) {
		r := newRig(t, script{})
		r.run(func(_ context.Context, p *probe) error {
			_, ws := durable.WebSocketPair()
			_, err := p.st.Tags(ws)
			p.logf("%s", thrown(err))
			ws.Accept(nil)
			_, err = p.st.Tags(ws)
			p.logf("%s", thrown(err))
			_, ws = durable.WebSocketPair()
			p.st.AcceptWebSocket(ws, "b", "a", "b")
			mine, _ := p.st.Tags(ws)
			mine[0] = "mine"
			tags, err := p.st.Tags(ws)
			p.logf("%q %s", tags, thrown(err))
			return nil
		})
		r.logged(
			"Error: you must call 'acceptWebSocket()' before attempting to access the tags of a WebSocket.",
			"Error: only hibernatable websockets can have tags.",
			`["b" "a"] ok`)
	})
}
