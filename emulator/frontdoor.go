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
	"github.com/seed-36a2c969/emu/emulator/internal/arrival"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/message"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
	"github.com/seed-36a2c969/emu/emulator/internal/upload"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// ServeHTTP runs the Worker for a request. The Worker's errors are answered with
// status 500 and their text, upgrades are taken from the server that it is
// called by. The answered request is told to the observer.
func (w *World) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if !w.host.Requests.Enter() {
		upload.Answer(rw, r, func() {
			rw.Header().Set("Content-Length", "0")
			rw.WriteHeader(http.StatusServiceUnavailable)
		})
		return
	}
	defer w.host.Requests.Leave()
	place, end := w.order.Arrived(r)
	defer end()
	begun := w.host.Now()
	if status, text := refusal(r); status != 0 {
		place.Close() // the body may take its time
		upload.Answer(rw, r, func() { refuse(rw, r, status, text) })
		return
	}
	upgrade, refused := wire.Check(r)
	upgrade = upgrade || refused != nil
	body := upload.Begin(w.host.Context(), rw, r)
	if body != nil {
		control := http.NewResponseController(rw)
		defer context.AfterFunc(w.host.Context(), func() { control.SetReadDeadline(time.Now().Add(partingTime)) })()
	}
	method, path := r.Method, ""
	log := func(status int) {
		if !w.host.Events.Observed() || strings.HasPrefix(path, "/cdn-cgi/") {
			return
		}
		w.host.Emit(host.Event{Type: host.EventRequest, Method: method, Path: path, Status: status, Millis: w.host.Now().Sub(begun).Milliseconds()})
	}
	inv := w.invoke()
	if f := w.opts.Attended; f != nil {
		inv.attended = func() { f(r.Context()) }
	}
	defer func() {
		if inv.gone == nil {
			return
		}
		body.Drop()
		body.Await()
		log(http.StatusInternalServerError)
		rw.Header().Set("Connection", "close")
		answerError(rw, r, inv.gone, upgrade, true) // net/http closes the connection behind it
		body.End(upload.ByLength)
	}()
	inv.ticket.Store(place)
	req, key := w.requestOf(r, body, upgrade, inv)
	path = req.URL.EscapedPath()
	resp, err := inv.run(req)
	if body == nil && (err != nil || isWhole(resp)) {
		end() // else what arrives while the answer streams would hold others up
	}
	if err == nil {
		err = message.CheckResponse(resp, upgrade)
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
		thrown := driver.Exception(err)
		w.fault(thrown)
		log(http.StatusInternalServerError)
		answerError(rw, r, thrown, upgrade, false)
		body.End(upload.ByChunk)
	case resp.WebSocket != nil:
		client, err := socket.GiveAway(resp.WebSocket)
		if err != nil {
			w.fault(err)
		}
		if refused != nil {
			log(http.StatusSwitchingProtocols) // as the Worker answered
			client.Other().Lost(nil)
			rw.Header()["Date"] = nil
			refused.ServeHTTP(rw, r)
			body.End(upload.ByLength)
			return
		}
		log(http.StatusSwitchingProtocols)
		client.Relay()
		header := http.Header(resp.Header).Clone()
		w.answering(r, header)
		w.switchProtocols(rw, client.Other(), key, header)
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

// Limits on the head of a request, in bytes. workerd takes 64 KiB of request line and 480 KiB in all, and
// Wrangler puts some headers of its own in.
const (
	maxAddress    = 65512
	maxHead       = 491120
	maxHeaderName = 65535
	maxHeaders    = 16382 // lines
)

// MaxHeaderBytes is for the [http.Server] of a world, so that it refuses too large a head itself only where the world
// would not be asked.
const MaxHeaderBytes = 4 << 20

// refusal says why no Worker gets to see a request; status 0 is that it does.
func refusal(r *http.Request) (status int, text string) {
	switch {
	case r.ProtoMajor == 1 && r.ProtoMinor > 1:
		return http.StatusBadRequest, msgVersion
	case !methods[r.Method]:
		return http.StatusNotImplemented, msgMethodUnknown
	case len(r.RequestURI) > maxAddress:
		return http.StatusRequestURITooLong, msgAddressTooLong
	case tooLarge(r):
		return http.StatusRequestHeaderFieldsTooLarge, msgHeadTooLarge
	case r.Host == "":
		return http.StatusBadRequest, http.StatusText(http.StatusBadRequest)
	}
	return 0, ""
}

// tooLarge reports whether the head of a request has more bytes or more headers than workerd takes, or a longer name.
func tooLarge(r *http.Request) bool {
	n := len(r.Method) + len(r.RequestURI) + len(" HTTP/1.1\r\nHost: \r\n\r\n ") + len(r.Host)
	lines := 1
	for name, values := range r.Header {
		if len(name) > maxHeaderName {
			return true
		}
		lines += len(values)
		for _, v := range values {
			n += len(name) + len(": \r\n") + len(v)
		}
	}
	return n > maxHead || lines > maxHeaders
}

// refuse answers a request that no Worker gets to see.
func refuse(rw http.ResponseWriter, r *http.Request, status int, text string) {
	h := rw.Header()
	h["Date"] = nil
	h["Content-Type"] = nil
	if r.Host != "" {
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
		h[k] = v
	}
	for _, k := range ofConnection {
		delete(h, k)
	}
	w.answering(r, h)
	if n := h["Content-Length"]; n != nil && (len(n) != 1 || !message.IsLength(n[0])) {
		delete(h, "Content-Length") // workerd does not look at what a response says of its length
	}
	if t := h["Content-Type"]; len(t) == 0 || len(t) == 1 && t[0] == "" {
		h["Content-Type"] = nil // net/http must not guess one
	}
	bodiless := r.Method == http.MethodHead
	if resp.Body == nil && !bodiless || resp.Body != nil && bodiless && !upgrade {
		delete(h, "Content-Length") // in the one case it is 0, in the other workerd does not tell
	}
	if resp.Body == nil && !bodiless && !sent.Ended() && resp.Status != http.StatusNoContent && resp.Status != http.StatusNotModified {
		h.Set("Content-Length", "0") // net/http says so itself only when the handler has returned
	}
	body := unboundReader(resp.Body)
	flush := http.NewResponseController(rw)
	if c, ok := body.(io.Closer); ok {
		defer c.Close()
		defer context.AfterFunc(w.host.Context(), func() { // Close does not wait for who streams
			c.Close()
			flush.SetWriteDeadline(time.Now().Add(partingTime))
		})()
	} else if body != nil && !isSmall(body) {
		defer context.AfterFunc(w.host.Context(), func() { flush.SetWriteDeadline(time.Now().Add(partingTime)) })()
	}
	if body == nil || bodiless {
		rw.WriteHeader(resp.Status)
		return upload.ByLength
	}
	defer streamed(body)()
	defer w.watch.Works("a response's body")()
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
	var begin *head
	if isBuffered(body) {
		rw.WriteHeader(resp.Status) // what is in memory does not fail
	} else {
		begin = &head{write: func() {
			rw.WriteHeader(resp.Status)
			if !known {
				flush.Flush()
			}
		}}
		begin.after(headDelay)
	}
	exited := func() { // net/http closes the connection behind it
		if begin.never() {
			answerLost(rw, true)
		}
		flush.Flush()
	}
	length, written := int64(0), int64(0)
	if known {
		length, _ = strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	}
	for {
		n, err := w.readBody(body, *buf, exited)
		switch {
		case known && int64(n) > length-written:
			n, err = 0, driver.TypeError(msgLengthMore)
		case known && err == io.EOF && int64(n) < length-written:
			err = driver.TypeError(msgLengthLess)
		}
		if n == 0 && err != nil && err != io.EOF && begin.never() {
			w.bodyFailed(err)
			answerLost(rw, false)
			return upload.ByLength
		}
		begin.now()
		if n > 0 {
			waiting := sent.Unblock()
			_, gone := rw.Write((*buf)[:n])
			waiting()
			if gone != nil {
				return by
			}
			written += int64(n)
			if begin != nil && err == nil {
				flush.Flush() // what comes next may take its time
			}
		}
		if err == io.EOF {
			return by
		}
		if err != nil {
			if b, ofObject := body.(*objectBody); !ofObject || b.in.life.lost() == nil { // a reset has been told
				w.bodyFailed(err)
			}
			flush.Flush() // the client has what came before
			panic(http.ErrAbortHandler)
		}
	}
}

// answering makes addresses in a response's headers those that the client knows.
func (w *World) answering(r *http.Request, h http.Header) {
	asked, seen := w.origins(r)
	translate(h, seen, asked)
}

// bodyFailed tells the observer of an error of a response's body.
func (w *World) bodyFailed(err error) {
	if !errors.Is(err, http.ErrAbortHandler) {
		w.fault(driver.Exception(err))
	}
}

// headDelay is how long the head of a streamed response waits for the first piece. If there is
// an error in its place, the response is another one.
const headDelay = 10 * time.Millisecond

// head is written once, or never. A nil head has been written.
type head struct {
	mu    sync.Mutex
	write func() // nil once it is decided
	timer *time.Timer
}

// after writes the head when d has passed.
func (h *head) after(d time.Duration) { h.timer = time.AfterFunc(d, h.now) }

// now writes the head, unless it has been.
func (h *head) now() {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.write != nil {
		h.write()
		h.write = nil
	}
}

// never reports whether the head has not been written, and will not be.
func (h *head) never() bool {
	if h == nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	unwritten := h.write != nil
	h.write = nil
	return unwritten
}

// readBody reads a piece of a response's body. A panic is an exception of the handler
// that has answered with it, and so is it if reading ends the goroutine: exited is called in place of the return then.
func (w *World) readBody(body io.Reader, buf []byte, exited func()) (n int, err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		p := recover()
		thrown := driver.PlainError(msgGoexit)
		if p != nil {
			thrown = stacks.Panicked(p, debug.Stack())
		}
		switch b, ofObject := body.(*objectBody); {
		case p == any(http.ErrAbortHandler):
		case ofObject:
			b.in.o.fault("fetch", thrown)
		default:
			w.fault(thrown)
		}
		if p == nil {
			exited()
			return
		}
		n, err = 0, http.ErrAbortHandler
	}()
	n, err = body.Read(buf)
	returned = true
	return n, err
}

