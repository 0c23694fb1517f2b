// RFC 6455, section 5.5.1: after its Close frame an endpoint sends nothing.

package wsclient

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// wire is the transport below nhooyr's connection. nhooyr v1.8.17 answers a Close frame even when
// it is itself the answer to one, and sends pongs after it; wire swallows what follows ours.
type wire struct {
	io.ReadWriteCloser

	writing lock
	closed  bool
	taken   bool // by the transport: the last write
}

// Read turns the end of the stream into an error: nhooyr takes io.EOF inside a fragmented message
// for the message's end.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.ReadWriteCloser.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (w *wire) Write(p []byte) (int, error) {
	w.writing.lock()
	defer w.writing.unlock()
	if w.closed {
		return len(p), nil
	}
	n, err := w.ReadWriteCloser.Write(p)
	w.taken = err == nil
	return n, err
}

// begin forgets the writes so far.
func (w *wire) begin() {
	w.writing.lock()
	defer w.writing.unlock()
	w.taken = false
}

// took reports whether something was written since begin, all of it.
func (w *wire) took() bool {
	w.writing.lock()
	defer w.writing.unlock()
	return w.taken
}

// lock is a mutex whose waiters testing/synctest takes for blocked, so that fake time goes on.
type lock chan struct{}

func newLock() lock    { return make(lock, 1) }
func (l lock) lock()   { l <- struct{}{} }
func (l lock) unlock() { <-l }

// writeClose sends a Close frame. No frame may be half written.
func (w *wire) writeClose(payload []byte) error {
	frame := make([]byte, 6, 6+len(payload))
	frame[0] = 0x88 // final, opcode 8
	frame[1] = 0x80 | byte(len(payload))
	key := frame[2:6]
	rand.Read(key)
	for i, b := range payload {
		frame = append(frame, b^key[i%4])
	}
	w.writing.lock()
	defer w.writing.unlock()
	w.closed = true
	_, err := w.ReadWriteCloser.Write(frame)
	return err
}

// closePayload checks a code and a reason against RFC 6455, 7.4, and puts them together.
func closePayload(code int, reason string) ([]byte, error) {
	switch {
	case code == 0 && reason == "":
		return nil, nil
	case code == 0:
		return nil, errors.New("a close reason needs a code")
	case code < 1000 || code > 4999 || code == 1004 || code == NoStatus || code == 1006 || code == 1015:
		return nil, fmt.Errorf("invalid close code %d: use 1000 to 4999, but not 1004, 1005, 1006 or 1015", code)
	case len(reason) > maxReason:
		return nil, fmt.Errorf("close reason of %d bytes is longer than %d", len(reason), maxReason)
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...), nil
}
