// Package driver is the interface between the emulator's runtime and a front end in which classes
// are written, as database/sql/driver is the one between database/sql and a database.
//
// Package durable is the front end for Go. The author of a class does not need package driver.
//
// The runtime calls user code through [Class], [Instance] and [Worker]. User code calls the runtime
// through [State], [Socket], [Storage], [Env] and [Event]. Values are passed as [Value], exceptions
// as [*Error].
package driver

import (
	"context"
	"strconv"
	"time"
)

// Handlers says which optional methods an [Instance] has.
type Handlers uint8

// The optional methods.
const (
	HandlesFetch Handlers = 1 << iota
	HandlesWebSocketMessage
	HandlesWebSocketClose
	HandlesWebSocketError
	HandlesAlarm
)

// Class is a Durable Object class exported by a program.
type Class interface {
	Name() string
	// Place is where the class was defined.
	Place() Place
	Handlers() Handlers
	// Goroutines reports whether the class may start goroutines. Only then does the runtime look
	// for goroutines that keep an object in memory, or that touch it without its turn.
	Goroutines() bool
	// Construct makes an instance. It is the first event of the instance.
	Construct(ctx context.Context, st State, env Env) (Instance, error)
}

// Instance is an object in memory. The runtime calls a method only when no other one runs. One that
// waits by its [Event] does not run meanwhile.
type Instance interface {
	Fetch(ctx context.Context, r *Request) (*Response, error)
	WebSocketMessage(ctx context.Context, ws Socket, m Message) error
	WebSocketClose(ctx context.Context, ws Socket, code int, reason string, wasClean bool) error
	WebSocketError(ctx context.Context, ws Socket, err error) error
	Alarm(ctx context.Context, info AlarmInfo) error
	// Call runs an RPC method; [ErrNoMethod] if the class has none of that name.
	Call(ctx context.Context, method string, args []Value) (Value, error)
}

// Departed is implemented by an [Instance] that wants to know when it has left memory and its last
// event has ended. Gone must not call the runtime.
type Departed interface{ Gone() }

// Worker is a program's default export.
type Worker interface {
	Fetch(ctx context.Context, r *Request, env Env) (*Response, error)
}

// Program is a Worker with its classes, as a front end makes it.
type Program struct {
	Worker  Worker
	Classes []Class
	// Close frees what the front end holds for the program, once no world uses it.
	Close func() error
}

// AlarmInfo is the argument of alarm().
type AlarmInfo struct {
	ScheduledTime time.Time
	IsRetry       bool
	RetryCount    int
}

// Message is a WebSocket message. The receiver may keep Data.
type Message struct {
	Data   []byte
	Binary bool
}

// ID is a Durable Object id, with the name that it was made from if HasName is set.
type ID struct {
	Bytes   [32]byte
	Name    string
	HasName bool
}

// Env holds a program's bindings.
type Env interface {
	// Var returns a variable or secret. json is the variable as JSON. text is set too if it is
	// a string.
	Var(name string) (text string, isText bool, json []byte, ok bool)
	Namespace(binding string) (Namespace, bool)
	// Names are those of the variables and bindings, in order.
	Names() []string
}

// Namespace is a Durable Object binding.
type Namespace interface {
	IDFromName(name string) ID
	IDFromString(hex string) (ID, error)
	NewUniqueID() ID
	// Jurisdiction returns the namespace restricted to j.
	Jurisdiction(j string) (Namespace, error)
	Get(id ID) Stub
}

// Stub is a client of one object. Calls arrive there in the order in which they were
// started. If a Start method returns an error it has begun nothing and does not call done.
type Stub interface {
	ID() ID
	// StartFetch sends a request, and follows redirects as the request says.
	StartFetch(ctx context.Context, r *Request, at Place, done func(*Response, error)) (Operation, error)
	// StartCall calls an RPC method.
	StartCall(ctx context.Context, method string, args []Value, at Place, done func(Value, error)) (Operation, error)
}

// Operation is a call of another object, a fetch() or a timer that an event has started. Several
// operations of one event can be under way. Each pins the event's object until its done is called.
//
// An operation that is started with the turn begins when the event next gives the turn up: after
// the output gate has opened, and in the order of the program. done is called once, on any
// goroutine, without the turn, and perhaps before the Start method returns. It must do no more than
// store the result and send a [Signal]. From then until the event goes on, the world counts as
// active. If the instance is gone, done may never be called; [Event.WaitFor] returns [ErrReset] then.
type Operation interface {
	// Stop drops the result: done is not called any more, and the object is not pinned.
	Stop()
}

// Signal wakes the event that waits for it. From Send until that event goes on, the world counts as
// active, so that a manual clock does not move. A second Send does nothing.
type Signal interface{ Send() }

