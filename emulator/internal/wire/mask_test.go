package wire

import (
	"bytes"
	"net/http"
	"testing"
)

// FuzzMasker: what is masked, in whatever pieces, is read as it was.
func FuzzMasker(f *testing.F) {
	f.Add([]byte("hello"), byte(OpText), uint8(3))
	f.Add(bytes.Repeat([]byte("x"), 70000), byte(OpBinary), uint8(200))
	f.Add([]byte{}, byte(OpPong), uint8(1))
	f.Fuzz(func(t *testing.T, payload []byte, opcode byte, piece uint8) {
		frames := AppendFrame(nil, opcode&0xf, payload)
		frames = AppendFrame(frames, OpBinary, payload)
		frames = AppendClose(frames, 1000, "bye")
		var m Masker
		var masked []byte
		for rest := frames; len(rest) > 0; {
			n := min(int(piece)+1, len(rest))
			masked = m.Append(masked, rest[:n])
			rest = rest[n:]
		}
		var back []byte
		for rest := masked; len(rest) > 0; {
			f, size := parseHeader(rest)
			if size == 0 || rest[1]&bitMask == 0 {
				t.Fatalf("no masked frame in %x", rest[:min(len(rest), maxHeader)])
			}
			p := make([]byte, f.payload)
			f.unmask(p, rest[size:size+len(p)])
			back = AppendFrame(back, f.opcode, p)
			rest = rest[size+len(p):]
		}
		if !bytes.Equal(back, frames) {
			t.Errorf("%x became %x", frames, back)
		}
	})
}

// What workerd says of servers that do not open the WebSocket.
func TestClientRefusal(t *testing.T) {
	const key, accept, prefix = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Server failed WebSocket handshake: "
	for _, tt := range []struct {
		name   string
		header http.Header
		want   string
	}{
		{"good", http.Header{"Upgrade": {"WebSocket"}, "Sec-Websocket-Accept": {accept}, "Sec-Websocket-Protocol": {"other"}}, ""},
		{"no Upgrade", http.Header{"Sec-Websocket-Accept": {accept}}, prefix + "missing Upgrade header."},
		{"another Upgrade", http.Header{"Upgrade": {"foo"}}, prefix + "incorrect Upgrade header: expected 'websocket', got 'foo'."},
		{"no Accept", http.Header{"Upgrade": {"websocket"}}, prefix + "missing Sec-WebSocket-Accept header."},
		{"another Accept", http.Header{"Upgrade": {"websocket"}, "Sec-Websocket-Accept": {"zz"}}, prefix + "incorrect Sec-WebSocket-Accept header: expected '" + accept + "', got 'zz'."},
		{"an extension", http.Header{"Upgrade": {"websocket"}, "Sec-Websocket-Accept": {accept}, "Sec-Websocket-Extensions": {"x"}}, prefix + "added Sec-WebSocket-Extensions when client did not offer any."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := ClientRefusal(tt.header, key); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
