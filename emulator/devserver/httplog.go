package devserver

// https://pkg.go.dev/net/http#Server (ErrorLog)

import (
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
)

// httpLog turns the log of a net/http server into events. Each Write is a message.
type httpLog struct {
	log  *Log
	url  string // of the server; "" does not mention it
	once sync.Once

	mu   sync.Mutex
	full time.Time // when there were too many open files
}

// net/http's messages, which are no error values.
const (
	handshakeFailed = "http: TLS handshake error from "
	acceptFailed    = "http: Accept error: "
	plainToTLS      = "client sent an HTTP request to an HTTPS server"
)

func (c *httpLog) Write(p []byte) (int, error) {
	said := strings.TrimSpace(string(p))
	switch {
	case strings.HasPrefix(said, acceptFailed) && strings.Contains(said, syscall.EMFILE.Error()): // ENFILE's words begin so too
		c.noFiles()
	case !strings.HasPrefix(said, handshakeFailed):
		c.log.Event(emulator.Event{Time: time.Now(), Type: emulator.EventError, Message: said})
	case strings.HasSuffix(said, plainToTLS) && c.url != "":
		// The client gets a 400, and its user may wonder why.
		c.once.Do(func() { c.log.Say("a client asked for http where https is served: the address is " + c.url) })
	case c.log.Level >= LevelDebug:
		// Any client may do that: a browser that doubts the certificate, a scanner of ports.
		c.log.Say(strings.TrimPrefix(said, "http: "))
	}
	return len(p), nil
}

// quietTime is how long there must have been files enough until a new shortage is logged.
const quietTime = time.Minute

// noFiles writes once that no connection can be accepted. net/http tries again and again, and logs each time.
func (c *httpLog) noFiles() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Sub(c.full) > quietTime {
		c.log.Event(emulator.Event{Time: now, Type: emulator.EventError, Message: msgNoFiles})
	}
	c.full = now
}
