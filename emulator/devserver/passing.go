package devserver

// Requests that have no answer when one program follows another: GET and HEAD are sent to the new
// program, others get a 503. The connections stay with the old program until each has its answer.
// https://github.com/cloudflare/workers-sdk/blob/main/packages/wrangler/templates/startDevWorker/ProxyWorker.ts

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
)

// passing holds the requests that have no answer yet, and can pass them on.
type passing struct {
	next *http.Transport // to the same address, where the next program listens
	tls  bool

	ctx    context.Context // of the requests passed on
	cancel context.CancelFunc

	mu       sync.Mutex
	leaving  bool
	waiting  map[*passage]struct{}
	passedOn sync.WaitGroup // the requests passed on
}

// newPassing makes the passing of a server at an address.
func newPassing(at net.Addr, encrypted bool) *passing {
	p := &passing{tls: encrypted, waiting: map[*passage]struct{}{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.next = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", reachable(at))
		},
		// The certificate is emu's own, and so is the address.
		TLSClientConfig:    &tls.Config{InsecureSkipVerify: true},
		DisableKeepAlives:  true,
		DisableCompression: true,
	}
	return p
}

// reachable is the address to dial for one that is listened on.
func reachable(at net.Addr) string {
	a := *at.(*net.TCPAddr)
	if a.IP.IsUnspecified() {
		a.IP = net.IPv6loopback
		if at.Network() == "tcp4" || len(at.(*net.TCPAddr).IP.To4()) == net.IPv4len {
			a.IP = net.IPv4(127, 0, 0, 1)
		}
	}
	return a.String()
}

// connection is the key of a request's connection in its context.
type connection struct{}

// passage is a request with the writer of its answer.
type passage struct {
	http.ResponseWriter
	conn   net.Conn
	again  *http.Request // what to ask the next program
	whole  bool          // again has all of the request
	state  atomic.Int32
	passed chan struct{} // closed when the answer has been written past net/http
}

// The states of a passage.
const (
	unanswered int32 = iota
	answered         // this program answers
	taken            // the next program answers
)

var errTaken = errors.New("another program answers the request")

func (p *passage) answer() bool {
	return p.state.Load() == answered || p.state.CompareAndSwap(unanswered, answered)
}

func (p *passage) WriteHeader(status int) {
	invites := status < 200 && status != http.StatusSwitchingProtocols // an interim response is no answer
	if invites && p.state.Load() != taken || !invites && p.answer() {
		p.ResponseWriter.WriteHeader(status)
	}
}

func (p *passage) Write(b []byte) (int, error) {
	if !p.answer() {
		return 0, errTaken
	}
	return p.ResponseWriter.Write(b)
}

// FlushError is for [http.ResponseController].
func (p *passage) FlushError() error {
	if !p.answer() {
		return errTaken
	}
	return http.NewResponseController(p.ResponseWriter).Flush()
}

// Hijack is for [http.ResponseController].
func (p *passage) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if !p.answer() {
		return nil, nil, errTaken
	}
	return http.NewResponseController(p.ResponseWriter).Hijack()
}

// Unwrap is for [http.ResponseController].
func (p *passage) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// serve lets the world answer a request, or passes it on if another program follows.
func (ps *passing) serve(w http.ResponseWriter, r *http.Request, world *emulator.World) {
	p := &passage{ResponseWriter: w, passed: make(chan struct{})}
	p.conn, _ = r.Context().Value(connection{}).(net.Conn)
	p.again = ps.again(r)
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead
	p.whole = safe && r.Body == http.NoBody && r.Header.Get("Upgrade") == ""
	ps.mu.Lock()
	leaving := ps.leaving
	if leaving {
		ps.passedOn.Add(1)
	} else {
		ps.waiting[p] = struct{}{}
	}
	ps.mu.Unlock()
	if leaving { // the request has not begun, so that it can be repeated whatever its method
		defer world.Aside(r)()
		defer ps.passedOn.Done()
		p.state.Store(taken)
		p.whole = r.Header.Get("Upgrade") == ""
		p.again.Body, p.again.ContentLength = r.Body, r.ContentLength
		ps.pass(p)
	} else {
		// Deferred, because the world ends a broken answer with a panic.
		defer func() {
			ps.mu.Lock()
			delete(ps.waiting, p)
			ps.mu.Unlock()
		}()
		world.ServeHTTP(p, r)
	}
	if p.state.Load() == taken {
		<-p.passed
		panic(http.ErrAbortHandler) // net/http must not answer too
	}
}

// again is a request for the next program.
func (ps *passing) again(r *http.Request) *http.Request {
	u := *r.URL
	u.Scheme, u.Host = "http", "emu"
	if ps.tls {
		u.Scheme = "https"
	}
	h := r.Header.Clone()
	if _, ok := h["User-Agent"]; !ok {
		h["User-Agent"] = []string{""} // or else net/http adds its own
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil && h["Cf-Connecting-Ip"] == nil && !net.ParseIP(host).IsLoopback() {
		h["Cf-Connecting-Ip"] = []string{host}
	}
	for _, k := range []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"} {
		delete(h, k)
	}
	return (&http.Request{Method: r.Method, URL: &u, Host: r.Host, Header: h, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ps.ctx)
}

// leave passes the requests on that have no answer.
func (ps *passing) leave() {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.leaving = true
	for p := range ps.waiting {
		if p.state.CompareAndSwap(unanswered, taken) {
			ps.passedOn.Go(func() { ps.pass(p) })
		}
	}
}

// pass writes the next program's answer, or a 503. It closes the connection, so that the client's
// next request reaches the next program.
func (ps *passing) pass(p *passage) {
	defer close(p.passed)
	if p.conn == nil {
		return
	}
	defer hangUp(p.conn)
	if p.whole {
		resp, err := ps.next.RoundTrip(p.again)
		if err == nil {
			resp.Close = true
			resp.Write(p.conn)
			resp.Body.Close()
			return
		}
	}
	fmt.Fprintf(p.conn, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: %d\r\nContent-Type: text/plain;charset=UTF-8\r\nRetry-After: 0\r\nConnection: close\r\n\r\n%s", len(msgRestarted), msgRestarted)
}

// hangUp closes a connection after the client has read its answer: to close it while the client
// still sends would reset it.
func hangUp(conn net.Conn) {
	if c, ok := conn.(interface{ CloseWrite() error }); ok && c.CloseWrite() == nil {
		conn.SetReadDeadline(time.Now().Add(maxFlush))
		io.Copy(io.Discard, conn)
	}
	conn.Close()
}
