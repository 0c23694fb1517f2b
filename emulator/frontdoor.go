package emulator

// The front door: an HTTP request becomes an invocation of the Worker, its
// answer the response.
// https://developers.cloudflare.com/workers/runtime-apis/handlers/fetch/

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/upload"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// ServeHTTP runs the Worker for a request. The Worker's errors are answered with
// status 500 and their text, upgrades are taken from the server that it is
// called by. The answered request is told to the observer.
func (w *World) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if !w.request() {
		upload.Answer(rw, r, func() {
			rw.Header().Set("Content-Length", "0")
			rw.WriteHeader(http.StatusServiceUnavailable)
		})
		return
	}
	defer w.requests.Done()
	begun := w.clock.Now()
	if !methods[r.Method] || r.Host == "" {
		upload.Answer(rw, r, func() { refuse(rw, r) })
		return
	}
	upgrade, refusal := wire.Check(r)
	upgrade = upgrade || refusal != nil
	body := upload.Begin(w.ctx, rw, r)
	if body != nil {
		control := http.NewResponseController(rw)
		defer context.AfterFunc(w.ctx, func() { control.SetReadDeadline(time.Now().Add(partingTime)) })()
	}
	method, path := r.Method, ""
	log := func(status int) {
		if w.opts.Observe == nil || strings.HasPrefix(path, "/cdn-cgi/") {
			return
		}
		w.emit(Event{Type: EventRequest, Method: method, Path: path, Status: status, Millis: w.clock.Now().Sub(begun).Milliseconds()})
	}
	inv := w.invoke()
	if f := w.opts.Attended; f != nil {
		inv.attended = func() { f(r.Context()) }
	}
	req, key := w.requestOf(r, body, upgrade, inv.attended)
	path = req.URL.EscapedPath()
	resp, err := inv.run(req)
	if err == nil {
		err = w.check(resp, upgrade)
	}
	if inv.passedOn.Load() {
		body.Touch()
	}
	if err != nil || !wants(body, unboundReader(resp.Body)) {
		body.Drop()
		body.Await()
	}
	switch {
	case err != nil:
		thrown := exception(err)
		w.fault(thrown)
		log(http.StatusInternalServerError)
		answerError(rw, r, thrown, upgrade)
		body.End(upload.ByChunk)
	case resp.WebSocket != nil:
		client := resp.WebSocket.(*view).s
		if err := client.giveAway(); err != nil {
			w.fault(err)
			client = lostSocket().(*view).s
		}
		if refusal != nil {
			log(http.StatusSwitchingProtocols) // as the Worker answered
			client.other.Lost(nil)
			rw.Header()["Date"] = nil
			refusal.ServeHTTP(rw, r)
			body.End(upload.ByLength)
			return
		}
		log(http.StatusSwitchingProtocols)
		client.relay()
		w.switchProtocols(rw, client.other, key, resp.Header)
	default:
		log(resp.Status)
		body.End(w.respond(rw, r, resp, upgrade, body))
	}
}

// methods are those that workerd knows.
var methods = map[string]bool{
	"GET": true, "HEAD": true, "POST": true, "PUT": true, "DELETE": true, "PATCH": true, "PURGE": true,
	"OPTIONS": true, "TRACE": true, "COPY": true, "LOCK": true, "MKCOL": true, "MOVE": true, "PROPFIND": true,
	"PROPPATCH": true, "SEARCH": true, "UNLOCK": true, "ACL": true, "REPORT": true, "MKACTIVITY": true,
	"CHECKOUT": true, "MERGE": true, "MSEARCH": true, "NOTIFY": true, "SUBSCRIBE": true, "UNSUBSCRIBE": true,
	"QUERY": true, "BAN": true,
}

// refuse answers a request that no Worker gets to see.
func refuse(rw http.ResponseWriter, r *http.Request) {
	h := rw.Header()
	h["Date"] = nil
	status, text := http.StatusBadRequest, http.StatusText(http.StatusBadRequest)
	h["Content-Type"] = nil
	if !methods[r.Method] {
		status, text = http.StatusNotImplemented, msgMethodUnknown
		h.Set("Content-Type", "text/plain")
		h.Set("Connection", "close")
	}
	if r.ContentLength != 0 { // or else net/http says so itself
		h.Set("Content-Length", strconv.Itoa(len(text)))
	}
	rw.WriteHeader(status)
	io.WriteString(rw, text)
}

