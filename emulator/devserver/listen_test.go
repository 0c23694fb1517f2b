package devserver

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// TestAnyPort: Wrangler's port, the next ones unless in CI, then any.
func TestAnyPort(t *testing.T) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			l.Close()
		}
	}()
	for port := defaultPort; port <= defaultPort+extraPorts; port++ {
		l, err := Listen(Address{Port: AnyPort})
		if err != nil {
			t.Fatal(err)
		}
		got := portOf(l.Listeners[0])
		l.Close()
		if got < port || got > defaultPort+extraPorts {
			t.Fatalf("port %d is free, or one after it, but %d is taken", port, got)
		}
		if l.Host != fmt.Sprintf("localhost:%d", got) {
			t.Errorf("host %s", l.Host)
		}
		// One of the two loopback addresses is enough to make it taken.
		for ; port <= got; port++ {
			if busy, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
				held = append(held, busy)
			}
		}
		port--
		ci, err := Listen(Address{Port: AnyPort, CI: true})
		if err != nil {
			t.Fatal(err)
		}
		if p := portOf(ci.Listeners[0]); p >= defaultPort && p <= defaultPort+extraPorts {
			t.Errorf("with CI: port %d", p)
		}
		ci.Close()
	}
	l, err := Listen(Address{Port: AnyPort})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if p := portOf(l.Listeners[0]); p >= defaultPort && p <= defaultPort+extraPorts {
		t.Errorf("all are taken, and %d is not", p)
	}
}

// TestRefused: the address is said once, and what to do about it.
func TestRefused(t *testing.T) {
	at := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}
	err := refused("localhost", 80, &net.OpError{Op: "listen", Net: "tcp4", Addr: at, Err: os.NewSyscallError("bind", syscall.EACCES)})
	if want := "cannot listen on localhost:80: " + syscall.EACCES.Error(); err.Error() != want || diagnostic.HintOf(err) != "ports from 1024 on are for everyone: --port 8787" {
		t.Errorf("%v, hint %q", err, diagnostic.HintOf(err))
	}
	err = refused("10.0.0.1", 8787, &net.OpError{Op: "listen", Net: "tcp", Addr: at, Err: os.NewSyscallError("bind", syscall.EADDRNOTAVAIL)})
	if want := "cannot listen on 10.0.0.1:8787: " + syscall.EADDRNOTAVAIL.Error(); err.Error() != want {
		t.Errorf("%v", err)
	}
}
