package wire

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"strings"
)

// Masker turns frames of a server into frames of a client: it gives each a mask of its own (RFC 6455 section 5.3). It takes the
// stream in pieces of any size. The zero Masker is ready.
type Masker struct {
	header    [maxHeader]byte // the first bytes of a header that has not come completely
	headerLen int
	frame     frame
}

// Append appends the next bytes of the stream to dst.
func (m *Masker) Append(dst, b []byte) []byte {
	for len(b) > 0 {
		if m.frame.payload == 0 {
			m.header[m.headerLen] = b[0]
			m.headerLen++
			b = b[1:]
			f, size := parseHeader(m.header[:m.headerLen])
			if size == 0 {
				continue
			}
			rand.Read(f.key[:])
			at := len(dst) + 1
			dst = append(append(dst, m.header[:size]...), f.key[:]...)
			dst[at] |= bitMask
			m.frame, m.headerLen = f, 0
			continue
		}
		n := int(min(m.frame.payload, uint64(len(b))))
		at := len(dst)
		dst = append(dst, b[:n]...)
		m.frame.unmask(dst[at:], b[:n])
		m.frame.payload -= uint64(n)
		b = b[n:]
	}
	return dst
}

// ClientRefusal is workerd's message for a 101 response with a wrong header. key is the client's Sec-WebSocket-Key. The message is
// "" if the response opens the WebSocket.
func ClientRefusal(h http.Header, key string) string {
	const prefix = "Server failed WebSocket handshake: "
	upgrade, upgraded := h["Upgrade"]
	accept, accepted := h["Sec-Websocket-Accept"]
	want := acceptOf(key)
	switch got := strings.Join(upgrade, ", "); {
	case !upgraded:
		return prefix + "missing Upgrade header."
	case !strings.EqualFold(got, "websocket"):
		return prefix + "incorrect Upgrade header: expected 'websocket', got '" + got + "'."
	}
	switch got := strings.Join(accept, ", "); {
	case !accepted:
		return prefix + "missing Sec-WebSocket-Accept header."
	case got != want:
		return prefix + "incorrect Sec-WebSocket-Accept header: expected '" + want + "', got '" + got + "'."
	case h["Sec-Websocket-Extensions"] != nil:
		return prefix + "added Sec-WebSocket-Extensions when client did not offer any."
	}
	return ""
}

// acceptOf is the answer to a Sec-WebSocket-Key (RFC 6455 section 4.2.2).
func acceptOf(key string) string {
	sum := sha1.Sum([]byte(key + acceptGUID))
	return base64.StdEncoding.EncodeToString(sum[:])
}
