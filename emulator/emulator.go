// Package emulator runs a Worker with its Durable Objects as workerd does.
//
// A [World] is one running program. Worlds in one process share nothing.
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

// Options are the settings of a world.
type Options struct {
	// Config is the Worker's configuration. It must not be nil.
	Config *config.Config
	// Classes are the program's classes, Worker its default export (nil: none).
	Classes []driver.Class
	Worker  driver.Worker
	// Exported says that Classes are the exports of the configuration's entrypoint. A missing class is
	// reported in Wrangler's words then, and not as one that no Go code registers.
	Exported bool
	// Upstream replaces the origin of request.url; an empty field keeps the client's.
	Upstream Origin
	// Persist is the folder of the stored data, in wrangler's layout below v3;
	// "" keeps everything in memory.
	Persist string
	// Clock is the world's clock; nil is the machine's.
	Clock clock.Clock
	// Seed makes UUIDs, unique ids and jitter reproducible; with 0 they differ each time.
	Seed uint64
	// Observe, if not nil, is called with every [Event], one at a time.
	Observe func(Event)
	// Foreign, if not nil, is called with each call that uses an object from a goroutine that does
	// not have its turn. That goroutine calls it. It is for tests: the check costs about a microsecond
	// a call.
	Foreign func(ForeignCall)
	// Attended, if not nil, is called with a request's context when the world begins to count the
	// request as its own activity. A test's transport counts the request until then.
	Attended func(ctx context.Context)
	// Patience is how long, in machine time, a wait for something outside the world (fetch, Await)
	// counts as activity for Settle; with 0 it does not count.
	Patience time.Duration
	// Hanging is how long, in machine time, a handler may keep its turn before an event of type
	// warning says where it is; with 0 there is no such event.
	Hanging time.Duration
	// MaxWaiting limits the memory of the unsent frames of all WebSockets together, in bytes; 0 is
	// 1 GiB. Over the limit the connections with most unsent frames are closed.
	MaxWaiting int64
	// Strict turns warnings about migrations into errors. Purge allows a migration that deletes a
	// class to move the class's data to the trash folder.
	Strict, Purge bool
}

// World is a Worker with its objects. Serve requests with [World.ServeHTTP] and
// end it with [World.Close].
//
// The order of locks in the packages below: namespace, object, instance; socket, then its object's
// list or its instance; alarms, then object; the connections of arrival, then its tickets. Signals and
// activity come last: nobody takes another lock while holding theirs.
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
	ending time.Time // when Stop or Close was called

	net *socket.Network
}

// New makes a world: it checks the classes against the bindings, applies the migrations and opens the
// namespaces. Errors of the configuration, the classes or the stored state come as a [*Refusal].
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

// ServeHTTP runs the Worker for a request. An exception of the Worker is answered with status 500 and
// its text. An upgrade hijacks the connection.
func (w *World) ServeHTTP(rw http.ResponseWriter, r *http.Request) { w.door.ServeHTTP(rw, r) }

// Listen returns a listener whose connections keep the order in which their requests arrive. The server
// needs [World.ConnContext].
func (w *World) Listen(l net.Listener) net.Listener { return w.order.Listen(l) }

// ConnContext is the ConnContext of the http.Server.
func (w *World) ConnContext(ctx context.Context, conn net.Conn) context.Context {
	return arrival.ConnContext(ctx, conn)
}

// Aside is called for a request that the Worker does not get, so that it holds no other request up. The
// caller calls end when the request has its answer.
func (w *World) Aside(r *http.Request) (end func()) { return w.order.Aside(r) }

// MaxHeaderBytes is the MaxHeaderBytes of the [http.Server]: with it the world, and not net/http, refuses a head that is
// too large.
const MaxHeaderBytes = door.MaxHeaderBytes

// Origin is a scheme and a host, with a port that is not the scheme's own.
type Origin = door.Origin

// PathOf is the path of a request as the Worker sees it, escaped.
func PathOf(r *http.Request) string { return door.PathOf(r) }

// closePatience is how long Close waits before it emits the names of the handlers that it waits for.
const closePatience = 5 * time.Second

// Close ends the world. Sockets are dropped with a bare FIN, as by a workerd that stops. The contexts of
// running handlers end, and databases are closed. Close waits for all goroutines of the world. After 5
// seconds it emits an error event that names what it waits for; after 10 it returns an error.
func (w *World) Close() error {
	if err := w.Stop(); err != nil {
		return err
	}
	return w.await(w.host.Requests.Wait)
}

// Stop is Close without the wait for requests that the Worker still answers. When it returns the stored
// state is unlocked.
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

// await waits until wait returns, or until the time is over that a world has to end. The waits of Stop
// and Close share that time.
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

// DefaultCompatibilityDate is the date of a configuration without a compatibility_date.
const DefaultCompatibilityDate = config.DefaultCompatibilityDate

// flags returns the compatibility flags that a configuration's date and list turn on.
func flags(c *config.Config) host.Flags {
	return host.Flags{
		WebSocketAutoReplyToClose:               c.Enables("web_socket_auto_reply_to_close"),
		WebSocketCloseReasonByteLimit:           c.Enables("websocket_close_reason_byte_limit"),
		DeleteAllDeletesAlarm:                   c.Enables("delete_all_deletes_alarm"),
		StripAuthorizationOnCrossOriginRedirect: c.Enables("strip_authorization_on_cross_origin_redirect"),
	}
}
