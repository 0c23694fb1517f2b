package upload

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener of connections in memory.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.IPAddr{} }

// TestLimits: what never ends, or comes too slowly, holds the server for a time that is written down, and the client has
// its answer long before.
func TestLimits(t *testing.T) {
	const endless = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000000\r\n\r\n"
	const chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
	drip := func(piece string, every time.Duration) func(io.Writer) error {
		return func(w io.Writer) error {
			time.Sleep(every)
			_, err := io.WriteString(w, piece)
			return err
		}
	}
	nothing := func(io.Writer) error { time.Sleep(time.Hour); return io.EOF }
	for _, tt := range []struct {
		name, head       string
		send             func(io.Writer) error // until it fails
		touched, chunk   bool
		answered, closed time.Duration // at most
	}{
		{"nothing is sent", endless, nothing, false, false, 2 * maxSilence, 2*maxSilence + maxAfter + maxParting},
		{"nothing is sent, half read", endless, nothing, true, false, 2 * maxRestSilence, 2*maxSilence + maxAfter + maxParting},
		{"nothing is sent, and the answer is a stream", endless, nothing, true, true, 2 * maxRestSilence, maxAfter + 2*maxParting},
		{"a byte now and then", endless, drip("b", maxSilence/2), false, false, maxWait, maxWait + maxAfter + maxParting},
		{"a chunk now and then", chunked, drip("1\r\nb\r\n", maxSilence/2), false, false, maxWait, maxWait + maxAfter + maxParting},
		{"a byte now and then, half read", endless, drip("b", maxRestSilence/2), true, false, maxRestWait, maxRestWait + maxAfter + maxParting},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := make(pipes)
				s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					u := Begin(context.Background(), w, r)
					if tt.touched {
						u.Touch()
					}
					u.Drop()
					u.Await()
					by := ByLength
					if tt.chunk {
						w.WriteHeader(401)
						by = ByChunk
					} else {
						w.Header().Set("Content-Length", "2")
						w.WriteHeader(401)
						io.WriteString(w, "no")
					}
					u.End(by)
				})}
				go s.Serve(l)
				defer s.Close()
				client, server := net.Pipe()
				l <- server
				begun := time.Now()
				io.WriteString(client, tt.head)
				go func() {
					for tt.send(client) == nil {
					}
				}()
				in := bufio.NewReader(client)
				resp, err := http.ReadResponse(in, nil)
				if took := time.Since(begun); err != nil || resp.StatusCode != 401 || took > tt.answered {
					t.Errorf("answer %v, %v after %v", resp, err, took)
				}
				_, err = io.Copy(io.Discard, resp.Body)
				if err == nil {
					_, err = in.ReadByte()
				}
				if took := time.Since(begun); err != io.EOF || took > tt.closed {
					t.Errorf("the connection ends with %v after %v", err, took)
				}
				client.Close()
				time.Sleep(2 * time.Hour) // the sender's
			})
		})
	}
}

// TestBytes: what is sent fast is read up to a limit, not to no end.
func TestBytes(t *testing.T) {
	sent := &counted{}
	r, _ := http.NewRequest("POST", "/", sent)
	u := Begin(context.Background(), nothing{}, r)
	u.Drop()
	<-u.done
	if u.Ended() || sent.n < maxBytes || sent.n > maxBytes+1<<20 {
		t.Errorf("%d bytes are read", sent.n)
	}
	if n, err := u.Read(make([]byte, 1)); n != 0 || err != ErrAnswered {
		t.Errorf("read %d, %v", n, err)
	}
}

// TestReaderFirst: who reads when the body is dropped keeps what it reads.
func TestReaderFirst(t *testing.T) {
	r, w := io.Pipe()
	q, _ := http.NewRequest("POST", "/", r)
	u := Begin(context.Background(), nothing{}, q)
	got := make(chan string)
	go func() {
		b := make([]byte, 8)
		n, err := u.Read(b)
		got <- fmt.Sprint(string(b[:n]), err)
	}()
	for !u.Touched() {
		time.Sleep(0)
	}
	u.Drop()
	io.WriteString(w, "mine")
	if s := <-got; s != "mine<nil>" {
		t.Errorf("reads %s", s)
	}
	io.WriteString(w, "rest")
	w.Close()
	<-u.done
	if !u.Ended() || u.moved.Load() != int64(len("rest")) {
		t.Errorf("%d bytes are dropped", u.moved.Load())
	}
}

// counted is a body without an end.
type counted struct{ n int64 }

func (c *counted) Read(p []byte) (int, error) { c.n += int64(len(p)); return len(p), nil }

// nothing is a writer whom nobody reads.
type nothing struct{}

func (nothing) Header() http.Header         { return http.Header{} }
func (nothing) Write(p []byte) (int, error) { return len(p), nil }
func (nothing) WriteHeader(int)             {}

// TestPipelined: the next request, sent together with a body that nobody reads, is answered.
func TestPipelined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := make(pipes)
		s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			Answer(w, r, func() {
				w.Header().Set("Content-Length", "3")
				w.WriteHeader(401)
				io.WriteString(w, r.URL.Path+"\n")
			})
		})}
		go s.Serve(l)
		defer s.Close()
		client, server := net.Pipe()
		defer client.Close()
		l <- server
		go io.WriteString(client, strings.Repeat("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n"+strings.Repeat("b", 300000), 3)+
			"GET /b HTTP/1.1\r\nHost: h\r\n\r\n")
		in := bufio.NewReader(client)
		for _, want := range []string{"/a\n", "/a\n", "/a\n", "/b\n"} {
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(resp.Body); string(b) != want || err != nil {
				t.Errorf("got %q, %v; want %q", b, err, want)
			}
		}
	})
}
