package emucmd

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/emulator/talk"
)

// wsOptions are the flags of emu ws.
type wsOptions struct {
	subprotocols []string
	headers      []string
	ping, json   bool
	wait         time.Duration
}

func wsCommand(c *Command) *cobra.Command {
	var o wsOptions
	cmd := &cobra.Command{
		Use:   "ws URL",
		Short: "Talk to a WebSocket",
		Long: `Opens a WebSocket and sends the lines of standard input, each as a text message.
A line that begins with \x is a binary message in hexadecimal: \x00ff10; one
that begins with \\ is a text with one backslash less. What comes in is shown
with its time and type. At the end of the input it waits for answers, then
closes the connection with code 1000. Messages may have 32 MiB.

Exit status: 0 if the server closed with 1000, 1001 or without a code, 2 for a
wrong command or line, 130 after Ctrl-C, 143 after SIGTERM, 1 otherwise.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return diagnostic.NewError("emu ws takes one URL", "emu ws ws://localhost:8787/websocket")
			}
			return nil
		},
		Example: "  emu ws --ping ws://localhost:8787/websocket",
		RunE:    func(cmd *cobra.Command, args []string) error { return runWS(c, cmd, &o, args[0]) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.subprotocols, "subprotocol", nil, "`name` of a subprotocol to offer; may be repeated")
	f.StringArrayVar(&o.headers, "header", nil, "header of the handshake as `name:value`; may be repeated")
	f.BoolVar(&o.ping, "ping", false, "send a ping first, and wait for its pong")
	f.DurationVar(&o.wait, "wait", time.Second, "`time` to wait for answers after the end of the input")
	f.BoolVar(&o.json, "json", false, "print one JSON object a line")
	return usageExits(cmd)
}

func runWS(c *Command, cmd *cobra.Command, o *wsOptions, to string) error {
	header, err := headers(o.headers)
	if err == nil {
		err = checkURL(to)
	}
	if err == nil && o.wait < 0 {
		err = diagnostic.NewError(fmt.Sprintf("--wait takes a time from 0 on, not %s", o.wait), "--wait 0 does not wait")
	}
	if err != nil {
		return &exit{exitUsage, err}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var interrupted os.Signal
	ended := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case interrupted = <-c.Signals:
			signal.Reset(os.Interrupt, syscall.SIGTERM) // a second one ends emu at once
			cancel()
		case <-ended:
		}
	})
	var skipped atomic.Bool // a line was not sent
	clean, err := talk.Talk(ctx, talk.Options{
		URL: to, Header: header, Subprotocols: o.subprotocols, Ping: o.ping, Wait: o.wait, JSON: o.json,
		In: cmd.InOrStdin(), Out: c.Stdout,
		Complain: func(err error) {
			skipped.Store(true)
			c.log(devserver.LevelError).Error(err)
		},
	})
	close(ended)
	watch.Wait()
	switch {
	case interrupted != nil:
		return &exit{code: exitCode(interrupted)}
	case err != nil || !clean:
		return &exit{exitError, err}
	case skipped.Load():
		return &exit{code: exitUsage}
	}
	return nil
}

// headerName matches the name of a header.
// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
var headerName = regexp.MustCompile("^[0-9A-Za-z!#$%&'*+.^_`|~-]+$")

// headers are the headers of --header.
func headers(list []string) (http.Header, error) {
	h := http.Header{}
	for _, line := range list {
		name, value, ok := strings.Cut(line, ":")
		if !ok || !headerName.MatchString(strings.TrimSpace(name)) || strings.ContainsAny(value, "\r\n\x00") {
			return nil, diagnostic.NewError(fmt.Sprintf("--header %q is not name:value", line), `emu ws --header "Authorization: Bearer token" URL`)
		}
		h.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return h, nil
}

// checkURL refuses what is not the URL of a WebSocket.
func checkURL(s string) error {
	u, err := url.Parse(s)
	if err == nil && u.Host != "" {
		switch u.Scheme {
		case "ws", "wss", "http", "https":
			return nil
		}
	}
	hint := "emu ws ws://localhost:8787/websocket"
	if guess, err := url.Parse("ws://" + s); err == nil && !strings.Contains(s, "://") && guess.Hostname() != "" {
		hint = "did you mean ws://" + s + "?"
	}
	return diagnostic.NewError(s+" is not the URL of a WebSocket", hint)
}
