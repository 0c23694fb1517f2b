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

// TestOrderBehindSplitHead: a connection of which more has been read than had arrived when
// it got its place does not come before another at its next request.
func TestOrderBehindSplitHead(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere what has arrived has its place when it is read")
	}
	o := new(Order)
	defer o.End()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := o.Listen(tcp)
	defer l.Close()
	open := func() (client net.Conn, server *connection) {
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { client.Close(); conn.Close() })
		return client, conn.(*connection)
	}
	one, first := open()
	two, second := open()
	io.WriteString(one, "head")
	o.Sweep()
	io.WriteString(one, "rest")
	buf := make([]byte, 8)
	if n, err := first.Read(buf); n != len(buf) || err != nil {
		t.Fatal(n, err)
	}
	_, end := o.Arrived((&http.Request{}).WithContext(ConnContext(t.Context(), first)))
	end()
	io.WriteString(two, "head")
	io.WriteString(one, "head")
	o.Sweep()
	if k := o.open[o.head]; second.ticket == nil || k != second.ticket {
		t.Error("the other connection's request, which came first, has not the first place")
	}
}
