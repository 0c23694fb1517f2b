// Package upload receives the body of a request that net/http's server has read the head of. An answer that is
// given before the body has arrived must cost the client neither the answer nor, if the rest comes soon, the
// connection: a client that sends before it reads would find a reset in place of its answer. What nobody reads is
// therefore read here and dropped. net/http does so for 256 KiB only, and not at all in full duplex, which streams
// both ways need.
//
// Source: https://www.rfc-editor.org/rfc/rfc9112#section-9.6
package upload

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Limits on what is read of a body that nobody wants. No answer waits longer than they say.
const (
	// maxBytes is how much is dropped.
	maxBytes = 1 << 30
	// maxWait is how long an answer waits for a body that nobody has begun to read, and maxSilence how long of
	// that without a byte: Wrangler waits for all of it, so that its clients send their next request on the same
	// connection. A client may also wait for the answer before it sends the body.
	maxWait, maxSilence = 10 * time.Second, time.Second
	// maxRestWait and maxRestSilence are the same for a body that has been read in part, or passed on: there Wrangler
	// does not wait.
	maxRestWait, maxRestSilence = 2 * time.Second, 250 * time.Millisecond
	// maxAfter is how long a body may go on after its answer.
	maxAfter = 30 * time.Second
	// maxParting is how long a client that sends on has to see that the connection has been ended.
	maxParting = time.Second
)

// ErrAnswered is the error of reading a body whose request has been answered.
var ErrAnswered = errors.New("the request has been answered")

// Upload is the body of a request, to be read by one at a time. A nil Upload is that of a request without a body.
type Upload struct {
	ctx     context.Context
	control *http.ResponseController
	body    io.ReadCloser
	ahead   bool // the server speaks HTTP/1.1 or older, one request after the other

	reading sync.Mutex    // held while somebody reads
	touched atomic.Bool   // somebody has begun to read
	dropped atomic.Bool   // the rest is of no interest
	moved   atomic.Int64  // bytes dropped
	done    chan struct{} // closed when nothing is dropped any more
	ended   atomic.Bool   // the end has arrived
}

// Begin takes the body of a request to be answered through w, and invites a client that asks first to send it. When ctx
// ends, the client gets a moment.
func Begin(ctx context.Context, w http.ResponseWriter, r *http.Request) *Upload {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	u := &Upload{ctx: ctx, control: http.NewResponseController(w), body: r.Body, ahead: r.ProtoMajor == 1, done: make(chan struct{})}
	u.control.EnableFullDuplex() // fails only where every request is
	if r.ProtoAtLeast(1, 1) && strings.EqualFold(r.Header.Get("Expect"), "100-continue") {
		w.WriteHeader(http.StatusContinue)
		// net/http closes a connection whose client waits for an invitation that reading the body would have
		// given. It finds out by the body's type, so the body becomes another one.
		r.Body = u
	}
	return u
}

// Read reads the body until it is dropped.
func (u *Upload) Read(p []byte) (int, error) {
	u.reading.Lock()
	defer u.reading.Unlock()
	if u.dropped.Load() {
		return 0, ErrAnswered
	}
	u.touched.Store(true)
	return u.read(p)
}

func (u *Upload) read(p []byte) (int, error) {
	n, err := u.body.Read(p)
	if err == io.EOF {
		u.ended.Store(true)
	}
	return n, err
}

// Close does nothing: what is left is dropped after the answer.
func (u *Upload) Close() error { return nil }

// Touch says that somebody may have begun to read the body.
func (u *Upload) Touch() {
	if u != nil {
		u.touched.Store(true)
	}
}

// Touched reports whether somebody may have begun to read the body.
func (u *Upload) Touched() bool { return u != nil && u.touched.Load() }

// Ended reports whether all of the body has arrived.
func (u *Upload) Ended() bool { return u == nil || u.ended.Load() }

// buffers are for what is dropped.
var buffers = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

