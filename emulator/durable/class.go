package durable

// https://developers.cloudflare.com/durable-objects/api/base/

import (
	"context"
	"reflect"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Class is a Durable Object class whose instances are of type T, usually a
// pointer to a struct. What T can do is found by the optional interfaces it
// implements: [Fetcher], [WebSocketMessageHandler], [WebSocketCloseHandler],
// [WebSocketErrorHandler], [AlarmHandler]. A missing one gives Cloudflare's
// error for a missing method, or drops the event as Cloudflare does.
type Class[T any] struct {
	name      string
	place     driver.Place
	construct func(ctx context.Context, st *State, env *Env) (T, error)
	methods   map[string]func(obj T, ctx context.Context, args []driver.Value) (driver.Value, error)
}

// Define makes a class without registering it, for tests that link classes into
// a world of their own. The constructor is described at [Register].
func Define[T any](name string, construct func(ctx context.Context, st *State, env *Env) (T, error)) *Class[T] {
	return define(name, construct, caller())
}

// Register defines a class and exports it from this program under name, the
// class_name in wrangler.jsonc; a name that is taken or is not a JavaScript
// identifier is reported, with both places, when the program starts. Keep
// classes in an importable package and main.go three lines long.
//
// The constructor runs before the first event of an instance and again after
// each hibernation or eviction; no event is delivered until it returns. An error
// fails the event that woke the object, and resets the object, as does a wait of
// more than 30 seconds.
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

// Driver returns the class as the runtime runs it.
func (c *Class[T]) Driver() driver.Class { return class[T]{c} }

// Method exports an RPC method of the class, called by stub.name(arg) from
// JavaScript or [Stub.Call] from Go. Arguments and results are converted as
// described at [Value]. If *A has a method Args() []any, it returns pointers
// that receive all the arguments a caller passes, one each. Methods are exported
// one by one because finding them by reflection would keep every exported method
// of a program in its wasm file. Call it before the program starts.
func Method[T, A, R any](c *Class[T], name string, f func(obj T, ctx context.Context, arg A) (R, error)) {
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

// WebSocketMessageHandler receives the messages of sockets accepted with
// [State.AcceptWebSocket], also after hibernation.
type WebSocketMessageHandler interface {
	WebSocketMessage(ctx context.Context, ws *WebSocket, msg Message) error
}

// WebSocketCloseHandler is told that the peer closed or the connection was lost
// (code 1006, wasClean false). A Close frame is not answered by itself: call
// [WebSocket.ReplyToClose].
type WebSocketCloseHandler interface {
	WebSocketClose(ctx context.Context, ws *WebSocket, code int, reason string, wasClean bool) error
}

// WebSocketErrorHandler is told of an error other than a disconnect.
type WebSocketErrorHandler interface {
	WebSocketError(ctx context.Context, ws *WebSocket, err error) error
}

// AlarmHandler runs when the time given to [Storage.SetAlarm] has come. An
// alarm which returns an error is tried again with exponential backoff.
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

// Goroutines is true: it is Go.
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
