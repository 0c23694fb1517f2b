// Package wsclient is the client side of WebSockets (RFC 6455).
//
// It is a thin layer over nhooyr.io/websocket with three differences. Close does not wait for the
// peer's answer, and the messages that the peer has sent can still be read. No frame follows a Close
// frame. The body of a refused handshake can be read.
//
// Compression is never offered. A Close frame with a code that must not be sent (999, 1005), or with
// a payload of one byte, ends the connection with a protocol error. workerd is less strict there.
package wsclient

//lint:file-ignore SA1019 the module is frozen, not broken, and this package is its only user

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"nhooyr.io/websocket"
)

const (
	// MaxMessage is the largest message that Read accepts, in bytes, as workerd's limit.
	MaxMessage = 32 << 20

	// NoStatus is the code of a [CloseError] whose Close frame carried none (RFC 6455, 7.1.5).
	NoStatus = 1005

	maxReason = 123 // a control frame's 125 bytes without the code (RFC 6455, 5.5)

	// closeTimeout is how long the peer may leave our Close frame unread before the connection is cut.
	closeTimeout = 5 * time.Second
)

// CloseError is the peer's Close frame.
type CloseError struct {
	Code   int // NoStatus if there was none
	Reason string
}

func (e *CloseError) Error() string {
	return fmt.Sprintf("closed by the peer with code %d and reason %q", e.Code, e.Reason)
}

// Conn is an open connection. Several goroutines may call its methods at a time, but only one Read.
// Only while a goroutine is in Read are pings answered and does Ping return. The caller must read
// until Read fails, or call CloseNow.
type Conn struct {
	ws   *websocket.Conn
	wire *wire

	writing lock // held over whole messages, so that a Close frame falls between two
	closed  bool
}

// Read waits for a message. It answers the peer's Close frame and returns it as a *[CloseError]. Any
// other error says that the connection was lost, that the peer has broken the protocol, or that ctx
// has ended. After an error the connection is gone.
func (c *Conn) Read(ctx context.Context) (binary bool, data []byte, err error) {
	kind, data, err := c.ws.Read(ctx)
	if err == nil {
		return kind == websocket.MessageBinary, data, nil
	}
	c.ws.CloseNow()
	var closed websocket.CloseError
	if errors.As(err, &closed) {
		return false, nil, &CloseError{Code: int(closed.Code), Reason: closed.Reason}
	}
	return false, nil, fmt.Errorf("read websocket: %w", orContext(ctx, err))
}

// Write sends data as one message. After Close, and after the connection has ended, the error is
// [net.ErrClosed]. If ctx ends first the connection is gone.
func (c *Conn) Write(ctx context.Context, binary bool, data []byte) error {
	kind := websocket.MessageText
	if binary {
		kind = websocket.MessageBinary
	}
	c.writing.lock()
	defer c.writing.unlock()
	if c.closed {
		return fmt.Errorf("write websocket: %w", net.ErrClosed)
	}
	c.wire.begin()
	err := c.ws.Write(ctx, kind, data)
	if errors.Is(err, net.ErrClosed) && ctx.Err() == nil && c.wire.took() {
		err = nil // the message was sent before the connection ended
	}
	if err != nil {
		return fmt.Errorf("write websocket: %w", orContext(ctx, err))
	}
	return nil
}

// orContext returns the context's error if that has ended. When a context ends nhooyr closes the
// connection, and reports either of the two.
func orContext(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// Ping sends a ping and waits for its pong. After Close the error is [net.ErrClosed].
func (c *Conn) Ping(ctx context.Context) error {
	c.writing.lock()
	closed := c.closed
	c.writing.unlock()
	if closed {
		return fmt.Errorf("ping websocket: %w", net.ErrClosed)
	}
	if err := c.ws.Ping(ctx); err != nil {
		return fmt.Errorf("ping websocket: %w", err)
	}
	return nil
}

// Close sends a Close frame, with an empty payload if code is 0. Read still returns the messages that
// the peer has sent before its own Close frame. A second Close sends nothing. A code that must not be
// sent, or a reason of more than 123 bytes, is refused.
func (c *Conn) Close(code int, reason string) error {
	payload, err := closePayload(code, reason)
	if err != nil {
		return err
	}
	// This write, or another one that holds the lock, may wait for a peer that does not read.
	cutOff := time.AfterFunc(closeTimeout, func() { c.ws.CloseNow() })
	defer cutOff.Stop()
	c.writing.lock()
	defer c.writing.unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	if err := c.wire.writeClose(payload); err != nil {
		return fmt.Errorf("close websocket: %w", err)
	}
	return nil
}

// CloseNow drops the connection without a Close frame. Blocked calls return with an error.
func (c *Conn) CloseNow() error {
	if err := c.ws.CloseNow(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close websocket: %w", err)
	}
	return nil
}
