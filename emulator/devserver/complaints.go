package devserver

// What net/http has to say about itself and its clients.
// https://pkg.go.dev/net/http#Server (ErrorLog)

import (
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
)

// complaints takes what net/http logs, one complaint a Write.
type complaints struct {
	log  *Log
	url  string // where the server is to be found; "" is not said
	once sync.Once

	mu   sync.Mutex
	full time.Time // when there were too many open files
}

// net/http's words, of which it has no other form.
const (
	handshakeFailed = "http: TLS handshake error from "
	acceptFailed    = "http: Accept error: "
	plainToTLS      = "client sent an HTTP request to an HTTPS server"
)

func (c *complaints) Write(p []byte) (int, error) {
	said := strings.TrimSpace(string(p))
	switch {
	case strings.HasPrefix(said, acceptFailed) && strings.Contains(said, syscall.EMFILE.Error()): // ENFILE's words begin so too
		c.noFiles()
	case !strings.HasPrefix(said, handshakeFailed):
		c.log.Event(emulator.Event{Time: time.Now(), Type: emulator.EventError, Message: said})
	case strings.HasSuffix(said, plainToTLS) && c.url != "":
		// The client is answered 400; somebody may wonder why.
		c.once.Do(func() { c.log.Say("a client asked for http where https is served: the address is " + c.url) })
	case c.log.Level >= LevelDebug:
		// Any client may do that: a browser that doubts the certificate, a scanner of ports.
		c.log.Say(strings.TrimPrefix(said, "http: "))
	}
	return len(p), nil
}

// spell is how long there must be files enough before a lack of them is told again.
const spell = time.Minute

// noFiles tells, once a spell, that no connection can be accepted: net/http tries again and again, and says so each time.
func (c *complaints) noFiles() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Sub(c.full) > spell {
		c.log.Event(emulator.Event{Time: now, Type: emulator.EventError, Message: msgNoFiles})
	}
	c.full = now
}
