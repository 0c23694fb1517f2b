package devserver

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/seed-36a2c969/emu/emulator"
)

// messages are what a log of JSON has, with events that are not lines in <>.
func messages(t *testing.T, out string) (list []string) {
	t.Helper()
	for line := range strings.Lines(out) {
		var e emulator.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if len(line) >= 64<<10 {
			t.Fatalf("a line of %d bytes", len(line))
		}
		if e.Type == emulator.EventLog && !strings.Contains(line, `"message":`) {
			t.Fatalf("%q has no message", line)
		}
		message := e.Message
		if e.Type != emulator.EventLog {
			message = "<" + message + ">"
		}
		list = append(list, message)
	}
	return list
}

// printing is what a program writes, its own events among it.
type printing struct {
	bytes.Buffer
	log *Log
}

func newPrinting(token string) *printing {
	p := &printing{}
	p.log = &Log{Out: Marked(p, token), JSON: true, Level: LevelLog}
	return p
}

func (p *printing) event(message string) {
	p.log.Event(emulator.Event{Time: time.Unix(0, 0), Type: emulator.EventError, Message: message})
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 3000)
	for _, test := range []struct {
		name  string
		print func(p *printing)
		want  []string
	}{
		{"nothing", func(p *printing) {}, nil},
		{"lines", func(p *printing) { io.WriteString(p, "one\ntwo\r\n\nfour") }, []string{"one", "two", "", "four"}},
		{"an event between lines", func(p *printing) { io.WriteString(p, "one\n"); p.event("e"); io.WriteString(p, "two\n") }, []string{"one", "<e>", "two"}},
		{"an event in a line", func(p *printing) { io.WriteString(p, "on"); p.event("e"); io.WriteString(p, "e\n") }, []string{"<e>", "one"}},
		{"an event in many pieces", func(p *printing) { p.event(long); p.event("e") }, []string{"<" + long + ">", "<e>"}},
		{"an event of lines", func(p *printing) { p.event("a\nb") }, []string{"<a\nb>"}},
		{"what looks like one", func(p *printing) { io.WriteString(p, "{\"type\":\"error\"}\n\x1e\x1eTOKE\x1eTOKENX\n") }, []string{`{"type":"error"}`, "\x1e\x1eTOKE"}},
		{"bytes", func(p *printing) { io.WriteString(p, "\x00\xff\x1b\n\xe2\x82") }, []string{"\x00\ufffd\x1b", "\ufffd\ufffd"}},
		{"a long line", func(p *printing) { io.WriteString(p, strings.Repeat("€", maxLine)+"\nend") },
			[]string{strings.Repeat("€", maxLine/3), strings.Repeat("€", maxLine/3), strings.Repeat("€", maxLine/3), strings.Repeat("€", maxLine-3*(maxLine/3)), "end"}},
		{"a line as long as may be", func(p *printing) { io.WriteString(p, strings.Repeat("x", maxLine)+"\n") }, []string{strings.Repeat("x", maxLine)}},
		{"NULs, six bytes each", func(p *printing) { io.WriteString(p, strings.Repeat("\x00", maxLine+1)) }, []string{strings.Repeat("\x00", maxLine), "\x00"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPrinting("TOKEN")
			test.print(p)
			for _, size := range []int{1, 7, p.Len() + 1} {
				var out bytes.Buffer
				lines := NewLines(&Log{Out: &out, JSON: true, Level: LevelNone}, "TOKEN")
				for b := p.Bytes(); len(b) > 0; {
					n := min(size, len(b))
					lines.Write(b[:n])
					b = b[n:]
				}
				lines.Close()
				got := messages(t, out.String())
				if strings.Join(got, "\n|") != strings.Join(test.want, "\n|") {
					t.Errorf("in pieces of %d: %.200q", size, got)
				}
			}
		})
	}
}

// TestLineThatDoesNotEnd: it is shown when nothing more comes.
func TestLineThatDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		lines := NewLines(&Log{Out: &out, JSON: true}, "")
		shown := func() []string {
			lines.log.mu.Lock()
			defer lines.log.mu.Unlock()
			return messages(t, out.String())
		}
		io.WriteString(lines, "one\nwork")
		time.Sleep(linePatience / 2)
		io.WriteString(lines, "ing… ")
		time.Sleep(linePatience * 3 / 4)
		synctest.Wait()
		if got := shown(); len(got) != 1 {
			t.Errorf("too early: %q", got)
		}
		time.Sleep(linePatience)
		io.WriteString(lines, "done\n")
		lines.Close()
		if got := shown(); len(got) != 3 || got[1] != "working… " || got[2] != "done" {
			t.Errorf("got %q", got)
		}
	})
}

// FuzzLines: whatever a program prints around its events, and however that comes in,
// each line out is an event, nothing printed is lost, and the events come through.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb"), []byte("\x1eTOKEN.{}\n"), uint8(3))
	f.Add([]byte("\x1eTO"), bytes.Repeat([]byte("é"), 9000), uint8(200))
	f.Fuzz(func(t *testing.T, before, after []byte, size uint8) {
		if bytes.Contains(before, []byte("TOKEN")) || bytes.Contains(after, []byte("TOKEN")) {
			return // which a program does not know
		}
		p := newPrinting("TOKEN")
		p.Write(before)
		p.event("event")
		p.Write(after)
		var out bytes.Buffer
		lines := NewLines(&Log{Out: &out, JSON: true}, "TOKEN")
		for b := p.Bytes(); len(b) > 0; {
			n := min(int(size)+1, len(b))
			lines.Write(b[:n])
			b = b[n:]
		}
		lines.Close()
		events := 0
		var text strings.Builder
		for _, m := range messages(t, out.String()) {
			if m == "<event>" {
				events++
			} else {
				text.WriteString(m)
			}
		}
		if events != 1 {
			t.Fatalf("%d events in %q", events, out.String())
		}
		if all := string(before) + string(after); utf8.ValidString(string(before)) && utf8.ValidString(string(after)) && !strings.Contains(all, "\r") {
			if got, want := text.String(), strings.ReplaceAll(all, "\n", ""); got != want {
				t.Fatalf("printed %.300q, got %.300q", want, got)
			}
		}
	})
}

// TestToolOutput: what a tool has said that did its work, such as what was downloaded, is
// events as well.
func TestToolOutput(t *testing.T) {
	var out, err bytes.Buffer
	log := &Log{Out: &out, Err: &err, JSON: true}
	log.Output(&err, "go: downloading example.com/a v1.0.0\ngo: downloading example.com/b v1.0.0\n")
	if got := messages(t, out.String()); len(got) != 2 || err.Len() > 0 {
		t.Errorf("got %q, and %q", got, err.String())
	}
}
