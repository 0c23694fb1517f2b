package wire_test

import (
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// fds is the number of open descriptors.
func fds(t *testing.T) int {
	t.Helper()
	dir, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(dir)
}

// Many connections cost one descriptor each and no goroutine, and leave nothing behind however they end.
func TestLeaks(t *testing.T) {
	const conns = 2000
	goroutines, descriptors := runtime.NumGoroutine(), fds(t)
	p := wire.NewPoller()
	type pair struct {
		conn   *wire.Conn
		client *net.TCPConn
		r      *recorder
	}
	var pairs []pair
	for range conns {
		client, server := tcpPair(t)
		r := newRecorder()
		c, err := wire.NewConn(server, nil, r, &wire.Options{Poller: p})
		if err != nil {
			t.Fatal(err)
		}
		c.Start()
		pairs = append(pairs, pair{c, client, r})
	}
	if n := runtime.NumGoroutine() - goroutines; n > 5 {
		t.Errorf("%d goroutines for %d connections", n, conns)
	}
	if n := fds(t) - descriptors; n > 2*conns+5 { // both ends are ours
		t.Errorf("%d descriptors for %d connections", n, conns)
	}
	for i, pair := range pairs {
		switch i % 5 {
		case 0:
			pair.conn.Shut()
			pair.client.Close()
		case 1:
			pair.client.SetLinger(0)
			pair.client.Close()
		case 2:
			pair.conn.Finish()
			pair.client.Close()
		case 3:
			pair.client.CloseWrite()
			<-pair.r.ended
			pair.conn.Finish()
			pair.client.Close()
		case 4:
			pair.client.Write(clientFrame(0x83, ""))
			<-pair.r.ended
			pair.conn.Finish()
			pair.client.Close()
		}
	}
	for _, pair := range pairs {
		waitFor(t, pair.conn.Done())
	}
	p.Close()
	if n := fds(t) - descriptors; n > 2 {
		t.Errorf("%d descriptors are left", n)
	}
	for end := time.Now().Add(patience); runtime.NumGoroutine() > goroutines; runtime.Gosched() { // one may still be returning
		if time.Now().After(end) {
			t.Fatalf("%d goroutines are left", runtime.NumGoroutine()-goroutines)
		}
	}
}
