package emulator_test

// https://developers.cloudflare.com/durable-objects/best-practices/websockets/

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed-36a2c969/emu/emulator/durable"
)

// TestReplyToClose: over a real socket, what a class hears of every Close frame and
// what Close(code, reason) does about it is as recorded; ReplyToClose answers each, with
// the same frame where Close does, and is never an error.
func TestReplyToClose(t *testing.T) {
	text, err := os.ReadFile("../fixtures/closes/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded []struct {
		Name   string
		Sent   *string // a FIN if there is none
		Code   int
		Reason string
		Clean  bool
		Error  string
		Close  *struct {
			Code   int
			Reason string
		}
	}
	if err := json.Unmarshal(text, &recorded); err != nil {
		t.Fatal(err)
	}
	if len(recorded) < 30 {
		t.Fatalf("%d frames are recorded", len(recorded))
	}
	var reply bool
	script := teller(func(_ context.Context, p *probe, ws *durable.WebSocket, code int, reason string) error {
		answer := ws.Close
		if reply {
			answer = ws.ReplyToClose
		}
		p.logf("%s", thrown(answer(code, reason)))
		return nil
	})
	for _, reply = range []bool{false, true} {
		r := newRig(t, script)
		url := r.Listen()
		for _, e := range recorded {
			if t.Failed() {
				return
			}
			if e.Code == 0 && !reply { // which to Close is no code
				continue
			}
			t.Logf("%s, reply: %v", e.Name, reply)
			c := r.openTCP(url)
			if e.Sent == nil {
				c.Conn.(interface{ CloseWrite() error }).CloseWrite()
			} else {
				payload, err := hex.DecodeString(*e.Sent)
				if err != nil {
					t.Fatal(err)
				}
				c.send(frame(0x88, string(payload)))
			}
			state, answer := 3, "close"
			switch {
			case e.Close != nil:
				answer = strings.TrimSpace(fmt.Sprintf("close %d %q", e.Close.Code, e.Close.Reason))
			case !reply:
				state, answer = 2, ""
			case strings.HasPrefix(e.Error, "SyntaxError"): // as much of the reason as fits
				kept := e.Reason[:123]
				for !utf8.ValidString(kept) {
					kept = kept[:len(kept)-1]
				}
				answer = fmt.Sprintf("close %d %q", e.Code, kept)
			}
			said := "ok"
			if !reply {
				said = cmp.Or(e.Error, said)
			}
			if e.Sent == nil && answer == "" {
				c.expect("FIN")
			} else if answer == "" {
				c.expect()
			} else {
				c.expect(answer, "FIN")
			}
			r.logged(fmt.Sprintf("close %d %q %v, state 2", e.Code, e.Reason, e.Clean), said, fmt.Sprintf("then state %d", state))
			c.Close()
		}
	}
}
