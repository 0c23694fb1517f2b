package wire

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// The opening handshake of RFC 6455 section 4.2. Like workerd it ignores the Connection header, takes any key and knows no
// extension.

// acceptGUID is the constant of RFC 6455 section 1.3.
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// Refusal is the answer to a request that asks for a WebSocket in a wrong way. It is an [http.Handler] that gives this answer.
type Refusal struct {
	Status int
	Header http.Header
	Body   string
}

// Check reports whether r asks for a WebSocket. If r does so in a wrong way the result is a refusal instead. A request with
// another value of Upgrade, such as h2c, is a plain request.
func Check(r *http.Request) (ok bool, refuse *Refusal) {
	if !IsUpgrade(r.Header) {
		return false, nil
	}
	switch {
	case r.Method != http.MethodGet:
		return false, refusal(http.StatusBadRequest, msgMethod)
	case strings.Join(r.Header["Sec-Websocket-Version"], ", ") != "13":
		refuse = refusal(http.StatusUpgradeRequired, msgVersion)
		refuse.Header.Set("Sec-WebSocket-Version", "13")
		return false, refuse
	case r.Header.Get("Sec-WebSocket-Key") == "":
		return false, refusal(http.StatusBadRequest, msgNoKey)
	}
	return true, nil
}

// IsUpgrade reports whether the header of a request asks for a WebSocket, in the right way or not.
func IsUpgrade(header map[string][]string) bool {
	return strings.EqualFold(strings.Join(header["Upgrade"], ", "), "websocket")
}

// NewKey is a client's key (RFC 6455 section 4.1).
func NewKey() string {
	var b [16]byte
	rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}

func refusal(status int, body string) *Refusal {
	return &Refusal{Status: status, Body: body, Header: http.Header{
		"Connection":     {"close"},
		"Content-Length": {strconv.Itoa(len(body))},
		"Content-Type":   {"text/plain"},
	}}
}

// ServeHTTP answers the request with the refusal.
func (f *Refusal) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	maps.Copy(w.Header(), f.Header)
	w.WriteHeader(f.Status)
	io.WriteString(w, f.Body) // an error says that the client has gone
}

// handshakeHeaders belong to the connection. A 101 response does not send those that the Worker's response has.
var handshakeHeaders = map[string]bool{
	"Connection":               true,
	"Content-Length":           true,
	"Keep-Alive":               true,
	"Sec-Websocket-Accept":     true,
	"Sec-Websocket-Extensions": true,
	"Sec-Websocket-Key":        true,
	"Sec-Websocket-Version":    true,
	"Te":                       true,
	"Trailer":                  true,
	"Transfer-Encoding":        true,
	"Upgrade":                  true,
}

// AppendSwitch appends the head of the 101 response to a client's Sec-WebSocket-Key: the three headers of the handshake in
// workerd's order, then h sorted by name, without handshakeHeaders. A subprotocol must be in h. permessage-deflate is declined,
// since the response does not name it.
func AppendSwitch(dst []byte, key string, h http.Header) []byte {
	b := bytes.NewBuffer(dst)
	b.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ")
	b.WriteString(acceptOf(key))
	b.WriteString("\r\n")
	skip := make(map[string]bool)
	for name := range h {
		if handshakeHeaders[http.CanonicalHeaderKey(name)] {
			skip[name] = true
		}
	}
	h.WriteSubset(b, skip) // a bytes.Buffer does not fail
	b.WriteString("\r\n")
	return b.Bytes()
}
