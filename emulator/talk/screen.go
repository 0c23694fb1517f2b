package talk

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/seed-36a2c969/emu/config/terminal"
	"github.com/seed-36a2c969/emu/emulator/internal/wsclient"
)

// The types of events.
const (
	Open    = "open"    // the connection is open
	Text    = "text"    // a text message came
	Binary  = "binary"  // a binary message came
	Pong    = "pong"    // the ping was answered
	Close   = "close"   // the server's Close frame came: nothing follows
	Lost    = "lost"    // the connection ended without one: nothing follows
	Refused = "refused" // the connection did not open: nothing follows
)

// Event is something that happened in a conversation, as it is shown in JSON.
type Event struct {
	Time time.Time `json:"time"`
	Type string    `json:"type"`
	// URL and Subprotocol are of open; the latter is what the server chose.
	URL         string `json:"url,omitempty"`
	Subprotocol string `json:"subprotocol,omitempty"`
	// Text is of a text message, Hex of a binary one.
	Text *string `json:"text,omitempty"`
	Hex  *string `json:"hex,omitempty"`
	// Millis is how long a pong took.
	Millis *float64 `json:"millis,omitempty"`
	// Code, 1005 if there was none, and Reason are of close.
	Code   int     `json:"code,omitempty"`
	Reason *string `json:"reason,omitempty"`
	// Status and Body are the answer of refused.
	Status int     `json:"status,omitempty"`
	Body   *string `json:"body,omitempty"`
	// Message says why the connection was lost.
	Message string `json:"message,omitempty"`
}

// screen shows events. It is safe for concurrent use.
type screen struct {
	mu   sync.Mutex
	out  io.Writer
	json bool
}

// timeFormat is how people see the time of an event.
const timeFormat = "15:04:05.000"

// show writes an event, which happens now.
func (s *screen) show(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.Time = time.Now()
	if s.json {
		if line, err := json.Marshal(e); err == nil { // an Event has nothing that JSON cannot hold
			s.out.Write(append(line, '\n'))
		}
		return
	}
	line := fmt.Sprintf("%s  %-6s  %s", e.Time.Format(timeFormat), e.Type, e.detail())
	io.WriteString(s.out, strings.TrimRight(line, " ")+"\n")
}

// detail is what people see of an event beside its time and type.
func (e *Event) detail() string {
	switch e.Type {
	case Open:
		if e.Subprotocol != "" {
			return terminal.Line(e.URL + " subprotocol " + e.Subprotocol)
		}
		return terminal.Line(e.URL)
	case Text:
		return shown(*e.Text)
	case Binary:
		return *e.Hex
	case Pong:
		return fmt.Sprintf("after %.1f ms", *e.Millis)
	case Close:
		return strconv.Itoa(e.Code) + " " + shown(*e.Reason)
	}
	return terminal.Line(e.Message)
}

func (s *screen) message(binary bool, data []byte) {
	if binary {
		digits := hex.EncodeToString(data)
		s.show(Event{Type: Binary, Hex: &digits})
		return
	}
	text := string(data)
	s.show(Event{Type: Text, Text: &text})
}

func (s *screen) pong(took time.Duration) {
	millis := float64(took.Microseconds()) / 1000
	s.show(Event{Type: Pong, Millis: &millis})
}

// ended shows how a connection ended, and reports whether that was clean.
func (s *screen) ended(err error) bool {
	var closed *wsclient.CloseError
	if errors.As(err, &closed) {
		s.show(Event{Type: Close, Code: closed.Code, Reason: &closed.Reason})
		return closed.Code == normal || closed.Code == 1001 || closed.Code == wsclient.NoStatus
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the connection ended without a Close frame")
	}
	s.show(Event{Type: Lost, Message: innermost(err).Error()})
	return false
}

// refused makes an error of a server's answer, and shows it to programs: people
// see the error.
func (s *screen) refused(resp *http.Response) error {
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("cannot read the server's answer: %w", err)
	}
	body := string(text)
	if s.json {
		s.show(Event{Type: Refused, Status: resp.StatusCode, Body: &body})
	}
	message := "the server does not open a WebSocket: it answered " + resp.Status
	if said := strings.TrimSpace(body); said != "" {
		message += ": " + shown(said)
	}
	return errors.New(message)
}

// shown is a text as it is, or quoted if it would do something to a terminal.
func shown(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}
