package emulator

// The front door: an HTTP request becomes an invocation of the Worker, its
// answer the response.
// https://developers.cloudflare.com/workers/runtime-apis/handlers/fetch/

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// ServeHTTP runs the Worker for a request. The Worker's errors are answered with
// status 500 and their text, upgrades are taken from the server that it is
// called by. The answered request is told to the observer.
func (w *World) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	begun := w.clock.Now()
	log := func(status int) {
		if w.opts.Observe == nil || strings.Contains(r.URL.Path, "/cdn-cgi/") {
			return
		}
		w.emit(Event{Type: EventRequest, Method: r.Method, Path: r.URL.EscapedPath(), Status: status, Millis: w.clock.Now().Sub(begun).Milliseconds()})
	}
	upgrade, refusal := wire.Check(r)
	if refusal != nil {
		refusal.ServeHTTP(rw, r)
		return
	}
	http.NewResponseController(rw).EnableFullDuplex() // fails only where every request is
	inv := w.invoke()
	req, key := w.requestOf(r, upgrade)
	resp, err := inv.run(req)
	if err == nil {
		err = w.check(resp, upgrade)
	}
	if err == nil && resp.WebSocket != nil {
		err = resp.WebSocket.(*view).s.giveAway()
	}
	switch {
	case err != nil:
		thrown := exception(err)
		w.fault(thrown)
		log(http.StatusInternalServerError)
		answerError(rw, r, thrown, upgrade)
	case resp.WebSocket != nil:
		log(http.StatusSwitchingProtocols)
		w.switchProtocols(rw, resp, key)
	default:
		log(resp.Status)
		w.respond(rw, resp)
	}
}

// requestOf is the request as the Worker sees it, and the key of an upgrade.
func (w *World) requestOf(r *http.Request, upgrade bool) (*driver.Request, string) {
	u := *r.URL
	u.Scheme, u.Host = "http", r.Host
	if r.TLS != nil {
		u.Scheme = "https"
	}
	if u.Opaque != "" || u.Path == "*" {
		u = url.URL{Scheme: u.Scheme, Host: r.Host, Path: "/"}
	}
	u.User, u.Fragment = nil, ""
	h := r.Header
	h["Host"] = []string{r.Host}
	h["Accept-Encoding"] = []string{"br, gzip"}
	if h["Cf-Connecting-Ip"] == nil {
		h["Cf-Connecting-Ip"] = []string{remoteIP(r)}
	}
	key := ""
	if upgrade {
		key = h.Get("Sec-WebSocket-Key")
		h["Connection"], h["Upgrade"] = []string{"Upgrade"}, []string{"websocket"}
	} else {
		delete(h, "Connection")
	}
	req := &driver.Request{Method: r.Method, URL: &u, Header: h, CF: driver.CF{Colo: "DFW", Country: "US", City: "Austin", ASN: "395747"}}
	if r.Body != http.NoBody && r.Body != nil {
		req.Body = &clientBody{r.Body}
	}
	return req, key
}

func remoteIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil || host == "::1" {
		return "127.0.0.1"
	}
	return host
}

// clientBody is a request's body as it arrives.
type clientBody struct{ io.ReadCloser }

// Read gives a body that is cut short workerd's error.
func (b *clientBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = &driver.Error{Name: "Error", Message: msgConnectionLost, Cause: err}
	}
	return n, err
}

// buffers are for copying bodies.
var buffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// respond writes a response that is no upgrade. Each piece of a streamed body
// leaves as it comes; a body that breaks off breaks the connection off.
func (w *World) respond(rw http.ResponseWriter, resp *driver.Response) {
	h := rw.Header()
	for k, v := range resp.Header {
		h[http.CanonicalHeaderKey(k)] = v
	}
	if h["Content-Type"] == nil {
		h["Content-Type"] = nil // net/http must not guess one
	}
	body := unboundReader(resp.Body)
	if c, ok := body.(io.Closer); ok {
		defer c.Close()
	}
	rw.WriteHeader(resp.Status)
	if body == nil {
		return
	}
	defer streamed(body)()
	_, known := h["Content-Length"]
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	flush := http.NewResponseController(rw)
	if !known {
		flush.Flush()
	}
	for {
		n, err := body.Read(*buf)
		if n > 0 {
			if _, err := rw.Write((*buf)[:n]); err != nil {
				return // the client has gone
			}
			if !known {
				flush.Flush()
			}
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			w.fault(exception(err))
			panic(http.ErrAbortHandler)
		}
	}
}

// switchProtocols takes the connection from the server, sends the 101 response with
// what the socket has sent so far, and gives the socket the connection.
func (w *World) switchProtocols(rw http.ResponseWriter, resp *driver.Response, key string) {
	client := resp.WebSocket.(*view).s
	server := client.other
	conn, buffered, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		server.Lost(err)
		return
	}
	conn.SetDeadline(time.Time{})
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	early = append([]byte(nil), early...)
	t, err := wire.NewConn(conn, early, server, &wire.Options{MaxQueue: w.opts.MaxBuffered, Poller: w.parking(conn)})
	if err != nil {
		conn.Close()
		server.Lost(err)
		return
	}
	if server.o == nil {
		w.carried(server)
	}
	if conn.LocalAddr().Network() == "pipe" {
		w.inMemory(t)
	}
	server.attach(w, t, wire.AppendSwitch(nil, key, resp.Header))
}

// parking returns the poller for a connection of the network, made for the first
// one, and none for others.
func (w *World) parking(conn net.Conn) *wire.Poller {
	if _, ok := conn.(*net.TCPConn); !ok {
		return nil
	}
	w.parked.Do(func() { w.poller = wire.NewPoller() })
	return w.poller
}

// inMemory notes a connection for [World.Settle].
func (w *World) inMemory(t *wire.Conn) {
	w.memory.Lock()
	defer w.memory.Unlock()
	if w.memory.set == nil {
		w.memory.set = map[*wire.Conn]struct{}{}
	}
	w.memory.set[t] = struct{}{}
}

// carried notes a socket that has a connection of its own, for Close.
func (w *World) carried(s *socket) {
	w.loose.Lock()
	defer w.loose.Unlock()
	if w.loose.set == nil {
		w.loose.set = map[*socket]struct{}{}
	}
	w.loose.set[s] = struct{}{}
}

// uncarried forgets it.
func (w *World) uncarried(s *socket) {
	w.loose.Lock()
	defer w.loose.Unlock()
	delete(w.loose.set, s)
}
