package emulator_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// dialer asks url for a WebSocket.
func dialer(ctx context.Context, url string) (*durable.Response, error) {
	q, err := durable.NewRequest("GET", url, nil)
	if err != nil {
		return nil, err
	}
	q.Header.Set("Upgrade", "websocket")
	return durable.Fetch(ctx, q)
}

// A Worker and an object that pass the WebSocket of another server on.
func TestRelay(t *testing.T) {
	for _, by := range []string{"a Worker", "an object"} {
		begin := func(t *testing.T) (server *rig, client *rawClient) {
			server = newRig(t, script{
				message: func(_ context.Context, _ *probe, ws *durable.WebSocket, m durable.Message) error {
					if m.String() == "close" {
						return ws.Close(4001, "server")
					}
					return ws.Send("echo " + m.String())
				},
				closed: func(_ context.Context, p *probe, ws *durable.WebSocket, code int, reason string, clean bool) error {
					p.logf("close %d %q %v", code, reason, clean)
					return ws.Close(code, reason)
				},
			})
			url := server.Listen() + "/P/o"
			s, worker := script{fetch: func(ctx context.Context, _ *probe, _ *durable.Request) (*durable.Response, error) {
				return dialer(ctx, url)
			}}, durable.WorkerFunc(toObject)
			if by == "a Worker" {
				worker = func(ctx context.Context, _ *durable.Request, _ *durable.Env) (*durable.Response, error) {
					return dialer(ctx, url)
				}
			}
			client = newRig(t, s, emutest.Worker(worker)).open("/")
			client.outside = true
			client.send(text("hello"), frame(0x82, "\x01"))
			client.expect("text echo hello", "text echo [object ArrayBuffer]")
			return server, client
		}
		t.Run("through "+by+": the client closes", func(t *testing.T) {
			server, client := begin(t)
			client.send(closing(4000, "client"))
			client.expect(`close 4000 "client"`, "FIN")
			server.logged(`close 4000 "client" true`)
		})
		t.Run("through "+by+": the server closes", func(t *testing.T) {
			server, client := begin(t)
			client.send(text("close"))
			client.expect(`close 4001 "server"`)
			client.send(closing(4001, "server"))
			client.expect("FIN")
			server.logged(`close 4001 "server" true`)
		})
		t.Run("through "+by+": the client vanishes", func(t *testing.T) {
			server, client := begin(t)
			client.leave()
			server.logged(fmt.Sprintf("close 1006 %q false", disconnected))
		})
		t.Run("through "+by+": the server vanishes", func(t *testing.T) {
			server, client := begin(t)
			server.object().Abort("")
			client.expect("FIN")
		})
	}
}

// An outgoing WebSocket as a class uses it, and one that nobody ends.
func TestOutgoingWebSocket(t *testing.T) {
	server := newRig(t, pinger)
	url := server.Listen() + "/P/o"
	r := newRig(t, script{})
	r.run(func(ctx context.Context, p *probe) error {
		for _, leave := range []bool{false, true} {
			resp, err := dialer(ctx, url)
			if err != nil {
				return err
			}
			ws := resp.WebSocket
			p.logf("%d, state %d, url %v, %s", resp.Status, ws.ReadyState(), ws.URL() == url, thrown(ws.Send("x")))
			ws.Accept(nil)
			ws.Send("hello")
			m, err := ws.Receive(ctx)
			p.logf("%s %s", m, thrown(err))
			if leave {
				continue
			}
			ws.Send("close")
			_, err = ws.Receive(ctx)
			p.logf("%s, state %d", ended(err), ws.ReadyState())
		}
		return nil
	})
	r.logged("101, state 1, url false, "+notAccepted, "echo:hello ok", `close 4000 "r" true, state 3`,
		"101, state 1, url false, "+notAccepted, "echo:hello ok")
	if pins := r.object().Pins(); len(pins) != 1 || pins[0].Kind != "outgoing" {
		t.Errorf("pins %v", pins)
	}
	// A Worker's own: the world's end ends it.
	w := newRig(t, script{}, emutest.Worker(durable.WorkerFunc(func(ctx context.Context, _ *durable.Request, _ *durable.Env) (*durable.Response, error) {
		resp, err := dialer(ctx, url)
		if err != nil {
			return nil, err
		}
		return durable.Text(http.StatusOK, fmt.Sprint(resp.Status)), resp.WebSocket.Accept(nil)
	})))
	if got := w.Fetch("GET", "/").Body; got != "101" {
		t.Errorf("got %s", got)
	}
}
