package emutest

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/seed-36a2c969/emu/emulator/internal/wsclient"
)

// Patience is how long a client waits for what it expects before the test fails, in the time of
// package time.
const Patience = 5 * time.Second

// Conn is a WebSocket client of the Worker. Its methods fail the test if what they expect
// does not come.
type Conn struct {
	w    *World
	t    TB
	path string
	conn *wsclient.Conn
	// Response is the answer to the handshake.
	Response *http.Response

	mu    sync.Mutex
	queue []Message
	ended error         // why no more messages come
	news  chan struct{} // closed at the next change
	read  sync.WaitGroup
}

// Message is a message that a client received.
type Message struct {
	Binary bool
	Data   []byte
}

var (
	errLost  = errors.New("the connection was lost")
	errEnded = errors.New("the world has ended with its test")
)

func (c *Conn) receive() {
	for {
		binary, data, err := c.conn.Read(context.Background())
		c.mu.Lock()
		if err == nil {
			c.queue = append(c.queue, Message{binary, data})
		} else {
			c.ended = c.w.failure(err)
		}
		close(c.news)
		c.news = make(chan struct{})
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Send sends a text message.
func (c *Conn) Send(text string) {
	c.t.Helper()
	c.write(false, []byte(text))
}

// SendBytes sends a binary message.
func (c *Conn) SendBytes(data []byte) {
	c.t.Helper()
	c.write(true, data)
}

func (c *Conn) write(binary bool, data []byte) {
	c.t.Helper()
	if err := c.conn.Write(context.Background(), binary, data); err != nil {
		c.t.Fatalf("emutest: %s: send: %v", c.path, c.w.failure(err))
	}
}

// Next waits for the next message and returns it.
func (c *Conn) Next() Message {
	c.t.Helper()
	m, err := c.next()
	if err != nil {
		c.t.Fatalf("emutest: %s: expected a message: %v", c.path, err)
	}
	return m
}

var errPatience = errors.New("nothing came")

func (c *Conn) next() (m Message, err error) {
	patience := time.NewTimer(Patience)
	defer patience.Stop()
	for {
		c.mu.Lock()
		if len(c.queue) > 0 {
			m, c.queue = c.queue[0], c.queue[1:]
			c.mu.Unlock()
			return m, nil
		}
		ended, news := c.ended, c.news
		c.mu.Unlock()
		if ended != nil {
			return m, c.w.failure(ended)
		}
		select {
		case <-news:
		case <-patience.C:
			return m, errPatience
		}
	}
}

// Expect waits for the next messages and compares them with texts.
func (c *Conn) Expect(texts ...string) {
	c.t.Helper()
	for _, want := range texts {
		m, err := c.next()
		switch {
		case err != nil:
			c.t.Fatalf("emutest: %s: expected %q: %v", c.path, want, err)
		case m.Binary:
			c.t.Fatalf("emutest: %s: expected %q, received a binary message of %d bytes", c.path, want, len(m.Data))
		case string(m.Data) != want:
			c.t.Fatalf("emutest: %s: expected %q, received %q", c.path, want, m.Data)
		}
	}
}

// ExpectNone settles the world, and fails the test if a message has come.
func (c *Conn) ExpectNone() {
	c.t.Helper()
	c.w.Settle()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) > 0 {
		c.t.Fatalf("emutest: %s: expected nothing, received %q", c.path, c.queue[0].Data)
	}
}

// ExpectClose waits for the peer's Close frame. A message before it fails the test.
func (c *Conn) ExpectClose(code int, reason string) {
	c.t.Helper()
	m, err := c.next()
	var closed *wsclient.CloseError
	switch {
	case err == nil:
		c.t.Fatalf("emutest: %s: expected a close, received %q", c.path, m.Data)
	case !errors.As(err, &closed):
		c.t.Fatalf("emutest: %s: expected a close with %d: %v", c.path, code, err)
	case closed.Code != code || closed.Reason != reason:
		c.t.Fatalf("emutest: %s: expected a close with %d %q, received %d %q", c.path, code, reason, closed.Code, closed.Reason)
	}
}

// ExpectLost waits until the connection ends without a Close frame. A message before that
// fails the test.
func (c *Conn) ExpectLost() {
	c.t.Helper()
	m, err := c.next()
	var closed *wsclient.CloseError
	switch {
	case err == nil:
		c.t.Fatalf("emutest: %s: expected the end of the connection, received %q", c.path, m.Data)
	case errors.As(err, &closed), errors.Is(err, errPatience):
		c.t.Fatalf("emutest: %s: expected the end of the connection without a Close frame: %v", c.path, err)
	}
}

// Close sends a Close frame, without a code if code is 0.
func (c *Conn) Close(code int, reason string) {
	c.t.Helper()
	if err := c.conn.Close(code, reason); err != nil {
		c.t.Fatalf("emutest: %s: close: %v", c.path, c.w.failure(err))
	}
}

// Drop ends the connection without a Close frame.
func (c *Conn) Drop() {
	c.conn.CloseNow()
	c.read.Wait()
}

// Unread returns the messages that have come and that no method has returned or compared.
func (c *Conn) Unread() []Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Message(nil), c.queue...)
}

// checkUnread fails the test if there are unread messages.
func (c *Conn) checkUnread() {
	c.t.Helper()
	if left := c.Unread(); len(left) > 0 {
		c.t.Errorf("emutest: %s: %d messages unread, the first %q", c.path, len(left), left[0].Data)
	}
}
