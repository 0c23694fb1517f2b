package socket

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// peer is a transport that keeps what was written to it.
type peer struct {
	wrote    bytes.Buffer
	writes   int
	shared   []*wire.Shared
	finished bool
	shut     bool
}

func (p *peer) Start() {}
func (p *peer) Write(b []byte) {
	p.writes++
	p.wrote.Write(b)
}
func (p *peer) WriteShared(f *wire.Shared) {
	p.shared = append(p.shared, f)
	p.wrote.Write(f.Frame())
}
func (p *peer) Buffered() int64 { return 0 }
func (p *peer) Consumed(int)    {}
func (p *peer) Finish()         { p.finished = true }
func (p *peer) Shut()           { p.shut = true }

// room is an object with one instance, whose turn the test has.
type room struct {
	list   *List
	out    Outbox
	events []Event
	dirty  bool // something was written that is not durable
}

func newRoom() *room {
	r := new(room)
	r.list = NewList(r, NewNetwork(host.New(host.Options{})))
	return r
}

func (r *room) Deliver(e Event)                         { r.events = append(r.events, e) }
func (r *room) Log(string)                              {}
func (r *room) Touched()                                {}
func (r *room) Usable() error                           { return nil }
func (r *room) Own(f func() error) error                { return f() }
func (r *room) Pin(driver.PinKind, driver.Place) func() { return func() {} }
func (r *room) MayReceive(*Receives) bool               { return false }
func (r *room) Sockets() *List                          { return r.list }
func (r *room) Outbox() *Outbox                         { return &r.out }
func (r *room) Leave() {
	if !r.dirty {
		r.out.Leave(false)
	}
}

// connect accepts a socket for hibernation and connects it to a peer.
func (r *room) connect(t *testing.T, tags ...string) (*Socket, *peer) {
	t.Helper()
	client, server := NewPair()
	if err := r.list.Accept(r, server, tags); err != nil {
		t.Fatal(err)
	}
	given, err := GiveAway(client)
	if err != nil {
		t.Fatal(err)
	}
	p := new(peer)
	given.Other().Connect(r.list.net, p, nil)
	return given.Other(), p
}

func text(s string) driver.Message { return driver.Message{Data: []byte(s)} }

// frame is the frame of a text.
func frame(s string) string { return string(wire.AppendFrame(nil, wire.OpText, []byte(s))) }

func TestAutoResponse(t *testing.T) {
	for _, tt := range []struct {
		name    string
		binary  bool
		data    string
		prepare func(r *room, s *Socket)
		wrote   string // at once
		handled bool   // the class gets the message
		staged  string // when the event has begun
	}{
		{name: "a text equal to the request", data: "ping", wrote: frame("pong")},
		{name: "another text", data: "ping?", handled: true},
		{name: "the same bytes in a binary message", binary: true, data: "ping", handled: true},
		{name: "without a pair", data: "ping", prepare: func(r *room, _ *Socket) { r.list.Auto.Unset() }, handled: true},
		{
			name: "behind frames that are staged", data: "ping",
			prepare: func(r *room, s *Socket) { s.viewOf(r).Send(text("before")) },
			staged:  frame("before") + frame("pong"),
		},
		{
			name: "behind a message that waits", data: "ping",
			prepare: func(_ *room, s *Socket) { s.Message(false, []byte("first")) },
			staged:  frame("pong"),
		},
		{
			name: "of a socket that was closed", data: "ping",
			prepare: func(_ *room, s *Socket) { s.closeSent = true },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom()
			if err := r.list.Auto.Set("ping", "pong"); err != nil {
				t.Fatal(err)
			}
			s, p := r.connect(t)
			if tt.prepare != nil {
				tt.prepare(r, s)
			}
			before := len(r.events)
			s.Message(tt.binary, []byte(tt.data))
			if got := p.wrote.String(); got != tt.wrote {
				t.Errorf("on arrival %q was written, want %q", got, tt.wrote)
			}
			handled := false
			for i := before; i < len(r.events); i++ {
				_, answered := r.events[i].Begin(r)
				handled = !answered
			}
			if handled != tt.handled {
				t.Errorf("the class gets the message: %v, want %v", handled, tt.handled)
			}
			r.out.Leave(false)
			if got := p.wrote.String(); got != tt.wrote+tt.staged {
				t.Errorf("at the end of the turn %q was written, want %q", got, tt.wrote+tt.staged)
			}
			if answered := tt.wrote != "" || strings.Contains(tt.staged, "pong"); answered == s.AutoAnswered().IsZero() {
				t.Errorf("the time of the response is %v", s.AutoAnswered())
			}
		})
	}
}

