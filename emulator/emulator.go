// Package emulator runs a Worker and its Durable Objects: namespaces and ids,
// the life of objects, their turns and gates, hibernation, WebSockets as the
// object sees them, storage semantics and alarms. It says what workerd says.
//
// A [World] is one running program. Many worlds live in one process and share
// nothing.
//
// Source: https://developers.cloudflare.com/durable-objects/
package emulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/alarms"
	"github.com/seed-36a2c969/emu/emulator/internal/arrival"
	"github.com/seed-36a2c969/emu/emulator/internal/clock"
	"github.com/seed-36a2c969/emu/emulator/internal/door"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/invocation"
	"github.com/seed-36a2c969/emu/emulator/internal/object"
	"github.com/seed-36a2c969/emu/emulator/internal/outbound"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
	"github.com/seed-36a2c969/emu/emulator/internal/storage"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
	"github.com/seed-36a2c969/emu/migrations/folder"
)

func init() { driver.SetPairs(socket.NewPair) }

// Options say what a world is made of.
type Options struct {
	// Config is the Worker's configuration. It must not be nil.
	Config *config.Config
	// Classes are the program's classes, Worker its default export (nil: none).
	Classes []driver.Class
	Worker  driver.Worker
	// Exported says that the classes are those that the entrypoint of the configuration
	// exports, so that a missing one is reported in Wrangler's words and not in those for Go.
	Exported bool
	// Upstream is what the Worker takes its requests to be for; an empty field is as the client asked.
	Upstream Origin
	// Persist is the folder of the stored data, in wrangler's layout below v3;
	// "" keeps everything in memory.
	Persist string
	// Clock is the world's time; nil is the machine's.
	Clock clock.Clock
	// Seed makes UUIDs, unique ids and jitter reproducible; 0 is random.
	Seed uint64
	// Observe, if not nil, is called with every [Event], one at a time.
	Observe func(Event)
	// Foreign, if not nil, is called with each call that touches an object from a goroutine
	// that does not have its turn, on that goroutine. It is for tests: the check costs about
	// a microsecond a call.
	Foreign func(ForeignCall)
	// Attended, if not nil, is called with a request's context from when on what has been
	// read of the request counts as activity of the world. With it the transport of a test
	// knows what is still under way.
	Attended func(ctx context.Context)
	// Patience is how long, in machine time, a wait of user code for something outside the
	// world (fetch, Await) counts as activity for Settle; with 0 it does not count.
	Patience time.Duration
	// Hanging is how long, in machine time, a handler may hold its object without a wait
	// before an event of type warning says where it is; with 0 nobody looks.
	Hanging time.Duration
	// MaxWaiting limits the memory of what waits for all slow clients together, in
	// bytes; 0 is 1 GiB. The connections for which most waits are closed first.
	MaxWaiting int64
	// Strict makes warnings about migrations errors; Purge lets a deleted
	// class's data be moved to the trash folder.
	Strict, Purge bool
}

// World is a Worker with its objects. Serve requests with [World.ServeHTTP] and
// end it with [World.Close].
//
// Below it locks are taken in this order, where a package locks its own first: namespace,
// object, instance; socket, then its object's list or its instance; alarms, then object;
// connections of arrival, then its tickets; last a signal, and activity, which take none.
type World struct {
	opts     Options
	host     *host.Host
	env      *env
	classes  map[string]*object.Namespace // by class name
	alarms   *alarms.Scheduler
	door     door.Door
	budget   *wire.Budget
	outbound *outbound.Client
	lock     *folder.Lock
	order    arrival.Order
	watch    *stacks.Watch
	handles  *storage.Handles
	warnings []diagnostic.Diagnostic
	applied  []string

	closed atomic.Bool
	ending time.Time // since when, of a closed world

	net *socket.Network
}

// New makes a world: it checks the classes against the bindings, applies the
// migrations and opens the namespaces. What is wrong comes as a [*Refusal].
func New(o Options) (*World, error) {
	w := &World{opts: o, classes: map[string]*object.Namespace{}}
	w.host = host.New(host.Options{Clock: o.Clock, Seed: o.Seed, Flags: flags(o.Config), Patience: o.Patience})
	if o.Observe != nil {
		w.host.Events.Read(0, o.Observe)
	}
	plan, err := w.prepare()
	if err != nil {
		return nil, err
	}
	w.handles = storage.NewHandles()
	w.budget = wire.NewBudget(o.MaxWaiting)
	w.net = socket.NewNetwork(w.host)
	w.watch = stacks.NewWatch(o.Foreign)
	w.outbound = outbound.NewClient(w.host, w.net, w.budget)
	w.alarms = alarms.New(w.host)
	if err := w.open(plan); err != nil {
		w.Close()
		return nil, err
	}
	worker := &invocation.Worker{Host: w.host, Watch: w.watch, Order: &w.order, Network: w.net, Outbound: w.outbound, Env: w.env, Export: o.Worker}
	w.door = door.Door{Worker: worker, Attended: o.Attended, Upstream: o.Upstream, Budget: w.budget}
	if o.Hanging > 0 {
		object.WatchHanging(w.host, w.objects, o.Hanging)
	}
	w.alarms.Start()
	return w, nil
}