// Event is one run of user code: an object's event or a Worker's invocation. [EventOf] finds that of a
// context.
type Event interface {
	// Wait gives the turn up, runs f and takes the turn again, so that other events can run
	// meanwhile. In a Worker it only runs f. kind and at describe the pin that Wait holds.
	Wait(ctx context.Context, kind PinKind, at Place, f func() error) error
	// NewSignal makes a signal. After Send the event must call WaitFor, or the world stays
	// active.
	NewSignal() Signal
	// WaitFor gives up the turn until s is sent or ctx ends. Events go on in the order in
	// which their signals were sent. The error is [ErrReset] if the instance is gone.
	WaitFor(ctx context.Context, s Signal) error
	// After calls f when d of the world's time has passed. Timers end in the order of their
	// times.
	After(d time.Duration, at Place, f func()) Operation
	Now() time.Time
	UUID() string
	// StartFetch is the global fetch().
	StartFetch(ctx context.Context, r *Request, at Place, done func(*Response, error)) (Operation, error)
	// WaitUntil runs f after the event and keeps its object or invocation alive meanwhile.
	WaitUntil(f func(ctx context.Context) error, at Place)
	// Claim makes the calling goroutine the one that runs the event. The goroutine that ran it
	// before must wait meanwhile.
	Claim()
	// Say adds a line to the log, as console does. level is the name of console's method.
	Say(level, text string)
	// InObject reports whether the event is an object's. Only then does the runtime use a Place.
	InObject() bool
}

// EventKey is the key under which an event's context holds the [Event].
type EventKey struct{}

// EventOf returns the event that ctx belongs to, or nil.
func EventOf(ctx context.Context) Event {
	if e, ok := ctx.(Event); ok {
		return e
	}
	e, _ := ctx.Value(EventKey{}).(Event)
	return e
}

// PinKind is a kind of pin: something that keeps an object in memory.
type PinKind string

// The kinds of pin.
const (
	PinEvent       PinKind = "event"       // a handler in flight
	PinBody        PinKind = "body"        // a response body that is still streamed
	PinFlush       PinKind = "flush"       // a piece of a response body that is handed over
	PinWaitUntil   PinKind = "waitUntil"   // a function given to waitUntil
	PinSleep       PinKind = "sleep"       // Sleep
	PinAwait       PinKind = "await"       // Await
	PinReceive     PinKind = "receive"     // Receive on a socket
	PinSocket      PinKind = "socket"      // an accepted socket that cannot hibernate
	PinOutgoing    PinKind = "outgoing"    // an outgoing WebSocket
	PinFetch       PinKind = "fetch"       // an outgoing fetch
	PinStub        PinKind = "stub"        // a call of another object
	PinBlock       PinKind = "block"       // blockConcurrencyWhile
	PinTransaction PinKind = "transaction" // an open transaction
	PinGoroutine   PinKind = "goroutine"   // a goroutine that the class left running
)

// State is an object's ctx.
type State interface {
	ID() ID
	Storage() Storage
	AcceptWebSocket(ws Socket, tags []string) error
	// WebSockets returns the sockets with the tag, or all if tag is nil.
	WebSockets(tag *string) []Socket
	Tags(ws Socket) ([]string, error)
	SetAutoResponse(request, response string) error
	UnsetAutoResponse()
	AutoResponse() (request, response string, ok bool)
	AutoResponseTimestamp(ws Socket) time.Time
	SetEventTimeout(d time.Duration) error
	EventTimeout() time.Duration
	// BeginBlock is blockConcurrencyWhile(). The caller must have the turn. No other event gets
	// it until the caller calls end. If end gets an error, or the block took too long, the
	// object is reset and end returns [ErrReset]. The caller must not go on then.
	BeginBlock(ctx context.Context, at Place) (end func(failed error) error, err error)
	WaitUntil(f func(ctx context.Context) error, at Place)
	// Abort resets the object. The caller must not go on after it has returned. Without
	// retryAlarm, an alarm whose handler runs is not retried.
	Abort(reason string, retryAlarm bool)
}

// Socket is one end of a WebSocket connection, as one instance or one invocation of a Worker sees it.
// For the life of an instance, the same connection is the same Socket.
type Socket interface {
	Send(m Message) error
	// Close sends a Close frame, without a code if code is 0.
	Close(code int, reason string) error
	ReadyState() int
	BufferedAmount() int64
	SetAttachment(v Value) error
	// Attachment returns a fresh copy, nil if there is none.
	Attachment() (Value, error)
	Accept(allowHalfOpen bool, at Place) error
	// StartReceive calls ready when an accepted socket has something for Receive: when the turn
	// is given up, if it has something already. ready must not use the socket.
	StartReceive(ctx context.Context, at Place, ready func()) (Operation, error)
	// Receive takes the next message of an accepted socket. It is not ok if there is none. At
	// the end of the connection the error is a [*Closed]. An [*Error] stands for JavaScript's
	// error event.
	Receive() (m Message, ok bool, err error)
	// Slot is where a front end keeps its own object for this socket, so that there is one.
	Slot() *any
}

// Closed is the error of [Socket.Receive] after the peer has closed the connection.
type Closed struct {
	Code     int
	Reason   string
	WasClean bool
}

func (c *Closed) Error() string {
	return "the WebSocket was closed with code " + strconv.Itoa(c.Code)
}