func TestOutbox(t *testing.T) {
	large := strings.Repeat("x", minShared)
	for _, tt := range []struct {
		name   string
		turn   func(r *room, a, b *View)
		a, b   string
		writes int // to a
		shared int // frames of a's peer that b's has too
	}{
		{
			name:   "the frames of a turn leave in one write",
			turn:   func(_ *room, a, _ *View) { a.Send(text("1")); a.Send(text("2")) },
			a:      frame("1") + frame("2"),
			writes: 1,
		},
		{
			name: "the first socket of a broadcast has a copy, the others share a frame",
			turn: func(r *room, a, b *View) {
				c, _ := r.connect(t)
				c.viewOf(r).Send(text(large))
				a.Send(text(large))
				b.Send(text(large))
			},
			a: frame(large), b: frame(large), shared: 1,
		},
		{
			name: "a message that is changed between two calls is not shared",
			turn: func(_ *room, a, b *View) {
				data := []byte(large)
				a.Send(driver.Message{Data: data})
				data[0] = 'y'
				b.Send(driver.Message{Data: data})
			},
			a: frame(large), b: frame("y" + large[1:]), writes: 1,
		},
		{
			name: "what was sent behind a write that is lost does not leave",
			turn: func(r *room, a, b *View) {
				a.Send(text("safe"))
				r.out.Writes()
				a.Send(text("lost"))
				b.Send(text("lost too"))
				r.out.DropUnsafe()
			},
			a: frame("safe"), writes: 1,
		},
		{
			name: "too much leaves in the midst of a turn",
			turn: func(r *room, a, _ *View) {
				for range maxStaged/len(frame(large[1:])) + 2 {
					a.Send(text(large[1:]))
				}
				r.out.Leave(true) // drops the last
			},
			a:      strings.Repeat(frame(large[1:]), maxStaged/len(frame(large[1:]))+1),
			writes: 1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom()
			a, pa := r.connect(t)
			b, pb := r.connect(t)
			tt.turn(r, a.viewOf(r), b.viewOf(r))
			r.out.Leave(false)
			if pa.wrote.String() != tt.a || pb.wrote.String() != tt.b {
				t.Errorf("left %d and %d bytes, want %d and %d", pa.wrote.Len(), pb.wrote.Len(), len(tt.a), len(tt.b))
			}
			shared := 0
			for _, f := range pa.shared {
				if slices.Contains(pb.shared, f) {
					shared++
				}
			}
			if pa.writes != tt.writes || shared != tt.shared {
				t.Errorf("%d writes and %d shared frames, want %d and %d", pa.writes, shared, tt.writes, tt.shared)
			}
			if a.holding.Load() || a.staged != nil {
				t.Error("something is staged yet")
			}
		})
	}
}

// TestList: the order of getWebSockets() stays whatever sockets go, and a list of which most have gone is short again.
func TestList(t *testing.T) {
	r := newRoom()
	var all []*Socket
	for i := range 100 {
		s, _ := r.connect(t, []string{"even", "odd"}[i%2])
		all = append(all, s)
	}
	odd := "odd"
	for i := 0; ; i++ {
		want := slices.Clone(all)
		slices.Reverse(want)
		tagged := slices.DeleteFunc(slices.Clone(all), func(s *Socket) bool { return s.tags[0] != odd })
		if !slices.Equal(r.list.All(nil), want) || !slices.Equal(r.list.All(&odd), tagged) || r.list.Count() != len(all) {
			t.Fatalf("with %d sockets the list is another one", len(all))
		}
		if len(r.list.list) > max(32, 2*len(all)) {
			t.Fatalf("%d places for %d sockets", len(r.list.list), len(all))
		}
		if len(all) == 0 {
			break
		}
		gone := i * 37 % len(all)
		r.list.forget(all[gone])
		all = slices.Delete(all, gone, gone+1)
	}
}

// TestEnds: what becomes of the connections of each kind.
func TestEnds(t *testing.T) {
	for _, tt := range []struct {
		name      string
		end       func(r *room)
		listed    *peer // hibernatable
		lingering *peer // hibernatable and closed by the peer
		accepted  *peer
		live      int
	}{
		{"hibernation", func(r *room) { r.list.Hibernate() }, &peer{}, &peer{finished: true}, &peer{}, 1},
		{"eviction", func(r *room) { r.list.Evict() }, &peer{}, &peer{finished: true}, &peer{finished: true}, 1},
		{"reset", func(r *room) { r.list.Reset() }, &peer{finished: true}, &peer{finished: true}, &peer{finished: true}, 0},
		{"the world is closed", func(r *room) { r.list.Shut() }, &peer{shut: true}, &peer{shut: true}, &peer{shut: true}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom()
			_, listed := r.connect(t)
			s, lingering := r.connect(t)
			s.PeerClosed(1000, "")
			r.events[0].Begin(r)
			r.events[0].Released(r)
			r.events[0].Ended()
			_, server := NewPair()
			server.Accept(false, driver.Place{})
			plain, _ := Of(server)
			accepted := new(peer)
			plain.Connect(r.list.net, accepted, nil)
			if err := plain.adopt(r, driver.PinSocket, driver.Place{}); err != nil {
				t.Fatal(err)
			}
			tt.end(r)
			for name, ends := range map[string][2]*peer{
				"hibernatable": {listed, tt.listed}, "lingering": {lingering, tt.lingering}, "accepted": {accepted, tt.accepted},
			} {
				if got, want := ends[0], ends[1]; got.finished != want.finished || got.shut != want.shut {
					t.Errorf("%s: finished %v, shut %v; want %v, %v", name, got.finished, got.shut, want.finished, want.shut)
				}
			}
			if r.list.Count() != tt.live {
				t.Errorf("%d sockets are listed, want %d", r.list.Count(), tt.live)
			}
		})
	}
}
