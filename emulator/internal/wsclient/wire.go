// RFC 6455, section 5.5.1: after its Close frame an endpoint sends nothing.

package wsclient

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// wire is the transport below nhooyr's connection. It drops every frame after our Close frame: nhooyr
// v1.8.17 answers the peer's Close frame although that is the answer to ours, and sends pongs after it.
type wire struct {
	io.ReadWriteCloser

	writing lock
	closed  bool
	taken   bool // the latest write went through
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

// begin clears taken.
func (w *wire) begin() {
	w.writing.lock()
	defer w.writing.unlock()
	w.taken = false
}

// took reports whether the latest write since begin went through.
func (w *wire) took() bool {
	w.writing.lock()
	defer w.writing.unlock()
	return w.taken
}

// lock is a mutex made of a channel. testing/synctest moves its clock while a goroutine waits for one,
// which it does not for a sync.Mutex.
type lock chan struct{}

func newLock() lock    { return make(lock, 1) }
func (l lock) lock()   { l <- struct{}{} }
func (l lock) unlock() { <-l }

// writeClose sends a Close frame. The caller holds Conn.writing, so that no message is half written.
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

// closePayload returns the payload of a Close frame. It checks the code and the reason: RFC 6455, 7.4.
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
