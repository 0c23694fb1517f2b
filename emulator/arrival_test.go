package emulator

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator/durable"
)

// front is a world with a server of the network.
type front struct {
	*World
	address string
}

// newFront serves a Worker. elsewhere is asked first whether it answers itself.
func newFront(t *testing.T, fetch durable.WorkerFunc, elsewhere func(w *World, rw http.ResponseWriter, r *http.Request) bool) *front {
	w, err := New(Options{Config: &config.Config{Name: "w", NameGiven: true, TopLevelName: "w"}, Worker: durable.Export(fetch)})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ConnContext: w.ConnContext, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if elsewhere == nil || !elsewhere(w, rw, r) {
			w.ServeHTTP(rw, r)
		}
	})}
	go server.Serve(w.Listen(l))
	t.Cleanup(func() {
		server.Close()
		w.Close()
	})
	return &front{w, l.Addr().String()}
}

// say sends text on a connection of its own.
func (f *front) say(t *testing.T, text string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", f.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn, bufio.NewReader(conn)
}

// TestTicketsEnd: nothing but a request that the Worker is at, or will be at once, holds others up.
func TestTicketsEnd(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere what has arrived has its place when it is read")
	}
	const get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
	hello := func(context.Context, *durable.Request, *durable.Env) (*durable.Response, error) {
		return durable.Text(200, "hello"), nil
	}
	t.Run("a connection that is read no more", func(t *testing.T) {
		f := newFront(t, hello, func(w *World, rw http.ResponseWriter, r *http.Request) bool {
			defer w.Aside(r)()
			return true
		})
		conn, in := f.say(t, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n")
		io.Copy(io.Discard, in) // net/http leaves its end open for half a second
		io.WriteString(conn, "body")
		f.order.Sweep()
		if n := f.order.Open(); n != 0 {
			t.Errorf("%d tickets", n)
		}
	})
	t.Run("a request that is refused before its body", func(t *testing.T) {
		f := newFront(t, hello, nil)
		_, in := f.say(t, "BREW / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
		if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != 100 {
			t.Fatal(resp, err)
		}
		if n := f.order.Open(); n != 0 {
			t.Errorf("%d tickets", n)
		}
	})
	t.Run("a request that is not the Worker's", func(t *testing.T) {
		begun, over := make(chan struct{}), make(chan struct{})
		f := newFront(t, hello, func(w *World, rw http.ResponseWriter, r *http.Request) bool {
			defer w.Aside(r)()
			close(begun)
			<-over
			return true
		})
		defer close(over)
		conn, _ := f.say(t, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n")
		<-begun
		io.WriteString(conn, "body")
		f.order.Sweep()
		if n := f.order.Open(); n != 0 {
			t.Errorf("%d tickets", n)
		}
	})
	t.Run("a request behind an answer that streams", func(t *testing.T) {
		body, feed := io.Pipe()
		f := newFront(t, func(context.Context, *durable.Request, *durable.Env) (*durable.Response, error) {
			return &durable.Response{Status: 200, Body: body}, nil
		}, nil)
		defer feed.Close()
		conn, in := f.say(t, get)
		feed.Write([]byte("first"))
		if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
		io.WriteString(conn, get)
		for range 100 {
			f.order.Sweep()
			runtime.Gosched()
		}
		if n := f.order.Open(); n != 0 {
			t.Errorf("%d tickets", n)
		}
	})
	t.Run("a head that does not end", func(t *testing.T) {
		f := newFront(t, hello, nil)
		f.say(t, "GET / HTTP/1.1\r\n")
		_, in := f.say(t, get) // accepted after the other
		if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
		for end := time.Now().Add(10 * time.Second); f.order.Open() != 0; runtime.Gosched() {
			if time.Now().After(end) {
				t.Fatalf("%d tickets", f.order.Open())
			}
		}
	})
}

// TestListenAfterEnd: a connection that is accepted when the world has ended costs no epoll set.
func TestListenAfterEnd(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is none")
	}
	sets := func() (n int) {
		all, _ := os.ReadDir("/proc/self/fd")
		for _, e := range all {
			if to, _ := os.Readlink("/proc/self/fd/" + e.Name()); to == "anon_inode:[eventpoll]" {
				n++
			}
		}
		return n
	}
	f := newFront(t, func(context.Context, *durable.Request, *durable.Env) (*durable.Response, error) { return nil, nil }, nil)
	f.World.Close()
	before := sets()
	_, in := f.say(t, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != 503 {
		t.Fatal(resp, err)
	}
	if n := sets(); n != before {
		t.Errorf("%d epoll sets, and %d before", n, before)
	}
}
