// Package talk holds a WebSocket conversation at a terminal: each line of the input is a message.
//
// Source: RFC 6455, sections 5.6 (messages), 5.5.2 (pings) and 7 (closing).
package talk

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator/internal/wsclient"
)

// Patience is how long the server may take for the handshake, for a pong and
// for its answer to a Close frame.
const Patience = 5 * time.Second

// normal is the code of the Close frame that ends a conversation (RFC 6455, 7.4.1).
const normal = 1000

// Options say whom to talk to, and how.
type Options struct {
	// URL is the server's, with the scheme ws, wss, http or https.
	URL string
	// Header is sent with the handshake.
	Header http.Header
	// Subprotocols are offered in this order.
	Subprotocols []string
	// Ping sends a ping before the first line, and waits for its pong. A message
	// that comes right behind the pong may be shown in front of it.
	Ping bool
	// In holds the messages, one a line. A line that begins with \x is a
	// binary message in hexadecimal; one that begins with \\ is a text with one
	// backslash less; any other is a text as it is.
	In io.Reader
	// Wait is how long to listen for answers after the end of In.
	Wait time.Duration
	// Out is told of what happens, a line each.
	Out io.Writer
	// JSON writes an [Event] a line to Out instead of a text for people.
	JSON bool
	// Complain is told of lines that cannot be sent. They are left out.
	Complain func(error)

	client *http.Client // nil is http.DefaultClient
}

// Talk opens a connection and holds a conversation until the server closes it,
// or until In has ended and Wait is over; then it is closed with 1000. If ctx ends it
// is closed at once. Talk reports whether it was closed cleanly: with a Close
// frame of the server's with code 1000, 1001 or none (1005). The error is of a
// connection that did not open.
//
// Talk may return while it is still blocked in a Read of In: what that gives is lost.
func Talk(ctx context.Context, o Options) (clean bool, err error) {
	dialing, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	conn, resp, err := wsclient.Dial(dialing, o.URL, &wsclient.Options{
		Header: o.Header, Subprotocols: o.Subprotocols, HTTPClient: o.client,
	})
	s := &screen{out: o.Out, json: o.JSON}
	switch {
	case err != nil && resp != nil && resp.StatusCode != http.StatusSwitchingProtocols:
		return false, s.refused(resp)
	case dialing.Err() != nil && ctx.Err() == nil:
		return false, fmt.Errorf("%s does not answer: waited %s", o.URL, Patience)
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return false, diagnostic.NewError(fmt.Sprintf("cannot connect to %s: %v", o.URL, innermost(err)),
			"trust .emu/state/emu-https.pem if it is emu dev's own; on Linux: SSL_CERT_FILE=.emu/state/emu-https.pem emu ws "+o.URL)
	case err != nil:
		return false, fmt.Errorf("cannot connect to %s: %w", o.URL, innermost(err))
	}
	defer conn.CloseNow()
	s.show(Event{Type: Open, URL: o.URL, Subprotocol: resp.Header.Get("Sec-WebSocket-Protocol")})
	c := &conversation{Options: o, conn: conn, screen: s, closed: make(chan error, 1), spoken: make(chan struct{})}
	return c.hold(ctx), nil
}

// conversation is a connection that is open.
type conversation struct {
	Options
	conn   *wsclient.Conn
	screen *screen

	closed chan error    // why nothing more comes
	spoken chan struct{} // closed when In has ended
}

// hold goes on until the connection has ended, and reports whether that was clean.
func (c *conversation) hold(ctx context.Context) bool {
	go c.listen()
	if c.Ping {
		if err := c.ping(ctx); err != nil {
			return c.drop(err)
		}
	}
	go c.speak()
	var over, cutOff <-chan time.Time
	spoken, done := c.spoken, ctx.Done()
	for {
		select {
		case err := <-c.closed:
			return c.screen.ended(err)
		case <-spoken:
			spoken, over = nil, time.After(c.Wait)
			continue
		case <-over:
		case <-done:
		case <-cutOff:
			return c.drop(errNoAnswer)
		}
		spoken, over, done = nil, nil, nil
		if c.conn.Close(normal, "") != nil {
			return c.drop(errNoAnswer)
		}
		cutOff = time.After(Patience)
	}
}

var errNoAnswer = fmt.Errorf("the server has not answered the Close frame within %s", Patience)

// drop ends a connection that is of no more use, unless it has ended by itself.
func (c *conversation) drop(why error) bool {
	c.conn.CloseNow()
	if err := <-c.closed; !errors.Is(err, net.ErrClosed) {
		why = err
	}
	return c.screen.ended(why)
}

// listen shows messages until there are no more.
func (c *conversation) listen() {
	for {
		binary, data, err := c.conn.Read(context.Background())
		if err != nil {
			c.closed <- err
			return
		}
		c.screen.message(binary, data)
	}
}

// ping sends a ping and shows how long its pong took.
func (c *conversation) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, Patience, fmt.Errorf("no pong came within %s", Patience))
	defer cancel()
	begun := time.Now()
	if err := c.conn.Ping(ctx); err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	c.screen.pong(time.Since(begun))
	return nil
}

// speak sends what In holds. If that fails the connection has ended, of which
// listen knows more.
func (c *conversation) speak() {
	defer close(c.spoken)
	lines := newLines(c.In)
	for {
		binary, data, err := lines.next()
		switch {
		case err == io.EOF:
			return
		case errors.As(err, new(*diagnostic.Error)):
			c.Complain(err)
			continue
		case err != nil:
			c.Complain(fmt.Errorf("cannot read what to send: %w", err))
			return
		}
		if c.conn.Write(context.Background(), binary, data) != nil {
			return
		}
	}
}

// innermost is the cause that a chain of errors ends in: what nhooyr and
// net/http say around it repeats the URL.
func innermost(err error) error {
	for next := err; next != nil; next = errors.Unwrap(next) {
		err = next
	}
	return err
}
