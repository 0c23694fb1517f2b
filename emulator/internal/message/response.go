package message

// https://developers.cloudflare.com/workers/runtime-apis/response/

import "github.com/seed-36a2c969/emu/emulator/durable/driver"

// CheckResponse returns the error of the Response constructor, or of the runtime, for a response. It
// makes the names of the headers canonical. asked says that the request asks for a WebSocket.
func CheckResponse(resp *driver.Response, asked bool) error {
	switch {
	case resp == nil:
		return driver.TypeError(msgNoResponse)
	case resp.WebSocket != nil && resp.Status != 101:
		return driver.RangeError(msgStatusWebSocket)
	case resp.WebSocket != nil && resp.Body != nil:
		return driver.TypeError(msgNullBody)
	case resp.WebSocket != nil && !asked:
		return driver.TypeError(msgUpgradeNotAsked)
	case resp.WebSocket == nil && (resp.Status < 200 || resp.Status > 599):
		return driver.RangeError(msgStatusRange)
	case resp.Body != nil && (resp.Status == 204 || resp.Status == 205 || resp.Status == 304):
		if b, ok := resp.Body.(interface{ Len() int }); !ok || b.Len() > 0 {
			return driver.TypeError(msgNullBody)
		}
		resp.Body = nil // workerd lets an empty text pass
		delete(resp.Header, "Content-Length")
	}
	h, err := Header(resp.Header)
	resp.Header = h
	return err
}
