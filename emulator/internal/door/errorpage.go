package door

// https://developers.cloudflare.com/workers/observability/errors/

import (
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// answerError answers a request with the exception of its Worker: a browser gets a page, an upgrade
// no body, everybody else the text. last says that this goroutine ends, so that net/http will not end
// the response.
func answerError(rw http.ResponseWriter, r *http.Request, err *driver.Error, upgrade, last bool) {
	h := rw.Header()
	if upgrade {
		h["Content-Type"] = nil
		if last {
			h.Set("Content-Length", "0")
		}
		rw.WriteHeader(http.StatusInternalServerError)
		http.NewResponseController(rw).Flush() // chunked, as workerd
		return
	}
	text := err.Uncaught()
	if err.Stack != "" {
		text += "\n" + err.Stack
	}
	if wantsPage(r) {
		h.Set("Content-Type", "text/html;charset=utf-8")
		text = "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>An error has occurred</title></head>\n" +
			"<body><h1>" + html.EscapeString(err.Uncaught()) + "</h1><pre>" + html.EscapeString(text) + "</pre></body>\n</html>\n"
	} else {
		h.Set("Content-Type", "text/plain;charset=UTF-8")
	}
	if last {
		h.Set("Content-Length", strconv.Itoa(len(text)))
	}
	rw.WriteHeader(http.StatusInternalServerError)
	http.NewResponseController(rw).Flush() // chunked, as workerd
	if r.Method != http.MethodHead {
		rw.Write([]byte(text))
	}
	if last {
		http.NewResponseController(rw).Flush()
	}
}

// answerLost answers a request whose response has a body that failed before its first byte. last says that the
// goroutine ends (runtime.Goexit), and the connection with it.
func answerLost(rw http.ResponseWriter, last bool) {
	h := rw.Header()
	clear(h)
	text := driver.PlainError(driver.ConnectionLost).Uncaught()
	h["Date"] = nil
	h.Set("Content-Length", strconv.Itoa(len(text)))
	h.Set("Content-Type", "text/plain;charset=UTF-8")
	if last {
		h.Set("Connection", "close")
	}
	rw.WriteHeader(http.StatusInternalServerError)
	io.WriteString(rw, text)
}

// wantsPage reports whether Wrangler would take the client for a browser.
func wantsPage(r *http.Request) bool {
	if strings.Contains(strings.ToLower(r.UserAgent()), "curl/") || r.Header.Get("MF-Disable-Pretty-Error") != "" {
		return false
	}
	accept := strings.ToLower(r.Header.Get("Accept"))
	return strings.Contains(accept, "text/html") || strings.Contains(accept, "*/*") || strings.Contains(accept, "text/*")
}
