package emulator

// https://developers.cloudflare.com/workers/runtime-apis/fetch/

import (
	"context"
	"net/http"
	"runtime/pprof"
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/wsclient"
)

// newTransport is a world's HTTP client. It goes straight to where the user's
// code asks: no proxy of the environment, no encoding of its own.
func newTransport() *http.Transport {
	return &http.Transport{DisableCompression: true, ForceAttemptHTTP2: true}
}

// fetch is the global fetch(). It runs off the turn.
func (w *World) fetch(ctx context.Context, r *driver.Request) (resp *driver.Response, err error) {
	// Without the object's label: the client's kept connections are not the class's goroutines.
	pprof.Do(ctx, pprof.Labels(labelKey, ""), func(ctx context.Context) {
		if isUpgrade(r.Header) {
			resp, err = w.dial(ctx, r)
		} else {
			resp, err = w.roundTrip(ctx, r)
		}
	})
	return resp, err
}

func (w *World) roundTrip(ctx context.Context, r *driver.Request) (*driver.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL.String(), r.Body)
	if err != nil {
		return nil, typeError("Invalid URL: " + r.URL.String())
	}
	req.Header = clientHeader(r.Header)
	if n, err := strconv.ParseInt(req.Header.Get("Content-Length"), 10, 64); err == nil {
		req.ContentLength = n
		req.Header.Del("Content-Length")
	}
	client := http.Client{Transport: w.transport}
	got, err := client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, &driver.Error{Name: "Error", Message: msgConnectionLost, Cause: err}
	}
	return &driver.Response{Status: got.StatusCode, Header: got.Header, Body: got.Body}, nil
}

// clientHeader leaves out what belongs to the connection.
func clientHeader(h map[string][]string) http.Header {
	out := http.Header{}
	for k, v := range h {
		switch k {
		case "Host", "Connection", "Upgrade", "Transfer-Encoding", "Accept-Encoding":
			continue
		}
		out[k] = v
	}
	return out
}

// dial opens an outgoing WebSocket: one end of a pair is the class's, the other
// end's frames go through the client.
func (w *World) dial(ctx context.Context, r *driver.Request) (*driver.Response, error) {
	u := *r.URL
	u.Scheme = strings.Replace(u.Scheme, "http", "ws", 1)
	h := clientHeader(r.Header)
	var protocols []string
	for _, p := range h.Values("Sec-WebSocket-Protocol") {
		for one := range strings.SplitSeq(p, ",") {
			protocols = append(protocols, strings.TrimSpace(one))
		}
	}
	for k := range h {
		if strings.HasPrefix(k, "Sec-Websocket-") {
			delete(h, k)
		}
	}
	conn, answer, err := wsclient.Dial(ctx, u.String(), &wsclient.Options{
		Header: h, Subprotocols: protocols, HTTPClient: &http.Client{Transport: w.transport},
	})
	if err != nil {
		if answer != nil {
			return &driver.Response{Status: answer.StatusCode, Header: answer.Header, Body: answer.Body}, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, &driver.Error{Name: "Error", Message: msgConnectionLost, Cause: err}
	}
	ours, theirs := newPair()
	s := ours.(*view).s
	theirs.(*view).s.mode = returned
	s.url, s.proto = r.URL.String(), answer.Header.Get("Sec-WebSocket-Protocol")
	s.attach(w, newOutgoing(w, conn, s), nil)
	w.carried(s)
	return &driver.Response{Status: 101, Header: answer.Header, WebSocket: ours}, nil
}