// Drop says that nobody will read the body any more. Its rest is read as it comes.
func (u *Upload) Drop() {
	if u == nil || u.dropped.Swap(true) {
		return
	}
	if u.ended.Load() {
		close(u.done)
		return
	}
	go func() {
		defer close(u.done)
		u.reading.Lock() // a read that was begun before has what it gets
		defer u.reading.Unlock()
		buf := buffers.Get().(*[]byte)
		defer buffers.Put(buf)
		for u.moved.Load() < maxBytes {
			n, err := u.read(*buf)
			u.moved.Add(int64(n))
			if err != nil {
				return
			}
		}
	}()
}

// Await waits, before the answer to a request whose body is dropped, for the body's end, for as long as the limits let it.
func (u *Upload) Await() {
	if u != nil {
		u.await(u.patience())
	}
}

// patience is how long an answer, or the end of one, waits for the body.
func (u *Upload) patience() (most, silence time.Duration) {
	if u.touched.Load() {
		return maxRestWait, maxRestSilence
	}
	return maxWait, maxSilence
}

// await reports whether the body's end has arrived within a time and without a silence.
func (u *Upload) await(most, silence time.Duration) bool {
	runtime.Gosched() // what has arrived with the head needs no timers
	select {
	case <-u.done:
		return u.ended.Load()
	default:
	}
	late := time.NewTimer(most)
	defer late.Stop()
	look := time.NewTicker(silence)
	defer look.Stop()
	for seen := int64(-1); ; {
		select {
		case <-u.done:
			return u.ended.Load()
		case <-u.ctx.Done():
			return u.ended.Load()
		case <-late.C:
			return u.ended.Load()
		case <-look.C:
			now := u.moved.Load()
			if now == seen || seen < 0 && now == 0 {
				return u.ended.Load()
			}
			seen = now
		}
	}
}

// Unblock is called before a piece of an answer is written, what it returns after that. If nobody has begun to read the
// body and writing takes long, the client may have to get rid of the body before it reads: what it sends is dropped.
func (u *Upload) Unblock() (written func()) {
	if u == nil || u.ended.Load() || u.touched.Load() || u.dropped.Load() {
		return func() {}
	}
	t := time.AfterFunc(maxSilence, func() {
		if !u.touched.Load() {
			u.Drop()
		}
	})
	return func() { t.Stop() }
}

// Ending is by what a client sees that an answer has ended.
type Ending int

// The endings of an answer.
const (
	ByLength Ending = iota // or it has no body
	ByChunk                // the last chunk, which net/http writes when the handler has returned
	ByClose                // the end of the connection
)

// End is called when the answer has been written. If the rest of the body does not come in time, it ends the connection
// without harm to the answer.
func (u *Upload) End(by Ending) {
	if u == nil {
		return
	}
	u.Drop()
	if u.ended.Load() {
		return
	}
	begun := time.Now()
	u.control.Flush()
	most, silence := maxAfter, maxAfter
	if by != ByLength { // the client sees the answer's end only after this wait
		most, silence = u.patience()
	}
	if u.await(most, silence) || !u.ahead {
		return
	}
	if u.control.SetReadDeadline(time.Unix(1, 0)) != nil {
		return
	}
	<-u.done
	if u.ended.Load() {
		u.control.SetReadDeadline(time.Time{})
		return
	}
	conn, out, err := u.control.Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(maxParting))
	if by == ByChunk {
		out.WriteString("0\r\n\r\n")
	}
	out.Flush()
	left := maxParting
	if by != ByLength {
		left = max(left, maxAfter-time.Since(begun))
	}
	part(u.ctx, conn, left)
}

// part ends a connection to a client that may be sending: until it has read what was written, what it
// sends must find an open ear, or else the system throws away what it has not read.
func part(ctx context.Context, conn net.Conn, most time.Duration) {
	c, ok := conn.(interface{ CloseWrite() error })
	if !ok || c.CloseWrite() != nil {
		return
	}
	conn.SetReadDeadline(time.Now().Add(most))
	defer context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Now().Add(maxParting)) })()
	io.Copy(io.Discard, io.LimitReader(conn, maxBytes))
}

// Answer gives an answer, with its length, to a request whose body does not matter.
func Answer(w http.ResponseWriter, r *http.Request, answer func()) {
	u := Begin(r.Context(), w, r)
	u.Drop()
	u.Await()
	answer()
	u.End(ByLength)
}
