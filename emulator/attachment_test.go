package emulator_test

// https://developers.cloudflare.com/durable-objects/best-practices/websockets/#websocketserializeattachment

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable"
)

func TestAttachments(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(p *probe, ws *durable.WebSocket) string
		want string
	}{
		{"3.3 never set", func(_ *probe, ws *durable.WebSocket) string {
			var v any
			ok, err := ws.DeserializeAttachment(&v)
			return fmt.Sprint(ok, v, err)
		}, "false <nil> <nil>"},
		{"3.3 null is set", func(_ *probe, ws *durable.WebSocket) string {
			v := any("x")
			err := ws.SerializeAttachment(nil)
			ok, err2 := ws.DeserializeAttachment(&v)
			return fmt.Sprint(err, ok, v, err2)
		}, "<nil> true <nil> <nil>"},
		{"3.3 16,379 characters fit", func(_ *probe, ws *durable.WebSocket) string {
			return thrown(ws.SerializeAttachment(strings.Repeat("x", 16379)))
		}, "ok"},
		{"3.3 16,380 do not, and the old value stays", func(_ *probe, ws *durable.WebSocket) string {
			var v string
			ws.SerializeAttachment("old")
			err := ws.SerializeAttachment(strings.Repeat("x", 16380))
			ws.DeserializeAttachment(&v)
			return thrown(err) + " " + v
		}, "Error: A WebSocket 'attachment' cannot be larger than 16384 bytes.'attachment' was 16385 bytes. old"},
		{"3.3 what cannot be cloned", func(_ *probe, ws *durable.WebSocket) string {
			var v string
			ws.SerializeAttachment("old")
			err := ws.SerializeAttachment(func() {})
			ws.DeserializeAttachment(&v)
			return fmt.Sprint(err != nil, " ", v)
		}, "true old"},
		{"3.3 a deep copy, a fresh one each time", func(_ *probe, ws *durable.WebSocket) string {
			mine := map[string][]int{"a": {1}}
			ws.SerializeAttachment(mine)
			mine["a"][0] = 2
			var one, two map[string][]int
			ws.DeserializeAttachment(&one)
			one["a"][0] = 3
			ws.DeserializeAttachment(&two)
			return fmt.Sprint(two)
		}, "map[a:[1]]"},
		{"3.3 before accept, of an accepted one, after close", func(_ *probe, ws *durable.WebSocket) string {
			var a, b, c string
			ws.SerializeAttachment("fresh")
			ws.DeserializeAttachment(&a)
			ws.Accept(nil)
			ws.DeserializeAttachment(&b)
			ws.Close(1000, "")
			err := ws.SerializeAttachment("closed")
			ws.DeserializeAttachment(&c)
			return fmt.Sprint(a, b, c, err)
		}, "freshfreshclosed<nil>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, script{})
			got := ""
			r.run(func(_ context.Context, p *probe) error {
				_, ws := durable.WebSocketPair()
				got = tt.do(p, ws)
				return nil
			})
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
