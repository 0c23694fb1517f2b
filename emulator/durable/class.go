package durable

// https://developers.cloudflare.com/durable-objects/api/base/

import (
	"context"
	"reflect"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Class is a Durable Object class whose instances are of type T, usually a
// pointer to a struct. T implements an interface for each kind of event that it
// handles: [Fetcher], [WebSocketMessageHandler], [WebSocketCloseHandler],
// [WebSocketErrorHandler], [AlarmHandler]. For a missing one the caller gets
// Cloudflare's error for a missing method, or the event is dropped as on Cloudflare.
type Class[T any] struct {
	name      string
	place     driver.Place
	construct func(ctx context.Context, st *State, env *Env) (T, error)
	methods   map[string]func(obj T, ctx context.Context, args []driver.Value) (driver.Value, error)
}

// Define makes a class without registering it, for a test that gives it to a
// world of its own. The constructor is described at [Register].
func Define[T any](name string, construct func(ctx context.Context, st *State, env *Env) (T, error)) *Class[T] {
	return define(name, construct, caller())
}

// Register defines a class and exports it from this program under name, the
// class_name in wrangler.jsonc. The name must be a JavaScript identifier that no
// other class has; an error appears when the program starts. Keep the classes in
// a package that tests can import, and main.go three lines long.
//
// The constructor runs before the first event of an instance, and again after
// each hibernation or eviction. No event is delivered until it returns. If it
// returns an error or takes more than 30 seconds, the event that woke the object
// fails and the object is reset.
func Register[T any](name string, construct func(ctx context.Context, st *State, env *Env) (T, error)) *Class[T] {
	c := define(name, construct, caller())
	driver.Register(c.Driver())
	return c
}

func define[T any](name string, construct func(ctx context.Context, st *State, env *Env) (T, error), at driver.Place) *Class[T] {
	return &Class[T]{name, at, construct, map[string]func(T, context.Context, []driver.Value) (driver.Value, error){}}
}

// Name returns the class's name.
func (c *Class[T]) Name() string { return c.name }

// Driver returns the class for the runtime.
func (c *Class[T]) Driver() driver.Class { return class[T]{c} }

// Method exports an RPC method of the class, called by stub.name(arg) from
// JavaScript or [Stub.Call] from Go. Arguments and results are converted as
// described at [Value]. A method takes one argument, unless *A has a method
// Args() []any: that returns a pointer for each argument, into which the argument
// is decoded. Call Method before the program starts.
func Method[T, A, R any](c *Class[T], name string, f func(obj T, ctx context.Context, arg A) (R, error)) {
	// Methods are exported one by one. Finding them by reflection would keep every exported method
	// of the program in its wasm file.
	c.methods[name] = func(obj T, ctx context.Context, args []driver.Value) (driver.Value, error) {
		var arg A
		dst := []any{&arg}
		if several, ok := any(&arg).(interface{ Args() []any }); ok {
			dst = several.Args()
		}
		for i := 0; i < len(dst) && i < len(args); i++ {
			if err := decodeValue(args[i], dst[i]); err != nil {
				return nil, err
			}
		}
		result, err := f(obj, ctx, arg)
		if err != nil {
			return nil, err
		}
		return valueOf(result)
	}
}

// Fetcher handles stub.fetch() requests.
type Fetcher interface {
	Fetch(ctx context.Context, r *Request) (*Response, error)
}

// WebSocketMessageHandler handles messages of sockets accepted with
// [State.AcceptWebSocket], also after hibernation.
type WebSocketMessageHandler interface {
	WebSocketMessage(ctx context.Context, ws *WebSocket, msg Message) error
}

// WebSocketCloseHandler handles the end of a connection: the peer has closed it, or
// it was lost (code 1006, wasClean false). The runtime does not answer the peer's
// Close frame: call [WebSocket.ReplyToClose].
type WebSocketCloseHandler interface {
	WebSocketClose(ctx context.Context, ws *WebSocket, code int, reason string, wasClean bool) error
}

// WebSocketErrorHandler handles an error of a connection other than its loss.
type WebSocketErrorHandler interface {
	WebSocketError(ctx context.Context, ws *WebSocket, err error) error
}

// AlarmHandler handles the alarm, at the time given to [Storage.SetAlarm]. If it
// returns an error it is called again, with exponential backoff.
type AlarmHandler interface {
	Alarm(ctx context.Context, info AlarmInfo) error
}

// AlarmInfo is the argument of alarm(). ScheduledTime is in milliseconds.
type AlarmInfo struct {
	ScheduledTime time.Time
	IsRetry       bool
	RetryCount    int
}

type class[T any] struct{ c *Class[T] }

func (c class[T]) Name() string        { return c.c.name }
func (c class[T]) Place() driver.Place { return c.c.place }

// Goroutines returns true: a class in Go can start goroutines.
func (c class[T]) Goroutines() bool { return true }

func (c class[T]) Handlers() driver.Handlers {
	t := reflect.TypeFor[T]()
	var h driver.Handlers
	for bit, iface := range map[driver.Handlers]reflect.Type{
		driver.HandlesFetch:            reflect.TypeFor[Fetcher](),
		driver.HandlesWebSocketMessage: reflect.TypeFor[WebSocketMessageHandler](),
		driver.HandlesWebSocketClose:   reflect.TypeFor[WebSocketCloseHandler](),
		driver.HandlesWebSocketError:   reflect.TypeFor[WebSocketErrorHandler](),
		driver.HandlesAlarm:            reflect.TypeFor[AlarmHandler](),
	} {
		if t.Implements(iface) {
			h |= bit
		}
	}
	return h
}

func (c class[T]) Construct(ctx context.Context, st driver.State, env driver.Env) (driver.Instance, error) {
	obj, err := c.c.construct(ctx, &State{st: st, storage: Storage{st.Storage()}}, &Env{env})
	if err != nil {
		return nil, thrown(err)
	}
	return instance[T]{obj, c.c}, nil
}

type instance[T any] struct {
	obj T
	c   *Class[T]
}

func (i instance[T]) Fetch(ctx context.Context, r *driver.Request) (*driver.Response, error) {
	return answer(any(i.obj).(Fetcher).Fetch(ctx, received(r)))
}

func (i instance[T]) WebSocketMessage(ctx context.Context, ws driver.Socket, m driver.Message) error {
	return thrown(any(i.obj).(WebSocketMessageHandler).WebSocketMessage(ctx, socketOf(ws), Message{m.Data, m.Binary}))
}

func (i instance[T]) WebSocketClose(ctx context.Context, ws driver.Socket, code int, reason string, wasClean bool) error {
	return thrown(any(i.obj).(WebSocketCloseHandler).WebSocketClose(ctx, socketOf(ws), code, reason, wasClean))
}

func (i instance[T]) WebSocketError(ctx context.Context, ws driver.Socket, err error) error {
	return thrown(any(i.obj).(WebSocketErrorHandler).WebSocketError(ctx, socketOf(ws), caught(err)))
}

func (i instance[T]) Alarm(ctx context.Context, info driver.AlarmInfo) error {
	return thrown(any(i.obj).(AlarmHandler).Alarm(ctx, AlarmInfo(info)))
}

func (i instance[T]) Call(ctx context.Context, method string, args []driver.Value) (driver.Value, error) {
	f, ok := i.c.methods[method]
	if !ok {
		return nil, driver.ErrNoMethod
	}
	v, err := f(i.obj, ctx, args)
	return v, thrown(err)
}