// switchProtocols takes the connection from the server, sends the 101 response with
// what the socket has sent so far, and gives the socket the connection.
func (w *World) switchProtocols(rw http.ResponseWriter, server *socket.Socket, key string, header http.Header) {
	conn, buffered, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		w.fault(driver.Exception(fmt.Errorf("taking over the connection: %w", err)))
		server.Lost(err)
		return
	}
	conn = arrival.Detach(conn)
	conn.SetDeadline(time.Time{})
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	early = append([]byte(nil), early...)
	t, err := wire.NewConn(conn, early, server, &wire.Options{MaxQueue: w.opts.MaxBuffered, Budget: w.budget, Poller: w.parking(conn)})
	if err != nil {
		w.fault(driver.Exception(fmt.Errorf("taking over the connection: %w", err)))
		server.Lost(err)
		return
	}
	if conn.LocalAddr().Network() == "pipe" {
		w.host.Activity.Watch(t)
	}
	server.Connect(w.net, t, wire.AppendSwitch(nil, key, header))
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

// Listen returns l with connections that keep the order in which their requests arrive.
// The server needs [World.ConnContext].
func (w *World) Listen(l net.Listener) net.Listener { return w.order.Listen(l) }

// ConnContext is for an http.Server.
func (w *World) ConnContext(ctx context.Context, conn net.Conn) context.Context {
	return arrival.ConnContext(ctx, conn)
}

// Aside is for a request that somebody else answers than the world: it and its body
// hold nobody up. What it returns is called when the request has its answer.
func (w *World) Aside(r *http.Request) (end func()) { return w.order.Aside(r) }
