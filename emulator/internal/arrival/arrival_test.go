package arrival

import (
	"io"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"
)

// TestPatience: a ticket holds others up for a bounded time, also where no timer is on time.
func TestPatience(t *testing.T) {
	for name, c := range map[string]struct {
		timer, held time.Duration
		blocks      bool
	}{
		"a timer on time":                        {100, 100, true},
		"a little late":                          {120, 120, true},
		"late":                                   {200, 200, false},
		"late again":                             {200, 400, false},
		"late, and the ticket is first for long": {200, 600, true},
		"very late":                              {9000, 9000, true},
	} {
		if got := blocks(c.timer*time.Millisecond, c.held*time.Millisecond, 100*time.Millisecond); got != c.blocks {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// rig is an order with connections over the network.
type rig struct {
	*testing.T
	order  *Order
	listen net.Listener
}

func newRig(t *testing.T) *rig {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere what has arrived has its place when it is read")
	}
	o := new(Order)
	t.Cleanup(o.End)
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := o.Listen(tcp)
	t.Cleanup(func() { l.Close() })
	return &rig{t, o, l}
}

func (r *rig) open() (client net.Conn, server *connection) {
	client, err := net.Dial("tcp", r.listen.Addr().String())
	if err != nil {
		r.Fatal(err)
	}
	conn, err := r.listen.Accept()
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { client.Close(); conn.Close() })
	return client, conn.(*connection)
}

// read reads as many bytes as have arrived at the connection.
func (r *rig) read(server *connection, n int) {
	r.Helper()
	if got, err := server.Read(make([]byte, n)); got != n || err != nil {
		r.Fatal(got, err)
	}
}

// arrived takes the request of a connection out, which is answered with answered.
func (r *rig) arrived(server *connection) (answered func()) {
	_, answered = r.order.Arrived((&http.Request{}).WithContext(ConnContext(r.Context(), server)))
	return answered
}

// first fails the test if another connection has the first place.
func (r *rig) first(server *connection) {
	r.Helper()
	if k := r.order.open[r.order.head]; server.ticket == nil || k != server.ticket {
		r.Error("the connection's request, which came first, has not the first place")
	}
}

// TestOrderBehindSplitHead: a connection of which more has been read than had arrived when
// it got its place does not come before another at its next request.
func TestOrderBehindSplitHead(t *testing.T) {
	r := newRig(t)
	one, first := r.open()
	two, second := r.open()
	io.WriteString(one, "head")
	r.order.Sweep()
	io.WriteString(one, "rest")
	r.read(first, 8)
	r.arrived(first)()
	io.WriteString(two, "head")
	io.WriteString(one, "head")
	r.order.Sweep()
	r.first(second)
}

// TestOrderReadBackwards: requests have the order in which they arrive, not that in which
// they are read, nor that in which their connections were opened or used before.
func TestOrderReadBackwards(t *testing.T) {
	r := newRig(t)
	one, first := r.open()
	two, second := r.open()
	for range 2 {
		io.WriteString(two, "head")
		io.WriteString(one, "head")
		r.read(first, 4)
		r.first(second)
		r.read(second, 4)
		r.arrived(first)()
		r.first(second)
		r.arrived(second)()
	}
}

// TestSweeps: one request after the other costs one sweep each, which is a system call.
func TestSweeps(t *testing.T) {
	r := newRig(t)
	client, server := r.open()
	before := r.order.conns.sweeps
	for range 10 {
		io.WriteString(client, "head")
		r.read(server, 4)
		r.arrived(server)()
	}
	if n := r.order.conns.sweeps - before; n != 10 {
		t.Errorf("%d sweeps for 10 requests", n)
	}
}