// ServeHTTP runs the Worker for a request. The Worker's errors are answered with
// status 500 and their text. An upgrade hijacks the connection of the http.Server that
// calls.
func (w *World) ServeHTTP(rw http.ResponseWriter, r *http.Request) { w.door.ServeHTTP(rw, r) }

// Listen returns l with connections that keep the order in which their requests arrive.
// The server needs [World.ConnContext].
func (w *World) Listen(l net.Listener) net.Listener { return w.order.Listen(l) }

// ConnContext is for an http.Server.
func (w *World) ConnContext(ctx context.Context, conn net.Conn) context.Context {
	return arrival.ConnContext(ctx, conn)
}

// Aside is for a request that somebody else answers than the world: it and its body
// hold nobody up. What it returns is called when the request has its answer.
func (w *World) Aside(r *http.Request) (end func()) { return w.order.Aside(r) }

// MaxHeaderBytes is for the [http.Server] of a world, so that it refuses too large a head itself only where the world
// would not be asked.
const MaxHeaderBytes = door.MaxHeaderBytes

// Origin is a scheme and a host, with a port that is not the scheme's own.
type Origin = door.Origin

// PathOf is the path of a request as the Worker sees it, escaped.
func PathOf(r *http.Request) string { return door.PathOf(r) }

// closePatience is how long Close waits before it says for whom.
const closePatience = 5 * time.Second

// Close ends the world: sockets are dropped with a bare FIN as a stopping workerd
// drops them, running handlers see their contexts end, databases are closed.
// It waits for all of the world's goroutines; if that takes more than 5 seconds
// it reports an error event that names what it waits for, and after 10 returns
// an error.
func (w *World) Close() error {
	if err := w.Stop(); err != nil {
		return err // the time is over, or the stored state is not free
	}
	return w.await(w.host.Requests.Wait)
}

// Stop is Close without waiting for requests whose handler in the Worker, or whose
// body, does not end. The stored state is free when it returns.
func (w *World) Stop() error {
	if w.closed.Swap(true) {
		return nil
	}
	w.ending = time.Now()
	w.host.Cancel()
	w.alarms.Stop()
	for _, n := range w.classes {
		for _, o := range n.Stop() {
			o.Shutdown()
		}
	}
	w.net.Shut()
	w.host.Requests.Seal()
	w.host.Running.Seal()
	w.outbound.CloseIdle()
	err := w.await(w.host.Running.Wait)
	w.door.Close()
	w.handles.Close()
	w.alarms.Close()
	w.order.End()
	return errors.Join(err, w.lock.Release())
}

// await waits until wait returns or the time that a world has to end is over. What Stop
// and Close wait for, one after the other, shares that time.
func (w *World) await(wait func()) error {
	done := make(chan struct{})
	go func() {
		wait()
		close(done)
	}()
	for _, patience := range []time.Duration{closePatience, 2 * closePatience} {
		late := time.NewTimer(time.Until(w.ending.Add(patience)))
		select {
		case <-done:
			late.Stop()
			return nil
		case <-late.C:
		}
		if patience == closePatience {
			w.host.Emit(host.Event{Type: host.EventError, Message: "still waiting for " + w.Busy()})
		}
	}
	return fmt.Errorf("a handler does not end: %s", w.Busy())
}

// DefaultCompatibilityDate is what a configuration without a compatibility_date gets.
const DefaultCompatibilityDate = config.DefaultCompatibilityDate

// flags are the compatibility flags that a configuration's date and list turn on.
func flags(c *config.Config) host.Flags {
	return host.Flags{
		WebSocketAutoReplyToClose:               c.Enables("web_socket_auto_reply_to_close"),
		WebSocketCloseReasonByteLimit:           c.Enables("websocket_close_reason_byte_limit"),
		DeleteAllDeletesAlarm:                   c.Enables("delete_all_deletes_alarm"),
		StripAuthorizationOnCrossOriginRedirect: c.Enables("strip_authorization_on_cross_origin_redirect"),
	}
}