// buffers are for copying bodies.
var buffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// ofConnection are the headers that belong to a connection. A Worker sees none of
// a client's, but of an upgrade, and a client none of a Worker's.
var ofConnection = []string{"Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// partingTime is how long a client has, when the world is closed, to take what is
// written to it and to send what is read from it.
const partingTime = time.Second

// respond writes a response that is no upgrade, and returns how its end is seen. Each piece
// of a streamed body leaves as it comes; a body that breaks off breaks the connection off.
// sent is the request's body.
func (w *World) respond(rw http.ResponseWriter, r *http.Request, resp *driver.Response, upgrade bool, sent *upload.Upload) upload.Ending {
	h := rw.Header()
	h["Date"] = nil
	for k, v := range resp.Header {
		h[http.CanonicalHeaderKey(k)] = v
	}
	for _, k := range ofConnection {
		delete(h, k)
	}
	if h["Content-Type"] == nil {
		h["Content-Type"] = nil // net/http must not guess one
	}
	head := r.Method == http.MethodHead
	if resp.Body == nil && !head || resp.Body != nil && head && !upgrade {
		delete(h, "Content-Length") // in the one case it is 0, in the other workerd does not tell
	}
	if resp.Body == nil && !head && !sent.Ended() && resp.Status != http.StatusNoContent && resp.Status != http.StatusNotModified {
		h.Set("Content-Length", "0") // net/http says so itself only when the handler has returned
	}
	body := unboundReader(resp.Body)
	flush := http.NewResponseController(rw)
	if c, ok := body.(io.Closer); ok {
		defer c.Close()
		defer context.AfterFunc(w.ctx, func() { // Close does not wait for who streams
			c.Close()
			flush.SetWriteDeadline(time.Now().Add(partingTime))
		})()
	} else if body != nil && !isSmall(body) {
		defer context.AfterFunc(w.ctx, func() { flush.SetWriteDeadline(time.Now().Add(partingTime)) })()
	}
	rw.WriteHeader(resp.Status)
	if body == nil || head {
		return upload.ByLength
	}
	defer streamed(body)()
	defer w.working("a response's body")()
	_, known := h["Content-Length"]
	by := upload.ByLength
	switch {
	case known:
	case r.ProtoAtLeast(1, 1):
		by = upload.ByChunk
	default:
		by = upload.ByClose
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	if !known {
		flush.Flush()
	}
	for {
		n, err := w.readBody(body, *buf)
		if n > 0 {
			waiting := sent.Unblock()
			_, err := rw.Write((*buf)[:n])
			waiting()
			if err != nil {
				return by // the client has gone
			}
			if !known {
				flush.Flush()
			}
		}
		if err == io.EOF {
			return by
		}
		if err != nil {
			if !errors.Is(err, http.ErrAbortHandler) {
				w.fault(exception(err))
			}
			panic(http.ErrAbortHandler)
		}
	}
}

// readBody reads a piece of a response's body. A panic is an exception of the handler
// that has answered with it.
func (w *World) readBody(body io.Reader, buf []byte) (n int, err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		n, err = 0, http.ErrAbortHandler
		switch b, ofObject := body.(*objectBody); {
		case p == any(http.ErrAbortHandler):
		case ofObject:
			b.in.o.fault("fetch", panicked(p, debug.Stack()))
		default:
			w.fault(panicked(p, debug.Stack()))
		}
	}()
	return body.Read(buf)
}

// switchProtocols takes the connection from the server, sends the 101 response with
// what the socket has sent so far, and gives the socket the connection.
func (w *World) switchProtocols(rw http.ResponseWriter, server *socket, key string, header http.Header) {
	conn, buffered, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		w.fault(exception(fmt.Errorf("taking over the connection: %w", err)))
		server.Lost(err)
		return
	}
	conn.SetDeadline(time.Time{})
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	early = append([]byte(nil), early...)
	t, err := wire.NewConn(conn, early, server, &wire.Options{MaxQueue: w.opts.MaxBuffered, Budget: w.budget, Poller: w.parking(conn)})
	if err != nil {
		w.fault(exception(fmt.Errorf("taking over the connection: %w", err)))
		server.Lost(err)
		return
	}
	if server.o == nil {
		w.carried(server)
	}
	if conn.LocalAddr().Network() == "pipe" {
		w.inMemory(t)
	}
	server.attach(w, t, wire.AppendSwitch(nil, key, header))
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
