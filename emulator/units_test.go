package emulator_test

// https://developers.cloudflare.com/durable-objects/platform/limits/

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// TestLimitsInBytes: every limit on text counts its UTF-8, a lone surrogate as three
// bytes. For each character workerd took the text of just the limit and refused one more.
func TestLimitsInBytes(t *testing.T) {
	limits := []struct {
		name  string
		bytes int
		try   func(ctx context.Context, p *probe, text string) error
		over  func(text string) string // workerd's error
	}{
		{"tag", 256, func(_ context.Context, p *probe, text string) error {
			_, ws := durable.WebSocketPair()
			return p.st.AcceptWebSocket(ws, text)
		}, func(text string) string {
			return `Error: "` + text + `" is longer than the max tag length (256 characters).`
		}},
		{"automatic request", 2048, func(_ context.Context, p *probe, text string) error {
			return p.st.SetWebSocketAutoResponse(text, "")
		}, func(string) string {
			return "RangeError: Request cannot be larger than 2048 bytes. A request of size 2049 was provided."
		}},
		{"automatic response", 2048, func(_ context.Context, p *probe, text string) error {
			return p.st.SetWebSocketAutoResponse("", text)
		}, func(string) string {
			return "RangeError: Response cannot be larger than 2048 bytes. A response of size 2049 was provided."
		}},
		{"close reason", 123, func(_ context.Context, p *probe, text string) error {
			_, ws := durable.WebSocketPair()
			if err := p.st.AcceptWebSocket(ws); err != nil {
				return err
			}
			return ws.Close(4000, text)
		}, func(string) string {
			return "SyntaxError: WebSocket close reason must not be longer than 123 bytes when UTF-8 encoded."
		}},
		{"SQL", 100_000, func(_ context.Context, p *probe, text string) error {
			_, err := p.st.Storage().SQL().Exec("SELECT 1  --" + text[12:])
			return err
		}, func(string) string { return "Error: statement too long: SQLITE_TOOBIG" }},
		{"key, of which there is no limit", 2048, func(ctx context.Context, p *probe, text string) error {
			return p.st.Storage().Put(ctx, text, 1)
		}, func(string) string { return "ok" }},
	}
	r := newRig(t, script{})
	for _, c := range []string{"a", "é", "€", "😀", "\xed\xa0\x80"} {
		for _, l := range limits {
			t.Run(fmt.Sprintf("%s of %q", l.name, c), func(t *testing.T) {
				at := strings.Repeat(c, l.bytes/len(c)) + strings.Repeat("a", l.bytes%len(c))
				r.run(func(ctx context.Context, p *probe) error {
					if got := thrown(l.try(ctx, p, at)); got != "ok" {
						t.Errorf("%d bytes: %s", l.bytes, got)
					}
					if got, want := thrown(l.try(ctx, p, at+"a")), l.over(at+"a"); got != want {
						t.Errorf("%d bytes: %s, want %s", l.bytes+1, got, want)
					}
					return nil
				})
			})
		}
	}
}

type named struct{ st *durable.State }

func (n named) Fetch(context.Context, *durable.Request) (*durable.Response, error) {
	return durable.Text(200, n.st.ID().Name()), nil
}

// TestVisibleName: ctx.id.name is hidden in the object above 1,024 bytes of UTF-8.
func TestVisibleName(t *testing.T) {
	class := durable.Define("N", func(_ context.Context, st *durable.State, _ *durable.Env) (named, error) { return named{st}, nil })
	name := ""
	w := emutest.New(t, emutest.Classes(class), emutest.Worker(durable.WorkerFunc(
		func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
			return env.DurableObject("N").GetByName(name).Fetch(ctx, r)
		})))
	for _, c := range []string{"a", "é", "€", "😀", "\xed\xa0\x80"} {
		name = strings.Repeat(c, 1024/len(c)) + strings.Repeat("a", 1024%len(c))
		if got := w.Fetch("GET", "/").Body; got != name {
			t.Errorf("1,024 bytes of %q: the object sees %d", c, len(got))
		}
		name += "a"
		if got := w.Fetch("GET", "/").Body; got != "" {
			t.Errorf("1,025 bytes of %q: the object sees %d", c, len(got))
		}
	}
}

// TestLoneSurrogates: each becomes one U+FFFD.
func TestLoneSurrogates(t *testing.T) {
	r := newRig(t, script{message: func(_ context.Context, _ *probe, ws *durable.WebSocket, _ durable.Message) error {
		if err := ws.Send("a\xed\xa0\x80\xed\xa0\x80b\xed\xbf\xbf\xff\xfe"); err != nil {
			return err
		}
		return ws.Close(4000, "x\xed\xa0\x80\xed\xa0\x80")
	}})
	c := r.open()
	c.send(text("x"))
	c.expect("text a\uFFFD\uFFFDb\uFFFD\uFFFD\uFFFD", `close 4000 "x`+"\uFFFD\uFFFD"+`"`)
}
